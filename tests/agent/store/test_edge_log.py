"""Transitions once, repetitions counted, and one id per cycle."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from agent.model.errors import DeviceTimeout
from agent.model.values import Failure, PollResult
from agent.store.edge_log import DeviceLog, OngoingProblem
from tests.agent.fans import Bench, box, library_of

TIMEOUT = Failure("timeout", "no answer")
REFUSED = Failure("authentication", "wrong password")


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        yield lines


def said(logs: list[Any], *more: str) -> list[tuple[Any, ...]]:
    return [tuple(line.get(key) for key in ("event", *more)) for line in logs]


def test_trouble_stands_until_it_is_over_or_another() -> None:
    trouble = OngoingProblem()
    assert trouble.over() is None
    assert [trouble.again("a") for _ in range(3)] == [0, None, None]
    assert [trouble.again("b"), trouble.again("b")] == [2, None]
    assert [trouble.over(), trouble.over()] == [1, None]


def test_a_device_that_is_down_for_another_reason_says_how_often_the_first_was(
    logs: list[Any],
) -> None:
    told = DeviceLog("pdu-a")
    for failure in (TIMEOUT, TIMEOUT, TIMEOUT, REFUSED, REFUSED):
        told.cycle_ended(False, (failure,), None)
    told.cycle_ended(True, (), "box")
    told.cycle_ended(True, (), "box")
    assert said(logs, "kind", "before", "repeated", "missed") == [
        ("device down", "timeout", None, None, None),
        ("device still down", "authentication", "timeout", 2, None),
        ("device recovered", None, None, None, 5),
    ]


def test_a_silence_without_a_reason_is_one_too(logs: list[Any]) -> None:
    DeviceLog("pdu-a").cycle_ended(False, (), None)
    assert said(logs, "reason") == [("device down", "nothing answered")]


def test_requests_that_fail_are_told_once_and_counted_at_their_end(logs: list[Any]) -> None:
    told = DeviceLog("pdu-a")
    again = Failure("timeout", "no answer either")
    for failures in ((TIMEOUT, again), (again,), (), (TIMEOUT, REFUSED), (REFUSED,), (), (), ()):
        told.cycle_ended(True, failures, "box")
    assert said(logs, "kind", "reason", "repeated") == [
        ("device up", None, None, None),
        ("requests fail", "timeout", "no answer", None),
        ("requests fail", "authentication", "wrong password", None),
        ("requests answered", "timeout", None, 2),
        ("requests answered", "authentication", None, 1),
    ]


async def test_every_line_of_a_cycle_has_its_id_and_no_other_line(
    tmp_path: Path, logs: list[Any]
) -> None:
    device = box()
    bench = Bench(library_of(tmp_path), device)
    deliver = bench.poller._deliver

    def elsewhere(result: PollResult) -> None:
        structlog.get_logger("elsewhere").info("delivered", up=result.up)
        deliver(result)

    bench.poller._deliver = elsewhere
    await bench.poller.poll()
    device.fault = DeviceTimeout("no answer")
    await bench.poller.poll()
    structlog.get_logger("elsewhere").info("between")
    assert said(logs) == [
        ("device up",),
        ("delivered",),
        ("device down",),
        ("delivered",),
        ("between",),
    ]
    first, same, second, alike, none = (line.get("cycle") for line in logs)
    assert (first, second) == (same, alike)
    assert first != second
    assert len(first) == 8
    assert none is None
