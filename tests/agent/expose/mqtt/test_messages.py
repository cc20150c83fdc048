"""Topics, payloads, and which readings are worth sending."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.expose.mqtt.messages import Changes, Message, Topics, about, payload
from agent.model.series import OidSource
from agent.model.values import PollResult, Quality, Reading, Value
from tests.agent.expose.rack import block, series

READING = Reading(
    device="pdu-a",
    metric="rack_phase_current_amperes",
    labels={"phase": "1"},
    value=52.1,
    unit="A",
    quality=Quality.GOOD,
    reason="",
    observed_at=1_795_000_000.1239,
    source=OidSource("1.3.6.1"),
    raw=521,
)


def test_topics_follow_the_rack() -> None:
    topics = Topics("rack", "lab")
    assert topics.metric("r1", "pdu-a", "rack_x") == "rack/lab/r1/pdu-a/rack_x"
    assert topics.status("r1", "pdu-a") == "rack/lab/r1/pdu-a/status"
    assert topics.agent("me") == "rack/lab/$agent/me/status"


def test_a_payload_is_the_reading_with_its_trace() -> None:
    assert json.loads(payload(READING)) == {
        "labels": {"phase": "1"},
        "value": 52.1,
        "unit": "A",
        "quality": "good",
        "observed_at": "2026-11-18T11:06:40.123Z",
        "source": {"oid": "1.3.6.1", "raw": 521},
    }


def test_a_bad_reading_has_no_value_and_says_why() -> None:
    bad = replace(READING, quality=Quality.BAD, reason="the device says -1: absent", value=None)
    document = json.loads(payload(bad))
    assert document["value"] is None
    assert document["reason"] == "the device says -1: absent"


def test_what_a_metric_is_stays_with_the_broker() -> None:
    message = about("rack/lab/r1/pdu-a/rack_inlet_power_watts", "rack_inlet_power_watts")
    assert message == Message(message.topic, message.payload, retain=True)
    assert message.topic.endswith("/rack_inlet_power_watts/meta")
    assert json.loads(message.payload)["unit"] == "W"


@given(st.floats(allow_nan=True, allow_infinity=True) | st.integers() | st.text())
def test_every_value_is_json(value: Value) -> None:
    json.loads(payload(replace(READING, value=value)), parse_constant=pytest.fail)


AMPERES = (series("pdu-a", "rack_phase_current_amperes", {"phase": "1"}),)


def poll(value: float, at: float, *, up: bool = True) -> PollResult:
    blocks = {0: (block(AMPERES, [value], at=at),)} if up else {}
    return PollResult("pdu-a", up, blocks, (), at, 0.1)


def sent(changes: Changes, *polls: PollResult) -> list[Value]:
    return [reading.value for each in polls for reading in changes.pick(each)]


def test_everything_is_sent_where_that_is_wanted() -> None:
    assert sent(Changes(0.0, 0.0), poll(1, 0), poll(1, 1), poll(2, 2)) == [1, 1, 2]


def test_what_does_not_change_is_sent_again_after_a_while() -> None:
    polls = [poll(5, at) for at in (0, 100, 299, 300, 301)]
    assert sent(Changes(0.0, 300.0), *polls) == [5, 5]


def test_a_dead_band_is_a_share_of_the_value_sent_last() -> None:
    values = [100.0, 100.9, 101.0, 101.1, 100.2, -5.0, 0.0, 0.0]
    polls = [poll(value, at) for at, value in enumerate(values)]
    assert sent(Changes(0.01, 300.0), *polls) == [100.0, 101.1, -5.0, 0.0]


def test_a_device_that_was_silent_is_told_whole_again() -> None:
    changes = Changes(0.0, 300.0)
    assert sent(changes, poll(5, 0), poll(5, 1, up=False), poll(5, 2)) == [5, 5]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), st.floats(0, 0.5))
def test_what_was_sent_is_never_far_from_what_is(values: list[float], band: float) -> None:
    changes, last = Changes(band, 1e9), 0.0
    for at, value in enumerate(values):
        for reading in changes.pick(poll(value, at)):
            assert isinstance(reading.value, float)
            last = reading.value
        assert abs(value - last) <= band * abs(last) * (1 + 1e-9)
