"""The log of a test run: JSON lines that are only appended."""

import json
from datetime import UTC, datetime
from pathlib import Path

from agent.model.errors import ConfigError


class RunLog:
    """The log file of one run. ``test`` is the name of the current test, written in every line."""

    def __init__(self, path: Path) -> None:
        """Open the file. Raises ConfigError if it cannot be written."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
        self.path = path
        self.test = ""

    def write(self, event: str, **what: object) -> None:
        """Append one line: the time, the test and the event with its details."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "test": self.test, "event": event, **what}
        self._file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._file.close()
