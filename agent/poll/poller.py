"""The poller of one device: schedule, backoff and down state. One task per device.

The schedule is drift-free: cycle n starts at ``start + offset + n * interval`` on the monotonic
clock, and a cycle that overruns skips the starts it missed instead of shifting the rest. ``wake``
adds a cycle without shifting any. A device that does not answer is polled less and less often
(with jitter, up to ``Schedule.longest_backoff_s``), and its readings disappear with the first
cycle without an answer.
"""

import asyncio
import random
import secrets
import time
import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import structlog

from agent.model.values import Block, PollResult
from agent.parse.url import Url
from agent.poll.deadline import cycle_limit_s
from agent.poll.device_memory import DeviceMemory
from agent.poll.reader import DeviceReader
from agent.profile.library import Library
from agent.store.edge_log import DeviceLog
from agent.transport.base import Transport

_log = structlog.get_logger("poller")
_CYCLE_ID_BYTES = 4
_SPREAD_MAX_S = 60.0  # the longest delay of the first cycle after a start
_EARLY_GAP_S = 1.0  # between cycles that were requested with ``wake``
_CONTRADICTIONS = 3  # cycles in a row: one may come from a load that jumps between two requests


@dataclass(frozen=True, slots=True)
class Schedule:
    """The polling times of a device. In seconds."""

    interval_s: float
    longest_backoff_s: float = 60.0


Prepare = Callable[[str, Iterable[Block]], Iterator[None]]
"""Compute, in slices, what the outputs (exposition, events, MQTT) keep on new sets of series."""


class Poller:
    """Polls one device until it is cancelled; every cycle ends in one ``PollResult``."""

    def __init__(
        self,
        device: str,
        protocol: str,
        profile: str,
        library: Library,
        schedule: Schedule,
        open_transport: Callable[[], Awaitable[Transport]],
        deliver: Callable[[PollResult], None],
        url: Url | None = None,
        prepare: Prepare = lambda device, blocks: iter(()),
    ) -> None:
        """Prepare polling. ``deliver`` receives every result, ``prepare`` runs before."""
        self._device = device
        self._schedule = schedule
        self._deliver = deliver
        self._prepare = prepare
        self._reader = DeviceReader(
            *(device, protocol, profile, library, open_transport),
            url=url,
            cycle_s=schedule.interval_s,
            memory=DeviceMemory(device, _CONTRADICTIONS),
        )
        self._silent_cycles = 0
        self._edges = DeviceLog(device)
        self._late_s = 0.0
        self._woken = asyncio.Event()
        self._early_at = float("-inf")
        self._random = random.Random(device)  # noqa: S311 - jitter, not a secret

    async def run(self) -> None:
        """Poll until cancelled, then close the transport."""
        async with self._reader:
            interval = self._schedule.interval_s
            start = time.monotonic() + self.offset_s
            turn = 0
            while True:
                due_at = start + turn * interval
                early = await self._pause(due_at)
                self._late_s = 0.0 if early else max(0.0, time.monotonic() - due_at)
                await self.poll()
                turn += not early
                behind = time.monotonic() - start
                turn = max(turn, int(behind // interval) + 1 if behind > 0 else 0)
                if self._silent_cycles:
                    turn = max(turn, int((behind + self._backoff_s()) // interval))

    def wake(self) -> None:
        """Poll soon, off schedule, for example after a trap. At most one such cycle per second.

        Requests that are closer together become one cycle, which begins after the last of them.
        """
        self._woken.set()

    async def _pause(self, until: float) -> bool:
        """Wait for ``until`` (monotonic); True when woken before."""
        early = True
        try:
            async with asyncio.timeout(until - time.monotonic()):
                await self._woken.wait()
                await asyncio.sleep(self._early_at + _EARLY_GAP_S - time.monotonic())
        except TimeoutError:
            early = False
        self._woken.clear()
        if early:
            self._early_at = time.monotonic()
        return early

    @property
    def offset_s(self) -> float:
        """The offset in the interval, in seconds: spread by name, the same after every start."""
        spread = min(self._schedule.interval_s, _SPREAD_MAX_S)
        return zlib.crc32(self._device.encode()) / 2**32 * spread

    def _backoff_s(self) -> float:
        steps = min(self._silent_cycles - 1, 16)
        longest = min(self._schedule.interval_s * 2.0**steps, self._schedule.longest_backoff_s)
        return longest * self._random.uniform(0.5, 1.0)

    async def poll(self) -> PollResult:
        """Run one cycle and deliver its result. A device that fails is a result, not an exception.

        Every line that is logged meanwhile has the cycle's id.
        """
        with structlog.contextvars.bound_contextvars(cycle=secrets.token_hex(_CYCLE_ID_BYTES)):
            started_at, began = time.time(), time.monotonic()
            read = await self._reader.read(began, cycle_limit_s(self._schedule.interval_s))
            for _ in self._prepare(self._device, chain.from_iterable(read.blocks.values())):
                await asyncio.sleep(0)
            if read.uptime_s is not None:
                _log.info("device rebooted", device=self._device, uptime_s=read.uptime_s)
            profile = read.profile.name if read.profile else None
            self._edges.cycle_ended(read.answered, read.failures, profile)
            self._silent_cycles = 0 if read.answered else self._silent_cycles + 1
            result = read.result(started_at, time.monotonic() - began, self._late_s)
            self._deliver(result)
            return result
