"""Open Rack v3 pumping unit: values typed by hand from the published maps (0x9000 and on, x0.1)."""

import pytest

from tests.drivers.harness import read_registers


async def test_flow_temperatures_and_pressures() -> None:
    outcome = await read_registers(
        "orv3-rpu", {0x9000: 480, 0x9001: 385, 0x9002: 512, 0x9003: 2210, 0x9004: 0xFFF6}
    )

    flow = outcome.value("rack_coolant_flow_liters_per_second", loop="technology")
    assert flow == pytest.approx(0.8, rel=1e-12)  # 48 L/min
    temperature = "rack_coolant_temperature_celsius"
    assert outcome.value(temperature, loop="technology", side="supply") == 38.5
    assert outcome.value(temperature, loop="technology", side="return") == 51.2
    pressure = "rack_coolant_pressure_pascals"
    assert outcome.value(pressure, loop="technology", side="supply") == 221_000
    assert outcome.value(pressure, loop="technology", side="return") == -1000


async def test_a_temperature_below_zero_is_not_6549_degrees() -> None:
    outcome = await read_registers("orv3-rpu", {0x9001: 0xFFCE})

    value = outcome.value("rack_coolant_temperature_celsius", loop="technology", side="supply")
    assert value == -5


async def test_pumps_fans_and_power() -> None:
    outcome = await read_registers(
        "orv3-rpu",
        {
            36870: 23_456,
            36873: 70,
            36874: 3500,
            36877: 3510,
            37121: 12_345,
            37124: 6000,
            37133: 6010,
            41289: 6020,
        },
    )

    assert outcome.value("rack_pump_duty_ratio", pump="all") == 0.7
    assert outcome.value("rack_pump_speed_rpm", pump="1") == 3500
    assert outcome.value("rack_pump_speed_rpm", pump="4") == 3510
    assert outcome.value("rack_cooling_power_watts", part="exchanger") == 1234.5
    assert outcome.value("rack_inlet_power_watts") == 2345.6
    assert outcome.value("rack_fan_speed_rpm", module="exchanger", fan="1") == 6000
    assert outcome.value("rack_fan_speed_rpm", module="exchanger", fan="10") == 6010
    assert outcome.value("rack_fan_speed_rpm", module="exchanger", fan="14") == 6020


async def test_leak_bits_are_leaks_faults_and_stops() -> None:
    # 37378: bit 4 internal leak, bit 9 rack floor, bit 12 rack pan detector broken, bit 0 IT stop
    outcome = await read_registers("orv3-rpu", {37378: 1 << 4 | 1 << 12 | 1})

    assert outcome.value("rack_leak_detected", sensor="internal") == 1
    assert outcome.value("rack_leak_detected", sensor="rack_floor") == 0
    assert outcome.value("rack_leak_sensor_fault", sensor="rack_pan") == 1
    assert outcome.value("rack_alarm_active", alarm="it_chassis_0_stop") == 1
    assert outcome.value("rack_alarm_active", alarm="it_chassis_1_stop") == 0


async def test_the_fan_boards_at_the_end_of_the_map() -> None:
    outcome = await read_registers(
        "orv3-rpu", {41230: 35, 41257: 4850, 41271: 12, 41285: 595, 41305: 44, 41310: 505}
    )

    fan = {"module": "exchanger_fan_hot_swap"}
    assert outcome.value("rack_sensor_temperature_celsius", **fan, sensor="1") == 35
    assert outcome.value("rack_sensor_voltage_volts", **fan, sensor="14") == 48.5
    assert outcome.value("rack_sensor_current_amperes", **fan, sensor="14") == 1.2
    assert outcome.value("rack_sensor_power_watts", **fan, sensor="14") == 59.5
    humidity = outcome.value("rack_relative_humidity_ratio", side="exchanger_fan", sensor="14")
    assert humidity == 0.44
    assert outcome.value("rack_sensor_voltage_volts", sensor="usb_5v") == 5.05


async def test_no_series_stands_twice() -> None:
    outcome = await read_registers("orv3-rpu", {})

    assert outcome.duplicates() == []
    assert outcome.failures == ()
