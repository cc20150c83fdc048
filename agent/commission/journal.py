"""What a run did, line by line as it does it: enough to go on after a crash.

Every line is on the disk before the run goes on; a line that a crash left half-written is left out.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.commission.judge import Span
from agent.errors import ConfigError

_LINES_MAX = 100_000


class Journal:
    """One file that is only ever added to."""

    def __init__(self, path: Path) -> None:
        """Raises ConfigError where it cannot be written."""
        self.path = path
        try:
            self._file = path.open("a", encoding="utf-8")
            if _torn(path):
                self._file.write("\n")  # what comes now is not to be torn with it
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror}") from None

    def write(self, event: str, at: float, **what: Any) -> None:
        """One line: what happened, and when (Unix seconds of the rack's clock)."""
        line = {"event": event, "at": at, **what}
        self._file.write(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_journal(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a journal. Raises ConfigError where there is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    return list(_events(text))


def _events(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines()[:_LINES_MAX]:
        try:
            found = json.loads(line)
        except json.JSONDecodeError:
            continue  # a run was killed in the middle of it
        if isinstance(found, dict) and "event" in found:
            yield found


def _torn(path: Path) -> bool:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 1))
        return file.read(1) not in (b"", b"\n")


def spans(events: list[dict[str, Any]]) -> dict[str, Span]:
    """The steps that ended, by name; of one that was repeated the last."""
    return {
        event["step"]: Span(event["began"], event["confirmed"], event["steady"], event["ended"])
        for event in events
        if event["event"] == "step_ended"
    }


def cut_off(events: list[dict[str, Any]]) -> str:
    """The step that a run died in, so that its stimulus may still be there; empty if none."""
    begun = ""
    for event in events:
        if event["event"] == "step_began":
            begun = event["step"]
        elif event["event"] in ("step_ended", "undone") and event["step"] == begun:
            begun = ""
    return begun
