"""The outbox: messages that wait for the broker, first in first out, in an SQLite file.

Use it from one thread at a time. With a write-ahead log and ``synchronous=NORMAL`` the messages
survive a kill of the process; a power failure may lose the latest ones (sqlite.org/wal.html).
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from agent.expose.mqtt.messages import MqttMessage
from agent.store.sqlite_file import open_sqlite

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " topic TEXT NOT NULL, payload TEXT NOT NULL, retain INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS announced (topic TEXT PRIMARY KEY, place TEXT NOT NULL)",
)


class Outbox:
    """A queue of at most ``max_messages``. Methods raise sqlite3.Error if the disk fails."""

    def __init__(self, path: Path, max_messages: int) -> None:
        """Open or create the file. Raises ConfigError. A damaged file is moved aside."""
        self._max = max_messages
        self._base = open_sqlite("mqtt.outbox", path, _SCHEMA, _check)
        self.count: int = self._base.execute("SELECT count(*) FROM outbox").fetchone()[0]

    def put(self, messages: Iterable[MqttMessage]) -> int:
        """Append messages in one transaction; return how many of the oldest were dropped."""
        messages = list(messages)
        rows = [(each.topic, each.payload, each.retain) for each in messages]
        with self._base:
            for each in messages:
                if each.announces:
                    self._announce(each)
            self._base.executemany(
                "INSERT INTO outbox (topic, payload, retain) VALUES (?, ?, ?)", rows
            )
            excess = self.count + len(rows) - self._max
            if excess > 0:
                self._base.execute(
                    "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox ORDER BY id LIMIT ?)",
                    (excess,),
                )
        self.count += len(rows) - max(excess, 0)
        return max(excess, 0)

    def _announce(self, message: MqttMessage) -> None:
        if message.payload:
            self._base.execute(
                "INSERT OR REPLACE INTO announced VALUES (?, ?)", (message.topic, message.announces)
            )
        else:
            self._base.execute("DELETE FROM announced WHERE topic = ?", (message.topic,))

    def announced(self) -> dict[str, set[str]]:
        """Return the topics of retained announcements, by the key of their device."""
        found: dict[str, set[str]] = {}
        for topic, place in self._base.execute("SELECT topic, place FROM announced"):
            found.setdefault(place, set()).add(topic)
        return found

    def first(self, number: int, after: int = 0) -> list[tuple[int, MqttMessage]]:
        """Return the oldest ``number`` messages above ``after`` with their numbers, in order."""
        found = self._base.execute(
            "SELECT id, topic, payload, retain FROM outbox WHERE id > ? ORDER BY id LIMIT ?",
            (after, number),
        )
        return [(row, MqttMessage(topic, text, bool(keep))) for row, topic, text, keep in found]

    def done(self, last: int) -> None:
        """Delete delivered messages: all up to the number ``last``."""
        with self._base:
            gone = self._base.execute("DELETE FROM outbox WHERE id <= ?", (last,)).rowcount
        self.count -= gone

    def close(self) -> None:
        """Close the file."""
        self._base.close()


def _check(base: sqlite3.Connection) -> None:
    base.execute("SELECT count(*), id, topic, payload, retain FROM outbox").fetchone()
    base.execute("SELECT topic, place FROM announced").fetchall()
