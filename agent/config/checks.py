"""Checks of a site file beyond its schema: references between its parts, and readable secrets.

The checks work on the parsed YAML and not on the models, so that a schema error in one place
(reported by the models) does not hide an error in another.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agent.config.spec import Secret, SecretSource
from agent.model.catalogue import RESERVED_LABELS
from agent.model.errors import ConfigError, Problem
from agent.parse.url import parse_url
from agent.parse.yaml_source import Document, Key
from agent.profile.library import Library, open_library

_SECRET = TypeAdapter[str | SecretSource](Secret)
_SECRET_MAX = 64 * 1024
_V3_SECRET_MIN = 8  # RFC 3414 section 11.2


@dataclass(slots=True)
class Findings:
    """Results of the checks. ``secrets`` maps the key of each secret to its text."""

    library: Library
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    secrets: dict[Key, str] = field(default_factory=dict)


def _is_variable(name: str) -> bool:
    return name.isascii() and name.isidentifier() and name == name.upper()


def cross_check(document: Document, environment: Mapping[str, str]) -> Findings:
    """Check the references within ``document`` and to the files and variables it names.

    Problems are collected in the result, not raised.
    """
    base = Path(document.file).parent
    folders, problems = _folders(document, base)
    checks = _Checks(document, environment, base, Findings(open_library(folders), problems))
    checks.credentials()
    checks.racks()
    checks.stimuli()
    return checks.found


def _folders(document: Document, base: Path) -> tuple[list[Path], list[Problem]]:
    folders, problems = [], []
    for key, folder in _children(document.data.get("profiles"), ("profiles",)):
        if isinstance(folder, str):
            if (base / folder).is_dir():
                folders.append(base / folder)
            else:
                message = f"{folder!r} is not a folder; profiles are read from {base}/{folder}"
                problems.append(document.problem(key, message))
    return folders, problems


def _children(node: Any, key: Key) -> Iterator[tuple[Key, Any]]:
    """Yield the items of a list or the values of a mapping, each with its key; else nothing."""
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(node, Mapping):
        pairs = node.items()
    elif isinstance(node, list):
        pairs = enumerate(node)
    for step, child in pairs:
        yield (*key, step), child


def _mappings(node: Any, key: Key) -> Iterator[tuple[Key, Mapping[Any, Any]]]:
    return ((place, child) for place, child in _children(node, key) if isinstance(child, Mapping))


class _Checks:
    """The checks of one parsed file. They skip nodes of the wrong type: the models report them."""

    def __init__(
        self, document: Document, environment: Mapping[str, str], base: Path, found: Findings
    ) -> None:
        self._document = document
        self._environment = environment
        self._base = base
        self._seen: dict[tuple[str, str], Key] = {}
        self.found = found

    def _add_problem(self, key: Key, message: str) -> None:
        self.found.problems.append(self._document.problem(key, message))

    def credentials(self) -> None:
        """Read every secret; check the length of those of SNMP v3."""
        broker = self._document.data.get("mqtt")
        if isinstance(broker, Mapping) and broker.get("password") is not None:
            self._secret(("mqtt", "password"), broker["password"])
        for key, spec in _mappings(self._document.data.get("credentials"), ("credentials",)):
            self._secret((*key, "community"), spec.get("community"))
            for part in ("auth", "priv"):
                if isinstance(spec.get(part), Mapping):
                    place = (*key, part, "secret")
                    text = self._secret(place, spec[part].get("secret"))
                    if text and len(text) < _V3_SECRET_MIN:
                        message = f"SNMP v3 secrets have at least {_V3_SECRET_MIN} characters"
                        self._add_problem(place, message)

    def _secret(self, key: Key, written: Any) -> str:
        try:
            source = _SECRET.validate_python(written)
        except ValidationError:
            return ""
        text = source if isinstance(source, str) else self._from_outside(key, source)
        if isinstance(source, str) and source != "public":
            message = "the secret is written in the file; use {env: NAME} or {file: PATH}"
            self.found.warnings.append(str(self._document.problem(key, message)))
        self.found.secrets[key] = text
        return text

    def _from_outside(self, key: Key, source: SecretSource) -> str:
        if source.env is not None:
            value = self._environment.get(source.env)
            if not value:
                how = "not set" if value is None else "empty"
                # A secret that was written instead of a name is not repeated.
                name = (
                    f"environment variable {source.env}"
                    if _is_variable(source.env)
                    else ("the environment variable that it names")
                )
                self._add_problem((*key, "env"), f"{name} is {how}")
            return value or ""
        path = self._base / str(source.file)
        try:
            with path.open(encoding="utf-8") as stream:
                text = stream.read(_SECRET_MAX).rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8 text"
            self._add_problem((*key, "file"), f"secret file {path} cannot be read: {reason}")
            return ""
        if not text:
            self._add_problem((*key, "file"), f"secret file {path} is empty")
        return text

    def racks(self) -> None:
        """Check that names are unique, profiles and credentials exist, labels are not reserved."""
        for key, rack in _mappings(self._document.data.get("racks"), ("racks",)):
            self._unique("rack", rack.get("name"), (*key, "name"))
            self._labels(rack.get("labels"), (*key, "labels"))
            for place, device in _mappings(rack.get("devices"), (*key, "devices")):
                self._unique("device", device.get("name"), (*place, "name"))
                self._labels(device.get("labels"), (*place, "labels"))
                self._known_credentials(device.get("credentials"), (*place, "credentials"))
                self._profile(device.get("profile"), device.get("url"), (*place, "profile"))

    def stimuli(self) -> None:
        """Check that writes are confirmed and that their devices accept them."""
        urls = {
            device["name"]: device.get("url")
            for key, rack in _mappings(self._document.data.get("racks"), ("racks",))
            for _, device in _mappings(rack.get("devices"), (*key, "devices"))
            if isinstance(device.get("name"), str)
        }
        for key, entry in _mappings(self._document.data.get("stimuli"), ("stimuli",)):
            if entry.get("confirmed", False) is False:
                message = (
                    "this writes to a device: check what it does to the rack, then add"
                    " 'confirmed: true' here"
                )
                self._add_problem((*key, "confirmed"), message)
            write = entry.get("write")
            if isinstance(write, Mapping):
                self._write(write, urls, (*key, "write"))

    def _write(self, write: Mapping[Any, Any], urls: Mapping[str, Any], key: Key) -> None:
        name = write.get("device")
        if not isinstance(name, str):
            return
        if name not in urls:
            known = f"there are: {', '.join(sorted(urls))}" if urls else "no device is configured"
            self._add_problem((*key, "device"), f"unknown device {name!r}; {known}")
            return
        try:
            url = parse_url(str(urls[name]))
        except ConfigError:
            return
        place = (*key, "device")
        if url.protocol == "snmp":
            if "register" in write:
                self._add_problem(place, f"{name} speaks snmp; give 'oid', 'type' and 'value'")
        elif "oid" in write:
            self._add_problem(place, f"{name} speaks modbus; give 'register' and 'value'")
        elif url.scheme != "modbus+tcp":
            self._add_problem(
                place, f"{name} is on {url.scheme}; registers are written by modbus+tcp only"
            )
        elif url.unit == 0:
            self._add_problem(
                place, f"{name} is unit 0, which addresses every unit; put one unit in its URL"
            )

    def _unique(self, what: str, name: Any, key: Key) -> None:
        if not isinstance(name, str):
            return
        first = self._seen.setdefault((what, name), key)
        if first != key:
            line = self._document.line(first)
            self._add_problem(key, f"duplicate {what} name {name!r}, first defined in line {line}")

    def _labels(self, labels: Any, key: Key) -> None:
        for place, _ in _children(labels, key):
            if place[-1] in RESERVED_LABELS:
                self._add_problem(place, f"label {place[-1]!r} is reserved; choose another name")

    def _known_credentials(self, name: Any, key: Key) -> None:
        defined = self._document.data.get("credentials")
        known = sorted(map(str, defined)) if isinstance(defined, Mapping) else []
        if isinstance(name, str) and name not in known:
            defined_ones = f"there are: {', '.join(known)}" if known else "none are defined"
            self._add_problem(key, f"unknown credentials {name!r}; {defined_ones}")

    def _profile(self, name: Any, url: Any, key: Key) -> None:
        if not isinstance(name, str) or name == "auto":
            return
        try:
            profile = self.found.library.get(name)
        except ConfigError as error:
            if error.problems:
                self.found.problems += error.problems
            else:
                self._add_problem(key, str(error))
            return
        try:
            address = parse_url(str(url))
        except ConfigError:
            return
        if profile.protocol != address.protocol:
            message = f"{name} speaks {profile.protocol}, but the URL is {address.scheme}"
            self._add_problem(key, message)
