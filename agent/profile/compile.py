"""Profile YAML to compiled points: resolve names, check units, refuse overlaps, name every fault."""

import re
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from agent import smi
from agent.catalogue import CATALOGUE, Kind, Metric
from agent.datatypes import REGISTERS
from agent.document import Document, Key, nearest
from agent.errors import ConfigError, Problem
from agent.profile.points import (
    Conversion,
    Identify,
    IndexPart,
    InfoField,
    Lookup,
    Matcher,
    ModbusPoint,
    Profile,
    ProfileLimits,
    SerialLine,
    SnmpPoint,
)
from agent.profile.spec import (
    Case,
    FragmentSpec,
    FromLookup,
    IdentifySpec,
    IdentitySpec,
    InfoSpec,
    LookupSpec,
    ModbusFileSpec,
    ModbusPointSpec,
    PointSpec,
    Scalar,
    SnmpFileSpec,
    SnmpPointSpec,
    UnitFromLookup,
)
from agent.units import UNITS

_SLOW_S = 300.0


class _Fault(Exception):  # noqa: N818 - a private signal, always turned into a Problem
    """One thing wrong with one key of one point."""

    def __init__(self, key: Key, message: str) -> None:
        self.key = key
        super().__init__(message)


def compile_snmp(
    document: Document, spec: SnmpFileSpec, fragments: Sequence[tuple[Document, FragmentSpec]]
) -> Profile:
    """An SNMP profile with the points of its fragments behind its own.

    Raises ConfigError with every problem of the file and its fragments.
    """
    problems: list[Problem] = []
    lookups: dict[str, Lookup] = {}
    points: list[SnmpPoint] = []
    info: dict[str, tuple[InfoField, ...]] = {}
    parts: list[tuple[Document, SnmpFileSpec | FragmentSpec]] = [(document, spec), *fragments]
    for part, content in parts:
        for name, lookup in content.lookups.items():
            if name in lookups:
                message = f"lookup {name!r} is defined twice (another included file has it)"
                problems.append(part.problem(("lookups", name), message))
            lookups[name] = _lookup(name, lookup)
    for part, content in parts:
        for place, point in enumerate(content.points):
            try:
                points += _snmp_points(point, lookups, len(points))
            except _Fault as fault:
                problems.append(part.problem(("points", place, *fault.key), str(fault)))
        for field, source in _info(content.info).items():
            info.setdefault(field, source)
    problems += _shadowed(document, points)
    if problems:
        raise ConfigError(problems)
    return Profile(
        name=spec.profile,
        title=spec.title,
        kind=spec.kind,
        protocol="snmp",
        verified=spec.verified,
        source=spec.source,
        file=document.file,
        points=tuple(points),
        lookups=lookups,
        info=info,
        identify=_identify(spec.identify),
        limits=_limits(spec),
        notes=spec.notes or "",
        driver=spec.driver,
    )


def compile_modbus(document: Document, spec: ModbusFileSpec) -> Profile:
    """A Modbus profile. Raises ConfigError with every problem of the file."""
    problems: list[Problem] = []
    points: list[ModbusPoint] = []
    places: list[int] = []
    for place, point in enumerate(spec.points):
        try:
            made = _modbus_points(point, spec, len(points))
        except _Fault as fault:
            problems.append(document.problem(("points", place, *fault.key), str(fault)))
            continue
        points += made
        places += [place] * len(made)
    problems += _overlaps(document, points, places)
    if problems:
        raise ConfigError(problems)
    serial = spec.serial
    return Profile(
        name=spec.profile,
        title=spec.title,
        kind=spec.kind,
        protocol="modbus",
        verified=spec.verified,
        source=spec.source,
        file=document.file,
        points=tuple(points),
        info=_info(spec.info),
        identify=_identify(spec.identify),
        limits=_limits(spec),
        serial=SerialLine(serial.baudrate, serial.parity, serial.stopbits, tuple(serial.units)),
        notes=spec.notes or "",
        driver=spec.driver,
    )


def _limits(spec: SnmpFileSpec | ModbusFileSpec) -> ProfileLimits:
    limits = spec.limits
    return ProfileLimits(
        registers_max=limits.registers_max,
        gap_max=limits.gap_max,
        forbidden=tuple(limits.forbidden),
        oids_max=limits.oids_max,
        repetitions_max=limits.repetitions_max,
    )


def _identify(specs: IdentifySpec | list[IdentifySpec]) -> tuple[Identify, ...]:
    return tuple(map(_rule, specs if isinstance(specs, list) else [specs]))


def _rule(spec: IdentifySpec) -> Identify:
    oids = spec.sys_object_id
    prefixes = [] if oids is None else [oids] if isinstance(oids, str) else oids
    return Identify(
        sys_object_ids=tuple(map(smi.oid, prefixes)),
        sys_descr=_expression(spec.sys_descr),
        probe=smi.oid(spec.probe) if spec.probe else None,
        fallback=spec.fallback,
        address=spec.address,
        table=spec.table or "holding",
        count=spec.count,
        matches=_expression(spec.matches),
    )


def _info(spec: IdentitySpec) -> dict[str, tuple[InfoField, ...]]:
    fields: dict[str, tuple[InfoField, ...]] = {}
    for name in ("vendor", "model", "serial", "firmware"):
        source: str | InfoSpec | list[InfoSpec] | None = getattr(spec, name)
        if isinstance(source, str):
            fields[name] = (InfoField(text=source),)
        elif isinstance(source, InfoSpec):
            fields[name] = (_info_field(source),)
        elif source is not None:
            fields[name] = tuple(map(_info_field, source))
    return fields


def _info_field(spec: InfoSpec) -> InfoField:
    dotted = spec.oid or spec.column
    return InfoField(
        oid=smi.oid(dotted) if dotted else None,
        column=spec.column is not None,
        pattern=_expression(spec.pattern),
        table=spec.table or "holding",
        address=spec.address,
        data_type=spec.data_type,
        byte_order=spec.byte_order or "ABCD",
        count=REGISTERS.get(spec.data_type, 0) or spec.count,
    )


def _lookup(name: str, spec: LookupSpec) -> Lookup:
    dotted = spec.column or spec.scalar
    return Lookup(
        name=name,
        oid=smi.oid(dotted) if dotted else b"",
        scalar=spec.scalar is not None,
        index=tuple(spec.index) if spec.index is not None else None,
        map=spec.map,
        pattern=_expression(spec.pattern),
        default=spec.default,
        interval_s=_SLOW_S if spec.interval is None else spec.interval,
        otherwise=spec.otherwise,
        part=spec.part,
    )


def _expression(text: str | None) -> re.Pattern[str] | None:
    return re.compile(text) if text is not None else None


def _matcher(values: Sequence[Scalar] | Scalar) -> Matcher:
    listed = [values] if isinstance(values, int | float | str) else values
    exact = frozenset(str(v) for v in listed if not str(v).startswith("~"))
    patterns = tuple(re.compile(str(v)[1:]) for v in listed if str(v).startswith("~"))
    return Matcher(exact, patterns)


def _matchers(
    where: Mapping[str, Sequence[Scalar] | Scalar], key: str, known: Iterable[str]
) -> tuple[tuple[str, Matcher], ...]:
    names = set(known)
    for name in where:
        if name not in names:
            raise _Fault((key, name), f"{name!r} is neither an index part nor a lookup")
    try:
        return tuple((name, _matcher(values)) for name, values in where.items())
    except re.error as error:
        raise _Fault((key,), f"not a regular expression: {error}") from None


def _metric(name: str | None) -> Metric:
    if name is None:
        raise _Fault(("metric",), "required key 'metric' is missing")
    if name not in CATALOGUE:
        close = nearest(name, CATALOGUE)
        hint = f"; did you mean {' or '.join(close)}?" if close else "; see agent/catalogue.py"
        raise _Fault(("metric",), f"unknown metric {name!r}{hint}")
    return CATALOGUE[name]


def _templates(text: str) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]


def _labels(
    spec_labels: Mapping[str, str | int],
    metric: Metric,
    parts: Sequence[IndexPart],
    known: set[str],
) -> tuple[tuple[str, str], ...]:
    labels = {part.name: f"{{{part.name}}}" for part in parts if part.is_label}
    labels.update({name: str(text) for name, text in spec_labels.items()})
    for name, text in labels.items():
        if name not in metric.labels:
            allowed = ", ".join(sorted(metric.labels))
            message = f"{metric.name} has no label {name!r}; it has {allowed}"
            raise _Fault(("labels", name) if name in spec_labels else ("index",), message)
        try:
            wanted = _templates(text)
        except ValueError as error:
            raise _Fault(("labels", name), f"not a template: {error}") from None
        for inner in wanted:
            if inner not in known:
                message = f"{inner!r} in {text!r} is neither an index part nor a lookup"
                raise _Fault(("labels", name), message)
    return tuple(sorted(labels.items()))


def _fraction(value: float | str) -> Fraction:
    return Fraction(str(value))


def _conversion(spec: PointSpec, metric: Metric, lookups: Mapping[str, Lookup]) -> Conversion:
    for name in ("scale", "digits", "unit"):
        source = getattr(spec, name)
        if isinstance(source, FromLookup) and source.lookup not in lookups:
            raise _Fault((name, "lookup"), f"no lookup is named {source.lookup!r}")
    unit = spec.unit
    if metric.kind in (Kind.STATE, Kind.INFO):
        name = ""
    elif unit is None:
        if metric.unit:
            raise _Fault(
                ("unit",), f"required: the unit of the raw value, which ends as {metric.unit}"
            )
        name = ""
    elif isinstance(unit, UnitFromLookup) and unit.default is None:
        name = ""
    else:
        name = str(unit.default if isinstance(unit, UnitFromLookup) else unit)
        if UNITS[name].base != metric.unit:
            message = f"{name} is not a unit of {metric.name}, which is kept in {metric.unit or 'no unit'}"
            raise _Fault(("unit",), message)
    return Conversion(
        scale=Fraction(1) if isinstance(spec.scale, FromLookup) else _fraction(spec.scale),
        digits=spec.digits if isinstance(spec.digits, int) else 0,
        offset=_fraction(spec.offset),
        unit=name,
        scale_lookup=spec.scale.lookup if isinstance(spec.scale, FromLookup) else None,
        digits_lookup=spec.digits.lookup if isinstance(spec.digits, FromLookup) else None,
        unit_lookup=unit.lookup if isinstance(unit, FromLookup) else None,
    )


def _check_states(spec: PointSpec, metric: Metric, *, as_is: bool = False) -> None:
    if metric.kind is Kind.STATE and not spec.states and not as_is:
        raise _Fault(
            ("states",), f"required: {metric.name} is a state, so its raw values need names"
        )
    if metric.kind is not Kind.STATE and spec.states:
        raise _Fault(("states",), f"{metric.name} is not a state; use 'values' to map raw values")


def _index_parts(index: Sequence[str] | None) -> tuple[IndexPart, ...] | None:
    if index is None:
        return None
    parts = []
    for text in index:
        name, _, form = text.partition(":")
        if form not in ("", "string", "rest"):
            raise _Fault(("index",), f"{form!r} is not an index form; use 'string' or 'rest'")
        parts.append(IndexPart(name, form or "number"))
    return tuple(parts)


def _snmp_points(
    spec: SnmpPointSpec, lookups: Mapping[str, Lookup], number: int
) -> list[SnmpPoint]:
    if spec.cases is None:
        return [_snmp_point(spec, lookups, number)]
    points = []
    for place, case in enumerate(spec.cases):
        try:
            points.append(_snmp_point(_merged(spec, case), lookups, number + place))
        except _Fault as fault:
            raise _Fault(("cases", place, *fault.key), str(fault)) from None
    return points


def _merged(spec: SnmpPointSpec, case: Case) -> SnmpPointSpec:
    """The point with what the case says laid over it."""
    given = {
        name: getattr(case, name)
        for name in ("metric", "scale", "unit", "states", "values", "absent", "valid")
        if getattr(case, name) is not None
    }
    given["labels"] = {**spec.labels, **case.labels}
    given["where"] = {**spec.where, **case.where}
    given["cases"] = []
    return spec.model_copy(update=given)


def _snmp_point(spec: SnmpPointSpec, lookups: Mapping[str, Lookup], number: int) -> SnmpPoint:
    parts = _index_parts(spec.index)
    known = {part.name for part in parts or ()} | set(lookups)
    skip = spec.metric is None and spec.cases is not None
    metric = CATALOGUE["rack_device_info"] if skip else _metric(spec.metric)
    if not skip:
        _check_states(spec, metric, as_is=spec.text is not None)
    labels = () if skip else _labels(spec.labels, metric, parts or (), known)
    conversion = Conversion() if skip else _conversion(spec, metric, lookups)
    where = _matchers(spec.where, "where", known)
    good = _matchers(spec.good, "good", known)
    used = [name for _, text in labels for name in _templates(text)]
    used += [name for name, _ in (*where, *good)]
    used += [conversion.scale_lookup or "", conversion.digits_lookup or ""]
    used += [conversion.unit_lookup or ""]
    wanted = _with_needs([name for name in used if name in lookups], lookups, parts)
    low, high = spec.valid or (metric.low, metric.high)
    return SnmpPoint(
        number=number,
        metric=metric,
        labels=labels,
        conversion=conversion,
        states=spec.states,
        values=spec.values,
        absent=frozenset(spec.absent),
        low=low,
        high=high,
        pattern=_expression(spec.pattern),
        interval_s=spec.interval or 0.0,
        fallback=spec.fallback,
        as_is=spec.text is not None,
        oid=smi.oid(spec.oid),
        index=parts,
        where=where,
        good=good,
        bit=spec.bit,
        skip=skip,
        lookups=wanted,
    )


def _with_needs(
    names: Sequence[str], lookups: Mapping[str, Lookup], parts: tuple[IndexPart, ...] | None
) -> tuple[str, ...]:
    """``names`` and every lookup they lean on, once each.

    Raises _Fault where one leans on something the point has not, or on itself.
    """
    own = {part.name for part in parts or ()}
    wanted: dict[str, None] = {}

    def add(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise _Fault((), f"lookup {name!r} leans on itself: {' -> '.join((*path, name))}")
        wanted[name] = None
        for need in lookups[name].needs:
            if need in lookups:
                add(need, (*path, name))
            elif need == lookups[name].otherwise:
                raise _Fault((), f"lookup {name!r} names {need!r}, and no lookup has that name")
            elif need not in own:
                message = f"lookup {name!r} needs the index part {need!r}, which this point has not"
                raise _Fault(("index",), message)

    for name in names:
        add(name, ())
    return tuple(wanted)


def _shadowed(document: Document, points: Sequence[SnmpPoint]) -> list[Problem]:
    """Points that can never get a row because an earlier one takes them all."""
    problems = []
    open_ended: dict[tuple[bytes, int | None], SnmpPoint] = {}
    for point in points:
        key = (point.oid, point.bit)
        earlier = open_ended.get(key)
        if earlier is not None:
            message = (
                f"points overlap: {earlier.metric.name} and {point.metric.name} both read"
                f" {smi.dotted(point.oid)}; tell them apart with 'where'"
            )
            problems.append(document.problem(("points",), message))
        elif not point.where:
            open_ended[key] = point
    return problems


def _modbus_points(spec: ModbusPointSpec, file: ModbusFileSpec, number: int) -> list[ModbusPoint]:
    first = _modbus_point(spec, file, number)
    width = spec.step or first.count
    points = []
    for turn in range(spec.repeat or 1):
        labels = first.labels
        if spec.repeat_label and spec.repeat:
            if spec.repeat_label not in first.metric.labels:
                allowed = ", ".join(sorted(first.metric.labels))
                message = (
                    f"{first.metric.name} has no label {spec.repeat_label!r}; it has {allowed}"
                )
                raise _Fault(("repeat_label",), message)
            labels = tuple(sorted({**dict(labels), spec.repeat_label: str(turn + 1)}.items()))
        moved = replace(first, address=first.address + turn * width, labels=labels)
        points += _flags(spec, moved) if spec.bits else [moved]
    return [replace(point, number=number + place) for place, point in enumerate(points)]


def _flags(spec: ModbusPointSpec, point: ModbusPoint) -> list[ModbusPoint]:
    flags = []
    for bit, name in (spec.bits or {}).items():
        if not 0 <= bit < 16 * point.count:
            raise _Fault(("bits", bit), f"bit {bit} is outside 0..{16 * point.count - 1}")
        extra = {"alarm": name} if isinstance(name, str) else name
        for label in extra:
            if label not in point.metric.labels:
                raise _Fault(("bits", bit), f"{point.metric.name} has no label {label!r}")
        labels = tuple(sorted({**dict(point.labels), **extra}.items()))
        flags.append(replace(point, bit=bit, labels=labels))
    return flags


def _modbus_point(spec: ModbusPointSpec, file: ModbusFileSpec, number: int) -> ModbusPoint:
    metric = _metric(spec.metric)
    if metric.kind is Kind.INFO:
        raise _Fault(("metric",), f"{metric.name} is not a number; use 'info' for the identity")
    _check_states(spec, metric)
    table = spec.table or file.defaults.table
    data_type = spec.data_type or (
        "bool" if table in ("coil", "discrete") else file.defaults.data_type
    )
    if data_type not in REGISTERS:
        close = nearest(data_type, REGISTERS) or sorted(REGISTERS)
        raise _Fault(("data_type",), f"unknown data type {data_type!r}; did you mean {close[0]!r}?")
    count = REGISTERS[data_type] or spec.count
    if count is None:
        raise _Fault(("count",), "required: how many registers the string takes")
    low, high = spec.valid or (metric.low, metric.high)
    return ModbusPoint(
        number=number,
        metric=metric,
        labels=_labels(spec.labels, metric, (), set()),
        conversion=_conversion(spec, metric, {}),
        states=spec.states,
        values=spec.values,
        absent=frozenset(spec.absent),
        low=low,
        high=high,
        pattern=_expression(spec.pattern),
        interval_s=spec.interval or 0.0,
        fallback=spec.fallback,
        as_is=False,
        table=table,
        address=spec.address,
        data_type=data_type,
        byte_order=spec.byte_order or file.defaults.byte_order,
        count=count,
        bit=spec.bit,
    )


def _overlaps(
    document: Document, points: Sequence[ModbusPoint], places: Sequence[int]
) -> list[Problem]:
    """Points that read the same registers in two ways, and series that would stand twice."""
    problems = []
    taken: dict[tuple[str, int], ModbusPoint] = {}
    series: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}
    for point, place in zip(points, places, strict=True):
        key = (point.metric.name, point.labels)
        if key in series and not point.fallback:
            labels = ", ".join(f"{name}={value}" for name, value in point.labels)
            message = f"points overlap: {point.metric.name}{{{labels}}} is already read by an earlier point"
            problems.append(document.problem(("points", place), message))
        series[key] = place
        if point.address + point.count > 65536:
            problems.append(
                document.problem(("points", place, "address"), "runs past register 65535")
            )
        for address in range(point.address, point.address + point.count):
            other = taken.setdefault((point.table, address), point)
            same_flags = (
                other.bit is not None
                and point.bit is not None
                and other.bit != point.bit
                and (other.address, other.count) == (point.address, point.count)
            )
            if other is not point and not same_flags:
                message = f"points overlap: {point.table} register {address} is already {other.metric.name}"
                problems.append(document.problem(("points", place, "address"), message))
                break
    return problems
