"""Every fault of the wire as an agent meets it, on real sockets."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent.config import load_config
from agent.hil.reader import Reader
from agent.model.errors import ConfigError
from agent.model.values import Quality
from agent.protocol.snmp import usm
from simulator.faults.schedule import parse_fault
from simulator.faults.wire_faults import WIRE_FAULTS
from simulator.site.rack_server import serving
from simulator.wire.usm_agent import UsmAgent
from tests.simulator.bench import Bench, bench, write_site

pytestmark = pytest.mark.moved_clock

POWER = "rack_inlet_power_watts"
FLOW = "rack_coolant_flow_liters_per_second"
_ROLES = {"pdu-a": "apc-rpdu2", "cdu": "orv3-rpu"}
_V3 = {
    "version": 3,
    "user": "u",
    "auth": {"protocol": "SHA-256", "secret": "auth-secret-1"},
    "priv": {"protocol": "AES-128", "secret": "priv-secret-1"},
}


@pytest.fixture
async def rack(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path, _ROLES) as served:
        yield served


def inject(rack: Bench, fault: str, **params: object) -> int:
    return rack.site.injector.inject(fault, params).id


@pytest.mark.parametrize("device", ["pdu-a", "cdu"])
async def test_silent(rack: Bench, device: str) -> None:
    number = inject(rack, "silent", device=device)
    look = await rack.look(device, 0.1, 0)
    assert look.error is not None
    assert look.error.kind == "timeout"
    rack.site.injector.clear(number)
    assert (await rack.look(device)).failures == ()


@pytest.mark.parametrize("device", ["pdu-a", "cdu"])
async def test_delay(rack: Bench, device: str) -> None:
    number = inject(rack, "delay", device=device, seconds=0.3)
    look = await rack.look(device, 0.1, 0)
    assert look.error is not None
    assert look.error.kind == "timeout"
    rack.site.injector.clear(number)
    inject(rack, "delay", device=device, seconds=0.01)
    assert (await rack.look(device)).failures == ()


@pytest.mark.parametrize("device", ["pdu-a", "cdu"])
async def test_loss_costs_retries_and_no_reading(rack: Bench, device: str) -> None:
    whole = await rack.look(device)
    inject(rack, "loss", device=device, ratio=0.3)
    look = await rack.look(device, 0.1, 8)
    assert look.failures == ()
    assert len(look.readings) == len(whole.readings)


@pytest.mark.parametrize("device", ["pdu-a", "cdu"])
async def test_duplicates_change_nothing(rack: Bench, device: str) -> None:
    whole = await rack.look(device)
    inject(rack, "duplicate", device=device)
    look = await rack.look(device)
    assert look.failures == ()
    keys = [[(r.metric, r.labels, r.quality) for r in each.readings] for each in (whole, look)]
    assert keys[0] == keys[1]


@pytest.mark.parametrize("device", ["pdu-a", "cdu"])
async def test_truncated_answers_are_no_values(rack: Bench, device: str) -> None:
    inject(rack, "truncated", device=device, size=7)
    look = await rack.look(device, 0.1, 0)
    assert look.readings == ()
    assert look.failures


async def test_gen_err_below_an_oid_costs_what_is_below_it(rack: Bench) -> None:
    whole = await rack.look("pdu-a")
    inject(rack, "gen_err", device="pdu-a", oid="1.3.6.1.4.1.318.1.1.26.9")
    look = await rack.look("pdu-a")
    assert look.error is None
    metrics = [{r.metric for r in each.readings} for each in (whole, look)]
    assert "rack_outlet_state" in metrics[0] - metrics[1]
    assert POWER in metrics[1]
    assert any("genErr" in failure.message for failure in look.failures)


async def test_a_busy_device_is_waited_for(rack: Bench) -> None:
    number = inject(rack, "busy", device="cdu")
    reading = asyncio.create_task(rack.look("cdu"))
    await asyncio.sleep(0.05)
    assert not reading.done()
    rack.site.injector.clear(number)
    assert (await reading).failures == ()


async def test_illegal_addresses_are_bad_values_and_never_zeros(rack: Bench) -> None:
    inject(rack, "illegal_address", device="cdu")
    look = await rack.look("cdu")
    assert {reading.quality for reading in look.readings} <= {Quality.BAD}
    assert {failure.kind for failure in look.failures} == {"rejected"}


async def test_an_illegal_address_costs_one_request(rack: Bench) -> None:
    inject(rack, "illegal_address", address=6561)
    look = await rack.look("cdu")
    assert look.error is None
    bad = [reading for reading in look.readings if reading.quality is Quality.BAD]
    assert [reading.labels for reading in bad] == [{"alarm": "it_chassis_0_stop_sticky"}]


@pytest.mark.parametrize("fault", ["wrong_unit", "hang_up"])
async def test_replies_that_cannot_be_trusted_give_no_values(rack: Bench, fault: str) -> None:
    inject(rack, fault, device="cdu")
    look = await rack.look("cdu", 0.1, 0)
    assert look.readings == ()
    assert look.failures


async def test_frozen_values_and_a_wrong_scale(rack: Bench) -> None:
    before = (await rack.read("pdu-a")).number(POWER)
    number = inject(rack, "wrong_scale", device="pdu-a", factor=0.1)
    (power,) = [r for r in (await rack.look("pdu-a")).readings if r.metric == POWER]
    assert power.value == pytest.approx(before / 10, rel=0.03)
    assert "is not the sum of its phases" in power.reason
    rack.site.injector.clear(number)
    inject(rack, "frozen_values", device="pdu-a")
    frozen = (await rack.read("pdu-a")).number(POWER)
    rack.site.rack().set_load(1.0)
    rack.site.advance(60.0)
    assert (await rack.read("pdu-a")).number(POWER) == frozen


async def test_a_reboot_is_silence_and_then_counters_from_zero(rack: Bench) -> None:
    energy = (await rack.read("pdu-a")).number("rack_inlet_energy_joules_total")
    rack.site.injector.inject("reboot", {"device": "pdu-a"}, for_s=20.0)
    assert (await rack.look("pdu-a", 0.1, 0)).readings == ()
    rack.site.advance(30.0)
    shown = await rack.read("pdu-a")
    assert shown.number("rack_inlet_energy_joules_total") < 0.01 * energy


@pytest.mark.parametrize(
    ("fault", "counter"),
    [("time_window", usm.NOT_IN_TIME_WINDOW), ("engine_id_change", usm.UNKNOWN_ENGINE)],
    ids=["time_window", "engine_id_change"],
)
async def test_an_engine_that_is_not_as_it_was_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, counter: bytes
) -> None:
    """By a session that is open, because a new one discovers the engine anyway."""
    seen: list[bytes] = []
    report = UsmAgent._report

    def spy(agent: UsmAgent, envelope: Any, refused: Any, request_id: int) -> bytes | None:
        seen.append(refused.counter)
        return report(agent, envelope, refused, request_id)

    async with bench(tmp_path, {"pdu-a": "apc-rpdu2"}, credentials=_V3) as rack:
        async with Reader(rack.config) as reader:
            before = (await reader.read("pdu-a")).one(POWER, {})
            monkeypatch.setattr(UsmAgent, "_report", spy)
            inject(rack, fault, device="pdu-a")
            after = (await reader.read("pdu-a")).one(POWER, {})
            assert set(seen) == {counter}
            seen.clear()
            await reader.read("pdu-a")
        assert seen == []
    assert after.quality is Quality.GOOD
    assert isinstance(before.value, float)
    assert after.value == pytest.approx(before.value, rel=0.05)


async def test_what_hangs_on_the_bus_bar_dies_with_it(tmp_path: Path) -> None:
    roles = {"switch-1": "switch", "shelf-1": "orv3-hpr-psu", "pdu-a": "apc-rpdu2"}
    async with bench(tmp_path, roles) as rack:
        for feed in "ab":
            inject(rack, "feed_lost", feed=feed)
        rack.site.advance(10.0)
        for device in ("switch-1", "shelf-1"):
            assert (await rack.look(device, 0.1, 0)).readings == ()
        assert (await rack.read("pdu-a")).number("rack_phase_voltage_volts", phase="1") == 0.0


@pytest.mark.parametrize("scheme", ["modbus+rtutcp", "modbus+rtu"])
async def test_a_bad_check_sum_is_no_value(tmp_path: Path, scheme: str) -> None:
    path = write_site(tmp_path, {"cdu": "orv3-rpu"})
    text = path.read_text(encoding="utf-8")
    line = tmp_path / "line"
    if scheme == "modbus+rtu":
        port = text.split("127.0.0.1:")[1].split("/")[0]
        text = text.replace(f"modbus+tcp://127.0.0.1:{port}/1", f"modbus+rtu://{line}/1")
    path.write_text(text.replace("modbus+tcp", scheme), encoding="utf-8")
    config = load_config(path)
    async with serving(config) as site:
        rack = Bench(config, site)
        assert (await rack.read("cdu")).number(FLOW) > 0.5
        inject(rack, "crc", device="cdu")
        assert (await rack.look("cdu", 0.1, 0)).readings == ()
        assert line.is_symlink() == (scheme == "modbus+rtu")
    assert not line.is_symlink()


async def test_a_serial_line_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = write_site(tmp_path, {"cdu": "orv3-rpu"})
    site = path.read_text(encoding="utf-8")
    start = site.index("modbus+tcp://")
    url = site[start : site.index('"', start)]
    line = tmp_path / "line"
    line.write_text("not ours", encoding="utf-8")
    path.write_text(site.replace(url, f"modbus+rtu://{line}/1"), encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot simulate the serial line"):
        async with serving(load_config(path)):
            pass
    assert line.read_text(encoding="utf-8") == "not ours"


async def test_faults_on_the_clock_of_a_fast_rack(tmp_path: Path) -> None:
    planned = (parse_fault("silent:device=cdu@20s+100s"),)
    async with bench(tmp_path, {"cdu": "orv3-rpu"}, faults=planned, speed=100.0) as rack:
        seen: set[tuple[str, ...]] = set()
        while rack.site.elapsed_s < 150.0:
            seen.add(tuple(active.fault for active in rack.site.injector.active))
            await asyncio.sleep(0.01)
    assert seen == {(), ("silent",)}


def test_every_fault_of_the_wire_has_its_test() -> None:
    tests = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in WIRE_FAULTS if f'"{name}"' not in tests] == []
