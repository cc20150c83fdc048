"""Compilation of Modbus profiles: YAML to points, with includes, groups and overlaps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from agent.model.errors import ConfigError, Problem
from agent.parse.yaml_source import Document, Key
from agent.profile.compile import CompileError, compile_identify, compile_info
from agent.profile.compile_registers import compile_point
from agent.profile.points import (
    Identify,
    InfoField,
    ModbusPoint,
    Profile,
)
from agent.profile.spec import ProfileLimits
from agent.profile.spec_modbus import (
    IncludeSpec,
    ModbusFileSpec,
    ModbusFragmentSpec,
    ModbusPointSpec,
)

_ADDRESSES = 65536  # Modbus Application Protocol V1.1b3 section 4.4

Included = tuple[Document, ModbusFragmentSpec, IncludeSpec]
"""A fragment, and how a profile includes it."""


def compile_modbus(
    document: Document,
    spec: ModbusFileSpec,
    known: tuple[Problem, ...] | list[Problem] = (),
    fragments: Sequence[Included] = (),
) -> Profile:
    """Compile a Modbus profile; ``fragments`` are the ones it includes, in order.

    Raises ConfigError with every problem of the file, ``known`` ones included.
    """
    base = spec.defaults.address_base
    limits = spec.limits.counted_from(base)
    found = _Map(limits, list(known))
    for place, point in enumerate(spec.points):
        found.add(document, place, point, spec)
    for scope, (other, fragment, include) in enumerate(fragments, 1):
        for place, point in enumerate(fragment.points):
            found.add(other, place, point, fragment, include, scope)
    points = found.finish()
    info: dict[str, tuple[InfoField, ...]] = {}
    identify: tuple[Identify, ...] = ()
    try:
        info = compile_info(spec.info, base)
    except CompileError as fault:
        found.problems.append(document.problem(("info", *fault.key), str(fault)))
    try:
        identify = compile_identify(spec.identify, base)
    except CompileError as fault:
        found.problems.append(document.problem(("identify", *fault.key), str(fault)))
    if found.problems:
        raise ConfigError(found.problems)
    return Profile(
        name=spec.profile,
        title=spec.title,
        kind=spec.kind,
        protocol="modbus",
        verified=spec.verified,
        source=spec.source,
        file=document.file,
        points=points,
        info=info,
        identify=identify,
        limits=limits,
        serial=spec.serial,
        has_serial_line="serial" in spec.model_fields_set,
        quirks=spec.quirks,
        notes=spec.notes or "",
        driver=spec.driver,
    )


@dataclass(slots=True)
class _Entry:
    """A compiled point, and its place in the file."""

    document: Document
    key: Key
    point: ModbusPoint
    name: str | None
    group: tuple[int, str] | None
    """The number of its file (0: the profile itself, else an include), and its name there."""


@dataclass(slots=True)
class _Map:
    """A collector of the points of a profile."""

    limits: ProfileLimits
    problems: list[Problem]
    entries: list[_Entry] = field(default_factory=list)
    taken: "_Taken" = field(default_factory=lambda: _Taken())

    def add(
        self,
        document: Document,
        place: int,
        spec: ModbusPointSpec,
        file: ModbusFileSpec | ModbusFragmentSpec,
        include: IncludeSpec | None = None,
        scope: int = 0,
    ) -> None:
        """Compile one entry of a map; its mistakes are added to ``problems``."""
        key = ("points", place)
        group = (scope, spec.group) if spec.group else None
        offset, labels = (include.offset, include.labels) if include else (0, None)
        try:
            for name, point in compile_point(spec, file.defaults, self.limits, offset, labels):
                self.taken.add(point)
                entry = _Entry(document, key, point, name, group)
                self.entries.append(entry)
        except CompileError as fault:
            self.problems.append(document.problem((*key, *fault.key), str(fault)))

    def finish(self) -> tuple[ModbusPoint, ...]:
        """Return the points, numbered, with their parts, and derived ones resolved."""
        self._resolve()
        groups: dict[tuple[int, str], list[_Entry]] = {}
        for entry in self.entries:
            if entry.group is not None:
                groups.setdefault(entry.group, []).append(entry)
        for number, entry in enumerate(self.entries):
            members = groups[entry.group] if entry.group is not None else [entry]
            try:
                part = self._part(entry, [member.point for member in members])
            except CompileError as fault:
                problem = entry.document.problem((*entry.key, *fault.key), str(fault))
                self.problems.append(problem)
            else:
                entry.point = replace(entry.point, number=number, part=part)
        return tuple(entry.point for entry in self.entries)

    def _resolve(self) -> None:
        """Resolve the names in derivations: each must be known, and read in every cycle."""
        names: dict[str, _Entry] = {}
        for entry in self.entries:
            if entry.name is None:
                continue
            if entry.name in names:
                message = f"an earlier point is named {entry.name!r} too"
                self.problems.append(entry.document.problem((*entry.key, "name"), message))
            names.setdefault(entry.name, entry)
        behind: set[str] = {name for name, entry in names.items() if entry.point.derived}
        for entry in self.entries:
            if entry.point.derived is None:
                continue
            inputs: list[int] = []
            for name in entry.point.derived.names:
                source = names.get(name)
                if source is None or name in behind:
                    why = "is derived further down" if source else "is no point's 'name'"
                    key = (*entry.key, "derive")
                    self.problems.append(entry.document.problem(key, f"{name!r} {why}"))
                    continue
                if source.point.states:
                    key = (*entry.key, "derive")
                    self.problems.append(
                        entry.document.problem(key, f"{name!r} is a state, not a number")
                    )
                source.point = replace(source.point, interval_s=0.0)
                inputs.append(self.entries.index(source))
            entry.point = replace(entry.point, inputs=tuple(inputs))
            behind.discard(entry.name or "")
        self._check_hidden()

    def _check_hidden(self) -> None:
        """Report points without a series that nothing is derived from."""
        used = {number for entry in self.entries for number in entry.point.inputs}
        for number, entry in enumerate(self.entries):
            if entry.point.hidden and number not in used:
                message = f"no point is derived from {entry.name!r}; give it a 'metric'"
                self.problems.append(entry.document.problem((*entry.key, "name"), message))

    def _part(self, entry: _Entry, members: Iterable[ModbusPoint]) -> tuple[int, int]:
        """Return the part that is read together with a point. Raises CompileError if impossible."""
        point = entry.point
        if point.derived is not None:
            return (0, 0)
        ends: list[int] = []
        for member in members:
            if member.table != point.table:
                message = f"its members are in {member.table} and in {point.table}"
                raise CompileError(("group",), message)
            ends += [member.address, member.address + member.count]
            if member.scale_register is not None:
                ends += [member.scale_register, member.scale_register + 1]
        first, stop = min(ends), max(ends)
        bits = point.table in ("coil", "discrete")
        most = self.limits.bits_max if bits else self.limits.registers_max
        key = ("group",) if entry.group else ("scale_register",)
        if first < 0 or stop > _ADDRESSES:
            raise CompileError(key, f"register {first if first < 0 else stop - 1} does not exist")
        if stop - first > most:
            raise CompileError(
                key, f"{stop - first} registers are more than the {most} of one read"
            )
        for low, high in self.limits.forbidden:
            if low < stop and first <= high:
                message = f"registers {low} to {high} are never read (limits.forbidden)"
                raise CompileError(key if len(ends) > 2 else ("address",), message)
        return (first, stop - first)


@dataclass(slots=True)
class _Taken:
    """The registers and series of earlier points."""

    registers: dict[tuple[str, int], list[ModbusPoint]] = field(default_factory=dict)
    series: set[tuple[str, tuple[tuple[str, str], ...]]] = field(default_factory=set)

    def add(self, point: ModbusPoint) -> None:
        """Raise CompileError if ``point`` reads registers in another way, or repeats a series."""
        if point.address < 0:
            raise CompileError(("address",), f"register {point.address} does not exist")
        if point.address + point.count > _ADDRESSES:
            raise CompileError(("address",), f"runs past register {_ADDRESSES - 1}")
        for address in range(point.address, point.address + point.count):
            others = self.registers.setdefault((point.table, address), [])
            for other in others:
                if not _may_share(other, point):
                    message = f"{point.table} register {address} is already {other.metric.name}"
                    raise CompileError(("address",), f"points overlap: {message}")
            others.append(point)
        if point.hidden:
            return
        key = (point.metric.name, point.labels)
        if key in self.series:
            labels = ", ".join(f"{name}={value}" for name, value in point.labels)
            name = f"{point.metric.name}{{{labels}}}"
            raise CompileError(
                (), f"points overlap: an earlier point is {name} too; give it a label"
            )
        self.series.add(key)


def _may_share(one: ModbusPoint, other: ModbusPoint) -> bool:
    """Return whether two points may share registers: of the same ones they use different bits."""
    return (one.address, one.count) == (other.address, other.count) and not (
        _mask(one) & _mask(other)
    )


def _mask(point: ModbusPoint) -> int:
    """Return the bits of its registers that a point uses, the first register's high byte first."""
    if "int8" in point.data_type:
        shift, width = (8 if point.data_type.endswith("high") else 0), 8
    else:
        shift, width = 0, 16 * point.count
    if point.bit is not None:
        shift, width = shift + point.bit, point.bits
    return ((1 << width) - 1) << shift
