"""Topics and payloads, and which readings are worth sending; pure.

A topic is ``PREFIX/SITE/RACK/DEVICE/METRIC``; the labels of a series stand in its payload.
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
    """One publication. ``retain`` asks the broker to keep it for those who come later.

    ``announces`` names the device that an announcement is of, or (with no payload) no longer is.
    """

    topic: str
    payload: str
    retain: bool = False
    announces: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Topics:
    """Where things are said."""

    prefix: str
    site: str

    def metric(self, rack: str, device: str, metric: str) -> str:
        """Where the readings of one metric of a device go."""
        return f"{self.prefix}/{self.site}/{rack}/{device}/{metric}"

    def status(self, rack: str, device: str) -> str:
        """Whether a device answers."""
        return f"{self.prefix}/{self.site}/{rack}/{device}/status"

    def event(self, rack: str, device: str) -> str:
        """What happens to a device: alarms raised and cleared, states that change."""
        return f"{self.prefix}/{self.site}/{rack}/{device}/event"

    def agent(self, client_id: str) -> str:
        """Whether this agent is there. ``$`` starts no rack's name."""
        return f"{self.prefix}/{self.site}/$agent/{client_id}/status"


def payload(reading: Reading) -> str:
    """One reading as JSON: what the API says of it, with the time to the millisecond."""
    document = json_model.reading(reading)
    del document["metric"]
    moment = datetime.fromtimestamp(reading.observed_at, UTC)
    document["observed_at"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps(document, allow_nan=False, separators=(",", ":"))


def about(topic: str, metric: str) -> MqttMessage:
    """What a metric is, kept by the broker under its topic."""
    known = CATALOGUE[metric]
    document = {"unit": known.unit, "kind": known.kind.value, "help": known.help}
    return MqttMessage(f"{topic}/meta", json.dumps(document, separators=(",", ":")), retain=True)


Key = tuple[str, tuple[tuple[str, str], ...]]
_Sent = tuple[Value, Quality, float]


@dataclass(slots=True)
class Changes:
    """What is worth sending of one device: all of it, or what differs from what was sent.

    ``full_every_s`` 0 sends every reading; else an unchanged one is sent again after that long.
    ``dead_band`` is a share of the value sent last.
    """

    dead_band: float
    full_every_s: float
    sent: dict[Key, _Sent] = field(default_factory=dict)

    def pick(self, result: PollResult) -> Iterator[Reading]:
        """The readings of one poll that are to be sent; of a silent device nothing is kept."""
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
        assert isinstance(before, int | float)  # noqa: S101 - said above, for the type checker
        assert isinstance(now, int | float)  # noqa: S101
        return abs(now - before) > self.dead_band * abs(before)
