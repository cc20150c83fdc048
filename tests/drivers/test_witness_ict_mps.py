"""ICT Modular Power Series: values typed by hand from ICT-MODULAR-POWER-SYSTEM-MIB."""

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.39145.13"
MODULE = f"{BASE}.10.1"


async def test_numbers_are_text() -> None:
    outcome = await read_varbinds(
        "ict-mps",
        {f"{BASE}.6.0": "121.5", f"{BASE}.7.0": "54.2", f"{BASE}.8.0": "7.25", f"{BASE}.9.0": 1},
    )

    assert outcome.value("rack_inlet_voltage_volts") == 121.5
    assert outcome.value("rack_output_voltage_volts") == 54.2
    assert outcome.value("rack_output_current_amperes") == 7.25
    assert outcome.value("rack_output_state") == "enabled"
    assert outcome.failures == ()


async def test_a_modules_type_says_what_its_numbers_are() -> None:
    rows: dict[str, int | str] = {}
    for slot, kind, status, volts, amperes in (
        (1, 2, 2, "54.2", "\0"),
        (2, 3, 2, "53.9", "-1.5"),
        (3, 4, 3, "54.1", "2.5"),
        (4, 1, 1, "\0", "\0"),
    ):
        rows |= {
            f"{MODULE}.2.{slot}": status,
            f"{MODULE}.3.{slot}": kind,
            f"{MODULE}.4.{slot}": volts,
            f"{MODULE}.5.{slot}": amperes,
            f"{MODULE}.9.{slot}": 1,
        }
    outcome = await read_varbinds("ict-mps", rows)

    assert outcome.value("rack_psu_output_voltage_volts", psu="1") == 54.2
    assert outcome.value("rack_battery_voltage_volts", battery="2") == 53.9
    assert outcome.value("rack_battery_current_amperes", battery="2", sensor="1") == -1.5
    assert outcome.value("rack_branch_voltage_volts", branch="3") == 54.1
    assert outcome.value("rack_outlet_current_amperes", branch="3", outlet="1") == 2.5
    assert outcome.value("rack_outlet_state", branch="3", outlet="1") == "on"
    alarm = {"component": "module 3", "class": "distribution"}
    assert outcome.value("rack_component_state", **alarm) == "alarm"
    empty = {"component": "module 4", "quantity": "type"}
    assert outcome.value("rack_component_state", **empty) == "not_installed"
    assert [r for r in outcome.readings if r.labels.get("psu") == "4"] == []
    assert outcome.failures == ()


async def test_alarm_inputs() -> None:
    outcome = await read_varbinds("ict-mps", {f"{BASE}.11.1.2.1": "Door", f"{BASE}.11.1.3.1": 3})

    assert outcome.value("rack_sensor_state", sensor="1", name="Door") == "alarm"
