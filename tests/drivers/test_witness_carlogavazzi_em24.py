"""Carlo Gavazzi EM24 with Ethernet: words typed by hand, the low word first."""

from tests.drivers.harness import read_registers


class TestEthernet:
    """Voltages, currents and powers; what stands elsewhere in the other model is named apart."""

    profile = "carlogavazzi-em24"
    energy = 52
    elsewhere = (
        (46, 0xFC36),
        (49, 985),
        (50, 0xFFFF),
        (51, 501),
        (52, 0xE240),
        (53, 1),
        (64, 100),
        (78, 5),
    )
    """Power factors, rotation, frequency and energies: register and word."""

    async def test_phases_and_lines(self) -> None:
        # 230.5 and 231.0 V, 400.0 V, 16.25 A, -372.5 W (0xF173 FFFF), 1117.5 W in sum
        outcome = await read_registers(
            self.profile,
            {
                0: 2305,
                4: 2310,
                6: 4000,
                12: 16_250,
                18: 0xF173,
                19: 0xFFFF,
                40: 11_175,
                24: 3800,
                30: 900,
            },
        )

        assert outcome.value("rack_phase_voltage_volts", phase="1") == 230.5
        assert outcome.value("rack_phase_voltage_volts", phase="3") == 231
        assert outcome.value("rack_phase_voltage_volts", line="L1-L2") == 400
        assert outcome.value("rack_phase_current_amperes", phase="1") == 16.25
        assert outcome.value("rack_phase_power_watts", phase="1") == -372.5
        assert outcome.value("rack_inlet_power_watts") == 1117.5
        assert outcome.value("rack_phase_apparent_power_voltamperes", phase="1") == 380
        assert outcome.value("rack_phase_reactive_power_voltamperes_reactive", phase="1") == 90

    async def test_what_stands_elsewhere_in_the_other_model(self) -> None:
        outcome = await read_registers(self.profile, dict(self.elsewhere))

        assert outcome.value("rack_phase_power_factor_ratio", phase="1") == -0.97
        assert outcome.value("rack_inlet_power_factor_ratio") == 0.985
        assert outcome.value("rack_inlet_state", quantity="rotation") == "left"
        assert outcome.value("rack_inlet_frequency_hertz") == 50.1
        imported = outcome.value("rack_inlet_energy_joules_total", type="import")
        assert imported == 44_444_160_000  # 12,345.6 kWh
        assert outcome.value("rack_phase_energy_joules_total", phase="1") == 36_000_000
        assert outcome.value("rack_inlet_energy_joules_total", type="export") == 1_800_000

    async def test_an_overflow_is_no_value(self) -> None:
        outcome = await read_registers(
            self.profile, {1: 0x7FFF, 13: 0x7FFF, 19: 0x7FFF, self.energy + 1: 0x7FFF}
        )

        assert outcome.value("rack_phase_voltage_volts", phase="1") is None
        assert outcome.value("rack_phase_current_amperes", phase="1") is None
        assert outcome.value("rack_phase_power_watts", phase="1") is None
        assert outcome.value("rack_inlet_energy_joules_total", type="import") is None
        assert outcome.duplicates() == []
        assert outcome.failures == ()
