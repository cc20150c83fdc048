"""What a test run saw, as JSON lines that are only ever appended."""

import json
from datetime import UTC, datetime
from pathlib import Path

from agent.model.errors import ConfigError


class RunLog:
    """One file of one run. ``test`` is in every line until it changes."""

    def __init__(self, path: Path) -> None:
        """Open the file. Raises ConfigError where it cannot be written."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
        self.path = path
        self.test = ""

    def write(self, event: str, **what: object) -> None:
        """One line: when, in which test, what happened."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "test": self.test, "event": event, **what}
        self._file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
        self._file.flush()

    def close(self) -> None:
        """End the file; a second call does nothing."""
        self._file.close()
