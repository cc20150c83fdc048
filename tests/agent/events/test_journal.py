"""The journal: what is written is there again, bounded, and what stands is never dropped."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from agent.events.journal import EventJournal, JournalEntry
from agent.events.records import Action, Event, EventKind, Subject, Trace
from agent.model.errors import ConfigError
from agent.model.series import OidSource, RegisterSource, Source
from agent.model.values import Raw
from tests.house import ROOT

LEAK = Subject("cdu", "rack_leak_detected", (("sensor", "1"),))
PUMP = Subject("cdu", "rack_pump_state", (("pump", "1"),))


def event(action: Action, at: float, subject: Subject = LEAK, trace: Trace | None = None) -> Event:
    raised = action is Action.RAISED
    return Event(subject.kind, action, subject, int(raised), int(not raised), at, trace=trace)


def changed(value: str, at: float) -> Event:
    return Event(EventKind.STATE, Action.CHANGED, PUMP, value, "running", at)


@pytest.mark.parametrize(
    ("source", "raw"),
    [
        (OidSource("1.3.6.1.4"), b"\x00on"),
        (OidSource("1.3.6.1.4"), 2),
        (OidSource("1.3.6.1.4"), "text"),
        (RegisterSource("holding", 36865, 2), (1, 2)),
        (RegisterSource("coil", 7, 1), None),
    ],
    ids=["octets", "integer", "text", "registers", "nothing"],
)
def test_an_event_comes_back_as_it_was(tmp_path: Path, source: Source, raw: Raw) -> None:
    journal = EventJournal(tmp_path / "e.db", 100)
    written = event(Action.RAISED, 5.25, trace=Trace(source, raw))
    journal.add([JournalEntry((written,))])
    journal.close()
    again = EventJournal(tmp_path / "e.db", 100)
    [kept] = again.find(None, 0, 10, standing=False)
    assert (kept.event, kept.standing) == (written, True)
    assert again.standing() == {LEAK: 1}
    again.close()


def test_what_is_cleared_stands_no_more(tmp_path: Path) -> None:
    journal = EventJournal(None, 100)
    seen = ((PUMP, "running", 1.0),)
    journal.add([JournalEntry((event(Action.RAISED, 1), event(Action.CLEARED, 2)), seen)])
    assert journal.standing() == {PUMP: "running"}
    found = journal.find(None, 0, 10, standing=False)
    assert [(each.event.action, each.standing) for each in found] == [
        (Action.RAISED, False),
        (Action.CLEARED, False),
    ]
    journal.close()


def test_pages_by_device_and_by_what_stands() -> None:
    journal = EventJournal(None, 100)
    other = Subject("pdu-a", "rack_alarm_active", (("alarm", "overload"),))
    journal.add(
        [JournalEntry((event(Action.RAISED, n, other if n % 2 else LEAK),)) for n in range(6)]
    )
    journal.add([JournalEntry((changed("stopped", 9.0),))])
    first = journal.find(None, 0, 4, standing=False)
    rest = journal.find(None, first[-1].id, 4, standing=False)
    assert [each.event.at for each in (*first, *rest)] == [0, 1, 2, 3, 4, 5, 9]
    assert {e.event.subject for e in journal.find("pdu-a", 0, 9, standing=False)} == {other}
    assert [each.event.at for each in journal.find(None, 0, 9, standing=True)] == [4, 5]
    journal.close()


def test_the_oldest_go_but_not_what_stands() -> None:
    journal = EventJournal(None, 10)
    journal.add([JournalEntry((event(Action.RAISED, 0),))])
    turns = tuple(changed("stopped" if n % 2 else "running", n) for n in range(1, 40))
    journal.add([JournalEntry(turns)])
    found = journal.find(None, 0, 100, standing=False)
    assert len(found) == 10
    assert found[0].event.subject == LEAK
    assert [each.event.at for each in found[1:]] == list(range(31, 40))
    assert journal.dropped == 30
    journal.close()


def test_a_device_that_is_gone_leaves_nothing_standing() -> None:
    journal = EventJournal(None, 10)
    journal.add([JournalEntry((event(Action.RAISED, 0),), ((PUMP, "running", 0.0),))])
    journal.add([JournalEntry(gone="cdu")])
    assert journal.standing() == {}
    journal.close()


def test_a_file_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"events\.path: .* cannot be used"):
        EventJournal(tmp_path / "none" / "e.db", 10)


def _random(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)


def _truncated(path: Path) -> None:
    os.truncate(path, 4096)


def _scribbled(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * 8192)


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as base:
        base.execute("PRAGMA user_version=99")


def _other_values(path: Path) -> None:
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("UPDATE standing SET labels = '[['")


@pytest.mark.parametrize("damage", [_random, _truncated, _scribbled, _newer, _other_values])
def test_a_damaged_file_is_moved_aside_and_a_new_one_begun(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    path = tmp_path / "e.db"
    journal = EventJournal(path, 100)
    journal.add([JournalEntry((event(Action.RAISED, 1),))])
    journal.close()
    damage(path)
    whole = path.read_bytes()
    again = EventJournal(path, 100)
    assert again.find(None, 0, 10, standing=False) == []
    again.add([JournalEntry((event(Action.RAISED, 2),))])
    again.close()
    [aside] = tmp_path.glob("e.db.damaged-*")
    assert aside.read_bytes() == whole or damage is _truncated
    kept = EventJournal(path, 100)
    assert [each.event.at for each in kept.find(None, 0, 10, standing=False)] == [2]
    kept.close()


def test_a_device_that_goes_and_comes_back_in_one_batch_keeps_what_is_new() -> None:
    journal = EventJournal(None, 10)
    raised, again = event(Action.RAISED, 0), event(Action.RAISED, 2)
    journal.add(
        [
            JournalEntry((raised,)),
            JournalEntry((event(Action.CLEARED, 1),), gone="cdu"),
            JournalEntry((again,)),
        ]
    )
    assert journal.standing() == {LEAK: 1}
    journal.close()


WRITER = """
import sys
from pathlib import Path
from agent.events.journal import EventJournal, JournalEntry
from tests.agent.events.test_journal import event
from agent.events.records import Action
journal, turn = EventJournal(Path(sys.argv[1]), 1_000_000), 0
while True:
    journal.add([JournalEntry((event(Action.CLEARED if turn % 2 else Action.RAISED, turn),))])
    turn += 1
    sys.stdout.write(f"{turn}\\n")
    sys.stdout.flush()
"""


def test_a_kill_leaves_events_and_what_stands_in_agreement(tmp_path: Path) -> None:
    path = tmp_path / "e.db"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        for _ in range(51):
            process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        written = [line for line in process.stdout.readlines() if line.endswith("\n")]
    journal = EventJournal(path, 1_000_000)
    found = journal.find(None, 0, 1_000_000, standing=False)
    actions = [each.event.action for each in found]
    assert len(actions) >= 51 + len(written)
    assert actions == [Action.CLEARED if n % 2 else Action.RAISED for n in range(len(actions))]
    assert (LEAK in journal.standing()) is (actions[-1] is Action.RAISED)
    journal.close()
