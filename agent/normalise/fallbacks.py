"""The choice of the reading that counts if several have the same series.

Of points that are marked as fallbacks the first good one of each poll counts (``Fallbacks``); of
all other rows the first one that was seen (``Owners``).
"""

from collections.abc import Generator, Mapping, Sequence

from agent.model.series import SeriesKey, SeriesSet
from agent.model.values import Block

RowName = tuple[int, bytes]
"""A row of a table: the number of its point, and the OID of its instance."""

Numbered = tuple[int, Block]
"""A block, and the number of its point."""

_SUBSETS_MAX = 8  # choices of one set that are kept: they alternate if requests do

_Given = list[tuple[int, SeriesSet, tuple[int, ...]]]
_Places = tuple[int, ...]


class Owners:
    """The row of each series of a device, and the rows that were refused because of it."""

    def __init__(self) -> None:
        self._owners: dict[SeriesKey, RowName] = {}
        self._refused: dict[RowName, SeriesKey] = {}
        self._waiting: dict[SeriesKey, set[RowName]] = {}

    def claim(self, row: RowName, key: SeriesKey) -> RowName:
        """Return the owner of a series: ``row`` if it had none."""
        owner = self._owners.setdefault(key, row)
        if owner != row:
            self._refused[row] = key
            self._waiting.setdefault(key, set()).add(row)
        return owner

    def release(self, row: RowName, key: SeriesKey | None) -> frozenset[RowName]:
        """Forget a row and its series ``key``; return rows that may own the series now."""
        refused = self._refused.pop(row, None)
        if refused is not None:
            self._waiting[refused].discard(row)
            if not self._waiting[refused]:
                del self._waiting[refused]
        if key is None or self._owners.get(key) != row:
            return frozenset()
        del self._owners[key]
        waiting = frozenset(self._waiting.pop(key, ()))
        for each in waiting:
            del self._refused[each]
        return waiting


class Fallbacks:
    """A chooser between the points of one device, which keeps its choice while it is the same.

    The rest of a block then has the same set of series from poll to poll.
    """

    def __init__(self, metrics: frozenset[str]) -> None:
        """Prepare the choice. ``metrics`` are those of fallback points; no others can collide."""
        self._metrics = metrics
        self._given: _Given = []
        self._kept: list[_Places] = []

    def choose(
        self, blocks: Mapping[int, Sequence[Numbered]]
    ) -> Generator[None, None, dict[int, tuple[Block, ...]]]:
        """Yield between blocks while choosing, then return the blocks by request position.

        Readings that another point has already are left out.
        """
        given = [
            (number, block.series, tuple(block.flaws))
            for group in blocks.values()
            for number, block in group
            if self._collides(block)
        ]
        if given != self._given:
            kept = yield from _choose(given)
            self._given, self._kept = given, kept
        places = iter(self._kept)
        return {
            position: tuple(
                _only(block, next(places)) if self._collides(block) else block for _, block in group
            )
            for position, group in blocks.items()
        }

    def _collides(self, block: Block) -> bool:
        return block.series[0].metric.name in self._metrics  # a block is of one point


class _Subsets:
    """The recent choices of parts of one set of series; a new one replaces the oldest."""

    def __init__(self, whole: SeriesSet) -> None:
        self._rows = whole.rows
        self._made: dict[_Places, SeriesSet] = {}

    def of(self, places: _Places) -> SeriesSet:
        """Return the set of the series at ``places``."""
        if places not in self._made:
            if len(self._made) >= _SUBSETS_MAX:
                del self._made[next(iter(self._made))]
            self._made[places] = SeriesSet(self._rows[place] for place in places)
        return self._made[places]


def _choose(given: _Given) -> Generator[None, None, list[_Places]]:
    """Return the places that count in each set. The profile's order counts, not the answers'."""
    best: dict[SeriesKey, tuple[bool, int, int, int]] = {}
    for at, (number, series_set, flaws) in enumerate(given):
        bad = frozenset(flaws)
        for place, series in enumerate(series_set):
            rank = (place in bad, number, at, place)
            known = best.get(series.key)
            if known is None or rank[:2] < known[:2]:
                best[series.key] = rank
        yield
    chosen: list[list[int]] = [[] for _ in given]
    for _, _, at, place in best.values():
        chosen[at].append(place)
    return [tuple(sorted(places)) for places in chosen]


def _only(block: Block, places: _Places) -> Block:
    if len(places) == len(block.series):
        return block
    return Block(
        block.series.derive(_Subsets).of(places),
        [block.values[place] for place in places],
        [block.raws[place] for place in places],
        block.observed_at,
        {new: block.flaws[old] for new, old in enumerate(places) if old in block.flaws},
    )
