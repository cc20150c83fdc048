"""YAML files with line numbers: load, validate with pydantic, and report every problem at once.

Scalars follow the YAML 1.2 core schema (``on`` and ``no`` are words, not booleans), because state
names and country codes are words.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from agent.errors import ConfigError, Problem

_Model = TypeVar("_Model", bound=BaseModel)
Step = str | int | float | bool | None
Key = tuple[Step, ...]

_MAX_BYTES = 4 * 1024 * 1024


class _Loader(yaml.SafeLoader):
    """SafeLoader with the YAML 1.2 core schema for booleans, numbers and null."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
    (
        "float",
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)$",
        "-+0123456789.",
    ),
    ("null", r"^(?:~|null|Null|NULL|)$", "~nN\0"),
    ("merge", r"^<<$", "<"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first)
    )
_Loader.yaml_implicit_resolvers.setdefault("", []).append(
    ("tag:yaml.org,2002:null", re.compile(r"^$"))
)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed YAML mapping; ``lines`` knows the line (from 1) of every key path."""

    file: str
    data: Mapping[str, Any]
    lines: Mapping[Key, int]

    def line(self, key: Iterable[Step]) -> int:
        """The line of ``key``, or of its nearest ancestor that has one."""
        path = tuple(key)
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return self.lines.get((), 0)

    def problem(self, key: Iterable[Step], message: str) -> Problem:
        """A problem at ``key``, with this file's name and the key's line."""
        path = tuple(key)
        return Problem(self.file, self.line(path), spell(path), message)

    def validate(self, model: type[_Model]) -> _Model:
        """The document as a ``model``. Raises ConfigError with every problem found."""
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            found = [self._explain(model, detail) for detail in error.errors()]
            raise ConfigError(dict.fromkeys(found)) from None

    def _explain(self, model: type[BaseModel], detail: ErrorDetails) -> Problem:
        path = self._known_path(detail["loc"])
        message = detail["msg"].removeprefix("Value error, ")
        kind = detail["type"]
        if kind == "extra_forbidden":
            key = str(detail["loc"][-1])
            message = f"unknown key {key!r}{_nearest(key, _siblings(model, detail['loc']))}"
        elif kind == "missing":
            message = f"required key {str(detail['loc'][-1])!r} is missing"
        elif kind not in ("value_error", "assertion_error"):
            given = detail.get("input")
            shown = repr(given) if isinstance(given, str | int | float | bool) else None
            message = f"{message[0].lower()}{message[1:]}" + (f", not {shown}" if shown else "")
        return self.problem(path, message)

    def _known_path(self, loc: Iterable[Step]) -> Key:
        """``loc`` without what pydantic adds (union tags, validators): only steps the data has."""
        path: list[Step] = []
        node: Any = self.data
        for step in loc:
            if isinstance(node, Mapping) and step in node:
                path.append(step)
                node = node[step]
            elif isinstance(node, list) and isinstance(step, int) and step < len(node):
                path.append(step)
                node = node[step]
        return tuple(path)


def spell(key: Iterable[Step]) -> str:
    """``("racks", 0, "name")`` as ``racks[0].name``."""
    text = ""
    for step in key:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """Up to three of ``known`` that look like ``word``."""
    return difflib.get_close_matches(word, list(known), n=3, cutoff=0.5)


def _nearest(word: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = nearest(word, names)
    if close:
        return f"; did you mean {' or '.join(map(repr, close))}?"
    return f"; known keys: {', '.join(names)}" if names else ""


def _siblings(model: type[BaseModel], loc: tuple[str | int, ...]) -> set[str]:
    """The keys that may stand where the unknown one stood."""
    models: set[type[BaseModel]] = {model}
    for step in loc[:-1]:
        if isinstance(step, int):
            continue
        fields = [field for m in models for n, field in _named(m) if n == step]
        found = {inner for field in fields for inner in _models_in(field.annotation)}
        models = found or {m for m in models if m.__name__ == step} or models
    return {name for m in models for name, _ in _named(m)}


def _named(model: type[BaseModel]) -> Iterable[tuple[str, FieldInfo]]:
    return ((field.alias or name, field) for name, field in model.model_fields.items())


def _models_in(annotation: Any) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {found for part in get_args(annotation) for found in _models_in(part)}


def load(path: Path) -> Document:
    """Read ``path`` as one YAML mapping.

    Raises ConfigError when the file is missing, a directory, empty, too large, not UTF-8, not
    YAML, not a mapping, or repeats a key.
    """
    name = str(path)
    try:
        if path.is_dir():
            raise ConfigError([Problem(name, 0, "", "is a directory; name a YAML file in it")])
        if path.stat().st_size > _MAX_BYTES:
            raise ConfigError([Problem(name, 0, "", f"is larger than {_MAX_BYTES} bytes")])
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError([Problem(name, 0, "", "no such file")]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(name, 0, "", f"is not UTF-8 text: {error.reason}")]) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError([Problem(name, 0, "", f"cannot be read: {reason}")]) from None
    return parse(text, name)


def parse(text: str, name: str) -> Document:
    """``text`` as one YAML mapping; ``name`` stands in the errors. Raises ConfigError."""
    try:
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
            if root is None:
                raise ConfigError([Problem(name, 0, "", "is empty")])
            if not isinstance(root, yaml.MappingNode):
                message = "must be a mapping (lines of 'key: value') at the top"
                raise ConfigError([Problem(name, root.start_mark.line + 1, "", message)])
            builder = _Builder(loader, name)
            data = builder.build(root, ())
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ConfigError([Problem(name, line, "", f"is not YAML: {error.problem}")]) from None
    except yaml.YAMLError as error:
        raise ConfigError([Problem(name, 0, "", f"is not YAML: {error}")]) from None
    if builder.problems:
        raise ConfigError(builder.problems)
    return Document(name, data, builder.lines)


class _Builder:
    """Turns YAML nodes into plain data and remembers where each key stood."""

    def __init__(self, loader: _Loader, name: str) -> None:
        self._loader = loader
        self._name = name
        self.lines: dict[Key, int] = {}
        self.problems: list[Problem] = []

    def build(self, node: yaml.Node, path: Key) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, n)) for n, item in enumerate(node.value)]
        return self._loader.construct_object(node)

    def _mapping(self, node: yaml.MappingNode, path: Key) -> dict[Any, Any]:
        written = [key.value for key, _ in node.value if key.value != "<<"]
        for word in sorted({word for word in written if written.count(word) > 1}):
            lines = [key.start_mark.line + 1 for key, _ in node.value if key.value == word]
            message = f"key {word!r} stands twice (lines {', '.join(map(str, lines))})"
            self.problems.append(Problem(self._name, lines[-1], spell((*path, word)), message))
        self._loader.flatten_mapping(node)
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = self._loader.construct_object(key_node)
            if not isinstance(key, str | int | float | bool) and key is not None:
                line = key_node.start_mark.line + 1
                self.problems.append(Problem(self._name, line, spell(path), "keys must be words"))
                continue
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            result[key] = self.build(value_node, (*path, key))
        return result
