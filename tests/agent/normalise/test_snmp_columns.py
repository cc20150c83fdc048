"""A column converted at once reads as it does a value at a time, poll after poll."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.model.series import Labels
from agent.model.values import Answer, Block, Reading
from agent.normalise import index, snmp
from agent.normalise.snmp import SnmpNormaliser
from agent.profile.points import Profile, Scalar, SnmpPoint
from tests.agent.making import BASE, Value, column, snmp_profile

VOLTAGE = f"metric: rack_outlet_voltage_volts, oid: {BASE}.1, index: [outlet], unit: V"
STATE = f"metric: rack_outlet_state, oid: {BASE}.1, index: [outlet], states: {{1: 'on', 2: 'off'}}"
LABEL = f"lookups: {{name: {{column: {BASE}.2, interval: 0}}}}\n"
KIND = f"lookups: {{kind: {{column: {BASE}.2, interval: 0}}}}\n"
ALARM = "metric: rack_alarm_active"

PROFILES = {
    "plain": snmp_profile(f"{{{VOLTAGE}}}"),
    "scaled": snmp_profile(f"{{{VOLTAGE}, scale: 0.1}}"),
    "offset": snmp_profile(f"{{{VOLTAGE}, scale: 2, offset: 3}}"),
    "absent": snmp_profile(f"{{{VOLTAGE}, absent: [-1]}}"),
    "state": snmp_profile(f"{{{STATE}}}"),
    "values": snmp_profile(
        f"{{metric: rack_leak_detected, oid: {BASE}.1, index: [sensor], values: {{1: 0, 2: 1}}}}"
    ),
    "info": snmp_profile(
        f"{{metric: rack_port_info, oid: {BASE}.1, index: [port], labels: {{alias: '{{port}}'}}}}"
    ),
    "named": snmp_profile(f"{{{VOLTAGE}, labels: {{name: '{{name}}'}}}}", head=LABEL),
    "same name": snmp_profile(
        f"{{{VOLTAGE.replace('outlet]', '_row]')}, labels: {{outlet: '{{name}}'}}}}", head=LABEL
    ),
    "good": snmp_profile(f"{{{VOLTAGE}, good: {{kind: [1, 2]}}}}", head=KIND),
    "bits": snmp_profile(
        f"{{metric: rack_leak_detected, oid: {BASE}.1, index: [sensor], bit: 0}}",
        f"{{metric: rack_leak_sensor_fault, oid: {BASE}.1, index: [sensor], bit: 1}}",
    ),
    "shared": snmp_profile(
        f"{{{VOLTAGE}, where: {{kind: 1}}}}",
        f"{{metric: rack_outlet_current_amperes, oid: {BASE}.1, index: [outlet], unit: A,"
        " where: {kind: 2}}",
        head=KIND,
    ),
    "skipped": snmp_profile(
        f"{{oid: {BASE}.1, index: [outlet], unit: V, cases: [{{where: {{kind: 1}}}},"
        " {metric: rack_outlet_voltage_volts}]}",
        head=KIND,
    ),
    "row scale": snmp_profile(
        f"{{{VOLTAGE}, digits: {{lookup: digits}}}}",
        head=f"lookups: {{digits: {{column: {BASE}.2, interval: 0, default: 1}}}}\n",
    ),
    "fallback": snmp_profile(
        f"{{{VOLTAGE}, absent: [0]}}",
        f"{{{VOLTAGE.replace(f'{BASE}.1', f'{BASE}.2')}, fallback: true}}",
    ),
}


def answers(values: dict[str, Value], others: dict[str, Value]) -> dict[int, Answer]:
    return {0: column("1", values), 1: column("2", others)}


def readings(normaliser: SnmpNormaliser, polled: dict[int, Answer]) -> list[Reading]:
    blocks = normaliser.normalise(polled).blocks
    return [reading for place in blocks for block in blocks[place] for reading in block.readings()]


def block(normaliser: SnmpNormaliser, values: dict[str, Value]) -> Block:
    (only,) = normaliser.normalise({0: column("1", values)}).blocks[0]
    return only


@pytest.mark.parametrize("name", PROFILES)
@settings(max_examples=40)
@given(chance=st.randoms(use_true_random=False))
def test_every_poll_reads_as_the_first_one_would(name: str, chance: random.Random) -> None:
    profile = PROFILES[name]
    normaliser = SnmpNormaliser("d", profile)
    kinds: list[Value] = [1, 2, 3]
    rows = {str(row): 1 for row in range(1, 7)}
    for _ in range(5):
        values: dict[str, Value] = {row: chance.choice([1, 2, 3]) for row in rows}
        if chance.random() < 0.5:
            # A row that is there without a value keeps its name from the row after it.
            nothing = 0 if name == "same name" else None
            surprise: Value = chance.choice([-1, 0, 10**9, nothing, "2", "text", b"\xff\xfe"])
            values[chance.choice(list(values))] = surprise
        if chance.random() < 0.2:
            values["9"] = 1
        if chance.random() < 0.2:
            del values["3"]
        if chance.random() < 0.3:
            chance.shuffle(kinds)
        others = {row: kinds[int(row) % 3] for row in values}
        polled = answers(values, others)
        assert readings(normaliser, polled) == readings(SnmpNormaliser("d", profile), polled)


def test_the_series_of_unchanged_rows_are_the_same_object_in_every_poll() -> None:
    normaliser = SnmpNormaliser("d", PROFILES["scaled"])
    polls = [block(normaliser, {"1": 2301 + poll, "2": 2302}) for poll in range(4)]
    assert {id(one.series) for one in polls} == {id(polls[0].series)}
    assert [list(one.values) for one in polls] == [[(2301 + poll) / 10, 230.2] for poll in range(4)]
    assert [list(one.raws) for one in polls] == [[2301 + poll, 2302] for poll in range(4)]


class Reader:
    """A count of the rows whose labels are made, which is what compiling a row costs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rows = 0
        plain = index.labels_of

        def labels(point: SnmpPoint, row: dict[str, Scalar | None]) -> Labels:
            self.rows += 1
            return plain(point, row)

        monkeypatch.setattr(snmp, "labels_of", labels)

    def steps(self, normaliser: SnmpNormaliser, values: dict[str, Value]) -> list[int]:
        """The rows compiled in each step of one poll."""
        before = self.rows
        marks = [self.rows for _ in normaliser.steps({0: column("1", values)})]
        return [later - earlier for earlier, later in pairwise([before, *marks, self.rows])]


def test_a_large_table_is_compiled_some_rows_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader(monkeypatch)
    normaliser = SnmpNormaliser("d", PROFILES["scaled"])
    steps = reader.steps(normaliser, {str(row): row for row in range(1, 1025)})
    assert sum(steps) == 1024
    assert max(steps) <= 256


def test_only_rows_that_joined_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader(monkeypatch)
    normaliser = SnmpNormaliser("d", PROFILES["scaled"])
    rows: dict[str, Value] = {str(row): row for row in range(1, 65)}
    normaliser.normalise({0: column("1", rows)})
    assert sum(reader.steps(normaliser, {**rows, "65": 1})) == 1
    assert sum(reader.steps(normaliser, rows)) == 0


def test_only_rows_whose_lookups_changed_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader(monkeypatch)
    normaliser = SnmpNormaliser("d", PROFILES["named"])
    rows = {str(row): row for row in range(1, 65)}
    for name in ("old", "new"):
        names = {row: row for row in rows} | {"7": name}
        normaliser.normalise(answers(dict(rows), dict(names)))
    assert reader.rows == 64 + 1


def test_steps_that_are_given_up_leave_nothing_wrong_behind() -> None:
    normaliser = SnmpNormaliser("d", PROFILES["named"])
    rows: dict[str, Value] = {str(row): row for row in range(1, 1025)}
    polled = answers(rows, dict(rows))
    next(normaliser.steps(polled))
    assert readings(normaliser, polled) == readings(SnmpNormaliser("d", PROFILES["named"]), polled)


def test_a_value_that_comes_as_text_now_and_then_is_read_as_a_number() -> None:
    normaliser = SnmpNormaliser("d", PROFILES["plain"])
    polls = [block(normaliser, {"1": 230, "2": text}) for text in (231, "232", 233)]
    assert [list(one.values) for one in polls] == [[230, 231], [230, 232], [230, 233]]


def test_rows_of_one_table_share_their_label_sets() -> None:
    profile: Profile = PROFILES["bits"]
    normaliser = SnmpNormaliser("d", profile)
    first, second = normaliser.normalise({0: column("1", {"1": 3, "2": 1})}).blocks[0]
    assert [a.labels is b.labels for a, b in zip(first.series, second.series, strict=True)] == [
        True,
        True,
    ]


def test_a_choice_between_points_that_was_made_before_is_the_same_set() -> None:
    normaliser = SnmpNormaliser("d", PROFILES["fallback"])
    rows: dict[str, Value] = {str(row): 1 for row in range(1, 12)}
    made = []
    for bad in ("1", "2", "1", *rows):
        polled = answers({**rows, bad: 0}, rows)
        fine, other = (blocks[0] for blocks in normaliser.normalise(polled).blocks.values())
        assert (len(fine.series), len(other.series)) == (10, 1)
        assert other.series[0].labels == (("outlet", bad),)
        made.append(other.series)
    assert made[0] is made[2]
    assert made[0] is not made[1]
