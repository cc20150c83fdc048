"""How long one cycle of a device may take: each one ends, however slowly the device answers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from agent.model.errors import DeviceTimeout

_INTERVALS = 3.0
_SHORTEST_S = 60.0
_LONGEST_S = 240.0  # with the longest backoff below what Agent.stuck takes for a hung poller


def cycle_limit_s(interval_s: float) -> float:
    """Return how long (seconds) a cycle of a device with this interval may take."""
    return min(max(_INTERVALS * interval_s, _SHORTEST_S), _LONGEST_S)


@contextlib.asynccontextmanager
async def ending(at: float | None) -> AsyncIterator[None]:
    """Raise DeviceTimeout where the block goes on beyond ``at``, a time of the running loop.

    None sets no limit.
    """
    try:
        async with asyncio.timeout_at(at) as limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise DeviceTimeout("the device answers too slowly: its cycle was ended") from None
