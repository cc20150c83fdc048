"""CE+T TSI: values typed by hand from CET-TSI-MIB, in the steps the device really sends."""

import pytest

from tests.drivers.harness import read_varbinds

MODULE = "1.3.6.1.4.1.12551.4.1.1.1.1"
PHASE = "1.3.6.1.4.1.12551.4.1.2.2.1"
AC = "1.3.6.1.4.1.12551.4.1.3.2.1"
DC = "1.3.6.1.4.1.12551.4.1.4.2.1"


async def test_module_current_is_hundredths_and_power_agrees() -> None:
    # 230.0 V, 2.00 A, 460 VA; the DC side is tenths of an ampere at 53.4 V.
    outcome = await read_varbinds(
        "cet-t2s",
        {
            f"{MODULE}.2.1": 1,
            f"{MODULE}.16.1": 2300,
            f"{MODULE}.17.1": 200,
            f"{MODULE}.18.1": 450,
            f"{MODULE}.19.1": 460,
            f"{MODULE}.24.1": 4999,
            f"{MODULE}.25.1": 534,
            f"{MODULE}.26.1": 94,
            f"{MODULE}.28.1": 32,
        },
    )

    assert outcome.value("rack_psu_output_voltage_volts", psu="1") == 230
    assert outcome.value("rack_psu_output_current_amperes", psu="1") == 2
    assert outcome.value("rack_psu_output_power_watts", psu="1") == 450
    assert outcome.value("rack_psu_output_apparent_power_voltamperes", psu="1") == 460
    assert outcome.value("rack_psu_input_frequency_hertz", psu="1", sensor="AC") == 49.99
    volts = outcome.value("rack_psu_input_voltage_volts", psu="1", sensor="DC")
    assert volts == pytest.approx(53.4)
    amperes = outcome.value("rack_psu_input_current_amperes", psu="1", sensor="DC")
    assert amperes == pytest.approx(9.4)
    # Celsius, although the MIB says kelvin
    assert outcome.value("rack_psu_temperature_celsius", psu="1") == 32
    assert outcome.failures == ()


async def test_rows_of_fixed_tables_count_where_something_is_there() -> None:
    outcome = await read_varbinds(
        "cet-t2s",
        {
            f"{MODULE}.2.1": 1,
            f"{MODULE}.2.2": 0,
            f"{MODULE}.16.1": 2300,
            f"{MODULE}.16.2": 0,
            f"{PHASE}.1.1": 1,
            f"{PHASE}.1.2": 0,
            f"{PHASE}.6.1": 230,
            f"{PHASE}.6.2": 0,
            f"{PHASE}.7.1": 1234,
            f"{PHASE}.7.2": 0,
            f"{AC}.1.1": 1,
            f"{AC}.2.1": 231,
            f"{DC}.1.1": 1,
            f"{DC}.2.1": 535,
        },
    )

    assert outcome.value("rack_output_phase_voltage_volts", phase="1") == 230
    assert outcome.value("rack_output_phase_current_amperes", phase="1") == 12.34
    assert outcome.value("rack_inlet_voltage_volts", inlet="AC 1") == 231
    assert outcome.value("rack_busbar_voltage_volts", busbar="1") == 53.5
    rows = [r.metric for r in outcome.readings]
    assert rows.count("rack_psu_output_voltage_volts") == 1
    assert rows.count("rack_output_phase_voltage_volts") == 1


async def test_module_states() -> None:
    outcome = await read_varbinds(
        "cet-t2s", {f"{MODULE}.2.1": 1, f"{MODULE}.4.1": 2, f"{MODULE}.5.1": 1}
    )

    assert outcome.value("rack_psu_state", psu="1", part="AC input") == "not_synchronised"
    assert outcome.value("rack_psu_state", psu="1", part="DC input") == "fail"
