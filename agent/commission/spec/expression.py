"""Arithmetic over named signals, curves of a specification, and conditions such as ``load > 0.3``.

The arithmetic is that of the profiles (``agent.parse.expression``): parsed and computed, never
executed as code. Unknown names are reported when a specification is loaded, not during a run.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from agent.parse.expression import Expression, parse_expression
from agent.parse.yaml_errors import nearest

__all__ = [
    "Condition",
    "Curve",
    "Expression",
    "arithmetic",
    "comparisons",
    "condition",
    "unknown_names",
]

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": lambda one, other: one <= other,
    ">=": lambda one, other: one >= other,
    "==": lambda one, other: one == other,
    "<": lambda one, other: one < other,
    ">": lambda one, other: one > other,
}
_COMPARISON = re.compile(r"<=|>=|==|<|>")
_AND = re.compile(r"\s+and\s+")
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_POINTS_MIN = 2


class Curve:
    """A piecewise linear curve through points with rising x, undefined outside of them."""

    def __init__(self, points: Iterable[tuple[float, float]]) -> None:
        pairs = tuple(points)
        if len(pairs) < _POINTS_MIN or any(a >= b for (a, _), (b, _) in pairwise(pairs)):
            raise ValueError("a curve needs two points or more, with rising x")
        self._x = tuple(x for x, _ in pairs)
        self._y = tuple(y for _, y in pairs)

    def __call__(self, x: float) -> float:
        """Return y at ``x``. Raises OverflowError outside the points, like failing arithmetic."""
        if not self._x[0] <= x <= self._x[-1]:
            raise OverflowError(f"{x:g} is outside of {self._x[0]:g} to {self._x[-1]:g}")
        right = min(bisect_right(self._x, x), len(self._x) - 1)
        (x0, x1), (y0, y1) = self._x[right - 1 : right + 1], self._y[right - 1 : right + 1]
        return y0 + (y1 - y0) * (x - x0) / (x1 - x0)


@dataclass(frozen=True, slots=True)
class Condition:
    """Comparisons that must all hold."""

    text: str
    names: tuple[str, ...]
    _clauses: tuple[tuple[Expression | float, str, Expression | float], ...]

    def __call__(self, values: Mapping[str, float]) -> bool | None:
        """Return whether all comparisons hold; None if a side cannot be computed."""
        held = True
        for left, comparison, right in self._clauses:
            one, other = _side(left, values), _side(right, values)
            if one is None or other is None:
                return None
            held = held and _COMPARISONS[comparison](one, other)
        return held


def arithmetic(text: str, curves: Mapping[str, Curve] | None = None) -> Expression:
    """Parse an expression over signals. Raises ValueError for anything but plain arithmetic."""
    return parse_expression(text, curves or {})


def condition(text: str, curves: Mapping[str, Curve] | None = None) -> Condition:
    """Parse a condition such as ``a > b and c <= 1``. Raises ValueError for anything else."""
    clauses = []
    names: dict[str, None] = {}
    for one, comparison, other in comparisons(text):
        left, right = _parsed(one, curves or {}), _parsed(other, curves or {})
        for side in (left, right):
            names |= dict.fromkeys(side.names if isinstance(side, Expression) else ())
        clauses.append((left, comparison, right))
    if not names:
        raise ValueError(f"{text!r} names no signal")
    return Condition(text, tuple(names), tuple(clauses))


def comparisons(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield (left side, operator, right side) of every comparison. Raises ValueError."""
    for clause in _AND.split(text.strip()):
        sides = _COMPARISON.split(clause)
        if len(sides) != len(("left", "right")):
            raise ValueError(f"{clause!r} is not a comparison such as load > 0.3")
        yield sides[0], _COMPARISON.findall(clause)[0], sides[1]


def unknown_names(names: Iterable[str], known: Collection[str]) -> str:
    """Return an error about the first unknown name; empty if all are known."""
    for name in names:
        if name not in known:
            close = nearest(name, known)
            hint = f"; did you mean {close[0]}?" if close else ""
            return f"unknown signal or constant {name!r}{hint}"
    return ""


def _parsed(text: str, curves: Mapping[str, Curve]) -> Expression | float:
    if _NUMBER.fullmatch(text.strip()):
        return float(text)
    return parse_expression(text, curves)


def _side(side: Expression | float, values: Mapping[str, float]) -> float | None:
    return side(values) if isinstance(side, Expression) else side
