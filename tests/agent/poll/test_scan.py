"""Looking for devices: only what answers is found, and it is bounded."""

from pathlib import Path

import pytest

from agent.config import load_config
from agent.model.credentials import SnmpCredentials
from agent.model.errors import ConfigError
from agent.parse.url import Url, parse_url
from agent.poll.scan import Found, Scan, as_config, parse_scan, scan_hosts, scan_units
from agent.profile.library import Library, open_library
from simulator.devices.device import Source
from simulator.devices.modbus_device import ProfileBank
from simulator.devices.snmp_device import build_view
from simulator.model.physics.spec import load_model
from simulator.model.rack import RackModel
from simulator.wire.modbus_server import ModbusServer
from simulator.wire.snmp_responder import SnmpResponder
from tests.end_to_end.ports import free_tcp_ports
from tests.end_to_end.programs import rackagent


@pytest.fixture(scope="module")
def library() -> Library:
    return open_library()


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("snmp://10.0.0.0/30", ("10.0.0.1", "10.0.0.2")),
        ("snmp://10.0.0.9:1161", ("10.0.0.9",)),
        ("snmp://[2001:db8::1]", ("2001:db8::1",)),
    ],
)
def test_a_network_is_its_hosts(text: str, hosts: tuple[str, ...]) -> None:
    assert parse_scan(text).hosts == hosts


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("snmp://10.0.0.0/8", "scan at most 1024 at once"),
        ("snmp://10.0.0.0/99", "is not a network"),
        ("modbus+tcp://10.0.0.1/7", "leave the path out"),
        ("http://10.0.0.1", "unknown scheme"),
    ],
)
def test_what_cannot_be_scanned_is_said(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_scan(text)


def test_a_line_may_leave_its_settings_to_the_profiles() -> None:
    assert parse_scan("modbus+rtu:///dev/ttyUSB0").base.path == "/dev/ttyUSB0"
    told = parse_scan("modbus+rtu:///dev/ttyUSB0?baudrate=9600&parity=N")
    assert told.base.options == {"baudrate": "9600", "parity": "N"}


async def test_units_are_found_on_tcp_and_on_a_line_at_the_profiles_settings(
    library: Library,
) -> None:
    model = RackModel(load_model("orv3-rpu"))
    server = ModbusServer({12: ProfileBank(library.get("orv3-rpu"), Source(model, "cdu"))})
    port = await server.start_tcp()
    line = server.start_pty()
    told: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        told.append((done, total))

    try:
        gateway = Scan(Url("modbus+tcp", "127.0.0.1", port, unit=0))
        found = await scan_units(gateway, library, progress, units=[11, 12, 13])
        assert [device.url.unit for device in found] == [12]
        assert told[-1][0] == told[-1][1] >= 3
        serial = await scan_units(parse_scan(f"modbus+rtu://{line.path}"), library, progress, [12])
        assert {device.url.unit for device in serial} == {12}
        assert all(device.url.options["baudrate"] for device in serial)
    finally:
        await server.close()


async def test_hosts_are_found_and_silent_ones_left_out(library: Library) -> None:
    model = RackModel(load_model("nvl72"))
    view = build_view(library.get("apc-rpdu2"), Source(model, "pdu-a"), "pdu-a")
    responder = SnmpResponder(view, "right")
    port = await responder.start()
    scan = Scan(Url("snmp", "127.0.0.1", port), ("127.0.0.1", "127.0.0.2"))
    try:
        login = SnmpCredentials.with_community("right")
        found = await scan_hosts(scan, login, library, lambda done, total: None)
        assert [(device.url.host, device.profile) for device in found] == [
            ("127.0.0.1", "apc-rpdu2")
        ]
        wrong = SnmpCredentials.with_community("wrong")
        assert await scan_hosts(scan, wrong, library, lambda done, total: None) == []
    finally:
        responder.close()


def test_what_was_found_is_a_configuration_to_start_from(tmp_path: Path) -> None:
    known = Found(parse_url("snmp://10.0.0.5:161"), "apc-rpdu2", "sysObjectID starts with 1.3")
    strange = Found(parse_url("modbus+tcp://10.0.0.7:502/9"), None, "no profile fits it")
    path = tmp_path / "site.yaml"
    path.write_text(as_config([known, strange]), encoding="utf-8")
    config = load_config(path)
    assert [(d.name, d.profile) for d in config.devices] == [
        ("device-1", "apc-rpdu2"),
        ("device-2", "auto"),
    ]


def test_the_command_says_when_nothing_answers_and_never_overwrites(tmp_path: Path) -> None:
    [port] = free_tcp_ports(1)
    target = f"modbus+tcp://127.0.0.1:{port}"
    rackagent("scan", target, "--units", "12", status=3)
    rackagent("scan", target, "--units", "0-300", status=2)
    there = tmp_path / "site.yaml"
    there.write_text("site: mine\n")
    rackagent("scan", target, "--out", str(there), status=2)
