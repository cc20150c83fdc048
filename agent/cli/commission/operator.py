"""The operator of runs at a terminal or behind a pipe: typed lines become answers."""

import asyncio
import contextlib
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from agent.commission.journal.answers import ABORT, CONTINUE, NOTE, PAUSE, answer
from agent.commission.journal.reader import Prompt
from agent.commission.journal.writer import Event
from agent.commission.run.order import Order
from agent.model.errors import ConfigError

_LINES_MAX = 1_000  # typed before they are needed
_LINE_MAX = 4_096  # bytes of one line
_HINTS = {
    "confirm": "yes, or: no WHY",
    "do": "yes once it is done, or: no WHY",
    "note": "a line of text, or nothing",
    "attachment": "the path of a file, 'later', or: no WHY",
}
_WORDS = {"p": PAUSE, PAUSE: PAUSE, "c": CONTINUE, CONTINUE: CONTINUE}
_YES, _NO = ("y", "yes"), ("n", "no")


class Operator:
    """Prints prompts of runs with ``say`` and reads answers from stdin.

    The oldest prompt is answered first; a command (pause, note) goes to every run.
    """

    def __init__(self, who: str, say: Callable[[str], None], *, several: bool) -> None:
        self._who, self._say, self._several = who, say, several
        self._folders: list[Path] = []
        self._open: dict[tuple[Path, str], Prompt] = {}
        self._lines: deque[str] = deque(maxlen=_LINES_MAX)
        self._rest = b""

    def on_event(self, order: Order, event: Event) -> None:
        """Update the open prompts by one event of a journal."""
        folder = order.folder
        if event["event"] == "asked":
            texts = {key: str(event[key]) for key in ("id", "kind", "text", "step", "check")}
            prompt = Prompt(**texts, blocks=bool(event["blocks"]))  # type: ignore[arg-type]
            self._open[folder, prompt.id] = prompt
            rack = f"{order.rack}: " if self._several else ""
            self._say(f"? {rack}{prompt.text} ({_HINTS[prompt.kind]})")
            asyncio.get_running_loop().call_soon(self._work)
        elif event["event"] == "answered":
            self._open.pop((folder, event["id"]), None)
        elif event["event"] == "plan":
            self._folders.append(folder)
        elif event["event"] in ("aborted", "run_ended"):
            self._open = {key: prompt for key, prompt in self._open.items() if key[0] != folder}
            self._folders = [each for each in self._folders if each != folder]

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Read typed lines while the block runs."""
        loop, stdin = asyncio.get_running_loop(), sys.stdin.fileno()
        try:
            loop.add_reader(stdin, self._read, stdin)
        except OSError:  # a file: read it whole, because it cannot be watched for more
            self._rest = os.read(stdin, _LINES_MAX * _LINE_MAX)
            self._split()
            yield
            return
        try:
            yield
        finally:
            loop.remove_reader(stdin)

    def _read(self, stdin: int) -> None:
        found = os.read(stdin, _LINE_MAX)
        if not found:
            asyncio.get_running_loop().remove_reader(stdin)
            found = b"\n" if self._rest else b""  # the last line needs no end
        self._rest = (self._rest + found)[-_LINE_MAX * _LINES_MAX :]
        self._split()
        self._work()

    def _split(self) -> None:
        *whole, self._rest = self._rest.split(b"\n")
        self._lines.extend(line.decode(errors="replace").strip() for line in whole)

    def _work(self) -> None:
        """Give every line to its prompt; lines without an open prompt wait."""
        while self._lines:
            word, _, rest = self._lines[0].partition(" ")
            if word in _WORDS and not rest:
                self._command(_WORDS[word], "")
            elif word in (NOTE, ABORT):
                self._command(word, rest)
            elif self._open:
                place, prompt = min(self._open.items(), key=lambda each: not each[1].blocks)
                self._answer(place, prompt, self._lines[0])
            else:
                return
            self._lines.popleft()

    def _command(self, word: str, text: str) -> None:
        for folder in self._folders:
            self._send((folder, word), text=text)

    def _answer(self, place: tuple[Path, str], prompt: Prompt, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word in _NO or (prompt.kind == "note" and not line):
            self._send(place, yes=False, text=rest)
        elif prompt.kind == "note":
            self._send(place, text=line)
        elif prompt.kind == "attachment":
            if line not in ("", "later"):
                self._send(place, file=Path(line).expanduser())
            else:
                self._open.pop(place)  # it is asked again when the run ends
        elif word in _YES:
            self._send(place, text=rest)
        else:
            self._say(f"please answer: {_HINTS[prompt.kind]}")

    def _send(
        self,
        place: tuple[Path, str],
        *,
        yes: bool = True,
        text: str = "",
        file: Path | None = None,
    ) -> None:
        try:
            answer(*place, who=self._who, yes=yes, text=text, file=file)
        except ConfigError as error:
            self._say(f"error: {error}")
        else:
            self._open.pop(place, None)
