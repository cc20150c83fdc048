"""Arithmetic over other points, such as ``(supply - return) * 2``; never run as Python code."""

import ast
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from math import isfinite
from operator import itemgetter
from typing import cast

_LENGTH_MAX = 500
_NODES_MAX = 200
_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda one, other: one + other,
    ast.Sub: lambda one, other: one - other,
    ast.Mult: lambda one, other: one * other,
    ast.Div: lambda one, other: one / other,
}
_FUNCTIONS: Mapping[str, Callable[..., float]] = {
    "min": lambda *values: min(values),
    "max": lambda *values: max(values),
    "abs": abs,
}
Curves = Mapping[str, Callable[[float], float]]
"""Functions of one number by name, in addition to min, max and abs."""

_NO_CURVES: Curves = {}
_Compute = Callable[[Mapping[str, float]], float]


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression over named values: numbers, names, ``+ - * /``, parentheses, min, max, abs."""

    text: str
    names: tuple[str, ...]
    _compute: _Compute = field(repr=False, compare=False)

    def __call__(self, values: Mapping[str, float]) -> float | None:
        """Return the result; None for a division by zero or a result that is not finite."""
        try:
            result = self._compute(values)
            return result if isfinite(result) else None
        except (ZeroDivisionError, OverflowError):
            return None


def parse_expression(text: str, curves: Curves = _NO_CURVES) -> Expression:
    """Parse ``text``; ``curves`` are functions of one number, in addition to min, max and abs.

    Raises ValueError for anything that is not plain arithmetic.
    """
    if len(text) > _LENGTH_MAX:
        raise ValueError(f"is longer than {_LENGTH_MAX} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"{text!r} is not an expression such as (a - b) * 2") from None
    nodes = list(ast.walk(tree))
    if len(nodes) > _NODES_MAX:
        raise ValueError(f"has more than {_NODES_MAX} parts")
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        _check(node, curves)
    names = [n.id for n in nodes if isinstance(n, ast.Name) and id(n) not in called]
    if not names:
        raise ValueError(f"{text!r} names no other point")
    return Expression(text, tuple(dict.fromkeys(names)), _compile(tree, curves))


def _check(node: ast.AST, curves: Container[str]) -> None:
    """Raise ValueError for a node that is not plain arithmetic."""
    match node:
        case ast.BinOp(op=operator) if type(operator) in _OPERATORS:
            return
        case ast.UnaryOp(op=ast.USub()) | ast.Name() | ast.Load() | ast.USub():
            return
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return
        case ast.Call(func=ast.Name(id=name), args=[_, *_] as given, keywords=[]):
            if name in curves or name == "abs":
                if len(given) == 1:
                    return
            elif name in _FUNCTIONS:
                return
        case ast.operator() if type(node) in _OPERATORS:
            return
    shown = ast.unparse(node) if isinstance(node, ast.expr) else type(node).__name__
    raise ValueError(f"{shown!r} is not allowed: numbers, names, + - * / ( ), min, max and abs are")


def _compile(node: ast.AST, curves: Curves) -> _Compute:
    """Return a function that computes a checked node, so that the tree is walked only once."""
    match node:
        case ast.BinOp(left=left, op=operator, right=right):
            apply = _OPERATORS[type(operator)]
            one, other = _compile(left, curves), _compile(right, curves)
            return lambda values: apply(one(values), other(values))
        case ast.Call(func=ast.Name(id=name), args=args):
            function = curves[name] if name in curves else _FUNCTIONS[name]
            given = tuple(_compile(each, curves) for each in args)
            return lambda values: function(*[each(values) for each in given])
        case ast.UnaryOp(operand=operand):
            inner = _compile(operand, curves)
            return lambda values: -inner(values)
        case ast.Name(id=name):
            return itemgetter(name)
    number = cast(float, cast(ast.Constant, node).value)
    return lambda _: number
