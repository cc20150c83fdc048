"""Verdicts as soon as a step has ended, for those who look on while the run goes on.

They are given in a thread, so that the rack is read on time meanwhile. What counts is judged at
the end, from the samples; it is the same.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.commission.evidence.bundle import attached
from agent.commission.evidence.results import measurement_json
from agent.commission.journal.samples import SampleStore
from agent.commission.journal.writer import Journal, read_journal
from agent.commission.judge import Span
from agent.commission.judge.verdicts import Facts, Waiver, judge_step, waived
from agent.commission.records import CheckResult, Measurement
from agent.model.errors import RackagentError

_MEASURED_MAX = 8  # measurements of one check that the journal tells


class Early:
    """Judges the steps of one run and writes what comes of it to the journal."""

    def __init__(
        self,
        facts: Facts,
        samples: Path,
        waivers: Sequence[Waiver],
        journal: Journal,
        now: Callable[[], float],
    ) -> None:
        self.facts, self._now = facts, now
        self._samples, self._waivers, self._journal = samples, waivers, journal
        self._tasks: list[asyncio.Task[None]] = []
        self._turn = asyncio.Lock()

    def judge(self, step: str, span: Span) -> None:
        """Begin to judge a step that has ended."""
        task = asyncio.create_task(self._judge(step, span), name=f"judge {step}")
        self._tasks.append(task)

    async def close(self) -> None:
        """Wait until everything is judged; what could not be, is when the run is concluded."""
        while self._tasks:
            await self._tasks.pop(0)

    async def _judge(self, step: str, span: Span) -> None:
        async with self._turn:
            try:
                results = await asyncio.to_thread(self._results, step, span)
            except (RackagentError, OSError, sqlite3.Error) as error:
                text = f"warning: {step}: not judged while the run goes on: {error}"
                self._journal.mention("said", self._now(), text=text)
                return
        for result in results:
            self._journal.mention("judged", self._now(), **told(result))

    def _results(self, step: str, span: Span) -> list[CheckResult]:
        given = attached(self._samples.parent, read_journal(self._journal.path))
        store = SampleStore(self._samples, read_only=True)
        try:
            results = judge_step(replace(self.facts, attached=given), store, step, span)
        finally:
            store.close()
        return list(waived(results, self._waivers, datetime.fromtimestamp(span.ended, UTC).date()))


def told(result: CheckResult) -> dict[str, Any]:
    """A verdict as the journal has it."""
    measured: Sequence[Measurement] = result.measurements[:_MEASURED_MAX]
    return {
        "check": result.check,
        "verdict": str(result.verdict),
        "reason": result.reason,
        "measured": [measurement_json(each) for each in measured],
    }
