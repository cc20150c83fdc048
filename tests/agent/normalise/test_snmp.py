"""SNMP answers to readings: what a row is called, when it counts, what it costs when it is bad."""

from collections.abc import Iterable

import pytest

from agent.model import smi
from agent.model.series import OidSource
from agent.model.values import Answer, Failure, Quality, Reading
from agent.normalise.base import Normalised
from agent.normalise.snmp import SnmpNormaliser
from agent.profile.points import Profile
from tests.agent.making import BASE, Value, column, scalars, snmp_profile, varbind

CURRENT = f"metric: rack_phase_current_amperes, oid: {BASE}.2.4, unit: A"
NAMED = f"{{{CURRENT}, index: [phase], labels: {{name: '{{called}}'}}}}"
CALLED = f"lookups: {{called: {{column: {BASE}.2.9}}}}\n"


def readings(result: Normalised) -> list[Reading]:
    return [r for group in result.blocks.values() for block in group for r in block.readings()]


def answered(*answers: Answer) -> dict[int, Answer]:
    return dict(enumerate(answers))


def read(profile: Profile, *answers: Answer) -> list[Reading]:
    return readings(SnmpNormaliser("pdu", profile).normalise(answered(*answers)))


def values(found: Iterable[Reading]) -> list[object]:
    return [reading.value for reading in found]


# ---- one value


def test_a_scalar_becomes_a_reading_that_says_where_it_came_from() -> None:
    profile = snmp_profile(
        f"{{metric: rack_inlet_power_watts, oid: {BASE}.1.0, unit: kW, scale: 0.01}}"
    )
    (reading,) = read(profile, scalars({"1.0": 57}))
    assert reading == Reading(
        "pdu",
        "rack_inlet_power_watts",
        {},
        570.0,
        "W",
        Quality.GOOD,
        "",
        1000.0,
        OidSource(f"{BASE}.1.0"),
        57,
    )


@pytest.mark.parametrize(
    ("point", "value", "expected"),
    [
        ("metric: rack_inlet_power_watts, unit: W", "23.5", 23.5),
        ("metric: rack_inlet_power_watts, unit: W, pattern: '(.*) W'", "23.5 W", 23.5),
        ("metric: rack_leak_detected, values: {1: 0, 2: 1}", 2, 1),
        ("metric: rack_device_state, states: {1: ok}", 1, "ok"),
        ("metric: rack_device_state, text: as_is", "warming up", "warming up"),
        (
            "metric: rack_device_state, states: {1.3.6.1: ok}",
            (smi.OBJECT_ID, bytes.fromhex("2b0601")),
            "ok",
        ),
        ("metric: rack_alarm_active, bit: 3", 0b1000, 1),
        ("metric: rack_alarm_active, bit: 2", 0b1000, 0),
        ("metric: rack_device_info", "whatever", 1),
    ],
)
def test_what_a_value_is(point: str, value: Value, expected: object) -> None:
    profile = snmp_profile(f"{{oid: {BASE}.1.0, {point}}}")
    normaliser = SnmpNormaliser("pdu", profile)
    for _ in range(3):
        (reading,) = readings(normaliser.normalise(answered(scalars({"1.0": value}))))
        assert (reading.value, reading.quality) == (expected, Quality.GOOD)


@pytest.mark.parametrize(
    ("point", "value", "says"),
    [
        ("metric: rack_inlet_power_watts, unit: W, absent: [-1]", -1, "says there is no value"),
        ("metric: rack_inlet_power_watts, unit: W", "n/a", "'n/a' is not a number"),
        ("metric: rack_inlet_power_watts, unit: W", 2**31, "is implausible"),
        ("metric: rack_device_state, states: {1: ok}", 2, "2 is not a state the profile knows"),
        ("metric: rack_leak_detected, values: {1: 0}", 2, "2 is not in the profile's values"),
    ],
)
def test_what_is_bad_has_no_value_but_a_reason_and_its_raw_value(
    point: str, value: Value, says: str
) -> None:
    profile = snmp_profile(f"{{oid: {BASE}.1.0, {point}}}")
    (reading,) = read(profile, scalars({"1.0": value}))
    assert (reading.value, reading.quality) == (None, Quality.BAD)
    assert says in reading.reason
    assert reading.raw == (value.encode() if isinstance(value, str) else value)


def test_an_instance_that_is_not_there_is_no_reading() -> None:
    profile = snmp_profile(f"{{oid: {BASE}.1.0, metric: rack_inlet_power_watts, unit: W}}")
    assert read(profile, scalars({"1.0": None})) == []


# ---- a table


def test_index_parts_and_lookups_become_labels() -> None:
    profile = snmp_profile(NAMED, head=CALLED)
    found = read(profile, column("2.4", {"1": 5, "2": 6}), column("2.9", {"1": "L1", "2": "L2"}))
    assert [(dict(r.labels), r.value) for r in found] == [
        ({"phase": "1", "name": "L1"}, 5),
        ({"phase": "2", "name": "L2"}, 6),
    ]


def test_a_label_whose_lookup_says_nothing_is_left_out() -> None:
    found = read(
        snmp_profile(NAMED, head=CALLED), column("2.4", {"1": 5, "2": 6}), column("2.9", {"1": ""})
    )
    assert [dict(r.labels) for r in found] == [{"phase": "1"}, {"phase": "2"}]


def test_a_label_without_text_is_left_out() -> None:
    profile = snmp_profile(f"{{{CURRENT}, index: ['name:string']}}")
    (reading,) = read(profile, column("2.4", {"0": 5}))
    assert reading.labels == {}


def test_one_bad_row_costs_only_itself() -> None:
    profile = snmp_profile(f"{{{CURRENT}, index: [phase], absent: [-1]}}")
    found = read(profile, column("2.4", {"1": 5, "2": -1, "3": None, "4": "x", "5": 7}))
    assert [(r.labels["phase"], r.value) for r in found] == [
        ("1", 5),
        ("2", None),
        ("4", None),
        ("5", 7),
    ]


def test_an_index_of_another_shape_is_told_and_skipped() -> None:
    profile = snmp_profile(f"{{{CURRENT}, index: [phase]}}")
    result = SnmpNormaliser("pdu", profile).normalise(
        answered(column("2.4", {"1": 5, "1.7": 6, "2": 7}))
    )
    assert values(readings(result)) == [5, 7]
    assert result.failures == (
        Failure("decode", f"{BASE}.2.4.1.7 does not have the index the profile expects"),
    )


def test_each_row_has_its_own_digits_and_unit() -> None:
    head = (
        f"lookups: {{d: {{column: {BASE}.2.5}}, u: {{column: {BASE}.2.6, map: {{1: A, 2: mA}}}}}}\n"
    )
    point = (
        f"{{metric: rack_phase_current_amperes, oid: {BASE}.2.4, index: [phase],"
        " digits: {lookup: d}, unit: {lookup: u}}"
    )
    normaliser = SnmpNormaliser("pdu", snmp_profile(point, head=head))
    answers = answered(
        column("2.4", {"1": 75, "2": 900, "3": 5, "4": 6}),
        column("2.5", {"1": 1, "2": 0, "3": "x"}),
        column("2.6", {"1": 1, "2": 2, "3": 1, "4": 1}),
    )
    for _ in range(2):
        one, two, three, four = readings(normaliser.normalise(answers))
        assert (one.value, two.value) == (7.5, 0.9)
        assert "unusable" in three.reason
        assert four.reason == "the device gives no 'd' for this row"


def test_rows_of_another_quantity_are_not_readings_of_this_metric() -> None:
    head = f"lookups: {{u: {{column: {BASE}.2.6}}}}\n"
    point = (
        f"{{metric: rack_phase_current_amperes, oid: {BASE}.2.4, index: [phase],"
        " unit: {lookup: u}}"
    )
    found = read(
        snmp_profile(point, head=head),
        column("2.4", {"1": 5, "2": 230}),
        column("2.6", {"1": "A", "2": "V"}),
    )
    assert values(found) == [5]


def test_where_chooses_rows_and_the_first_point_that_fits_has_them() -> None:
    head = f"lookups: {{kind: {{column: {BASE}.2.6}}}}\n"
    oid = f"oid: {BASE}.2.4, index: [_row]"
    profile = snmp_profile(
        f"{{metric: rack_inlet_current_amperes, {oid}, unit: A, where: {{kind: [1, ~^x]}}}}",
        f"{{metric: rack_inlet_voltage_volts, {oid}, unit: V, labels: {{inlet: '{{_row}}'}}}}",
        head=head,
    )
    normaliser = SnmpNormaliser("pdu", profile)
    answers = answered(
        column("2.4", {"1": 5, "2": 230, "3": 231}), column("2.6", {"1": "xy", "2": 2})
    )
    for _ in range(3):
        assert [(r.metric, r.value) for r in readings(normaliser.normalise(answers))] == [
            ("rack_inlet_current_amperes", 5),
            ("rack_inlet_voltage_volts", 230),
            ("rack_inlet_voltage_volts", 231),
        ]


def test_a_case_without_a_metric_leaves_its_rows_out() -> None:
    head = f"lookups: {{kind: {{column: {BASE}.2.6}}}}\n"
    profile = snmp_profile(
        f"{{oid: {BASE}.2.4, index: [phase], unit: A, cases: [{{where: {{kind: 9}}}},"
        " {metric: rack_phase_current_amperes}]}",
        head=head,
    )
    normaliser = SnmpNormaliser("pdu", profile)
    answers = answered(column("2.4", {"1": 5, "2": 6}), column("2.6", {"1": 9, "2": 1}))
    for _ in range(2):
        assert values(readings(normaliser.normalise(answers))) == [6]


def test_good_says_when_a_row_can_be_trusted() -> None:
    head = f"lookups: {{status: {{column: {BASE}.2.7, interval: 0}}}}\n"
    profile = snmp_profile(f"{{{CURRENT}, index: [phase], good: {{status: 1}}}}", head=head)
    normaliser = SnmpNormaliser("pdu", profile)
    rows = column("2.4", {"1": 5, "2": 6})
    one, two = readings(normaliser.normalise(answered(rows, column("2.7", {"1": 1, "2": 3}))))
    assert (one.value, two.value) == (5, None)
    assert two.reason == "the device says status is 3"
    one, two = readings(normaliser.normalise(answered(rows, column("2.7", {"1": 3, "2": 1}))))
    assert (one.value, two.value) == (None, 6)


def test_flags_of_a_column() -> None:
    alarm = f"metric: rack_alarm_active, oid: {BASE}.2.4, index: [psu]"
    profile = snmp_profile(
        f"{{{alarm}, bit: 0, labels: {{alarm: fan}}}}",
        f"{{{alarm}, bit: 1, labels: {{alarm: ac}}}}",
    )
    normaliser = SnmpNormaliser("pdu", profile)
    for raw, expected in ((0b01, [1, 0]), (0b10, [0, 1]), (0b11, [1, 1])):
        assert (
            values(readings(normaliser.normalise(answered(column("2.4", {"1": raw}))))) == expected
        )


# ---- no series twice


def test_the_second_speaker_of_a_series_is_a_failure_and_no_series() -> None:
    profile = snmp_profile(f"{{{CURRENT}, index: [_row]}}")
    normaliser = SnmpNormaliser("pdu", profile)
    result = normaliser.normalise(answered(column("2.4", {"1": 5, "2": 6})))
    assert values(readings(result)) == [5]
    (failure,) = result.failures
    assert failure == Failure(
        "duplicate",
        f"{BASE}.2.4.2 and {BASE}.2.4.1 both are rack_phase_current_amperes{{}};"
        " the first one counts",
    )


def test_a_table_of_nothing_but_duplicates_keeps_few_failures() -> None:
    normaliser = SnmpNormaliser("pdu", snmp_profile(f"{{{CURRENT}, index: [_row]}}"))
    result = normaliser.normalise(answered(column("2.4", dict.fromkeys(map(str, range(500)), 5))))
    assert (values(readings(result)), len(result.failures)) == ([5], 50)


def test_an_info_said_twice_is_no_failure() -> None:
    profile = snmp_profile(
        f"{{metric: rack_device_info, oid: {BASE}.2.4, index: [_row], labels: {{vendor: A}}}}"
    )
    result = SnmpNormaliser("pdu", profile).normalise(answered(column("2.4", {"1": 5, "2": 6})))
    assert (values(readings(result)), result.failures) == ([1], ())


def test_an_instance_that_comes_twice_takes_the_long_way_round() -> None:
    profile = snmp_profile(f"{{{CURRENT}, index: [phase]}}")
    normaliser = SnmpNormaliser("pdu", profile)
    answer = column("2.4", {"1": 5})
    rows = [varbind("2.4.1", 5), varbind("2.4.1", 5)]
    twice = Answer(answer.request, [rows], answer.observed_at)
    for _ in range(2):
        assert values(readings(normaliser.normalise(answered(twice))))[:1] == [5]


FALLBACK = (
    f"{{metric: rack_inlet_power_watts, oid: {BASE}.1.0, unit: W, absent: [-1]}}",
    f"{{metric: rack_inlet_power_watts, oid: {BASE}.2.0, unit: W, absent: [-1], fallback: true}}",
)


@pytest.mark.parametrize(
    ("first", "second", "expected", "source"),
    [
        (57, 60, 57, "1.0"),
        (-1, 60, 60, "2.0"),
        (None, 60, 60, "2.0"),
        (-1, -1, None, "1.0"),
        (57, None, 57, "1.0"),
    ],
)
def test_a_fallback_counts_where_the_points_before_it_gave_nothing(
    first: Value, second: Value, expected: object, source: str
) -> None:
    profile = snmp_profile(*FALLBACK)
    for answer in (scalars({"1.0": first, "2.0": second}), scalars({"2.0": second, "1.0": first})):
        (reading,) = read(profile, answer)
        assert (reading.value, reading.source) == (expected, OidSource(f"{BASE}.{source}"))


def test_a_fallback_counts_across_answers_row_by_row() -> None:
    fine = f"{{{CURRENT}, index: [phase], absent: [-1]}}"
    coarse = f"{{{CURRENT.replace('2.4', '3.4')}, index: [phase], fallback: true}}"
    found = read(
        snmp_profile(fine, coarse),
        column("2.4", {"1": 5, "2": -1}),
        column("3.4", {"1": 50, "2": 60, "3": 70}),
    )
    assert sorted((r.labels["phase"], r.value) for r in found) == [("1", 5), ("2", 60), ("3", 70)]


# ---- from poll to poll


def test_series_stay_the_same_objects_while_nothing_changes() -> None:
    normaliser = SnmpNormaliser("pdu", snmp_profile(f"{{{CURRENT}, index: [phase], absent: [-1]}}"))
    polled = (answered(column("2.4", {"1": n, "2": n})) for n in (5, 6, -1, 7))
    blocks = [normaliser.normalise(answers).blocks[0][0] for answers in polled]
    assert len({id(block.series) for block in blocks}) == 1
    assert [list(block.values) for block in blocks] == [[5, 5], [6, 6], [None, None], [7, 7]]


def test_rows_that_come_and_go() -> None:
    normaliser = SnmpNormaliser("pdu", snmp_profile(f"{{{CURRENT}, index: [phase]}}"))
    for rows in ({"1": 5}, {"1": 5, "2": 6}, {"2": 7}, {}, {"1": 8}):
        found = readings(normaliser.normalise(answered(column("2.4", dict(rows)))))
        assert {r.labels["phase"]: r.value for r in found} == rows


def test_a_row_that_was_plain_may_turn_odd_and_back() -> None:
    normaliser = SnmpNormaliser("pdu", snmp_profile(f"{{{CURRENT}, index: [phase], scale: 0.1}}"))
    for value, expected in ((5, 0.5), ("6", 0.6), (None, None), ("x", None), (7, 0.7)):
        found = readings(normaliser.normalise(answered(column("2.4", {"1": 1, "2": value}))))
        assert {r.labels["phase"]: r.value for r in found}.get("2") == expected
        assert found[0].value == 0.1


def test_a_new_name_is_taken_over_at_once() -> None:
    normaliser = SnmpNormaliser("pdu", snmp_profile(NAMED, head=CALLED))
    rows = column("2.4", {"1": 5})
    for name in ("old", "new"):
        (reading,) = readings(normaliser.normalise(answered(rows, column("2.9", {"1": name}))))
        assert reading.labels["name"] == name
    (reading,) = readings(normaliser.normalise(answered(rows)))
    assert reading.labels["name"] == "new"


def test_a_new_value_of_a_lookup_leaves_other_points_alone() -> None:
    plain = f"{{metric: rack_phase_voltage_volts, oid: {BASE}.2.3, unit: V, index: [phase]}}"
    normaliser = SnmpNormaliser("pdu", snmp_profile(NAMED, plain, head=CALLED))
    series = []
    for name in ("old", "new"):
        answers = answered(column("2.3", {"1": 230}), column("2.9", {"1": name}))
        series.append(normaliser.normalise(answers).blocks[0][0].series)
    assert series[0] is series[1]


def test_rows_without_their_lookups_ask_for_the_slow_requests_once() -> None:
    normaliser = SnmpNormaliser("pdu", snmp_profile(NAMED, head=CALLED))
    rows = column("2.4", {"1": 5})
    normaliser.normalise(answered(rows))
    assert normaliser.needs_lookups
    normaliser.normalise(answered(rows, column("2.9", {})))
    assert not normaliser.needs_lookups


def test_a_row_that_joins_others_asks_for_its_name() -> None:
    normaliser = SnmpNormaliser("pdu", snmp_profile(NAMED, head=CALLED))
    names = column("2.9", {"1": "a", "2": "b"})
    normaliser.normalise(answered(column("2.4", {"1": 5}), names))
    assert not normaliser.needs_lookups
    normaliser.normalise(answered(column("2.4", {"1": 5, "2": 6})))
    assert normaliser.needs_lookups


def test_failures_of_the_transport_are_passed_on() -> None:
    rows = column("2.4", {"1": 5})
    failure = Failure("timeout", "the rest of the walk")
    broken = Answer(rows.request, rows.payload, rows.observed_at, (failure,))
    normaliser = SnmpNormaliser("pdu", snmp_profile(f"{{{CURRENT}, index: [phase]}}"))
    assert normaliser.normalise(answered(broken)).failures == (failure,)


def test_a_column_that_no_point_reads_is_no_reading() -> None:
    normaliser = SnmpNormaliser("pdu", snmp_profile(NAMED, head=CALLED))
    assert readings(normaliser.normalise(answered(column("2.9", {"1": "x"})))) == []
