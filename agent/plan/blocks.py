"""Parts of a register block that a device refuses, and where the block has to be split.

- block: the registers of one request of the plan
- part: the registers of one point, as first address and count; it is never divided
- run: neighbouring parts of a block that are read with one request
- cut: the place between two parts that cannot be read with one request
"""

from collections.abc import Sequence

from agent.model.values import Part

RETRY_S = 600.0
"""Seconds until a refused part is requested again."""

Run = tuple[int, int]
"""Index of the first part and index after the last part, as in a slice."""


class BlockMap:
    """Runs of parts that can be read together, learned from refusals. Times are monotonic.

    A part that was refused alone is skipped. If two runs are refused together but answered
    separately, the block is cut between them (a gap that must not be read, or a read that is too
    long). Both are tried again after ``RETRY_S``, one at a time. Holds at most one entry per part.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)
        self._cuts: dict[int, float] = {}
        self._refused: dict[int, tuple[float, str]] = {}

    @property
    def refused(self) -> dict[Part, str]:
        """Parts that the device refuses, each with the reason it gave."""
        return {self.parts[place]: reason for place, (_, reason) in self._refused.items()}

    def runs(self) -> list[Run]:
        """Return the runs to read, in order."""
        found: list[Run] = []
        for place in range(len(self.parts)):
            if place in self._refused:
                continue
            if found and found[-1][1] == place and place not in self._cuts:
                found[-1] = (found[-1][0], place + 1)
            else:
                found.append((place, place + 1))
        return found

    def span(self, run: Run) -> Part:
        """Return the registers from the first to the last of a run."""
        inside = self.parts[run[0] : run[1]]
        first = inside[0][0]
        return first, max(address + count for address, count in inside) - first

    def halves(self, run: Run) -> tuple[Run, Run]:
        """Cut a refused run of two or more parts at the widest gap near its middle."""
        low, high = run
        margin = (high - low) // 3
        places = range(low + max(1, margin), high - max(0, margin - 1))
        middle = (low + high) / 2
        cut = max(places, key=lambda place: (self._gap(place), -abs(place - middle)))
        return (low, cut), (cut, high)

    def _gap(self, place: int) -> int:
        (before, count), (after, _) = self.parts[place - 1], self.parts[place]
        return max(0, after - before - count)

    def refuse(self, place: int, reason: str, now: float) -> None:
        """Note that the part at ``place`` was refused alone."""
        self._refused[place] = (now + RETRY_S, reason)

    def accept(self, place: int) -> None:
        """Note that the part at ``place`` answered after all."""
        del self._refused[place]

    def cut(self, place: int, now: float) -> None:
        """Note that the parts before ``place`` and from there on answer, but not together."""
        self._cuts[place] = now + RETRY_S

    def due_retry(self, now: float) -> int | None:
        """Return the refused part to request again, if one is due; else undo a cut that is due."""
        due = [place for place, (when, _) in self._refused.items() if when <= now]
        if due:
            return due[0]
        for place, when in self._cuts.items():
            if when <= now:
                del self._cuts[place]
                break
        return None
