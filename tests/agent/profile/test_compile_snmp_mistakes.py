"""What is said of an SNMP profile that cannot be: one line per mistake, with its place."""

import pytest

from tests.agent.profile.conftest import Problems, snmp

POWER = "{metric: rack_inlet_power_watts, oid: 1.3.6.1.4.1.99.1.0, unit: W}"
COLUMN = "metric: rack_phase_current_amperes, oid: 1.3.6.1.4.1.99.2.1.4, unit: A"


@pytest.mark.parametrize(
    ("point", "says"),
    [
        ("{oid: 1.3.6, unit: W}", "points[0].metric: required key 'metric' is missing"),
        (
            "{metric: rack_inlet_powr_watts, oid: 1.3.6, unit: W}",
            "points[0].metric: unknown metric 'rack_inlet_powr_watts'; did you mean"
            " rack_inlet_power_watts or rack_line_power_watts?",
        ),
        (
            "{metric: zzz, oid: 1.3.6, unit: W}",
            "points[0].metric: unknown metric 'zzz'; see agent/model/catalogue.py",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: kw}",
            "points[0].unit: unknown unit 'kw'; did you mean kW?",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: V}",
            "points[0].unit: V is not a unit of rack_inlet_power_watts, which is kept in W",
        ),
        (
            "{metric: rack_leak_detected, oid: 1.3.6, unit: V}",
            "points[0].unit: V is not a unit of rack_leak_detected, which has no unit",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6}",
            "points[0].unit: required: the unit of the raw value (it becomes W)",
        ),
        (
            f"{{{COLUMN}, unit: {{lookup: x}}}}",
            "points[0].unit: key 'unit' occurs twice (lines 8, 8)",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: {lookup: x}}",
            "points[0].unit.lookup: unknown lookup 'x'",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: {lokup: x}}",
            "points[0].unit.lokup: unknown key 'lokup'; did you mean 'lookup'?",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: 5}",
            "points[0].unit: must be text or a mapping (lookup, default), not 5",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, scale: [1]}",
            "points[0].scale: must be a number, text or a mapping (lookup), not a list",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, scale: tenth}",
            "points[0].scale: 'tenth' is not a number or a fraction such as 1/1024",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, scale: 1/0}",
            "points[0].scale: '1/0' is not a number or a fraction such as 1/1024",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, scale: 1e999}",
            "points[0].scale: inf is not a number or a fraction such as 1/1024",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, scale: 0}",
            "points[0].scale: must not be 0: every value would be",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, digits: 40}",
            "points[0].digits: must be at most 30, not 40",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, digits: few}",
            "points[0].digits: must be a whole number or a mapping (lookup), not 'few'",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: sysDescr, unit: W}",
            "points[0].oid: 'sysDescr' is not an OID: write numbers joined by dots",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3, unit: W}",
            "points[0].oid: must be text, not 1.3; put it in quotes",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, valid: [5, 1]}",
            "points[0].valid: the lower bound 5 is above the upper bound 1",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, pattern: '('}",
            "points[0].pattern: not a regular expression: missing ), unterminated subpattern at"
            " position 0",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, pattern: '[0-9]+'}",
            "points[0].pattern: '[0-9]+' has no group: put the wanted part in parentheses",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, states: {1: on}}",
            "points[0].states: rack_inlet_power_watts is not a state; use 'values' to map raw"
            " values",
        ),
        (
            "{metric: rack_outlet_state, oid: 1.3.6}",
            "points[0].states: required: rack_outlet_state is a state, so its raw values need"
            " names",
        ),
        (
            "{metric: rack_outlet_state, oid: 1.3.6, states: {1: true}}",
            "points[0].states[1]: must be text, not true; put it in quotes",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, labels: {pump: 1}}",
            "points[0].labels.pump: rack_inlet_power_watts has no label 'pump'; it has"
            " index, inlet, line, name, phase, sensor, type, unit",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, labels: {Feed: a}}",
            "points[0].labels.Feed: 'Feed' is not a label's name: lower-case letters, digits"
            " and '_'",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, index: [pump]}",
            "points[0].index: rack_inlet_power_watts has no label 'pump'; it has"
            " index, inlet, line, name, phase, sensor, type, unit",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, labels: {inlet: '{x}'}}",
            "points[0].labels.inlet: 'x' in '{x}' is neither an index part nor a lookup",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, labels: {inlet: '{x'}}",
            "points[0].labels.inlet: not a template: expected '}' before end of string",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, index: [inlet],"
            " labels: {name: '{inlet:02d}'}}",
            "points[0].labels.name: not a template: write {inlet} alone, without a format",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, where: {x: 1}}",
            "points[0].where.x: 'x' is neither an index part nor a lookup",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, index: [_i],"
            " where: {_i: ['~(']}}",
            "points[0].where: not a regular expression: missing ), unterminated subpattern at"
            " position 0",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, where: {x: {y: 1}}}",
            "points[0].where.x: must be a list, a number or text, not a mapping",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, where: {x: [1, [2]]}}",
            "points[0].where.x[1]: must be a number or text, not a list",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, index: ['inlet:hex']}",
            "points[0].index[0]: 'hex' is not an index form; use 'string' or 'rest'",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, index: [inlet, inlet]}",
            "points[0].index[1]: index part 'inlet' occurs twice",
        ),
        (
            "{metric: rack_inlet_power_watts, oid: 1.3.6, unit: W, index: ['_x:rest', inlet]}",
            "points[0].index[0]: '_x:rest' takes all that is left, so it must be last",
        ),
        (
            "{oid: 1.3.6, index: [_i], cases: [{metric: rack_inlet_power_watts}]}",
            "points[0].cases[0].unit: required: the unit of the raw value (it becomes W)",
        ),
    ],
)
def test_a_mistake_in_a_point(problems: Problems, point: str, says: str) -> None:
    assert problems(snmp(point)) == [f"8: {says}"]


@pytest.mark.parametrize(
    ("lookup", "says"),
    [
        ("{}", "lookups.a: a lookup has one of 'column', 'scalar', 'part' and 'search'"),
        (
            "{column: 1.3.6, scalar: 1.3.6}",
            "lookups.a: a lookup has one of 'column', 'scalar', 'part' and 'search'",
        ),
        ("{search: [{value: row}]}", "lookups.a: 'search' and 'gives' are used together"),
        ("{colum: 1.3.6}", "lookups.a.colum: unknown key 'colum'; did you mean 'column'?"),
        (
            "{column: 1.3.6, map: [a]}",
            "lookups.a.map: must be a mapping, not a list",
        ),
        (
            "{column: 1.3.6, default: [a]}",
            "lookups.a.default: must be a number or text, not a list",
        ),
        (
            "{column: 1.3.6, index: [1.5]}",
            "lookups.a.index[0]: must be text or a whole number, not 1.5",
        ),
    ],
)
def test_a_mistake_in_a_lookup(problems: Problems, lookup: str, says: str) -> None:
    assert problems(snmp(POWER, head=f"lookups: {{a: {lookup}}}\n")) == [f"7: {says}"]


@pytest.mark.parametrize(
    ("lookups", "says"),
    [
        (
            "{a: {column: 1.3.6, index: [b]}, b: {column: 1.3.7, otherwise: a}}",
            "points[0]: lookup 'a' depends on itself: a -> b -> a",
        ),
        (
            "{a: {column: 1.3.6, otherwise: c}}",
            "points[0]: lookup 'a' names the unknown lookup 'c'",
        ),
        (
            "{a: {column: 1.3.6, index: [row]}}",
            "points[0].index: lookup 'a' needs the index part 'row', which this point lacks",
        ),
        (
            "{a: {part: row}}",
            "points[0].index: lookup 'a' needs the index part 'row', which this point lacks",
        ),
    ],
)
def test_a_lookup_leans_on_what_the_point_has(problems: Problems, lookups: str, says: str) -> None:
    point = f"{{{COLUMN}, index: [phase], labels: {{name: '{{a}}'}}}}"
    assert problems(snmp(point, head=f"lookups: {lookups}\n")) == [f"9: {says}"]


def test_overlapping_points_are_refused_at_the_second_one(problems: Problems) -> None:
    second = "{metric: rack_inlet_apparent_power_voltamperes, oid: 1.3.6.1.4.1.99.1.0, unit: VA}"
    assert problems(snmp(POWER, second)) == [
        "9: points[1].oid: points overlap: an earlier point reads 1.3.6.1.4.1.99.1.0"
        " (rack_inlet_power_watts); distinguish them with 'where'"
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (snmp(POWER).replace("profile: p", "profile: P"), "1: profile: 'P' is not a name:"),
        (
            snmp(POWER).replace("profile: p", "profile: q"),
            "1: profile: 'q' is in p.yaml, and files are found by their names: rename one",
        ),
        (snmp(POWER).replace("kind: pdu", "kind: pud"), "3: kind: must be 'pdu', 'ups', "),
        (snmp(POWER).replace("title: t", "titel: t"), "2: titel: unknown key 'titel'"),
        (snmp(POWER).replace(": snmp", ": smnp"), "4: protocol: must be 'snmp', not 'smnp'"),
        (snmp(POWER, head="identify: {sys_descr: '('}\n"), "7: identify.sys_descr: not a regular"),
        (snmp(POWER, head="identify: 5\n"), "7: identify: must be a mapping "),
        (snmp(POWER, head="info: {model: 5}\n"), "7: info.model: must be text, a mapping "),
        (snmp(POWER, head="info: {model: {odi: 1.3.6}}\n"), "7: info.model.odi: unknown key 'odi'"),
        (
            snmp(POWER, head="info: {model: {column: 1.3.6.1.1, by: 1.3.6.1.2}}\n"),
            "7: info.model: 'by' and 'among' are used together, with a 'column'",
        ),
        (
            snmp(POWER, head="info: {model: {column: 1.3.6.1.1, among: [3]}}\n"),
            "7: info.model: 'by' and 'among' are used together, with a 'column'",
        ),
        (
            snmp(POWER, head="info: {model: {oid: 1.3.6.1.1, by: 1.3.6.1.2, among: [3]}}\n"),
            "7: info.model: 'by' and 'among' are used together, with a 'column'",
        ),
        (
            snmp(POWER, head="info: {model: [{oid: x}]}\n"),
            "7: info.model[0].oid: 'x' is not an OID",
        ),
        (snmp(POWER, head="limits: {oids_max: 0}\n"), "7: limits.oids_max: must be at least 1"),
    ],
)
def test_a_mistake_in_the_head(problems: Problems, text: str, says: str) -> None:
    (found,) = problems(text)
    assert found.startswith(says)


def test_all_mistakes_of_a_profile_are_told_at_once(problems: Problems) -> None:
    found = problems(
        snmp(
            "{metric: nope, oid: 1.3.6, unit: kw}",
            POWER,
            "{metric: rack_inlet_power_watts, oid: 1.3.6.1.4.1.99.1.0, unit: W}",
            "{metric: rack_inlet_power_watts, oid: 1.3.7, unit: W, where: {x: 1}}",
        )
    )
    assert [line.split(":")[:2] for line in found] == [
        ["8", " points[0].metric"],
        ["8", " points[0].unit"],
        ["10", " points[2].oid"],
        ["11", " points[3].where.x"],
    ]
