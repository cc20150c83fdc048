"""Dimensional analysis: volts, absolute temperatures, temperature differences, plain numbers.

Expressions of a generation are checked when the file is loaded: terms that are added or compared
have the same dimension, and the result has the dimension of the check's unit. A literal number has
the dimension of what it is added to or compared with, and multiplies as a plain number.
"""

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import cast

Powers = tuple[tuple[str, int], ...]
"""Base quantities with their exponents, without those of 0, in the order of their names."""

_POWERS_MAX = 99
_COMPOUND = re.compile(r"([^()]+)/\(([^()]+)\)")
_W = {"kg": 1, "m": 2, "s": -3}
_BASES: Mapping[str, Mapping[str, int]] = {
    "": {},
    "ratio": {},
    "W": _W,
    "V": {**_W, "A": -1},
    "A": {"A": 1},
    "VA": _W,
    "VAr": _W,
    "VAs": {**_W, "s": -2},
    "J": {**_W, "s": -2},
    "C": {"A": 1, "s": 1},
    "S/m": {"kg": -1, "m": -3, "s": 3, "A": 2},
    "Hz": {"s": -1},
    "rpm": {"s": -1},
    "s": {"s": 1},
    "B": {},
    "B/s": {"s": -1},
    "K": {"K": 1},
    "degC": {"K": 1},
    "Pa": {"kg": 1, "m": -1, "s": -2},
    "L": {"m": 3},
    "L/s": {"m": 3, "s": -1},
    "m/s": {"m": 1, "s": -1},
    "g/m3": {"kg": 1, "m": -3},
    "dB": {"dB": 1},
    "dBm": {"dB": 1},
    "pH": {"pH": 1},
}
_ZEROS = {"degC": True, "dBm": True, "K": False, "dB": False}
_NAMES = ("W", "V", "A", "J", "C", "Hz", "s", "Pa", "L", "L/s", "m/s", "g/m3", "S/m", "pH")


class Mismatch(ValueError):
    """Two quantities that cannot be combined; the message names both."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """The dimension of a quantity. ``literal`` marks a literal number, which fits any dimension.

    ``above`` is True for values on a scale with an arbitrary zero (degrees Celsius), False for a
    difference of two such values, None if it is not known or does not matter.
    """

    powers: Powers = ()
    above: bool | None = None
    literal: bool = False

    def __str__(self) -> str:
        if self.literal:
            return "a number"
        if self.powers == (("K", 1),):
            return {True: "degC", False: "K", None: "degC or K"}[self.above]
        if self.powers == (("dB", 1),):
            return "dBm" if self.above else "dB"
        if not self.powers:
            return "a ratio"
        named = (name for name in _NAMES if of_base(name).powers == self.powers)
        spelled = " ".join(base if n == 1 else f"{base}^{n}" for base, n in self.powers)
        return next(named, spelled)

    def fits(self, other: "Dimension") -> bool:
        """Return whether the two can be compared or substituted for each other."""
        if self.literal or other.literal:
            return True
        same_zero = self.above is None or other.above is None or self.above == other.above
        return self.powers == other.powers and same_zero


NUMBER = Dimension(literal=True)
PLAIN = Dimension()
PER_SECOND = Dimension((("s", -1),))


def of_base(unit: str) -> Dimension:
    """Return the dimension of a base unit of the catalogue, or of a compound of base units."""
    if unit in _BASES:
        return Dimension(_ordered(_BASES[unit]), _ZEROS.get(unit))
    over, under = parts(unit)
    found = PLAIN
    for sign, bases in ((1, over), (-1, under)):
        for base in bases:
            found = times(found, replace(of_base(base), above=None), sign)
    return found


def parts(unit: str) -> tuple[list[str], list[str]]:
    """Split ``J/(L K)`` into numerator [J] and denominator [L, K]; both empty for other units."""
    match = _COMPOUND.fullmatch(unit)
    return ([], []) if match is None else (match[1].split(), match[2].split())


def times(one: Dimension, other: Dimension, sign: int = 1) -> Dimension:
    """Return the product, or with ``sign`` -1 the quotient. Raises Mismatch for degrees Celsius."""
    if one.literal and other.literal:
        return NUMBER
    for side, partner in ((one, other), (other, one)):
        if side.above and not partner.literal:
            sign_shown = "*" if sign == 1 else "/"
            raise Mismatch(
                f"{one} {sign_shown} {other}: {side} has an arbitrary zero; use a difference"
            )
    powers = dict(one.powers)
    for base, exponent in other.powers:
        powers[base] = powers.get(base, 0) + sign * exponent
    if any(abs(exponent) > _POWERS_MAX for exponent in powers.values()):
        raise Mismatch("has too many factors")
    difference = one.above if other.literal else other.above if one.literal and sign == 1 else None
    return Dimension(_ordered(powers), difference)


def of(
    text: str,
    names: Mapping[str, Dimension],
    curves: Mapping[str, tuple[Dimension, Dimension]],
) -> Dimension:
    """Return the dimension of a valid expression. Raises Mismatch.

    ``names`` are the dimensions of signals and constants, ``curves`` those of x and y.
    """
    return _of(ast.parse(text.strip(), mode="eval").body, names, curves)


def _of(
    node: ast.AST,
    names: Mapping[str, Dimension],
    curves: Mapping[str, tuple[Dimension, Dimension]],
) -> Dimension:
    if isinstance(node, ast.BinOp):
        one, other = _of(node.left, names, curves), _of(node.right, names, curves)
        apply = _OPERATIONS[type(node.op)]
        try:
            return apply(one, other)
        except Mismatch as error:
            raise Mismatch(f"{ast.unparse(node)!r}: {error}") from None
    if isinstance(node, ast.UnaryOp):
        return _of(node.operand, names, curves)
    if isinstance(node, ast.Name):
        return names[node.id]
    if not isinstance(node, ast.Call):
        return NUMBER
    given = [_of(each, names, curves) for each in node.args]
    function = cast(ast.Name, node.func).id
    if function not in curves:  # abs, min and max keep the dimension
        return _one(given, ast.unparse(node))
    asks, gives = curves[function]
    if not asks.fits(given[0]):
        raise Mismatch(
            f"{ast.unparse(node)!r}: the argument is {given[0]}, the x of the curve is {asks}"
        )
    return gives


def _one(given: Iterable[Dimension], text: str) -> Dimension:
    first, *others = sorted(given, key=lambda each: each.literal)
    for other in others:
        if not first.fits(other):
            raise Mismatch(f"{text!r}: {first} and {other} cannot be compared")
    return first


def _sum(one: Dimension, other: Dimension) -> Dimension:
    if one.literal or other.literal:
        return one if other.literal else other
    if one.powers != other.powers or (one.above and other.above):
        raise Mismatch(f"{one} + {other} cannot be added")
    return replace(one, above=one.above or other.above)


def _difference(one: Dimension, other: Dimension) -> Dimension:
    if one.literal or other.literal:
        known = one if other.literal else other
        return replace(known, above=None if known.above else known.above)
    if one.powers != other.powers or (other.above and one.above is False):
        raise Mismatch(f"{one} - {other} cannot be subtracted")
    if one.above and other.above:
        return replace(one, above=False)
    return replace(one, above=one.above)


_OPERATIONS: Mapping[type[ast.operator], Callable[[Dimension, Dimension], Dimension]] = {
    ast.Add: _sum,
    ast.Sub: _difference,
    ast.Mult: times,
    ast.Div: lambda one, other: times(one, other, -1),
}


def _ordered(powers: Mapping[str, int]) -> Powers:
    return tuple(sorted((base, exponent) for base, exponent in powers.items() if exponent))
