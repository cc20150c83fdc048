"""Where several points give the same series, the profile's first good one counts."""

from collections.abc import Mapping, Sequence

from agent.model.values import Block, Series

Numbered = tuple[int, Block]
"""A block, and the number of its point."""

_SeriesKey = tuple[str, str, tuple[tuple[str, str], ...]]
_Given = list[tuple[int, tuple[Series, ...], tuple[int, ...]]]
_Kept = tuple[tuple[int, ...], tuple[Series, ...]]


class Fallbacks:
    """Chooses between the points of one device; chooses anew only when the choice is another.

    What is left of a block then describes the same tuple of series from poll to poll.
    """

    def __init__(self) -> None:
        self._given: _Given = []
        self._kept: list[_Kept] = []

    def choose(self, blocks: Mapping[int, Sequence[Numbered]]) -> dict[int, tuple[Block, ...]]:
        """The blocks by request position, without the readings that stand back."""
        pairs = [pair for group in blocks.values() for pair in group]
        given = [(number, block.series, tuple(block.flaws)) for number, block in pairs]
        if given != self._given:
            self._given, chosen = given, _choose(given)
            self._kept = [_keep(series, chosen) for _, series, _ in given]
        kept = iter(self._kept)
        return {
            position: tuple(_only(block, *next(kept)) for _, block in group)
            for position, group in blocks.items()
        }


def _choose(given: _Given) -> set[int]:
    """The ids of the series that count. The profile's order counts, not that of the answers."""
    best: dict[_SeriesKey, tuple[bool, int, Series]] = {}
    for number, block_series, flaws in given:
        for place, series in enumerate(block_series):
            rank = (place in flaws, number, series)
            known = best.get(series.key)
            if known is None or rank[:2] < known[:2]:
                best[series.key] = rank
    return {id(series) for _, _, series in best.values()}


def _keep(series: tuple[Series, ...], chosen: set[int]) -> _Kept:
    places = tuple(place for place, each in enumerate(series) if id(each) in chosen)
    return places, tuple(series[place] for place in places)


def _only(block: Block, places: tuple[int, ...], series: tuple[Series, ...]) -> Block:
    if len(places) == len(block.series):
        return block
    return Block(
        series,
        [block.values[place] for place in places],
        [block.raws[place] for place in places],
        block.observed_at,
        {new: block.flaws[old] for new, old in enumerate(places) if old in block.flaws},
    )
