"""Report the state of the daemon to the service manager, if there is one.

Source: sd_notify(3) and sd_watchdog_enabled(3) of systemd.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping

import structlog

_log = structlog.get_logger("notify")
_WATCHDOG_SHARE = 0.5  # of the time allowed, as sd_watchdog_enabled(3) advises
_ABSTRACT = "@"


class Notifier:
    """A client of the service manager named in ``environment`` (default: that of the process).

    ``NOTIFY_SOCKET`` is its socket; ``WATCHDOG_USEC`` its watchdog timeout, if any.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith(_ABSTRACT) else address
        self.watchdog_s = _watchdog_s(environment) if address else None

    def send(self, *lines: str) -> None:
        """Send assignments such as ``READY=1``. A manager that is gone is logged once."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.setblocking(False)
                sock.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            _log.warning("the service manager cannot be notified", reason=error.strerror)
            self._address = ""

    @contextlib.asynccontextmanager
    async def watched(self, stuck: Callable[[], list[str]]) -> AsyncIterator[None]:
        """Feed the watchdog while the block runs, as long as ``stuck`` returns no device."""
        if self.watchdog_s is None:
            yield
            return
        feeding = asyncio.create_task(self._feed(self.watchdog_s, stuck), name="watchdog")
        try:
            yield
        finally:
            feeding.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await feeding

    async def _feed(self, allowed_s: float, stuck: Callable[[], list[str]]) -> None:
        was_stuck = False
        while True:
            names = stuck()
            if not names:
                self.send("WATCHDOG=1")
            elif not was_stuck:
                _log.error(
                    "polls make no progress; the watchdog will end this process", devices=names
                )
            was_stuck = bool(names)
            await asyncio.sleep(allowed_s * _WATCHDOG_SHARE)


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    """Return the watchdog timeout in seconds, or None if this process is not watched."""
    microseconds = environment.get("WATCHDOG_USEC", "")
    meant_for = environment.get("WATCHDOG_PID", "")
    if not microseconds.isdecimal() or meant_for not in ("", str(os.getpid())):
        return None
    return int(microseconds) / 1e6 or None
