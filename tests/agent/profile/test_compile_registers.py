"""The register map language: notation, bits, repeats, groups, scale registers, derived points."""

import pytest

from agent.profile.points import ModbusPoint, Profile
from tests.agent.profile.conftest import Compile, Problems, modbus

LEVEL = "metric: rack_coolant_level_ratio, unit: '%'"
POWER = "metric: rack_inlet_power_watts, unit: W"
ALARM = "metric: rack_alarm_active"


def points(profile: Profile) -> list[ModbusPoint]:
    return [point for point in profile.points if isinstance(point, ModbusPoint)]


# ---- where a register is


@pytest.mark.parametrize(
    ("written", "table", "address"),
    [
        ("'40001'", "holding", 0),
        ("'400001'", "holding", 0),
        ("'465536'", "holding", 65535),
        ("'30010'", "input", 9),
        ("'300010'", "input", 9),
        ("40001", "holding", 40001),
        ("0x9000", "holding", 36864),
    ],
)
def test_notations_of_a_register(compiled: Compile, written: str, table: str, address: int) -> None:
    (point,) = points(compiled(modbus(f"{{{LEVEL}, address: {written}}}")))
    assert (point.table, point.address) == (table, address)


@pytest.mark.parametrize(
    ("written", "table", "address"), [("'00017'", "coil", 16), ("'10001'", "discrete", 0)]
)
def test_notations_of_a_bit(compiled: Compile, written: str, table: str, address: int) -> None:
    (point,) = points(compiled(modbus(f"{{metric: rack_leak_detected, address: {written}}}")))
    assert (point.table, point.address, point.data_type) == (table, address, "bool")


def test_datasheets_that_count_from_one(compiled: Compile) -> None:
    head = """\
defaults: {address_base: 1}
limits: {forbidden: [[20, 29]]}
identify: {address: 5}
info: {model: {address: 6}, serial: {address: '40021', count: 2}}
"""
    profile = compiled(modbus(f"{{{LEVEL}, address: 1}}", head=head))
    (point,) = points(profile)
    assert point.address == 0
    assert profile.limits.forbidden == ((19, 28),)
    assert profile.identify[0].address == 4
    assert (profile.info["model"][0].address, profile.info["serial"][0].address) == (5, 20)


@pytest.mark.parametrize(
    ("point", "head", "says"),
    [
        (
            f"{{{LEVEL}, address: '20001'}}",
            "",
            "8: points[0].address: '20001' is not a register: write its number, or '40001' (in"
            " quotes; the first digit is the table: 0 coil, 1 discrete, 3 input, 4 holding) to"
            " count from 1",
        ),
        (f"{{{LEVEL}, address: '40000'}}", "", "8: points[0].address: '40000' is not a register"),
        (f"{{{LEVEL}, address: '465537'}}", "", "8: points[0].address: '465537' is not a register"),
        (f"{{{LEVEL}, address: -1}}", "", "8: points[0].address: must be at least 0, not -1"),
        (
            f"{{{LEVEL}, address: true}}",
            "",
            "8: points[0].address: must be a whole number, not True",
        ),
        (
            f"{{{LEVEL}, address: '30001', table: holding}}",
            "",
            "8: points[0].address: '30001' is a register of input, but the table is holding",
        ),
        (
            f"{{{LEVEL}, address: 0}}",
            "defaults: {address_base: 1}\n",
            "9: points[0].address: register 0 does not exist: registers count from 1 here",
        ),
        (
            f"{{{LEVEL}, address: 1}}",
            "defaults: {address_base: 1}\nidentify: {address: 0}\ninfo: {model: {address: 0}}\n",
            "8: identify.address: register 0 does not exist: registers count from 1 here",
        ),
        (
            f"{{{LEVEL}, address: 25}}",
            "limits: {forbidden: [[20, 29]]}\n",
            "9: points[0].address: registers 20 to 29 are never read (limits.forbidden)",
        ),
        (
            f"{{{LEVEL}, address: 5, scale_register: 40}}",
            "limits: {forbidden: [[20, 29]]}\n",
            "9: points[0].scale_register: registers 20 to 29 are never read (limits.forbidden)",
        ),
    ],
)
def test_a_register_that_is_not_there(problems: Problems, point: str, head: str, says: str) -> None:
    assert any(line.startswith(says) for line in problems(modbus(point, head=head)))


# ---- what stands in it


def test_several_bits_are_a_number(compiled: Compile) -> None:
    state = "{metric: rack_pump_state, address: 3, span: [4, 6], states: {0: stopped, 1: running}}"
    low = "{metric: rack_alarm_active, address: 3, bit: 0, labels: {alarm: fan}}"
    one, other = points(compiled(modbus(state, low)))
    assert (one.bit, one.bits, other.bit, other.bits) == (4, 3, 0, 1)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (f"{{{LEVEL}, address: 1, data_type: uint8_high, labels: {{sensor: a}}}}",
         f"{{{LEVEL}, address: 1, data_type: uint8_low, labels: {{sensor: b}}}}"),
        (f"{{{LEVEL}, address: 1, data_type: int8_low, labels: {{sensor: a}}}}",
         f"{{{ALARM}, address: 1, bit: 8}}"),
        (f"{{{LEVEL}, address: 1, span: [0, 7], labels: {{sensor: a}}}}",
         f"{{{LEVEL}, address: 1, data_type: uint8_high, span: [0, 7], labels: {{sensor: b}}}}"),
    ],
)  # fmt: skip
def test_bytes_and_bits_share_a_register(compiled: Compile, first: str, second: str) -> None:
    assert len(compiled(modbus(first, second)).points) == 2


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (f"{{{LEVEL}, address: 1, data_type: uint8_high}}", f"{{{ALARM}, address: 1, bit: 8}}"),
        (f"{{{ALARM}, address: 1, span: [0, 4]}}",
         f"{{{ALARM}, address: 1, bit: 4, labels: {{alarm: x}}}}"),
    ],
)  # fmt: skip
def test_bits_that_are_taken_twice(problems: Problems, first: str, second: str) -> None:
    (line,) = problems(modbus(first, second))
    assert line.startswith("9: points[1].address: points overlap: holding register 1 is already")


def test_bits_taken_twice_are_found_behind_free_ones(problems: Problems) -> None:
    flag = "{{metric: rack_alarm_active, address: 1, bits: {{{}: {}}}}}"
    (line,) = problems(modbus(flag.format(0, "a"), flag.format(1, "b"), flag.format(1, "c")))
    assert line.startswith("10: points[2].address: points overlap")


def test_clamp_rollover_and_scale_register(compiled: Compile) -> None:
    energy = (
        "{metric: rack_inlet_energy_joules_total, unit: kWh, address: 10, rollover: 65536,"
        " scale_register: 12, clamp: [0, 1e12]}"
    )
    (point,) = points(compiled(modbus(energy)))
    assert (point.rollover, point.scale_register, point.clamp) == (65536, 12, (0, 1e12))
    assert point.part == (10, 3)


def test_a_group_is_one_part(compiled: Compile) -> None:
    found = points(
        compiled(
            modbus(
                f"{{{LEVEL}, address: 30, group: a, labels: {{sensor: x}}}}",
                f"{{{LEVEL}, address: 10, group: a, data_type: uint32, scale_register: 5}}",
                f"{{{POWER}, address: 20, group: b}}",
                f"{{{ALARM}, address: 21}}",
            )
        )
    )
    assert [point.part for point in found] == [(5, 26), (5, 26), (20, 1), (21, 1)]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([f"{{{POWER}, address: 5, rollover: 65536}}"],
         "points[0].rollover: rack_inlet_power_watts is not a counter"),
        ([f"{{{ALARM}, address: 5, table: coil, scale_register: 7}}"],
         "points[0].scale_register: a coil has no scale"),
        ([f"{{{POWER}, address: 5, scale_register: '30007'}}"],
         "points[0].scale_register: '30007' is a register of input, but the table is holding"),
        ([f"{{{POWER}, address: 5, scale_register: 300}}"],
         "points[0].scale_register: 296 registers are more than the 125 of one read"),
        ([f"{{{POWER}, address: 5, group: a}}", f"{{{LEVEL}, address: 5, table: input, group: a}}"],
         "points[0].group: its members are in input and in holding"),
        ([f"{{{POWER}, address: 5, group: a}}", f"{{{LEVEL}, address: 400, group: a}}"],
         "points[0].group: 396 registers are more than the 125 of one read"),
        ([f"{{{ALARM}, address: 5, span: [3, 16]}}"],
         "points[0].span: bit 16 is outside 0..15"),
        ([f"{{{ALARM}, address: 5, bit: 1, span: [3, 4]}}"],
         "points[0]: has more than one of 'bit', 'span' and 'bits'"),
        ([f"{{{POWER}, address: 5, data_type: version8}}"],
         "points[0].data_type: version8 is text for the identity ('info'), not a value"),
    ],
)  # fmt: skip
def test_mistakes(problems: Problems, given: list[str], says: str) -> None:
    assert any(line.endswith(says) for line in problems(modbus(*given)))


# ---- many of the same


def test_repeats_nest(compiled: Compile) -> None:
    fan = (
        "{metric: rack_fan_speed_rpm, unit: rpm, address: 100, repeats: ["
        "{count: 2, step: 50, label: module, first: 0}, {count: 3, step: 2, label: fan}]}"
    )
    found = points(compiled(modbus(fan)))
    assert [(p.address, dict(p.labels)) for p in found] == [
        (100, {"module": "0", "fan": "1"}),
        (102, {"module": "0", "fan": "2"}),
        (104, {"module": "0", "fan": "3"}),
        (150, {"module": "1", "fan": "1"}),
        (152, {"module": "1", "fan": "2"}),
        (154, {"module": "1", "fan": "3"}),
    ]


def test_values_that_repeat_share_their_scale_register(compiled: Compile) -> None:
    phase = (
        "{metric: rack_phase_current_amperes, unit: A, address: 10, scale_register: 13, repeat: 3,"
        " repeat_label: phase}"
    )
    assert [point.part for point in points(compiled(modbus(phase)))] == [(10, 4), (11, 3), (12, 2)]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("repeats: [{count: 2, step: 1, label: pumps}]", ".repeats[0].label: rack_coolant_level"),
        ("repeat: 2, repeats: [{count: 2, step: 1}]", ": has both 'repeat' and 'repeats'"),
        (
            "repeats: [{count: 512, step: 1, label: sensor}, {count: 5, step: 600, label: name}]",
            ".repeats: makes more than 2048 points",
        ),
        ("repeats: [{count: 2, step: 1}]", ": points overlap: an earlier point is"),
    ],
)
def test_repeats_that_cannot_be(problems: Problems, more: str, says: str) -> None:
    (line,) = problems(modbus(f"{{{LEVEL}, address: 5, {more}}}"))
    assert line.startswith(f"8: points[0]{says}")


# ---- raw values that mean something


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("byte_order: EFGHABCD",
         ".byte_order: EFGHABCD is an order of 64 bits, but uint16 is not"),
        ("absent: [0, 0x18000]",
         ".absent[1]: 98304 never occurs: uint16 holds 0 to 65535, or patterns up to 0xffff"),
        ("data_type: int16, absent: [-32769]",
         ".absent[0]: -32769 never occurs: int16 holds -32768 to 32767, or patterns up to"
         " 0xffff"),
        ("absent: ['0xFFFF']", ".absent[0]: '0xFFFF' is text, but uint16 is a number; no quotes"),
        ("absent: [0.5]", ".absent[0]: 0.5 never occurs: uint16 holds whole numbers"),
        ("data_type: bcd16, absent: [0xFFFF]", ".absent[0]: 65535 never occurs: bcd16 holds 0 to"
         " 9999, and registers with other digits have no value anyway"),
        ("data_type: float32, absent: [1.0e+300]",
         ".absent[0]: 1e+300 never occurs: what is no finite float32 has no value anyway"),
        ("data_type: float32, absent: ['n/a']",
         ".absent[0]: 'n/a' is text, but float32 is a number; no quotes"),
        ("span: [4, 6], values: {8: 1}", ".values.8: 8 never occurs: 3 bits hold 0 to 7"),
        ("bit: 3, values: {2: 1}", ".values.2: 2 never occurs: 1 bits hold 0 to 1"),
        ("values: {0xFFFF: 1, -1: 2}",
         ".values.-1: -1 is the same raw value as an earlier one, 65535"),
        ("table: coil, values: {2: 1}",
         ".values.2: 2 never occurs: bool holds 0 to 1, or patterns up to 0x1"),
    ],
)  # fmt: skip
def test_raw_values_that_can_never_occur(problems: Problems, more: str, says: str) -> None:
    (line,) = problems(modbus(f"{{{LEVEL}, address: 5, {more}}}"))
    assert line.split("points[0]", 1)[1] == says


def test_a_text_is_absent_as_it_is_written(compiled: Compile) -> None:
    text = "metric: rack_pump_state, address: 5, data_type: string, count: 2, states: {on: 'on'}"
    (point,) = compiled(modbus(f"{{{text}, absent: ['n/a']}}")).points
    assert point.absent == frozenset({"n/a"})


# ---- what is computed


def test_derived_points_know_what_they_are_derived_from(compiled: Compile) -> None:
    fan = (
        "{metric: rack_fan_speed_rpm, unit: rpm, address: 1, repeat: 2, repeat_label: fan,"
        " name: fan, interval: 60}"
    )
    mean = "{metric: rack_pump_speed_rpm, derive: (fan_1 + fan_2) / 2, name: mean}"
    more = "{metric: rack_cooling_power_watts, derive: mean * 2, unit: kW, valid: [0, 5]}"
    one, two, derived, again = points(compiled(modbus(fan, mean, more)))
    assert derived.inputs == (0, 1)
    assert again.inputs == (2,)
    assert (one.interval_s, two.interval_s) == (0, 0)
    assert (again.conversion.unit, again.high) == ("kW", 5)
    assert derived.part == (0, 0)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["{metric: rack_pump_speed_rpm, derive: a + 1}"],
         "8: points[0].derive: 'a' is no point's 'name'"),
        (["{metric: rack_pump_speed_rpm, derive: a + 1, address: 5}"],
         "8: points[0]: is derived, so it has no 'address'"),
        (["{metric: rack_pump_speed_rpm, derive: a **}"],
         "8: points[0]: derive: 'a **' is not an expression such as (a - b) * 2"),
        (["{metric: rack_pump_speed_rpm, derive: b, name: a}",
          "{metric: rack_fan_speed_rpm, derive: a, name: b}"],
         "8: points[0].derive: 'b' is derived further down"),
        (["{metric: rack_pump_speed_rpm, derive: a, name: a}"],
         "8: points[0].derive: 'a' is derived further down"),
        (["{metric: rack_pump_state, address: 1, states: {0: stopped}, name: a}",
          "{metric: rack_fan_speed_rpm, derive: a}"],
         "9: points[1].derive: 'a' is a state, not a number"),
        ([f"{{{POWER}, address: 1, name: a}}", f"{{{LEVEL}, address: 2, name: a}}"],
         "9: points[1].name: an earlier point is named 'a' too"),
        ([f"{{{POWER}, address: 1, name: a}}", "{metric: rack_pump_state, derive: a}"],
         "9: points[1].metric: rack_pump_state is a state, which is not computed"),
        ([f"{{{POWER}, address: 1, name: a}}", f"{{{LEVEL}, derive: a, offset: 1}}"], None),
        (["{name: a, address: 1, unit: kW}", f"{{{LEVEL}, derive: a}}"], None),
        (["{name: a, address: 1}", f"{{{LEVEL}, address: 2}}"],
         "8: points[0].name: no point is derived from 'a'; give it a 'metric'"),
        (["{name: a, address: 1, labels: {fan: 1}}", f"{{{LEVEL}, address: 2}}"],
         "8: points[0].labels: without a 'metric' the point has no series"),
        ([f"{{{POWER}, address: 1, name: a}}",
          "{metric: rack_cooling_power_watts, derive: a, scale: 2}"],
         "9: points[1].derive: is in the base unit: put factors into it, or name a 'unit'"),
    ],
)  # fmt: skip
def test_derivations_that_cannot_be(
    compiled: Compile, problems: Problems, given: list[str], says: str | None
) -> None:
    if says is None:
        compiled(modbus(*given))
    else:
        assert problems(modbus(*given)) == [says]
