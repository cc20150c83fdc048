"""Raw values as a datasheet writes them (0x8000, -1, -999.9) to what the registers decode to."""

import contextlib
import math
import struct
from collections.abc import Mapping
from typing import TypeVar

from agent.parse.yaml_source import Key
from agent.profile.compile import CompileError
from agent.profile.points import ModbusPoint, Scalar

_T = TypeVar("_T")

_FLOATS: Mapping[str, tuple[str, int]] = {
    "float16": (">e", 16),
    "float32": (">f", 32),
    "float64": (">d", 64),
}


def width_of(data_type: str, count: int) -> int:
    """Return the number of bits of a value of ``data_type`` in ``count`` registers."""
    if data_type == "bool":
        return 1
    return 8 if "int8" in data_type else 16 * count


def absent_values(key: Key, written: list[Scalar], point: ModbusPoint) -> frozenset[Scalar]:
    """Return the decoded values that mean "no value", for the whole value of the registers.

    An integer may be written as a number or as its bit pattern; a float is rounded to its type.
    Raises CompileError for what the type can never hold.
    """
    found: set[Scalar] = set()
    for place, value in enumerate(written):
        found.update(_decoded((*key, place), value, point.data_type, point.count))
    return frozenset(found)


def raw_keys(
    key: Key, table: Mapping[Scalar, _T] | None, point: ModbusPoint, bits: int | None = None
) -> Mapping[Scalar, _T] | None:
    """Return ``table`` (states, values) by decoded values; ``bits`` is how many bits are picked.

    Raises CompileError for a raw value that can never occur.
    """
    if table is None:
        return None
    found: dict[Scalar, _T] = {}
    for value, meaning in table.items():
        where = (*key, str(value))
        if bits is None:
            decoded = _decoded(where, value, point.data_type, point.count)[0]
        else:
            number = _whole(where, value, point.data_type)
            if not 0 <= number < 1 << bits:
                raise CompileError(where, f"{value} never occurs: {bits} bits hold 0 to"
                                          f" {(1 << bits) - 1}")  # fmt: skip
            decoded = number
        if decoded in found:
            raise CompileError(where, f"{value} is the same raw value as an earlier one, {decoded}")
        found[decoded] = meaning
    return found


def _decoded(key: Key, value: Scalar, data_type: str, count: int) -> tuple[Scalar, ...]:
    """Return the values of ``data_type`` that ``value`` may mean, its plain reading first."""
    if data_type.startswith("string"):
        return (value,)
    if data_type in _FLOATS:
        return _floats(key, value, data_type)
    number = _whole(key, value, data_type)
    width = width_of(data_type, count)
    if data_type.startswith("bcd"):
        if not 0 <= number < 10 ** (width // 4):
            raise CompileError(
                key,
                f"{value} never occurs: {data_type} holds 0 to {10 ** (width // 4) - 1}, and"
                " registers with other digits have no value anyway",
            )
        return (number,)
    low, high = -(1 << width - 1), (1 << width) - 1
    signed = data_type.startswith("int")
    if not (low if data_type != "bool" else 0) <= number <= high:
        least, most = (low, -low - 1) if signed else (0, high)
        raise CompileError(
            key,
            f"{value} never occurs: {data_type} holds {least} to {most}, or patterns up to"
            f" {high:#x}",
        )
    if signed:
        return (number - (1 << width) if number > -low - 1 else number,)
    return (number + (1 << width) if number < 0 else number,)


def _whole(key: Key, value: Scalar, data_type: str) -> int:
    if isinstance(value, str):
        raise CompileError(key, f"{value!r} is text, but {data_type} is a number; no quotes")
    if not math.isfinite(value) or value != int(value):
        raise CompileError(key, f"{value} never occurs: {data_type} holds whole numbers")
    return int(value)


def _floats(key: Key, value: Scalar, data_type: str) -> tuple[Scalar, ...]:
    layout, width = _FLOATS[data_type]
    if isinstance(value, str):
        raise CompileError(key, f"{value!r} is text, but {data_type} is a number; no quotes")
    found: list[float] = []
    if isinstance(value, int) and 0 <= value < 1 << width:
        pattern: float = struct.unpack(layout, value.to_bytes(width // 8, "big"))[0]
        found = [pattern]
    # A pattern such as 0x7F7FFFFF of a float32 may be too large as a number of a float16.
    with contextlib.suppress(OverflowError):
        found.insert(0, struct.unpack(layout, struct.pack(layout, value))[0])
    finite = tuple(number for number in found if math.isfinite(number))
    if not finite:
        raise CompileError(
            key, f"{value} never occurs: what is no finite {data_type} has no value anyway"
        )
    return finite
