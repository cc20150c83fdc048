"""Carlo Gavazzi ET112: words typed by hand, the low word first."""

from tests.drivers.harness import read_registers


async def test_the_low_word_comes_first() -> None:
    # 091B 0000 is 233.1 V; FC18 FFFF is -1000 mA; FC7C FFFF is -90.0 W
    outcome = await read_registers(
        "carlogavazzi-et112",
        {0: 0x091B, 1: 0, 2: 0xFC18, 3: 0xFFFF, 4: 0xFC7C, 5: 0xFFFF, 14: 0xFC36, 15: 499},
    )

    assert outcome.value("rack_inlet_voltage_volts") == 233.1
    assert outcome.value("rack_inlet_current_amperes") == -1
    assert outcome.value("rack_inlet_power_watts") == -90
    assert outcome.value("rack_inlet_power_factor_ratio") == -0.97
    assert outcome.value("rack_inlet_frequency_hertz") == 49.9


async def test_energy_both_ways() -> None:
    # E240 0001 is 123456 tenths of a kilowatt hour
    outcome = await read_registers("carlogavazzi-et112", {16: 0xE240, 17: 1, 32: 25, 33: 0})

    imported = outcome.value("rack_inlet_energy_joules_total", type="import")
    assert imported == 44_444_160_000  # 12,345.6 kWh
    assert outcome.value("rack_inlet_energy_joules_total", type="export") == 9_000_000


async def test_an_overflow_is_no_value() -> None:
    outcome = await read_registers(
        "carlogavazzi-et112", {1: 0x7FFF, 3: 0x7FFF, 5: 0x7FFF, 14: 0x7FFF, 17: 0x7FFF}
    )

    assert outcome.value("rack_inlet_voltage_volts") is None
    assert outcome.value("rack_inlet_current_amperes") is None
    assert outcome.value("rack_inlet_power_watts") is None
    assert outcome.value("rack_inlet_power_factor_ratio") is None
    assert outcome.value("rack_inlet_energy_joules_total", type="import") is None
    assert outcome.duplicates() == []
    assert outcome.failures == ()
