"""What a poll and an event bring to the outbox while no broker is there."""

import asyncio
import json
import sqlite3
from pathlib import Path

import aiomqtt
import pytest
import structlog

from agent.config.mqtt import DsxExchange, HomeAssistantSpec, Mqtt, OutboxSpec
from agent.events.records import Action, Event, EventKind, Subject
from agent.expose.mqtt import publisher as module
from agent.expose.mqtt.messages import MqttMessage
from agent.expose.mqtt.outbox import Outbox
from agent.expose.mqtt.publisher import Publisher
from agent.model.errors import ConfigError
from agent.model.values import PollResult
from agent.store.latest import DeviceState
from tests.agent.expose.rack import block, poll, series
from tests.waiting import until

AMPERES = (series("pdu-a", "rack_phase_current_amperes", {"phase": "1"}),)
HA = HomeAssistantSpec(prefix="ha")
_BASE = "rack/lab/r1/pdu-a"


@pytest.fixture
def config(tmp_path: Path) -> Mqtt:
    outbox = OutboxSpec(path=tmp_path / "o.db", max_messages=100)
    return Mqtt(url="mqtt://127.0.0.1:1", outbox=outbox, client_id="me")


@pytest.fixture
async def publisher(config: Mqtt) -> Publisher:
    return Publisher(config, "lab", lambda device: "r1")


async def stored(publisher: Publisher, config: Mqtt) -> list[MqttMessage]:
    await publisher.close()
    outbox = Outbox(config.outbox.path, 100)
    found = [message for _, message in outbox.first(100)]
    outbox.close()
    return found


def hear(publisher: Publisher, result: PollResult) -> None:
    publisher.observe(DeviceState(result.device, up=result.up), result)


async def test_a_poll_tells_the_device_what_metrics_are_and_their_readings(
    publisher: Publisher, config: Mqtt
) -> None:
    hear(publisher, poll("pdu-a", {0: (block(AMPERES, [52.1]),)}))
    hear(publisher, poll("pdu-a", {0: (block(AMPERES, [52.1]),)}))
    hear(publisher, poll("pdu-a", up=False))
    found = await stored(publisher, config)
    metric = f"{_BASE}/rack_phase_current_amperes"
    assert [(message.topic, message.retain) for message in found] == [
        (f"{_BASE}/status", True),
        (f"{metric}/meta", True),
        (metric, False),
        (f"{_BASE}/status", True),
    ]
    assert [found[0].payload, found[-1].payload] == ["up", "down"]
    assert json.loads(found[2].payload)["value"] == 52.1


async def test_an_event_has_its_own_topic(publisher: Publisher, config: Mqtt) -> None:
    subject = Subject("pdu-a", "rack_alarm_active", (("alarm", "overload"),))
    publisher.publish_event(Event(EventKind.ALARM, Action.RAISED, subject, 1, 0, 1_795_000_000.0))
    [message] = await stored(publisher, config)
    assert (message.topic, message.retain) == (f"{_BASE}/event", False)
    document = json.loads(message.payload)
    assert (document["action"], document["labels"]) == ("raised", {"alarm": "overload"})


async def test_a_device_that_left_is_told_whole_when_it_comes_back(
    publisher: Publisher, config: Mqtt
) -> None:
    reading = poll("pdu-a", {0: (block(AMPERES, [52.1]),)})
    hear(publisher, reading)
    publisher.forget("pdu-a")
    hear(publisher, reading)
    found = await stored(publisher, config)
    assert [message.topic for message in found].count(f"{_BASE}/rack_phase_current_amperes") == 2


async def test_what_is_asked_for_beside_readings(config: Mqtt) -> None:
    point = DsxExchange(template="dsx/{device}/{metric}/{labels}")
    asked = config.model_copy(update={"home_assistant": HA, "dsx_exchange": point})
    publisher = Publisher(asked, "lab", lambda device: "r1", ["pdu-a"])
    states = (series("pdu-a", "rack_outlet_state", {"outlet": "1"}, states=("off", "on")),)
    hear(publisher, poll("pdu-a", {0: (block(AMPERES, [52.1]), block(states, ["on"]))}))
    publisher.forget("pdu-a")
    found = await stored(publisher, config)
    whole = [m.topic for m in found if not m.topic.startswith("ha/")]
    assert whole == [
        f"{_BASE}/status",
        f"{_BASE}/rack_phase_current_amperes/meta",
        f"{_BASE}/rack_phase_current_amperes",
        "dsx/pdu-a/rack_phase_current_amperes/phase=1",
        f"{_BASE}/rack_outlet_state/meta",
        f"{_BASE}/rack_outlet_state",
    ]
    announced = [m for m in found if m.topic.startswith("ha/")]
    assert [bool(m.payload) for m in announced] == [True, True, False, False]
    assert {m.topic for m in announced[:2]} == {m.topic for m in announced[2:]}
    assert all(m.retain for m in announced)


async def test_a_device_that_left_while_no_agent_ran_is_taken_back(config: Mqtt) -> None:
    asked = config.model_copy(update={"home_assistant": HA})
    first = Publisher(asked, "lab", lambda device: "r1", ["pdu-a"])
    hear(first, poll("pdu-a", {0: (block(AMPERES, [52.1]),)}))
    topics = {m.topic for m in await stored(first, config) if m.topic.startswith("ha/")}
    kept = Publisher(asked, "lab", lambda device: "r1", ["pdu-a"])
    assert not [m for m in await stored(kept, config) if not m.payload]
    without = Publisher(config, "lab", lambda device: "r1", ["pdu-a"])
    assert {m.topic for m in await stored(without, config) if not m.payload} == topics


class TakesAll:
    """A broker that takes everything."""

    def __init__(self) -> None:
        self.payloads: list[str] = []

    async def publish(self, topic: str, payload: str, **_: object) -> None:
        self.payloads.append(payload)


async def test_a_full_disk_sends_nothing_twice_and_needs_no_new_connection(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_DISK_AGAIN_S", 0.01)
    direct, refused = Outbox.done, asyncio.Event()

    def full(outbox: Outbox, last: int) -> None:
        refused.set()
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Outbox, "done", full)
    broker, reading = TakesAll(), poll("pdu-a", {0: (block(AMPERES, [52.1]),)})
    with structlog.testing.capture_logs() as lines:
        async with asyncio.TaskGroup() as group:
            storing = group.create_task(publisher._spool.run())
            delivering = group.create_task(publisher._deliver(broker))  # type: ignore[arg-type]
            hear(publisher, reading)
            await until(lambda: len(broker.payloads) == 4)  # online, status, meta, reading
            refused.clear()
            await refused.wait()
            hear(publisher, poll("pdu-a", up=False))
            await until(lambda: broker.payloads[-1] == "down")
            refused.clear()
            await refused.wait()
            assert len(broker.payloads) == 5
            monkeypatch.setattr(Outbox, "done", direct)
            await until(lambda: publisher._outbox.count == 0)
            delivering.cancel()
            storing.cancel()
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("outbox cannot be used", "error"),
        ("outbox written again", "info"),
    ]
    assert lines[0]["reason"] == "database or disk is full"
    assert broker.payloads[4:] == ["down", "offline"]
    await publisher.close()


async def test_a_lost_connection_leaves_no_unseen_error(publisher: Publisher) -> None:
    client = publisher._client()
    lost = client._disconnected
    lost.set_exception(aiomqtt.MqttError("lost"))
    await client.__aexit__(None, None, None)
    assert not lost._log_traceback
    await publisher.close()


def test_a_certificate_authority_that_is_none_is_said(config: Mqtt, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for name, said in (("ca.pem", "not a certificate|NO_CERT|no cert"), ("none", "No such file")):
        asked = Mqtt(url="mqtts://h", outbox=config.outbox, ca_file=tmp_path / name)
        with pytest.raises(ConfigError, match=rf"mqtt\.ca_file: .*({said})"):
            Publisher(asked, "lab", lambda device: "r1")
