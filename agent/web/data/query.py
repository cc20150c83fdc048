"""The current values of a device, by metric; pure.

Only good and uncertain values are included. Bad and stale ones are missing, so a page shows a dash
for them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from agent.events.records import ALARM_NAMES
from agent.model.series import SeriesSet
from agent.model.values import Flaw, Quality, Value
from agent.store.latest import DeviceState

Labels = Mapping[str, str]
_Place = tuple[str, Labels, int]
"""The name of a metric, the labels of a series, and its position in the block."""
_Find = Callable[[SeriesSet], tuple[_Place, ...]]


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
    """Finds the same metrics in every poll; their positions are kept on each set of series.

    Make one for as long as a page or an output lives; ``look`` finds something once.
    """

    def __init__(self, metrics: frozenset[str]) -> None:
        self._metrics = metrics

    def look(self, state: DeviceState, now: float) -> DeviceValues:
        """Return what a device shows at Unix time ``now``."""
        return _look(state, now, lambda series_set: series_set.derive(self._places))

    def _places(self, series_set: SeriesSet) -> tuple[_Place, ...]:
        return _places(series_set, self._metrics)


def look(state: DeviceState, now: float, metrics: frozenset[str] | None = None) -> DeviceValues:
    """Return what a device shows at Unix time ``now``; only ``metrics`` where they are given."""
    return _look(state, now, lambda series_set: _places(series_set, metrics))


def _look(
    state: DeviceState, now: float, find: Callable[[SeriesSet], tuple[_Place, ...]]
) -> DeviceValues:
    found: dict[str, list[tuple[Labels, Value]]] = {}
    for block in state.blocks(now):
        values, flaws = block.values, block.flaws
        for name, labels, position in find(block.series):
            if flaws and _bad(flaws.get(position)):
                continue
            if name in found:
                found[name].append((labels, values[position]))
            else:
                found[name] = [(labels, values[position])]
    return DeviceValues({name: tuple(several) for name, several in found.items()})


def _places(series_set: SeriesSet, metrics: frozenset[str] | None) -> tuple[_Place, ...]:
    return tuple(
        (series.metric.name, dict(series.labels), position)
        for position, series in enumerate(series_set)
        if metrics is None or series.metric.name in metrics
    )


def _bad(flaw: Flaw | None) -> bool:
    return flaw is not None and flaw.quality is Quality.BAD


def alarms(seen: DeviceValues) -> tuple[str, ...]:
    """Return the active alarms that the device reports, as text, without duplicates."""
    return tuple(
        dict.fromkeys(
            _alarm(metric, labels)
            for metric in sorted(ALARM_NAMES)
            for labels, value in seen.each(metric)
            if value
        )
    )


def _alarm(metric: str, labels: Labels) -> str:
    others = {name: text for name, text in labels.items() if name not in ("alarm", "severity")}
    where = ", ".join(f"{name} {text}" for name, text in others.items())
    what = labels.get("alarm", ALARM_NAMES[metric]).replace("_", " ")
    severity = labels.get("severity", "")
    return "".join((what, f" ({where})" if where else "", f", {severity}" if severity else ""))
