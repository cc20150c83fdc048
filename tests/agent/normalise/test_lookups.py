"""What helps to read a row: names, scales, units, wherever the device keeps them."""

from collections.abc import Mapping

import pytest

from agent.model import smi
from agent.normalise.lookups import Lookups
from agent.normalise.snmp import SnmpNormaliser
from agent.profile.points import Lookup, Scalar
from tests.agent.making import BASE, Value, column, snmp_profile, varbind

SUFFIX = smi.encode_subids((3,))
INDEX: Mapping[str, int | str] = {"row": 3, "word": "AB", "place": "4.17"}


def lookups(text: str) -> Mapping[str, Lookup]:
    point = f"{{metric: rack_device_info, oid: {BASE}.1.0}}"
    return snmp_profile(point, head=f"lookups: {text}\n").lookups


def read(text: str, **cells: Value) -> Scalar | None:
    """The value of the lookup ``a`` for row 3, where the device has these ``cells``."""
    known = Lookups(lookups(text))
    for dotted, value in cells.items():
        column, _, index = dotted.removeprefix("c").replace("_", ".").partition(".")
        name = f"{column}.{index}" if index else column
        known.absorb(smi.oid(f"{BASE}.{column}"), [varbind(name, value)])
    return known.value("a", SUFFIX, INDEX)


@pytest.mark.parametrize(
    ("text", "cells", "value"),
    [
        (f"{{a: {{column: {BASE}.2}}}}", {"c2_3": "L1"}, "L1"),
        (f"{{a: {{column: {BASE}.2}}}}", {"c2_3": 42}, 42),
        (f"{{a: {{column: {BASE}.2}}}}", {"c2_3": (smi.OBJECT_ID, b"\x2b\x06")}, "1.3.6"),
        (f"{{a: {{column: {BASE}.2}}}}", {"c2_3": ""}, None),
        (f"{{a: {{column: {BASE}.2}}}}", {"c2_4": "L2"}, None),
        (f"{{a: {{column: {BASE}.2}}}}", {"c2_3": None}, None),
        (f"{{a: {{column: {BASE}.2, default: none}}}}", {}, "none"),
        (f"{{a: {{scalar: {BASE}.2}}}}", {"c2": "whole"}, "whole"),
        (f"{{a: {{column: {BASE}.2, index: [9, row]}}}}", {"c2_9_3": "x"}, "x"),
        (f"{{a: {{column: {BASE}.2, index: [word]}}}}", {"c2_2_65_66": "x"}, "x"),
        (
            f"{{a: {{column: {BASE}.2, index: [b]}}, b: {{part: place, pattern: '\\.(\\d+)$'}}}}",
            {"c2_17": "x"},
            "x",
        ),
        (
            f"{{a: {{column: {BASE}.2, index: [b]}}, b: {{part: word, pattern: '(.+)'}}}}",
            {"c2_2_65_66": "x"},
            "x",
        ),
        (f"{{a: {{column: {BASE}.2, map: {{1: A, 2: mA}}}}}}", {"c2_3": 2}, "mA"),
        (f"{{a: {{column: {BASE}.2, map: {{1: A, 2: mA}}}}}}", {"c2_3": "2"}, "mA"),
        (f"{{a: {{column: {BASE}.2, map: {{1: A}}}}}}", {"c2_3": 7}, None),
        (f"{{a: {{column: {BASE}.2, map: {{1: A}}}}}}", {"c2_3": "seven"}, None),
        (f"{{a: {{column: {BASE}.2, map: {{1: A}}, default: W}}}}", {"c2_3": 7}, "W"),
        (f"{{a: {{column: {BASE}.2, pattern: 'L(.)'}}}}", {"c2_3": "phase L2"}, "2"),
        (f"{{a: {{column: {BASE}.2, pattern: '^(.)$'}}}}", {"c2_3": 5}, "5"),
        (f"{{a: {{column: {BASE}.2, pattern: 'L(.)'}}}}", {"c2_3": "phase"}, None),
        ("{a: {part: row}}", {}, 3),
        ("{a: {part: row, map: {3: L3}}}", {}, "L3"),
        (f"{{a: {{column: {BASE}.2, otherwise: b}}, b: {{part: row}}}}", {}, 3),
        (f"{{a: {{column: {BASE}.2, otherwise: b}}, b: {{part: row}}}}", {"c2_3": "x"}, "x"),
        (
            f"{{a: {{column: {BASE}.2, index: [b]}}, b: {{column: {BASE}.3}}}}",
            {"c3_3": 8, "c2_8": "far"},
            "far",
        ),
        (f"{{a: {{column: {BASE}.2, index: [b]}}, b: {{column: {BASE}.3}}}}", {"c2_8": "x"}, None),
        (
            f"{{a: {{column: {BASE}.2, index: [b]}}, b: {{column: {BASE}.3}}}}",
            {"c3_3": -1, "c2_8": "x"},
            None,
        ),
    ],
)
def test_a_lookups_value_for_a_row(
    text: str, cells: dict[str, Value], value: Scalar | None
) -> None:
    assert read(text, **cells) == value


def test_only_rows_whose_content_changed_are_named() -> None:
    known = Lookups(lookups(f"{{a: {{column: {BASE}.2}}, b: {{column: {BASE}.2, index: [1]}}}}"))
    column = smi.oid(f"{BASE}.2")
    third = varbind("2.3", "x")
    known.absorb(column, [])
    assert known.absorb(column, [third]) == {"a": [b"\x03"], "b": None}
    assert known.absorb(column, [third]) == {}
    assert known.absorb(column, [third, varbind("2.4", "y")]) == {"a": [b"\x04"], "b": None}
    assert known.absorb(column, [varbind("2.4", "y")]) == {"a": [b"\x03"], "b": None}
    assert known.absorb(smi.oid(f"{BASE}.9"), [varbind("9.3", "y")]) == {}


def test_whether_the_device_gave_a_row_does_not_depend_on_the_map() -> None:
    known = Lookups(lookups(f"{{a: {{column: {BASE}.2, map: {{1: x}}}}, b: {{part: row}}}}"))
    assert not known.has("a", SUFFIX, INDEX)
    assert known.has("b", SUFFIX, INDEX)
    known.absorb(smi.oid(f"{BASE}.2"), [varbind("2.3", 7)])
    assert known.has("a", SUFFIX, INDEX)


def test_a_row_that_its_index_rules_out_is_not_asked_for_its_lookups() -> None:
    profile = snmp_profile(
        f"{{metric: rack_phase_current_amperes, oid: {BASE}.4, index: [phase], unit: A,"
        " where: {phase: 1}, labels: {name: '{called}'}}",
        head=f"lookups: {{called: {{column: {BASE}.9}}}}\n",
    )
    normaliser = SnmpNormaliser("pdu", profile)

    result = normaliser.normalise({0: column("4", {"1": 5, "2": 6}), 1: column("9", {"1": "A"})})

    assert [block.values for block in result.blocks[0]] == [[5]]
    assert not normaliser.needs_lookups


BY_STEP = f"{{a: {{column: {BASE}.2, index: [b]}}, b: {{column: {BASE}.3}}}}"
BY_PART = f"{{a: {{part: word, map: {{XY: z}}, otherwise: b}}, b: {{column: {BASE}.3}}}}"
BY_SEARCH = f"{{a: {{search: [{{value: row}}], gives: [b]}}, b: {{column: {BASE}.3}}}}"


@pytest.mark.parametrize(
    ("text", "columns", "unread"),
    [
        (BY_STEP, ["2"], True),
        (BY_STEP, ["2", "3"], False),
        (BY_PART, [], True),
        (BY_PART.replace("XY", "AB"), [], False),
        (BY_SEARCH, [], True),
        (BY_SEARCH, ["3"], False),
    ],
)
def test_a_value_is_unread_until_all_it_depends_on_was_read(
    text: str, columns: list[str], unread: bool
) -> None:
    known = Lookups(lookups(text))
    for number in columns:
        known.absorb(smi.oid(f"{BASE}.{number}"), [varbind(f"{number}.3", 3)])
    assert known.unread("a", SUFFIX, INDEX) is unread


def test_a_search_by_index_needs_an_index_of_one_number() -> None:
    assert read(BY_SEARCH.replace("value: row", "value: word"), c3_3="x") is None
