"""The seam between the agent and the wires: one request in, one answer out."""

from typing import Protocol

from agent.model.values import Answer, Request


class Transport(Protocol):
    """A way to one device.

    ``fetch`` raises DeviceTimeout, DeviceUnreachable, AuthenticationError, ProtocolError or
    RequestRejected when the whole request failed; a part that failed is a Failure in the answer.
    It is safe to cancel. ``close`` gives every socket and task back and may be called twice.
    """

    async def fetch(self, request: Request) -> Answer:
        """Carry out one request within its deadline."""
        ...

    async def close(self) -> None:
        """Leave nothing behind."""
        ...
