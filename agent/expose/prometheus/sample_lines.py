"""Sample lines of one block: the label strings rendered once, the values at every poll."""

import math
from collections.abc import Mapping, Sequence
from typing import cast

from agent.expose.prometheus.exposition_format import Labels, beside, escape, label_text, number
from agent.model.catalogue import Kind, Metric
from agent.model.series import SeriesSet
from agent.model.values import Block, Quality, Value

IDENTITY = "rack_device_info"
"""Printed from the device's identity, once per device, because queries join on it."""


class _States:
    """The lines of one state series: one per state, 1 at the current one."""

    __slots__ = ("_lead", "_states")

    def __init__(self, head: str, states: tuple[str, ...]) -> None:
        bare = head.rstrip()
        self._lead = f"{bare[:-1]}," if bare.endswith("}") else f"{bare}{{"
        self._states = states

    def text(self, value: Value) -> str:
        """The lines, or nothing for a state that the series does not list."""
        if value not in self._states:
            return ""
        return "".join(
            [
                f'{self._lead}state="{escape(state)}"}} {1 if state == value else 0}\n'
                for state in self._states
            ]
        )


class _Numbers:
    """The numbers of one family in a layout: their positions, and what to print before each."""

    __slots__ = ("heads", "metric", "positions")

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        self.positions: list[int] = []
        self.heads: list[str] = []

    def add(self, position: int, head: str) -> None:
        self.positions.append(position)
        self.heads.append(head)

    def text(self, values: Sequence[Value]) -> str:
        """The lines of those of ``values`` that are numbers."""
        if len(self.positions) < len(values):
            values = [values[position] for position in self.positions]
        if self.metric.kind is Kind.INFO:
            pairs = zip(self.heads, values, strict=True)
            return "".join([f"{head}1\n" for head, value in pairs if value is not None])
        if _plain(values):
            pairs = zip(self.heads, values, strict=True)
            return "".join([f"{head}{value!r}\n" for head, value in pairs])
        texts = zip(self.heads, map(number, values), strict=True)
        return "".join([f"{head}{text}\n" for head, text in texts if text is not None])


class _StateSets:
    """The states of one family in a layout.

    Devices change state rarely, so the lines of the last states are kept.
    """

    __slots__ = ("_last", "_text", "metric", "positions", "states")

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        self.positions: list[int] = []
        self.states: list[_States] = []
        self._last: list[Value] = []
        self._text = ""

    def add(self, position: int, states: _States) -> None:
        self.positions.append(position)
        self.states.append(states)

    def text(self, values: Sequence[Value]) -> str:
        """The lines of those of ``values`` that are states of their series."""
        mine = [values[position] for position in self.positions]
        if mine != self._last:
            self._last = mine
            pairs = zip(self.states, mine, strict=True)
            self._text = "".join([states.text(value) for states, value in pairs])
        return self._text


def _plain(values: Sequence[Value]) -> bool:
    """Whether ``repr`` is what :func:`number` gives for each: all int, or all finite floats."""
    types = set(map(type, values))
    if types == {float}:
        return math.isfinite(sum(cast("Sequence[float]", values)))
    return types == {int}


def sample_head(name: str, labels: str) -> str:
    """What stands before the value on a sample line."""
    return f"{name}{{{labels}}} " if labels else f"{name} "


def join(device_text: str, device_labels: Mapping[str, str], labels: Labels) -> str:
    """The label text of a series: the device's own labels first, then those of the profile."""
    own = label_text(beside(device_labels, labels))
    return f"{device_text},{own}" if device_text and own else device_text or own


class Layout:
    """How the series of one block look as text.

    ``keys`` distinguishes two series as Prometheus does.
    """

    def __init__(self, series: SeriesSet, device_labels: Mapping[str, str]) -> None:
        device_text = label_text(device_labels.items())
        self.series = series
        self.keys = [
            sample_head(one.metric.name, join(device_text, device_labels, one.labels))
            for one in series
        ]
        self._twice: frozenset[int] = frozenset()
        self._columns = self._arrange()

    @property
    def twice(self) -> frozenset[int]:
        """Positions that are not printed because the same series is printed elsewhere."""
        return self._twice

    def hide(self, twice: frozenset[int]) -> None:
        """Leave exactly these positions out from now on."""
        self._twice = twice
        self._columns = self._arrange()

    def render(self, block: Block) -> list[tuple[Metric, bytes]]:
        """The lines of each family that has any; bad values are left out."""
        values: Sequence[Value] = block.values
        if block.flaws:
            values = list(values)
            for position, flaw in block.flaws.items():
                if flaw.quality is Quality.BAD:
                    values[position] = None
        texts = ((column.metric, column.text(values)) for column in self._columns)
        return [(metric, text.encode()) for metric, text in texts if text]

    def _arrange(self) -> list[_Numbers | _StateSets]:
        columns: dict[str, _Numbers | _StateSets] = {}
        for position, one in enumerate(self.series):
            name = one.metric.name
            if position in self._twice or name == IDENTITY:
                continue
            key = self.keys[position]
            if one.metric.kind is Kind.STATE:
                sets = columns.setdefault(name, _StateSets(one.metric))
                assert isinstance(sets, _StateSets)  # noqa: S101 - a metric has one kind
                sets.add(position, _States(key, one.states))
            else:
                numbers = columns.setdefault(name, _Numbers(one.metric))
                assert isinstance(numbers, _Numbers)  # noqa: S101 - a metric has one kind
                numbers.add(position, key)
        return list(columns.values())
