"""Take over a changed configuration while the agent runs: checked first, refused as a whole."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from agent.config import Config
from agent.config.restart import changed
from agent.expose.prometheus.collectors import ReloadMetrics
from agent.model.errors import ConfigError
from agent.parse.plain_file import read_plain
from agent.parse.yaml_source import MAX_BYTES

_log = structlog.get_logger("reload")
_LOOK_EVERY_S = 2.0  # between two checks of a watched file
_HASH_DIGITS = 16


@dataclass(frozen=True, slots=True)
class ReloadOutcome:
    """The result of a reload; ``text`` is for people."""

    done: bool
    text: str


def check_fixed(before: Config, after: Config) -> None:
    """Raise ConfigError if ``after`` changes what only a restart can change."""
    keys = list(changed(before.spec, after.spec))
    if before.web != after.web:
        keys.append("http.web_config")
    if before.mqtt_password != after.mqtt_password and "mqtt" not in keys:
        keys.append("mqtt.password")
    if keys:
        raise ConfigError(
            f"{after.file}: {', '.join(keys)} cannot change while the agent runs; restart it,"
            " or put the old value back"
        )


class Reloader:
    """Loads, checks and applies a configuration, one reload at a time.

    ``load`` reads the file, ``apply`` applies the result and returns what it changed. Both may
    raise ConfigError; the previous configuration then stays active.
    """

    def __init__(
        self, config: Config, load: Callable[[], Config], apply: Callable[[Config], Awaitable[str]]
    ) -> None:
        self._load, self._apply = load, apply
        self._path = Path(config.file)
        self._one_at_a_time = asyncio.Lock()
        self.metrics = ReloadMetrics(self._digest(), time.time())

    async def reload(self) -> ReloadOutcome:
        """Read the file again. Never raises ConfigError: the outcome has its text."""
        async with self._one_at_a_time:
            digest = self._digest()
            try:
                # In a thread: a hundred profiles take a second, and polling must go on.
                text = await self._apply(await asyncio.to_thread(self._load))
            except ConfigError as error:
                self.metrics.successful = False
                _log.error("configuration refused; the old one stays active", reason=str(error))
                return ReloadOutcome(False, str(error))
            self.metrics.successful = True
            self.metrics.digest, self.metrics.succeeded_at = digest, time.time()
            _log.info("configuration reloaded", result=text)
            return ReloadOutcome(True, text)

    async def watch(self) -> None:
        """Reload when the file changes, until cancelled; waits for a file that is being written."""
        known = seen = self._state()
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            before, seen = seen, self._state()
            if seen not in (None, known) and seen == before:
                known = seen
                await self.reload()

    def _state(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None  # an editor is about to replace the file
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _digest(self) -> str:
        try:
            return hashlib.sha256(read_plain(self._path, MAX_BYTES)).hexdigest()[:_HASH_DIGITS]
        except OSError:
            return ""
