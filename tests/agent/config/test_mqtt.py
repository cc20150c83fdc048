"""A broker in a site's file: defaults, secrets, and what is refused."""

from pathlib import Path

import pytest

from agent.config import Config, load_config
from agent.config.mqtt import DsxExchange, Mqtt
from tests.agent.config.conftest import ENVIRONMENT, SITE, Check


def config_of(folder: Path, text: str) -> Config:
    site = folder / "site.yaml"
    site.write_text(f"{SITE}\nmqtt: {{outbox: {{path: out.db}}, {text}}}\n")
    return load_config(site, {**ENVIRONMENT, "BROKER": "planted-secret"})


def broker(folder: Path, text: str) -> Mqtt:
    found = config_of(folder, text).spec.mqtt
    assert found is not None
    return found


def test_defaults(folder: Path) -> None:
    found = broker(folder, "url: 'mqtt://broker.example'")
    assert (found.host, found.port, found.tls) == ("broker.example", 1883, False)
    assert (found.client_id, found.version, found.prefix) == (None, "5", "rack")
    assert (found.dead_band, found.full_every_s) == (0.0, 300.0)
    assert (found.outbox.path, found.outbox.max_messages) == (folder / "out.db", 1_000_000)
    assert (found.username, found.password, found.ca_file) == (None, None, None)


def test_everything_said(folder: Path) -> None:
    config = config_of(
        folder,
        "url: 'mqtts://[::1]:9883', username: u, password: {env: BROKER}, ca_file: ca.pem,"
        " client_id: me, version: '3.1.1', prefix: a/b, publish: all",
    )
    found = config.spec.mqtt
    assert found is not None
    assert (found.host, found.port, found.tls) == ("::1", 9883, True)
    assert (found.username, config.mqtt_password) == ("u", "planted-secret")
    assert found.ca_file == folder / "ca.pem"
    assert (found.client_id, found.version, found.prefix) == ("me", "3.1.1", "a/b")
    assert found.full_every_s == 0.0
    assert "planted-secret" not in repr(config)


def test_port_of_tls(folder: Path) -> None:
    assert broker(folder, "url: 'mqtts://h'").port == 8883


def test_home_assistant_is_asked_for(folder: Path) -> None:
    assert broker(folder, "url: 'mqtt://h'").home_assistant is None
    for given, prefix in (("{}", "homeassistant"), ("{prefix: ha/x}", "ha/x")):
        found = broker(folder, f"url: 'mqtt://h', home_assistant: {given}").home_assistant
        assert found is not None
        assert found.prefix == prefix


def test_dsx_exchange(folder: Path) -> None:
    assert broker(folder, "url: 'mqtt://h'").dsx_exchange is None
    found = broker(
        folder, "url: 'mqtt://h', dsx_exchange: {template: '/v1/{labels}/{device}/{metric}/'}"
    )
    assert found.dsx_exchange == DsxExchange(template="v1/{labels}/{device}/{metric}")
    found = broker(
        folder,
        "url: 'mqtt://h', dsx_exchange: {template: 'v1/{point}/{device}/{metric}',"
        " points: {rack_inlet_power_watts: PowerMeter/ActivePower}}",
    )
    assert found.dsx_exchange == DsxExchange(
        template="v1/{point}/{device}/{metric}/{labels}",
        points={"rack_inlet_power_watts": "PowerMeter/ActivePower"},
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            "template: 'a/{rick}/{device}/{metric}'",
            "'rick' is not a placeholder; there are: {site}, ",
        ),
        ("template: 'a/{}/{device}/{metric}'", "'' is not a placeholder"),
        ("template: 'a/{device!r}/{metric}'", "'device' is not a placeholder"),
        ("template: 'a/{device:3}/{metric}'", "'device' is not a placeholder"),
        ("template: 'a/{device.x}/{metric}'", "'device.x' is not a placeholder"),
        ("template: 'a/{device'", "is not a template: "),
        ("template: 'a/+/{device}/{metric}'", "must not contain '+' or '#'"),
        ("template: 'a/{metric}'", "must contain {device}, or"),
        ("template: 'a'", "must contain {device} and {metric}, or"),
        ("template: 'a/{point}/{device}/{metric}'", "add 'points' with the point"),
        ("template: 'a/{device}/{metric}', points: {none: A/B}", "'none' is not a metric"),
        (
            "template: 'a/{device}/{metric}', points: {rack_inlet_power_watts: x}",
            "'x' is not a point; write OBJECTTYPE/POINTTYPE",
        ),
    ],
)
def test_a_wrong_template_is_said_with_its_place(problems: Check, given: str, said: str) -> None:
    text = f"mqtt:\n  url: mqtt://h\n  outbox: {{path: o}}\n  dsx_exchange: {{{given}}}\n{SITE}"
    [found] = problems(text)
    assert said in found
    assert ":4: mqtt.dsx_exchange" in found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{url: 'mqtt://h'}", "mqtt: required key 'outbox' is missing"),
        ("{url: 'http://h', outbox: {path: o}}", "is not the URL of a broker"),
        ("{url: 'mqtt://h/x', outbox: {path: o}}", "is not the URL of a broker"),
        ("{url: 'mqtt://h:0', outbox: {path: o}}", "is not the URL of a broker"),
        ("{url: 'mqtt://h:x', outbox: {path: o}}", "must be the URL of a broker"),
        ("{url: 'mqtt://me:planted@h', outbox: {path: o}}", "must not contain credentials"),
        ("{url: 'mqtt://h', prefix: 'a/#', outbox: {path: o}}", "is not a topic prefix"),
        ("{url: 'mqtt://h', password: {env: NOT_SET}, outbox: {path: o}}", "NOT_SET is not set"),
    ],
)
def test_what_is_wrong_is_said(problems: Check, text: str, said: str) -> None:
    found = problems(f"mqtt: {text}\n{SITE}")
    assert any(said in line for line in found), found
    assert not [line for line in found if "planted" in line]
