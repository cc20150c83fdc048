"""Too little data is no verdict: what went silent, was read once, or held for a moment only."""

from pathlib import Path

import pytest

from agent.commission.records import Sample, Verdict
from tests.agent.commission.making import START, samples
from tests.agent.commission.small import judged

ALARMS = "{kind: alarm, signal: alarms}"
BEFORE_S = 30.0


def alarm(name: str, count: int, start: float = START) -> list[Sample]:
    return samples([0.0] * count, "cdu", "rack_alarm_active", {"alarm": name}, start=start)


def test_an_alarm_that_went_silent_before_the_step_is_not_clear(tmp_path: Path) -> None:
    leak, door = alarm("leak", 5, START - BEFORE_S), alarm("door", 19, START - BEFORE_S)
    result = judged(tmp_path, ALARMS, leak, door, before=BEFORE_S)
    assert result.verdict is Verdict.ERROR
    assert result.reason == 'cdu rack_alarm_active{alarm="leak"}: no value'


def test_a_series_that_went_silent_is_missed_in_a_limit(tmp_path: Path) -> None:
    check = "{kind: limit, measure: power, unit: kW, at_most: 10}"
    early = START - BEFORE_S
    found = [
        *samples([4000.0] * 19, "meter-1", "rack_inlet_power_watts", {"inlet": "1"}, start=early),
        *samples([4000.0] * 5, "meter-1", "rack_inlet_power_watts", {"inlet": "2"}, start=early),
        *samples([4000.0] * 19, "meter-2", "rack_inlet_power_watts", {"inlet": "1"}, start=early),
    ]
    result = judged(tmp_path, check, found, before=BEFORE_S)
    assert result.verdict is Verdict.ERROR
    assert result.reason == 'meter-1 rack_inlet_power_watts{inlet="2"}: no value'


def test_series_that_last_are_judged_as_before(tmp_path: Path) -> None:
    leak, door = (alarm(name, 19, START - BEFORE_S) for name in ("leak", "door"))
    assert judged(tmp_path, ALARMS, leak, door, before=BEFORE_S).verdict is Verdict.PASS


@pytest.mark.parametrize("reduce", ["rise", "rate", "drift"])
def test_one_reading_shows_no_change(tmp_path: Path, reduce: str) -> None:
    check = f"{{kind: limit, measure: errors, reduce: {reduce}, at_most: 0}}"
    metric = "rack_port_receive_errors_total"
    once = [s for device in ("meter-1", "meter-2") for s in samples([7.0], device, metric)]
    result = judged(tmp_path, check, once, seconds=10.0)
    assert (result.verdict, result.measurements) == (Verdict.ERROR, ())
    assert "read once" in result.reason


@pytest.mark.parametrize(
    ("loaded", "verdict"),
    [
        ("1000000000000", Verdict.ERROR),
        ("1111110000000", Verdict.ERROR),
        ("1111110111111", Verdict.ERROR),
        ("0011111111111", Verdict.PASS),
        ("1111111111111", Verdict.PASS),
    ],
)
def test_a_soak_needs_its_condition_for_as_long(
    tmp_path: Path, loaded: str, verdict: Verdict
) -> None:
    band = "unit: L/min, low: 1, high: 100, lasting: 50s"
    watts = [4000.0 if each == "1" else 100.0 for each in loaded]
    result = judged(
        tmp_path,
        f"{{kind: soak, measure: flow, {band}, when: load > 0.5}}",
        samples([1.0] * 13, "cdu", "rack_coolant_flow_liters_per_second"),
        samples(watts, "meter-1", "rack_inlet_power_watts"),
        samples(watts, "meter-2", "rack_inlet_power_watts"),
    )
    assert result.verdict is verdict
