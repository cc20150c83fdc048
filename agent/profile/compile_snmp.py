"""Compilation of SNMP profiles: YAML to points, with columns, lookups and cases."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from agent.model import smi
from agent.model.catalogue import CATALOGUE
from agent.model.errors import ConfigError, Problem
from agent.parse.yaml_source import Document
from agent.profile.compile import (
    CompileError,
    check_states,
    compile_conversion,
    compile_identify,
    compile_info,
    compile_labels,
    expression,
    metric_of,
    templates,
)
from agent.profile.field_types import Scalar
from agent.profile.points import (
    Conversion,
    IndexPart,
    InfoField,
    Lookup,
    Matcher,
    Profile,
    SearchStep,
    SnmpPoint,
)
from agent.profile.spec import (
    FragmentSpec,
    FromLookup,
    LookupSpec,
    PointCase,
    SnmpFileSpec,
    SnmpPointSpec,
)

_SLOW_S = 300.0
Part = tuple[Document, SnmpFileSpec | FragmentSpec]


def compile_snmp(
    document: Document,
    spec: SnmpFileSpec,
    fragments: Sequence[tuple[Document, FragmentSpec]],
    known: Sequence[Problem] = (),
) -> Profile:
    """Compile an SNMP profile, with the points of its fragments behind its own.

    Raises ConfigError with every problem of the file and its fragments, ``known`` ones included.
    """
    parts: list[Part] = [(document, spec), *fragments]
    problems = list(known)
    lookups = _lookups(parts, problems)
    points: list[SnmpPoint] = []
    info: dict[str, tuple[InfoField, ...]] = {}
    open_ended: dict[tuple[bytes, int | None], SnmpPoint] = {}
    for part, content in parts:
        for place, point in enumerate(content.points):
            try:
                made = list(_snmp_points(point, lookups, len(points)))
                points += made
                _refuse_shadowed(made, open_ended)
            except CompileError as fault:
                problems.append(part.problem(("points", place, *fault.key), str(fault)))
        for field, source in compile_info(content.info).items():
            info.setdefault(field, source)
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
        identify=compile_identify(spec.identify),
        limits=spec.limits,
        notes=spec.notes or "",
        driver=spec.driver,
    )


def _lookups(parts: Sequence[Part], problems: list[Problem]) -> dict[str, Lookup]:
    lookups: dict[str, Lookup] = {}
    for part, content in parts:
        for name, lookup in content.lookups.items():
            if name in lookups:
                message = f"lookup {name!r} is defined twice (another included file has it)"
                problems.append(part.problem(("lookups", name), message))
            lookups[name] = _lookup(name, lookup)
    return lookups


def _lookup(name: str, spec: LookupSpec) -> Lookup:
    dotted = spec.column or spec.scalar
    return Lookup(
        name=name,
        oid=smi.oid(dotted) if dotted else b"",
        scalar=spec.scalar is not None,
        index=tuple(spec.index) if spec.index is not None else None,
        map=spec.map,
        pattern=expression(spec.pattern),
        default=spec.default,
        interval_s=_SLOW_S if spec.interval is None else spec.interval,
        otherwise=spec.otherwise,
        part=spec.part,
        form=spec.form if isinstance(spec.form, str) else None,
        form_lookup=spec.form.lookup if isinstance(spec.form, FromLookup) else None,
        search=tuple(SearchStep(s.value, s.column, tuple(s.prefixes.items())) for s in spec.search),
        gives=tuple(spec.gives),
    )


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
            raise CompileError((key, name), f"{name!r} is neither an index part nor a lookup")
    try:
        return tuple((name, _matcher(values)) for name, values in where.items())
    except re.error as error:
        raise CompileError((key,), f"not a regular expression: {error}") from None


def _index_parts(index: Sequence[str] | None) -> tuple[IndexPart, ...] | None:
    if index is None:
        return None
    parts: list[IndexPart] = []
    for place, text in enumerate(index):
        name, _, form = text.partition(":")
        if form not in ("", "string", "rest"):
            message = f"{form!r} is not an index form; use 'string' or 'rest'"
            raise CompileError(("index", place), message)
        if any(part.name == name for part in parts):
            raise CompileError(("index", place), f"index part {name!r} occurs twice")
        if form == "rest" and place + 1 < len(index):
            raise CompileError(
                ("index", place), f"{text!r} takes all that is left, so it must be last"
            )
        parts.append(IndexPart(name, form or "number"))
    return tuple(parts)


def _snmp_points(
    spec: SnmpPointSpec, lookups: Mapping[str, Lookup], number: int
) -> Iterator[SnmpPoint]:
    if spec.cases is None:
        yield _snmp_point(spec, lookups, number)
    for place, case in enumerate(spec.cases or ()):
        try:
            yield _snmp_point(_merged(spec, case), lookups, number + place)
        except CompileError as fault:
            raise CompileError(("cases", place, *fault.key), str(fault)) from None


def _merged(spec: SnmpPointSpec, case: PointCase) -> SnmpPointSpec:
    """Return the point with the fields that the case overrides."""
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
    metric = CATALOGUE["rack_device_info"] if skip else metric_of(spec.metric)
    if not skip:
        check_states(spec, metric, as_is=spec.text is not None)
    labels = () if skip else compile_labels(spec.labels, metric, parts or (), known)
    conversion = Conversion() if skip else compile_conversion(spec, metric, lookups)
    where = _matchers(spec.where, "where", known)
    good = _matchers(spec.good, "good", known)
    used = [name for _, text in labels for name in templates(text)]
    used += [name for name, _ in (*where, *good)]
    used += conversion.lookups
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
        pattern=expression(spec.pattern),
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
    """Return ``names`` and every lookup that they depend on, once each.

    Raises CompileError if one depends on itself or on something that the point does not have.
    """
    own = {part.name for part in parts or ()}
    wanted: dict[str, None] = {}

    def add(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise CompileError(
                (), f"lookup {name!r} depends on itself: {' -> '.join((*path, name))}"
            )
        wanted[name] = None
        for need in lookups[name].needs:
            if need in lookups:
                add(need, (*path, name))
            elif need == lookups[name].otherwise:
                raise CompileError((), f"lookup {name!r} names the unknown lookup {need!r}")
            elif need not in own:
                message = f"lookup {name!r} needs the index part {need!r}, which this point lacks"
                raise CompileError(("index",), message)

    for name in names:
        add(name, ())
    return tuple(wanted)


def _refuse_shadowed(
    points: Iterable[SnmpPoint], open_ended: dict[tuple[bytes, int | None], SnmpPoint]
) -> None:
    """Raise CompileError for a point without rows because an earlier one has them all."""
    for point in points:
        key = (point.oid, point.bit)
        earlier = open_ended.get(key)
        if earlier is not None:
            text = smi.dotted(point.oid)
            message = f"points overlap: an earlier point reads {text} ({earlier.metric.name})"
            raise CompileError(("oid",), f"{message}; distinguish them with 'where'")
        if not point.where:
            open_ended[key] = point
