"""What an SNMP profile compiles to, and what is said of one that cannot be."""

from fractions import Fraction

from agent.model import smi
from agent.profile.points import Conversion, IndexPart, InfoField, Matcher, Profile, SnmpPoint
from tests.agent.profile.conftest import Compile, Problems, Write, fragment, snmp

POWER = "{metric: rack_inlet_power_watts, oid: 1.3.6.1.4.1.99.1.0, unit: W}"
COLUMN = "metric: rack_phase_current_amperes, oid: 1.3.6.1.4.1.99.2.1.4, unit: A"
LOOKUPS = """\
lookups:
  digits: {column: 1.3.6.1.4.1.99.2.1.9}
  unit: {column: 1.3.6.1.4.1.99.2.1.8, map: {1: A, 2: mA}}
  status: {scalar: 1.3.6.1.4.1.99.3.0, interval: 0, default: 1}
"""


def only(profile: Profile) -> SnmpPoint:
    (point,) = profile.points
    assert isinstance(point, SnmpPoint)
    return point


def test_a_scalar(compiled: Compile) -> None:
    point = only(compiled(snmp(POWER)))
    assert (point.number, point.metric.name) == (0, "rack_inlet_power_watts")
    assert (point.oid, point.index, point.labels) == (smi.oid("1.3.6.1.4.1.99.1.0"), None, ())
    assert point.conversion == Conversion(unit="W")
    assert (point.low, point.high) == (-2_000_000, 2_000_000)


def test_a_column_with_everything_a_point_may_say(compiled: Compile) -> None:
    point = only(
        compiled(
            snmp(
                f"{{{COLUMN}, index: [phase, _row, 'name:string', '_tail:rest'], scale: 1/1024,"
                " offset: -0.5, digits: {lookup: digits}, absent: [-1, n/a], valid: [0, 63],"
                " interval: 60, labels: {line: 'L{phase}', inlet: 1}, where: {status: [1, '~^2']},"
                " good: {status: 1}, bit: 3, fallback: true, pattern: '(.+)A'}",
                head=LOOKUPS,
            )
        )
    )
    assert point.index == (
        IndexPart("phase"),
        IndexPart("_row"),
        IndexPart("name", "string"),
        IndexPart("_tail", "rest"),
    )
    assert dict(point.labels) == {
        "phase": "{phase}",
        "name": "{name}",
        "line": "L{phase}",
        "inlet": "1",
    }
    assert point.conversion == Conversion(
        Fraction(1, 1024), offset=Fraction(-1, 2), unit="A", digits_lookup="digits"
    )
    assert (point.low, point.high, point.interval_s, point.bit) == (0, 63, 60, 3)
    assert point.absent == {-1, "n/a"}
    assert point.fallback
    assert [(name, fits(1), fits(23), fits(3)) for name, fits in point.where] == [
        ("status", True, True, False)
    ]
    assert point.lookups == ("status", "digits")


def test_scale_and_unit_can_come_from_the_row(compiled: Compile) -> None:
    point = only(
        compiled(
            snmp(
                "{metric: rack_phase_current_amperes, oid: 1.3.6.1.4.1.99.2.1.4, index: [phase],"
                " scale: {lookup: digits}, unit: {lookup: unit}}",
                head=LOOKUPS,
            )
        )
    )
    assert point.conversion == Conversion(scale_lookup="digits", unit_lookup="unit")


def test_a_unit_from_the_row_may_have_a_default(compiled: Compile) -> None:
    point = only(
        compiled(
            snmp(
                "{metric: rack_phase_current_amperes, oid: 1.3.6.1.4.1.99.2.1.4, index: [phase],"
                " unit: {lookup: unit, default: dA}}",
                head=LOOKUPS,
            )
        )
    )
    assert (point.conversion.unit, point.conversion.unit_lookup) == ("dA", "unit")


def test_lookups_of_every_kind(compiled: Compile) -> None:
    head = """\
lookups:
  row: {column: 1.3.6.1.4.1.99.2.1.1}
  owner: {column: 1.3.6.1.4.1.99.5.1.2, index: [row, 7], otherwise: phase_name, pattern: 'x(.)'}
  phase_name: {part: phase, map: {1: L1}}
  unused: {scalar: 1.3.6.1.4.1.99.3.0}
"""
    profile = compiled(
        snmp(f"{{{COLUMN}, index: [phase], labels: {{name: '{{owner}}'}}}}", head=head)
    )
    assert only(profile).lookups == ("owner", "row", "phase_name")
    assert profile.lookups["row"].interval_s == 300
    assert profile.lookups["owner"].needs == ("row", "phase_name")
    assert profile.lookups["phase_name"].needs == ("phase",)
    assert (profile.lookups["unused"].scalar, profile.lookups["row"].scalar) == (True, False)


def test_cases_share_a_column_and_lay_their_words_over_the_points(compiled: Compile) -> None:
    profile = compiled(
        snmp(
            "{oid: 1.3.6.1.4.1.99.2.1.4, index: [_row], scale: 0.1, labels: {name: x}, cases: ["
            "{where: {unit: A}, metric: rack_phase_current_amperes, unit: A},"
            " {where: {unit: mA}, metric: rack_branch_current_amperes, unit: A, scale: 0.001,"
            " labels: {branch: '{_row}'}},"
            " {}]}",
            head=LOOKUPS,
        )
    )
    one, two, rest = profile.points
    assert isinstance(rest, SnmpPoint)
    assert [point.number for point in profile.points] == [0, 1, 2]
    assert one.metric.name == "rack_phase_current_amperes"
    assert one.conversion.scale == Fraction("0.1")
    assert dict(two.labels) == {"name": "x", "branch": "{_row}"}
    assert two.conversion.scale == Fraction("0.001")
    assert rest.skip


def test_a_state_keeps_its_names_in_the_profiles_order(compiled: Compile) -> None:
    point = only(
        compiled(
            snmp(
                "{metric: rack_outlet_state, oid: 1.3.6.1.4.1.99.1, index: [outlet],"
                " states: {2: on, 1: off, 7: on}}"
            )
        )
    )
    assert point.state_names == ("on", "off")


def test_a_state_may_be_the_devices_own_word(compiled: Compile) -> None:
    point = only(
        compiled(snmp("{metric: rack_device_state, oid: 1.3.6.1.4.1.99.1.0, text: as_is}"))
    )
    assert (point.as_is, point.state_names) == (True, ())


def test_a_plain_count_needs_no_unit(compiled: Compile) -> None:
    point = only(compiled(snmp("{metric: rack_leak_detected, oid: 1.3.6.1, values: {1: 0, 2: 1}}")))
    assert (point.conversion.unit, point.values) == ("", {1: 0, 2: 1})


def test_the_head_of_a_profile(compiled: Compile) -> None:
    head = """\
driver: paged
notes: beware
identify: {sys_object_id: 1.3.6.1.4.1.99, sys_descr: PDU, probe: 1.3.6.1.4.1.99.1.0}
limits: {oids_max: 5, repetitions_max: 3}
info:
  vendor: Acme
  model: {oid: 1.3.6.1.4.1.99.4.0, pattern: 'M(.*)'}
  serial: [{column: 1.3.6.1.4.1.99.5.1.2}, {oid: 1.3.6.1.4.1.99.6.0}]
"""
    profile = compiled(snmp(POWER, head=head))
    (rule,) = profile.identify
    assert rule.sys_object_ids == (smi.oid("1.3.6.1.4.1.99"),)
    assert rule.sys_descr is not None
    assert rule.probe == smi.oid("1.3.6.1.4.1.99.1.0")
    assert (profile.limits.oids_max, profile.limits.repetitions_max) == (5, 3)
    assert (profile.driver, profile.notes) == ("paged", "beware")
    assert profile.info["vendor"] == (InfoField(text="Acme"),)
    assert profile.info["model"][0].oid == smi.oid("1.3.6.1.4.1.99.4.0")
    assert [field.column for field in profile.info["serial"]] == [True, False]
    assert "firmware" not in profile.info


def test_several_rules_and_prefixes_may_identify_a_profile(compiled: Compile) -> None:
    head = "identify: [{sys_object_id: [1.3.6.1.4.1.99, 1.3.6.1.4.1.98]}, {fallback: true}]\n"
    first, second = compiled(snmp(POWER, head=head)).identify
    assert len(first.sys_object_ids) == 2
    assert second.fallback


# ---- fragments


def test_a_fragments_points_stand_behind_the_profiles_own(compiled: Compile, write: Write) -> None:
    write(
        fragment(
            "{metric: rack_inlet_voltage_volts, oid: 1.3.6.1.4.1.99.7.0, unit: V}",
            head="lookups: {extra: {scalar: 1.3.6.1.4.1.99.3.0}}\ninfo: {vendor: B, model: M}\n",
        ),
        "f",
    )
    profile = compiled(snmp(POWER, head="include: [f]\ninfo: {vendor: A}\n"))
    assert [p.metric.name for p in profile.points] == [
        "rack_inlet_power_watts",
        "rack_inlet_voltage_volts",
    ]
    assert [p.number for p in profile.points] == [0, 1]
    assert profile.info == {"vendor": (InfoField(text="A"),), "model": (InfoField(text="M"),)}
    assert "extra" in profile.lookups


def test_an_unknown_fragment(problems: Problems, write: Write) -> None:
    write(fragment(POWER, name="first"), "first")
    assert problems(snmp(POWER, head="include: [firts]\n")) == [
        "7: include[0]: unknown fragment 'firts'; there are first"
    ]


def test_a_lookup_may_not_be_defined_twice(problems: Problems, write: Write) -> None:
    write(fragment(POWER.replace("99.1", "99.9"), head="lookups:\n  a: {part: x}\n"), "f")
    found = problems(snmp(POWER, head="include: [f]\nlookups: {a: {scalar: 1.3.6.1.4.1.99.3.0}}\n"))
    assert found == [
        "fragments/f.yaml:5: lookups.a: lookup 'a' is defined twice (another included file has it)"
    ]


def test_a_fragments_mistakes_are_told_in_its_file_beside_the_profiles(
    problems: Problems, write: Write
) -> None:
    write(fragment("{metric: rack_inlet_voltage_volt, oid: 1.3.7, unit: V}", POWER), "f")
    found = problems(snmp("{metric: rack_inlet_power_watts, oid: 1.3.6}", head="include: [f]\n"))
    assert found == [
        "fragments/f.yaml:5: points[0].metric: unknown metric 'rack_inlet_voltage_volt'; did you"
        " mean rack_inlet_voltage_volts or rack_line_voltage_volts?",
        "9: points[0].unit: required: the unit of the raw value (it becomes W)",
    ]


def test_a_fragment_that_cannot_be_read_at_all(problems: Problems, write: Write) -> None:
    write("fragment: f\n", "f")
    assert problems(snmp(POWER, head="include: [f]\n")) == [
        "fragments/f.yaml:1: required key 'title' is missing",
        "fragments/f.yaml:1: required key 'source' is missing",
        "fragments/f.yaml:1: required key 'points' is missing",
    ]


def test_points_told_apart_do_not_overlap(compiled: Compile) -> None:
    column = "oid: 1.3.6.1.4.1.99.2.1.4, index: [_i], unit: A"
    profile = compiled(
        snmp(
            f"{{metric: rack_phase_current_amperes, {column}, where: {{_i: 1}}}}",
            f"{{metric: rack_inlet_current_amperes, {column}, where: {{_i: 2}}}}",
            f"{{metric: rack_branch_current_amperes, {column}}}",
            "{metric: rack_alarm_active, oid: 1.3.6.1.4.1.99.9.0, bit: 0, labels: {alarm: a}}",
            "{metric: rack_alarm_active, oid: 1.3.6.1.4.1.99.9.0, bit: 1, labels: {alarm: b}}",
        )
    )
    assert len(profile.points) == 5


def test_a_matcher_compares_texts() -> None:
    fits = Matcher(frozenset({"4", "up"}))
    assert [fits(4), fits("4"), fits("up"), fits(40)] == [True, True, True, False]
