"""Compilation that SNMP and Modbus profiles share: names are resolved, units are checked."""

import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from agent.model import smi
from agent.model.catalogue import CATALOGUE, Kind, Metric
from agent.model.datatypes import NOTATION, REGISTERS, TEXTS
from agent.model.units import UNITS
from agent.parse.yaml_source import Key
from agent.profile.points import (
    Conversion,
    Identify,
    IndexPart,
    InfoField,
    Lookup,
)
from agent.profile.spec import (
    FromLookup,
    IdentifySpec,
    IdentitySpec,
    InfoSpec,
    PointSpec,
    RegisterMatchSpec,
    UnitFromLookup,
)


class CompileError(Exception):
    """A mistake at one key of one point; it always becomes a Problem.

    ``key`` is the place inside the point.
    """

    def __init__(self, key: Key, message: str) -> None:
        self.key = key
        super().__init__(message)


def register_at(
    written: int | str, table: str | None, base: int, key: str = "address"
) -> tuple[str | None, int]:
    """Return the table that a register's notation implies (else ``table``) and its address.

    Raises CompileError if the notation contradicts ``table``, or the register does not exist.
    """
    if isinstance(written, str):
        implied = NOTATION[written[0]]
        if table not in (None, implied):
            raise CompileError(
                (key,), f"{written!r} is a register of {implied}, but the table is {table}"
            )
        return implied, int(written[1:]) - 1
    if written < base:
        raise CompileError(
            (key,), f"register {written} does not exist: registers count from {base} here"
        )
    return table, written - base


def compile_identify(
    specs: IdentifySpec | list[IdentifySpec], base: int = 0
) -> tuple[Identify, ...]:
    """Return the rules by which the profile fits a device, in the order of the file."""
    return tuple(_rule(spec, base) for spec in (specs if isinstance(specs, list) else [specs]))


def _rule(spec: IdentifySpec | RegisterMatchSpec, base: int) -> Identify:
    table, address = _place(spec.address, spec.table, base)
    registers = Identify(
        address=address,
        table=table,
        count=(REGISTERS | TEXTS)[spec.data_type or "string"] or spec.count,
        data_type=spec.data_type,
        matches=expression(spec.matches),
    )
    if isinstance(spec, RegisterMatchSpec):
        return registers
    oids = spec.sys_object_id
    prefixes = [] if oids is None else [oids] if isinstance(oids, str) else oids
    return replace(
        registers,
        sys_object_ids=tuple(map(smi.oid, prefixes)),
        sys_descr=expression(spec.sys_descr),
        probe=smi.oid(spec.probe) if spec.probe else None,
        fallback=spec.fallback,
        also=tuple(_rule(other, base) for other in spec.also),
    )


def _place(written: int | str | None, table: str | None, base: int) -> tuple[str, int | None]:
    """Return table and 0-based address of a probe or of a field; None without a register."""
    if written is None:
        return table or "holding", None
    implied, address = register_at(written, table, base)
    return implied or "holding", address


def compile_info(spec: IdentitySpec, base: int = 0) -> dict[str, tuple[InfoField, ...]]:
    """Return the places of each field of the identity; the first that answers counts."""
    fields: dict[str, tuple[InfoField, ...]] = {}
    for name in ("vendor", "model", "serial", "firmware"):
        source: str | InfoSpec | list[InfoSpec] | None = getattr(spec, name)
        if isinstance(source, str):
            fields[name] = (InfoField(text=source),)
        elif isinstance(source, InfoSpec):
            fields[name] = (_info_field(source, base),)
        elif source is not None:
            fields[name] = tuple(_info_field(each, base) for each in source)
    return fields


def _info_field(spec: InfoSpec, base: int) -> InfoField:
    table, address = _place(spec.address, spec.table, base)
    dotted = spec.oid or spec.column
    return InfoField(
        oid=smi.oid(dotted) if dotted else None,
        column=spec.column is not None,
        by=smi.oid(spec.by) if spec.by else None,
        among=tuple(map(str, spec.among)),
        pattern=expression(spec.pattern),
        table=table,
        address=address,
        data_type=spec.data_type,
        byte_order=spec.byte_order or "ABCD",
        count=(REGISTERS | TEXTS)[spec.data_type] or spec.count,
    )


def expression(text: str | None) -> re.Pattern[str] | None:
    """Return the compiled regular expression; None for None."""
    return re.compile(text) if text is not None else None


def metric_of(name: str | None) -> Metric:
    """Return the metric, which the spec has checked. Raises CompileError if none is named."""
    if name is None:
        raise CompileError(("metric",), "required key 'metric' is missing")
    return CATALOGUE[name]


def templates(text: str) -> list[str]:
    """Return the names in a template. Raises ValueError for anything but plain ``{name}``."""
    names = []
    for _, name, form, conversion in string.Formatter().parse(text):
        if form or conversion:
            raise ValueError(f"write {{{name}}} alone, without a format")
        if name is not None:
            names.append(name)
    return names


def compile_labels(
    spec_labels: Mapping[str, str | int],
    metric: Metric,
    parts: Sequence[IndexPart],
    known: set[str],
) -> tuple[tuple[str, str], ...]:
    """Return label templates: of index parts that are labels, and of the profile's labels.

    Raises CompileError for a label that the metric does not have, or for a name in a template that
    is not ``known``.
    """
    labels = {part.name: f"{{{part.name}}}" for part in parts if part.is_label}
    labels.update({name: str(text) for name, text in spec_labels.items()})
    for name, text in labels.items():
        if name not in metric.labels:
            allowed = ", ".join(sorted(metric.labels))
            message = f"{metric.name} has no label {name!r}; it has {allowed}"
            raise CompileError(("labels", name) if name in spec_labels else ("index",), message)
        try:
            wanted = templates(text)
        except ValueError as error:
            raise CompileError(("labels", name), f"not a template: {error}") from None
        for inner in wanted:
            if inner not in known:
                message = f"{inner!r} in {text!r} is neither an index part nor a lookup"
                raise CompileError(("labels", name), message)
    return tuple(sorted(labels.items()))


def _fraction(value: float | str) -> Fraction:
    return Fraction(str(value))


def compile_conversion(
    spec: PointSpec, metric: Metric, lookups: Mapping[str, Lookup]
) -> Conversion:
    """Return the conversion from raw to base unit, with exact factors.

    Raises CompileError for an unknown lookup, no unit, or another quantity's unit.
    """
    for name in ("scale", "digits", "unit"):
        source = getattr(spec, name)
        if isinstance(source, FromLookup) and source.lookup not in lookups:
            raise CompileError((name, "lookup"), f"unknown lookup {source.lookup!r}")
    unit = spec.unit
    if metric.kind in (Kind.STATE, Kind.INFO):
        name = ""
    elif unit is None:
        if metric.unit:
            raise CompileError(
                ("unit",), f"required: the unit of the raw value (it becomes {metric.unit})"
            )
        name = ""
    elif isinstance(unit, UnitFromLookup) and unit.default is None:
        name = ""
    else:
        name = str(unit.default if isinstance(unit, UnitFromLookup) else unit)
        if UNITS[name].base != metric.unit:
            kept = f"is kept in {metric.unit}" if metric.unit else "has no unit"
            message = f"{name} is not a unit of {metric.name}, which {kept}"
            raise CompileError(("unit",), message)
    return Conversion(
        scale=Fraction(1) if isinstance(spec.scale, FromLookup) else _fraction(spec.scale),
        digits=spec.digits if isinstance(spec.digits, int) else 0,
        offset=_fraction(spec.offset),
        unit=name,
        scale_lookup=spec.scale.lookup if isinstance(spec.scale, FromLookup) else None,
        digits_lookup=spec.digits.lookup if isinstance(spec.digits, FromLookup) else None,
        unit_lookup=unit.lookup if isinstance(unit, FromLookup) else None,
    )


def check_states(spec: PointSpec, metric: Metric, *, as_is: bool = False) -> None:
    """Raise CompileError if a state has no names for its raw values, or if a number has."""
    if metric.kind is Kind.STATE and not spec.states and not as_is:
        raise CompileError(
            ("states",), f"required: {metric.name} is a state, so its raw values need names"
        )
    if metric.kind is not Kind.STATE and spec.states:
        raise CompileError(
            ("states",), f"{metric.name} is not a state; use 'values' to map raw values"
        )
