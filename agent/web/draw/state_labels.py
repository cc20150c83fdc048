"""What a state is called, and the sign that stands beside its colour; pure."""

from collections.abc import Iterable

WORDS = {"up": "up", "alarm": "alarm", "down": "silent", "waiting": "waiting"}
SIGNS = {"up": "●", "alarm": "▲", "down": "✕", "waiting": "○"}
"""Colour is never the only sign."""

_WORST = ("down", "alarm", "waiting", "up")


def worst(states: Iterable[str]) -> str:
    """The state of a whole: its worst part's."""
    found = set(states)
    return next((state for state in _WORST if state in found), "waiting")


def counted(states: Iterable[str]) -> str:
    """``12 of 13 up``, and what is not, worst first."""
    listed = list(states)
    up = sum(state in ("up", "alarm") for state in listed)
    told = [f"{up} of {len(listed)} up"]
    for state in _WORST:
        many = listed.count(state)
        if many and state != "up":
            told.append(f"{many} {WORDS[state]}")
    return " · ".join(told)
