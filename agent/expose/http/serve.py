"""The HTTP server within the agent's event loop; it binds early and stops within a second."""

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.types import ASGIApp

from agent.expose.http.uvicorn_protocol import HEADER_BYTES, MAX_CONNECTIONS, Connection
from agent.model.errors import ConfigError

_BACKLOG = 128
_KEEP_ALIVE_S = 75  # longer than a scrape interval, so that a scraper keeps its connection
_PATIENCE_S = 0.4  # for pending responses when the agent stops
_HANDSHAKE_S = 10.0  # for TLS; asyncio would wait a minute for an idle client

_REASONS = {
    errno.EADDRINUSE: "the port is in use by another program (is a rackagent running already?); "
    "stop that one or choose another port",
    errno.EADDRNOTAVAIL: "no interface of this machine has that address; "
    "use 127.0.0.1, 0.0.0.0 or an address of this machine",
    errno.EACCES: "not allowed; choose a port from 1024 on",
}


def bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to ``host`` and ``port``.

    ``host`` is a name, an IPv4 or an IPv6 address, with or without brackets; ``port`` 0 is any free
    one. Raises ConfigError that names host and port and says what to do.
    """
    name = host.removeprefix("[").removesuffix("]")
    place = (
        f"cannot listen on [{name}]:{port}" if ":" in name else f"cannot listen on {name}:{port}"
    )
    if not 0 <= port <= 65535:  # getaddrinfo would use the port modulo 65536
        raise ConfigError(f"{place}: a port is a number from 0 to 65535")
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        return socket.create_server(address, family=family, backlog=_BACKLOG)
    except (socket.gaierror, UnicodeError):
        raise ConfigError(f"{place}: the host name does not resolve") from None
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
        raise ConfigError(f"{place}: {reason}") from None


@contextlib.asynccontextmanager
async def serve(
    app: ASGIApp, host: str, port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[str, int]]:
    """Serve ``app`` while the block runs, over TLS if ``tls`` is given.

    Yield the address and port that are bound. Raises ConfigError if the address cannot be bound,
    before anything is served. Signal handling is left to the caller.
    """
    with bind(host, port) as sock:
        bound = sock.getsockname()
        server = _Server(
            uvicorn.Config(
                app,
                http=Connection,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                backlog=_BACKLOG,
                h11_max_incomplete_event_size=HEADER_BYTES,
                limit_concurrency=MAX_CONNECTIONS,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=1,
            ),
            tls,
        )
        task = asyncio.create_task(server.serve([sock]), name="http")
        try:
            yield bound[0], bound[1]
        finally:
            await _stop(server, task)


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals alone and takes a TLS context."""

    def __init__(self, config: uvicorn.Config, tls: ssl.SSLContext | None) -> None:
        super().__init__(config)
        self._tls = tls

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen on ``sockets`` with time limits for TLS, which uvicorn cannot set."""
        loop = asyncio.get_running_loop()
        self.servers = [
            await loop.create_server(
                self._connection,
                sock=sock,
                ssl=self._tls,
                backlog=_BACKLOG,
                ssl_handshake_timeout=_HANDSHAKE_S if self._tls else None,
                ssl_shutdown_timeout=_PATIENCE_S if self._tls else None,
            )
            for sock in sockets or ()
        ]
        self.started = True

    def _connection(self) -> Connection:
        return Connection(self.config, self.server_state, self.lifespan.state)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture no signals: the daemon decides when to stop."""
        yield


async def _stop(server: _Server, task: asyncio.Task[None]) -> None:
    server.should_exit = True
    await asyncio.wait({task}, timeout=_PATIENCE_S)
    for connection in list(server.server_state.connections):
        connection.transport.abort()  # a client that reads too slowly
    await asyncio.wait({task}, timeout=_PATIENCE_S)
    left = [*server.server_state.tasks, task]
    for each in left:
        each.cancel()
    for outcome in await asyncio.gather(*left, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome
