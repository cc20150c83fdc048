"""Announcements to Home Assistant: what they say, and that their templates pick the right series.

Jinja itself, which Home Assistant renders them with, is the witness.
"""

import json
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2.sandbox import ImmutableSandboxedEnvironment

from agent.expose.mqtt.home_assistant import Announcer
from agent.expose.mqtt.messages import MqttMessage, Topics, payload
from agent.model.catalogue import CATALOGUE, Kind
from agent.model.values import Flaw, Identity, Quality, Reading, Value
from tests.agent.expose.rack import block, series

TOPICS = Topics("rack", "lab")
PDU = Identity("APC", "AP8853", "5A1", "v6.4")
EXAMPLES: dict[Kind, Value] = {Kind.GAUGE: 1, Kind.COUNTER: 2, Kind.STATE: "on", Kind.INFO: ""}


def reading(
    metric: str, value: Value, labels: dict[str, str] | None = None, *, bad: bool = False
) -> Reading:
    flaws = {0: Flaw(Quality.BAD, "sentinel")} if bad else {}
    [found] = block((series("pdu-a", metric, labels),), [value], flaws=flaws).readings()
    return found


def announced(record: Reading, identity: Identity | None = PDU) -> tuple[str, dict[str, Any]]:
    [message] = Announcer(TOPICS, "homeassistant", "me").hear("r1", record, identity, "apc-rpdu2")
    assert message.retain
    document: dict[str, Any] = json.loads(message.payload)
    return message.topic, document


def rendered(document: dict[str, Any], record: Reading, state: str = "before") -> str:
    """What Home Assistant would make of a message on the entity's topic."""
    environment = ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
    template = environment.from_string(document["value_template"])
    return template.render(
        value_json=json.loads(payload(record)), this=SimpleNamespace(state=state)
    )


def test_a_measurement_says_topic_unit_and_device() -> None:
    record = reading("rack_phase_current_amperes", 52.1, {"phase": "1"})
    topic, document = announced(record)
    assert topic.startswith("homeassistant/sensor/lab_r1_pdu-a_rack_phase_current_amperes_1_")
    assert topic == f"homeassistant/sensor/{document['unique_id']}/config"
    assert document["name"] == "Phase current amperes (phase 1)"
    assert document["state_topic"] == "rack/lab/r1/pdu-a/rack_phase_current_amperes"
    assert (document["device_class"], document["unit_of_measurement"]) == ("current", "A")
    assert document["state_class"] == "measurement"
    assert document["availability"] == [
        {
            "topic": "rack/lab/$agent/me/status",
            "payload_available": "online",
            "payload_not_available": "offline",
        },
        {
            "topic": "rack/lab/r1/pdu-a/status",
            "payload_available": "up",
            "payload_not_available": "down",
        },
    ]
    device = document["device"]
    assert (device["name"], device["suggested_area"], device["model"]) == ("pdu-a", "r1", "AP8853")
    assert (device["manufacturer"], device["serial_number"]) == ("APC", "5A1")
    assert device["sw_version"] == "v6.4"
    assert len(device["identifiers"]) == 1


def test_a_device_that_says_nothing_has_the_name_of_its_profile() -> None:
    _, document = announced(reading("rack_inlet_power_watts", 1), None)
    assert document["device"].keys() == {"identifiers", "name", "suggested_area", "model"}
    assert document["device"]["model"] == "apc-rpdu2"


@pytest.mark.parametrize(
    ("metric", "value", "shown", "said"),
    [
        ("rack_inlet_energy_joules_total", 5, "5", ("energy", "J", "total_increasing")),
        ("rack_relative_humidity_ratio", 0.455, "45.5", ("humidity", "%", "measurement")),
        ("rack_inlet_power_factor_ratio", -0.5, "-50.0", ("power_factor", "%", "measurement")),
        ("rack_fan_duty_ratio", 1, "100", (None, "%", "measurement")),
        ("rack_coolant_ph_value", 7.5, "7.5", ("ph", None, "measurement")),
        ("rack_fan_speed_rpm", 900, "900", (None, "rpm", "measurement")),
        ("rack_psu_faults_total", 3, "3", (None, None, "total_increasing")),
        ("rack_outlet_state", "on", "on", (None, None, None)),
    ],
)
def test_values_and_classes(metric: str, value: Value, shown: str, said: tuple[str | None]) -> None:
    record = reading(metric, value)
    topic, document = announced(record)
    assert "/sensor/" in topic
    keys = ("device_class", "unit_of_measurement", "state_class")
    assert tuple(document.get(key) for key in keys) == said
    assert rendered(document, record) == shown
    assert rendered(document, reading(metric, value, bad=True)) == "None"  # its word for unknown
    other = reading(metric, value, {"name": "another"})
    assert rendered(document, other) == ("before" if metric.endswith("_state") else "")


def test_alarms_and_leaks_are_on_or_off() -> None:
    record = reading("rack_leak_detected", 1, {"sensor": "rope"})
    topic, document = announced(record)
    assert topic.startswith("homeassistant/binary_sensor/")
    assert document["device_class"] == "moisture"
    assert rendered(document, record) == document["payload_on"]
    clear = reading("rack_leak_detected", False, {"sensor": "rope"})
    assert rendered(document, clear) == document["payload_off"]
    unknown = reading("rack_leak_detected", None, {"sensor": "rope"}, bad=True)
    assert rendered(document, unknown) == "None"


def test_every_metric_can_be_announced() -> None:
    topics = []
    for metric in CATALOGUE.values():
        if metric.kind is Kind.INFO:
            about = Announcer(TOPICS, "ha", "me").hear("r1", reading(metric.name, ""), PDU, "p")
            assert not list(about)
            continue
        topic, document = announced(reading(metric.name, EXAMPLES[metric.kind]))
        assert rendered(document, reading(metric.name, EXAMPLES[metric.kind]))
        topics.append(topic)
    assert len(set(topics)) == len(topics)


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=10), max_size=3), st.text(max_size=3))
def test_a_template_takes_its_own_series_whatever_a_label_holds(
    labels: dict[str, str], more: str
) -> None:
    record = reading("rack_inlet_power_watts", 12, labels)
    topic, document = announced(record)
    assert rendered(document, record) == "12"
    other = reading("rack_inlet_power_watts", 12, {**labels, "other": more})
    assert (rendered(document, other) == "") == (other.labels != record.labels)
    assert (announced(other)[0] == topic) == (other.labels == record.labels)
    assert len(topic.encode()) < 256


def taken_back(messages: list[MqttMessage]) -> list[str]:
    return [message.topic for message in messages if not message.payload]


def test_once_per_series_and_taken_back_when_the_device_leaves() -> None:
    announcer = Announcer(TOPICS, "ha", "me")
    first, second = (reading("rack_outlet_power_watts", 1, {"outlet": n}) for n in "12")
    said = [m for each in (first, second, first) for m in announcer.hear("r1", each, PDU, "p")]
    assert len(said) == 2
    back = list(announcer.leave(announcer.place("r1", "pdu-a")))
    assert taken_back(back) == sorted(message.topic for message in said)
    assert all(message.retain and message.announces == "lab/r1/pdu-a" for message in back)
    assert not list(announcer.leave(announcer.place("r1", "pdu-a")))
    assert len(list(announcer.hear("r1", first, PDU, "p"))) == 1


def test_a_device_in_another_rack_is_another_entity() -> None:
    announcer = Announcer(TOPICS, "ha", "me")
    record = reading("rack_inlet_power_watts", 1)
    [before] = announcer.hear("r1", record, PDU, "p")
    gone, now = announcer.hear("r2", record, PDU, "p")
    assert (gone.topic, gone.payload) == (before.topic, "")
    assert json.loads(now.payload)["state_topic"] == "rack/lab/r2/pdu-a/rack_inlet_power_watts"


@pytest.mark.parametrize(
    ("prefix", "places", "back"),
    [
        ("ha", ["lab/r1/pdu-a", "lab/r1/pdu-b"], ["old/x/config"]),
        ("ha", ["lab/r1/pdu-b"], ["ha/sensor/a/config", "old/x/config"]),
        ("", ["lab/r1/pdu-a", "lab/r1/pdu-b"], ["ha/sensor/a/config", "old/x/config"]),
    ],
)
def test_what_an_earlier_run_announced_for_nothing_is_taken_back(
    prefix: str, places: list[str], back: list[str]
) -> None:
    before = {"lab/r1/pdu-a": {"ha/sensor/a/config", "old/x/config"}}
    assert taken_back(list(Announcer(TOPICS, prefix, "me", before).begin(places))) == back
