"""Reads OCP Test & Validation lines into the types of the ``ocptv`` package, strictly.

The package only writes. Its types say which field stands under which name, and check what they are
made of; here they are filled from JSON, and what they do not know is an error.
"""

import dataclasses
import json
import types
from datetime import datetime
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from ocptv.output import emit, objects


class Unreadable(ValueError):
    """What the package's types have no place for."""


def read_lines(text: str) -> list[objects.Root]:
    """Every line as the package's own root object. Raises Unreadable or TypeError."""
    return [_object(objects.Root, json.loads(line)) for line in text.splitlines()]


def written(root: objects.Root) -> Any:
    """What the package itself would write of it."""
    return json.loads(emit.ArtifactEmitter._serialize(root))


def _object(kind: Any, found: dict[str, Any]) -> Any:
    hints, given, left = get_type_hints(kind), {}, dict(found)
    for field in dataclasses.fields(kind):
        hint = hints[field.name]
        name = field.metadata.get("spec_field")
        if name is not None:
            given[field.name] = _value(hint, left.pop(name)) if name in left else _absent(hint)
            continue
        choices = {each.SPEC_OBJECT: each for each in _kinds(hint)}
        name = next((key for key in left if key in choices), None)
        if name is None:
            given[field.name] = _absent(hint)
        else:
            given[field.name] = _value(choices[name], left.pop(name))
    if left:
        raise Unreadable(f"{kind.__name__} has no {', '.join(left)}")
    return kind(**given)


def _kinds(hint: Any) -> list[Any]:
    if get_origin(hint) in (Union, types.UnionType):
        return [kind for each in get_args(hint) for kind in _kinds(each)]
    return [hint] if hasattr(hint, "SPEC_OBJECT") else []


def _absent(hint: Any) -> Any:
    if get_origin(hint) is list:
        return []
    if type(None) in get_args(hint):
        return None
    raise Unreadable(f"there is no {hint}")


def _value(hint: Any, found: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        kinds = [each for each in get_args(hint) if each is not type(None)]
        return _value(kinds[0], found) if len(kinds) == 1 else found
    if get_origin(hint) is list:
        return [_value(get_args(hint)[0], each) for each in found]
    if dataclasses.is_dataclass(hint):
        return _object(hint, found)
    if isinstance(hint, type) and issubclass(hint, Enum | dict):  # Metadata is a dict
        return hint(found)
    if hint is float and isinstance(found, str):  # the package writes its own times so
        return datetime.fromisoformat(found).timestamp()
    return found
