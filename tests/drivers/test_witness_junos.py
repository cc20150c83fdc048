"""Junos: values typed by hand from JUNIPER-MIB, JUNIPER-ALARM-MIB and JUNIPER-DOM-MIB."""

import pytest

from tests.drivers.harness import read_varbinds

OPERATING, FRU = "1.3.6.1.4.1.2636.3.1.13.1", "1.3.6.1.4.1.2636.3.1.15.1"
ALARM = "1.3.6.1.4.1.2636.3.4.2"
OPTIC, LANE = "1.3.6.1.4.1.2636.3.60.1.1.1.1", "1.3.6.1.4.1.2636.3.60.1.2.1.1"
NAME = "1.3.6.1.2.1.31.1.1.1.1"


async def test_zero_degrees_are_no_thermometer() -> None:
    outcome = await read_varbinds(
        "junos",
        {
            f"{OPERATING}.5.7.1.0.0": "FPC 0",
            f"{OPERATING}.6.7.1.0.0": 2,
            f"{OPERATING}.7.7.1.0.0": 28,
            f"{OPERATING}.5.4.1.0.0": "Fan Tray 0",
            f"{OPERATING}.6.4.1.0.0": 6,
            f"{OPERATING}.7.4.1.0.0": 0,
        },
    )

    board = {"sensor": "FPC 0", "index": "7.1.0.0"}
    assert outcome.value("rack_sensor_temperature_celsius", **board) == 28
    temperatures = [r for r in outcome.readings if r.metric.endswith("temperature_celsius")]
    assert len(temperatures) == 1
    tray = {"component": "Fan Tray 0", "index": "4.1.0.0", "quantity": "operation"}
    assert outcome.value("rack_component_state", **tray) == "down"


async def test_replaceable_parts_by_their_type() -> None:
    # types powerEntryModule(7), fan(13), routingEngine(6)
    outcome = await read_varbinds(
        "junos",
        {
            f"{FRU}.5.2.1.0.0": "PEM 0",
            f"{FRU}.6.2.1.0.0": 7,
            f"{FRU}.8.2.1.0.0": 3,
            f"{FRU}.5.4.1.0.0": "Fan Tray 0",
            f"{FRU}.6.4.1.0.0": 13,
            f"{FRU}.8.4.1.0.0": 2,
            f"{FRU}.5.9.1.0.0": "Routing Engine 0",
            f"{FRU}.6.9.1.0.0": 6,
            f"{FRU}.8.9.1.0.0": 10,
        },
    )

    assert outcome.value("rack_psu_state", psu="PEM 0", index="2.1.0.0") == "present"
    assert outcome.value("rack_fan_state", fan="Fan Tray 0", index="4.1.0.0") == "empty"
    engine = {"component": "Routing Engine 0", "class": "routing_engine", "index": "9.1.0.0"}
    assert outcome.value("rack_component_state", **engine) == "standby"


async def test_alarms_are_other_off_on() -> None:
    outcome = await read_varbinds("junos", {f"{ALARM}.2.1.0": 3, f"{ALARM}.3.1.0": 2})
    neither = await read_varbinds("junos", {f"{ALARM}.3.1.0": 1})

    assert outcome.value("rack_alarm_active", alarm="yellow", severity="minor") == 1
    assert outcome.value("rack_alarm_active", alarm="red", severity="major") == 0
    assert neither.value("rack_alarm_active", alarm="red", severity="major") is None


def optic(row: int, lanes: int, columns: dict[int, int]) -> dict[str, int | str]:
    rows: dict[str, int | str] = {f"{NAME}.{row}": f"et-0/0/{row}", f"{OPTIC}.30.{row}": lanes}
    return rows | {f"{OPTIC}.{column}.{row}": value for column, value in columns.items()}


async def test_a_module_of_one_lane_and_one_of_several() -> None:
    rows = optic(1, 1, {5: -345, 6: 6500, 7: -210, 8: 31, 21: 80, 25: 3300})
    rows |= optic(2, 4, {5: 0, 6: 0, 7: 0, 8: 24, 21: 80, 25: 3384})
    rows |= optic(3, 0, {5: 0, 6: 0, 7: 0, 8: 0, 21: 0, 25: 0})
    rows |= {f"{LANE}.6.2.3": -125, f"{LANE}.7.2.3": 7000, f"{LANE}.8.2.3": 75, f"{LANE}.6.3.0": 0}
    outcome = await read_varbinds("junos", rows)

    alone, lane = {"port": "et-0/0/1"}, {"port": "et-0/0/2", "lane": "3"}
    assert outcome.value("rack_optic_receive_power_dbm", **alone) == -3.45
    assert outcome.value("rack_optic_transmit_power_dbm", **alone) == -2.1
    assert outcome.value("rack_optic_bias_current_amperes", **alone) == pytest.approx(0.0065)
    assert outcome.value("rack_optic_voltage_volts", **alone) == 3.3
    assert outcome.value("rack_optic_receive_power_dbm", **lane) == -1.25
    assert outcome.value("rack_optic_transmit_power_dbm", **lane) == 0.75
    assert outcome.value("rack_optic_bias_current_amperes", **lane) == pytest.approx(0.007)
    assert outcome.value("rack_optic_temperature_celsius", port="et-0/0/2") == 24
    optics = [r for r in outcome.readings if r.metric.startswith("rack_optic_")]
    assert not [r for r in optics if r.labels["port"] == "et-0/0/3"]
    assert len([r for r in optics if r.metric == "rack_optic_receive_power_dbm"]) == 2


async def test_evolved_gives_no_class_and_fills_blanks_with_default() -> None:
    entity = "1.3.6.1.2.1.47.1.1.1.1"
    outcome = await read_varbinds(
        "junos",
        {
            f"{entity}.2.6": "Fan Tray 0",
            f"{entity}.5.6": 0,
            f"{entity}.7.6": "FAN-AFO",
            f"{entity}.11.6": "Default",
            f"{entity}.13.6": "FAN-AFO",
        },
    )

    (part,) = [r.labels for r in outcome.readings if r.metric == "rack_component_info"]
    assert part == {
        "index": "6",
        "component": "Fan Tray 0",
        "class": "unclassified",
        "model": "FAN-AFO",
    }
