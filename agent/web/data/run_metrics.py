"""The metrics of commissioning runs: verdicts of checks, progress, time of the latest entry.

A run is a process of its own; the metrics come from its journal, which a thread reads periodically,
so that no scrape waits for a file.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agent.commission.journal.reader import JOURNAL, Follower, Progress

_LOOK_S = 5.0
_RUNS_MAX = 200  # newest runs that have metrics
_LOOKED_AT_MAX = 2_000  # directories that are searched for them
_PENDING = "PENDING"


class CommissionMetrics(Collector):
    """A prometheus_client collector for the runs below ``folder``; ``run`` updates it.

    Each rack and stage has the metrics of its newest run and of later retests. A rehearsal never
    replaces a run on the rack itself: its label ``simulated`` is "true".
    """

    def __init__(self, folder: Path, site: str) -> None:
        self._folder, self._site = folder, site
        self._followers: OrderedDict[str, Follower] = OrderedDict()
        self._runs: list[Progress] = []

    async def run(self) -> None:
        """Read the runs every few seconds until cancelled."""
        while True:
            self._runs = await asyncio.to_thread(self.look)
            await asyncio.sleep(_LOOK_S)

    def look(self) -> list[Progress]:
        """Return the newest runs, oldest first."""
        found = []
        for name in self._names():
            follower = self._followers.pop(name, None) or Follower(self._folder / name)
            self._followers[name] = follower
            with contextlib.suppress(OSError):  # removed in the meantime
                found.append(follower.refresh())
        while len(self._followers) > _RUNS_MAX:
            self._followers.popitem(last=False)
        return sorted(found, key=lambda run: run.began_at)

    def _names(self) -> list[str]:
        found: list[tuple[float, str]] = []
        with contextlib.suppress(OSError):
            for number, place in enumerate(self._folder.iterdir()):
                if number >= _LOOKED_AT_MAX:
                    break
                with contextlib.suppress(OSError):
                    found.append(((place / JOURNAL).stat().st_mtime, place.name))
        return [name for _, name in sorted(found)[-_RUNS_MAX:]]

    def collect(self) -> Iterator[Metric]:
        """Yield the three metric families."""
        names = ("site", "rack", "generation", "stage", "simulated")
        status = GaugeMetricFamily(
            "rack_commissioning_check_status",
            "1 for the verdict of a check of the newest run, PENDING before it has one;"
            " simulated is true for rehearsals.",
            labels=(*names, "check", "verdict"),
        )
        share = GaugeMetricFamily(
            "rack_commissioning_progress_ratio",
            "Progress of the newest run, 0 to 1.",
            labels=(*names, "state"),
        )
        last = GaugeMetricFamily(
            "rack_commissioning_last_run_timestamp_seconds",
            "Time of the latest journal entry of the newest run.",
            labels=names,
        )
        checks: dict[tuple[str, str, str, str, str], dict[str, str]] = {}
        newest: dict[tuple[str, str, str, str, str], Progress] = {}
        for run in self._runs:
            about = (run.rack, run.generation, run.stage, str(run.simulated).lower())
            place = (self._site, *about)
            newest[place] = run
            own = {each.check: str(each.verdict or _PENDING) for each in run.checks}
            checks[place] = {**(checks.get(place, {}) if run.retest_of else {}), **own}
        for place, run in newest.items():
            share.add_metric((*place, str(run.state)), run.share)
            last.add_metric(place, run.last_at)
            for check, verdict in checks[place].items():
                status.add_metric((*place, check, verdict), 1.0)
        yield from (status, share, last)
