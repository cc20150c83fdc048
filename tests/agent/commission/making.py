"""Samples and windows typed in a test."""

from collections.abc import Iterable, Mapping
from typing import Any

from agent.commission.journal.events import Record, parse_event
from agent.commission.judge.window import Window
from agent.commission.records import Sample
from agent.model.values import Quality, Value

START = 1000.0
"""When the windows of these tests begin, in Unix seconds."""


def samples(
    values: Iterable[Value],
    device: str = "cdu",
    metric: str = "rack_coolant_temperature_celsius",
    labels: Mapping[str, str] | None = None,
    step_s: float = 5.0,
    start: float = START,
    bad: Mapping[int, str] | None = None,
) -> list[Sample]:
    """One value every ``step_s``; ``bad`` are the places of bad ones, and why."""
    pairs = tuple(sorted((labels or {}).items()))
    flaws = bad or {}
    return [
        Sample(
            *(device, metric, pairs, value),
            Quality.BAD if place in flaws else Quality.GOOD,
            start + place * step_s,
            flaws.get(place, ""),
        )
        for place, value in enumerate(values)
    ]


def window(*series: Iterable[Sample], seconds: float | None = None) -> Window:
    """A window over these series, from START to their last sample or as long as asked."""
    found = [sample for each in series for sample in each]
    last = max((sample.observed_at for sample in found), default=START)
    return Window(found, START, last if seconds is None else START + seconds)


_MADE_UP: Mapping[str, Mapping[str, Any]] = {
    "run_started": {
        "rack": "r1",
        "stage": "L11",
        "devices": {},
        "tool": "0.1",
        "generation": "00",
        "configuration": "00",
        "interval_s": 5.0,
    },
    "asked": {"id": "a", "kind": "do"},
    "answered": {"id": "a"},
}
"""What a test need not say of an event."""


def record(event: str, **what: Any) -> Record:
    """An event of a journal."""
    found = parse_event({"event": event, "at": 0.0, **_MADE_UP.get(event, {}), **what})
    assert found is not None
    return found
