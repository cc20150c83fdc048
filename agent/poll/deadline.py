"""The time limit of one cycle of a device, so that each one ends even if answers are slow."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from agent.model.errors import DeviceTimeout

_INTERVALS = 3.0
_SHORTEST_S = 60.0
_LONGEST_S = 240.0  # plus the longest backoff this is below the limit of Agent.stuck


def cycle_limit_s(interval_s: float) -> float:
    """Return the time limit in seconds of a cycle of a device with this interval."""
    return min(max(_INTERVALS * interval_s, _SHORTEST_S), _LONGEST_S)


@contextlib.asynccontextmanager
async def ending(at: float | None) -> AsyncIterator[None]:
    """Raise DeviceTimeout if the block runs beyond ``at``, a time of the running event loop.

    None sets no limit.
    """
    try:
        async with asyncio.timeout_at(at) as limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise DeviceTimeout("the device answers too slowly: its cycle was ended") from None
