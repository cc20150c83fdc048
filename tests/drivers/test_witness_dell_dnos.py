"""Dell OS 9: values typed by hand from DELL-NETWORKING-CHASSIS-MIB and -IF-EXTENSION-MIB."""

from tests.drivers.harness import read_varbinds

CHASSIS = "1.3.6.1.4.1.6027.3.26.1"
OPTIC = "1.3.6.1.4.1.6027.3.11.1.3.1.1"
NAME = "1.3.6.1.2.1.31.1.1.1.1"


def optic(row: int, present: int, kind: str, texts: dict[int, str]) -> dict[str, int | str]:
    rows: dict[str, int | str] = {f"{OPTIC}.3.{row}": present, f"{OPTIC}.4.{row}": kind}
    return rows | {f"{OPTIC}.{column}.{row}": texts.get(column, "") for column in range(8, 22)}


async def test_the_bias_current_is_in_milliamperes_and_light_in_dbm() -> None:
    texts = {8: "1.25", 9: "-0.5", 12: "-2.75", 16: "41.5", 17: "3.3", 18: "7.41", 21: "7.5"}
    outcome = await read_varbinds(
        "dell-dnos", {f"{NAME}.5": "fortyGigE 1/1"} | optic(5, 1, "40GBASE-SR4", texts)
    )

    port = {"port": "fortyGigE 1/1"}
    assert outcome.value("rack_optic_transmit_power_dbm", **port, lane="1") == 1.25
    assert outcome.value("rack_optic_transmit_power_dbm", **port, lane="2") == -0.5
    assert outcome.value("rack_optic_receive_power_dbm", **port, lane="1") == -2.75
    assert outcome.value("rack_optic_bias_current_amperes", **port, lane="1") == 0.00741
    assert outcome.value("rack_optic_bias_current_amperes", **port, lane="4") == 0.0075
    assert outcome.value("rack_optic_temperature_celsius", **port) == 41.5
    assert outcome.value("rack_optic_voltage_volts", **port) == 3.3
    assert outcome.value("rack_optic_receive_power_dbm", **port, lane="3") is None


async def test_one_lane_copper_and_an_empty_cage_have_no_more_than_they_have() -> None:
    rows = optic(1, 1, "10GBASE-SR", {12: "-3", 8: "-2", 18: "6", 16: "30", 17: "3.3"})
    rows |= optic(2, 1, "40GBASE-CR4-3M", {}) | optic(3, 2, "", {})
    outcome = await read_varbinds("dell-dnos", {f"{NAME}.1": "Te 1/1"} | rows)

    optics = [r for r in outcome.readings if r.metric.startswith("rack_optic_")]
    assert {r.labels.get("port") for r in optics} == {"Te 1/1"}
    assert {r.labels.get("lane") for r in optics} == {None, "1"}


async def test_units_supplies_and_fan_trays() -> None:
    outcome = await read_varbinds(
        "dell-dnos",
        {
            f"{CHASSIS}.3.4.1.13.1": 62,
            f"{CHASSIS}.3.4.1.8.1": 4,
            f"{CHASSIS}.2.4.1.6.1.3": -273,
            f"{CHASSIS}.4.6.1.4.2.1.2": 3,
            f"{CHASSIS}.4.6.1.10.2.1.1": 85,
            f"{CHASSIS}.4.7.1.4.2.1.5": 2,
        },
    )

    metric = "rack_sensor_temperature_celsius"
    assert outcome.value(metric, unit="1", sensor="stack unit") == 62
    assert outcome.value(metric, unit="1", sensor="card 3") is None
    assert outcome.value("rack_device_state", unit="1") == "configuration_mismatch"
    device = {"unit": "1", "index": "2"}
    assert outcome.value("rack_psu_state", **device, psu="2") == "absent"
    assert outcome.value("rack_psu_input_power_watts", **device, psu="1") == 85
    assert outcome.value("rack_fan_state", **device, fan="5") == "down"
