"""The elevation of a rack: the position of each device in rack units or at the sides; pure.

A device without a configured position gets one: PDUs at the sides, cooling at the bottom, others
from the top. The drawing marks such devices. A long run of empty units is drawn as one row, which
keeps the drawing legible.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from agent.config.spec import PositionSpec

UNIT = 26  # pixels of one rack unit
WIDTH = 340  # of the space between the posts
STRIP = 76  # of each side
LEFT, TOP = 190, 12
GAP = 70  # between the posts and a strip
_EMPTY_MOST = 3  # more empty units than that in a row are drawn as one
_UNITS_LEAST = 6
_HEIGHTS = {"cdu": 4, "cooling": 4}
_FROM_BELOW = frozenset({"cdu", "cooling"})
_ORDER = ("switch", "sensor", "other", "power_shelf", "bbu")


@dataclass(frozen=True, slots=True)
class Placed:
    """A device to place: its name, kind and configured position."""

    name: str
    kind: str
    position: PositionSpec | None
    feed: str = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """The rack units of a device: the lowest, how many, and the side. ``sure`` if configured."""

    u: int
    height: int
    side: str
    sure: bool

    @property
    def units(self) -> range:
        """The numbers of the rack units."""
        return range(self.u, self.u + self.height)

    @property
    def words(self) -> str:
        """The position to show: ``U3 to U4, front``."""
        last = f" to U{self.u + self.height - 1}" if self.height > 1 else ""
        return f"U{self.u}{last}, {self.side}"


@dataclass(frozen=True, slots=True)
class Box:
    """A device in the drawing, in pixels; ``place`` as text, ``sure`` if it was configured."""

    name: str
    kind: str
    x: int
    y: int
    width: int
    height: int
    place: str
    sure: bool
    strip: bool = False


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A row of the drawing: one unit, or a run of empty ones. ``y`` is its upper edge."""

    label: str
    y: int
    empty: bool


@dataclass(frozen=True, slots=True)
class Elevation:
    """The whole drawing."""

    boxes: tuple[Box, ...]
    rows: tuple[UnitRow, ...]
    units: int
    left: int = LEFT
    top: int = TOP
    inner: int = WIDTH

    @property
    def height(self) -> int:
        """The height of the inside of the rack, in pixels."""
        return len(self.rows) * UNIT

    @property
    def width(self) -> int:
        """The width of the whole drawing, in pixels."""
        return 2 * LEFT + WIDTH


def elevation(devices: Sequence[Placed]) -> Elevation:
    """Return the drawing of a rack with every device, configured positions first."""
    sides = [device for device in devices if _is_strip(device)]
    inside = [device for device in devices if not _is_strip(device)]
    slots = {d.name: _slot(d.position) for d in inside if d.position and d.position.u}
    loose = sorted((d for d in inside if d.name not in slots), key=_rank)
    taken = {u for slot in slots.values() for u in slot.units}
    needed = sum(_HEIGHTS.get(device.kind, 1) for device in loose)
    units = max(max(taken, default=0), len(taken) + needed, _UNITS_LEAST)
    slots |= _loose(loose, taken, units)
    rows = tuple(_rows(units, {u for slot in slots.values() for u in slot.units}))
    ys = {u: row.y for row in rows if not row.empty for u in (int(row.label),)}
    boxes = [*_inside(inside, slots, ys), *_strips(sides, len(rows) * UNIT)]
    return Elevation(tuple(boxes), rows, units)


def _is_strip(device: Placed) -> bool:
    position = device.position
    if position is None:
        return device.kind == "pdu"
    return position.side in ("left", "right") or (position.u is None and device.kind == "pdu")


def _rank(device: Placed) -> int:
    return _ORDER.index(device.kind) if device.kind in _ORDER else len(_ORDER)


def _slot(position: PositionSpec) -> Slot:
    return Slot(position.u or 1, position.height, position.side, sure=True)


def _loose(devices: Iterable[Placed], taken: set[int], units: int) -> dict[str, Slot]:
    """Return free rack units for each device without a configured position."""
    taken = set(taken)
    found: dict[str, Slot] = {}
    for device in devices:
        height = _HEIGHTS.get(device.kind, 1)
        lowest = range(1, units - height + 2)
        for u in lowest if device.kind in _FROM_BELOW else reversed(lowest):
            if not taken.intersection(range(u, u + height)):
                break
        else:  # too fragmented; one unit is always free, as the rack has enough in total
            u, height = next(u for u in range(1, units + 1) if u not in taken), 1
        found[device.name] = Slot(u, height, "front", sure=False)
        taken.update(range(u, u + height))
    return found


def _rows(units: int, used: set[int]) -> Iterator[UnitRow]:
    """Yield the rows from top to bottom."""
    y, u = TOP, units
    while u:
        run = 0
        while u - run and u - run not in used:
            run += 1
        if run > _EMPTY_MOST:
            yield UnitRow(f"U{u - run + 1}–U{u} empty", y, empty=True)
            u -= run
        else:
            yield UnitRow(str(u), y, empty=False)
            u -= 1
        y += UNIT


def _inside(
    devices: Iterable[Placed], slots: Mapping[str, Slot], ys: Mapping[int, int]
) -> Iterator[Box]:
    used = {side: {u for s in slots.values() if (s.side == "rear") is side for u in s.units}
            for side in (True, False)}  # fmt: skip
    shared = used[True] & used[False]
    for device in devices:
        slot = slots[device.name]
        halved = bool(shared.intersection(slot.units))
        yield Box(
            device.name,
            device.kind,
            LEFT + (WIDTH // 2 if halved and slot.side == "rear" else 0),
            ys[slot.units[-1]],
            WIDTH // 2 if halved else WIDTH,
            slot.height * UNIT,
            slot.words,
            slot.sure,
        )


def _strips(devices: Sequence[Placed], height: int) -> Iterator[Box]:
    left = [device for device in devices if _side(device, devices) == "left"]
    right = [device for device in devices if device not in left]
    for side, x, listed in (
        ("left", LEFT - GAP - STRIP, left),
        ("right", LEFT + WIDTH + GAP, right),
    ):
        for number, device in enumerate(listed):
            each = height // len(listed)
            yield Box(
                device.name,
                device.kind,
                x,
                TOP + number * each,
                STRIP,
                each - (4 if number < len(listed) - 1 else 0),
                f"{side} side",
                device.position is not None,
                strip=True,
            )


def _side(device: Placed, devices: Sequence[Placed]) -> str:
    """Return the side of a strip: as configured, else by feed, else alternating."""
    if device.position is not None and device.position.side in ("left", "right"):
        return device.position.side
    if device.feed:
        return "left" if device.feed == "A" else "right"
    return "right" if devices.index(device) % 2 else "left"
