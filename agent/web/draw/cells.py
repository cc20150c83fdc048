"""Cells of the rack pages: texts, bars, percentages and states; pure."""

from collections.abc import Iterable

from agent.model.figures import NOTHING, quantity
from agent.web.draw.screen import Cell

SIGNS = {"up": "●", "alarm": "▲", "down": "✕", "waiting": "○"}
"""The signs of the states; no state is shown by its colour alone."""

_WORST = ("down", "alarm", "waiting", "up")

FULL = 0.8  # of a limit: above it a continuous load is marked (NEC 210.20, 645.5)

_WELL = frozenset(
    [
        "active",
        "bypass",
        "charging",
        "closed",
        "discharging",
        "dry",
        "float",
        "good",
        "no_leak",
        "normal",
        "ok",
        "on",
        "online",
        "open",
        "operational",
        "present",
        "regulating",
        "running",
        "up",
    ]
)
_QUIET = frozenset(
    [
        "absent",
        "disabled",
        "dormant",
        "empty",
        "idle",
        "not_available",
        "not_installed",
        "not_present",
        "off",
        "standby",
        "undefined",
        "uninitialized",
        "unknown",
    ]
)
_MARKS = {"up": "", "waiting": "", "alarm": "▲ ", "down": "✕ "}


def amount(value: float | None, unit: str, digits: int = 3) -> str:
    """Return a quantity as text with its unit, a dash if it is None."""
    return NOTHING if value is None else quantity(value, unit, digits)


def text(value: str, state: str = "") -> Cell:
    """Return a cell with a text, and a state if one is given."""
    return {"text": value, "data-state": state} if state else {"text": value}


def state_cell(state: str) -> Cell:
    """Return a cell with the sign and the word of a device's or rack's state."""
    return text(f"{SIGNS[state]} {state}", state)


def worst(states: Iterable[str]) -> str:
    """Return the worst of the states of several devices, ``waiting`` for none."""
    found = set(states)
    return next((state for state in _WORST if state in found), "waiting")


def counted(states: Iterable[str]) -> str:
    """Return the number of devices by state, as in ``12 of 13 up · 1 down``, worst first."""
    listed = list(states)
    up = sum(state in ("up", "alarm") for state in listed)
    parts = [f"{up} of {len(listed)} up"]
    for state in _WORST:
        many = listed.count(state)
        if many and state != "up":
            parts.append(f"{many} {state}")
    return " · ".join(parts)


def level(share: float | None) -> str:
    """Return the state of a share of a limit.

    ``up`` to ``FULL``, ``alarm`` to 1, ``down`` above 1, ``waiting`` if it is None.
    """
    if share is None:
        return "waiting"
    return "up" if share <= FULL else "alarm" if share <= 1 else "down"


def bar(share: float | None) -> Cell:
    """Return the width and state of a bar, 100 units for a share of 1, none if it is None."""
    wide = 0.0 if share is None else 100 * max(0.0, min(1.0, share))
    return {"width": f"{wide:.1f}", "data-state": level(share)}


def percent(share: float | None) -> Cell:
    """Return a share in percent, with a sign beside its colour."""
    if share is None:
        return {"text": NOTHING, "data-state": "waiting"}
    state = level(share)
    return {"text": f"{_MARKS[state]}{share:.0%}", "data-state": state}


def word(state: str) -> Cell:
    """Return a state that a device reports, marked as normal, inactive, or an alarm."""
    plain = state.lower()
    found = "up" if plain in _WELL else "waiting" if plain in _QUIET else "alarm"
    return {"text": f"{_MARKS[found]}{plain.replace('_', ' ')}", "data-state": found}


def divided(one: float | None, other: float | None) -> float | None:
    """Return a quotient, None if a part is missing or the divisor is not positive."""
    return one / other if one is not None and other is not None and other > 0 else None


def total(values: "list[float | None]") -> float | None:
    """Return the sum of the values that are not None; None if all are."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None
