"""One HTTP connection that cannot be held open by saying little, nor opened without end."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS = 256  # uvicorn answers 503 from this one on; further ones are dropped unheard
HEADER_BYTES = 16_384  # a request's line and headers; more is answered with 400
REQUEST_S = 10.0  # from the first byte of a request, or the connection, to its last header


class Connection(H11Protocol):
    """uvicorn's connection with a deadline on requests.

    uvicorn has one for connections that are idle between requests only: a single byte would lift
    it for good.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
        else:
            self._watch()

    def data_received(self, data: bytes) -> None:
        """Read on; the clock runs until the request is whole."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next request, as long as uvicorn keeps connections."""
        self._calm()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        self._calm()
        super().connection_lost(exc)

    def _watch(self) -> None:
        # A body that trickles in after its answer counts as a request that does not get whole.
        if self.cycle is not None and not self.cycle.response_complete:
            self._calm()
        elif self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(REQUEST_S, self.transport.abort)

    def _calm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
