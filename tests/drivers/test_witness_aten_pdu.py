"""ATEN: values typed by hand from the definitions of ATEN-PE-CFG."""

from tests.drivers.harness import read_varbinds

CONTROL = "1.3.6.1.4.1.21317.1.3.2.2.2"
TEXT, NUMBER = f"{CONTROL}.2.1.1", f"{CONTROL}.2.99.1"


async def test_integers_are_thousandths_and_come_before_the_texts() -> None:
    outcome = await read_varbinds(
        "aten-pdu",
        {
            f"{TEXT}.2.2": "0.61",
            f"{TEXT}.3.2": "237.47",
            f"{TEXT}.7.2": "0.80",
            f"{NUMBER}.2.2": 590,
            f"{NUMBER}.3.2": 238_440,
            f"{NUMBER}.4.2": 118_332,
            f"{NUMBER}.5.2": 2_500,
            f"{CONTROL}.2.3.0": 2,
        },
    )

    assert outcome.value("rack_outlet_current_amperes", outlet="2") == 0.59
    assert outcome.value("rack_outlet_voltage_volts", outlet="2") == 238.44
    assert outcome.value("rack_outlet_power_watts", outlet="2") == 118.332
    assert outcome.value("rack_outlet_energy_joules_total", outlet="2") == 2.5 * 3.6e6
    assert outcome.value("rack_outlet_power_factor_ratio", outlet="2") == 0.8
    assert outcome.value("rack_outlet_state", outlet="2") == "on"
    assert outcome.duplicates() == []


async def test_older_firmware_has_the_texts_only() -> None:
    outcome = await read_varbinds(
        "aten-pdu",
        {f"{TEXT}.2.1": "0.61", f"{TEXT}.3.1": "237.47", f"{CONTROL}.1.3.1.4.1": "20.1480"},
    )

    assert outcome.value("rack_outlet_current_amperes", outlet="1") == 0.61
    assert outcome.value("rack_outlet_voltage_volts", outlet="1") == 237.47
    assert outcome.value("rack_inlet_power_watts", inlet="1") == 20.148


async def test_an_outlet_the_model_has_not_is_left_out() -> None:
    outcome = await read_varbinds(
        "aten-pdu",
        {
            f"{TEXT}.3.9": "237.47",
            f"{TEXT}.3.10": "not-support",
            f"{NUMBER}.2.9": 0,
            f"{NUMBER}.2.10": -2_000_000,
            f"{CONTROL}.2.11.0": 1,
            f"{CONTROL}.2.12.0": 7,
        },
    )

    assert outcome.value("rack_outlet_current_amperes", outlet="9") == 0
    assert outcome.value("rack_outlet_state", outlet="9") == "off"
    assert [r for r in outcome.readings if r.labels.get("outlet") == "10"] == []


async def test_a_sensor_that_is_not_plugged_in_gives_nothing() -> None:
    sensor = f"{CONTROL}.1.100.1"
    outcome = await read_varbinds(
        "aten-pdu",
        {f"{sensor}.2.1": 26_500, f"{sensor}.3.1": 37_000, f"{sensor}.2.2": -1_000_000},
    )

    assert outcome.value("rack_air_temperature_celsius", sensor="1") == 26.5
    assert outcome.value("rack_relative_humidity_ratio", sensor="1") == 0.37
    assert outcome.value("rack_air_temperature_celsius", sensor="2") is None
