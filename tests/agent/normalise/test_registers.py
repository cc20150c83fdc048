"""What a register map can say of a value: bits, scale registers, rollovers, clamps, derivations."""

from dataclasses import replace

import pytest

from agent.model.series import RegisterSource
from agent.model.values import Answer, Quality, Reading, ReadRegisters
from agent.normalise.base import Normalised
from agent.normalise.modbus import ModbusNormaliser
from agent.plan import make_plan
from tests.agent.making import modbus_profile, registers

CURRENT = "metric: rack_phase_current_amperes, unit: A"
ENERGY = "{metric: rack_inlet_energy_joules_total, unit: J, scale: 1000, address: 0"


def readings(result: Normalised) -> list[Reading]:
    return [r for group in result.blocks.values() for block in group for r in block.readings()]


def values(normaliser: ModbusNormaliser, *words: int) -> list[object]:
    return [r.value for r in readings(normaliser.normalise({0: registers("holding", 0, [*words])}))]


def normaliser(*points: str, head: str = "") -> ModbusNormaliser:
    return ModbusNormaliser("d", modbus_profile(*points, head=head))


def test_a_span_of_bits_is_a_number_with_names() -> None:
    # 0b1010_0110_0011_0101: bits 4 to 6 hold 3, bits 0 to 3 hold 5
    pump = "{metric: rack_pump_state, address: 0, span: [4, 6], states: {3: running}}"
    level = "{metric: rack_coolant_level_ratio, unit: '%', address: 0, span: [0, 3], scale: 20}"
    assert values(normaliser(pump, level), 0b1010_0110_0011_0101) == ["running", 1]


def test_a_span_of_a_negative_number_is_its_bits() -> None:
    level = "{metric: rack_sensor_count_value, address: 0, data_type: int16, span: [12, 15]}"
    assert values(normaliser(level), 0xF000) == [15]


def test_the_two_bytes_of_a_register() -> None:
    high = "{metric: rack_sensor_count_value, address: 0, data_type: uint8_high}"
    low = (
        "{metric: rack_sensor_count_value, address: 0, data_type: int8_low, labels: {sensor: low}}"
    )
    assert values(normaliser(high, low), 0x80FE) == [128, -2]


@pytest.mark.parametrize(
    ("power", "amperes"), [(-2, 12.34), (0, 1234), (1, 12340), (0x10000 - 3, 1.234)]
)
def test_a_scale_register_moves_the_point(power: int, amperes: float) -> None:
    point = f"{{{CURRENT}, address: 0, scale_register: 2, valid: [0, 100000]}}"
    assert values(normaliser(point), 1234, 9, power & 0xFFFF) == [amperes]


def test_the_scale_register_counts_beside_the_scale() -> None:
    point = f"{{{CURRENT}, address: 1, scale_register: 0, scale: 2, digits: 1}}"
    twice = normaliser(point)
    assert values(twice, 0xFFFF, 100) == [2]
    assert values(twice, 0xFFFF, 200) == [4]


@pytest.mark.parametrize(
    ("word", "says"),
    [
        (0x8000, "scale register 1 says there is no value"),
        (11, "scale register 1 holds 11, which is no power of ten"),
        (0xFFF5, "scale register 1 holds -11, which is no power of ten"),
    ],
)
def test_a_scale_register_without_a_scale(word: int, says: str) -> None:
    found = normaliser(f"{{{CURRENT}, address: 0, scale_register: 1}}").normalise(
        {0: registers("holding", 0, [1234, word])}
    )
    (reading,) = readings(found)
    assert (reading.quality, reading.value, reading.reason) == (Quality.BAD, None, says)
    assert reading.raw == (1234,)


def test_a_counter_that_rolls_over_counts_on() -> None:
    energy = normaliser(ENERGY + ", rollover: 65536}")
    assert values(energy, 65_000) == [65_000_000]
    assert values(energy, 65_535) == [65_535_000]
    assert values(energy, 4) == [65_540_000]
    assert values(energy, 65_530) == [131_066_000]
    assert values(energy, 0) == [131_072_000]


def test_a_counter_that_was_reset_starts_anew() -> None:
    energy = normaliser(ENERGY + ", rollover: 65536}")
    values(energy, 65_000)
    values(energy, 30_000)
    assert values(energy, 100) == [100_000]


def test_a_sentinel_is_no_turn_of_a_counter() -> None:
    energy = normaliser(ENERGY + ", rollover: 65536, absent: [65535]}")
    assert values(energy, 65_000) == [65_000_000]
    assert values(energy, 65_535) == [None]
    assert values(energy, 65_001) == [65_001_000]


def test_without_rollover_a_counter_is_what_the_device_says() -> None:
    energy = normaliser(ENERGY + "}")
    assert [values(energy, word) for word in (65_000, 4)] == [[65_000_000], [4_000]]


def test_a_clamp_holds_what_is_plausible_and_no_more() -> None:
    power = (
        "{metric: rack_inlet_power_watts, unit: W, address: 0, data_type: int16, clamp: [0, 500],"
        " valid: [-100, 1000]}"
    )
    one = normaliser(power)
    assert [values(one, word & 0xFFFF)[0] for word in (-3, 250, 600, -101, 1001)] == [
        0,
        250,
        500,
        None,
        None,
    ]


def test_a_part_that_was_refused_is_bad_and_its_neighbour_is_not() -> None:
    profile = modbus_profile(
        f"{{{CURRENT}, address: 10}}", f"{{{CURRENT}, address: 11, labels: {{phase: L2}}}}"
    )
    (request,) = make_plan(profile).requests
    assert isinstance(request, ReadRegisters)
    answer = Answer(request, bytes(4), 9.0, (), {(10, 1): "refused"})
    bad, good = readings(ModbusNormaliser("d", profile).normalise({0: answer}))
    assert (bad.quality, bad.value, bad.reason, bad.raw) == (Quality.BAD, None, "refused", None)
    assert (good.quality, good.value) == (Quality.GOOD, 0)


def test_a_point_is_told_by_the_request_that_was_planned_for_it() -> None:
    profile = modbus_profile(
        f"{{{CURRENT}, address: 10}}", f"{{{CURRENT}, address: 11, labels: {{phase: L2}}}}"
    )
    answer = Answer(ReadRegisters("holding", 10, 2, parts=((11, 1),)), bytes(4), 9.0)
    (reading,) = readings(ModbusNormaliser("d", profile).normalise({0: answer}))
    assert reading.labels == {"phase": "L2"}


# ---- derived


HEAT = (
    "{metric: rack_coolant_flow_liters_per_second, unit: L/min, address: 0, name: flow}",
    "{metric: rack_coolant_temperature_celsius, unit: degC, address: 1, name: supply,"
    " labels: {side: supply}}",
    "{metric: rack_coolant_temperature_celsius, unit: degC, address: 50, name: return,"
    " labels: {side: return}}",
)
HEAT_WATTS = "{metric: rack_heat_removed_watts, derive: flow * (warm - supply) * 4186}"


def heat() -> ModbusNormaliser:
    points = [point.replace("name: return", "name: warm") for point in HEAT]
    return normaliser(*points, HEAT_WATTS)


def test_a_derived_point_takes_base_units_from_several_blocks() -> None:
    answers = {0: registers("holding", 0, [60, 30]), 1: registers("holding", 50, [40], at=1001.0)}
    found = heat().normalise(answers)
    (block, derived) = found.blocks[1]
    assert len(found.blocks[0]) == 1
    (reading,) = derived.readings()
    assert (reading.metric, reading.value) == ("rack_heat_removed_watts", 41_860)
    assert (reading.source, reading.raw) == (RegisterSource("holding", 0, 1), None)
    assert derived.observed_at == block.observed_at == 1001.0


def test_its_series_stay_the_same_objects() -> None:
    one = heat()
    answers = {0: registers("holding", 0, [60, 30]), 1: registers("holding", 50, [40])}
    first, second = (one.normalise(answers).blocks[1][1] for _ in range(2))
    assert first.series is second.series


def test_without_one_input_it_is_bad() -> None:
    found = heat().normalise({0: registers("holding", 0, [60, 30])})
    (reading,) = found.blocks[0][1].readings()
    assert reading.quality is Quality.BAD
    assert reading.reason == "flow * (warm - supply) * 4186: warm has no value"
    assert heat().normalise({}).blocks == {}


def test_what_has_no_result_is_bad() -> None:
    ratio = "{metric: rack_coolant_level_ratio, derive: a / b}"
    one = normaliser(
        "{metric: rack_pump_speed_rpm, unit: rpm, address: 2}",
        "{metric: rack_sensor_count_value, address: 0, name: a}",
        "{metric: rack_sensor_count_value, address: 1, name: b, labels: {sensor: b}}",
        ratio,
    )
    assert values(one, 1, 2, 900) == [900, 1, 2, 0.5]
    assert values(one, 1, 0, 900) == [900, 1, 0, None]
    assert values(one, 3, 2, 900)[3] is None  # 150 % of a level is implausible


def test_derived_from_derived_in_a_unit_of_its_own_and_clamped() -> None:
    one = normaliser(
        "{metric: rack_sensor_count_value, address: 0, name: a}",
        "{metric: rack_pump_speed_rpm, derive: a * 100, name: speed}",
        "{metric: rack_cooling_power_watts, derive: speed / 1000, unit: kW, clamp: [0, 400]}",
    )
    assert values(one, 3) == [3, 300, 300]
    assert values(one, 5) == [5, 500, 400]


def test_answers_without_parts_are_wanted_whole() -> None:
    one = normaliser(
        f"{{{CURRENT}, address: 0}}", f"{{{CURRENT}, address: 9, labels: {{phase: L2}}}}"
    )
    answer = registers("holding", 0, [5, 6])
    assert [r.value for r in readings(one.normalise({0: answer}))] == [5]
    assert replace(answer).has_content
