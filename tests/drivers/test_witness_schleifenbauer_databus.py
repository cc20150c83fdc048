"""Schleifenbauer: values typed by hand from the definitions of SCHLEIFENBAUER-DATABUS-MIB."""

from tests.drivers.harness import read_varbinds


class TestSchleifenbauer:
    """The tables of the MIB below ``bus``."""

    profile = "schleifenbauer-databus"
    bus = "1.3.6.1.4.1.31034.12.1.1"

    async def test_an_input_is_a_phase_in_hundredths(self) -> None:
        outcome = await read_varbinds(
            self.profile,
            {
                f"{self.bus}.2.6.1.1.2.1.2": 965,
                f"{self.bus}.2.6.1.1.3.1.2": 3,
                f"{self.bus}.2.6.1.1.4.1.2": 9669,
                f"{self.bus}.2.6.1.1.5.1.2": 199,
                f"{self.bus}.2.6.1.1.7.1.2": 22848,
                f"{self.bus}.2.6.1.1.9.1.2": 455,
                f"{self.bus}.2.6.1.1.10.1.2": 440,
                f"{self.bus}.2.6.1.1.13.1.2": "L2",
            },
        )

        labels = {"phase": "2", "name": "L2"}
        assert outcome.value("rack_phase_energy_joules_total", **labels) == 965 * 3.6e6
        assert outcome.value("rack_phase_resettable_energy_joules_total", **labels) == 3 * 3.6e6
        assert outcome.value("rack_phase_power_factor_ratio", **labels) == 0.9669
        assert outcome.value("rack_phase_current_amperes", **labels) == 1.99
        assert outcome.value("rack_phase_voltage_volts", **labels) == 228.48
        assert outcome.value("rack_phase_apparent_power_voltamperes", **labels) == 455
        assert outcome.value("rack_phase_power_watts", **labels) == 440
        assert outcome.failures == ()

    async def test_a_device_is_known_by_its_address_on_the_bus(self) -> None:
        outcome = await read_varbinds(
            self.profile,
            {
                f"{self.bus}.2.7.2.1.5.210.13": 38,
                f"{self.bus}.2.7.2.1.11.210.13": 70,
                f"{self.bus}.2.7.1.1.2.210.13": "agg-sw1",
                f"{self.bus}.2.7.3.1.2.210.13": 1,
            },
        )

        labels = {"unit": "210", "outlet": "13"}
        assert outcome.value("rack_outlet_current_amperes", **labels) == 0.38
        assert outcome.value("rack_outlet_power_watts", **labels) == 70
        assert outcome.value("rack_outlet_state", **labels) == "on"
        assert outcome.value("rack_outlet_info", name="agg-sw1", **labels) == 1

    async def test_bits_and_numbers_tell_what_is_wrong(self) -> None:
        status = f"{self.bus}.2.3.1.1"
        outcome = await read_varbinds(
            self.profile, {f"{status}.1.1": 33, f"{status}.3.1": 0, f"{status}.4.1": 7}
        )

        assert outcome.value("rack_alarm_active", alarm="alert") == 1
        assert outcome.value("rack_alarm_active", alarm="brownout") == 1
        assert outcome.value("rack_alarm_active", alarm="controller_error") == 0
        assert outcome.value("rack_alarm_active", alarm="input_current") == 0
        assert outcome.value("rack_alarm_active", alarm="outlet_current") == 1

    async def test_a_sensors_letter_tells_what_it_measures(self) -> None:
        sensor = f"{self.bus}.2.8.2.1"
        rows: dict[str, int | str] = {}
        for row, (letter, value) in enumerate((("T", 2110), ("H", 4550), ("I", 100)), 1):
            rows |= {f"{sensor}.2.1.{row}": letter, f"{sensor}.3.1.{row}": value}
        outcome = await read_varbinds(self.profile, rows)

        assert outcome.value("rack_air_temperature_celsius", sensor="1") == 21.1
        assert outcome.value("rack_relative_humidity_ratio", sensor="2") == 0.455
        assert outcome.value("rack_sensor_state", sensor="3", quantity="contact") == "on"

    async def test_no_sensor_is_not_zero_degrees(self) -> None:
        outcome = await read_varbinds(
            self.profile, {f"{self.bus}.2.8.1.1.1.1": 0, f"{self.bus}.2.8.1.1.2.1": 2650}
        )

        assert outcome.value("rack_sensor_temperature_celsius", sensor="internal") is None
        assert outcome.value("rack_air_temperature_celsius", sensor="external") == 26.5
