"""Sample lines of one block: the label strings rendered once, the values at every poll."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.catalogue import Kind, Metric
from agent.expose.text_format import Labels, beside, escape, label_text, number
from agent.values import Block, Quality, Series, Value

IDENTITY = "rack_device_info"
"""Printed from the device's identity, once per device, because queries join on it."""


class _States:
    """The lines of one state series: one per state, 1 at the current one.

    Devices change state rarely, so the lines of the last state are kept.
    """

    __slots__ = ("_current", "_heads", "_text")

    def __init__(self, name: str, labels: str, states: Sequence[str]) -> None:
        lead = f"{name}{{{labels}," if labels else f"{name}{{"
        self._heads = {state: f'{lead}state="{escape(state)}"}} ' for state in states}
        self._current: Value = None
        self._text = ""

    def text(self, value: Value) -> str:
        """The lines, or nothing for a state that the series does not list."""
        if value not in self._heads:
            return ""
        if value != self._current:
            self._current = value
            self._text = "".join(
                f"{head}{1 if state == value else 0}\n" for state, head in self._heads.items()
            )
        return self._text


@dataclass(slots=True)
class _Column:
    """The series of one family in a layout, as pairs of position and what to print before it."""

    metric: Metric
    numbers: list[tuple[int, str]]
    states: list[tuple[int, _States]]

    def text(self, values: Sequence[Value]) -> str:
        if self.metric.kind is Kind.STATE:
            return "".join([states.text(values[position]) for position, states in self.states])
        if self.metric.kind is Kind.INFO:
            return "".join(
                [f"{head}1\n" for position, head in self.numbers if values[position] is not None]
            )
        return "".join(
            [
                f"{head}{text}\n"
                for position, head in self.numbers
                if (text := number(values[position])) is not None
            ]
        )


def sample_head(name: str, labels: str) -> str:
    """What stands before the value on a sample line."""
    return f"{name}{{{labels}}} " if labels else f"{name} "


def join(device_text: str, device_labels: Mapping[str, str], labels: Labels) -> str:
    """The label text of a series: the device's own labels first, then those of the profile."""
    own = label_text(beside(device_labels, labels))
    return f"{device_text},{own}" if device_text and own else device_text or own


class Layout:
    """How the series of one block look as text.

    It holds the series tuple it was made from, so that comparing identities stays sound.
    ``keys`` tells two series apart as Prometheus does.
    """

    def __init__(self, series: tuple[Series, ...], device_labels: Mapping[str, str]) -> None:
        device_text = label_text(device_labels.items())
        self.series = series
        self._labels = [join(device_text, device_labels, one.labels) for one in series]
        self.keys = [
            sample_head(one.metric.name, labels)
            for one, labels in zip(series, self._labels, strict=True)
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

    def _arrange(self) -> list[_Column]:
        columns: dict[str, _Column] = {}
        for position, one in enumerate(self.series):
            if position in self._twice or one.metric.name == IDENTITY:
                continue
            column = columns.setdefault(one.metric.name, _Column(one.metric, [], []))
            if one.metric.kind is Kind.STATE:
                states = _States(one.metric.name, self._labels[position], one.states)
                column.states.append((position, states))
            else:
                column.numbers.append((position, self.keys[position]))
        return list(columns.values())
