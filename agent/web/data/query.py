"""The current values of a device, by metric; pure.

Only good and uncertain values are included. Bad and stale ones are missing, so a page shows a dash
for them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from agent.events.records import ALARMS
from agent.model.values import Flaw, Quality, Series, Value
from agent.store.latest import DeviceState

_SETS_MAX = 50_000  # of rows whose places are kept: some for each device

Labels = Mapping[str, str]
_Place = tuple[str, Labels, int]
"""The name of a metric, the labels of a series, and its position in the block."""


@dataclass(frozen=True, slots=True)
class DeviceValues:
    """The current values of one device, by metric, each with its labels."""

    found: Mapping[str, tuple[tuple[Labels, Value], ...]] = field(default_factory=dict)

    def each(self, metric: str, **labels: str) -> Iterator[tuple[Labels, float]]:
        """Yield labels and value of every number of ``metric`` whose labels include ``labels``."""
        for has, value in self.found.get(metric, ()):
            if isinstance(value, int | float) and labels.items() <= has.items():
                yield has, float(value)

    def texts(self, metric: str) -> Iterator[tuple[Labels, str]]:
        """Yield labels and name of every state of ``metric``."""
        for has, value in self.found.get(metric, ()):
            if isinstance(value, str):
                yield has, value

    def labels(self, metric: str) -> Iterator[Labels]:
        """Yield the labels of each series of ``metric``, for info metrics."""
        return (has for has, _ in self.found.get(metric, ()))

    def one(self, *metrics: str, **labels: str) -> float | None:
        """Return the first number of the first of ``metrics`` that has one, else None."""
        for metric in metrics:
            for _, value in self.each(metric, **labels):
                return value
        return None

    def total(self, *metrics: str, **labels: str) -> float | None:
        """Return the sum of the first of ``metrics`` that has numbers, else None."""
        for metric in metrics:
            values = [value for _, value in self.each(metric, **labels)]
            if values:
                return sum(values)
        return None

    def most(self, metric: str, **labels: str) -> float | None:
        """Return the largest number of ``metric``, else None."""
        return max((value for _, value in self.each(metric, **labels)), default=None)

    def mean(self, metric: str, **labels: str) -> float | None:
        """Return the mean of the numbers of ``metric``, else None."""
        values = [value for _, value in self.each(metric, **labels)]
        return sum(values) / len(values) if values else None


class Finder:
    """Finds the same metrics in every poll; their positions are found once per set of series."""

    def __init__(self, metrics: frozenset[str] | None = None) -> None:
        self._metrics = metrics
        # By the id of a block's series, which are held beside it, so that the id stays theirs.
        self._places: dict[int, tuple[tuple[Series, ...], tuple[_Place, ...]]] = {}

    def look(self, state: DeviceState, now: float) -> DeviceValues:
        """Return what a device shows at Unix time ``now``."""
        found: dict[str, list[tuple[Labels, Value]]] = {}
        for block in state.blocks(now):
            kept = self._places.get(id(block.series)) or self._find(block.series)
            values, flaws = block.values, block.flaws
            for name, labels, position in kept[1]:
                if flaws and _bad(flaws.get(position)):
                    continue
                if name in found:
                    found[name].append((labels, values[position]))
                else:
                    found[name] = [(labels, values[position])]
        return DeviceValues({name: tuple(several) for name, several in found.items()})

    def _find(self, several: tuple[Series, ...]) -> tuple[tuple[Series, ...], tuple[_Place, ...]]:
        if len(self._places) >= _SETS_MAX:
            self._places.clear()
        wanted = self._metrics
        places = tuple(
            (one.metric.name, dict(one.labels), position)
            for position, one in enumerate(several)
            if wanted is None or one.metric.name in wanted
        )
        kept = self._places[id(several)] = several, places
        return kept


def _bad(flaw: Flaw | None) -> bool:
    return flaw is not None and flaw.quality is Quality.BAD


def look(state: DeviceState, now: float, metrics: frozenset[str] | None = None) -> DeviceValues:
    """Return what a device shows at Unix time ``now``; only ``metrics`` where they are given."""
    return Finder(metrics).look(state, now)


def alarms(seen: DeviceValues) -> tuple[str, ...]:
    """Return the active alarms that the device reports, as text, without duplicates."""
    return tuple(
        dict.fromkeys(
            _alarm(metric, labels)
            for metric in sorted(ALARMS)
            for labels, value in seen.each(metric)
            if value
        )
    )


def _alarm(metric: str, labels: Labels) -> str:
    others = {name: text for name, text in labels.items() if name not in ("alarm", "severity")}
    where = ", ".join(f"{name} {text}" for name, text in others.items())
    what = {
        "rack_leak_detected": "leak",
        "rack_leak_sensor_fault": "leak sensor fault",
    }.get(metric) or labels.get("alarm", "alarm").replace("_", " ")
    severity = labels.get("severity", "")
    return "".join((what, f" ({where})" if where else "", f", {severity}" if severity else ""))
