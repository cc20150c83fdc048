"""State of a model (dataclasses, lists, dicts, scalars) as JSON-able data, and back."""

from dataclasses import fields, is_dataclass
from typing import Any

from agent.model.errors import ConfigError


def dump(node: Any) -> Any:
    """Return a copy of ``node`` made of dicts, lists and scalars only."""
    if is_dataclass(node) and not isinstance(node, type):
        return {item.name: dump(getattr(node, item.name)) for item in fields(node)}
    if isinstance(node, list):
        return [dump(item) for item in node]
    if isinstance(node, dict):
        return {key: dump(item) for key, item in node.items()}
    return node


def restore(node: Any, data: Any, path: str = "state") -> None:
    """Write ``data`` (as returned by ``dump``) into ``node`` in place, part by part.

    Raises ConfigError if the shapes differ, so a state of another model is refused.
    """
    if not isinstance(data, dict) or set(data) != {item.name for item in fields(node)}:
        raise ConfigError(f"{path}: is not a state of this rack model")
    for item in fields(node):
        setattr(
            node, item.name, _fitted(getattr(node, item.name), data[item.name], path, item.name)
        )


def _fitted(old: Any, new: Any, path: str, name: str) -> Any:
    place = f"{path}.{name}"
    if is_dataclass(old):
        restore(old, new, place)
        return old
    if isinstance(old, list):
        if not isinstance(new, list) or len(new) != len(old):
            raise ConfigError(f"{place}: expected {len(old)} entries")
        old[:] = [
            _fitted(*pair, path=place, name=str(i))
            for i, pair in enumerate(zip(old, new, strict=True))
        ]
        return old
    if isinstance(old, dict):
        if not isinstance(new, dict):
            raise ConfigError(f"{place}: expected a mapping")
        old.clear()
        old.update(new)
        return old
    if isinstance(old, float | int) and not isinstance(new, float | int):
        if new is None:
            return new
        raise ConfigError(f"{place}: expected a number, found {new!r}")
    return new
