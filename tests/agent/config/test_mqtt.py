"""A broker in a site's file: defaults, secrets, and what is refused."""

from pathlib import Path

import pytest

from agent.config import Config, load_config
from agent.config.mqtt import Mqtt
from tests.agent.config.conftest import ENVIRONMENT, SITE, Check


def broker(folder: Path, text: str) -> Mqtt:
    site = folder / "site.yaml"
    site.write_text(f"{SITE}\nmqtt: {{outbox: {{path: out.db}}, {text}}}\n")
    config: Config = load_config(site, {**ENVIRONMENT, "BROKER": "planted-secret"})
    assert config.mqtt is not None
    return config.mqtt


def test_defaults(folder: Path) -> None:
    found = broker(folder, "url: 'mqtt://broker.example'")
    assert (found.host, found.port, found.tls) == ("broker.example", 1883, False)
    assert (found.client_id, found.version, found.prefix) == ("rackagent-lab", "5", "rack")
    assert (found.dead_band, found.full_every_s) == (0.0, 300.0)
    assert (found.outbox, found.max_messages) == (folder / "out.db", 1_000_000)
    assert (found.username, found.password, found.ca_file, found.site) == (None, None, None, "lab")


def test_everything_said(folder: Path) -> None:
    found = broker(
        folder,
        "url: 'mqtts://[::1]:9883', username: u, password: {env: BROKER}, ca_file: ca.pem,"
        " client_id: me, version: '3.1.1', prefix: a/b, publish: all",
    )
    assert (found.host, found.port, found.tls) == ("::1", 9883, True)
    assert (found.username, found.password) == ("u", "planted-secret")
    assert found.ca_file == folder / "ca.pem"
    assert (found.client_id, found.version, found.prefix) == ("me", "3.1.1", "a/b")
    assert found.full_every_s == 0.0
    assert "planted-secret" not in repr(found)


def test_port_of_tls(folder: Path) -> None:
    assert broker(folder, "url: 'mqtts://h'").port == 8883


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{url: 'mqtt://h'}", "mqtt: required key 'outbox' is missing"),
        ("{url: 'http://h', outbox: {path: o}}", "is no broker's URL"),
        ("{url: 'mqtt://h/x', outbox: {path: o}}", "is no broker's URL"),
        ("{url: 'mqtt://h:0', outbox: {path: o}}", "is no broker's URL"),
        ("{url: 'mqtt://h:x', outbox: {path: o}}", "must be a broker's URL"),
        ("{url: 'mqtt://me:planted@h', outbox: {path: o}}", "a URL holds no secrets"),
        ("{url: 'mqtt://h', prefix: 'a/#', outbox: {path: o}}", "is no beginning of a topic"),
        ("{url: 'mqtt://h', password: {env: NOT_SET}, outbox: {path: o}}", "NOT_SET is not set"),
    ],
)
def test_what_is_wrong_is_said(problems: Check, text: str, said: str) -> None:
    found = problems(f"mqtt: {text}\n{SITE}")
    assert any(said in line for line in found), found
    assert not [line for line in found if "planted" in line]
