"""Arithmetic over other points: ``(supply - return) * 2``. Parsed and computed here, never run."""

import ast
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from math import isfinite
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
_NO_CURVES: Mapping[str, Callable[[float], float]] = {}


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression over named values: numbers, names, ``+ - * /``, parentheses, min, max, abs."""

    text: str
    names: tuple[str, ...]
    _tree: ast.expr
    _curves: Mapping[str, Callable[[float], float]] = field(default_factory=lambda: _NO_CURVES)

    def __call__(self, values: Mapping[str, float]) -> float | None:
        """The result; None where it divides by zero or leaves the numbers."""
        try:
            result = _compute(self._tree, values, self._curves)
            return result if isfinite(result) else None
        except (ZeroDivisionError, OverflowError):
            return None


def parse_expression(
    text: str, curves: Mapping[str, Callable[[float], float]] = _NO_CURVES
) -> Expression:
    """``text`` as an expression; ``curves`` are functions of one number, beside min, max and abs.

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
    return Expression(text, tuple(dict.fromkeys(names)), tree, curves)


def _check(node: ast.AST, curves: Container[str]) -> None:
    """Raises ValueError for a node that is no plain arithmetic."""
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


def _compute(
    node: ast.AST,
    values: Mapping[str, float],
    curves: Mapping[str, Callable[[float], float]],
) -> float:
    """The value of a node that ``_check`` let through."""
    if isinstance(node, ast.BinOp):
        apply = _OPERATORS[type(node.op)]
        return apply(_compute(node.left, values, curves), _compute(node.right, values, curves))
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func)
        function = curves[name] if name in curves else _FUNCTIONS[name]
        return function(*(_compute(each, values, curves) for each in node.args))
    if isinstance(node, ast.UnaryOp):
        return -_compute(node.operand, values, curves)
    if isinstance(node, ast.Name):
        return values[node.id]
    return cast(float, cast(ast.Constant, node).value)
