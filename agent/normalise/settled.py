"""Columns with the same rows in every poll, converted at once instead of value by value."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.model.series import SeriesSet
from agent.model.values import Block, VarBind
from agent.normalise.convert import Linear, convert_column
from agent.profile.points import SnmpPoint

_INT_ONLY = {int}


@dataclass(frozen=True, slots=True)
class ColumnPart:
    """The rows of a column that are one point's, all with one map."""

    point: SnmpPoint
    places: tuple[int, ...]
    series: SeriesSet
    to_base: Linear


@dataclass(frozen=True, slots=True)
class Settled:
    """A column whose rows are all compiled and valid: the meaning of each place."""

    names: tuple[bytes, ...]
    parts: tuple[ColumnPart, ...]

    def blocks(
        self, varbinds: Sequence[VarBind], observed_at: float
    ) -> list[tuple[int, Block]] | None:
        """Return the blocks of the same rows by their points' numbers.

        None if a row or a value is unusual, so that each must be converted separately.
        """
        names, _, raws = zip(*varbinds, strict=True)
        if names != self.names or set(map(type, raws)) != _INT_ONLY:
            return None
        blocks = []
        for part in self.parts:
            mine = raws
            if len(part.places) < len(raws):
                mine = tuple([raws[place] for place in part.places])
            plain: Sequence[int] = mine
            if part.point.bit is not None:
                plain = [raw >> part.point.bit & 1 for raw in mine]
            values = convert_column(part.point, plain, part.to_base)
            if values is None:
                return None
            blocks.append((part.point.number, Block(part.series, values, mine, observed_at)))
        return blocks
