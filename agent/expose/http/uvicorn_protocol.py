"""HTTP connections with limits: their number, how slowly a client may send, and read."""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS = 256  # uvicorn answers 503 from this one on; further ones are closed
HEADER_BYTES = 16_384  # of the request line and headers; more is answered with 400
REQUEST_S = 10.0  # from the first byte of a request, or the connection, to its last byte
BODY_BYTES = 65_536  # a longer body has to bring at least this in each further REQUEST_S
STALLED_S = 30.0  # without progress of a response that the client does not read


class Connection(H11Protocol):
    """A uvicorn connection with deadlines for receiving a request and sending its response.

    uvicorn limits only the idle time between requests; a single byte would lift that limit.
    """

    _deadline: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None
    _received = _at_deadline = 0  # bytes
    _idle_since = 0.0  # the loop's time

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept the connection; if there are too many, the longest idle one is closed."""
        super().connection_made(transport)
        self._idle_since = self.loop.time()
        if len(self.connections) >= MAX_CONNECTIONS:
            self._close_longest_idle()
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
        else:
            self._watch()

    def data_received(self, data: bytes) -> None:
        """Process received bytes; the deadline applies until the request is complete."""
        self._received += len(data)
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next request, for uvicorn's keep-alive time."""
        self._calm()
        self._idle_since = self.loop.time()
        super().on_response_complete()
        self._limit_closing()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection."""
        super().timeout_keep_alive_handler()
        self._limit_closing()

    def pause_writing(self) -> None:
        """Wait for the client to read, but not for ever."""
        super().pause_writing()
        self._limit_sending()

    def resume_writing(self) -> None:
        """Send on."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._cancel_stalled()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the deadlines."""
        self._calm()
        self._cancel_stalled()
        super().connection_lost(exc)

    def _unsupported_upgrade_warning(self) -> None:
        """Do not log what any client can ask for; the request is answered as an ordinary one."""

    def _responding(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _watch(self) -> None:
        if self.transport.is_closing():
            self._limit_closing()
        # A body that arrives slowly after its response counts as an incomplete request.
        elif self._responding() and self.conn.their_state is not h11.SEND_BODY:
            self._calm()
        elif self._deadline is None:
            self._at_deadline = self._received
            self._deadline = self.loop.call_later(REQUEST_S, self._expire)

    def _expire(self) -> None:
        self._deadline = None
        progress = self._received - self._at_deadline >= BODY_BYTES or self.flow.read_paused
        if self._responding() and progress:
            self._watch()
        else:
            self.transport.abort()

    def _calm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _limit_closing(self) -> None:
        # A closing transport first sends what waits, so a client that never reads would hold it.
        if self.transport.is_closing():
            self._limit_sending()

    def _limit_sending(self) -> None:
        if self._stalled is None:
            self._stalled = self.loop.call_later(STALLED_S, self.transport.abort)

    def _cancel_stalled(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _close_longest_idle(self) -> None:
        idle = [
            each
            for each in self.connections
            if isinstance(each, Connection) and each is not self and each._idle()
        ]
        if idle:
            longest = min(idle, key=lambda each: each._idle_since)
            longest.transport.abort()
            self.connections.discard(longest)  # connection_lost comes only later

    def _idle(self) -> bool:
        """Return whether no request is being processed and no response is being sent."""
        if self._responding() or self.transport.is_closing():
            return False
        return self.transport.get_write_buffer_size() == 0
