"""From polls to events: once, alternating, and never out of what is not known."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.events.detector import Detector
from agent.events.records import Action, Event, Kind, Subject
from agent.model.series import SeriesSet
from agent.model.values import Failure, Flaw, PollResult, Quality, Value
from tests.agent.expose.rack import SOURCE, block, series

LEAK = (series("cdu", "rack_leak_detected", {"sensor": "1"}),)
PUMP = (series("cdu", "rack_pump_state", {"pump": "1"}, states=["running", "stopped"]),)
HEAT = (series("cdu", "rack_heat_removed_watts"),)
MINUTE_S = 60.0


def poll(
    at: float, values: Sequence[Value], *, of: tuple[object, ...] = LEAK, bad: bool = False
) -> PollResult:
    flaws = {0: Flaw(Quality.BAD, "sentinel")} if bad else {}
    blocks = {0: (block(of, values, at=at, flaws=flaws),)}  # type: ignore[arg-type]
    return PollResult("cdu", True, blocks, (), at, 0.1)


def silent(at: float) -> PollResult:
    return PollResult("cdu", False, {}, (Failure("timeout", "no answer in 2 s"),), at, 2.0)


def told(detector: Detector, *polls: PollResult) -> list[tuple[Action, Value]]:
    return [(event.action, event.value) for each in polls for event in detector.take(each)]


def test_an_alarm_is_raised_once_and_cleared_once() -> None:
    polls = [poll(at * MINUTE_S, [value]) for at, value in enumerate([0, 1, 1, 1, 0, 0])]
    assert told(Detector(), *polls) == [(Action.RAISED, 1), (Action.CLEARED, 0)]


def test_an_event_says_what_where_and_from_which_bytes() -> None:
    [event] = Detector().take(poll(5.0, [1]))
    subject = Subject("cdu", "rack_leak_detected", (("sensor", "1"),))
    assert (event.kind, event.subject, event.before, event.at) == (Kind.ALARM, subject, 0, 5.0)
    assert event.trace is not None
    assert (event.trace.source, event.trace.raw) == (SOURCE, 1)


def test_a_state_is_known_first_and_then_it_changes() -> None:
    values = ["running", "running", "stopped", "stopped", "running"]
    polls = [poll(at * MINUTE_S, [value], of=PUMP) for at, value in enumerate(values)]
    detector = Detector()
    assert told(detector, *polls) == [(Action.CHANGED, "stopped"), (Action.CHANGED, "running")]
    subject = Subject("cdu", "rack_pump_state", (("pump", "1"),))
    assert detector.seen == {subject: ("running", 0.0)}


def test_numbers_are_no_events() -> None:
    assert told(Detector(), poll(0, [5.0], of=HEAT), poll(60, [9.0], of=HEAT)) == []


def test_a_bad_reading_neither_raises_nor_clears() -> None:
    polls = [poll(0, [None], bad=True), poll(60, [1]), poll(120, [None], bad=True)]
    assert told(Detector(), *polls) == [(Action.RAISED, 1)]
    assert told(Detector(), poll(0, [1], bad=True)) == []


def test_a_silent_device_is_an_event_and_its_alarms_stand() -> None:
    detector = Detector()
    events = [
        e for p in (poll(0, [1]), silent(60), silent(120), poll(180, [1])) for e in detector.take(p)
    ]
    assert [(e.kind, e.action) for e in events] == [
        (Kind.ALARM, Action.RAISED),
        (Kind.DEVICE, Action.RAISED),
        (Kind.DEVICE, Action.CLEARED),
    ]
    assert events[1].reason == "no answer in 2 s"


def test_what_cleared_while_nobody_looked_is_cleared() -> None:
    standing: dict[Subject, Value] = {
        Subject("cdu", "rack_leak_detected", (("sensor", "1"),)): 1,
        Subject("cdu", "rack_pump_state", (("pump", "1"),)): "running",
    }
    detector = Detector(standing)
    assert told(detector, poll(0, [0])) == [(Action.CLEARED, 0)]
    assert told(detector, poll(0, ["stopped"], of=PUMP)) == [(Action.CHANGED, "stopped")]


def test_what_still_stands_after_a_restart_is_not_told_again() -> None:
    assert (
        told(Detector({Subject("cdu", "rack_leak_detected", (("sensor", "1"),)): 1}), poll(0, [1]))
        == []
    )


def test_what_flaps_is_told_a_few_times_a_minute_and_ends_right() -> None:
    detector = Detector()
    events = told(detector, *(poll(at, [at % 2]) for at in range(60)))
    assert len(events) == 6
    assert detector.suppressed == 27  # half of the other looks differed from what was told
    last = events[-1][0]
    after = told(detector, poll(200, [1 if last is Action.CLEARED else 0]))
    assert len(after) == 1
    assert after[0][0] is not last


def test_a_device_that_leaves_takes_its_alarms_along() -> None:
    detector = Detector()
    told(detector, poll(0, [1]), poll(0, ["running"], of=PUMP))
    gone = detector.forget("cdu", 9.0)
    assert [(e.action, e.reason, e.at) for e in gone] == [
        (Action.CLEARED, "no longer configured", 9.0)
    ]
    assert detector.standing == {}


@given(st.lists(st.sampled_from([0, 1, None]), max_size=60), st.floats(0.1, 100))
def test_raised_and_cleared_take_turns(values: list[int | None], step_s: float) -> None:
    detector, events = Detector(), list[Event]()
    for turn, value in enumerate(values):
        events += detector.take(poll(turn * step_s, [value], bad=value is None))
    actions = [event.action for event in events]
    assert actions == [Action.RAISED, Action.CLEARED] * (len(actions) // 2) + [Action.RAISED] * (
        len(actions) % 2
    )


def test_a_clock_that_is_set_back_silences_nothing() -> None:
    detector = Detector()
    told(detector, *(poll(100_000 + at, [at % 2]) for at in range(20)))
    before = detector.standing.copy()
    events = told(detector, poll(10, [0 if before else 1]))
    assert len(events) == 1


def test_what_to_watch_is_found_once_for_each_set_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []

    def watched(series_set: SeriesSet) -> tuple[tuple[int, Subject], ...]:
        looked.append(series_set)
        return ()

    monkeypatch.setattr("agent.events.detector.watched", watched)
    detector = Detector()
    polls = [poll(0.0, [0]) for _ in range(3)]  # three sets of equal rows
    for each in (*polls, *polls):
        detector.take(each)
    assert len(looked) == 3
