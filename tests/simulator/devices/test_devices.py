"""Simulated devices, read back through the agent: what the model shows is what is read."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.app.wiring import running
from agent.config import load_config
from agent.model import smi
from agent.model.credentials import SnmpCredentials
from agent.model.errors import ConfigError
from agent.model.limits import Limits
from agent.model.values import Quality
from agent.parse.url import parse_url
from agent.poll.read_once import Target, read_device
from agent.poll.reader import DeviceRead
from agent.profile.library import Library, open_library
from simulator.devices.device import Source, calm
from simulator.devices.modbus_device import ProfileBank
from simulator.devices.snmp_device import build_view
from simulator.devices.switch_device import build_switch
from simulator.model.physics.spec import load_model
from simulator.model.rack import RackModel
from simulator.site.rack_server import serving
from simulator.wire.mib_view import StaticView
from simulator.wire.modbus_server import IllegalAddress, ModbusServer
from simulator.wire.snmp_responder import SnmpResponder
from tests.end_to_end.ports import free_tcp_ports, free_udp_ports
from tests.waiting import until


@pytest.fixture(scope="module")
def library() -> Library:
    return open_library()


@pytest.fixture(scope="module")
def rack() -> RackModel:
    return RackModel(load_model("nvl72"))


async def read_snmp(responder: SnmpResponder, library: Library, profile: str) -> DeviceRead:
    port = await responder.start()
    try:
        url = parse_url(f"snmp://127.0.0.1:{port}")
        return await read_device(Target(url, SnmpCredentials(), Limits()), library, profile)
    finally:
        responder.close()


@pytest.mark.parametrize("profile", ["apc-rpdu2", "raritan-pdu2", "servertech-sentry4"])
async def test_a_pdu_shows_the_models_power_through_its_own_profile(
    library: Library, rack: RackModel, profile: str
) -> None:
    source = Source(rack, "pdu-a")
    view = build_view(library.get(profile), source, "pdu-a")
    look = await read_snmp(SnmpResponder(view), library, "auto")
    assert look.profile is not None
    assert look.profile.name == profile
    good = [reading for reading in look.readings if reading.quality is Quality.GOOD]
    power = [r for r in good if r.metric == "rack_inlet_power_watts"]
    assert power, "the PDU does not say what it draws"
    shown = source.value("rack_inlet_power_watts", {})
    assert isinstance(shown, float)
    assert power[0].value == pytest.approx(shown, rel=0.01)
    keys = [(r.metric, tuple(sorted(r.labels.items()))) for r in look.readings]
    assert len(keys) == len(set(keys))
    for reading in good:
        wanted = source.value(reading.metric, reading.labels)
        if isinstance(wanted, float) and isinstance(reading.value, float):
            coarse = 60.0 if reading.unit in ("W", "VA", "VAr") else 1.1
            assert reading.value == pytest.approx(wanted, rel=0.02, abs=coarse), reading


async def test_a_switch_shows_ports_optics_and_neighbours(
    library: Library, rack: RackModel
) -> None:
    view = build_switch(Source(rack, "switch-1"), "leaf-1")
    look = await read_snmp(SnmpResponder(view), library, "auto")
    assert look.profile is not None
    assert look.profile.kind == "switch"
    assert look.failures == ()
    metrics = {reading.metric for reading in look.readings if reading.quality is Quality.GOOD}
    assert {
        "rack_port_oper_state",
        "rack_port_receive_bytes_total",
        "rack_optic_receive_power_watts",
        "rack_lldp_neighbor_info",
    } <= metrics
    received = [r for r in look.readings if r.metric == "rack_optic_receive_power_watts"]
    model = rack.find("switch-1", "rack_optic_receive_power_watts", {"port": "1"})
    assert isinstance(model, float)
    assert received[0].value == pytest.approx(model, abs=1e-6)


@pytest.mark.parametrize(
    ("profile", "role", "model"),
    [("orv3-rpu", "cdu", "orv3-rpu"), ("orv3-hpr-psu", "shelf-1", "nvl72")],
)
async def test_a_modbus_unit_shows_the_model_through_its_registers(
    library: Library, profile: str, role: str, model: str
) -> None:
    rack = RackModel(load_model(model))
    source = Source(rack, role)
    server = ModbusServer({12: ProfileBank(library.get(profile), source)})
    port = await server.start_tcp()
    try:
        url = parse_url(f"modbus+tcp://127.0.0.1:{port}/12")
        look = await read_device(Target(url, SnmpCredentials(), Limits()), library, profile)
    finally:
        await server.close()
    assert look.failures == ()
    assert look.identity is not None
    assert look.identity.serial
    driven = 0
    for reading in look.readings:
        wanted = source.value(reading.metric, reading.labels)
        if isinstance(wanted, float) and isinstance(reading.value, float):
            driven += 1
            within = {"Pa": 200, "W": 60, "rpm": 2}.get(reading.unit, 1.1)
            assert reading.value == pytest.approx(wanted, rel=0.02, abs=within), reading
    assert driven >= 5


def test_registers_that_no_point_covers_do_not_exist(library: Library, rack: RackModel) -> None:
    bank = ProfileBank(library.get("orv3-hpr-psu"), Source(rack, "shelf-1"))
    with pytest.raises(IllegalAddress):
        bank.read("holding", 60_000, 1)
    assert len(bank.read("holding", 79, 2)) == 2


def test_a_state_nobody_drives_is_a_calm_one() -> None:
    assert calm({1: "alarm", 2: "normal"}) == 2
    assert calm({1: "flashing", 2: "dark"}) == 1


async def demo(tmp_path: Path) -> Path:
    """The demo's configuration on free ports."""
    text = (Path(__file__).parents[3] / "configs/racks/demo.yaml").read_text(encoding="utf-8")
    udp, tcp = free_udp_ports(4), free_tcp_ports(3)
    for old, new in zip(("16101", "16102", "16103", "16104"), udp, strict=True):
        text = text.replace(old, str(new))
    for old, new in zip(("15021", "15022", "9847"), tcp, strict=True):
        text = text.replace(f":{old}", f":{new}")
    path = tmp_path / "demo.yaml"
    path.write_text(text.replace("interval: 5s", "interval: 1s").replace("10s", "1s"))
    return path


async def test_the_demos_rack_is_read_whole(tmp_path: Path) -> None:
    config = load_config(await demo(tmp_path))
    async with serving(config, speed=10) as served, running(config) as current:
        store = current.agent.store
        await until(lambda: all(store.device(device.name).up for device in config.devices))
        assert current.agent.ready
        assert len(served) == len(config.devices) == 6
        text = current.agent.exposition.render().decode()
        for device in config.devices:
            assert f'rackagent_device_up{{device="{device.name}"' in text
            values = [r for r in current.agent.store.readings(device.name) if r.value is not None]
            assert len(values) > 10, device.name
    assert not [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]


async def serve(tmp_path: Path, device: Mapping[str, object], **rack_: object) -> None:
    rack_config = {"name": "r1", "devices": [device], **rack_}
    path = tmp_path / "site.yaml"
    path.write_text(json.dumps({"racks": [rack_config]}), encoding="utf-8")
    async with serving(load_config(path)):
        pass


async def test_what_cannot_be_simulated_is_said(tmp_path: Path) -> None:
    [port] = free_udp_ports(1)
    pdu = {"name": "pdu-a", "url": f"snmp://127.0.0.1:{port}", "profile": "apc-rpdu2"}
    with pytest.raises(
        ConfigError, match=r"racks\[0\]\.model: is missing, .* there are: air-rdhx, nvl72"
    ):
        await serve(tmp_path, pdu)
    with pytest.raises(ConfigError, match="no role 'pdu-z'; it has pdu-a"):
        await serve(tmp_path, {**pdu, "role": "pdu-z"}, model="nvl72")
    with pytest.raises(ConfigError, match="needs its profile named"):
        await serve(tmp_path, {**pdu, "profile": "auto"}, model="nvl72")
    with pytest.raises(ConfigError, match=r"racks\[0\]\.model: unknown model 'nvl73'; there"):
        await serve(tmp_path, pdu, model="nvl73")


async def test_an_address_in_use_is_said(tmp_path: Path) -> None:
    responder = SnmpResponder(build_view_of_nothing())
    port = await responder.start()
    try:
        pdu = {"name": "pdu-a", "url": f"snmp://127.0.0.1:{port}", "profile": "apc-rpdu2"}
        with pytest.raises(ConfigError, match=str(port)):
            await serve(tmp_path, pdu, model="nvl72")
    finally:
        responder.close()


def build_view_of_nothing() -> StaticView:
    return StaticView([(smi.oid("1.3.6.1.2.1.1.5.0"), smi.OCTET_STRING, b"nobody")])
