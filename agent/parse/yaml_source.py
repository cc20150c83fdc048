"""YAML files with line numbers: load, validate with pydantic, and report every problem at once.

Scalars follow the YAML 1.2 core schema (``on`` and ``no`` are words, not booleans), because state
names and country codes are words. Files of JSON, which the agent itself wrote, become documents
as well.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from agent.model.errors import ConfigError, Problem
from agent.parse.plain_file import read_plain
from agent.parse.yaml_errors import Key, Step, explain, may_be_secret, nearest

__all__ = ["Document", "Key", "Step", "load", "load_json", "nearest", "parse", "spell"]

_Model = TypeVar("_Model", bound=BaseModel)

MAX_BYTES = 4 * 1024 * 1024
_MAX_NODES = 200_000  # a few nested anchors can expand to millions
_MAX_DEPTH = 100  # libyaml's composer recurses in C: at 25,000 levels the process dies
_MISFITS = (ValueError, TypeError, KeyError, AttributeError, OverflowError)
"""Errors of PyYAML's constructors for a tag that does not fit, as in ``!!int abc``."""
_TOO_DEEP = f"is nested more than {_MAX_DEPTH} levels deep; write it flatter"


class _Loader(yaml.CSafeLoader):
    """libyaml's safe loader with the YAML 1.2 core schema for booleans, numbers and null."""


_CORE_SCHEMA = (  # YAML 1.2.2 section 10.3.2: tag, what it looks like, how it may start
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+0123456789."),
    ("null", r"^(?:~|null|Null|NULL)$", "~nN"),
    ("null", r"^$", ("",)),
    ("merge", r"^<<$", "<"),  # merge keys of YAML 1.1, which are in common use
)
_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in _CORE_SCHEMA:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), [*_first])


def _integer(loader: _Loader, node: yaml.ScalarNode) -> int:
    """Parse an integer; ``010`` is ten, not eight as in YAML 1.1. Raises ValueError."""
    text = loader.construct_scalar(node)
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed YAML mapping; ``lines`` knows the line (from 1) of every key path."""

    file: str
    data: Mapping[str, Any]
    lines: Mapping[Key, int]
    kept: Sequence[int] | None = None
    """The former places of the items of a salvaged list; see ``salvage``."""

    def line(self, key: Iterable[Step]) -> int:
        """Return the line of ``key``, or of its nearest ancestor that has one."""
        path = tuple(key)
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return self.lines.get((), 0)

    def problem(self, key: Iterable[Step], message: str) -> Problem:
        """Return a problem at ``key``, with this file's name and the key's line."""
        path = tuple(key)
        if self.kept is not None and len(path) > 1 and isinstance(path[1], int):
            path = (path[0], self.kept[path[1]], *path[2:])
        return Problem(self.file, self.line(path), spell(path), message)

    def validate(self, model: type[_Model]) -> _Model:
        """Return the document as a ``model``, with relative paths resolved in the file's folder.

        Raises ConfigError with every problem found.
        """
        try:
            context = {"document": self, "folder": Path(self.file).parent}
            return model.model_validate(self.data, context=context)
        except ValidationError as error:
            raise ConfigError(self._problems(model, error)) from None

    def salvage(self, model: type[_Model], items: str) -> tuple[_Model, "Document", list[Problem]]:
        """Return the document as a ``model`` without the broken ones of the list ``items``.

        The valid items can then be checked further, and every problem is reported at once. The
        returned document reports the same keys and lines as this one. Raises ConfigError if
        anything except the items is wrong, or no item is left.
        """
        try:
            return model.model_validate(self.data), self, []
        except ValidationError as error:
            problems = self._problems(model, error)
            broken = {detail["loc"][:2] for detail in error.errors()}
        listed = self.data.get(items)
        listed = listed if isinstance(listed, list) else []
        kept = [place for place in range(len(listed)) if (items, place) not in broken]
        if not kept or any(key[:1] != (items,) for key in broken):
            raise ConfigError(problems)
        rest = replace(self, data={**self.data, items: [listed[n] for n in kept]}, kept=kept)
        return model.model_validate(rest.data), rest, problems

    def _problems(self, model: type[BaseModel], error: ValidationError) -> list[Problem]:
        found = [self.problem(*pair) for pair in explain(model, self.data, error.errors())]
        return sorted(found, key=lambda problem: problem.line)


def spell(key: Iterable[Step]) -> str:
    """Return ``("racks", 0, "name")`` as ``racks[0].name``."""
    text = ""
    for step in key:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def load(path: Path) -> Document:
    """Read ``path`` as one YAML mapping.

    Raises ConfigError when the file is missing, a directory, empty, larger than 4 MiB, not UTF-8,
    not YAML, nested more than 100 levels deep, not a mapping, or repeats a key.
    """
    return parse(_text(path), str(path))


def load_json(path: Path) -> Document:
    """Read ``path`` as one JSON object, without the lines of its keys.

    Raises ConfigError when the file is missing, a directory, larger than 4 MiB, not UTF-8, not
    JSON, nested more than 100 levels deep, not an object, or repeats a key.
    """
    name, text = str(path), _text(path)
    try:
        data = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise ConfigError([Problem(name, error.lineno, "", f"is not JSON: {error.msg}")]) from None
    except ValueError as error:
        raise ConfigError([Problem(name, 0, "", f"is not JSON: {error}")]) from None
    except RecursionError:
        raise ConfigError([Problem(name, 0, "", _TOO_DEEP)]) from None
    if not isinstance(data, dict):
        raise ConfigError([Problem(name, 1, "", "must be a JSON object at the top")])
    level: list[Any] = [data]
    for _ in range(_MAX_DEPTH):
        level = [item for each in level for item in _items(each)]
    if any(isinstance(each, dict | list) for each in level):
        raise ConfigError([Problem(name, 0, "", _TOO_DEEP)])
    return Document(name, data, {})


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        word, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise ValueError(f"key {word!r} is repeated")
    return found


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is not a number of JSON")


def _items(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _text(path: Path) -> str:
    """Return the text of a file. Raises ConfigError."""
    name = str(path)
    try:
        return read_plain(path, MAX_BYTES).decode("utf-8")
    except IsADirectoryError:
        raise ConfigError([Problem(name, 0, "", "is a directory; name a file in it")]) from None
    except FileNotFoundError:
        raise ConfigError([Problem(name, 0, "", "the file does not exist")]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(name, 0, "", f"is not UTF-8 text: {error.reason}")]) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError([Problem(name, 0, "", f"cannot be read: {reason}")]) from None


def parse(text: str, name: str) -> Document:
    """Parse ``text`` as one YAML mapping; ``name`` is its file in errors. Raises ConfigError."""
    try:
        _check_depth(text, name)
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
        mark = error.problem_mark
        line = mark.line + 1 if mark else 0
        hint = "; indent with spaces" if mark and text[mark.index : mark.index + 1] == "\t" else ""
        message = f"is not YAML: {error.problem}{hint}"
        raise ConfigError([Problem(name, line, "", message)]) from None
    except yaml.reader.ReaderError as error:
        message = f"is not YAML: character #x{error.character:04x} is not allowed"
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError([Problem(name, line, "", message)]) from None
    except RecursionError:  # merges of merges
        raise ConfigError([Problem(name, 0, "", "is nested too deeply")]) from None
    if builder.problems:
        raise ConfigError(builder.problems)
    return Document(name, data, builder.lines)


def _check_depth(text: str, name: str) -> None:
    """Raise ConfigError if collections are nested too deeply to be composed.

    Parsing into events needs no recursion, so any depth can be checked.
    """
    loader = _Loader(text)
    try:
        depth = 0
        while (event := loader.get_event()) is not None:
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > _MAX_DEPTH:
                    line = event.start_mark.line + 1 if event.start_mark else 0
                    raise ConfigError([Problem(name, line, "", _TOO_DEEP)])
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    finally:
        loader.dispose()


class _Builder:
    """A converter of YAML nodes to plain data that records the line of each key."""

    def __init__(self, loader: _Loader, name: str) -> None:
        self._loader = loader
        self._name = name
        self.lines: dict[Key, int] = {}
        self.problems: list[Problem] = []
        self._nodes = 0

    def build(self, node: yaml.Node, path: Key) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if len(path) > _MAX_DEPTH:  # by anchors in anchors
            raise ConfigError([Problem(self._name, node.start_mark.line + 1, "", _TOO_DEEP)])
        self._nodes += 1
        if self._nodes > _MAX_NODES:
            message = f"expands to more than {_MAX_NODES} values; are anchors repeated?"
            raise ConfigError([Problem(self._name, 0, "", message)])
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, n)) for n, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _scalar(self, node: yaml.Node, path: Key) -> Any:
        try:
            return self._loader.construct_object(node)
        except _MISFITS:
            kind = node.tag.rpartition(":")[2]
            line = node.start_mark.line + 1
            given = "the value" if may_be_secret(path) else repr(node.value)
            message = f"{given} cannot be read as {kind}"
            self.problems.append(Problem(self._name, line, spell(path), message))
            return None

    def _mapping(self, node: yaml.MappingNode, path: Key) -> dict[Any, Any]:
        written = [key.value for key, _ in node.value if key.value != "<<"]
        counts = Counter(word for word in written if isinstance(word, str))
        for word in sorted(word for word, count in counts.items() if count > 1):
            lines = [key.start_mark.line + 1 for key, _ in node.value if key.value == word]
            message = f"key {word!r} occurs twice (lines {', '.join(map(str, lines))})"
            self.problems.append(Problem(self._name, lines[-1], spell((*path, word)), message))
        self._loader.flatten_mapping(node)
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = self._scalar(key_node, path)
            if key is None or not isinstance(key, str | int | float):
                line = key_node.start_mark.line + 1
                self.problems.append(Problem(self._name, line, spell(path), "keys must be words"))
                continue
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            result[key] = self.build(value_node, (*path, key))
        return result
