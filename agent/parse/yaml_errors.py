"""The errors of pydantic as messages about the file: one sentence per mistake."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

Step = str | int | float | bool | None
Key = tuple[Step, ...]

_SHAPES: Mapping[str, str] = {
    "string_type": "text",
    "path_type": "a path",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "model_type": "a mapping",
    "dict_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
}
"""The expected value of each of pydantic's type errors, in words."""

_BOUNDS: Mapping[str, tuple[str, str]] = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
}

_SECRETS = frozenset({"community", "password", "secret"})


@dataclass(frozen=True, slots=True)
class _Mistake:
    """One pydantic error. ``depth`` is the number of leading steps of its place in the file.

    The steps after them are names of union members, which pydantic adds.
    """

    detail: ErrorDetails
    key: Key
    members: tuple[tuple[int, str], ...]
    """Each union member on the way: its depth in ``key``, and its name."""

    @property
    def kind(self) -> str:
        return self.detail["type"]

    def shape_at(self, member: int) -> bool:
        """Return whether a union member was refused only because the value has another type."""
        return self.kind in _SHAPES and len(self.key) == self.members[member][0]


def explain(
    model: type[BaseModel], data: Mapping[str, Any], errors: Sequence[ErrorDetails]
) -> list[tuple[Key, str]]:
    """Return place and message of every mistake in ``data``, which was validated as a ``model``.

    If several types are allowed and none fits, only the mistakes of the most likely one are
    returned; a misspelt key is not also reported as missing.
    """
    mistakes = _settled(model, [_locate(data, detail) for detail in errors], 0)
    meant: dict[Key, set[str]] = {}
    found: list[tuple[Key, str]] = []
    for key, mistake, text in mistakes:
        if mistake.kind == "extra_forbidden":
            word = str(mistake.detail["loc"][-1])
            names = _siblings(model, mistake.detail["loc"])
            place = _secret_around(key)
            if place and not nearest(word, names):
                found.append((place, "must be text, {env: NAME} or {file: PATH}"))
                continue
            meant.setdefault(key[:-1], set()).update(nearest(word, names)[:1])
            found.append((key, f"unknown key {word!r}{_hint(word, names)}"))
        else:
            found.append((key, text))
    misspelt = {(key, _missing(name)) for key, names in meant.items() for name in names}
    return list(dict.fromkeys(pair for pair in found if pair not in misspelt))


def _secret_around(key: Key) -> Key:
    """Return the place of the secret that a key is in; empty if it is in none."""
    for length in range(1, len(key)):
        if key[length - 1] in _SECRETS:
            return key[:length]
    return ()


def may_be_secret(key: Key) -> bool:
    """Return whether the value at ``key`` may be a secret, or one in the wrong place."""
    return key[:1] == ("credentials",) or any(step in _SECRETS for step in key)


def _locate(data: Any, detail: ErrorDetails) -> _Mistake:
    """Separate the steps that are in the file from the union members that pydantic adds."""
    key: list[Step] = []
    members: list[tuple[int, str]] = []
    loc = detail["loc"][:-1] if detail["type"] == "missing" else detail["loc"]
    node: Any = data
    for step in loc:
        children: Mapping[Any, Any] = {}
        if isinstance(node, Mapping):
            children = node
        elif isinstance(node, list):
            children = dict(enumerate(node))
        if step in children:
            key.append(step)
            node = children[step]
        elif step != "[key]":
            members.append((len(key), str(step)))
    return _Mistake(detail, tuple(key), tuple(members))


def _settled(
    model: type[BaseModel], mistakes: Iterable[_Mistake], level: int
) -> list[tuple[Key, _Mistake, str]]:
    """Return each mistake once. ``level`` is the number of enclosing unions already resolved."""
    found: list[tuple[Key, _Mistake, str]] = []
    unions: dict[Key, dict[str, list[_Mistake]]] = {}
    for mistake in mistakes:
        if len(mistake.members) <= level:
            found.append((mistake.key, mistake, _sentence(mistake)))
            continue
        depth, member = mistake.members[level]
        unions.setdefault(mistake.key[:depth], {}).setdefault(member, []).append(mistake)
    for key, tried in unions.items():
        meant: list[list[_Mistake]] = [
            part for part in tried.values() if not all(m.shape_at(level) for m in part)
        ]
        if meant:
            best: list[_Mistake] = min(meant, key=len)
            found += _settled(model, best, level + 1)
            continue
        refused = [mistake for part in tried.values() for mistake in part]
        wanted = [_wanted(mistake) + _keys(model, mistake) for mistake in refused]
        if "a number" in wanted:
            wanted = [words for words in wanted if words != "a whole number"]
        words = _either(list(dict.fromkeys(wanted)))
        found.append((key, refused[0], f"must be {words}{_given(refused[0])}"))
    return found


def _either(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _wanted(mistake: _Mistake) -> str:
    return _SHAPES[mistake.kind]


def _keys(model: type[BaseModel], mistake: _Mistake) -> str:
    """Return the keys of the mapping that is allowed there, such as `` (lookup)``."""
    name = mistake.detail.get("ctx", {}).get("class_name")
    names = [key for found in _inside(model) if found.__name__ == name for key, _ in _named(found)]
    return f" ({', '.join(names)})" if names else ""


def _given(mistake: _Mistake) -> str:
    """Return the given value, such as ``, not 5``; a secret is not repeated."""
    given = mistake.detail["input"]
    if isinstance(given, str | int | float) and _may_be_secret(mistake):
        return ", not text" if isinstance(given, str) else ", not a number"
    if given is None:
        return ", but nothing is there"
    if isinstance(given, bool):
        return f", not {str(given).lower()}"
    if isinstance(given, str | int | float):
        return f", not {given!r}"
    return ", not a mapping" if isinstance(given, Mapping) else ", not a list"


def _may_be_secret(mistake: _Mistake) -> bool:
    """Return whether a secret is allowed there or one level below."""
    last = mistake.key[-1] if mistake.key else ""
    word = isinstance(mistake.detail["input"], str) and last != "protocol"  # hard to spell
    hidden = mistake.kind in _SHAPES or word
    return last in _SECRETS or (mistake.key[:1] == ("credentials",) and hidden)


def _sentence(mistake: _Mistake) -> str:
    detail, kind = mistake.detail, mistake.kind
    context, given = detail.get("ctx", {}), detail["input"]
    if kind == "missing":
        return _missing(detail["loc"][-1])
    if kind in _SHAPES:
        return f"must be {_wanted(mistake)}{_given(mistake)}{_quotes(kind, given)}"
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return f"must be {words} {context[name]:g}{_given(mistake)}"
    if kind in ("literal_error", "enum"):
        return f"must be {context['expected']}{_given(mistake)}"
    if kind == "too_short":
        return "must not be empty"
    if kind == "too_long":
        return f"must have {context['max_length']} values, not {context['actual_length']}"
    if kind == "invalid_key":
        return f"keys are words, not {given!r}"
    return detail["msg"].removeprefix("Value error, ")


def _missing(name: Step) -> str:
    if isinstance(name, int):
        return f"has too few values: number {name + 1} is missing"
    return f"required key {name!r} is missing"


def _quotes(kind: str, given: object) -> str:
    """Return advice on quotes: a number was given instead of text, or text instead of a number."""
    if kind == "string_type" and isinstance(given, bool | int | float):
        return "; put it in quotes"
    digits = isinstance(given, str) and given.removeprefix("-").replace(".", "", 1).isdecimal()
    return "; remove the quotes" if digits and kind in ("int_type", "float_type") else ""


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """Return up to three of ``known`` that resemble ``word``, the most similar first.

    Case is ignored. Names that are clearly less similar than the first are left out.
    """
    matcher = difflib.SequenceMatcher(b=word.lower())  # caches its analysis of the second text
    ranked = []
    for name in known:
        matcher.set_seq1(name.lower())
        ranked.append((-matcher.ratio(), name))
    ranked.sort()
    return [name for rank, name in ranked[:3] if rank <= min(-0.5, ranked[0][0] + 0.1)]


def _hint(word: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = nearest(word, names)
    if close:
        return f"; did you mean {' or '.join(map(repr, close))}?"
    return f"; known keys: {', '.join(names)}"


def _siblings(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """Return the keys that are allowed in place of the unknown one, in the model's order."""
    models: set[type[BaseModel]] = {model}
    for step in loc[:-1]:
        fields = [field for m in models for name, field in _named(m) if name == step]
        inside = {inner for field in fields for inner in _models_in(field.annotation)}
        models = inside or {m for m in models if m.__name__ == step} or models
    return [name for m in models for name, _ in _named(m)]


def _inside(model: type[BaseModel]) -> set[type[BaseModel]]:
    """Return ``model`` and every model nested in it."""
    fields = (field for _, field in _named(model))
    return {model}.union(
        *(_inside(inner) for field in fields for inner in _models_in(field.annotation))
    )


def _named(model: type[BaseModel]) -> Iterable[tuple[str, FieldInfo]]:
    return ((field.alias or name, field) for name, field in model.model_fields.items())


def _models_in(annotation: Any) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {found for part in get_args(annotation) for found in _models_in(part)}
