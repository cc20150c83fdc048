"""Reductions of a series, and what makes a series unusable."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.commission.judge.window import BadSample, TimeSeries, Window
from agent.model.values import Quality, Value
from tests.agent.commission.making import START, samples, window

TEMPERATURE = "rack_coolant_temperature_celsius"
KEY = ("cdu", TEMPERATURE, ())
STEP = TimeSeries((0, 10, 20, 30, 40), (5.0, 12.0, 9.5, 10.4, 10.0))
DIP = TimeSeries((0, 1, 2, 3, 4), (130.0, 46.0, 90.0, 120.0, 131.0))

numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


def test_reductions() -> None:
    assert (STEP.minimum, STEP.maximum, STEP.last) == (5, 12, 10)
    assert STEP.mean == pytest.approx(9.38)
    assert STEP.share_inside(9.5, 10.5) == 0.6
    assert STEP.at(-1) is None
    assert [STEP.at(time) for time in (0, 9.9, 10, 99)] == [5, 5, 12, 10]


@pytest.mark.parametrize(
    ("low", "high", "settles"),
    [(9, 11, 20), (9.9, 10.5, 30), (0, 20, 0), (11, 13, None), (10, 10, 40)],
)
def test_settling(low: float, high: float, settles: float | None) -> None:
    assert STEP.settle_s(low, high, since=0) == settles


@pytest.mark.parametrize(
    ("threshold", "since", "recovers"),
    [(117, 0, 3), (40, 0, 0), (200, 0, None), (117, 3, 0), (130.5, 0, 4), (1, 9, None)],
)
def test_recovering(threshold: float, since: float, recovers: float | None) -> None:
    assert DIP.recover_s(threshold, since) == recovers


@given(numbers)
def test_the_mean_lies_between(values: list[float]) -> None:
    series = TimeSeries(tuple(map(float, range(len(values)))), tuple(values))
    slack = 1e-9 * (1 + max(map(abs, values)))
    assert series.minimum - slack <= series.mean <= series.maximum + slack
    assert series.share_inside(series.minimum, series.maximum) == 1.0


@given(numbers, st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_after_settling_nothing_is_outside(values: list[float], low: float, width: float) -> None:
    series = TimeSeries(tuple(map(float, range(len(values)))), tuple(values))
    settled = series.settle_s(low, low + width, since=0)
    if settled is None:
        assert not low <= values[-1] <= low + width
    else:
        assert all(low <= value <= low + width for value in values[int(settled) :])
        assert settled == 0 or not low <= values[int(settled) - 1] <= low + width


def test_a_sound_series_has_numbers() -> None:
    found = window(samples([30.0, 30.1, 29.9]))
    series = found.series(KEY)
    assert (list(series.times), list(series.values)) == ([1000, 1005, 1010], [30.0, 30.1, 29.9])

    assert found.duration_s == 10
    assert found.devices == {"cdu"}


def test_samples_may_come_in_any_order_and_the_first_of_an_instant_counts() -> None:
    rows = samples([30.0, 30.1, 29.9])
    twice = [replace(each, value=99.0) for each in rows]
    series = window([rows[2], rows[0], twice[0], rows[1], twice[2]]).series(KEY)
    assert (list(series.times), list(series.values)) == ([1000, 1005, 1010], [30.0, 30.1, 29.9])


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([], "no value"),
        ([30.0, None, 30.1], "1 values are not good"),
        ([30.0, math.nan, 30.1], "1 values are not good"),
        ([30.0, math.inf, 30.1], "1 values are not good"),
        ([30.0, "running"], "is the text 'running', not a number"),
    ],
    ids=["nothing", "none", "nan", "infinite", "word"],
)
def test_what_makes_a_series_unusable(values: list[Value], says: str) -> None:
    with pytest.raises(BadSample, match=says):
        window(samples(values)).series(KEY)


def test_the_reason_of_a_bad_value_is_told() -> None:
    with pytest.raises(BadSample, match=r"cdu rack_coolant\w+: 2 values are not good \(sentinel\)"):
        window(samples([30.0] * 4, bad={1: "sentinel", 2: "other"})).series(KEY)


def test_uncertain_is_not_good() -> None:
    found = [replace(s, quality=Quality.UNCERTAIN) for s in samples([30.0, 30.1])]
    with pytest.raises(BadSample, match="quality uncertain"):
        window(found).series(KEY)


@pytest.mark.parametrize("hole", ["start", "middle", "end"])
def test_a_gap_is_found_wherever_it_is(hole: str) -> None:
    kept = {"start": range(4, 20), "middle": [*range(8), *range(12, 20)], "end": range(16)}[hole]
    found = samples([float(n) for n in range(20)])
    with pytest.raises(BadSample, match=r"no value for \d+ s \(15 s are allowed\)"):
        window([found[place] for place in kept], seconds=95).series(KEY)
    assert window(found, seconds=95).series(KEY).last == 19


def test_each_device_has_its_own_age() -> None:
    found = samples([30.0, 30.1], step_s=30)
    slow = Window(found, START, START + 30, max_age_s={"cdu": 30})
    assert list(slow.series(KEY).values) == [30.0, 30.1]
    assert list(slow.between(START, START + 30).series(KEY).values) == [30.0, 30.1]
    with pytest.raises(BadSample):
        Window(found, START, START + 30, max_age_s={"pdu": 30}).series(KEY)
    assert window(found).series(KEY, max_age_s=30).last == 30.1


def test_a_sensor_without_noise_is_frozen() -> None:
    moving = [30.0, 30.1] * 4
    still = window(samples([*moving, *[30.2] * 12]))
    assert still.series(KEY).last == 30.2
    with pytest.raises(BadSample, match=r"frozen, 12 values in a row are 30\.2"):
        still.series(KEY, moves=True)
    assert window(samples([*moving, *[30.2] * 11])).series(KEY, moves=True).last == 30.2


def test_a_part_has_its_own_ends() -> None:
    found = window(samples([float(n) for n in range(20)], bad={2: "late"}))
    part = found.between(START + 50, START + 70)
    assert list(part.series(KEY).values) == [10, 11, 12, 13, 14]
    assert found.between(START - 50, START + 5).began == START
    with pytest.raises(BadSample, match="late"):
        found.between(START, START + 20).series(KEY)
    assert found.between(START + 200, START + 300).devices == frozenset()


def test_series_are_found_by_labels_in_order() -> None:
    found = window(
        *(samples([1.0], labels={"loop": "technology", "side": side}) for side in ("b", "a")),
        samples([1.0], labels={"loop": "facility", "side": "a"}),
        samples([1.0], device="other", labels={"loop": "technology", "side": "a"}),
    )
    keys = found.find("cdu", TEMPERATURE, {"loop": "technology"})
    assert [dict(labels)["side"] for _, _, labels in keys] == ["a", "b"]
    assert found.find("cdu", TEMPERATURE, {"side": "c"}) == []


def test_what_came_twice_counts_once() -> None:
    found = window(samples([1.0, 2.0]), samples([5.0, 6.0]))
    assert list(found.series(KEY).values) == [1.0, 2.0]


def test_a_window_does_not_end_before_it_begins() -> None:
    with pytest.raises(ValueError, match="ends before it begins"):
        Window((), 2.0, 1.0)
