"""Which keys of a site's file are bound or wired once, so that changing them needs a restart."""

from collections.abc import Iterator
from dataclasses import dataclass

from agent.parse.strict_model import StrictModel


@dataclass(frozen=True, slots=True)
class Restart:
    """Marks a field, as ``Annotated[..., Restart()]``, that only a restart can change."""


def changed(before: StrictModel, after: StrictModel, above: str = "") -> Iterator[str]:
    """Yield the marked keys, as ``http.listen``, whose values differ between two records."""
    for name, field in type(before).model_fields.items():
        old, new = getattr(before, name), getattr(after, name)
        key = f"{above}{field.alias or name}"
        if any(isinstance(mark, Restart) for mark in field.metadata):
            if old != new:
                yield key
        elif isinstance(old, StrictModel):
            yield from changed(old, new, f"{key}.")
