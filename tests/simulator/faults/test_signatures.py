"""Each physical fault injected into a served rack, and its signature seen by the agent.

Signatures are those of the commissioning facts that the model is built on. Devices speak the
library's profiles where these show enough; ``*`` is a register map of everything a role has.
"""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import fmean, pstdev

import pytest

from agent.model.values import Quality
from simulator.model import FAULTS
from tests.simulator.bench import bench
from tests.simulator.hands import Rack

AMPERES = "rack_phase_current_amperes"
FLOW = "rack_coolant_flow_liters_per_second"
TEMPERATURE = "rack_coolant_temperature_celsius"
PRESSURE = "rack_coolant_pressure_pascals"
DROP = "rack_coolant_differential_pressure_pascals"
POSITION, COMMAND = "rack_valve_position_ratio", "rack_valve_command_ratio"
LOOP = {"loop": "technology"}
SUPPLY, RETURN = {**LOOP, "side": "supply"}, {**LOOP, "side": "return"}

PDU, RPU, SWITCH, EVERYTHING = "apc-rpdu2", "orv3-rpu", "switch", "*"
Check = Callable[[Rack], Awaitable[None]]


async def feed_lost(rack: Rack) -> None:
    assert await rack.mean("pdu-b", AMPERES, phase="1") == pytest.approx(86.5, rel=0.02)
    assert await rack.mean("shelf-8", "rack_busbar_utilization_ratio") == pytest.approx(
        0.45, abs=0.01
    )
    rack.inject("open_feed_a")
    rack.wait(30)
    assert await rack.number("pdu-a", AMPERES, phase="1") == 0.0
    assert await rack.number("pdu-a", "rack_phase_voltage_volts", phase="1") == 0.0
    assert await rack.mean("pdu-b", AMPERES, phase="1") == pytest.approx(174, rel=0.02)
    assert await rack.mean("shelf-8", "rack_busbar_utilization_ratio") == pytest.approx(
        0.91, abs=0.01
    )


async def phase_lost(rack: Rack) -> None:
    rack.inject("phase_lost", feed="b", phase=2)
    rack.wait(30)
    shown = await rack.bench.read("pdu-b")
    assert shown.number("rack_phase_voltage_volts", phase="2") == 0.0
    assert shown.number(AMPERES, phase="2") == 0.0
    assert shown.number(AMPERES, phase="1") > 95.0
    assert await rack.word("shelf-8", "rack_psu_state", psu="2") == "no_input"


async def outlet_off(rack: Rack) -> None:
    rack.inject("outlet_off", feed="b", outlet=1)
    rack.wait(30)
    shown = await rack.bench.read("pdu-b")
    assert shown.value("rack_outlet_state", outlet="1") == "off"
    assert await rack.number("shelf-5", "rack_busbar_power_watts") == 0.0


async def psu_dead(rack: Rack) -> None:
    rack.inject("psu_dead", shelf=3, psu=2)
    rack.wait(30)
    shown = await rack.bench.read("shelf-3")
    assert shown.value("rack_psu_state", psu="2") == "failed"
    assert shown.number("rack_inlet_current_unbalance_ratio") == pytest.approx(0.4, abs=0.01)
    currents = [shown.number(AMPERES, phase=phase) for phase in "123"]
    assert currents[1] == pytest.approx(currents[0] / 2, rel=0.03)


async def ab_miswired(rack: Rack) -> None:
    rack.inject("ab_miswired", shelf_a=2)
    rack.wait(10)
    assert await rack.mean("shelf-6", "rack_busbar_power_watts") > 10e3
    rack.inject("open_feed_a")
    rack.wait(30)
    assert await rack.number("shelf-6", "rack_busbar_power_watts") == 0.0, "B's shelf drops"
    assert await rack.number("shelf-2", "rack_busbar_power_watts") > 10e3, "A's shelf stays"


async def ct_reversed(rack: Rack) -> None:
    rack.inject("ct_reversed", feed="a", phase=3)
    rack.wait(5)
    shown = await rack.bench.read("pdu-a")
    assert shown.number("rack_phase_power_watts", phase="3") < -15e3
    assert shown.number("rack_phase_power_watts", phase="1") > 15e3
    assert shown.number(AMPERES, phase="3") > 80.0


async def bad_joint(rack: Rack) -> None:
    rack.inject("bad_joint", shelf=5)
    clip, extra = "rack_busbar_temperature_celsius", []
    for load in (1.0, 0.5):
        rack.site.rack().set_load(load)
        rack.wait(900)
        extra.append(await rack.mean("shelf-5", clip) - await rack.mean("shelf-4", clip))
    assert extra[0] > 10.0
    assert extra[1] / extra[0] == pytest.approx((72.5 / 120.0) ** 2, rel=0.06)


async def weak_bbu(rack: Rack) -> None:
    rack.inject("weak_bbu", bbu=2, health=0.25)
    for feed in "ab":
        rack.inject("feed_lost", feed=feed)
    rack.wait(30)
    weak, whole = [await rack.bench.read(f"bbu-{number}") for number in (2, 1)]
    assert weak.number("rack_battery_health_ratio", battery="1") == pytest.approx(0.25)
    assert weak.value("rack_battery_state", battery="1") == "discharging"
    rack.wait(40)
    charge = "rack_battery_charge_ratio"
    assert weak.number(charge, battery="1") < 0.8 * whole.number(charge, battery="1")
    assert await rack.number("bbu-2", charge, battery="1") < 0.2


async def pump_trip(rack: Rack) -> None:
    full = await rack.mean("cdu", FLOW, **LOOP)
    assert full * 60 == pytest.approx(130, rel=0.02)
    rack.inject("pump_trip")
    flows = await rack.series("cdu", 30, FLOW, **LOOP)
    assert min(flows) * 60 == pytest.approx(46, abs=6)
    assert flows[-1] > 0.9 * full
    speeds = (await rack.bench.read("cdu")).all("rack_pump_speed_rpm", "pump")
    assert speeds["1"] == 0.0
    assert speeds["2"] > 3000


async def pumps_lost(rack: Rack) -> None:
    before = await rack.number("cdu", TEMPERATURE, **RETURN)
    rack.inject("pumps_lost")
    rack.wait(20)
    assert await rack.number("cdu", FLOW, **LOOP) == pytest.approx(0.0, abs=0.01)
    seen = await rack.series("cdu", 10, TEMPERATURE, **RETURN)
    assert abs(seen[-1] - before) < 6.0, "the return sensor lags: it meets no hot coolant"
    rack.site.injector.clear(1)
    assert max(await rack.series("cdu", 30, TEMPERATURE, **RETURN)) > seen[-1] + 6.0


async def clog(rack: Rack) -> None:
    assert await rack.mean("cdu", DROP, across="rack") == pytest.approx(89e3, rel=0.02)
    for factor, drop, loss in ((2, 158e3, 0.04), (4, 205e3, 0.22)):
        rack.inject("clog", factor=factor)
        rack.wait(600)
        assert await rack.mean("cdu", DROP, across="rack") == pytest.approx(drop, rel=0.03)
        assert await rack.mean("cdu", FLOW, **LOOP) * 60 == pytest.approx(
            130 * (1 - loss), rel=0.015
        )


async def exchanger_fouled(rack: Rack) -> None:
    before = [await rack.mean("cdu", TEMPERATURE, **side) for side in (SUPPLY, RETURN)]
    assert await rack.mean("cdu", POSITION) == pytest.approx(0.55, abs=0.01)
    rack.inject("exchanger_fouled")
    rack.wait(1500)
    after = [await rack.mean("cdu", TEMPERATURE, **side) for side in (SUPPLY, RETURN)]
    assert after == pytest.approx(before, abs=0.2)
    assert await rack.mean("cdu", POSITION) == pytest.approx(0.84, abs=0.02)


async def valve_stuck(rack: Rack) -> None:
    rack.inject("valve_stuck")
    rack.wait(900)
    shown = await rack.bench.read("cdu")
    assert shown.number(POSITION) == pytest.approx(0.3, abs=0.01)
    assert shown.number(COMMAND) == pytest.approx(1.0)
    assert shown.number(TEMPERATURE, **SUPPLY) == pytest.approx(43.5, abs=0.5)
    assert "supply_temperature_high" in await rack.alarms("cdu")


async def facility_warm(rack: Rack) -> None:
    rack.inject("facility_warm")
    rack.wait(900)
    assert await rack.mean("cdu", POSITION) == pytest.approx(1.0, abs=0.01)
    cold = {"loop": "facility", "side": "supply"}
    approach = await rack.mean("cdu", TEMPERATURE, **SUPPLY) - await rack.mean(
        "cdu", TEMPERATURE, **cold
    )
    assert approach == pytest.approx(3.1, abs=0.2)


async def air_in_loop(rack: Rack) -> None:
    calm = await rack.series("cdu", 20, FLOW, **LOOP)
    rack.inject("air_in_loop")
    wild = await rack.series("cdu", 20, FLOW, **LOOP)
    assert pstdev(wild) > 3 * pstdev(calm)
    assert fmean(wild) == pytest.approx(fmean(calm), rel=0.04)


async def leak(rack: Rack) -> None:
    before = await rack.mean("cdu", PRESSURE, **RETURN)
    rack.inject("leak")
    rack.wait(60)
    falling = await rack.mean("cdu", PRESSURE, **RETURN)
    shown = (await rack.bench.read("cdu")).all("rack_leak_detected", "sensor")
    assert falling < before
    assert set(shown.values()) == {0}
    rack.wait(180)
    shown = (await rack.bench.read("cdu")).all("rack_leak_detected", "sensor")
    assert 1 in shown.values()
    assert await rack.mean("cdu", PRESSURE, **RETURN) < falling


async def leak_cable_cut(rack: Rack) -> None:
    rack.inject("leak_cable_cut")
    rack.wait(5)
    shown = await rack.bench.read("cdu")
    assert 1 in shown.all("rack_leak_sensor_fault", "sensor").values()
    assert set(shown.all("rack_leak_detected", "sensor").values()) == {0}


async def supply_return_swapped(rack: Rack) -> None:
    rack.inject("supply_return_swapped")
    rack.wait(30)
    rise = await rack.mean("cdu", TEMPERATURE, **RETURN) - await rack.mean(
        "cdu", TEMPERATURE, **SUPPLY
    )
    assert rise == pytest.approx(-12.0, abs=0.4)


async def humidity_drift(rack: Rack) -> None:
    humidity, dew_point = "rack_relative_humidity_ratio", "rack_dew_point_celsius"
    before, elsewhere = await rack.mean("cdu", dew_point), await rack.mean("pdu-a", humidity)
    rack.inject("humidity_drift", per_hour=0.2)
    rack.wait(3600)
    assert await rack.mean("cdu", humidity) == pytest.approx(0.65, abs=0.02)
    assert await rack.mean("cdu", dew_point) > before + 4.0
    assert await rack.mean("pdu-a", humidity) == pytest.approx(elsewhere, abs=0.01)


async def _neighbors(rack: Rack) -> dict[str, str]:
    shown = (await rack.bench.read("switch-2")).of.readings
    return {
        r.labels["port"]: r.labels["remote_system"]
        for r in shown
        if r.metric == "rack_lldp_neighbor_info"
    }


async def cable_swap(rack: Rack) -> None:
    plan = await _neighbors(rack)
    rack.inject("cable_swap", switch=2, port_a=4, port_b=9)
    rack.wait(5)
    found = await _neighbors(rack)
    wrong = {port for port, peer in plan.items() if found[port] != peer}
    assert {port.removeprefix("Ethernet") for port in wrong} == {"4", "9"}
    states = (await rack.bench.read("switch-2")).all("rack_port_oper_state", "port")
    assert {states[port] for port in wrong} == {"up"}


async def _light(rack: Rack) -> dict[str, float]:
    """Received power in watts by the number of the port."""
    shown = (await rack.bench.read("switch-1")).all("rack_optic_receive_power_watts", "port")
    found = ((re.match(r"Ethernet(\d+)", port), watts) for port, watts in shown.items())
    return {match[1]: watts for match, watts in found if match}


async def dirty_optic(rack: Rack) -> None:
    before = await _light(rack)
    rack.inject("dirty_optic", switch=1, port=5)
    rack.wait(5)
    shown = await rack.bench.read("switch-1")
    after = await _light(rack)
    assert after["5"] == pytest.approx(before["5"] / 2, rel=0.05), "3 dB"
    assert after["6"] == pytest.approx(before["6"], rel=0.05)
    assert shown.all("rack_port_oper_state", "port")["Ethernet5"] == "up"


async def link_down(rack: Rack) -> None:
    assert "Ethernet3" in await _neighbors(rack)
    rack.inject("link_down", switch=2, port=3)
    rack.wait(5)
    shown = await rack.bench.read("switch-2")
    assert shown.all("rack_port_oper_state", "port")["Ethernet3"] == "down"
    assert shown.all("rack_port_admin_state", "port")["Ethernet3"] == "up"
    assert "Ethernet3" not in await _neighbors(rack)


async def frozen_sensor(rack: Rack) -> None:
    rack.inject("frozen_sensor", labels="loop=technology,side=return")
    rack.site.rack().set_load(0.5)
    held = await rack.series("cdu", 15, TEMPERATURE, **RETURN)
    alive = await rack.series("cdu", 15, TEMPERATURE, **SUPPLY)
    assert pstdev(held) == 0.0
    assert pstdev(alive) > 0.01


async def wrong_scale(rack: Rack) -> None:
    power = "rack_inlet_power_watts"
    before = await rack.mean("pdu-a", power)
    rack.inject("wrong_scale")
    shown = (await rack.bench.look("pdu-a")).readings
    (scaled,) = [reading for reading in shown if reading.metric == power]
    assert scaled.value == pytest.approx(10 * before, rel=0.03)
    assert scaled.quality is not Quality.GOOD
    assert "is not voltage" in scaled.reason
    phases = [r.value for r in shown if r.metric == "rack_phase_power_watts"]
    assert sum(value for value in phases if isinstance(value, float)) == pytest.approx(
        before, rel=0.02
    )


async def wrong_identity(rack: Rack) -> None:
    seen = {}
    for device in ("cdu", "switch-1"):
        identity = (await rack.bench.read(device)).of.identity
        assert identity is not None
        rack.inject("wrong_identity", device=device, serial="OTHER", firmware="0.1.2")
        seen[device] = (identity.serial, identity.firmware)
    for device, before in seen.items():
        identity = (await rack.bench.read(device)).of.identity
        assert identity is not None
        assert identity.serial == "OTHER" != before[0]
        assert "0.1.2" in (identity.firmware or "")


async def crosstalk(rack: Rack) -> None:
    async def differing() -> int:
        one, two = [await rack.bench.read(f"shelf-{number}") for number in (1, 2)]
        pairs = zip(one.of.readings, two.of.readings, strict=True)
        return sum(left.value != right.value for left, right in pairs)

    rack.wait(1)
    assert await differing() > 30
    rack.inject("crosstalk")
    rack.wait(1)
    assert await differing() == 0


_SHELVES = {"shelf-2": EVERYTHING, "shelf-6": EVERYTHING}
CASES: tuple[tuple[Check, dict[str, str], str], ...] = (
    (feed_lost, {"pdu-a": PDU, "pdu-b": PDU, "shelf-8": EVERYTHING}, "nvl72"),
    (phase_lost, {"pdu-b": PDU, "shelf-8": EVERYTHING}, "nvl72"),
    (outlet_off, {"pdu-b": PDU, "shelf-5": EVERYTHING}, "nvl72"),
    (psu_dead, {"shelf-3": EVERYTHING}, "nvl72"),
    (ab_miswired, _SHELVES, "nvl72"),
    (ct_reversed, {"pdu-a": EVERYTHING}, "nvl72"),
    (bad_joint, {"shelf-4": EVERYTHING, "shelf-5": EVERYTHING}, "nvl72"),
    (weak_bbu, {"bbu-1": EVERYTHING, "bbu-2": EVERYTHING}, "orv3-rpu"),
    (pump_trip, {"cdu": RPU}, "nvl72"),
    (pumps_lost, {"cdu": RPU}, "nvl72"),
    (clog, {"cdu": EVERYTHING}, "nvl72"),
    (exchanger_fouled, {"cdu": EVERYTHING}, "nvl72"),
    (valve_stuck, {"cdu": EVERYTHING}, "nvl72"),
    (facility_warm, {"cdu": EVERYTHING}, "nvl72"),
    (air_in_loop, {"cdu": RPU}, "nvl72"),
    (leak, {"cdu": RPU}, "nvl72"),
    (leak_cable_cut, {"cdu": RPU}, "nvl72"),
    (supply_return_swapped, {"cdu": RPU}, "nvl72"),
    (humidity_drift, {"cdu": EVERYTHING, "pdu-a": EVERYTHING}, "nvl72"),
    (cable_swap, {"switch-2": SWITCH}, "nvl72"),
    (dirty_optic, {"switch-1": SWITCH}, "nvl72"),
    (link_down, {"switch-2": SWITCH}, "nvl72"),
    (frozen_sensor, {"cdu": RPU}, "nvl72"),
    (wrong_scale, {"pdu-a": EVERYTHING}, "nvl72"),
    (wrong_identity, {"cdu": RPU, "switch-1": SWITCH}, "nvl72"),
    (crosstalk, {"shelf-1": EVERYTHING, "shelf-2": EVERYTHING}, "nvl72"),
)


@pytest.mark.parametrize(
    ("check", "roles", "model"), CASES, ids=[case[0].__name__ for case in CASES]
)
async def test_the_signature_is_seen(
    tmp_path: Path, check: Check, roles: dict[str, str], model: str
) -> None:
    async with bench(tmp_path, roles, model=model) as served:
        served.site.rack().set_load(1.0)
        served.site.advance(900.0)
        await check(Rack(served))


def test_every_physical_fault_has_its_test() -> None:
    assert {check.__name__ for check, _, _ in CASES} == set(FAULTS)
