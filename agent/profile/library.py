"""The device library: profiles by name, built in, from plugins, and from the user's folders."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from agent.model.errors import ConfigError, Problem
from agent.parse.yaml_source import Document, load, nearest
from agent.profile.compile_modbus import Included, compile_modbus
from agent.profile.compile_snmp import compile_snmp
from agent.profile.points import Profile
from agent.profile.spec import FragmentSpec, SnmpFileSpec
from agent.profile.spec_modbus import (
    IncludeSpec,
    ModbusFileSpec,
    ModbusFragmentSpec,
    spec_for,
)

_Model = TypeVar("_Model", bound=BaseModel)

ENTRY_POINTS = "rackagent.profiles"


@dataclass(frozen=True, slots=True)
class Library:
    """The files of profiles and fragments; a profile is compiled at its first use, and kept."""

    profiles: Mapping[str, Path]
    fragments: Mapping[str, Path]
    _compiled: dict[str, Profile]
    own: frozenset[str] = frozenset()
    """Names of the profiles in the user's folders."""

    def names(self) -> list[str]:
        """Return every profile's name, sorted."""
        return sorted(self.profiles)

    def get(self, name: str) -> Profile:
        """Return the profile of this name. Raises ConfigError if it is unknown or invalid."""
        if name not in self._compiled:
            if name not in self.profiles:
                raise ConfigError(self.unknown(name))
            self._compiled[name] = self.load(self.profiles[name])
        return self._compiled[name]

    def unknown(self, name: str) -> str:
        """Return the error for an unknown name."""
        close = nearest(name, self.profiles)
        hint = f"did you mean {' or '.join(close)}?" if close else "see 'rackagent profiles list'"
        return f"unknown profile {name!r}; {hint}"

    def all(self) -> list[Profile]:
        """Return every profile, compiled; the user's first, as they win if two fit equally well.

        Raises ConfigError with the problems of all of them.
        """
        problems: list[Problem] = []
        found = []
        for name in sorted(self.profiles, key=lambda name: (name not in self.own, name)):
            try:
                found.append(self.get(name))
            except ConfigError as error:
                problems += error.problems
        if problems:
            raise ConfigError(dict.fromkeys(problems))
        return found

    def load(self, path: Path) -> Profile:
        """Compile one file; its includes come from this library or its folder."""
        document = load(path)
        kind = spec_for(document.data)
        if kind in (FragmentSpec, ModbusFragmentSpec):
            message = "is a fragment: it is included by profiles, not used alone"
            raise ConfigError([document.problem(("fragment",), message)])
        if kind is ModbusFileSpec:
            modbus, rest, problems = document.salvage(ModbusFileSpec, "points")
            problems += _misnamed(document, "profile", modbus.profile)
            return compile_modbus(
                rest, modbus, problems, self._registers(document, modbus, problems)
            )
        snmp, rest, problems = document.salvage(SnmpFileSpec, "points")
        problems += _misnamed(document, "profile", snmp.profile)
        fragments = self._included(document, snmp.include, problems)
        return compile_snmp(rest, snmp, fragments, problems)

    def _included(
        self, document: Document, names: Sequence[str], problems: list[Problem]
    ) -> list[tuple[Document, FragmentSpec]]:
        """Return the fragments without their broken points, which ``problems`` gets.

        Raises ConfigError if a whole fragment is missing, since its users cannot be checked.
        """
        found: list[tuple[Document, FragmentSpec]] = []
        for place, name in enumerate(names):
            try:
                path = self._fragment(document, place, name)
                fragment, rest, broken = _salvage(path, FragmentSpec)
            except ConfigError as error:
                problems += error.problems
            else:
                problems += broken + _misnamed(rest, "fragment", fragment.fragment)
                found.append((rest, fragment))
        if len(found) < len(names):
            raise ConfigError(problems)
        return found

    def _registers(
        self, document: Document, spec: ModbusFileSpec, problems: list[Problem]
    ) -> list[Included]:
        """Return the fragments of a register map, like ``_included``."""
        found: list[Included] = []
        for place, given in enumerate(spec.include):
            include = given if isinstance(given, IncludeSpec) else IncludeSpec(fragment=given)
            try:
                path = self._fragment(document, place, include.fragment)
                fragment, rest, broken = _salvage(path, ModbusFragmentSpec)
            except ConfigError as error:
                problems += error.problems
            else:
                problems += broken + _misnamed(rest, "fragment", fragment.fragment)
                found.append((rest, fragment, include))
        if len(found) < len(spec.include):
            raise ConfigError(problems)
        return found

    def _fragment(self, document: Document, place: int, name: str) -> Path:
        """Return the path of a fragment. Raises ConfigError at the include that names it."""
        path = self.fragments.get(name)
        if path is None:
            close = nearest(name, self.fragments) or sorted(self.fragments)
            message = f"unknown fragment {name!r}; there are {', '.join(close) or 'none'}"
            raise ConfigError([document.problem(("include", place), message)])
        return path


def _salvage(path: Path, model: type[_Model]) -> tuple[_Model, Document, list[Problem]]:
    return load(path).salvage(model, "points")


def _misnamed(document: Document, key: str, name: str) -> list[Problem]:
    stem = Path(document.file).stem
    if name == stem:
        return []
    message = f"{name!r} is in {stem}.yaml, and files are found by their names: rename one"
    return [document.problem((key,), message)]


def open_library(folders: Iterable[Path] = ()) -> Library:
    """Return the profiles of every installed package (entry points) and of ``folders``, which win.

    Raises ConfigError if a folder does not exist.
    """
    profiles: dict[str, Path] = {}
    fragments: dict[str, Path] = {}
    roots = [Path(str(files(point.value))) for point in entry_points(group=ENTRY_POINTS)]
    theirs = len(roots)
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError([Problem(str(folder), 0, "", "is not a folder of profiles")])
        roots.append(folder)
    own: set[str] = set()
    for place, root in enumerate(roots):
        for path in sorted(root.rglob("*.yaml")):
            target = fragments if path.parent.name == "fragments" else profiles
            target[path.stem] = path
            if place >= theirs:
                own.add(path.stem)
    return Library(profiles, fragments, {}, frozenset(own))
