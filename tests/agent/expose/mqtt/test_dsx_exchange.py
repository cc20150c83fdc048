"""Readings as DSX Exchange has them: number, milliseconds, quality; a topic for each series."""

import json

import pytest

from agent.config.mqtt import DsxExchange
from agent.expose.mqtt.dsx_exchange import value_message
from agent.expose.mqtt.messages import MqttMessage
from agent.model.values import Flaw, Quality, Reading, Value
from tests.agent.expose.rack import NOW, block, series

POINTS = {"rack_inlet_power_watts": "PowerMeter/ActivePower"}
TEMPLATE = "BMS/v1/PUB/Value/{point}/{site}/{rack}/{device}/{metric}/{labels}"


def reading(
    metric: str, value: Value, labels: dict[str, str] | None = None, flaw: Flaw | None = None
) -> Reading:
    flaws = {0: flaw} if flaw else {}
    [found] = block((series("pdu-a", metric, labels),), [value], flaws=flaws).readings()
    return found


def sent(record: Reading, points: dict[str, str] | None = None) -> MqttMessage | None:
    return value_message(DsxExchange(TEMPLATE, points or {}), "lab", "r1", record)


def test_a_point() -> None:
    message = sent(reading("rack_inlet_power_watts", 42.5), POINTS)
    assert message is not None
    assert message.topic == (
        "BMS/v1/PUB/Value/PowerMeter/ActivePower/lab/r1/pdu-a/rack_inlet_power_watts"
    )
    assert json.loads(message.payload) == {
        "value": 42.5,
        "timestamp": round(NOW * 1000),
        "quality": 1,
    }
    assert not message.retain


def test_labels_make_a_topic_of_their_own() -> None:
    topics = [
        message.topic
        for labels in ({"inlet": "1/+#"}, {"inlet": "1"}, {"phase": "1"}, {"inlet": ""})
        if (message := sent(reading("rack_inlet_power_watts", 1, labels)))
    ]
    assert topics[0].endswith("/rack_inlet_power_watts/inlet=1%2F%2B%23")
    assert len(set(topics)) == 4


def test_what_is_doubtful_says_so() -> None:
    doubtful = reading("rack_inlet_power_watts", 1, flaw=Flaw(Quality.UNCERTAIN, "jumped"))
    message = sent(doubtful)
    assert message is not None
    assert json.loads(message.payload)["quality"] == 0


def test_an_alarm_is_a_number() -> None:
    message = sent(reading("rack_alarm_active", True))
    assert message is not None
    assert '"value": 1,' in message.payload


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("rack_outlet_state", "on"),
        ("rack_inlet_power_watts", None),
        ("rack_inlet_power_watts", float("inf")),
    ],
)
def test_what_is_no_number_is_not_sent(metric: str, value: Value) -> None:
    assert sent(reading(metric, value)) is None


def test_a_bad_reading_and_a_metric_that_is_no_point_are_not_sent() -> None:
    flaw = Flaw(Quality.BAD, "sentinel")
    assert sent(reading("rack_inlet_power_watts", 1, flaw=flaw)) is None
    assert sent(reading("rack_inlet_current_amperes", 1), POINTS) is None
