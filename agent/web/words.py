"""What a state is called, and the sign that stands beside its colour; pure."""

from collections.abc import Iterable

from agent.web.summary import Summary

WORDS = {"up": "up", "alarm": "alarm", "down": "silent", "waiting": "waiting"}
SIGNS = {"up": "●", "alarm": "▲", "down": "✕", "waiting": "○"}
"""Colour is never the only sign."""

_WORST = ("down", "alarm", "waiting", "up")


def label(one: Summary) -> str:
    """A device for who cannot see it: name, state, figures and what is wrong."""
    told = [f"{one.name}: {WORDS[one.state]}"]
    told += [f"{key.name} {key.text}" for key in one.keys]
    told += one.alarms or ([one.reason] if one.reason else [])
    return ", ".join(told)


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
