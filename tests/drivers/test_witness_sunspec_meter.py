"""SunSpec meter behind a common model of 65 registers: values and powers of ten typed by hand."""

import pytest

from tests.drivers.harness import Outcome, read_registers

POWERS = {6: 0xFFFE, 15: 0xFFFF, 17: 0xFFFE, 22: 1, 27: 0, 32: 0, 37: 0xFFFF, 54: 1}
"""Hundredths of amperes and hertz, tenths of volts, tens of watts and of watt hours."""


class TestMeter:
    """The meter model; ``model`` is where its number stands, offsets are those of the standard."""

    profile = "sunspec-meter"
    model = 40069

    async def read(self, offsets: dict[int, int]) -> Outcome:
        """The readings of registers counted from the model's number."""
        words = {self.model + offset: word for offset, word in (POWERS | offsets).items()}
        return await read_registers(self.profile, words)

    async def test_every_value_has_its_power_of_ten(self) -> None:
        # -372 (0xFE8C) tens of watts; 98.5 %
        outcome = await self.read(
            {
                2: 3702,
                3: 1234,
                8: 2305,
                12: 4001,
                16: 4998,
                18: 0xFE8C,
                19: 372,
                23: 3800,
                28: 900,
                33: 985,
            }
        )

        assert outcome.value("rack_inlet_current_amperes") == 37.02
        assert outcome.value("rack_phase_current_amperes", phase="1") == 12.34
        assert outcome.value("rack_phase_voltage_volts", phase="1") == 230.5
        assert outcome.value("rack_phase_voltage_volts", line="L1-L2") == 400.1
        assert outcome.value("rack_inlet_frequency_hertz") == 49.98
        assert outcome.value("rack_inlet_power_watts") == -3720
        assert outcome.value("rack_phase_power_watts", phase="1") == 3720
        assert outcome.value("rack_inlet_apparent_power_voltamperes") == 3800
        assert outcome.value("rack_inlet_reactive_power_voltamperes_reactive") == 900
        assert outcome.value("rack_inlet_power_factor_ratio") == pytest.approx(0.985)

    async def test_energy_both_ways(self) -> None:
        # 0001 86A0 is 100,000 tens of watt hours; an accumulator of 0 is 'not accumulated'
        outcome = await self.read({46: 1, 47: 0x86A0, 39: 250})

        energy = "rack_inlet_energy_joules_total"
        assert outcome.value(energy, type="import") == 3_600_000_000
        assert outcome.value(energy, type="export") == 9_000_000
        assert outcome.value("rack_phase_energy_joules_total", phase="1") is None

    async def test_not_implemented_is_not_minus_32768(self) -> None:
        outcome = await self.read({4: 0x8000, 3: 1234, 16: 5000, 17: 0x8000})

        assert outcome.value("rack_phase_current_amperes", phase="2") is None
        assert outcome.value("rack_phase_current_amperes", phase="1") == 12.34
        assert outcome.value("rack_inlet_frequency_hertz") is None  # its scale factor has no value

    async def test_events(self) -> None:
        outcome = await self.read({106: 1 << 5 | 1 << 7})

        active = {r.labels["alarm"] for r in outcome.good if "alarm" in r.labels and r.value == 1}
        assert active == {"overcurrent", "missing_sensor"}
        assert outcome.duplicates() == []
        assert outcome.failures == ()
