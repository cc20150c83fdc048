"""Cross checks of a device's readings: physics shows which of them cannot all be true.

Power is voltage times current times power factor; an inlet has the power of its phases, and no less
than its outlets; a supply's output is at most its input. If that does not hold, it is unknown which
reading is wrong: all of them become uncertain, with the reason. No value is changed.
Bounds are wide: readings are taken one after the other, and small loads are inaccurate.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt

from agent.model.series import Labels, SeriesKey, SeriesSet
from agent.model.values import Block, Flaw, Quality
from agent.profile.points import Profile

_SHARE = 0.10  # of the larger of two values that should be the same
_FLOOR_W = 30.0
_FLOOR_A = 0.25  # below the resolution of a meter of whole or tenth amperes
_PER_OUTLET_W = 5.0

_QUANTITIES = {
    "voltage_volts": "voltage",
    "current_amperes": "current",
    "power_watts": "power",
    "apparent_power_voltamperes": "apparent",
    "power_factor_ratio": "factor",
}
_DIRECT = ("psu_output", "busbar", "battery")
_ALTERNATING = ("inlet", "phase", "line", "branch", "outlet", "output", "output_phase", "psu_input")
_UNKNOWN_PHASES = (1.0, sqrt(3), 1 / sqrt(3), 3.0)
"""Factors for voltage times current: between lines or to neutral, per phase or in total."""

Blocks = Mapping[int, tuple[Block, ...]]


@dataclass(frozen=True, slots=True)
class _Cell:
    """The position of one reading: request, block, place in the block."""

    request: int
    block: int
    place: int


_Value = Callable[[_Cell], float | None]


_Fault = Callable[[Sequence[float]], str]
_Key = tuple[_Fault, tuple[SeriesKey, ...]]


@dataclass(frozen=True, slots=True)
class _Check:
    """Cells that must agree. ``fault`` receives their values in order and returns the mistake."""

    cells: tuple[_Cell, ...]
    fault: _Fault


@dataclass(slots=True)
class _Finding:
    """The number of failures of a check in a row, and the reason of the last one."""

    failed: int = 0
    reason: str = ""


def _kinds() -> dict[str, tuple[str, str]]:
    places = (*_DIRECT, *_ALTERNATING)
    return {
        f"rack_{place}_{ending}": (place, quantity)
        for place in places
        for ending, quantity in _QUANTITIES.items()
    }


_KINDS = _kinds()


class CrossChecks:
    """The cross checks of one device, kept as long as its learned state.

    A check counts when it fails ``patience`` times in a row: if a load jumps between two
    requests, readings disagree once. It is skipped while one of its readings is bad, uncertain
    or missing; its earlier finding then stays, because nothing refutes it. Findings
    belong to the series (metric and labels), so they outlast cycles in which other requests are
    due, silences and rows that come and go elsewhere. Readings are examined at most once in
    ``every_s`` seconds, because wrong wiring or scaling does not change.
    """

    def __init__(self, profile: Profile, patience: int = 1, every_s: float = 0.0) -> None:
        metrics = {point.metric.name for point in profile.points}
        self._wanted = bool(metrics & {name for name in _KINDS if name.endswith("_watts")})
        self._patience = patience
        self._every_s = every_s
        self._sets: dict[int, tuple[SeriesSet, ...]] = {}
        self._checks: dict[_Key, _Check] = {}
        self._findings: dict[_Key, _Finding] = {}
        self._doubts: Mapping[_Cell, Flaw] = {}
        self._examined_at = float("-inf")

    def apply(self, blocks: Blocks, now: float = 0.0) -> Blocks:
        """Return ``blocks``, the readings that contradict each other marked as uncertain.

        ``now`` is any clock in seconds that does not go backwards.
        """
        if not self._wanted:
            return blocks
        self._compile(blocks)
        if now - self._examined_at >= self._every_s:
            self._examined_at = now
            self._examine(blocks)
        return _marked(blocks, self._doubts)

    def _compile(self, blocks: Blocks) -> None:
        """Find the checks anew if a request has other series than when it was last read."""
        sets = {
            request: tuple(block.series for block in group)
            for request, group in blocks.items()
            if group
        }
        if all(self._sets.get(request) == found for request, found in sets.items()):
            return
        self._sets = dict(sorted({**self._sets, **sets}.items()))
        self._checks = {}
        for check in _checks(self._sets):
            keys = tuple(self._sets[c.request][c.block][c.place].key for c in check.cells)
            self._checks[check.fault, keys] = check
        self._findings = {key: self._findings.get(key, _Finding()) for key in self._checks}
        self._doubt()

    def _examine(self, blocks: Blocks) -> None:
        value = _values(blocks)
        for key, check in self._checks.items():
            values = [value(cell) for cell in check.cells]
            known = [each for each in values if each is not None]
            if len(known) == len(values):
                finding, reason = self._findings[key], check.fault(known)
                finding.failed = finding.failed + 1 if reason else 0
                finding.reason = reason
        self._doubt()

    def _doubt(self) -> None:
        doubts: dict[_Cell, Flaw] = {}
        for key, finding in self._findings.items():
            if finding.failed >= self._patience:
                for cell in self._checks[key].cells:
                    doubts.setdefault(cell, Flaw(Quality.UNCERTAIN, finding.reason))
        self._doubts = doubts


def _values(blocks: Blocks) -> _Value:
    def value(cell: _Cell) -> float | None:
        group = blocks.get(cell.request)
        if not group:
            return None  # not due, or failed
        block = group[cell.block]
        found = None if cell.place in block.flaws else block.values[cell.place]
        return found if isinstance(found, int | float) else None

    return value


def _marked(blocks: Blocks, flaws: Mapping[_Cell, Flaw]) -> Blocks:
    """Return the blocks with more flaws; series, values and raws stay the same objects."""
    by_block: dict[tuple[int, int], dict[int, Flaw]] = {}
    for cell, flaw in flaws.items():
        by_block.setdefault((cell.request, cell.block), {})[cell.place] = flaw
    if not any(request in blocks for request, _ in by_block):
        return blocks
    return {
        request: tuple(
            replace(block, flaws={**by_block[request, number], **block.flaws})
            if (request, number) in by_block
            else block
            for number, block in enumerate(group)
        )
        for request, group in blocks.items()
    }


# --- which readings belong together -----------------------------------------------------------

_Cells = dict[tuple[str, str], dict[Labels, _Cell]]


def _checks(sets: Mapping[int, tuple[SeriesSet, ...]]) -> Iterator[_Check]:
    cells: _Cells = {}
    for request, group in sets.items():
        for number, series_set in enumerate(group):
            for place, series in enumerate(series_set):
                kind = _KINDS.get(series.metric.name)
                if kind is not None:
                    cell = _Cell(request, number, place)
                    cells.setdefault(kind, {}).setdefault(series.labels, cell)
    for part in (*_DIRECT, *_ALTERNATING):
        yield from _products(cells, part)
    yield from _phases(cells)
    yield from _outlets(cells)
    yield from _efficiencies(cells)


def _products(cells: _Cells, place: str) -> Iterator[_Check]:
    """Yield checks of readings of one part whose labels are the same."""
    for labels, power in cells.get((place, "power"), {}).items():
        voltage, current, apparent, factor = (
            cells.get((place, quantity), {}).get(labels)
            for quantity in ("voltage", "current", "apparent", "factor")
        )
        if voltage is not None and current is not None:
            if place in _DIRECT:
                yield _Check((power, voltage, current), _direct_fault)
            elif factor is not None:
                yield _Check((power, voltage, current, factor), _active_fault)
            else:
                yield _Check((power, voltage, current), _too_much_fault)
        if apparent is not None:
            yield _Check((power, apparent), _apparent_fault)


_Total = tuple[str, str]
"""Unit and number of an inlet or output; empty where it has none."""


def _totals(cells: _Cells, place: str) -> dict[_Total, _Cell]:
    """Return whole inlets, without the rows of their phases, lines and sensors."""
    found: dict[_Total, _Cell] = {}
    for labels, cell in cells.get((place, "power"), {}).items():
        own = dict(labels)
        if own.keys() <= {"unit", "name", place}:
            found[own.get("unit", ""), own.get(place, "")] = cell
    return found


def _parts(cells: _Cells, part: str, place: str, key: _Total) -> list[tuple[dict[str, str], _Cell]]:
    """Return the powers of the parts of one inlet; empty if they are not known."""
    alone = sum(unit == key[0] for unit, _ in _totals(cells, place)) == 1
    found = []
    for labels, cell in cells.get((part, "power"), {}).items():
        own = dict(labels)
        if own.get("unit", "") == key[0] and (own[place] == key[1] if place in own else alone):
            found.append((own, cell))
    return found


def _phases(cells: _Cells) -> Iterator[_Check]:
    """Yield checks of an inlet's power with that of all three of its phases."""
    for place, part in (("inlet", "phase"), ("output", "output_phase")):
        for key, total in _totals(cells, place).items():
            mine = _parts(cells, part, place, key)
            numbers = {own.get("phase", own.get("line", "")) for own, _ in mine}
            # Pairs of lines (L1-L2) have the same power in another form, and may be reported too.
            plain = not any("-" in number or not number for number in numbers)
            if len(mine) == len(numbers) == 3 and plain:
                yield _Check((total, *(cell for _, cell in mine)), _phases_fault)


def _outlets(cells: _Cells) -> Iterator[_Check]:
    """Yield checks of an inlet's power with that of its outlets, if they are metered."""
    for key, total in _totals(cells, "inlet").items():
        mine = _parts(cells, "outlet", "inlet", key)
        numbers = {own.get("outlet", "") for own, _ in mine}
        if mine and len(numbers) == len(mine):  # else an outlet has a row per phase
            yield _Check((total, *(cell for _, cell in mine)), _outlets_fault)


def _efficiencies(cells: _Cells) -> Iterator[_Check]:
    """Yield checks of a power supply's input with its output."""
    outputs = cells.get(("psu_output", "power"), {})
    for labels, taken in cells.get(("psu_input", "power"), {}).items():
        given = outputs.get(labels)
        if given is not None:
            yield _Check((taken, given), _efficiency_fault)


# --- what physics says ------------------------------------------------------------------------


def _differ(one: float, other: float, floor: float) -> bool:
    return abs(one - other) > _SHARE * max(abs(one), abs(other)) + floor


def _floor_w(volts: float) -> float:
    return _FLOOR_W + _FLOOR_A * abs(volts)


def _direct_fault(values: Sequence[float]) -> str:
    watts, volts, amperes = values
    product = abs(volts * amperes)  # the sign is the direction of a battery's current
    if not _differ(abs(watts), product, _floor_w(volts)):
        return ""
    return f"power {watts:g} W is not voltage {volts:g} V times current {amperes:g} A"


def _active_fault(values: Sequence[float]) -> str:
    watts, volts, amperes, factor = values
    floor = _floor_w(volts)
    # On some meters its sign means leading or lagging, on others the direction of the power.
    products = [phases * abs(volts * amperes * factor) for phases in _UNKNOWN_PHASES]
    if any(not _differ(abs(watts), product, floor) for product in products):
        return ""
    return (
        f"power {watts:g} W is not voltage {volts:g} V times current {amperes:g} A"
        f" times power factor {factor:g}"
    )


def _too_much_fault(values: Sequence[float]) -> str:
    watts, volts, amperes = values
    most = max(_UNKNOWN_PHASES) * abs(volts * amperes)
    if abs(watts) <= most or not _differ(abs(watts), most, _floor_w(volts)):
        return ""
    return f"power {watts:g} W is more than voltage {volts:g} V times current {amperes:g} A gives"


def _apparent_fault(values: Sequence[float]) -> str:
    watts, voltamperes = (abs(each) for each in values)
    if watts <= voltamperes or not _differ(watts, voltamperes, _FLOOR_W):
        return ""
    return f"power {watts:g} W is more than apparent power {voltamperes:g} VA"


def _phases_fault(values: Sequence[float]) -> str:
    total, *phases = values
    if not _differ(total, sum(phases), _FLOOR_W):
        return ""
    return f"power {total:g} W is not the sum of its phases, {sum(phases):g} W"


def _outlets_fault(values: Sequence[float]) -> str:
    total, *outlets = values
    together = sum(outlets)
    floor = _FLOOR_W + _PER_OUTLET_W * len(outlets)
    if together <= total or not _differ(total, together, floor):
        return ""
    return f"the outlets together take {together:g} W, their inlet only {total:g} W"


def _efficiency_fault(values: Sequence[float]) -> str:
    taken, given = values
    if given <= taken or not _differ(taken, given, _FLOOR_W):
        return ""
    return f"the supply puts out {given:g} W and takes in only {taken:g} W"
