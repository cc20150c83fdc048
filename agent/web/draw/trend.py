"""Sparklines of chosen series of a device."""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.model.series import Series
from agent.store.history import History, Point
from agent.web.draw import sparkline
from agent.web.draw.screen import Cell


@dataclass(frozen=True, slots=True)
class TrendSource:
    """Selects a coolant series: its metric, its side, and the loops to try, in order."""

    metric: str
    loops: tuple[str, ...]
    side: str = ""

    def rank(self, series: Series) -> tuple[int, int] | None:
        """Return how well a series fits, the lowest is best; None if it does not fit."""
        has = dict(series.labels)
        if series.metric.name != self.metric or has.get("loop", "") not in self.loops:
            return None
        if self.side and has.get("side") != self.side:
            return None
        return self.loops.index(has.get("loop", "")), len(has)


def trends(
    history: History, device: str, wanted: Mapping[str, TrendSource], now: float
) -> dict[str, Cell]:
    """Return a cell with the sparkline of each wanted series, empty if none fits."""
    best: dict[str, tuple[tuple[int, int], list[Point]]] = {}
    for _, track in history.tracks(device):
        for position, series in enumerate(track.series):
            for key, want in wanted.items():
                rank = want.rank(series)
                if rank is not None and (key not in best or rank < best[key][0]):
                    best[key] = rank, track.points(position)
    return {key: {"d": sparkline.path(best[key][1] if key in best else [], now)} for key in wanted}
