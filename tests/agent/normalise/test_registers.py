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


ALARMS = ("{metric: rack_alarm_active, address: 0, labels: {part: psu},"
          " bits: {0: over_voltage, 15: comm_lost}, absent: [0xFFFF]}")  # fmt: skip
FAN = "{metric: rack_fan_speed_rpm, unit: rpm, address: 1, span: [0, 14], absent: [-1]}"
LEAK = "{metric: rack_leak_detected, address: 2, bit: 3, absent: [0xFFFF]}"


def test_bits_of_a_register_without_a_value_are_bad() -> None:
    found = readings(
        normaliser(ALARMS, FAN, LEAK).normalise({0: registers("holding", 0, [0xFFFF] * 3)})
    )
    assert [(r.value, r.reason) for r in found] == (
        [(None, "the device says there is no value (65535)")] * 4
    )


def test_what_means_no_value_is_not_looked_for_in_the_picked_bits() -> None:
    assert values(normaliser(ALARMS, FAN, LEAK), 0x8001, 0x7FFF, 8) == [1, 1, 32767, 1]
    level = "{metric: rack_sensor_count_value, address: 0, span: [8, 15], absent: [1]}"
    assert values(normaliser(level), 0x01FF) == [1]
    assert values(normaliser(level), 0x0001) == [None]


@pytest.mark.parametrize(
    ("data_type", "absent", "words"),
    [
        ("int16", "0x8000", [0x8000]),
        ("int16", "-32768", [0x8000]),
        ("uint16", "-1", [0xFFFF]),
        ("int8_low", "0x80", [0x1280]),
        ("int32", "0x80000000", [0x8000, 0]),
        ("uint48", "-1", [0xFFFF] * 3),
        ("int48", "0x800000000000", [0x8000, 0, 0]),
        ("uint64", "-9223372036854775808", [0x8000, 0, 0, 0]),
        ("int64", "0x8000000000000000", [0x8000, 0, 0, 0]),
        ("bcd16", "9999", [0x9999]),
        ("float16", "0x7BFF", [0x7BFF]),
        ("float32", "-999.9", [0xC479, 0xF99A]),
        ("float32", "0x7F7FFFFF", [0x7F7F, 0xFFFF]),
        ("float32", "3.4e38", [0x7F7F, 0xC99E]),
        ("float64", "-999.9", [0xC08F, 0x3F33, 0x3333, 0x3333]),
    ],
)
def test_no_value_as_the_datasheet_writes_it(data_type: str, absent: str, words: list[int]) -> None:
    point = f"{{{CURRENT}, address: 0, data_type: {data_type}, absent: [{absent}]}}"
    (reading,) = readings(normaliser(point).normalise({0: registers("holding", 0, words)}))
    assert (reading.value, reading.quality) == (None, Quality.BAD)
    assert reading.reason.startswith("the device says there is no value")


def test_names_and_numbers_of_raw_values_as_bit_patterns() -> None:
    state = "{metric: rack_pump_state, address: 0, data_type: int16, states: {0xFFFE: running}}"
    level = ("{metric: rack_sensor_count_value, address: 1, data_type: float32,"
             " values: {0.1: 7}}")  # fmt: skip
    assert values(normaliser(state, level), 0xFFFE, 0x3DCC, 0xCCCD) == ["running", 7]


@pytest.mark.parametrize(
    ("raws", "counted"),
    [
        # It turns: the fall is in doubt until the counter counts on from there.
        ([65_000, 65_535, 4, 5, 9, 65_530, 1, 2],
         [65_000, 65_535, None, 65_541, 65_545, 131_066, None, 131_074]),
        ([65_000, 4, 4], [65_000, None, 65_540]),
        # It reports 0 once or twice after a restart, and then the old value.
        ([65_000, 0, 65_000, 65_010], [65_000, None, 65_000, 65_010]),
        ([65_000, 0, 0, 65_001], [65_000, None, None, 65_001]),
        ([65_500, 3, 10, 0, 10, 11], [65_500, None, 65_546, None, 65_546, 65_547]),
        ([65_000, 0, 2, 65_001], [65_000, None, 65_538, 65_001]),
        ([65_000, 7, 0, 65_001], [65_000, None, None, 65_001]),
        # It turns with large steps.
        ([40_000, 5_000, 30_000, 60_000], [40_000, None, 95_536, 125_536]),
        # The device starts its own count anew.
        ([65_530, 2, 3, 30_000, 0, 0, 5], [65_530, None, 65_539, 95_536, None, 0, 5]),
        ([30_000, 29_990, 29_991], [30_000, None, 29_991]),
    ],
)  # fmt: skip
def test_a_counter_that_rolls_over_counts_on(raws: list[int], counted: list[int | None]) -> None:
    energy = normaliser(ENERGY + ", rollover: 65536}")
    joules = [None if each is None else each * 1000 for each in counted]
    assert [values(energy, raw)[0] for raw in raws] == joules


def test_a_counter_that_fell_says_so() -> None:
    energy = normaliser(ENERGY + ", rollover: 65536}")
    values(energy, 65_000)
    (reading,) = readings(energy.normalise({0: registers("holding", 0, [0])}))
    assert reading.quality is Quality.BAD
    assert reading.reason == "the counter fell from 65000 to 0: the next reading shows why"


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


def test_points_without_a_metric_are_read_for_derivations_alone() -> None:
    """Sign and magnitude: the highest bit of the register is the sign, the others the number."""
    signed = normaliser(
        "{name: sign, address: 0, bit: 15}",
        "{name: size, address: 0, span: [0, 14], unit: kW, scale: 0.1}",
        "{name: doubled, derive: size * 2}",
        "{metric: rack_inlet_power_watts, derive: doubled / 2 * (1 - 2 * sign)}",
    )
    assert values(signed, 0x800A) == [-1000]
    assert values(signed, 0x000A) == [1000]
    found = readings(signed.normalise({0: registers("holding", 0, [10])}))
    assert [reading.metric for reading in found] == ["rack_inlet_power_watts"]
