"""The interface of transports: one request in, one answer out."""

from typing import Protocol

from agent.model.values import Answer, Request


class Transport(Protocol):
    """Access to one device.

    ``fetch`` raises DeviceTimeout, DeviceUnreachable, AuthenticationError, ProtocolError or
    RequestRejected if the whole request failed; a part that failed is a Failure in the answer.
    It is safe to cancel. ``close`` closes every socket, ends every task and may be called twice.
    """

    async def fetch(self, request: Request) -> Answer:
        """Carry out one request within its deadline."""
        ...

    async def close(self) -> None:
        """Close the sockets and end the tasks of this transport."""
        ...
