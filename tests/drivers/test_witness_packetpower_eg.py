"""Packet Power EG4: values typed by hand with the channel numbers of PACKETPOWER-EG4-MIB."""

from tests.drivers.harness import read_varbinds

READINGS = "1.3.6.1.4.1.33688.4.1.1"
NODE = "43981.0.0.4660"
NAME = "ABCD-0000-0000-1234"


def _rows(*readings: tuple[int, str, int, str]) -> dict[str, int | str]:
    rows: dict[str, int | str] = {}
    for channel, name, value, unit in readings:
        at = f"{NODE}.{channel}"
        rows |= {f"{READINGS}.7.{at}": NAME, f"{READINGS}.8.{at}": name}
        rows |= {f"{READINGS}.12.{at}": value, f"{READINGS}.13.{at}": unit}
    return rows


async def test_an_unplugged_probe_gives_neither_a_temperature_nor_a_humidity() -> None:
    outcome = await read_varbinds(
        "packetpower-eg",
        _rows(
            (101, "Temperature1", 215, "ddegC"),
            (320, "Humidity1", 45, "%"),
            (102, "Temperature2", -3000, "ddegC"),
            (321, "Humidity2", 0, "%"),
            (193, "DewPoint", -12, "ddegC"),
            (190, "VDD", 2949, "mV"),
            (192, "Battery", 97, "%"),
            (211, "Contact1", 0, "closure"),
        ),
    )

    def value(metric: str, channel: int, name: str, **labels: str) -> object:
        return outcome.value(metric, sensor=NAME, index=str(channel), name=name, **labels)

    assert value("rack_air_temperature_celsius", 101, "Temperature1") == 21.5
    assert value("rack_relative_humidity_ratio", 320, "Humidity1") == 0.45
    assert value("rack_dew_point_celsius", 193, "DewPoint") == -1.2
    assert value("rack_sensor_voltage_volts", 190, "VDD") == 2.949
    assert value("rack_sensor_state", 211, "Contact1", quantity="contact") == "open"
    charge = outcome.value("rack_battery_charge_ratio", battery=NAME, index="192", name="Battery")
    assert charge == 0.97
    assert not [r for r in outcome.readings if r.labels.get("index") in ("102", "321")]


async def test_a_unit_that_nobody_knows_leaves_the_reading_out() -> None:
    outcome = await read_varbinds(
        "packetpower-eg",
        _rows(
            (10, "Power", 1210, "W"),
            (21, "CurrentA", 5300, "mA"),
            (31, "VoltageA", 2301, "dV"),
            (262, "VoltageBC", 400_100, "mV"),
            (50, "Frequency", 50, "furlong"),
        ),
    )

    assert outcome.value("rack_inlet_power_watts", inlet=NAME) == 1210
    assert outcome.value("rack_phase_current_amperes", inlet=NAME, phase="A") == 5.3
    assert outcome.value("rack_phase_voltage_volts", inlet=NAME, phase="A") == 230.1
    assert outcome.value("rack_phase_voltage_volts", inlet=NAME, line="B-C") == 400.1
    assert not [r for r in outcome.good if r.metric == "rack_inlet_frequency_hertz"]
