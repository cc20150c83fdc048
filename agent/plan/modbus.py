"""Planning of Modbus requests: register blocks that use the line for the least time.

A *part* is a set of registers to be read in one request: those of one value, with its scale
register, or of a group. Parts are sorted by address; a block reads a run of parts and the registers
between them. Dynamic programming finds the cheapest runs and their intervals: a value with a long
interval is read in a faster block if that is cheaper than a request of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from agent.model.values import Part, ReadRegisters, Request
from agent.plan.records import Cost
from agent.plan.wire import WireCost
from agent.profile.points import ModbusPoint, Profile
from agent.profile.spec import ProfileLimits


@dataclass(frozen=True, slots=True)
class _Block:
    """A run of parts that is read in one request, every ``interval_s`` (0: every cycle)."""

    interval_s: float
    parts: tuple[Part, ...]

    @property
    def first(self) -> int:
        return self.parts[0][0]

    @property
    def stop(self) -> int:
        return max(address + count for address, count in self.parts)


def identity(profile: Profile, wire: WireCost) -> Iterable[ReadRegisters]:
    """Return the requests that identify the device."""
    tables: dict[str, dict[Part, float]] = {}
    for fields in profile.info.values():
        for field in fields:
            if field.address is not None:
                tables.setdefault(field.table, {})[field.address, field.count] = 0.0
    yield from blocks(tables, profile.limits, wire, 1.0)


def requests(profile: Profile, wire: WireCost, cycle_s: float) -> Iterable[ReadRegisters]:
    """Return the blocks of ``profile`` with their parts, those of every cycle first."""
    tables: dict[str, dict[Part, float]] = {}
    for point in profile.points:
        assert isinstance(point, ModbusPoint)  # noqa: S101 - from compile_modbus
        if point.derived is None:
            parts = tables.setdefault(point.table, {})
            parts[point.part] = min(point.interval_s, parts.get(point.part, point.interval_s))
    yield from blocks(tables, profile.limits, wire, cycle_s)


def costs(profile: Profile, wanted: Sequence[Request], wire: WireCost) -> list[Cost]:
    """Return the cost of each request on ``wire``, in bytes and seconds."""
    found = []
    for request in wanted:
        assert isinstance(request, ReadRegisters)  # noqa: S101 - of a Modbus profile
        points = sum(
            isinstance(p, ModbusPoint)
            and p.derived is None
            and p.table == request.table
            and p.part in request.parts
            for p in profile.points
        )
        size = wire.bytes_in(request.table, request.count)
        seconds = wire.seconds(request.table, request.count)
        found.append(Cost(request, points, wire.frame_out, size, seconds))
    return found


def blocks(
    tables: Mapping[str, Mapping[Part, float]],
    limits: ProfileLimits,
    wire: WireCost,
    cycle_s: float,
) -> Iterable[ReadRegisters]:
    """Return the reads that give every part of every table as often as its interval says."""
    found = [
        (block.interval_s, table, block)
        for table, intervals in tables.items()
        for block in _Planner(table, limits, wire, cycle_s).plan(intervals)
    ]
    for interval_s, table, block in sorted(found, key=lambda each: (*each[:2], each[2].first)):
        yield ReadRegisters(
            table, block.first, block.stop - block.first, interval_s, parts=block.parts
        )


class _Planner:
    """The planner of one table of one device."""

    def __init__(self, table: str, limits: ProfileLimits, wire: WireCost, cycle_s: float) -> None:
        self._table = table
        self._limits = limits
        bits = table in ("coil", "discrete")
        self._most = limits.bits_max if bits else limits.registers_max
        self._wire = wire
        self._cycle_s = cycle_s
        self._costs: dict[
            int, float
        ] = {}  # by register count, at most one entry per possible count

    def plan(self, intervals: Mapping[Part, float]) -> list[_Block]:
        """Return the blocks that read every part at least as often as ``intervals`` says.

        With one interval the plan is optimal. With several, it is the cheapest plan without nested
        blocks, or a cheaper one derived from it.
        """
        blocks = self._best(intervals)
        if len(set(intervals.values())) == 1:
            return blocks
        apart = [
            block
            for interval_s in sorted(set(intervals.values()))
            for block in self._best({p: i for p, i in intervals.items() if i == interval_s})
        ]
        plans = [self._use_faster_blocks(self._regroup(each)) for each in (blocks, apart)]
        return min(plans, key=self._load)

    def _load(self, blocks: Iterable[_Block]) -> float:
        """Return the share of its time that the line is taken."""
        return sum(
            self._cost(block.stop - block.first) / max(block.interval_s, self._cycle_s)
            for block in blocks
        )

    def _best(self, intervals: Mapping[Part, float]) -> list[_Block]:
        """Cut the sorted parts into the cheapest runs, each as fast as its fastest part."""
        parts = sorted(intervals)
        reach = list(accumulate((address + count for address, count in parts), max))
        least = [0.0]
        begins: list[int] = []
        for end in range(1, len(parts) + 1):
            runs = self._runs(parts, reach, intervals, end)
            cost, begin = min((least[begin] + load, begin) for begin, load in runs)
            least.append(cost)
            begins.append(begin)
        blocks = []
        end = len(parts)
        while end:
            begin = begins[end - 1]
            run = tuple(parts[begin:end])
            blocks.append(_Block(min(intervals[part] for part in run), run))
            end = begin
        return blocks[::-1]

    def _runs(
        self, parts: Sequence[Part], reach: Sequence[int], intervals: Mapping[Part, float], end: int
    ) -> Iterable[tuple[int, float]]:
        """Yield each possible begin of a run that ends before index ``end``, and its load.

        ``reach`` holds, for each part, the highest end address of the parts up to it.
        """
        begin = end - 1
        first, count = parts[begin]
        stop, interval_s = first + count, intervals[parts[begin]]
        while True:
            yield begin, self._cost(stop - first) / max(interval_s, self._cycle_s)
            begin -= 1
            if begin < 0 or not self._joins(reach[begin], first):
                return
            first, count = parts[begin]
            stop = max(stop, first + count)
            if stop - first > self._most:
                return
            interval_s = min(interval_s, intervals[parts[begin]])

    def _cost(self, count: int) -> float:
        found = self._costs.get(count)
        if found is None:
            found = self._costs[count] = self._wire.seconds(self._table, count)
        return found

    def _joins(self, stop: int, address: int) -> bool:
        """Return whether one block may read both the registers before ``stop`` and ``address``."""
        if address - stop > self._limits.gap_max:
            return False
        return not any(low < address and high >= stop for low, high in self._limits.forbidden)

    def _regroup(self, blocks: Sequence[_Block]) -> list[_Block]:
        """Join blocks of the same interval across faster blocks between them."""
        found = []
        for interval_s in sorted({block.interval_s for block in blocks}):
            parts = {p: interval_s for b in blocks if b.interval_s == interval_s for p in b.parts}
            found += self._best(parts)
        return found

    def _use_faster_blocks(self, blocks: Sequence[_Block]) -> list[_Block]:
        """Remove parts from slow blocks that a faster block reads anyway."""
        kept: list[_Block] = []
        for block in blocks:
            left = {}
            for part in block.parts:
                place = next((n for n, fast in enumerate(kept) if _holds(fast, part)), None)
                if place is None:
                    left[part] = block.interval_s
                else:
                    fast = kept[place]
                    joined = tuple(sorted({*fast.parts, part}))
                    kept[place] = _Block(fast.interval_s, joined)
            kept += self._best(left) if len(left) < len(block.parts) else [block]
        return kept


def _holds(block: _Block, part: Part) -> bool:
    return block.first <= part[0] and part[0] + part[1] <= block.stop
