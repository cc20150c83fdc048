"""The metrics of commissioning runs: verdicts of checks, progress, time of the latest entry."""

from collections.abc import Iterator

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agent.commission.journal.reader import Progress
from agent.commission.journal.run_index import RunIndex

_PENDING = "PENDING"


class CommissionMetrics(Collector):
    """A prometheus_client collector over an index of runs, as it was read last.

    Each rack and stage has the metrics of its newest run and of later retests. A rehearsal never
    replaces a run on the rack itself: its label ``simulated`` is "true".
    """

    def __init__(self, index: RunIndex, site: str) -> None:
        self._index, self._site = index, site

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
        for run in (each.progress for each in reversed(self._index.runs())):
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
