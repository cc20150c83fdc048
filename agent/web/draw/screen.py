"""A page as it stands: what is drawn once, and the cells that change; pure.

The same cells fill the page when it is fetched and are sent when they change, so both always say
the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from markupsafe import Markup, escape

Cell = Mapping[str, str]
"""What a live element shows: ``text`` is its text, everything else an attribute of that name."""


@dataclass(frozen=True, slots=True)
class Screen:
    """One page. ``frame`` is what its template draws once; ``cells`` what is live, by key.

    Where ``shape`` differs from the one a browser holds, it has to fetch the page anew.
    """

    template: str
    frame: Mapping[str, Any]
    cells: Mapping[str, Cell]
    shape: str

    def live(self, key: str, tag: str = "span", **fixed: object) -> Markup:
        """The element of a cell. ``fixed`` are attributes that stay; ``class_`` is ``class``.

        An underscore stands for a hyphen. Raises KeyError for a cell that there is none of.
        """
        told = "".join(
            f" {name.rstrip('_').replace('_', '-')}={_quoted(value)}"
            for name, value in fixed.items()
        )
        inside = str(escape(self.cells[key].get("text", "")))
        return Markup(f"<{tag}{told} {self._attributes(key)}>{inside}</{tag}>")  # noqa: S704

    def attributes(self, key: str) -> Markup:
        """What makes an element of the template a live one. Raises KeyError."""
        return Markup(self._attributes(key))  # noqa: S704

    def _attributes(self, key: str) -> str:
        told = "".join(f" {n}={_quoted(v)}" for n, v in self.cells[key].items() if n != "text")
        return f"data-live={_quoted(key)}{told}"


def _quoted(value: object) -> str:
    return f'"{escape(value)!s}"'  # as a plain str: a Markup costs thrice as much to put together


def screen(
    template: str, frame: Mapping[str, Any], cells: Mapping[str, Cell], *parts: object
) -> Screen:
    """A screen whose shape is its cells' keys and ``parts``."""
    digest = blake2b(digest_size=8)
    for part in (*cells, *parts):
        digest.update(str(part).encode() + b"\0")
    return Screen(template, frame, cells, digest.hexdigest())


def changes(before: Mapping[str, Cell], after: Mapping[str, Cell]) -> dict[str, Cell]:
    """The cells of ``after`` that ``before`` has not, or has otherwise."""
    return {
        key: cell
        for key, cell in after.items()
        if (had := before.get(key)) is not cell and had != cell
    }
