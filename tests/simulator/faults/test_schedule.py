"""Faults as people write them: on a command line and in a file."""

from pathlib import Path

import pytest

from agent.model.errors import ConfigError
from simulator.faults.schedule import parse_fault, read_faults


@pytest.mark.parametrize(
    ("text", "fault", "params", "at_s", "for_s"),
    [
        ("pump_trip", "pump_trip", {}, 0.0, None),
        ("pump_trip@60s", "pump_trip", {}, 60.0, None),
        ("pump_trip+5m", "pump_trip", {}, 0.0, 300.0),
        ("pump_trip:pump=1@60s+30s", "pump_trip", {"pump": "1"}, 60.0, 30.0),
        (
            "delay:device=cdu, seconds=2@1h+500ms",
            "delay",
            {"device": "cdu", "seconds": "2"},
            3600.0,
            0.5,
        ),
        (
            "frozen_sensor:role=cdu,labels=loop=technology,side=return@1m",
            "frozen_sensor",
            {"role": "cdu", "labels": "loop=technology,side=return"},
            60.0,
            None,
        ),
    ],
)
def test_a_line(
    text: str, fault: str, params: dict[str, str], at_s: float, for_s: float | None
) -> None:
    planned = parse_fault(text)
    assert (planned.fault, planned.params) == (fault, params)
    assert (planned.at_s, planned.for_s) == (at_s, for_s)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "write NAME"),
        ("pump trip", "write NAME"),
        ("pump_trip@60s@70s", "write NAME"),
        ("pump_trip:pump@60s", "'pump' is not PARAM=VALUE"),
        ("pump_trip:=1", "'=1' is not PARAM=VALUE"),
        ("pump_trip@soon", "'soon' is not a duration"),
        ("pump_trip@1s+long", "'long' is not a duration"),
    ],
)
def test_a_line_that_is_wrong(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_fault(text)


LIST = """\
# what goes wrong
- {fault: pump_trip, at: 60s, for: 30s, device: cdu}
- fault: delay
  at: 5m
  device: pdu-a
  params: {seconds: 2}
- {fault: feed_lost, rack: r1}
"""


@pytest.mark.parametrize("head", ["", "faults:\n"])
def test_a_file(tmp_path: Path, head: str) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(head + LIST, encoding="utf-8")
    trip, delay, lost = read_faults(path)
    assert (trip.fault, trip.at_s, trip.for_s) == ("pump_trip", 60.0, 30.0)
    assert trip.params == {"device": "cdu"}
    assert delay.params == {"seconds": 2, "device": "pdu-a"}
    assert (lost.at_s, lost.for_s, lost.params) == (0.0, None, {"rack": "r1"})
    assert trip.origin == f"{path}: faults[0]"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("- {fault: a}\n- {fault: b, until: 3}\n", 2, "until"),
        ("faults:\n- {fault: a}\n- {fault: b, at: soon}\n", 3, "soon"),
        ("- {at: 3}\n", 1, "fault"),
        ("- {fault: a\n", 2, "is not YAML"),
        ("nothing: 1\n", 1, "faults"),
    ],
)
def test_a_file_that_is_wrong_is_told_by_its_line(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said) as error:
        read_faults(path)
    assert [problem.line for problem in error.value.problems][:1] == [line]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the file does not exist"):
        read_faults(tmp_path / "none.yaml")
