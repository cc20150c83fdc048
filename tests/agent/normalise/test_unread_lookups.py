"""A lookup that could not be read: what was known stays, and no default takes its place."""

from dataclasses import replace

import pytest

from agent.model import smi
from agent.model.values import Answer, Reading
from agent.normalise.snmp import SnmpNormaliser
from agent.profile.points import Profile
from tests.agent.making import BASE, Value, column, scalars, snmp_profile

VOLTAGE = f"metric: rack_outlet_voltage_volts, oid: {BASE}.1, index: [outlet], unit: V"
DIGITS = snmp_profile(
    f"{{{VOLTAGE}, digits: {{lookup: digits}}}}",
    head=f"lookups: {{digits: {{column: {BASE}.2, default: 0}}}}\n",
)
UNIT = snmp_profile(
    f"{{metric: rack_air_temperature_celsius, oid: {BASE}.1, index: [sensor],"
    " unit: {lookup: degrees}}",
    head=f"lookups: {{degrees: {{scalar: {BASE}.2.0, map: {{0: degF}}, default: degC}}}}\n",
)
GOOD = snmp_profile(
    f"{{{VOLTAGE}, good: {{health: 4}}}}",
    head=f"lookups: {{health: {{column: {BASE}.2, default: 4}}}}\n",
)
KIND = snmp_profile(
    f"{{{VOLTAGE}, where: {{kind: 1}}}}",
    f"{{metric: rack_outlet_current_amperes, oid: {BASE}.1, index: [outlet], unit: A}}",
    head=f"lookups: {{kind: {{column: {BASE}.2, default: 2}}}}\n",
)
NAMED = snmp_profile(
    f"{{{VOLTAGE}, labels: {{name: '{{name}}'}}}}",
    head=f"lookups: {{name: {{column: {BASE}.2, default: none}}}}\n",
)


def broken(rows: dict[str, Value]) -> Answer:
    """A walk of the lookup's column that broke off after these rows."""
    return replace(column("2", rows), unread=frozenset({smi.oid(f"{BASE}.2")}))


def poll(normaliser: SnmpNormaliser, *answers: Answer) -> list[Reading]:
    blocks = normaliser.normalise(dict(enumerate(answers))).blocks
    return [each for group in blocks.values() for block in group for each in block.readings()]


VALUES = column("1", {"1": 1205, "2": 1206})


@pytest.mark.parametrize("rows", [{}, {"1": 2}])
def test_a_known_scale_survives_a_read_that_failed_or_broke_off(rows: dict[str, Value]) -> None:
    normaliser = SnmpNormaliser("d", DIGITS)
    poll(normaliser, VALUES, column("2", {"1": 2, "2": 2}))
    assert [r.value for r in poll(normaliser, VALUES, broken(rows))] == [12.05, 12.06]
    assert [r.value for r in poll(normaliser, VALUES)] == [12.05, 12.06]


def test_a_name_survives_a_read_that_failed() -> None:
    normaliser = SnmpNormaliser("d", NAMED)
    poll(normaliser, VALUES, column("2", {"1": "a", "2": "b"}))
    assert [r.labels["name"] for r in poll(normaliser, VALUES, broken({}))] == ["a", "b"]


@pytest.mark.parametrize("profile", [DIGITS, GOOD])
def test_a_default_does_not_count_where_the_column_could_not_be_read(profile: Profile) -> None:
    normaliser = SnmpNormaliser("d", profile)
    first = poll(normaliser, VALUES, broken({}))
    assert [(r.value, r.quality) for r in first] == [(None, "bad"), (None, "bad")]
    assert {r.reason.split(maxsplit=1)[1] for r in first} == {"of this row could not be read"}


def test_a_default_unit_does_not_count_where_the_setting_could_not_be_read() -> None:
    normaliser = SnmpNormaliser("d", UNIT)
    normaliser.unanswered(scalars({"2.0": 0}).request, 0.0)
    values = column("1", {"1": 71})
    (reading,) = poll(normaliser, values)
    assert reading.reason == "'degrees' of this row could not be read"
    (reading,) = poll(normaliser, values, scalars({"2.0": None}))
    assert (reading.value, reading.quality) == (71, "good")


def test_a_default_counts_as_soon_as_the_column_was_read_without_such_a_row() -> None:
    normaliser = SnmpNormaliser("d", DIGITS)
    poll(normaliser, VALUES, broken({"1": 2}))
    assert [r.value for r in poll(normaliser, VALUES, column("2", {"1": 2}))] == [12.05, 1206]


def test_a_row_of_unknown_kind_does_not_become_the_next_point_s() -> None:
    normaliser = SnmpNormaliser("d", KIND)
    assert poll(normaliser, VALUES, broken({})) == []
    found = poll(normaliser, VALUES, column("2", {"1": 1}))
    assert [r.metric for r in found] == ["rack_outlet_voltage_volts", "rack_outlet_current_amperes"]


def test_a_scale_without_content_is_unread_too() -> None:
    normaliser = SnmpNormaliser("d", DIGITS)
    empty: Value = (smi.INTEGER, None)
    first = poll(normaliser, VALUES, column("2", {"1": 2, "2": empty}))
    assert [r.value for r in first] == [12.05, None]


def test_a_number_without_content_is_bad_and_not_absent() -> None:
    normaliser = SnmpNormaliser("d", snmp_profile(f"{{{VOLTAGE}}}"))
    for value in (230, (smi.INTEGER, None), (smi.GAUGE32, None)):
        found = poll(normaliser, column("1", {"1": value}))
    (reading,) = found
    assert reading.quality == "bad"
    assert reading.reason == "the device sent a Gauge32 without content"


def test_a_table_of_facts_that_could_not_be_read_is_a_bad_reading_and_not_absent() -> None:
    labels = "labels: {port: '{_row}'}"
    ports = f"{{metric: rack_port_info, oid: {BASE}.1, index: [_row], {labels}}}"
    normaliser = SnmpNormaliser("d", snmp_profile(ports))
    part = replace(column("1", {"1": 1}), unread=frozenset({smi.oid(f"{BASE}.1")}))
    assert [(dict(r.labels), r.quality) for r in poll(normaliser, part)] == [
        ({"port": "1"}, "good"),
        ({}, "bad"),
    ]
    (lost,) = normaliser.unanswered(part.request, 1000.0)
    assert [r.quality for r in lost.readings()] == ["bad"]
