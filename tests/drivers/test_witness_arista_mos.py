"""Arista MOS: values typed by hand from net-snmp's LM-SENSORS-MIB."""

from tests.drivers.harness import read_varbinds

SENSORS = "1.3.6.1.4.1.2021.13.16"


async def test_temperatures_and_volts_are_thousandths() -> None:
    outcome = await read_varbinds(
        "arista-mos",
        {
            f"{SENSORS}.2.1.2.1": "FPGA",
            f"{SENSORS}.2.1.3.1": 45_500,
            f"{SENSORS}.4.1.2.3": "12V rail",
            f"{SENSORS}.4.1.3.3": 12_040,
        },
    )

    labels = {"sensor": "FPGA", "index": "1"}
    assert outcome.value("rack_sensor_temperature_celsius", **labels) == 45.5
    labels = {"sensor": "12V rail", "index": "3"}
    assert outcome.value("rack_sensor_voltage_volts", **labels) == 12.04


async def test_a_negative_speed_cast_to_unsigned_is_no_speed() -> None:
    outcome = await read_varbinds(
        "arista-mos",
        {
            f"{SENSORS}.3.1.2.49": "fan 1",
            f"{SENSORS}.3.1.3.49": 4_294_944_255,
            f"{SENSORS}.3.1.2.50": "fan 2",
            f"{SENSORS}.3.1.3.50": 8000,
        },
    )

    assert outcome.value("rack_fan_speed_rpm", fan="fan 1", index="49") is None
    assert outcome.value("rack_fan_speed_rpm", fan="fan 2", index="50") == 8000
