"""Prompts to the operator of a run, their answers, and commands to pause or end the run."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from agent.commission.journal import answers
from agent.commission.journal.answers import GivenAnswer
from agent.commission.journal.events import MessageLogged, Noted, PromptAnswered, PromptOpened
from agent.commission.journal.reader import Prompt
from agent.commission.journal.writer import RunJournal

ANSWER_WAIT_S = 4 * 3600.0
"""Longest wait for one answer, by the rack's clock."""

PAUSE_MAX_S = 24 * 3600.0
"""Longest pause."""

LOOK_S = 0.5
"""Interval of looking for answers while the run waits for one."""


@dataclass(frozen=True, slots=True)
class Crew:
    """The names of operator and witness. Without an operator there are no prompts."""

    operator: str = ""
    witness: str = ""


class People:
    """Prompts and answers of one run.

    ``done`` are prompts that were answered before the run was interrupted.
    """

    def __init__(
        self,
        folder: Path,
        journal: RunJournal,
        now: Callable[[], float],
        crew: Crew,
        done: Collection[str] = (),
    ) -> None:
        self._folder, self._journal, self._now = folder, journal, now
        self.crew = crew
        self._done = set(done)
        self._open: dict[str, Prompt] = {}
        self._answers: dict[str, GivenAnswer] = {}
        self.wants_pause = self.wants_end = ""

    @property
    def asked(self) -> bool:
        """True if the run has an operator."""
        return bool(self.crew.operator)

    def ask(self, prompt: Prompt, *, blocks: bool = True) -> None:
        """Open a prompt unless it was answered before; ``blocks`` if the run waits for it."""
        if prompt.id in self._done:
            return
        self._open[prompt.id] = prompt
        self._journal.write(
            PromptOpened(
                id=prompt.id,
                kind=prompt.kind,
                text=prompt.text,
                step=prompt.step,
                check=prompt.check,
                blocks=blocks,
            ),
            self._now(),
        )

    def is_open(self, id_: str) -> bool:
        """Return whether a prompt has no answer yet."""
        return id_ in self._open

    def still_open(self) -> list[Prompt]:
        """Return the prompts without an answer."""
        return list(self._open.values())

    def answered(self, id_: str) -> GivenAnswer | None:
        """Return the answer to a prompt; None if it has none yet."""
        return self._answers.get(id_)

    def close(self, id_: str, why: str) -> None:
        """Close a prompt without an answer: confirmed by telemetry ("seen"), or "expired"."""
        if id_ in self._open:
            self._answer(GivenAnswer(id_, "", why == "seen"), why)

    def process_answers(self) -> None:
        """Process the answers and commands that have arrived."""
        for found in answers.collect(self._folder):
            if isinstance(found, str):
                self._journal.mention(MessageLogged(text=found), self._now())
            elif found.id in answers.COMMANDS:
                self._command(found)
            elif found.id in self._open:
                self._answer(found, "yes" if found.yes else "no")
            else:
                text = f"{found.who} answered {found.id}, which is not an open prompt"
                self._journal.mention(MessageLogged(text=text), self._now())

    def _answer(self, found: GivenAnswer, answer: str) -> None:
        prompt = self._open.pop(found.id)
        self._answers[found.id] = found
        self._journal.write(
            PromptAnswered(
                id=found.id,
                kind=prompt.kind,
                check=prompt.check,
                who=found.who,
                answer=answer,
                text=found.text,
                file=found.file,
                sha256=found.sha256,
            ),
            self._now(),
        )

    def _command(self, found: GivenAnswer) -> None:
        now = self._now()
        if found.id == answers.NOTE:
            self._journal.write(Noted(who=found.who, text=found.text), now)
        elif found.id == answers.ABORT:
            self.wants_end = f"ended by {found.who}" + (f": {found.text}" if found.text else "")
        elif found.id == answers.CONTINUE:
            self.wants_pause = ""
            self._journal.mention(MessageLogged(text=f"{found.who}: continue"), now)
        else:
            self.wants_pause = found.who
            self._journal.mention(MessageLogged(text=f"{found.who}: pause after this step"), now)
