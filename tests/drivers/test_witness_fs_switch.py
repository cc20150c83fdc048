"""FS data centre switches: values typed by hand from FS-SYSTEM-MIB and FS-FIBER-MIB."""

from tests.drivers.harness import read_varbinds

SYSTEM = "1.3.6.1.4.1.52642.1.1.10.2.1.1"
FIBER = "1.3.6.1.4.1.52642.1.1.10.2.105.1.1.1"


async def test_a_supply_and_what_it_cannot_tell() -> None:
    columns = {3: 4, 11: 230, 12: 0, 13: 12, 14: 4601, 15: 56, 16: -255}
    rows: dict[str, int | str] = {f"{SYSTEM}.41.1.{c}.1.2": v for c, v in columns.items()}
    outcome = await read_varbinds("fs-switch", rows)

    supply = {"unit": "1", "psu": "2"}
    assert outcome.value("rack_psu_state", **supply) == "normal"
    assert outcome.value("rack_psu_input_voltage_volts", **supply) == 230
    assert outcome.value("rack_psu_input_current_amperes", **supply) is None
    assert outcome.value("rack_psu_output_voltage_volts", **supply) == 12
    assert outcome.value("rack_psu_output_current_amperes", **supply) == 4.601
    assert outcome.value("rack_psu_output_power_watts", **supply) == 56
    assert outcome.value("rack_psu_temperature_celsius", **supply) is None


async def test_a_supply_that_is_not_there_has_a_state_and_no_volts() -> None:
    outcome = await read_varbinds(
        "fs-switch", {f"{SYSTEM}.41.1.3.1.1": 1, f"{SYSTEM}.41.1.11.1.1": 0}
    )

    assert outcome.value("rack_psu_state", unit="1", psu="1") == "absent"
    assert not [r for r in outcome.readings if r.metric == "rack_psu_input_voltage_volts"]


async def test_fans_and_thermometers() -> None:
    outcome = await read_varbinds(
        "fs-switch",
        {
            f"{SYSTEM}.43.1.4.1.3.1": 5,
            f"{SYSTEM}.43.1.6.1.3.1": 11_202,
            f"{SYSTEM}.44.1.4.1.0.2": "air_inlet ",
            f"{SYSTEM}.44.1.5.1.0.2": 34,
        },
    )

    assert outcome.value("rack_fan_state", unit="1", fan="3/1") == "abnormal"
    assert outcome.value("rack_fan_speed_rpm", unit="1", fan="3/1") == 11_202
    chip = {"unit": "1", "index": "0.2", "sensor": "air_inlet"}
    assert outcome.value("rack_sensor_temperature_celsius", **chip) == 34


def fiber(row: int, name: str, columns: dict[int, int]) -> dict[str, int | str]:
    rows: dict[str, int | str] = {f"{FIBER}.2.{row}": name}
    return rows | {f"{FIBER}.{column}.{row}": value for column, value in columns.items()}


async def test_one_lane_or_four() -> None:
    no_light = dict.fromkeys((76, 77, 78, 79, 80, 81, 82, 83, 84, 85), -10_000)
    unknown = dict.fromkeys((33, 37, 41, 45, 49), 1)
    single = no_light | unknown | {15: 1, 17: 41, 18: 3, 19: 3327, 21: 7434, 33: 2, 76: -188}
    four = no_light | unknown | {15: 1, 17: 38, 19: 3300, 25: 6500, 37: 2, 41: 2, 78: 125}
    blank = no_light | unknown | {15: 2, 17: 0, 19: 0, 21: 0}
    outcome = await read_varbinds(
        "fs-switch", fiber(1, "Te0/1", single) | fiber(2, "Hu0/2", four) | fiber(3, "Te0/3", blank)
    )

    assert outcome.value("rack_optic_temperature_celsius", port="Te0/1") == 41
    assert outcome.value("rack_optic_voltage_volts", port="Te0/1") == 3.327
    assert outcome.value("rack_optic_bias_current_amperes", port="Te0/1") == 0.007434
    assert outcome.value("rack_optic_receive_power_dbm", port="Te0/1") == -1.88
    assert outcome.value("rack_optic_transmit_power_dbm", port="Te0/1") is None
    assert outcome.value("rack_sensor_state", port="Te0/1", quantity="temperature") == "warning"
    assert outcome.value("rack_optic_receive_power_dbm", port="Hu0/2", lane="2") == 1.25
    assert outcome.value("rack_optic_bias_current_amperes", port="Hu0/2", lane="2") == 0.0065
    assert not [r for r in outcome.readings if r.labels.get("port") == "Te0/3"]
