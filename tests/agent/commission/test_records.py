"""Verdicts: which one decides, and what each says of the check's status."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.commission.records import CheckResult, Sample, Status, Verdict, blocks, worst
from agent.model.series import OidSource
from agent.model.values import Quality, Reading


@pytest.mark.parametrize(
    ("verdict", "status", "stops"),
    [
        (Verdict.PASS, Status.COMPLETE, False),
        (Verdict.MARGINAL, Status.COMPLETE, False),
        (Verdict.FAIL, Status.COMPLETE, True),
        (Verdict.ERROR, Status.ERROR, True),
        (Verdict.SKIP, Status.SKIP, False),
        (Verdict.WAIVED, Status.COMPLETE, False),
    ],
)
def test_what_a_verdict_means(verdict: Verdict, status: Status, stops: bool) -> None:
    assert CheckResult("power.voltage", verdict).status is status
    assert blocks(verdict) is stops


@pytest.mark.parametrize(
    ("verdicts", "decides"),
    [
        ([], Verdict.ERROR),
        ([Verdict.SKIP], Verdict.SKIP),
        ([Verdict.PASS, Verdict.SKIP], Verdict.PASS),
        ([Verdict.PASS, Verdict.WAIVED], Verdict.WAIVED),
        ([Verdict.WAIVED, Verdict.MARGINAL], Verdict.MARGINAL),
        ([Verdict.MARGINAL, Verdict.ERROR, Verdict.PASS], Verdict.ERROR),
        ([Verdict.ERROR, Verdict.FAIL], Verdict.FAIL),
    ],
)
def test_the_worst_decides(verdicts: list[Verdict], decides: Verdict) -> None:
    assert worst(verdicts) is decides


@given(st.lists(st.sampled_from(list(Verdict))), st.sampled_from([Verdict.FAIL, Verdict.ERROR]))
def test_what_blocks_is_never_outvoted(others: list[Verdict], bad: Verdict) -> None:
    assert blocks(worst([*others, bad]))


def test_a_reading_becomes_a_sample() -> None:
    reading = Reading(
        device="cdu",
        metric="rack_leak_detected",
        labels={"zone": "2", "sensor": "1"},
        value=None,
        unit="",
        quality=Quality.BAD,
        reason="sentinel",
        observed_at=12.5,
        source=OidSource("1.3.6"),
        raw=255,
    )
    labels = (("sensor", "1"), ("zone", "2"))
    sample = Sample.of(reading)
    assert sample == Sample(
        "cdu", "rack_leak_detected", labels, None, Quality.BAD, 12.5, "sentinel"
    )
    assert sample.key == ("cdu", "rack_leak_detected", labels)
