"""An alarm whose series is gone for good ends; one that nobody could read does not."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.events.absence import GONE_AFTER
from agent.events.detector import Detector
from agent.events.records import Action, Event, Subject
from agent.model import smi
from agent.model.values import Block, Failure, Flaw, PollResult, Quality, Value
from tests.agent.expose.rack import block, series
from tests.agent.fans import PROFILE, SPEEDS, Bench, box, library_of

FAILED = Failure("timeout", "no answer")
ONE, TWO = (series("cdu", "rack_leak_detected", {"sensor": name}) for name in "12")
PUMP = series("cdu", "rack_pump_speed_rpm", {"pump": "1"})


def leak(sensor: str) -> Subject:
    return Subject("cdu", "rack_leak_detected", (("sensor", sensor),))


def rows(*of: Any, value: Value = 1, at: float = 0.0, bad: bool = False) -> tuple[Block, ...]:
    flaws = dict.fromkeys(range(len(of)), Flaw(Quality.BAD, "sentinel")) if bad else {}
    return (block(of, [value] * len(of), at=at, flaws=flaws),) if of else ()


def poll(
    blocks: Mapping[int, tuple[Block, ...]], *failures: Failure, profile: str = "p", up: bool = True
) -> PollResult:
    return PollResult(
        "cdu", up, blocks, failures, 0.0, 0.1, profile=profile, intervals_s=(0.0, 300.0)
    )


def take(detector: Detector, result: PollResult, times: int = 1) -> list[Event]:
    """What so many polls told, a minute apart."""
    found = []
    for turn in range(times):
        found += detector.take(replace(result, started_at=turn * 60.0))
    return found


@pytest.fixture
def detector() -> Detector:
    """One that knows of two leaks, which the first of two requests reads."""
    made = Detector()
    raised = take(made, poll({0: rows(ONE, TWO), 1: rows(PUMP)}))
    assert [event.action for event in raised] == [Action.RAISED] * 2
    return made


def test_a_row_that_was_taken_out_ends_its_alarm_and_no_other(detector: Detector) -> None:
    without = poll({0: rows(ONE), 1: rows(PUMP)})
    assert take(detector, without, GONE_AFTER - 1) == []
    [event] = take(detector, without)
    assert (event.subject, event.action, event.value, event.before) == (
        *(leak("2"), Action.CLEARED, 0),
        1,
    )
    assert event.reason == "no longer reported"
    assert take(detector, without, 9) == []
    assert set(detector.standing) == {leak("1")}
    [back] = take(detector, poll({0: rows(ONE, TWO)}))
    assert (back.subject, back.action) == (leak("2"), Action.RAISED)


def test_a_row_that_is_away_for_a_moment_stands(detector: Detector) -> None:
    for _ in range(5):
        assert take(detector, poll({0: rows(ONE)}), GONE_AFTER - 1) == []
        assert take(detector, poll({0: rows(ONE, TWO)})) == []


def test_the_last_row_of_a_table_can_be_taken_out(detector: Detector) -> None:
    assert len(take(detector, poll({0: (), 1: rows(PUMP)}), GONE_AFTER)) == 2


@pytest.mark.parametrize(
    "nobody_knows",
    [
        poll({0: (), 1: rows(PUMP)}, FAILED),
        poll({1: rows(PUMP)}),
        poll({}, FAILED, up=False),
        poll({0: rows(ONE, TWO, value=None, bad=True)}),
    ],
    ids=["failed", "not due", "down", "bad"],
)
def test_what_could_not_be_read_stands(detector: Detector, nobody_knows: PollResult) -> None:
    told = take(detector, nobody_knows, 2 * GONE_AFTER)
    assert not [event for event in told if event.subject.metric == "rack_leak_detected"]
    assert {leak("1"), leak("2")} <= set(detector.standing)


def test_after_a_restart_every_request_must_have_answered_without_it() -> None:
    detector = Detector({leak("1"): 1, leak("2"): 1})
    assert take(detector, poll({0: rows(ONE)}), 2 * GONE_AFTER) == []
    assert take(detector, poll({1: rows(PUMP)}), GONE_AFTER - 1) == []
    assert [event.subject for event in take(detector, poll({1: rows(PUMP)}))] == [leak("2")]


def test_another_device_in_its_place_ends_its_alarms(detector: Detector) -> None:
    take(detector, poll({0: rows(ONE, TWO)}))
    assert take(detector, poll({0: rows(PUMP)}, profile="other"), 2 * GONE_AFTER) == []
    other = poll({1: rows()}, profile="other")
    assert take(detector, other, GONE_AFTER - 1) == []
    assert {event.subject for event in take(detector, other)} == {leak("1"), leak("2")}


def test_a_request_that_is_there_no_more_counts_as_unknown() -> None:
    detector = Detector()
    take(detector, poll({1: rows(ONE)}))
    shorter = replace(poll({0: rows(PUMP)}), intervals_s=(0.0,))
    assert len(take(detector, shorter, GONE_AFTER)) == 1


async def test_on_the_way_from_a_table(tmp_path: Path) -> None:
    text = PROFILE.replace("rack_fan_speed_rpm", "rack_alarm_active").replace("[fan]", "[alarm]")
    text = text.replace("fan: '", "alarm: '").replace("    unit: rpm\n", "")
    library, device = library_of(tmp_path, text), box()
    for row in (1, 2):
        device.varbinds[SPEEDS + smi.encode_subids([row])] = (smi.GAUGE32, 1)
    bench, detector = Bench(library, device), Detector()

    async def told() -> list[tuple[str, str]]:
        result = await bench.poller.poll()
        return [(e.subject.labels[0][1], e.action.value) for e in detector.take(result)]

    assert await told() == [("front", "raised"), ("rear", "raised")]
    for row in (1, 2):
        del device.varbinds[SPEEDS + smi.encode_subids([row])]
    assert [await told() for _ in range(GONE_AFTER)] == [
        *([] for _ in range(GONE_AFTER - 1)),
        [("front", "cleared"), ("rear", "cleared")],
    ]
