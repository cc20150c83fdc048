"""Verdicts of each step as soon as it has ended, for display during the run.

They are computed in a thread, so that polling stays on time. The final verdicts are computed
from the samples at the end of the run by the same rules.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from agent.commission.evidence.bundle import attached
from agent.commission.evidence.results import measurement_json
from agent.commission.journal.events import CheckJudged, MessageLogged
from agent.commission.journal.samples import SampleStore
from agent.commission.journal.writer import RunJournal, read_journal
from agent.commission.judge import Span
from agent.commission.judge.verdicts import (
    Facts,
    StageVerdicts,
    Waiver,
    step_verdicts,
    waived,
)
from agent.commission.records import CheckResult, Measurement
from agent.model.errors import RackagentError

_MEASURED_MAX = 8  # measurements of one check in the journal


class LiveVerdicts:
    """Judges the steps of one run and writes the verdicts to its journal."""

    def __init__(
        self,
        facts: Facts,
        samples: Path,
        waivers: Sequence[Waiver],
        journal: RunJournal,
        now: Callable[[], float],
    ) -> None:
        self.known, self._now = StageVerdicts(facts), now
        self._samples, self._waivers, self._journal = samples, waivers, journal
        self._tasks: list[asyncio.Task[None]] = []
        self._turn = asyncio.Lock()

    def judge(self, step: str, span: Span) -> None:
        """Start to judge a step that has ended."""
        task = asyncio.create_task(self._judge(step, span), name=f"judge {step}")
        self._tasks.append(task)

    async def close(self) -> None:
        """Wait for all verdicts; a step that could not be judged is judged as the run ends."""
        while self._tasks:
            await self._tasks.pop(0)

    async def _judge(self, step: str, span: Span) -> None:
        async with self._turn:
            try:
                results = await asyncio.to_thread(self._results, step, span)
            except (RackagentError, OSError, sqlite3.Error) as error:
                text = f"warning: {step}: not judged during the run: {error}"
                self._journal.mention(MessageLogged(text=text), self._now())
                return
        for result in results:
            self._journal.mention(judged_record(result), self._now())

    def _results(self, step: str, span: Span) -> list[CheckResult]:
        given = attached(self._samples.parent, read_journal(self._journal.path))
        store = SampleStore(self._samples, read_only=True)
        try:
            facts = replace(self.known.facts, attached=given)
            found = step_verdicts(facts, store, step, span)
        finally:
            store.close()
        self.known.steps[step] = found
        return list(
            waived(found.results, self._waivers, datetime.fromtimestamp(span.ended, UTC).date())
        )


def judged_record(result: CheckResult) -> CheckJudged:
    """Return a verdict as a journal event, with at most 8 measurements."""
    measured: Sequence[Measurement] = result.measurements[:_MEASURED_MAX]
    return CheckJudged(
        check=result.check,
        verdict=result.verdict,
        reason=result.reason,
        measured=[measurement_json(each) for each in measured],
    )
