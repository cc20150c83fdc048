"""What a run did, line by line as it does it: enough to go on after a crash, and to follow it.

A line is on the disk before the run goes on; one that a crash left half-written is left out. While
a run goes on its journal is locked, so that no second one writes it and others see that it lives.
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
_LOCK_TRIES, _LOCK_WAIT_S = 20, 0.05  # whoever looks whether it is locked holds it for a moment

Event = dict[str, Any]
"""One line: ``event``, ``at`` (the rack's clock), ``wall`` (this machine's), and what goes with it.

Both are Unix seconds; they differ only in a rehearsal.
"""


class RunJournal:
    """One file that is only ever added to. ``hear`` is told of every line."""

    def __init__(self, path: Path, hear: Callable[[Event], None] = lambda _: None) -> None:
        """Raises ConfigError where it cannot be written, or where a run is writing it."""
        self.path, self._hear = path, hear
        try:
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
        if not _locked(self._file):
            self._file.close()
            raise ConfigError(f"{path} is being written by a run that goes on")
        if _torn(path):
            self._file.write("\n")  # what comes now is not to be torn with it

    def write(self, record: Record, at: float) -> None:
        """One line: what happened, and when by the rack's clock."""
        self.mention(record, at)
        os.fsync(self._file.fileno())

    def mention(self, record: Record, at: float) -> None:
        """One line that only an onlooker needs: it may be lost with the machine."""
        wall = round(time.time(), 3)
        line = {"event": record.event, "at": at, "wall": wall, **asdict(record)}
        self._file.write(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n")
        self._file.flush()
        self._hear(line)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def is_written(path: Path) -> bool:
    """Whether a run writes this journal now. Raises OSError where it cannot be looked at."""
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
    """The whole lines of a journal, each as ``events`` knows it.

    Raises ConfigError where there is none, and with the line where one is not what it should be.
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
    """The event of a line; None for one that a crash left half-written. Raises ValueError."""
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
    """The steps that ended, by name; of one that was repeated the last."""
    return {
        event["step"]: Span(event["began"], event["confirmed"], event["steady"], event["ended"])
        for event in events
        if event["event"] == "step_ended"
    }


def cut_off(events: list[Event]) -> str:
    """The step that a run died in, so that its stimulus may still be there; empty if none."""
    begun = ""
    for event in events:
        if event["event"] == "step_began":
            begun = event["step"]
        elif event["event"] in ("step_ended", "undone") and event["step"] == begun:
            begun = ""
    return begun


def ended_early(events: list[Event]) -> str:
    """Why a run ended before it was done; empty if it did not, or if it went on later."""
    why = ""
    for event in events:
        if event["event"] in ("aborted", "resumed"):
            why = event.get("why", "")
    return why
