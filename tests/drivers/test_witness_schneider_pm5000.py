"""Schneider PM5000: IEEE 754 words typed by hand; the list's register 3000 is 2999 on the wire."""

from tests.drivers.harness import Outcome, read_registers


async def read(floats: dict[int, int]) -> Outcome:
    """The readings of 32-bit words by their number in the list, which counts from 1."""
    words = {}
    for number, word in floats.items():
        words[number - 1], words[number] = word >> 16, word & 0xFFFF
    return await read_registers("schneider-pm5000", words)


async def test_the_list_counts_from_one() -> None:
    outcome = await read_registers("schneider-pm5000", {2999: 0x4182, 3000: 0})

    assert outcome.value("rack_phase_current_amperes", phase="1") == 16.25


async def test_voltages_powers_and_frequency() -> None:
    # 43668000 is 230.5, 43C80000 is 400, 41340000 is 11.25 (kW), 3F400000 is 0.75, 42480000 is 50
    outcome = await read(
        {3028: 0x43668000, 3032: 0x43668000, 3020: 0x43C80000, 3054: 0x41340000, 3060: 0xC1340000,
         3068: 0x3F400000, 3076: 0x41340000, 3192: 0x3F400000, 3110: 0x42480000, 3006: 0x3F400000},
    )  # fmt: skip

    assert outcome.value("rack_phase_voltage_volts", phase="1") == 230.5
    assert outcome.value("rack_phase_voltage_volts", phase="3") == 230.5
    assert outcome.value("rack_phase_voltage_volts", line="L1-L2") == 400
    assert outcome.value("rack_phase_power_watts", phase="1") == 11_250
    assert outcome.value("rack_inlet_power_watts") == -11_250
    assert outcome.value("rack_inlet_reactive_power_voltamperes_reactive") == 750
    assert outcome.value("rack_inlet_apparent_power_voltamperes") == 11_250
    assert outcome.value("rack_inlet_power_factor_ratio") == 0.75
    assert outcome.value("rack_inlet_frequency_hertz") == 50
    assert outcome.value("rack_line_current_amperes", line="N") == 0.75


async def test_energy_is_a_count_of_64_bits() -> None:
    # 0000 0001 2A05 F27B is 5,000,000,123 Wh; 8000 0000 0000 0000 is 'not available'
    outcome = await read_registers(
        "schneider-pm5000", {3203: 0, 3204: 1, 3205: 0x2A05, 3206: 0xF27B, 3207: 0x8000}
    )

    imported = outcome.value("rack_inlet_energy_joules_total", type="import")
    assert imported == 18_000_000_442_800
    assert outcome.value("rack_inlet_energy_joules_total", type="export") is None


async def test_nan_is_no_value_and_a_quadrant_no_power_factor() -> None:
    outcome = await read({3028: 0x7FC00000, 3192: 0x3FC00000})

    assert outcome.value("rack_phase_voltage_volts", phase="1") is None
    assert outcome.value("rack_inlet_power_factor_ratio") is None  # 1.5
    assert outcome.duplicates() == []
    assert outcome.failures == ()
