"""Readings to a real mosquitto: what arrives, what stays, and that nothing is lost on the way.

``RACKAGENT_BROKER_AWAY_S`` sets how long the broker is away (3 s by default).
"""

import json
import os
import re
import signal
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.end_to_end.broker import Broker, Subscriber, broker, quiet
from tests.end_to_end.ports import free_tcp_ports
from tests.end_to_end.programs import RACKAGENT, background, fetch
from tests.peers import require
from tests.simulator.bench import write_site
from tests.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.peer

AWAY_S = float(os.environ.get("RACKAGENT_BROKER_AWAY_S", "3"))
_FLOW = "rack/lab/r1/cdu/rack_coolant_flow_liters_per_second"
_STATUS = "rack/lab/$agent/rackagent-lab/status"
_ROLES = {"pdu-a": "apc-rpdu2", "cdu": "orv3-rpu"}


class Site:
    """A simulated rack whose readings all go to a broker."""

    def __init__(
        self, folder: Path, port: int, roles: dict[str, str] | None = None, **mqtt: Any
    ) -> None:
        self.folder = folder
        [http] = free_tcp_ports(1)
        self.url = f"http://127.0.0.1:{http}"
        self.path = write_site(
            folder,
            roles or _ROLES,
            site="lab",
            http={"listen": f"127.0.0.1:{http}"},
            defaults={"interval": "500ms", "timeout": "1s", "retries": 1},
            mqtt={
                "url": f"mqtt://127.0.0.1:{port}",
                "outbox": {"path": "outbox.db"},
                "publish": "all",
                **mqtt,
            },
        )

    def metric(self, name: str) -> float:
        lines = fetch(f"{self.url}/metrics").splitlines()
        [value] = [line.split()[1] for line in lines if line.startswith(f"{name} ")]
        return float(value)

    def agent(self) -> "subprocess.Popen[bytes]":
        """The agent, to be killed by the test; it says what it has to say in ``agent.log``."""
        with (self.folder / "agent.log").open("ab") as log:
            return subprocess.Popen([*RACKAGENT, "run", str(self.path)], stderr=log)


def times(heard: Subscriber) -> list[str]:
    """When the coolant flow was observed, as the messages arrived."""
    return [each["observed_at"] for each in heard.documents(_FLOW)]


def in_order(found: list[str]) -> list[str]:
    """Each moment once, at its first arrival; they must rise, so that order held."""
    once = list(dict.fromkeys(found))
    assert once == sorted(once)
    return once


def test_readings_arrive_and_what_they_are_stays(tmp_path: Path) -> None:
    [port] = free_tcp_ports(1)
    site = Site(tmp_path, port)
    with broker(tmp_path, port), background("simulate", str(site.path)):
        with Subscriber(port) as heard, background("run", str(site.path)) as agent:
            eventually(lambda: len(heard.documents(_FLOW)) > 3)
            [*_, flow] = heard.documents(_FLOW)
            assert flow["unit"] == "L/s"
            assert 0.5 < flow["value"] < 5
            assert flow["quality"] == "good"
            assert flow["source"]["table"] == "holding"
            phases = heard.documents("rack/lab/r1/pdu-a/rack_phase_current_amperes")
            assert {each["labels"]["phase"] for each in phases} == {"1", "2", "3"}
            assert site.metric("rackagent_mqtt_connected") == 1
            assert site.metric("rackagent_mqtt_published_total") > 10
        with Subscriber(port) as later:  # with what the broker has kept
            meta = eventually(lambda: later.last(f"{_FLOW}/meta"))
            assert json.loads(meta)["kind"] == "gauge"
            eventually(lambda: later.last("rack/lab/r1/cdu/status") == "up")
            eventually(lambda: later.last(_STATUS) == "offline")  # it said so itself
        assert agent.returncode == 0
        assert heard.heard[_STATUS][:2] == [b"online", b"offline"]


def test_a_killed_agent_is_reported_by_its_will(tmp_path: Path) -> None:
    [port] = free_tcp_ports(1)
    site = Site(tmp_path, port, version="3.1.1")
    with broker(tmp_path, port), Subscriber(port) as heard:
        agent = site.agent()
        try:
            eventually(lambda: heard.last(_STATUS) == "online")
        finally:
            agent.kill()
            agent.wait()
        eventually(lambda: heard.last(_STATUS) == "offline")


def test_nothing_is_lost_while_the_broker_is_away_and_the_agent_is_killed(tmp_path: Path) -> None:
    [port] = free_tcp_ports(1)
    site = Site(tmp_path, port, {"cdu": "orv3-rpu"})  # what a busy machine delivers as it comes
    with (
        broker(tmp_path, port) as running,
        background("simulate", str(site.path)),
        Subscriber(port, _FLOW) as heard,
    ):
        agent = site.agent()
        try:
            eventually(lambda: len(times(heard)) > 5)
            running.stop()
            eventually(lambda: site.metric("rackagent_mqtt_connected") == 0)
            time.sleep(AWAY_S)
            eventually(lambda: site.metric("rackagent_mqtt_outbox_messages") > 10)
            agent.send_signal(signal.SIGKILL)
            agent.wait()
            waiting = waiting_flow(tmp_path / "outbox.db")
            assert len(waiting) > 3
            running.start()
            agent = site.agent()
            eventually(lambda: set(waiting) <= set(times(heard)))
            eventually(lambda: site.metric("rackagent_mqtt_outbox_messages") < 200)
            agent.terminate()
            assert agent.wait(PATIENCE_S) == 0
        finally:
            agent.kill()
            agent.wait()
        quiet(heard)
        found = in_order(times(heard))
        assert set(waiting) <= set(found)
        left = set(waiting_flow(tmp_path / "outbox.db"))
        assert not left & set(waiting)
        assert "Traceback" not in (tmp_path / "agent.log").read_text(encoding="utf-8")
        assert polled_without_a_gap(found, waiting)


def waiting_flow(path: Path) -> list[str]:
    """When the readings were observed that wait in an outbox, oldest first."""
    with sqlite3.connect(path) as base:
        rows = base.execute("SELECT payload FROM outbox WHERE topic = ? ORDER BY id", (_FLOW,))
        found = [json.loads(text)["observed_at"] for (text,) in rows]
    base.close()
    return found


def polled_without_a_gap(found: list[str], waiting: list[str]) -> bool:
    """Whether everything between the first arrival and the kill arrived: all that was stored."""
    until = found.index(waiting[-1])
    return found[until - len(waiting) + 1 : until + 1] == waiting


def kept(port: int, topic: str) -> list[tuple[str, str]]:
    """What the broker has kept under a topic, as mosquitto_sub tells it."""
    command = [require("mosquitto_sub"), "-p", str(port), "-t", topic, "-v", "-W", "1"]
    said = subprocess.run(
        [*command, "--retained-only"], capture_output=True, text=True, check=False, timeout=30
    ).stdout
    pairs = (line.partition(" ") for line in said.splitlines())
    return [(found, text) for found, _, text in pairs]


def test_home_assistant_hears_of_every_series_until_its_device_leaves(tmp_path: Path) -> None:
    [port] = free_tcp_ports(1)
    template = "BMS/v1/PUB/Value/{point}/{site}/{rack}/{device}/{metric}"
    points = {"rack_coolant_flow_liters_per_second": "CDU/LiquidFlow"}
    site = Site(
        tmp_path,
        port,
        home_assistant={},
        dsx_exchange={"template": template, "points": points},
        version="3.1.1",
    )
    point = "BMS/v1/PUB/Value/CDU/LiquidFlow/lab/r1/cdu/rack_coolant_flow_liters_per_second"
    with broker(tmp_path, port), background("simulate", str(site.path)):
        with Subscriber(port) as heard, background("run", str(site.path)):
            eventually(lambda: len(heard.documents(_FLOW)) > 3)
            [value, *_] = (
                json.loads(texts[0])
                for topic, texts in list(heard.heard.items())
                if topic.startswith(point)
            )
            assert value.keys() == {"value", "timestamp", "quality"}
            assert 0.5 < value["value"] < 5
            eventually(lambda: heard.last("rack/lab/r1/pdu-a/rack_phase_current_amperes"))
            quiet_of_news(heard)
            series = {
                (topic, json.dumps(each["labels"], sort_keys=True))
                for topic in list(heard.heard)
                if re.fullmatch(r"rack/lab/r1/[^/]+/rack_\w+(?<!_info)", topic)
                for each in heard.documents(topic)
            }
        eventually(lambda: len(kept(port, "homeassistant/+/+/config")) == len(series))
        found = kept(port, "homeassistant/+/+/config")
        assert len(series) > 50
        documents = [json.loads(text) for _, text in found]
        assert {each["device"]["name"] for each in documents} == {"pdu-a", "cdu"}
        assert {each["state_topic"] for each in documents} == {topic for topic, _ in series}
        assert len({each["unique_id"] for each in documents}) == len(documents)
        text = yaml.safe_load(site.path.read_text(encoding="utf-8"))
        [rack] = text["racks"]
        rack["devices"] = [each for each in rack["devices"] if each["name"] == "cdu"]
        site.path.write_text(yaml.safe_dump(text), encoding="utf-8")
        with background("run", str(site.path)):
            eventually(lambda: names(kept(port, "homeassistant/+/+/config")) == {"cdu"})


def names(found: list[tuple[str, str]]) -> set[str]:
    """Whose announcements those are."""
    return {json.loads(text)["device"]["name"] for _, text in found}


def quiet_of_news(heard: Subscriber) -> None:
    """Wait until every series was heard: no new topic for a while."""
    before, since = -1, time.monotonic()
    while time.monotonic() - since < 1.5:
        if len(heard.heard) != before:
            before, since = len(heard.heard), time.monotonic()
        time.sleep(0.05)


def test_a_refused_password_is_told_once_and_not_repeated(tmp_path: Path) -> None:
    [port] = free_tcp_ports(1)
    (tmp_path / "passwords").write_text("")
    closed = f"allow_anonymous false\npassword_file {tmp_path / 'passwords'}"
    (tmp_path / "secret").write_text("planted-password-1")
    site = Site(tmp_path, port, username="me", password={"file": "secret"})
    refusing = Broker(tmp_path, port, more=closed)
    refusing.start()
    try:
        with background("run", str(site.path)) as agent:
            eventually(lambda: site.metric("rackagent_mqtt_outbox_messages") >= 0)
            assert agent.stderr is not None
            said = ""
            while "broker away" not in said:
                said += agent.stderr.readline()
            time.sleep(2.5)  # the broker is asked again
            assert site.metric("rackagent_mqtt_connected") == 0
            agent.terminate()
            said += agent.stderr.read()
    finally:
        refusing.stop()
    assert said.count("broker away") == 1
    assert "planted-password-1" not in said
    assert "uthori" in said
