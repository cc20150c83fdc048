"""The last minutes of chosen numbers of a device, as sparklines."""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.model.series import Series
from agent.store.history import History, Point
from agent.web.draw import sparkline
from agent.web.draw.screen import Cell


@dataclass(frozen=True, slots=True)
class Wanted:
    """A coolant's number: its metric, the loops it may be of (the first that there is), a side."""

    metric: str
    loops: tuple[str, ...]
    side: str = ""

    def rank(self, series: Series) -> tuple[int, int] | None:
        """How well a series fits, less is better; None where it does not."""
        has = dict(series.labels)
        if series.metric.name != self.metric or has.get("loop", "") not in self.loops:
            return None
        if self.side and has.get("side") != self.side:
            return None
        return self.loops.index(has.get("loop", "")), len(has)


def trends(
    history: History, device: str, wanted: Mapping[str, Wanted], now: float
) -> dict[str, Cell]:
    """A cell with the path of each, empty where nothing fits."""
    best: dict[str, tuple[tuple[int, int], list[Point]]] = {}
    for _, track in history.tracks(device):
        for position, series in enumerate(track.series):
            for key, want in wanted.items():
                rank = want.rank(series)
                if rank is not None and (key not in best or rank < best[key][0]):
                    best[key] = rank, track.points(position)
    return {key: {"d": sparkline.path(best[key][1] if key in best else [], now)} for key in wanted}
