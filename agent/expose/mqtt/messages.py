"""MQTT topics and payloads, and the choice of readings to send; pure.

A topic is ``PREFIX/SITE/RACK/DEVICE/METRIC``; the payload contains the labels of the series.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from agent.expose import json_model
from agent.model.catalogue import CATALOGUE
from agent.model.values import PollResult, Quality, Reading, Value

ONLINE, OFFLINE = "online", "offline"


@dataclass(frozen=True, slots=True)
class MqttMessage:
    """One message to publish; ``retain`` asks the broker to keep it for later subscribers.

    ``announces`` is the key of the device that a discovery message announces, or withdraws if the
    payload is empty.
    """

    topic: str
    payload: str
    retain: bool = False
    announces: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of a site."""

    prefix: str
    site: str

    def metric(self, rack: str, device: str, metric: str) -> str:
        """Return the topic of the readings of one metric of a device."""
        return f"{self.prefix}/{self.site}/{rack}/{device}/{metric}"

    def status(self, rack: str, device: str) -> str:
        """Return the topic on which a device is ``up`` or ``down``."""
        return f"{self.prefix}/{self.site}/{rack}/{device}/status"

    def event(self, rack: str, device: str) -> str:
        """Return the topic of the events of a device."""
        return f"{self.prefix}/{self.site}/{rack}/{device}/event"

    def agent(self, client_id: str) -> str:
        """Return the topic on which this agent is online or offline; no rack name begins with $."""
        return f"{self.prefix}/{self.site}/$agent/{client_id}/status"


def payload(reading: Reading) -> str:
    """Return a reading as JSON like that of the API, with the time in milliseconds."""
    document = json_model.reading(reading)
    del document["metric"]
    moment = datetime.fromtimestamp(reading.observed_at, UTC)
    document["observed_at"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps(document, allow_nan=False, separators=(",", ":"))


def about(topic: str, metric: str) -> MqttMessage:
    """Return the retained message that describes a metric, for the topic of its readings."""
    known = CATALOGUE[metric]
    document = {"unit": known.unit, "kind": known.kind.value, "help": known.help}
    return MqttMessage(f"{topic}/meta", json.dumps(document, separators=(",", ":")), retain=True)


Key = tuple[str, tuple[tuple[str, str], ...]]
_Sent = tuple[Value, Quality, float]


@dataclass(slots=True)
class Changes:
    """Selects the readings of one device to send: all, or only those that changed.

    With ``full_every_s`` 0 every reading is sent; else an unchanged one is repeated after that many
    seconds. ``dead_band`` is the change to ignore, as a share of the value sent last.
    """

    dead_band: float
    full_every_s: float
    sent: dict[Key, _Sent] = field(default_factory=dict)

    def pick(self, result: PollResult) -> Iterator[Reading]:
        """Yield the readings of one poll to send. A device that is down starts anew."""
        if not result.up:
            self.sent.clear()
        for blocks in result.blocks.values():
            for block in blocks:
                for reading in block.readings():
                    if not self.full_every_s or self._news(reading):
                        yield reading

    def _news(self, reading: Reading) -> bool:
        key = (reading.metric, tuple(reading.labels.items()))
        before = self.sent.get(key)
        if before is not None:
            value, quality, at = before
            recent = reading.observed_at - at < self.full_every_s
            if recent and quality is reading.quality and not self._moved(value, reading.value):
                return False
        self.sent[key] = (reading.value, reading.quality, reading.observed_at)
        return True

    def _moved(self, before: Value, now: Value) -> bool:
        numbers = isinstance(before, int | float) and isinstance(now, int | float)
        if not numbers or not self.dead_band:
            return before != now
        assert isinstance(before, int | float)  # noqa: S101 - checked above, for the type checker
        assert isinstance(now, int | float)  # noqa: S101
        return abs(now - before) > self.dead_band * abs(before)
