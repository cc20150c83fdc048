"""Faults of the cooling side show what they are published to show."""

import pytest

from simulator.model import RackModel
from tests.simulator.model.readings import (
    DIFFERENCE,
    FLOW,
    PRESSURE,
    RETURN,
    SUPPLY,
    TEMPERATURE,
    alarms,
    broken,
    mean,
    number,
    series,
    settled,
    spread,
    word,
)

_TECHNOLOGY = {"loop": "technology"}
_POSITION, _COMMAND = "rack_valve_position_ratio", "rack_valve_command_ratio"
_SIDES = {"supply": SUPPLY, "return": RETURN}


def test_pump_trip() -> None:
    rack = broken("pump_trip", 60)
    assert word(rack, "cdu", "rack_pump_state", pump="1") == "failed"
    assert word(rack, "cdu", "rack_pump_state", pump="2") == "running"
    assert number(rack, "cdu", "rack_pump_speed_rpm", pump="1") == 0.0
    assert number(rack, "cdu", "rack_pump_speed_rpm", pump="2") > 3000
    assert mean(rack, "cdu", FLOW, **_TECHNOLOGY) * 60 > 0.97 * 130.0
    assert "pump_1_failed" in alarms(rack, "cdu")


def test_pump_trip_among_pumps_in_parallel() -> None:
    rack = settled("orv3-rpu")
    rack.inject("pump_trip")
    flows = [60 * flow for flow in series(rack, "cdu", FLOW, 60, **_TECHNOLOGY)]
    assert min(flows) < 45.0
    assert flows[-1] == pytest.approx(48.0, rel=0.05)
    assert word(rack, "cdu", "rack_pump_state", pump="3") == "running"


def test_both_pumps_lost_hides_the_heat_from_the_return_sensor() -> None:
    rack = broken("pumps_lost", 15)
    assert number(rack, "cdu", FLOW, **_TECHNOLOGY) == pytest.approx(0.0, abs=0.01)
    seen = series(rack, "cdu", TEMPERATURE, 30, **RETURN)
    assert max(seen) - min(seen) < 1.0
    rack.clear("pumps_lost")
    assert max(series(rack, "cdu", TEMPERATURE, 30, **RETURN)) > max(seen) + 8.0
    assert "flow_low" in alarms(broken("pumps_lost", 15), "cdu")


@pytest.mark.parametrize(("factor", "drop_kpa", "flow_loss"), [(2, 158, 0.04), (4, 205, 0.22)])
def test_clog(factor: int, drop_kpa: float, flow_loss: float) -> None:
    rack = broken("clog", 600, factor=factor)
    assert mean(rack, "cdu", DIFFERENCE, across="rack") == pytest.approx(drop_kpa * 1e3, rel=0.02)
    flow = mean(rack, "cdu", FLOW, **_TECHNOLOGY) * 60
    assert 1.0 - flow / 130.0 == pytest.approx(flow_loss, abs=0.01)


def test_exchanger_fouled_shows_only_in_the_valve() -> None:
    rack = settled()
    before = {side: mean(rack, "cdu", TEMPERATURE, **labels) for side, labels in _SIDES.items()}
    assert mean(rack, "cdu", _POSITION) == pytest.approx(0.55, abs=0.01)
    rack.inject("exchanger_fouled")
    rack.step(1500)
    after = {side: mean(rack, "cdu", TEMPERATURE, **labels) for side, labels in _SIDES.items()}
    assert after == pytest.approx(before, abs=0.15)
    assert mean(rack, "cdu", _POSITION) == pytest.approx(0.84, abs=0.02)


def test_valve_stuck() -> None:
    rack = broken("valve_stuck", 900)
    assert mean(rack, "cdu", _POSITION) == pytest.approx(0.3, abs=0.01)
    assert number(rack, "cdu", _COMMAND) == 1.0
    assert mean(rack, "cdu", TEMPERATURE, **SUPPLY) == pytest.approx(43.5, abs=0.5)
    assert "supply_temperature_high" in alarms(rack, "cdu")


def test_facility_warm() -> None:
    rack = broken("facility_warm", 900)
    assert mean(rack, "cdu", _POSITION) == pytest.approx(1.0, abs=0.01)
    approach = mean(rack, "cdu", TEMPERATURE, **SUPPLY) - mean(
        rack, "cdu", TEMPERATURE, loop="facility", side="supply"
    )
    assert approach == pytest.approx(3.1, abs=0.15)


def _unrest(rack: RackModel) -> list[float]:
    drop = spread(rack, "cdu", DIFFERENCE, across="rack")
    return [spread(rack, "cdu", FLOW, **_TECHNOLOGY), drop]


def test_air_in_loop_is_noise() -> None:
    rack = settled()
    calm = _unrest(rack)
    level = mean(rack, "cdu", FLOW, **_TECHNOLOGY)
    rack.inject("air_in_loop")
    wild = _unrest(rack)
    assert all(after > 4 * before for before, after in zip(calm, wild, strict=True))
    assert mean(rack, "cdu", FLOW, **_TECHNOLOGY) == pytest.approx(level, rel=0.03)


def test_leak_lowers_the_pressure_before_the_sensor_reports() -> None:
    rack = settled()
    before = mean(rack, "cdu", PRESSURE, **RETURN)
    rack.inject("leak", rate_l_min=0.2)
    rack.step(60)
    falling = [mean(rack, "cdu", PRESSURE, **RETURN) for _ in range(2)]
    assert before > falling[0] > falling[1]
    assert word(rack, "cdu", "rack_leak_state") == "dry"
    rack.step(180)
    assert number(rack, "cdu", "rack_leak_detected") == 1.0
    assert word(rack, "cdu", "rack_leak_state") == "leak"
    assert "leak" in alarms(rack, "cdu")
    rack.step(7200)
    assert number(rack, "cdu", FLOW, **_TECHNOLOGY) < 1.0, "an empty loop carries nothing"


def test_leak_cable_cut_is_a_fault_and_no_leak_even_when_it_leaks() -> None:
    rack = broken("leak_cable_cut", 5)
    rack.inject("leak")
    rack.step(600)
    assert number(rack, "cdu", "rack_leak_sensor_fault") == 1.0
    assert number(rack, "cdu", "rack_leak_detected") == 0.0
    assert word(rack, "cdu", "rack_leak_state") == "fault"


def test_supply_and_return_swapped() -> None:
    rack = broken("supply_return_swapped", 30)
    rise = mean(rack, "cdu", TEMPERATURE, **RETURN) - mean(rack, "cdu", TEMPERATURE, **SUPPLY)
    assert rise == pytest.approx(-12.0, abs=0.3)
    assert number(rack, "cdu", "rack_heat_removed_watts", **_TECHNOLOGY) < 0.0


def test_humidity_drift_carries_the_dew_point_with_it() -> None:
    rack = settled()
    dew_point = mean(rack, "cdu", "rack_dew_point_celsius")
    rack.inject("humidity_drift", per_hour=0.2)
    rack.step(3600)
    assert mean(rack, "cdu", "rack_relative_humidity_ratio") == pytest.approx(0.65, abs=0.01)
    assert mean(rack, "cdu", "rack_dew_point_celsius") > dew_point + 4.0
    assert mean(rack, "pdu-a", "rack_relative_humidity_ratio") == pytest.approx(0.45, abs=0.01)
