"""Types of the values in a profile's YAML: OIDs, patterns, units, metrics, addresses, ranges."""

import re
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    Strict,
)

from agent.model import smi
from agent.model.catalogue import CATALOGUE
from agent.model.datatypes import REGISTERS, TEXTS
from agent.model.units import UNITS
from agent.parse.yaml_errors import nearest


def _oid(text: str) -> str:
    smi.oid(text)
    return text.removeprefix(".")


def _regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return text


def _group(text: str) -> str:
    if not re.compile(_regex(text)).groups:
        raise ValueError(f"{text!r} has no group: put the wanted part in parentheses")
    return text


def _unit(name: str) -> str:
    if name not in UNITS:
        close = nearest(name, [known for known in UNITS if known])
        known = ", ".join(sorted(unit for unit in UNITS if unit))
        hint = f"did you mean {' or '.join(close)}?" if close else f"known units: {known}"
        raise ValueError(f"unknown unit {name!r}; {hint}")
    return name


def _metric(name: str) -> str:
    if name not in CATALOGUE:
        close = nearest(name, CATALOGUE)
        hint = f"did you mean {' or '.join(close)}?" if close else "see agent/model/catalogue.py"
        raise ValueError(f"unknown metric {name!r}; {hint}")
    return name


def _data_type(name: str) -> str:
    if name in TEXTS:
        raise ValueError(f"{name} is text for the identity ('info'), not a value")
    return _known_type(name, list(REGISTERS))


def _info_type(name: str) -> str:
    return _known_type(name, [*REGISTERS, *TEXTS])


def _known_type(name: str, known: list[str]) -> str:
    if name not in known:
        close = nearest(name, known)
        hint = f"did you mean {' or '.join(close)}?" if close else f"use {', '.join(known)}"
        raise ValueError(f"unknown data type {name!r}; {hint}")
    return name


def _address(written: object) -> object:
    if isinstance(written, str):
        if not _NOTATION.fullmatch(written) or not 1 <= int(written[1:]) <= 65536:
            raise ValueError(
                f"{written!r} is not a register: write its number, or '40001' (in quotes; the first"
                " digit is the table: 0 coil, 1 discrete, 3 input, 4 holding) to count from 1"
            )
    elif isinstance(written, bool) or not isinstance(written, int):
        raise ValueError(f"must be a whole number, not {written!r}")
    elif not 0 <= written <= 65535:
        bound = "at least 0" if written < 0 else "at most 65535"
        raise ValueError(f"must be {bound}, not {written}")
    return written


def _slug(text: str) -> str:
    if not _SLUG.fullmatch(text):
        raise ValueError(f"{text!r} is not a name: lower-case letters, digits, '.', '_' and '-'")
    return text


def _label_name(text: str) -> str:
    if not _LABEL_NAME.fullmatch(text):
        raise ValueError(f"{text!r} is not a label's name: lower-case letters, digits and '_'")
    return text


def _range(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise ValueError(f"the lower bound {bounds[0]:g} is above the upper bound {bounds[1]:g}")
    return bounds


_NOTATION = re.compile(r"[0134]\d{4,5}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]*")
_LABEL_NAME = re.compile(r"[a-z][a-z0-9_]*")

Oid = Annotated[str, AfterValidator(_oid), Field(description="dotted OID")]
Regex = Annotated[str, AfterValidator(_regex)]
UnitName = Annotated[str, AfterValidator(_unit), Field(description="unit as the datasheet says")]
MetricName = Annotated[str, AfterValidator(_metric)]
GroupRegex = Annotated[str, AfterValidator(_group)]
DataType = Annotated[str, AfterValidator(_data_type)]
InfoType = Annotated[str, AfterValidator(_info_type)]
Address = Annotated[
    int | str,
    BeforeValidator(_address, json_schema_input_type=int | str),
    Field(
        description="register as on the wire, from 0 (from 1 with 'address_base: 1'), or text such"
        " as '40001': first digit the table, then from 1"
    ),
]
Slug = Annotated[
    str,
    AfterValidator(_slug),
    Field(description="lower-case name", json_schema_extra={"pattern": f"^{_SLUG.pattern}$"}),
]
LabelName = Annotated[str, AfterValidator(_label_name)]
Scalar = int | float | str
Bounds = Annotated[tuple[float, float], Strict(False), AfterValidator(_range)]
Pair = Annotated[tuple[int, int], Strict(False), AfterValidator(_range)]
ByteOrder = Literal["ABCD", "CDAB", "BADC", "DCBA"]
Pairs = Annotated[tuple[Pair, ...], Strict(False)]


def _fraction(value: float | str) -> float | str:
    try:
        Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{value!r} is not a number or a fraction such as 1/1024") from None
    return value


def _not_zero(value: float | str) -> float | str:
    if not Fraction(str(value)):
        raise ValueError("must not be 0: every value would be")
    return value


Number = Annotated[int | float | str, AfterValidator(_fraction)]
Factor = Annotated[Number, AfterValidator(_not_zero)]
Digits = Annotated[int, Field(ge=-30, le=30)]
