"""What the views of a rack are made of: texts, bars and words of state as cells; pure."""

from agent.model.figures import NOTHING, quantity
from agent.web.draw.screen import Cell

FULL = 0.8  # of a limit: beyond this a continuous load is worth a look (NEC 210.20, 645.5)

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
_SIGNS = {"up": "", "waiting": "", "alarm": "▲ ", "down": "✕ "}


def told(value: float | None, unit: str, digits: int = 3) -> str:
    """A quantity, or a dash where there is none."""
    return NOTHING if value is None else quantity(value, unit, digits)


def text(value: str, state: str = "") -> Cell:
    """A cell of words, with its state where it has one."""
    return {"text": value, "data-state": state} if state else {"text": value}


def level(share: float | None) -> str:
    """How a share of a limit stands: ``up``, ``alarm`` beyond ``FULL``, ``down`` beyond all."""
    if share is None:
        return "waiting"
    return "up" if share <= FULL else "alarm" if share <= 1 else "down"


def bar(share: float | None) -> Cell:
    """A rectangle in a box that is 100 wide; nothing is drawn where there is no share."""
    wide = 0.0 if share is None else 100 * max(0.0, min(1.0, share))
    return {"width": f"{wide:.1f}", "data-state": level(share)}


def percent(share: float | None) -> Cell:
    """A share in words, its sign beside its colour."""
    if share is None:
        return {"text": NOTHING, "data-state": "waiting"}
    state = level(share)
    return {"text": f"{_SIGNS[state]}{share:.0%}", "data-state": state}


def word(state: str) -> Cell:
    """A state that a device gives a part of itself: well, quiet, or worth a look."""
    plain = state.lower()
    found = "up" if plain in _WELL else "waiting" if plain in _QUIET else "alarm"
    return {"text": f"{_SIGNS[found]}{plain.replace('_', ' ')}", "data-state": found}


def divided(one: float | None, other: float | None) -> float | None:
    """A quotient, None where a part is missing or the divisor is not above zero."""
    return one / other if one is not None and other is not None and other > 0 else None


def total(values: "list[float | None]") -> float | None:
    """The sum of what is known, None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None
