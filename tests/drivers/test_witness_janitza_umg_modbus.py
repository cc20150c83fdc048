"""Janitza UMG over Modbus: IEEE 754 words typed by hand at the frequently required readings."""

import pytest

from tests.drivers.harness import Outcome, read_registers


async def read(floats: dict[int, int]) -> Outcome:
    """The profile's readings of 32-bit words, the high half first; the rest is 0.0."""
    words = {}
    for address, word in floats.items():
        words[address], words[address + 1] = word >> 16, word & 0xFFFF
    return await read_registers("janitza-umg-modbus", words)


async def test_voltages_currents_and_powers() -> None:
    # 43668000 is 230.5, 43C80000 is 400, 41820000 is 16.25, 4568D800 is 3725.5, 3F400000 is 0.75
    outcome = await read(
        {19000: 0x43668000, 19006: 0x43C80000, 19012: 0x41820000, 19016: 0x3F400000,
         19020: 0x4568D800, 19022: 0xC568D800, 19026: 0x4568D800, 19034: 0x4568D800,
         19018: 0x3F400000, 19050: 0x42480000},
    )  # fmt: skip

    assert outcome.value("rack_phase_voltage_volts", phase="1") == 230.5
    assert outcome.value("rack_phase_voltage_volts", line="L1-L2") == 400
    assert outcome.value("rack_phase_current_amperes", phase="1") == 16.25
    assert outcome.value("rack_phase_current_amperes", phase="3") == 0.75
    assert outcome.value("rack_line_current_amperes", line="N") == 0.75
    assert outcome.value("rack_phase_power_watts", phase="1") == 3725.5
    assert outcome.value("rack_phase_power_watts", phase="2") == -3725.5
    assert outcome.value("rack_inlet_power_watts") == 3725.5
    assert outcome.value("rack_inlet_apparent_power_voltamperes") == 3725.5
    assert outcome.value("rack_inlet_frequency_hertz") == 50


async def test_energy_rotation_and_distortion() -> None:
    # 49742400 is a million, BF800000 is -1, 3FC00000 is 1.5
    outcome = await read(
        {19062: 0x49742400, 19068: 0x49742400, 19076: 0x43C80000, 19052: 0xBF800000,
         19110: 0x3FC00000, 19120: 0x3FC00000},
    )  # fmt: skip

    assert outcome.value("rack_phase_energy_joules_total", phase="1") == 3_600_000_000
    assert outcome.value("rack_inlet_energy_joules_total", type="import") == 3_600_000_000
    assert outcome.value("rack_inlet_energy_joules_total", type="export") == 1_440_000
    assert outcome.value("rack_inlet_state", quantity="rotation") == "left"
    assert outcome.value("rack_phase_voltage_thd_ratio", phase="1") == pytest.approx(0.015)
    assert outcome.value("rack_phase_current_thd_ratio", phase="3") == pytest.approx(0.015)


async def test_nan_is_no_value() -> None:
    outcome = await read({19000: 0x7FC00000})

    assert outcome.value("rack_phase_voltage_volts", phase="1") is None
    assert outcome.value("rack_phase_voltage_volts", phase="2") == 0
    assert outcome.duplicates() == []
    assert outcome.failures == ()
