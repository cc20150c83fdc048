"""Definitions of OIDs in MIB files: names, units, enumerations, indexes.

pysmi parses; names are resolved here, so that a file can be used without the modules it imports.
The common roots (RFC 2578 section 4, RFC 1213) are built in.
"""

import errno
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.model import smi
from agent.model.errors import ConfigError, Problem
from agent.parse.plain_file import read_plain

_ROOTS = {
    "ccitt": "0",
    "zeroDotZero": "0.0",
    "iso": "1",
    "org": "1.3",
    "dod": "1.3.6",
    "internet": "1.3.6.1",
    "directory": "1.3.6.1.1",
    "mgmt": "1.3.6.1.2",
    "mib-2": "1.3.6.1.2.1",
    "system": "1.3.6.1.2.1.1",
    "interfaces": "1.3.6.1.2.1.2",
    "transmission": "1.3.6.1.2.1.10",
    "experimental": "1.3.6.1.3",
    "private": "1.3.6.1.4",
    "enterprises": "1.3.6.1.4.1",
    "security": "1.3.6.1.5",
    "snmpV2": "1.3.6.1.6",
    "snmpModules": "1.3.6.1.6.3",
}
_TRUTH_VALUE = {1: "true", 2: "false"}  # RFC 2579
_AUGMENTS = 8  # the only clause that pysmi leaves without its keyword
_DEPTH_MAX = 64
_FILE_MAX = 16_000_000
_PLACE = re.compile(r"line (\d+)")


@dataclass(frozen=True, slots=True)
class MibObject:
    """One OBJECT-TYPE. ``index`` names the columns that index its table, of a row or a column."""

    name: str
    oid: bytes
    module: str
    description: str = ""
    units: str = ""
    hint: str = ""
    enums: Mapping[int, str] = field(default_factory=dict)
    writable: bool = False
    is_text: bool = False
    index: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mibs:
    """Objects by OID and by name, and the problems of unusable files."""

    objects: Mapping[bytes, MibObject] = field(default_factory=dict)
    names: Mapping[str, MibObject] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def of(self, instance: bytes) -> MibObject | None:
        """Return the object that ``instance`` is one of: the longest OID it begins with."""
        for end in range(len(instance), 0, -1):
            found = self.objects.get(instance[:end])
            if found is not None:
                return found
        return None


def read_mibs(files: Iterable[Path]) -> Mibs:
    """Return the objects that ``files`` define; of a folder every file is read.

    A file that cannot be parsed is one of the problems. Raises ConfigError if a file cannot be
    read, or pysmi is not installed.
    """
    declarations: list[_Module] = []
    problems: list[Problem] = []
    parse = _parser()
    for file in _unfold(files):
        try:
            declarations += [_Module(module[0], module[-1] or ()) for module in parse(file)]
        except _Unparsable as fault:
            problems.append(Problem(str(file), fault.line, "", str(fault)))
    objects = {each.oid: each for each in _Resolver(declarations).objects()}
    return Mibs(objects, {each.name: each for each in objects.values()}, tuple(problems))


def _unfold(files: Iterable[Path]) -> Iterator[Path]:
    for file in files:
        if file.is_dir():
            yield from sorted(each for each in file.iterdir() if each.is_file())
        else:
            yield file


class _Unparsable(Exception):
    """A file that pysmi cannot parse as a MIB."""

    def __init__(self, message: str) -> None:
        found = _PLACE.search(message)
        self.line = int(found[1]) if found else 0
        super().__init__(f"cannot be parsed as a MIB: {message}")


def _parser() -> Any:
    """Return a function from a file to its modules as pysmi's tuples."""
    try:
        from pysmi.error import PySmiError
        from pysmi.parser.dialect import smi_v1_relaxed
        from pysmi.parser.smi import parserFactory
    except ImportError:
        raise ConfigError("MIB files need pysmi: pip install 'rackagent[mibs]'") from None
    make = parserFactory(**smi_v1_relaxed)

    def parse(file: Path) -> Any:
        try:
            text = read_plain(file, _FILE_MAX).decode("utf-8", errors="replace")
        except OSError as error:
            if error.errno == errno.EFBIG:
                raise _Unparsable(str(error.strerror)) from None
            problem = Problem(str(file), 0, "", f"cannot read: {error.strerror}")
            raise ConfigError([problem]) from None
        try:
            return make().parse(text)
        except PySmiError as error:
            raise _Unparsable(str(error)) from None

    return parse


@dataclass(frozen=True, slots=True)
class _Module:
    """A module's name and its declarations: tuples whose first member is their kind."""

    name: str
    declarations: Sequence[tuple[Any, ...]]


class _Resolver:
    """A resolver of names and types over all modules."""

    def __init__(self, modules: Sequence[_Module]) -> None:
        self._modules = modules
        self._nodes: dict[str, tuple[Any, ...]] = {}
        self._types: dict[str, tuple[Any, ...]] = {}
        self._rows: dict[str, tuple[Any, ...]] = {}
        for module in modules:
            for declaration in filter(None, module.declarations):
                name = declaration[1]
                if declaration[0] == "typeDeclaration":
                    self._types[name] = declaration[2]
                    continue
                place = _part(declaration, "objectIdentifier")
                if place is not None and declaration[0] != "trapTypeClause":
                    self._nodes.setdefault(name, tuple(place))
                if declaration[0] == "objectTypeClause":
                    self._rows[name] = declaration

    def objects(self) -> Iterator[MibObject]:
        """Yield every OBJECT-TYPE whose OID is known, with the index of its row."""
        for module in self._modules:
            for declaration in filter(None, module.declarations):
                if declaration[0] != "objectTypeClause":
                    continue
                dotted = self._oid(declaration[1])
                if dotted is not None:
                    yield self._object(module.name, declaration, dotted)

    def _object(self, module: str, declaration: tuple[Any, ...], dotted: str) -> MibObject:
        enums, hint, is_text = self._meaning(declaration[2])
        access = str(_part(declaration, "MaxAccessPart") or "")
        return MibObject(
            name=declaration[1],
            oid=smi.oid(dotted),
            module=module,
            description=" ".join(str(_part(declaration, "DESCRIPTION") or "").split()),
            units=str(_part(declaration, "UNITS") or "").strip(),
            hint=hint,
            enums=enums,
            writable="write" in access or access == "read-create",
            is_text=is_text,
            index=self._index(declaration),
        )

    def _oid(self, name: str, depth: int = 0) -> str | None:
        """Return the dotted OID; None if it depends on a name that no file defines."""
        if name in _ROOTS:
            return _ROOTS[name]
        steps = self._nodes.get(name)
        if steps is None or depth > _DEPTH_MAX:
            return None
        arcs: list[str] = []
        for step in steps:
            if isinstance(step, tuple):
                arcs.append(str(step[-1]))
            elif isinstance(step, int):
                arcs.append(str(step))
            else:
                parent = self._oid(str(step), depth + 1)
                if parent is None:
                    return None
                arcs = [parent]
        return ".".join(arcs)

    def _meaning(self, syntax: object, depth: int = 0) -> tuple[dict[int, str], str, bool]:
        """Return enumeration, DISPLAY-HINT and whether it is text, through textual conventions."""
        if not isinstance(syntax, tuple) or depth > _DEPTH_MAX:
            return {}, "", False
        for part in syntax[2:]:
            if isinstance(part, tuple) and part and part[0] == "enumSpec":
                return {int(number): str(name) for name, number in part[1]}, "", False
        base = str(syntax[1]) if len(syntax) > 1 and isinstance(syntax[1], str) else ""
        if base == "TruthValue":
            return dict(_TRUTH_VALUE), "", False
        convention = self._types.get(base)
        if convention is None:
            return {}, "", "String" in base or base == "OCTET STRING"
        hint = str(_part(convention, "DISPLAY-HINT") or "")
        inner = next(
            (p for p in convention if isinstance(p, tuple) and p and p[0] == "SimpleSyntax"), None
        )
        enums, deeper, is_text = self._meaning(inner, depth + 1)
        return enums, hint or deeper, is_text

    def _index(self, declaration: tuple[Any, ...]) -> tuple[str, ...]:
        """Return the names of the index of its row, or of the row of its column."""
        place = _part(declaration, "objectIdentifier")
        parent = place[0] if place and isinstance(place[0], str) else ""
        for _ in range(_DEPTH_MAX):
            found = _part(declaration, "INDEX")
            if found is not None:
                return tuple(str(name) for _, name in found)
            augmented = declaration[_AUGMENTS]
            following = augmented if isinstance(augmented, str) else parent
            parent = ""
            if following not in self._rows:
                return ()
            declaration = self._rows[following]
        return ()


def _part(declaration: tuple[Any, ...], tag: str) -> Any:
    """Return the value of the clause ``tag`` of a declaration; None without one."""
    for part in declaration[1:]:
        if isinstance(part, tuple) and len(part) > 1 and part[0] == tag:
            return part[1]
    return None
