"""The journal of a run, a line per event: enough to resume it after a crash, and to follow it.

A line is on the disk before the run continues; a line that a crash left incomplete is skipped. An
active run locks its journal, so that no second run writes it and readers see that it is active.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from agent.commission.journal.events import Record, parse_event
from agent.commission.judge import Span
from agent.model.errors import ConfigError, Problem
from agent.parse.plain_file import open_plain, read_plain

LINES_MAX = 1_000_000  # a line every 2 s for 23 days
_BYTES_MAX = 1024 * 1024 * 1024
_LOCK_TRIES, _LOCK_WAIT_S = 20, 0.05  # a reader that tests the lock holds it for a moment

Event = dict[str, Any]
"""One line: ``event``, ``at`` (the rack's clock), ``wall`` (this machine's), and further fields.

Both times are Unix seconds; they differ only in a rehearsal.
"""


class RunJournal:
    """One file to which lines are only added. ``on_event`` is called with every line."""

    def __init__(self, path: Path, on_event: Callable[[Event], None] = lambda _: None) -> None:
        """Open and lock the file.

        Raises ConfigError if it cannot be written, or if another run is writing it.
        """
        self.path, self._on_event = path, on_event
        try:
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
        if not _locked(self._file):
            self._file.close()
            raise ConfigError(f"{path} is being written by another run")
        if _torn(path):
            self._file.write("\n")  # ends the incomplete line, so that the next one is whole

    def write(self, record: Record, at: float) -> None:
        """Add an event and sync it to the disk; ``at`` is Unix seconds of the rack's clock."""
        self.mention(record, at)
        os.fsync(self._file.fileno())

    def mention(self, record: Record, at: float) -> None:
        """Add an event without a sync: a line for readers that a power failure may lose."""
        wall = round(time.time(), 3)
        line = {"event": record.event, "at": at, "wall": wall, **asdict(record)}
        self._file.write(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n")
        self._file.flush()
        self._on_event(line)

    def close(self) -> None:
        """Close the file and release its lock."""
        self._file.close()


def is_written(path: Path) -> bool:
    """Return True while a run writes this journal. Raises OSError if it cannot be read."""
    with open_plain(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _locked(file: IO[str]) -> bool:
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_WAIT_S)
        else:
            return True
    return False


def _torn(path: Path) -> bool:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 1))
        return file.read(1) not in (b"", b"\n")


def read_journal(path: Path) -> list[Event]:
    """Read the complete lines of a journal, each checked against ``events``.

    Raises ConfigError if it cannot be read, and with the line number if a line is invalid.
    """
    try:
        text = read_plain(path, _BYTES_MAX).decode("utf-8", errors="replace")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    found = []
    for number, line in enumerate(text.split("\n")[:LINES_MAX], 1):
        try:
            event = _whole(line)
        except ValueError as error:
            raise ConfigError([Problem(str(path), number, "", str(error))]) from None
        if event is not None:
            found.append(event)
    return found


def _whole(line: str) -> Event | None:
    """Parse a line; return None for an incomplete one. Raises ValueError."""
    try:
        found = json.loads(line)
    except json.JSONDecodeError:
        return None
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    if not isinstance(found, dict) or "event" not in found:
        return None
    parse_event(found)
    return found


def spans(events: list[Event]) -> dict[str, Span]:
    """Return the spans of the steps that ended, by name; a repeated step has its last one."""
    return {
        event["step"]: Span(event["began"], event["confirmed"], event["steady"], event["ended"])
        for event in events
        if event["event"] == "step_ended"
    }


def cut_off(events: list[Event]) -> str:
    """Return the step that was interrupted, whose stimulus may still be active; empty if none."""
    begun = ""
    for event in events:
        if event["event"] == "step_began":
            begun = event["step"]
        elif event["event"] in ("step_ended", "undone") and event["step"] == begun:
            begun = ""
    return begun


def ended_early(events: list[Event]) -> str:
    """Return the reason of an early end; empty without one, or if the run was resumed later."""
    why = ""
    for event in events:
        if event["event"] in ("aborted", "resumed"):
            why = event.get("why", "")
    return why
