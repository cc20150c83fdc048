"""The interface of normalisers, and the builder of blocks that keeps sets of series."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import cast

from agent.model.series import Series, SeriesSet
from agent.model.values import Answer, Block, Failure, Flaw, Quality, Raw

FAILURES_MAX = 50
"""Failures of one device's cycle that are kept: more say nothing more."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """The readings of some answers by request position, and what went wrong on the way."""

    blocks: Mapping[int, tuple[Block, ...]]
    failures: tuple[Failure, ...] = ()


Steps = Generator[None, None, Normalised]
"""Work in slices of a few milliseconds; between two of them other devices may be served."""


class Normaliser(ABC):
    """A normaliser, which turns a cycle's answers into blocks.

    ``needs_lookups`` is True if the latest answers hold new rows whose names and units, which are
    read seldom, are not read yet: their readings may have the labels of another row.
    """

    needs_lookups: bool = False

    @abstractmethod
    def steps(self, answers: Mapping[int, Answer]) -> Steps:
        """Yield while there is more to do, then return the blocks.

        ``answers`` are by the position of their request in the plan. A walk of the steps that is
        given up leaves nothing wrong behind: the next one begins anew.
        """

    def normalise(self, answers: Mapping[int, Answer]) -> Normalised:
        """Return the blocks of ``answers`` in one step, for callers without an event loop."""
        steps = self.steps(answers)
        while True:
            try:
                next(steps)
            except StopIteration as done:
                return cast("Normalised", done.value)


@dataclass(slots=True)
class BlockBuilder:
    """A builder of the columns of one block."""

    series: list[Series] = field(default_factory=list)
    values: list[float | str | None] = field(default_factory=list)
    raws: list[Raw] = field(default_factory=list)
    flaws: dict[int, Flaw] = field(default_factory=dict)

    def add(self, series: Series, value: float | str | None, raw: Raw, reason: str) -> None:
        """Add a reading; a reason makes it bad."""
        if reason:
            self.flaws[len(self.series)] = Flaw(Quality.BAD, reason)
        self.series.append(series)
        self.values.append(value)
        self.raws.append(raw)

    def block(self, before: SeriesSet | None, observed_at: float) -> Block:
        """Return the block, with the set ``before`` if it has the same series."""
        series = SeriesSet(self.series) if before is None else before.take(self.series)
        return Block(series, self.values, self.raws, observed_at, self.flaws)
