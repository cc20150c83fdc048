"""Differences between two generations, key by key."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent.commission.spec.generation import Generation

_HEAD = frozenset({"generation", "extends", "version", "title", "abstract"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One key that differs; ``before`` or ``after`` is None if only the other has the key."""

    key: str
    before: Any
    after: Any


def differences(one: Generation, other: Generation) -> list[Difference]:
    """Return the keys that differ, in file order, without names, versions and titles."""
    before, after = (
        each.spec.model_dump(mode="json", exclude_unset=True, exclude=set(_HEAD))
        for each in (one, other)
    )
    return list(_differences("", before, after))


def _differences(path: str, before: Any, after: Any) -> Iterator[Difference]:
    if before == after:
        return
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        yield Difference(path, before, after)
        return
    for key in dict.fromkeys((*before, *after)):
        inner = f"{path}.{key}" if path else str(key)
        if key in before and key in after:
            yield from _differences(inner, before[key], after[key])
        else:
            yield Difference(inner, before.get(key), after.get(key))
