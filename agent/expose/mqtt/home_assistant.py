"""Readings announced to Home Assistant, so that it makes entities of them; pure.

One retained message per series tells its topic, unit and device ("MQTT discovery" on
home-assistant.io).
A device that leaves has its announcements taken back: an empty message under the same topic.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.expose.mqtt.messages import OFFLINE, ONLINE, MqttMessage, Topics
from agent.expose.prometheus.own_metrics import agent_version
from agent.model.catalogue import CATALOGUE, Kind, Metric
from agent.model.values import Identity, Reading

_SLUG_MAX = 120
_CLASSES: dict[str, tuple[str | None, str | None]] = {
    "V": ("voltage", "V"),
    "A": ("current", "A"),
    "W": ("power", "W"),
    "VA": ("apparent_power", "VA"),
    "VAr": ("reactive_power", "var"),
    "J": ("energy", "J"),
    "Hz": ("frequency", "Hz"),
    "Pa": ("pressure", "Pa"),
    "degC": ("temperature", "°C"),
    "L/s": ("volume_flow_rate", "L/s"),
    "m/s": ("speed", "m/s"),
    "s": ("duration", "s"),
    "B": ("data_size", "B"),
    "B/s": ("data_rate", "B/s"),
    "dBm": ("signal_strength", "dBm"),
    "pH": ("ph", None),
    "ratio": (None, "%"),
    "g/m3": (None, "g/m³"),
    "": (None, None),
}
"""Home Assistant's device class and its spelling of the unit; others keep ours, without class."""
_RATIOS = {"relative_humidity": "humidity", "power_factor_ratio": "power_factor"}
_BINARY = {"rack_alarm_active": "problem", "rack_leak_sensor_fault": "problem",
           "rack_leak_detected": "moisture"}  # fmt: skip
_NOT_NUMBERS = frozenset({Kind.STATE, Kind.INFO})


@dataclass(slots=True)
class Announcer:
    """What was announced, by device; ``said`` begins with what an earlier run announced."""

    topics: Topics
    prefix: str
    client_id: str
    said: dict[str, set[str]] = field(default_factory=dict)
    known: dict[str, set[tuple[str, tuple[tuple[str, str], ...]]]] = field(default_factory=dict)

    def place(self, rack: str, device: str) -> str:
        """A device as what belongs to it is kept."""
        return f"{self.topics.site}/{rack}/{device}"

    def begin(self, places: Iterable[str]) -> Iterator[MqttMessage]:
        """Take back what an earlier run announced and this one will not."""
        kept = set(places) if self.prefix else set()
        for place in list(self.said):
            for topic in sorted(self.said[place]):
                if place not in kept or not topic.startswith(f"{self.prefix}/"):
                    yield from self._taken_back(place, topic)

    def hear(
        self, rack: str, reading: Reading, identity: Identity | None, profile: str
    ) -> Iterator[MqttMessage]:
        """What is to be said before a reading of a series goes out for the first time."""
        kind = CATALOGUE[reading.metric].kind
        if kind is Kind.INFO:
            return
        place = self.place(rack, reading.device)
        series = (reading.metric, tuple(reading.labels.items()))
        if place not in self.known:
            self.known[place] = set()
            moved = [p for p in self.said if p != place and p.endswith(f"/{reading.device}")]
            for before in moved:
                yield from self.leave(before)
        if series in self.known[place]:
            return
        self.known[place].add(series)
        topic, document = self._announcement(rack, reading, identity, profile)
        self.said.setdefault(place, set()).add(topic)
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        yield MqttMessage(topic, text, retain=True, announces=place)

    def leave(self, place: str) -> Iterator[MqttMessage]:
        """Take back everything of a device."""
        self.known.pop(place, None)
        for topic in sorted(self.said.get(place, ())):
            yield from self._taken_back(place, topic)

    def _taken_back(self, place: str, topic: str) -> Iterator[MqttMessage]:
        self.said[place].discard(topic)
        if not self.said[place]:
            del self.said[place]
        yield MqttMessage(topic, "", retain=True, announces=place)

    def _announcement(
        self, rack: str, reading: Reading, identity: Identity | None, profile: str
    ) -> tuple[str, dict[str, Any]]:
        metric, device = CATALOGUE[reading.metric], reading.device
        identifier = _identifier(self.topics.site, rack, reading)
        component, rest = _component(metric, reading)
        document = {
            "name": _name(reading),
            "unique_id": identifier,
            "state_topic": self.topics.metric(rack, device, reading.metric),
            "availability_mode": "all",
            "availability": [
                _availability(self.topics.agent(self.client_id), ONLINE, OFFLINE),
                _availability(self.topics.status(rack, device), "up", "down"),
            ],
            **rest,
            "device": _device(self.place(rack, device), rack, device, identity, profile),
            "origin": {"name": "rackagent", "sw_version": agent_version()},
        }
        return f"{self.prefix}/{component}/{identifier}/config", document


def _component(metric: Metric, reading: Reading) -> tuple[str, dict[str, Any]]:
    """A sensor or a binary sensor, and what is said of its values."""
    if metric.name in _BINARY:
        template = _template(reading.labels, "value_json.value | int")
        return "binary_sensor", {
            "value_template": template,
            "device_class": _BINARY[metric.name],
            "payload_on": "1",
            "payload_off": "0",
        }
    if metric.kind in _NOT_NUMBERS:
        template = _template(reading.labels, "value_json.value", "{{ this.state }}")
        return "sensor", {"value_template": template}
    device_class, unit = _CLASSES.get(metric.unit, (None, metric.unit))
    for words, name in _RATIOS.items():
        device_class = name if words in metric.name else device_class
    said = "(value_json.value * 100) | round(3)" if metric.unit == "ratio" else "value_json.value"
    found = {
        "value_template": _template(reading.labels, said),
        "state_class": "total_increasing" if metric.kind is Kind.COUNTER else "measurement",
        "device_class": device_class,
        "unit_of_measurement": unit,
    }
    return "sensor", {key: value for key, value in found.items() if value is not None}


def _template(labels: Mapping[str, str], value: str, otherwise: str = "") -> str:
    """A template that takes one series from a topic that all series of a metric share.

    Home Assistant passes over an empty outcome, and ``None`` is its word for unknown. JSON
    without escaped letters is also how Jinja writes a mapping.
    """
    wanted = json.dumps(dict(labels), ensure_ascii=False)
    other = f"{{% else %}}{otherwise}" if otherwise else ""
    return (
        f"{{% if value_json.labels == {wanted} %}}"
        f"{{{{ 'None' if value_json.value is none else {value} }}}}{other}{{% endif %}}"
    )


def _device(
    place: str, rack: str, device: str, identity: Identity | None, profile: str
) -> dict[str, Any]:
    known = identity or Identity()
    found = {
        "identifiers": [f"rackagent_{_slug(place)}_{_short(place)}"],
        "name": device,
        "suggested_area": rack,
        "manufacturer": known.vendor,
        "model": known.model or profile or None,
        "serial_number": known.serial,
        "sw_version": known.firmware,
    }
    return {key: value for key, value in found.items() if value}


def _availability(topic: str, available: str, not_available: str) -> dict[str, str]:
    return {
        "topic": topic,
        "payload_available": available,
        "payload_not_available": not_available,
    }


def _name(reading: Reading) -> str:
    words = reading.metric.removeprefix("rack_").replace("_", " ").capitalize()
    labels = ", ".join(f"{name} {value}" for name, value in reading.labels.items())
    return f"{words} ({labels})" if labels else words


def _identifier(site: str, rack: str, reading: Reading) -> str:
    """Readable, of the letters that a discovery topic may have, and of this series alone."""
    whole = [site, rack, reading.device, reading.metric, *map(list, reading.labels.items())]
    words = [site, rack, reading.device, reading.metric, *reading.labels.values()]
    return f"{_slug('_'.join(words))}_{_short(json.dumps(whole))}"


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text)[:_SLUG_MAX]


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
