"""Look up host names without the event loop's own resolver threads.

A look-up cannot be cancelled, and a dead DNS server holds it for many seconds. The loop has few
threads for look-ups, and configured devices and the broker need them.
"""

import asyncio
import socket
import threading
from contextlib import suppress


class TooManyLookups(Exception):
    """The look-ups that have not ended reach the limit."""


class Resolver:
    """Resolves names in at most ``at_once`` threads of its own, which do not delay an exit."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._running = 0

    async def addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host in the resolver's order; a literal address is itself.

        Raises OSError or UnicodeError for a name that does not resolve, TooManyLookups.
        """
        with suppress(socket.gaierror):
            return _lookup(host, port, socket.AI_NUMERICHOST)  # does not wait
        if self._running >= self._at_once:
            raise TooManyLookups
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[str]] = loop.create_future()

        def work() -> None:
            try:
                result: list[str] | OSError | UnicodeError = _lookup(host, port, 0)
            except (OSError, UnicodeError) as error:
                result = error
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._end, found, result)

        threading.Thread(target=work, name="lookup", daemon=True).start()
        self._running += 1
        return await found

    def _end(
        self, found: "asyncio.Future[list[str]]", result: list[str] | OSError | UnicodeError
    ) -> None:
        self._running -= 1
        if found.cancelled():
            return
        if isinstance(result, list):
            found.set_result(result)
        else:
            found.set_exception(result)


def _lookup(host: str, port: int, flags: int) -> list[str]:
    places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [str(place[0]) for *_, place in places]
