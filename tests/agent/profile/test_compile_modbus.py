"""What a Modbus profile compiles to, and what is said of one that cannot be."""

import pytest

from agent.model.datatypes import REGISTERS
from agent.profile.points import ModbusPoint, Profile
from tests.agent.profile.conftest import Compile, Problems, modbus

SUPPLY = "metric: rack_coolant_temperature_celsius, unit: degC"
LEVEL = "{metric: rack_coolant_level_ratio, address: 10, unit: '%'}"


def points(profile: Profile) -> list[ModbusPoint]:
    return [point for point in profile.points if isinstance(point, ModbusPoint)]


def test_a_point_takes_the_profiles_defaults(compiled: Compile) -> None:
    head = "defaults: {table: input, byte_order: CDAB, data_type: float32}\n"
    (point,) = points(compiled(modbus(LEVEL, head=head)))
    assert (point.table, point.address, point.count) == ("input", 10, 2)
    assert (point.data_type, point.byte_order) == ("float32", "CDAB")


def test_a_points_own_words_win(compiled: Compile) -> None:
    (point,) = points(
        compiled(
            modbus(
                f"{{{SUPPLY}, address: 5, table: holding, data_type: int16, byte_order: BADC,"
                " labels: {loop: facility}, absent: [-32768], valid: [-10, 90], interval: 30}"
            )
        )
    )
    assert (point.table, point.data_type, point.byte_order) == ("holding", "int16", "BADC")
    assert (point.labels, point.low, point.high) == ((("loop", "facility"),), -10, 90)
    assert point.absent == {-32768}
    assert point.interval_s == 30


def test_a_coil_is_a_bool_of_one_bit(compiled: Compile) -> None:
    (point,) = points(compiled(modbus("{metric: rack_leak_detected, address: 3, table: discrete}")))
    assert (point.table, point.data_type, point.count) == ("discrete", "bool", 1)


def test_a_string_says_how_many_registers_it_takes(compiled: Compile) -> None:
    (point,) = points(
        compiled(
            modbus(
                "{metric: rack_coolant_ph_value, unit: pH, address: 1, data_type: string, count: 4,"
                " pattern: '(.*) pH'}"
            )
        )
    )
    assert point.count == 4


def test_repeats_step_by_their_own_width_unless_told(compiled: Compile) -> None:
    pumps = "metric: rack_pump_speed_rpm, unit: rpm, repeat: 3, repeat_label: pump"
    close = points(compiled(modbus(f"{{{pumps}, address: 100, data_type: uint32}}")))
    assert [(p.number, p.address, p.labels) for p in close] == [
        (0, 100, (("pump", "1"),)),
        (1, 102, (("pump", "2"),)),
        (2, 104, (("pump", "3"),)),
    ]
    apart = points(compiled(modbus(f"{{{pumps}, address: 100, step: 20}}")))
    assert [p.address for p in apart] == [100, 120, 140]


def test_bits_become_flags_with_a_label_each(compiled: Compile) -> None:
    flags = points(
        compiled(
            modbus(
                "{metric: rack_alarm_active, address: 7, bits: {0: fan, 15: {alarm: leak,"
                " severity: major}}, labels: {part: pump}}"
            )
        )
    )
    assert [(p.number, p.bit, p.address, dict(p.labels)) for p in flags] == [
        (0, 0, 7, {"alarm": "fan", "part": "pump"}),
        (1, 15, 7, {"alarm": "leak", "severity": "major", "part": "pump"}),
    ]


def test_repeated_flags(compiled: Compile) -> None:
    flags = points(
        compiled(
            modbus(
                "{metric: rack_alarm_active, address: 7, bits: {0: a, 1: b}, repeat: 2,"
                " repeat_label: psu}"
            )
        )
    )
    assert [(p.number, p.address, p.bit) for p in flags] == [
        (0, 7, 0),
        (1, 7, 1),
        (2, 8, 0),
        (3, 8, 1),
    ]


def test_the_head_of_a_profile(compiled: Compile) -> None:
    head = """\
serial: {baudrate: 9600, parity: N, stopbits: 2, units: [[1, 247]]}
limits: {registers_max: 60, gap_max: 0, forbidden: [[20, 29]]}
identify: {address: 5, table: input, count: 8, matches: RPU}
info: {model: {address: 5, data_type: uint32, table: input, byte_order: CDAB}, serial: {address: 9}}
"""
    profile = compiled(modbus(LEVEL, head=head))
    (rule,) = profile.identify
    line = profile.serial
    assert (line.baudrate, line.parity, line.stopbits) == (9600, "N", 2)
    assert line.units == ((1, 247),)
    assert (profile.limits.registers_max, profile.limits.forbidden) == (60, ((20, 29),))
    assert (rule.address, rule.table, rule.count) == (5, "input", 8)
    model, serial = profile.info["model"][0], profile.info["serial"][0]
    assert (model.address, model.count, model.table, model.byte_order) == (5, 2, "input", "CDAB")
    assert (serial.data_type, serial.count, serial.table) == ("string", 8, "holding")


@pytest.mark.parametrize(
    ("point", "says"),
    [
        ("{address: 5}", "metric: required key 'metric' is missing"),
        (
            "{metric: rack_device_info, address: 5}",
            "metric: rack_device_info is not a number; use 'info' for the identity",
        ),
        (
            "{metric: rack_pump_state, address: 5}",
            "states: required: rack_pump_state is a state, so its raw values need names",
        ),
        (f"{{{SUPPLY}, address: 65536}}", "address: must be at most 65535, not 65536"),
        (f"{{{SUPPLY}, address: 40001.5}}", "address: must be a whole number, not 40001.5"),
        (
            f"{{{SUPPLY}, address: 5, data_type: unit16}}",
            "data_type: unknown data type 'unit16'; did you mean uint16?",
        ),
        (
            f"{{{SUPPLY}, address: 5, data_type: word}}",
            f"data_type: unknown data type 'word'; use {', '.join(REGISTERS)}",
        ),
        (
            f"{{{SUPPLY}, address: 5, data_type: string}}",
            "count: required: how many registers the string takes",
        ),
        (
            f"{{{SUPPLY}, address: 5, table: coil, data_type: uint16}}",
            "data_type: a coil is one bit: its only data type is bool",
        ),
        (
            f"{{{SUPPLY}, address: 5, data_type: bool}}",
            "data_type: bool is for coils and discrete inputs; name a 'bit' of an integer",
        ),
        (f"{{{SUPPLY}, address: 65535, data_type: uint32}}", "address: runs past register 65535"),
        (
            "{metric: rack_alarm_active, address: 5, bit: 16}",
            "bit: bit 16 is outside 0..15",
        ),
        (
            "{metric: rack_alarm_active, address: 5, bit: 8, data_type: uint8_low}",
            "bit: bit 8 is outside 0..7",
        ),
        (
            "{metric: rack_alarm_active, address: 5, bit: 0, data_type: float32}",
            "bit: float32 has no bits to select; use an integer type",
        ),
        (
            "{metric: rack_alarm_active, address: 5, bits: {16: x}}",
            "bits[16]: bit 16 is outside 0..15",
        ),
        (
            "{metric: rack_alarm_active, address: 5, bits: {1: {pump: x}}}",
            "bits[1]: rack_alarm_active has no label 'pump'",
        ),
        (
            "{metric: rack_alarm_active, address: 5, bits: {1: 5}}",
            "bits[1]: must be text or a mapping, not 5",
        ),
        (
            f"{{{SUPPLY}, address: 5, repeat: 2, repeat_label: pump}}",
            "repeat_label: rack_coolant_temperature_celsius has no label 'pump'; it has index,"
            " loop, name, sensor, side, unit",
        ),
        (f"{{{SUPPLY}, address: 5, repeat: 0}}", "repeat: must be at least 1, not 0"),
        (
            f"{{{SUPPLY}, address: 5, data_type: uint64, labels: {{loop: '{{x}}'}}}}",
            "labels.loop: 'x' in '{x}' is neither an index part nor a lookup",
        ),
        (
            f"{{{SUPPLY}, address: 5, scale: {{lookup: x}}}}",
            "scale.lookup: unknown lookup 'x'",
        ),
    ],
)
def test_a_mistake_in_a_point(problems: Problems, point: str, says: str) -> None:
    assert problems(modbus(point)) == [f"8: points[0].{says}"]


def test_a_value_longer_than_the_devices_longest_answer(problems: Problems) -> None:
    point = f"{{{SUPPLY}, address: 5, data_type: float64}}"
    assert problems(modbus(point, head="limits: {registers_max: 2}\n")) == [
        "9: points[0].address: 4 registers are more than limits.registers_max, 2"
    ]


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        (
            f"{{{SUPPLY}, address: 5, data_type: float32}}",
            f"{{{SUPPLY}, address: 6, labels: {{loop: facility}}}}",
            "points[1].address: points overlap: holding register 6 is already"
            " rack_coolant_temperature_celsius",
        ),
        (
            f"{{{SUPPLY}, address: 5, labels: {{loop: facility}}}}",
            f"{{{SUPPLY}, address: 6, labels: {{loop: facility}}}}",
            "points[1]: points overlap: an earlier point is"
            " rack_coolant_temperature_celsius{loop=facility} too; give it a label",
        ),
        (
            "{metric: rack_alarm_active, address: 5, bits: {0: a, 1: b}}",
            "{metric: rack_alarm_active, address: 5, bits: {2: c, 1: d}}",
            "points[1].address: points overlap: holding register 5 is already rack_alarm_active",
        ),
        (
            "{metric: rack_alarm_active, address: 5, bits: {0: a}}",
            f"{{{SUPPLY}, address: 5}}",
            "points[1].address: points overlap: holding register 5 is already rack_alarm_active",
        ),
        (
            "{metric: rack_alarm_active, address: 5, bits: {0: a}}",
            "{metric: rack_alarm_active, address: 5, bits: {1: b}, data_type: uint32}",
            "points[1].address: points overlap: holding register 5 is already rack_alarm_active",
        ),
    ],
)
def test_overlapping_points_are_refused_at_the_second_one(
    problems: Problems, first: str, second: str, says: str
) -> None:
    assert problems(modbus(first, second)) == [f"9: {says}"]


def test_repeats_that_step_on_each_other(problems: Problems) -> None:
    point = "{metric: rack_pump_speed_rpm, unit: rpm, address: 1, data_type: uint32, repeat: 2,"
    assert problems(modbus(point + " step: 1, repeat_label: pump}")) == [
        "8: points[0].address: points overlap: holding register 2 is already rack_pump_speed_rpm"
    ]


def test_what_may_stand_beside_each_other(compiled: Compile) -> None:
    profile = compiled(
        modbus(
            "{metric: rack_alarm_active, address: 5, bits: {0: a}}",
            "{metric: rack_alarm_active, address: 5, bits: {1: b}}",
            "{metric: rack_leak_detected, address: 5, table: coil}",
            f"{{{SUPPLY}, address: 6}}",
        )
    )
    assert len(profile.points) == 4


@pytest.mark.parametrize("word", ["modbus", "modbuss", "modbus-tcp", "Modbus"])
def test_a_misspelt_protocol_is_still_read_as_modbus(problems: Problems, word: str) -> None:
    text = modbus(LEVEL, "{metric: rack_pump_state}")
    found = problems(text.replace("protocol: modbus", f"protocol: {word}"))
    assert found[-1] == "9: points[1]: required key 'address' is missing"
    assert found[:-1] == (
        [] if word == "modbus" else [f"4: protocol: must be 'modbus', not '{word}'"]
    )


def test_lookups_are_not_for_modbus(problems: Problems) -> None:
    (found,) = problems(modbus(LEVEL, head="lookups: {}\n"))
    assert found.startswith("7: lookups: unknown key 'lookups'")


@pytest.mark.parametrize("head", ["limits: {forbidden: [[9, 1]]}\n", "serial: {units: [[9, 1]]}\n"])
def test_a_range_that_runs_backwards(problems: Problems, head: str) -> None:
    (found,) = problems(modbus(LEVEL, head=head))
    assert found.endswith("the lower bound 9 is above the upper bound 1")
