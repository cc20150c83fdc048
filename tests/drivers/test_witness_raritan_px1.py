"""Raritan Dominion PX: values typed by hand from the definitions of Raritan's PDU-MIB."""

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.13742.4"


async def test_a_single_phase_pdu() -> None:
    outcome = await read_varbinds(
        "raritan-px1",
        {
            f"{BASE}.1.1.32.0": "Yes",
            f"{BASE}.1.1.35.0": "No",
            f"{BASE}.1.20.2.1.3.1": 1,
            f"{BASE}.1.20.2.1.7.1": 7_467,
            f"{BASE}.1.20.2.1.8.1": 231_000,
            f"{BASE}.1.20.2.1.9.1": 1_690,
            f"{BASE}.1.20.2.1.11.1": 98,
            f"{BASE}.1.20.2.1.12.1": 500,
            f"{BASE}.1.21.2.1.2.1.1": "L1",
            f"{BASE}.1.21.2.1.3.1.1": 7_467,
            f"{BASE}.1.21.2.1.4.1.1": 231_500,
            f"{BASE}.1.21.2.1.5.1.1": 0,
            f"{BASE}.1.21.2.1.7.1.1": 0,
            f"{BASE}.1.5.2.1.2.2": "C2",
            f"{BASE}.1.5.2.1.3.2": 1,
            f"{BASE}.1.5.2.1.5.2": 3_010,
            f"{BASE}.1.2.2.1.3.5": -1,
            f"{BASE}.1.2.2.1.4.5": 192,
            f"{BASE}.1.2.2.1.9.5": 83,
            f"{BASE}.1.2.2.1.31.5": 75,
            f"{BASE}.1.3.1.3.0": 1_688,
            f"{BASE}.1.3.1.5.0": 365,
        },
    )

    inlet = {"inlet": "1"}
    assert outcome.value("rack_inlet_current_amperes", **inlet) == 7.467
    assert outcome.value("rack_inlet_voltage_volts", **inlet) == 231
    assert outcome.value("rack_inlet_power_watts", **inlet) == 1690
    assert outcome.value("rack_inlet_power_factor_ratio", **inlet) == 0.98
    assert outcome.value("rack_inlet_energy_joules_total", **inlet) == 500 * 3600
    assert outcome.value("rack_phase_current_amperes", **inlet, phase="L1") == 7.467
    assert outcome.value("rack_phase_voltage_volts", **inlet, phase="L1") == 231.5
    assert outcome.value("rack_branch_current_amperes", branch="C2") == 3.01
    assert outcome.value("rack_branch_state", branch="C2", quantity="trip") == "tripped"
    assert outcome.value("rack_outlet_state", outlet="5") == "error"
    assert outcome.value("rack_outlet_current_amperes", outlet="5") == 0.192
    assert outcome.value("rack_outlet_power_factor_ratio", outlet="5") == 0.83
    assert outcome.value("rack_outlet_energy_joules_total", outlet="5") == 75 * 3600
    assert outcome.value("rack_sensor_temperature_celsius", sensor="processor") == 36.5
    # columns that are 0 because they mean nothing on this model
    metrics = {reading.metric for reading in outcome.readings}
    assert metrics.isdisjoint({"rack_phase_power_watts", "rack_phase_peak_current_amperes"})
    assert outcome.failures == ()


async def test_a_delta_inlet_has_voltages_between_lines() -> None:
    rows: dict[str, int | str] = {
        f"{BASE}.1.20.2.1.7.1": 0,
        f"{BASE}.1.21.2.1.2.1.3": "L3",
        f"{BASE}.1.21.2.1.3.1.3": 4_000,
        f"{BASE}.1.21.2.1.4.1.3": 208_000,
        f"{BASE}.1.21.2.1.5.1.3": 6_100,
    }
    delta = await read_varbinds("raritan-px1", rows | {f"{BASE}.1.20.2.1.3.1": 3})
    wye = await read_varbinds("raritan-px1", rows | {f"{BASE}.1.20.2.1.3.1": 4})

    assert delta.value("rack_phase_voltage_volts", inlet="1", line="L3-L1") == 208
    assert wye.value("rack_phase_voltage_volts", inlet="1", phase="L3") == 208
    assert delta.value("rack_phase_peak_current_amperes", inlet="1", phase="L3") == 6.1
    assert "rack_inlet_current_amperes" not in {r.metric for r in delta.readings}


async def test_a_sensor_row_brings_its_own_digits_and_unit() -> None:
    outcome = await read_varbinds(
        "raritan-px1",
        {
            f"{BASE}.3.3.1.2.1": 10,
            f"{BASE}.3.3.1.16.1": 14,
            f"{BASE}.3.3.1.17.1": 1,
            f"{BASE}.3.3.1.40.1": 5,
            f"{BASE}.3.3.1.41.1": 770,
            f"{BASE}.3.3.1.2.2": 11,
            f"{BASE}.3.3.1.16.2": 9,
            f"{BASE}.3.3.1.17.2": 0,
            f"{BASE}.3.3.1.40.2": -1,
            f"{BASE}.3.3.1.41.2": 0,
            f"{BASE}.3.3.1.2.3": 17,
            f"{BASE}.3.3.1.40.3": 9,
            f"{BASE}.3.3.1.41.3": 0,
        },
    )

    assert outcome.value("rack_air_temperature_celsius", sensor="1") == 25.0
    state = outcome.value("rack_sensor_state", sensor="1", quantity="temperature")
    assert state == "above_upper_warning"
    assert outcome.value("rack_relative_humidity_ratio", sensor="2") is None
    assert outcome.value("rack_leak_detected", sensor="3") == 1
