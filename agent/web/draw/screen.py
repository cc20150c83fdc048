"""A rendered page: the frame that a template draws once, and the cells that change; pure.

The same cells fill the page when it is loaded and are sent when they change, so both always agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from markupsafe import Markup, escape

Cell = Mapping[str, str]
"""The content of a live element: ``text`` is its text, any other key an attribute."""


@dataclass(frozen=True, slots=True)
class Screen:
    """One page. ``frame`` has the variables of its template, ``cells`` the live elements, by key.

    A browser that shows a page of another ``shape`` has to load the page again.
    """

    template: str
    frame: Mapping[str, Any]
    cells: Mapping[str, Cell]
    shape: str

    def live(self, key: str, tag: str = "span", **fixed: object) -> Markup:
        """Return the HTML element of a cell. ``fixed`` are attributes that never change.

        Write ``class_`` for ``class`` and an underscore for a hyphen. Raises KeyError for an
        unknown cell.
        """
        constant = "".join(
            f" {name.rstrip('_').replace('_', '-')}={_quoted(value)}"
            for name, value in fixed.items()
        )
        inside = str(escape(self.cells[key].get("text", "")))
        return Markup(f"<{tag}{constant} {self._attributes(key)}>{inside}</{tag}>")  # noqa: S704

    def attributes(self, key: str) -> Markup:
        """Return the attributes that make an element of a template live. Raises KeyError."""
        return Markup(self._attributes(key))  # noqa: S704

    def _attributes(self, key: str) -> str:
        own = "".join(f" {n}={_quoted(v)}" for n, v in self.cells[key].items() if n != "text")
        return f"data-live={_quoted(key)}{own}"


def _quoted(value: object) -> str:
    return f'"{escape(value)!s}"'  # as a plain str: joining Markup takes three times as long


def screen(
    template: str, frame: Mapping[str, Any], cells: Mapping[str, Cell], *parts: object
) -> Screen:
    """Return a screen whose shape is a digest of its cells' keys and of ``parts``."""
    digest = blake2b(digest_size=8)
    for part in (*cells, *parts):
        digest.update(str(part).encode() + b"\0")
    return Screen(template, frame, cells, digest.hexdigest())


def changes(before: Mapping[str, Cell], after: Mapping[str, Cell]) -> dict[str, Cell]:
    """Return the cells of ``after`` that are new or differ from ``before``."""
    return {
        key: cell
        for key, cell in after.items()
        if (had := before.get(key)) is not cell and had != cell
    }
