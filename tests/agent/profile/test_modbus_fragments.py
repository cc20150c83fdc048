"""Fragments of register maps: moved, labelled, and what is said of wrong ones."""

import pytest

from agent.profile.points import ModbusPoint, Profile
from agent.profile.spec_modbus import Quirks
from tests.agent.profile.conftest import Compile, Problems, Write, modbus

ALARM = "metric: rack_alarm_active"


def points(profile: Profile) -> list[ModbusPoint]:
    return [point for point in profile.points if isinstance(point, ModbusPoint)]


FRAGMENT = """\
fragment: psu
protocol: modbus
title: t
source: s
defaults: {data_type: int16, address_base: 1}
points:
  - {metric: rack_psu_output_power_watts, unit: W, address: 1}
  - {metric: rack_psu_output_voltage_volts, unit: V, address: 2, group: out, labels: {name: x}}
  - {metric: rack_psu_output_current_amperes, unit: A, address: 4, group: out}
"""
INCLUDES = """\
include:
  - {fragment: psu, offset: 99, labels: {psu: 1}}
  - {fragment: psu, offset: 199, labels: {psu: 2}}
"""


def test_fragments_are_moved_and_labelled(compiled: Compile, write: Write) -> None:
    write(FRAGMENT, "psu")
    found = points(compiled(modbus(f"{{{ALARM}, address: 0}}", head=INCLUDES)))
    assert [(p.number, p.address, dict(p.labels), p.part) for p in found] == [
        (0, 0, {}, (0, 1)),
        (1, 99, {"psu": "1"}, (99, 1)),
        (2, 100, {"psu": "1", "name": "x"}, (100, 3)),
        (3, 102, {"psu": "1"}, (100, 3)),
        (4, 199, {"psu": "2"}, (199, 1)),
        (5, 200, {"psu": "2", "name": "x"}, (200, 3)),
        (6, 202, {"psu": "2"}, (200, 3)),
    ]
    assert found[1].data_type == "int16"


def test_a_profile_may_be_nothing_but_fragments(compiled: Compile, write: Write) -> None:
    write(FRAGMENT, "psu")
    text = modbus(head="include: [psu]\n").replace("points:\n", "")
    assert len(compiled(text).points) == 3


def test_mistakes_in_fragments_are_told_with_their_file(problems: Problems, write: Write) -> None:
    write(
        FRAGMENT.replace("unit: W", "unit: V").replace("unit: A, address: 4", "address: 4"), "psu"
    )
    found = problems(modbus(f"{{{ALARM}, address: 0}}", head="include: [psu]\n"))
    assert [line.partition("fragments/")[2].split(";")[0] for line in found] == [
        "psu.yaml:7: points[0].unit: V is not a unit of rack_psu_output_power_watts, which is kept"
        " in W",
        "psu.yaml:9: points[2].unit: required: the unit of the raw value (it becomes A)",
    ]


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("include: [psus]\n", "7: include[0]: unknown fragment 'psus'; there are psu"),
        (
            "include: [{fragment: psu, offset: -5}]\n",
            "fragments/psu.yaml:7: points[0].address: register -5 does not exist",
        ),
    ],
)
def test_includes_that_cannot_be(problems: Problems, write: Write, head: str, says: str) -> None:
    write(FRAGMENT, "psu")
    assert any(
        line.endswith(says) for line in problems(modbus(f"{{{ALARM}, address: 0}}", head=head))
    )


def test_a_scale_register_may_not_move_off_the_map(problems: Problems, write: Write) -> None:
    write(FRAGMENT.replace("address: 4,", "address: 4, scale_register: 3,"), "psu")
    head = "include: [{fragment: psu, offset: 65533}]\n"
    text = modbus(f"{{{ALARM}, address: 0}}", head=head)
    assert problems(text)[0].endswith("points[2].address: runs past register 65535")
    write(
        FRAGMENT.replace("address: 4,", "address: 1, scale_register: 9,").replace(
            "W, address: 1}", "W, address: 3}"
        ),
        "psu",
    )
    text = modbus(f"{{{ALARM}, address: 0}}", head=head.replace("65533", "65530"))
    assert any(
        line.endswith("points[2].group: register 65538 does not exist") for line in problems(text)
    )


def test_a_broken_fragment_stops_the_profile(problems: Problems, write: Write) -> None:
    write("fragment: psu\nprotocol: modbus\n", "psu")
    found = problems(modbus(f"{{{ALARM}, address: 0}}", head="include: [psu]\n"))
    assert all("fragments/psu.yaml" in line for line in found)


def test_a_fragment_is_no_profile(problems: Problems) -> None:
    found = problems(FRAGMENT, "psu")
    assert found[0].endswith("fragment: is a fragment: it is included by profiles, not used alone")


def test_an_empty_map(problems: Problems) -> None:
    text = modbus().replace("points:\n", "points: []\n")
    (line,) = problems(text)
    assert line.endswith("has neither 'points' nor 'include': there is nothing to read")


def test_quirks(compiled: Compile) -> None:
    head = "quirks: {delay_ms: 20, connect_pause_ms: 500}\n"
    profile = compiled(modbus(f"{{{ALARM}, address: 0}}", head=head))
    quirks = profile.quirks
    assert (quirks.delay_s, quirks.connect_pause_s, quirks.answer_s) == (0.02, 0.5, 0.0)
    other = Quirks(delay_ms=10, connect_pause_ms=600, answer_ms=100)
    assert quirks.joined(other) == Quirks(delay_ms=20, connect_pause_ms=600, answer_ms=100)
    assert not profile.has_serial_line
