"""What is drawn: the course as it was, its limits, gaps where data are missing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.commission.evidence import bundle as evidence
from agent.commission.journal.samples import SampleStore
from agent.commission.judge import Span
from agent.commission.records import Sample
from agent.commission.report.curves import LINES_MAX, CheckPlot, decimated, plots
from tests.agent.commission.bundle import LIMIT, SOAK, WARM, bundle
from tests.agent.commission.making import START, samples

NUMBERS = st.floats(-1e6, 1e6)


def drawn(folder: Path, check: str, found: list[Sample], span: Span | None = None) -> CheckPlot:
    given = {} if span is None else {"span": span}
    run = bundle(folder, [check], found, **given)  # type: ignore[arg-type]
    store = SampleStore(run / evidence.SAMPLES, read_only=True)
    (plot,) = plots(evidence.judged(run), store)
    store.close()
    return plot


@given(st.lists(NUMBERS, min_size=1, max_size=400), st.integers(1, 50))
def test_a_decimated_course_keeps_its_peaks_and_stays_small(
    values: list[float], buckets: int
) -> None:
    points: list[tuple[float, float | None]] = list(enumerate(values))
    kept = list(decimated(points, buckets))
    shown = [value for _, value in kept if value is not None]
    assert set(kept) <= set(points)
    assert (min(shown), max(shown)) == (min(values), max(values))
    assert [time for time, _ in kept] == sorted(time for time, _ in kept)
    assert len(kept) <= max(2 * buckets, 2)


def test_a_decimated_course_keeps_its_gaps() -> None:
    points = [(float(t), None if t == 50 else 1.0 * (t % 7)) for t in range(100)]
    kept = list(decimated(points, 5))
    assert (sum(value is None for _, value in kept), len(kept)) == (1, 11)


def test_a_soak_shows_its_band_and_what_was_judged(tmp_path: Path) -> None:
    plot = drawn(tmp_path, SOAK, samples(WARM), Span(START, START + 5, START + 20, START + 60))
    assert (plot.unit, plot.wide, plot.judged, plot.missing) == ("K", True, (20.0, 60.0), "")
    assert [(limit.at, limit.above) for limit in plot.limits] == [(-2.0, False), (2.0, True)]
    assert [(each.at, each.words) for each in plot.instants] == [
        *((0.0, "step begins"), (5.0, "confirmed by telemetry"), (20.0, "judged from"))
    ]
    (curve,) = plot.curves
    assert dict(curve.points)[5.0] == pytest.approx(0.1)


def test_a_passed_limit_is_a_small_plot_with_its_guard_band(tmp_path: Path) -> None:
    plot = drawn(tmp_path, LIMIT, samples(WARM))
    assert not plot.wide
    assert [(each.at, each.guard) for each in plot.limits] == [(65.0, False), (60.0, True)]


def test_what_failed_is_wide_and_bad_data_leave_a_gap(tmp_path: Path) -> None:
    found = samples(WARM, bad={4: "timeout", 5: "timeout", 6: "timeout"})
    plot = drawn(tmp_path, LIMIT, found)
    assert plot.wide
    values = [value for _, value in plot.curves[0].points]
    assert values.count(None) == 1
    assert len(values) == len(WARM) - 3 + 1


def test_a_frozen_sensor_is_drawn_as_it_is(tmp_path: Path) -> None:
    plot = drawn(tmp_path, LIMIT, samples([30.0] * 13))
    assert {value for _, value in plot.curves[0].points} == {30.0}


def test_without_a_value_it_says_so(tmp_path: Path) -> None:
    plot = drawn(tmp_path, LIMIT, [])
    assert (plot.curves, plot.missing) == (
        (),
        "cdu rack_coolant_temperature_celsius: no value",
    )


def test_a_failover_is_held_against_what_was_before(tmp_path: Path) -> None:
    power = [10_000.0] * 6 + [1_000.0, 5_000.0] + [9_900.0] * 11
    found = samples(power, "m1", "rack_inlet_power_watts", start=START - 30)
    check = "over: {kind: failover, measure: power, unit: kW, ratio: 0.9, within: 20}"
    others = samples(power, "m2", "rack_inlet_power_watts", start=START - 30)
    plot = drawn(tmp_path, check, [*found, *others])
    (limit,) = plot.limits
    assert limit.words == "90% of the value before"
    assert limit.at == pytest.approx(9.0)
    assert (len(plot.curves), plot.judged) == (2, (0.0, 60.0))
    assert plot.instants[-1].words == "must be there by"
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    assert drawn(nothing, check, samples([1.0] * 13, "m1", "rack_inlet_power_watts")).limits == ()


def test_a_settle_has_a_band_and_a_peak(tmp_path: Path) -> None:
    check = (
        "it: {kind: settle, measure: supply, unit: degC, low: 29, high: 31, within: 20, peak: 33,"
        " guard: 0.5}"
    )
    plot = drawn(tmp_path, check, samples(WARM))
    assert [(limit.at, limit.words) for limit in plot.limits] == [
        *((29.0, "band"), (31.0, "band"), (33.0, "peak"), (32.5, "guard band"))
    ]


def test_of_many_series_those_nearest_to_the_limit_are_drawn(tmp_path: Path) -> None:
    metric = "rack_phase_current_amperes"
    found = [
        sample
        for phase in range(12)
        for sample in samples([100.0 + phase] * 13, "m1", metric, {"phase": f"{phase:02}"})
    ]
    check = "it: {kind: limit, measure: phases, unit: A, at_most: 150}"
    plot = drawn(tmp_path, check, [*found, *samples([5.0] * 13, "m2", metric, {"phase": "1"})])
    assert plot.wide, "three phases were expected: an ERROR, and drawn all the same"
    assert (plot.left_out, len(plot.curves)) == (5, LINES_MAX)
    assert [curve.name for curve in plot.curves][:2] == ["m1[phase=11]", "m1[phase=10]"]
