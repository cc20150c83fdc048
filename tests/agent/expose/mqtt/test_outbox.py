"""The outbox: order, bound, and that a kill loses nothing that was put in."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.expose.mqtt.messages import MqttMessage
from agent.expose.mqtt.outbox import Outbox
from agent.model.errors import ConfigError


def message(number: int) -> MqttMessage:
    return MqttMessage(f"t/{number % 3}", str(number), retain=number % 2 == 0)


def waiting(outbox: Outbox) -> list[int]:
    return [int(each.payload) for _, each in outbox.first(10_000)]


def test_messages_leave_in_order_and_only_when_they_are_done(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.db", 100)
    assert outbox.put(message(n) for n in range(5)) == 0
    first = outbox.first(2)
    assert [each for _, each in first] == [message(0), message(1)]
    assert outbox.first(2) == first
    outbox.done(first[-1][0])
    assert (waiting(outbox), outbox.count) == ([2, 3, 4], 3)
    outbox.close()


def test_beyond_the_bound_the_oldest_go_and_are_counted(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.db", 3)
    outbox.put([message(0), message(1)])
    under_way = outbox.first(2)
    assert outbox.put(message(n) for n in range(2, 6)) == 3
    assert waiting(outbox) == [3, 4, 5]
    outbox.done(under_way[-1][0])  # gone already: nothing else goes
    assert (waiting(outbox), outbox.count) == ([3, 4, 5], 3)
    outbox.close()


def test_more_at_once_than_it_holds(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.db", 3)
    assert outbox.put(message(n) for n in range(10)) == 7
    assert (waiting(outbox), outbox.count) == ([7, 8, 9], 3)
    outbox.close()


def test_it_is_there_after_a_restart(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.db", 100)
    outbox.put([message(1), message(2)])
    outbox.close()
    again = Outbox(tmp_path / "o.db", 100)
    assert (waiting(again), again.count) == ([1, 2], 2)
    again.close()


def test_announcements_are_known_after_a_restart_until_they_are_taken_back(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.db", 2)
    one, two = (MqttMessage(f"ha/{n}", "{}", retain=True, announces="lab/r1/pdu-a") for n in "12")
    outbox.put([one, one, two, message(1), message(2)])  # known, whatever the bound drops
    outbox.close()
    again = Outbox(tmp_path / "o.db", 100)
    assert again.announced() == {"lab/r1/pdu-a": {"ha/1", "ha/2"}}
    again.put([MqttMessage("ha/1", "", retain=True, announces="lab/r1/pdu-a")])
    assert again.announced() == {"lab/r1/pdu-a": {"ha/2"}}
    again.close()


WRITER = """
import sys
from pathlib import Path
from agent.expose.mqtt.messages import MqttMessage
from agent.expose.mqtt.outbox import Outbox
outbox = Outbox(Path(sys.argv[1]), 10_000_000)
number = 0
while True:
    outbox.put(MqttMessage("t", str(number + n)) for n in range(7))
    number += 7
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""


def test_a_kill_loses_nothing_that_was_put_in(tmp_path: Path) -> None:
    path = tmp_path / "o.db"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(50)]
        os.kill(process.pid, signal.SIGKILL)
        told += process.stdout.readlines()
    promised = max(int(line) for line in told if line.endswith("\n"))
    outbox = Outbox(path, 10_000_000)
    found = [int(each.payload) for _, each in outbox.first(10_000_000)]
    assert found == list(range(len(found)))  # whole transactions, nothing torn
    assert len(found) >= promised
    assert len(found) % 7 == 0
    outbox.close()


@given(st.lists(st.integers(0, 6) | st.just(-1), max_size=40), st.integers(1, 8))
def test_it_is_a_bounded_queue(steps: list[int], bound: int) -> None:
    outbox, model, next_ = Outbox(Path(":memory:"), bound), list[int](), 0
    for step in steps:
        if step < 0:
            outbox.done(max((number for number, _ in outbox.first(2)), default=0))
            del model[:2]
        else:
            numbers = range(next_, next_ + step)
            next_ += step
            dropped = outbox.put(map(message, numbers))
            model += numbers
            assert dropped == max(0, len(model) - bound)
            model = model[dropped:]
        assert (waiting(outbox), outbox.count) == (model, len(model))
    outbox.close()


def test_what_cannot_be_used_is_said(tmp_path: Path) -> None:
    for path in (tmp_path / "none" / "o.db", tmp_path):
        with pytest.raises(ConfigError, match=r"mqtt\.outbox: .* cannot be used"):
            Outbox(path, 10)


def test_a_file_of_another_schema_is_moved_aside(tmp_path: Path) -> None:
    path = tmp_path / "o.db"
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE outbox (id INTEGER PRIMARY KEY, subject TEXT)")
    base.close()
    outbox = Outbox(path, 10)
    outbox.put([message(1)])
    assert waiting(outbox) == [1]
    outbox.close()
    assert len([*tmp_path.glob("o.db.damaged-*")]) == 1


def test_what_was_taken_is_not_among_the_next(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.db", 10)
    outbox.put(message(n) for n in range(3))
    [(first, _)] = outbox.first(1)
    assert [each.payload for _, each in outbox.first(10, first)] == ["1", "2"]
    outbox.close()


def test_a_failing_disk_is_an_error_of_sqlite(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.db", 10)
    outbox.close()
    with pytest.raises(sqlite3.Error):
        outbox.put([message(1)])
