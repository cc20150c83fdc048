"""Messages that wait for the broker, in a file that survives the process; the oldest go first.

Made for one thread at a time. With a write-ahead log and ``synchronous=NORMAL`` what was put in is
there after a kill of the process; a loss of power may cost the last moments (sqlite.org/wal.html).
"""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from agent.expose.mqtt.messages import MqttMessage
from agent.model.errors import ConfigError

_BUSY_S = 5.0
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " topic TEXT NOT NULL, payload TEXT NOT NULL, retain INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS announced (topic TEXT PRIMARY KEY, place TEXT NOT NULL)",
)


class Outbox:
    """A queue of at most ``max_messages``. Methods raise sqlite3.Error where the disk fails."""

    def __init__(self, path: Path, max_messages: int) -> None:
        """Open or make the file. Raises ConfigError where that cannot be."""
        self._max = max_messages
        try:
            # Opened by one thread, used by another: never by two at once.
            self._base = sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False)
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=NORMAL")
            for statement in _SCHEMA:
                self._base.execute(statement)
            self._base.commit()
            self.count: int = self._base.execute("SELECT count(*) FROM outbox").fetchone()[0]
        except sqlite3.Error as error:
            raise ConfigError(
                f"mqtt.outbox: {path} cannot be used: {error}; its folder must exist and be"
                " writable for the agent; a damaged file can be moved away"
            ) from None

    def put(self, messages: Iterable[MqttMessage]) -> int:
        """Append in one transaction; how many of the oldest had to go for it."""
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
        """The topics that the broker keeps announcements under, by what they are of."""
        found: dict[str, set[str]] = {}
        for topic, place in self._base.execute("SELECT topic, place FROM announced"):
            found.setdefault(place, set()).add(topic)
        return found

    def first(self, number: int) -> list[tuple[int, MqttMessage]]:
        """The oldest ``number`` messages with their numbers, oldest first."""
        found = self._base.execute(
            "SELECT id, topic, payload, retain FROM outbox ORDER BY id LIMIT ?", (number,)
        )
        return [(row, MqttMessage(topic, text, bool(keep))) for row, topic, text, keep in found]

    def done(self, delivered: Sequence[int]) -> None:
        """Forget what the broker has. What the bound dropped meanwhile is gone already."""
        with self._base:
            gone = self._base.executemany(
                "DELETE FROM outbox WHERE id = ?", [(number,) for number in delivered]
            ).rowcount
        self.count -= max(gone, 0)

    def close(self) -> None:
        """Close the file."""
        self._base.close()
