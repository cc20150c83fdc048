"""A register map in both directions: what the bank encodes, the agent reads back."""

from collections.abc import Mapping
from typing import cast

import pytest

from agent.model.values import Answer, Reading, ReadRegisters
from agent.normalise.modbus import ModbusNormaliser
from agent.plan import make_plan
from agent.profile.points import Profile
from simulator.devices.device import Source
from simulator.devices.modbus_device import ProfileBank
from simulator.wire.modbus_server import IllegalAddress
from tests.agent.making import modbus_profile


class Show:
    """Metrics by name and one label, as a model would show them."""

    def __init__(self, **values: float | str) -> None:
        self.values = values

    def value(self, metric: str, labels: Mapping[str, str]) -> float | str | None:
        return self.values.get("_".join([metric, *labels.values()]))

    def identity(self) -> dict[str, str]:
        return {"model": "X1", "firmware": "1.2.0.10", "serial": "no hex"}


def bank(profile: Profile, **values: float | str) -> ProfileBank:
    return ProfileBank(profile, cast(Source, Show(**values)))


def read(profile: Profile, **values: float | str) -> list[Reading]:
    device = bank(profile, **values)
    answers: dict[int, Answer] = {}
    for position, request in enumerate(make_plan(profile).requests):
        assert isinstance(request, ReadRegisters)
        words = device.read(request.table, request.address, request.count)
        width = 1 if request.table == "coil" else 2
        payload = b"".join(word.to_bytes(width, "big") for word in words)
        answers[position] = Answer(request, payload, 1.0)
    result = ModbusNormaliser("d", profile).normalise(answers)
    return [r for group in result.blocks.values() for block in group for r in block.readings()]


@pytest.mark.parametrize(
    ("data_type", "value"),
    [("uint16", 230.5), ("uint48", 230.5), ("int48", 230.5), ("float32", 230.5), ("bcd32", 230.5)],
)
@pytest.mark.parametrize("byte_order", ["ABCD", "CDAB", "BADC", "DCBA"])
def test_a_number_comes_back(data_type: str, value: float, byte_order: str) -> None:
    point = (
        "{metric: rack_inlet_voltage_volts, unit: V, scale: 0.1, address: 7,"
        f" data_type: {data_type}, byte_order: {byte_order}}}"
    )
    (reading,) = read(modbus_profile(point), rack_inlet_voltage_volts=value)
    assert reading.value == value


@pytest.mark.parametrize("byte_order", ["ABCD", "DCBA"])
def test_bits_spans_and_bytes_share_their_registers(byte_order: str) -> None:
    head = f"defaults: {{byte_order: {byte_order}}}\n"
    profile = modbus_profile(
        "{metric: rack_pump_state, address: 3, span: [4, 6], states: {0: stopped, 5: running}}",
        "{metric: rack_alarm_active, address: 3, bits: {0: fan, 15: leak}}",
        "{metric: rack_coolant_level_ratio, unit: '%', address: 4, data_type: uint8_high}",
        "{metric: rack_alarm_active, address: 4, data_type: uint8_low, bit: 7,"
        " labels: {alarm: level}}",
        head=head,
    )
    found = read(
        profile,
        rack_pump_state="running",
        rack_alarm_active_leak=1,
        rack_alarm_active_level=1,
        rack_coolant_level_ratio=0.42,
    )
    assert [r.value for r in found] == ["running", 0, 1, 0.42, 1]
    assert bank(profile, rack_coolant_level_ratio=0.42).read("holding", 4, 1) == [
        0x2A00 if byte_order == "ABCD" else 0x002A
    ]


@pytest.mark.parametrize(("amperes", "power"), [(12.345, -3), (4000, -1), (900_000, 2)])
def test_a_scale_register_fits_the_values(amperes: float, power: int) -> None:
    current = (
        "{metric: rack_phase_current_amperes, unit: A, address: 10, data_type: uint16,"
        " scale_register: 14, repeat: 2, repeat_label: phase, valid: [0, 10000000]}"
    )
    profile = modbus_profile(current)
    given = {"rack_phase_current_amperes_1": amperes, "rack_phase_current_amperes_2": 1.0}
    one, _ = read(profile, **given)
    assert one.value == amperes
    (word,) = bank(profile, **given).read("holding", 14, 1)
    assert word == power & 0xFFFF


def test_values_beyond_every_scale_are_held_to_the_type() -> None:
    point = "{metric: rack_sensor_count_value, address: 10, data_type: int16, scale_register: 11}"
    assert bank(modbus_profile(point), rack_sensor_count_value=1e30).read("holding", 10, 2) == [
        32767,
        10,
    ]


def test_what_is_read_together_can_be_read_together() -> None:
    profile = modbus_profile(
        "{metric: rack_fan_speed_rpm, unit: rpm, address: 1, group: a}",
        "{metric: rack_pump_speed_rpm, unit: rpm, address: 60, group: a}",
    )
    found = read(profile, rack_fan_speed_rpm=100, rack_pump_speed_rpm=200)
    assert [r.value for r in found] == [100, 200]


def test_a_counter_rolls_over() -> None:
    profile = modbus_profile(
        "{metric: rack_inlet_energy_joules_total, unit: J, address: 0, rollover: 10000}"
    )
    assert bank(profile, rack_inlet_energy_joules_total=123_456).read("holding", 0, 1) == [3456]


def test_derived_points_take_no_registers() -> None:
    profile = modbus_profile(
        "{metric: rack_fan_speed_rpm, unit: rpm, address: 1, name: a}",
        "{metric: rack_pump_speed_rpm, derive: a * 2}",
    )
    assert [r.value for r in read(profile, rack_fan_speed_rpm=100)] == [100, 200]
    with pytest.raises(IllegalAddress):
        bank(profile).read("holding", 0, 1)


def test_who_it_is_stands_in_registers() -> None:
    head = """\
info:
  model: {address: 100, count: 2}
  firmware: {address: 102, count: 2, data_type: version8}
  serial: {address: 104, count: 1, data_type: hex}
  vendor: {address: 105, data_type: uint16}
"""
    device = bank(modbus_profile("{metric: rack_alarm_active, address: 1}", head=head))
    assert device.read("holding", 100, 6) == [0x5831, 0, 0x0102, 0x000A, 0, 1]


def test_the_middle_of_a_long_value_can_be_read() -> None:
    profile = modbus_profile(
        "{metric: rack_coolant_ph_value, unit: pH, address: 10, data_type: string, count: 8}"
    )
    assert bank(profile, rack_coolant_ph_value="1234567890").read("holding", 14, 2) == [0x3930, 0]
