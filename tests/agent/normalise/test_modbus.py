"""Registers to readings."""

from agent.model.series import RegisterSource
from agent.model.values import Answer, Failure, Quality, Reading
from agent.normalise.base import Normalised
from agent.normalise.modbus import ModbusNormaliser
from tests.agent.making import modbus_profile, registers

SUPPLY = "{metric: rack_coolant_temperature_celsius, labels: {loop: technology, side: supply},"


def readings(result: Normalised) -> list[Reading]:
    return [r for group in result.blocks.values() for block in group for r in block.readings()]


def read(*points: str, answer: Answer) -> list[Reading]:
    profile = modbus_profile(*points)
    return readings(ModbusNormaliser("cdu", profile).normalise({0: answer}))


def test_a_register_becomes_a_reading_with_its_source_and_raw_words() -> None:
    (reading,) = read(
        SUPPLY + " address: 36865, scale: 0.1, unit: degC}",
        answer=registers("holding", 36865, [231]),
    )
    assert reading == Reading(
        "cdu",
        "rack_coolant_temperature_celsius",
        {"loop": "technology", "side": "supply"},
        23.1,
        "degC",
        Quality.GOOD,
        "",
        1000.0,
        RegisterSource("holding", 36865, 1),
        (231,),
    )


def test_points_are_found_inside_a_block_in_their_own_byte_order() -> None:
    found = read(
        "{metric: rack_coolant_ph_value, unit: pH, address: 12, data_type: float32,"
        " byte_order: CDAB}",
        "{metric: rack_pump_speed_rpm, unit: rpm, address: 15}",
        answer=registers("holding", 10, [9, 9, 0x0000, 0x40E0, 9, 3000]),
    )
    assert [(r.value, r.raw) for r in found] == [(7.0, (0, 0x40E0)), (3000, (3000,))]


def test_flags_of_one_register() -> None:
    found = read(
        "{metric: rack_alarm_active, address: 7, bits: {0: fan, 1: leak, 15: pump}}",
        answer=registers("holding", 7, [0b1000_0000_0000_0010]),
    )
    assert [(r.labels["alarm"], r.value) for r in found] == [("fan", 0), ("leak", 1), ("pump", 1)]
    assert {r.raw for r in found} == {(0x8002,)}


def test_coils_and_discrete_inputs_are_one_byte_each() -> None:
    found = read(
        "{metric: rack_leak_detected, address: 5, table: discrete, labels: {sensor: a}}",
        "{metric: rack_leak_detected, address: 6, table: discrete, labels: {sensor: b}}",
        answer=registers("discrete", 5, [0, 1]),
    )
    assert [(r.value, r.raw) for r in found] == [(0, (0,)), (1, (1,))]


def test_a_state_gets_its_name_and_its_possible_names() -> None:
    profile = modbus_profile(
        "{metric: rack_pump_state, address: 1, states: {0: stopped, 1: running}}"
    )
    result = ModbusNormaliser("cdu", profile).normalise({0: registers("holding", 1, [1])})
    (block,) = result.blocks[0]
    assert list(block.values) == ["running"]
    assert block.series[0].states == ("stopped", "running")


def test_what_is_no_number_or_implausible_or_a_sentinel_costs_only_itself() -> None:
    nan, dead, hot, good = read(
        "{metric: rack_coolant_ph_value, unit: pH, address: 0, data_type: float32}",
        SUPPLY + " address: 2, unit: degC, data_type: int16, absent: [-32768]}",
        "{metric: rack_air_temperature_celsius, address: 3, unit: degC}",
        "{metric: rack_pump_speed_rpm, unit: rpm, address: 4}",
        answer=registers("holding", 0, [0x7FC0, 0, 0x8000, 4000, 1500]),
    )
    assert (nan.value, nan.reason) == (None, "the registers hold no number")
    assert (dead.value, dead.reason) == (None, "the device says there is no value (-32768)")
    assert (hot.value, hot.quality) == (None, Quality.BAD)
    assert (good.value, good.quality) == (1500, Quality.GOOD)


def test_text_registers_can_hold_a_number() -> None:
    (reading,) = read(
        "{metric: rack_coolant_ph_value, unit: pH, address: 0, data_type: string, count: 4,"
        " pattern: '(.*) pH'}",
        answer=registers("holding", 0, [0x372E, 0x3220, 0x7048, 0]),
    )
    assert reading.value == 7.2


def test_each_answer_gives_the_points_of_its_own_table() -> None:
    profile = modbus_profile(
        "{metric: rack_pump_speed_rpm, unit: rpm, address: 0}",
        "{metric: rack_pump_duty_ratio, unit: '%', address: 0, table: input}",
    )
    normaliser = ModbusNormaliser("cdu", profile)
    result = normaliser.normalise(
        {
            0: registers("holding", 0, [3000, 7]),
            1: registers("input", 0, [50]),
        }
    )
    assert [[r.value for b in result.blocks[n] for r in b.readings()] for n in range(2)] == [
        [3000],
        [0.5],
    ]


def test_the_series_stay_the_same_objects_from_poll_to_poll() -> None:
    normaliser = ModbusNormaliser("cdu", modbus_profile(SUPPLY + " address: 1, unit: degC}"))
    first, second = (
        normaliser.normalise({0: registers("holding", 1, [n])}).blocks[0][0] for n in (20, 21)
    )
    assert first.series is second.series
    assert (list(first.values), list(second.values)) == ([20], [21])
    assert not normaliser.needs_lookups


def test_failures_of_the_transport_are_passed_on() -> None:
    answer = registers("holding", 1, [20])
    failure = Failure("rejected", "half of it")
    broken = Answer(answer.request, answer.payload, answer.observed_at, (failure,))
    normaliser = ModbusNormaliser("cdu", modbus_profile(SUPPLY + " address: 1, unit: degC}"))
    assert normaliser.normalise({0: broken}).failures == (failure,)
