"""Each kind of check on values typed by hand: the verdict, the measurement and its margin."""

from collections.abc import Iterable
from math import inf
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.commission.records import Measurement, Sample, Verdict
from agent.model.values import Value
from tests.agent.commission.making import START, samples
from tests.agent.commission.small import judged

WAVE = [0.05, -0.05] * 6 + [0.05]
"""Noise of a sensor that lives, one value every 5 s for a minute."""

PASS, MARGINAL, FAIL = Verdict.PASS, Verdict.MARGINAL, Verdict.FAIL
ERROR, SKIP = Verdict.ERROR, Verdict.SKIP


def supply(level: float | Iterable[float], **more: float) -> list[Sample]:
    levels = [level] * len(WAVE) if isinstance(level, int | float) else list(level)
    noisy = [base + noise for base, noise in zip(levels, WAVE, strict=False)]
    return samples(noisy, start=more.get("start", START))


def meters(one: Iterable[Value], two: Iterable[Value], metric: str = "") -> list[Sample]:
    metric = metric or "rack_inlet_power_watts"
    pair = zip(("meter-1", "meter-2"), (one, two), strict=True)
    return [s for device, values in pair for s in samples(values, device, metric)]


def only(result_measurements: tuple[Measurement, ...]) -> Measurement:
    (found,) = result_measurements
    return found


LIMIT = "{kind: limit, measure: supply - setpoint, unit: K, at_least: -2, at_most: 2, guard: 0.5}"


@pytest.mark.parametrize(
    ("level", "verdict", "value", "limit", "margin"),
    [
        (30.0, PASS, 0.05, 2, 1.95),
        (31.4, PASS, 1.45, 2, 0.55),
        (31.6, MARGINAL, 1.65, 2, 0.35),
        (32.1, FAIL, 2.15, 2, -0.15),
        (28.4, MARGINAL, -1.65, -2, 0.35),
        (27.0, FAIL, -3.05, -2, -1.05),
    ],
)
def test_limit(
    tmp_path: Path, level: float, verdict: Verdict, value: float, limit: float, margin: float
) -> None:
    result = judged(tmp_path, LIMIT, supply(level))
    measured = only(result.measurements)
    assert (result.verdict, measured.limit) == (verdict, limit)
    assert measured.value == pytest.approx(value)
    assert measured.margin == pytest.approx(margin)
    assert measured.unit == "K"


def test_a_marginal_result_says_what_is_left_of_the_guard_band(tmp_path: Path) -> None:
    result = judged(tmp_path, LIMIT, supply(31.6))
    assert result.reason == "0.35 K inside the limit; the guard band is 0.5 K"
    check = "{kind: limit, measure: power, unit: kW, at_most: 7, guard: 1}"
    both = judged(tmp_path, check, meters([6250.0] * 13, [6500.0] * 13))
    assert both.verdict is MARGINAL
    assert both.reason == (
        "0.5 kW inside the limit; the guard band is 1 kW (in the guard band: meter-1, meter-2)"
    )


@pytest.mark.parametrize(
    ("reduce", "bound", "value"),
    [
        ("mean", "at_most: 5", 4.0),
        ("last", "at_most: 13", 12.0),
        ("ripple", "at_most: 13", 3.741657),
        ("drift", "at_most: 1e4", 720.0),
        ("rise", "at_most: 13", 12.0),
        ("rate", "at_most: 13", 0.2),
    ],
)
def test_what_a_limit_may_judge(tmp_path: Path, reduce: str, bound: str, value: float) -> None:
    values = [0.0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    if reduce == "mean":
        values = [4.0 + noise for noise in WAVE[:12]] + [4.0]
    check = f"{{kind: limit, measure: errors, reduce: {reduce}, {bound}}}"
    found = [s for d in ("meter-1", "meter-2")
             for s in samples(values, d, "rack_port_receive_errors_total")]  # fmt: skip
    result = judged(tmp_path, check, found)
    assert result.verdict is PASS
    assert only(result.measurements).value == pytest.approx(value)


@pytest.mark.parametrize("reduce", ["rise", "rate"])
def test_a_counter_that_went_back_is_no_verdict(tmp_path: Path, reduce: str) -> None:
    check = f"{{kind: limit, measure: errors, reduce: {reduce}, at_most: 0}}"
    rows = meters(range(13), [5, 6, 0, *range(10)], "rack_port_receive_errors_total")
    result = judged(tmp_path, check, rows)
    assert (result.verdict, result.reason) == (
        ERROR,
        "meter-2: the counter decreased: it was reset",
    )


def test_the_worst_series_speaks_and_failing_ones_are_named(tmp_path: Path) -> None:
    check = "{kind: limit, measure: power, unit: kW, at_most: 5}"
    result = judged(tmp_path, check, meters([6000.0] * 13, [7000.0] * 13))
    assert result.verdict is FAIL
    assert only(result.measurements) == Measurement("meter-2", 7.0, "kW", 5.0, -2.0, "at most")
    assert result.reason == "outside: meter-1, meter-2"


def test_series_pair_with_what_is_taken_of_their_device(tmp_path: Path) -> None:
    check = "{kind: limit, measure: phases / phase_mean, at_most: 1.2}"
    rows = [
        sample
        for device, level in (("meter-1", 10.0), ("meter-2", 100.0))
        for phase, factor in (("1", 0.9), ("2", 0.9), ("3", 1.2))
        for sample in samples(
            [level * factor] * 13, device, "rack_phase_current_amperes", {"phase": phase}
        )
    ]
    result = judged(tmp_path, check, rows)
    assert result.verdict is PASS
    assert only(result.measurements).value == pytest.approx(1.2)
    short = [row for row in rows if row.labels != (("phase", "3"),) or row.device == "meter-1"]
    result = judged(tmp_path, check, short)
    assert result.verdict is ERROR
    assert result.reason == ("meter-2 rack_phase_current_amperes: 2 series, expected 3")


@pytest.mark.parametrize(
    ("when", "otherwise", "verdict"),
    [
        ("load > 0.3", "ERROR", PASS),
        ("load > 2", "ERROR", ERROR),
        ("load > 2", "SKIP", SKIP),
        ("load / (total - total) > 1", "SKIP", ERROR),
    ],
)
def test_when(tmp_path: Path, when: str, otherwise: str, verdict: Verdict) -> None:
    check = f"{{kind: limit, measure: power, at_most: 5000, when: {when}, otherwise: {otherwise}}}"
    rows = meters([4000.0] * 13, [4000.0] * 13)
    assert judged(tmp_path, check, rows).verdict is verdict


def test_what_leaves_a_curve_is_no_verdict(tmp_path: Path) -> None:
    check = "{kind: limit, measure: flow / flow_at(supply), at_least: 1}"
    flow = samples([1.5] * 13, metric="rack_coolant_flow_liters_per_second")
    result = judged(tmp_path, check, supply(30.0), flow)
    assert result.verdict is PASS
    assert only(result.measurements).value == pytest.approx(1.5 / (75.15 / 60))
    assert judged(tmp_path, check, supply(36.0), flow).verdict is ERROR


@pytest.mark.parametrize(
    ("levels", "share", "verdict"),
    [
        ([30.0] * 13, "1.0", PASS),
        ([31.0] * 13, "1.0", MARGINAL),
        ([30.0] * 12 + [33.0], "1.0", FAIL),
        ([30.0] * 12 + [33.0], "0.9", PASS),
        ([30.0] * 11 + [33.0] * 2, "0.9", FAIL),
    ],
)
def test_soak(tmp_path: Path, levels: list[float], share: str, verdict: Verdict) -> None:
    check = (
        f"{{kind: soak, measure: supply - setpoint, unit: K, low: -1.3, high: 1.3, guard: 0.5,"
        f" lasting: 1m, share: {share}}}"
    )
    result = judged(tmp_path, check, supply(levels))
    assert result.verdict is verdict
    assert result.measurements[0].name == "cdu share inside"


def test_a_soak_that_was_too_short_is_no_verdict(tmp_path: Path) -> None:
    check = "{kind: soak, measure: supply, unit: degC, low: 0, high: 99, lasting: 2m}"
    result = judged(tmp_path, check, supply(30.0))
    assert (result.verdict, result.reason) == (
        ERROR,
        "the step was judged for 60 s, 120 s are needed",
    )


@pytest.mark.parametrize(
    ("levels", "verdict", "took"),
    [
        ([30.0] * 13, PASS, 0),
        ([30.0, 32.0, 31.5, *[30.0] * 10], PASS, 15),
        ([30.0, *[32.0] * 7, *[30.0] * 5], FAIL, 40),
        ([30.0] * 12 + [33.0], FAIL, "never"),
    ],
)
def test_settle(tmp_path: Path, levels: list[float], verdict: Verdict, took: object) -> None:
    check = "{kind: settle, measure: supply - setpoint, unit: K, low: -1, high: 1, within: 30}"
    result = judged(tmp_path, check, supply(levels))
    assert result.verdict is verdict
    assert only(result.measurements).value == took


def test_a_peak_counts_though_it_settles(tmp_path: Path) -> None:
    check = (
        "{kind: settle, measure: supply - setpoint, unit: K, low: -1, high: 1, within: 30,"
        " peak: 1.5}"
    )
    result = judged(tmp_path, check, supply([30.0, 32.0, *[30.0] * 11]))
    assert result.verdict is FAIL
    peak = next(m for m in result.measurements if m.name == "cdu peak")
    assert peak.value == pytest.approx(1.95)
    assert peak.limit == 1.5


FAILOVER = "{kind: failover, measure: total, unit: kW, ratio: 0.9, within: 20}"
BEFORE = [6000.0] * 6


@pytest.mark.parametrize(
    ("after", "verdict", "recovers", "ratio"),
    [
        ([6000.0] * 13, PASS, 0, 1.0),
        ([0.0, 0.0, 4500.0, *[6000.0] * 10], PASS, 15, 1.0),
        ([0.0] * 6 + [6000.0] * 7, FAIL, 30, 1.0),
        ([0.0] * 13, FAIL, "never", 0.0),
    ],
)
def test_failover(
    tmp_path: Path, after: list[float], verdict: Verdict, recovers: object, ratio: float
) -> None:
    rows = [
        *(
            sample
            for device in ("meter-1", "meter-2")
            for sample in samples(
                [*BEFORE, *after], device, "rack_inlet_power_watts", start=START - 30
            )
        ),
        *supply(30.0),
    ]
    result = judged(tmp_path, FAILOVER, rows, before=30.0)
    assert result.verdict is verdict
    lost, took, share = result.measurements
    assert (lost.value, took.value, share.value) == (0, recovers, ratio)


def test_a_lost_device_fails_a_failover(tmp_path: Path) -> None:
    rows = [
        *samples([*BEFORE, *[12e3] * 13], "meter-1", "rack_inlet_power_watts", start=START - 30),
        *samples([*BEFORE, 6e3], "meter-2", "rack_inlet_power_watts", start=START - 30),
        *supply(30.0),
    ]
    result = judged(tmp_path, FAILOVER, rows, before=30.0)
    assert (result.verdict, result.reason) == (FAIL, "lost: meter-2")
    assert only(result.measurements) == Measurement("devices lost", 1.0, "", 0, -1.0, "at most")


def alarm(name: str, values: Iterable[Value]) -> list[Sample]:
    return samples(values, metric="rack_alarm_active", labels={"alarm": name})


def test_alarms_are_clear_all_the_time(tmp_path: Path) -> None:
    check = "{kind: alarm, signal: alarms, ignore: [door]}"
    quiet = [alarm("leak", [0] * 13), alarm("door", [1] * 13)]
    assert judged(tmp_path, check, *quiet).verdict is PASS
    loud = judged(tmp_path, check, *quiet, alarm("hot", [0] * 5 + [1] + [0] * 7))
    assert loud.verdict is FAIL
    assert loud.reason == 'cdu rack_alarm_active{alarm="hot"}'


@pytest.mark.parametrize(
    ("values", "verdict", "reason"),
    [
        ([0] * 4 + [1] * 9, PASS, 'cdu rack_alarm_active{alarm="leak"}'),
        ([0] * 9 + [1] * 4, FAIL, 'cdu rack_alarm_active{alarm="leak"}'),
        ([0] * 13, FAIL, "the alarm was not raised"),
    ],
)
def test_an_alarm_that_has_to_come(
    tmp_path: Path, values: list[Value], verdict: Verdict, reason: str
) -> None:
    check = "{kind: alarm, signal: alarms, expect: raised, within: 30}"
    result = judged(tmp_path, check, alarm("leak", values))
    assert (result.verdict, result.reason) == (verdict, reason)


def test_equals(tmp_path: Path) -> None:
    check = "{kind: equals, signal: pump, one_of: [running, standby]}"

    def pump(number: str, word: str) -> list[Sample]:
        return samples([word] * 13, metric="rack_pump_state", labels={"pump": number})

    result = judged(tmp_path, check, pump("1", "running"), pump("2", "standby"))
    assert result.verdict is PASS
    result = judged(tmp_path, check, pump("1", "running"), pump("2", "failed"))
    assert result.verdict is FAIL
    assert result.reason == ('must be running or standby: cdu rack_pump_state{pump="2"} is failed')
    assert only(result.measurements).margin == -1


def test_equals_looks_at_a_label(tmp_path: Path) -> None:
    check = "{kind: equals, signal: who, label: firmware, one_of: ['1.0']}"

    def who(device: str, firmware: str) -> list[Sample]:
        return samples([1.0] * 13, device, "rack_device_info", {"firmware": firmware})

    assert judged(tmp_path, check, who("meter-1", "1.0"), who("meter-2", "1.0")).verdict is PASS
    result = judged(tmp_path, check, who("meter-1", "1.0"), who("meter-2", "0.9"))
    assert result.verdict is FAIL
    assert result.reason.endswith('{firmware="0.9"} is 0.9')


def test_words_are_not_numbers(tmp_path: Path) -> None:
    check = "{kind: equals, signal: pump, one_of: [1]}"
    rows = samples(["1"] * 13, metric="rack_pump_state")
    assert judged(tmp_path, check, rows).verdict is FAIL


def test_an_attachment_is_asked_for(tmp_path: Path) -> None:
    result = judged(tmp_path, "{kind: attachment, needs: a certificate}")
    assert (result.verdict, result.reason) == (SKIP, "needs a certificate")


def test_without_its_stimulus_nothing_is_judged(tmp_path: Path) -> None:
    result = judged(tmp_path, LIMIT, supply(30.0), confirmed=None)
    assert (result.verdict, result.reason) == (ERROR, "the stimulus was not confirmed by telemetry")


EVERY_KIND = [
    LIMIT,
    "{kind: soak, measure: supply, unit: degC, low: -1e9, high: 1e9, lasting: 1m}",
    "{kind: settle, measure: supply, unit: degC, low: -1e9, high: 1e9, within: 60}",
    "{kind: failover, measure: supply, unit: degC, ratio: 0, within: 60, lost: 9}",
    "{kind: alarm, signal: supply, raised: [99]}",
    "{kind: equals, signal: supply, one_of: [30, 30.05, 29.95]}",
]
KINDS = ["limit", "soak", "settle", "failover", "alarm", "equals"]


@pytest.mark.parametrize("check", EVERY_KIND, ids=KINDS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_what_is_missing_bad_or_frozen_never_passes(
    tmp_path: Path, check: str, data: st.DataObject
) -> None:
    """Any hole longer than three polls, any bad value, any sensor that stands still: ERROR."""
    rows = supply(30.0)
    harm = data.draw(st.sampled_from(["hole", "bad", "frozen", "nothing"]))
    place = data.draw(st.integers(0, len(rows) - 4))
    if harm == "hole":
        rows = rows[:place] + rows[place + 4 :]
    elif harm == "bad":
        rows = samples([30.0 + noise for noise in WAVE], bad={place: "sentinel"})
    elif harm == "frozen":
        rows = samples([30.05] * 13)
    else:
        rows = []
    result = judged(tmp_path, check, rows)
    assert result.verdict is ERROR
    assert result.reason


@given(st.floats(20, 40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_margin_says_the_verdict(tmp_path: Path, level: float) -> None:
    result = judged(tmp_path, LIMIT, supply(level))
    margin = only(result.measurements).margin
    assert margin is not None
    assert -inf < margin <= 2
    expected = FAIL if margin < 0 else MARGINAL if margin < 0.5 else PASS
    assert result.verdict is expected
