"""HTTP connections with a request deadline and a limit of their number."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS = 256  # uvicorn answers 503 from this one on; further ones are closed
HEADER_BYTES = 16_384  # of the request line and headers; more is answered with 400
REQUEST_S = 10.0  # from the first byte of a request, or the connection, to its last header


class Connection(H11Protocol):
    """A uvicorn connection with a deadline for receiving a request.

    uvicorn limits only the idle time between requests; a single byte would lift that limit.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept the connection unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
        else:
            self._watch()

    def data_received(self, data: bytes) -> None:
        """Process received bytes; the deadline applies until the request is complete."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next request, for uvicorn's keep-alive time."""
        self._calm()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the deadline."""
        self._calm()
        super().connection_lost(exc)

    def _watch(self) -> None:
        # A body that arrives slowly after its response counts as an incomplete request.
        if self.cycle is not None and not self.cycle.response_complete:
            self._calm()
        elif self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(REQUEST_S, self.transport.abort)

    def _calm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
