"""The journal of events in SQLite, with the active conditions; bounded, survives a restart.

Use it from one thread at a time. An event and the change of the active conditions that it causes
are one transaction.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.events.records import Action, Event, EventKind, Subject, Trace
from agent.model.series import OidSource, RegisterSource, Source
from agent.model.values import Raw, Value
from agent.store.sqlite_file import open_sqlite

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, device TEXT NOT NULL,
    kind TEXT NOT NULL, action TEXT NOT NULL, metric TEXT NOT NULL, labels TEXT NOT NULL,
    value TEXT NOT NULL, before TEXT NOT NULL, reason TEXT NOT NULL, trace TEXT NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS events_of_device ON events (device, id)",
    """CREATE TABLE IF NOT EXISTS standing (
    device TEXT NOT NULL, metric TEXT NOT NULL, labels TEXT NOT NULL, value TEXT NOT NULL,
    since REAL NOT NULL, event INTEGER NOT NULL, PRIMARY KEY (device, metric, labels))""",
)
_COLUMNS = "id, at, device, kind, action, metric, labels, value, before, reason, trace"


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event with its number in the journal; ``standing`` is True while it is active."""

    id: int
    event: Event
    standing: bool


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """The content of one poll: events, and first values of states with Unix time.

    ``gone`` names a device that is no longer configured; its conditions are deleted.
    """

    events: tuple[Event, ...] = ()
    seen: tuple[tuple[Subject, Value, float], ...] = ()
    gone: str = ""


class EventJournal:
    """Stores at most ``max_events`` events. Methods raise sqlite3.Error if the disk fails."""

    def __init__(self, path: Path | None, max_events: int) -> None:
        """Open or create the file; None keeps the journal in memory. Raises ConfigError.

        A damaged file is moved aside.
        """
        self._max = max_events
        self.dropped = 0
        self._base = open_sqlite("events.path", path, _SCHEMA, _check)
        self._count: int = self._base.execute("SELECT count(*) FROM events").fetchone()[0]

    def standing(self) -> dict[Subject, Value]:
        """Return the active conditions and latest states, with their values."""
        return _standing(self._base)

    def add(self, lines: Sequence[JournalEntry]) -> None:
        """Write entries in order, in one transaction."""
        count = self._count + sum(len(line.events) for line in lines)
        with self._base:
            for line in lines:
                for subject, value, at in line.seen:
                    self._stand(subject, value, at, 0)
                for event in line.events:
                    number = self._insert(event)
                    if event.action is Action.CLEARED:
                        self._base.execute(
                            "DELETE FROM standing WHERE device = ? AND metric = ? AND labels = ?",
                            _key(event.subject),
                        )
                    else:
                        self._stand(event.subject, event.value, event.at, number)
                if line.gone:
                    self._base.execute("DELETE FROM standing WHERE device = ?", (line.gone,))
            gone = self._trim(count - self._max)
        self._count = count - gone
        self.dropped += gone

    def find(
        self, device: str | None, after: int, limit: int, *, standing: bool
    ) -> list[StoredEvent]:
        """Return events with numbers above ``after``, oldest first.

        ``device`` limits them to one device, ``standing`` to those that are active.
        """
        held = (
            "EXISTS (SELECT 1 FROM standing WHERE standing.event = events.id"
            " AND events.kind != 'state')"
        )
        wanted = " AND device = ?" if device is not None else ""
        wanted += f" AND {held}" if standing else ""
        rows = self._base.execute(
            f"SELECT {_COLUMNS}, {held} FROM events"  # noqa: S608 - no part of it is input
            f" WHERE id > ?{wanted} ORDER BY id LIMIT ?",
            (after, *((device,) if device is not None else ()), limit),
        )
        return [StoredEvent(row[0], _event(*row[1:-1]), bool(row[-1])) for row in rows]

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def _insert(self, event: Event) -> int:
        device, metric, labels = _key(event.subject)
        row = self._base.execute(
            "INSERT INTO events (at, device, kind, action, metric, labels, value, before, reason,"
            " trace) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(event.at, device, event.kind.value, event.action.value, metric, labels),
                *(json.dumps(event.value), json.dumps(event.before), event.reason),
                json.dumps(_trace(event.trace)),
            ),
        ).lastrowid
        assert row is not None  # it was inserted  # noqa: S101
        return row

    def _stand(self, subject: Subject, value: Value, at: float, event: int) -> None:
        self._base.execute(
            "INSERT OR REPLACE INTO standing VALUES (?, ?, ?, ?, ?, ?)",
            (*_key(subject), json.dumps(value), at, event),
        )

    def _trim(self, excess: int) -> int:
        """Delete the ``excess`` oldest events, but no active one; return how many were deleted."""
        if excess <= 0:
            return 0
        return self._base.execute(
            "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE kind = 'state'"
            " OR id NOT IN (SELECT event FROM standing) ORDER BY id LIMIT ?)",
            (excess,),
        ).rowcount


def _check(base: sqlite3.Connection) -> None:
    base.execute(f"SELECT count(*), {_COLUMNS} FROM events").fetchone()  # noqa: S608 - no part of it is input
    base.execute("SELECT since, event FROM standing LIMIT 0")
    _standing(base)


def _standing(base: sqlite3.Connection) -> dict[Subject, Value]:
    rows = base.execute("SELECT device, metric, labels, value FROM standing")
    return {_subject(device, metric, labels): json.loads(value)
            for device, metric, labels, value in rows}  # fmt: skip


def _key(subject: Subject) -> tuple[str, str, str]:
    return subject.device, subject.metric, json.dumps(dict(subject.labels))


def _subject(device: str, metric: str, labels: str) -> Subject:
    return Subject(device, metric, tuple(json.loads(labels).items()))


def _trace(trace: Trace | None) -> dict[str, object] | None:
    if trace is None:
        return None
    raw = trace.raw.hex() if isinstance(trace.raw, bytes) else trace.raw
    form = "bytes" if isinstance(trace.raw, bytes) else "plain"
    match trace.source:
        case OidSource(oid):
            return {"oid": oid, "raw": raw, "form": form}
        case RegisterSource(table, address, count):
            place = {"table": table, "address": address, "count": count}
            return {**place, "raw": raw, "form": form}


def _read_trace(text: str) -> Trace | None:
    found = json.loads(text)
    if found is None:
        return None
    given = found["raw"]
    raw: Raw = bytes.fromhex(given) if found["form"] == "bytes" else given
    raw = tuple(raw) if isinstance(raw, list) else raw
    source: Source
    if "oid" in found:
        source = OidSource(found["oid"])
    else:
        source = RegisterSource(found["table"], found["address"], found["count"])
    return Trace(source, raw)


def _event(
    at: float, device: str, kind: str, action: str, metric: str, labels: str, value: str,
    before: str, reason: str, trace: str,
) -> Event:  # fmt: skip
    subject = _subject(device, metric, labels)
    was, is_ = json.loads(before), json.loads(value)
    return Event(EventKind(kind), Action(action), subject, is_, was, at, reason, _read_trace(trace))
