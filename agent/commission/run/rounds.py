"""Reads a whole rack round by round: every device at once, each by its own profile."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from agent.commission.records import Sample
from agent.commission.run.clock import Jumps
from agent.commission.spec.inventory import introduced
from agent.commission.spec.models import POLLS
from agent.config import Config, DeviceConfig
from agent.model.errors import DeviceError
from agent.model.limits import Limits
from agent.model.values import Block, Quality
from agent.poll.deadline import cycle_limit_s, ending
from agent.poll.device_memory import DeviceMemory
from agent.poll.poller import Session, open_session, read_once
from agent.transport.base import Transport
from agent.transport.factory import Transports

_AT_ONCE = 32  # devices that are read side by side
_CONTRADICTIONS = 2  # in a row, and readings are doubted


@dataclass(slots=True)
class _Line:
    """A device and, while it answers, the way to it."""

    device: DeviceConfig
    memory: DeviceMemory
    transport: Transport | None = None
    session: Session | None = None


class Rounds:
    """The devices of one rack. An asynchronous context manager.

    ``now`` is the rack's clock: it stamps samples and says which slow requests are due.
    """

    def __init__(
        self,
        config: Config,
        interval_s: float,
        now: Callable[[], float],
        jumps: Jumps | None = None,
    ) -> None:
        self.interval_s, self._now = interval_s, now
        self._config = config
        self._lines = [
            _Line(device, DeviceMemory(device.name, _CONTRADICTIONS)) for device in config.devices
        ]
        self._transports = Transports(config.quirks())
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._jumps = jumps or Jumps()
        self.failures: dict[str, str] = {}

    async def __aenter__(self) -> "Rounds":
        return self

    async def __aexit__(self, *_: object) -> None:
        for line in self._lines:
            await self._drop(line)
        await self._transports.close()

    async def look(self) -> list[tuple[Sample, float]]:
        """One round: every sample, and how often its series is asked for (seconds).

        ``failures`` says of each device that did not answer why.
        """
        began = self._now()
        found = await asyncio.gather(*(self._guarded(line, began) for line in self._lines))
        read = [pair for samples in found for pair in samples]
        moved = self._jumps.since_last()
        return [(_doubtful(s, moved), every_s) for s, every_s in read] if moved else read

    def shows(self) -> Mapping[str, frozenset[str]]:
        """The metrics that each device's profile has, of those whose profile is known."""
        return {
            line.device.name: frozenset(point.metric.name for point in line.session.profile.points)
            | {POLLS}
            for line in self._lines
            if line.session is not None
        }

    def profiles(self) -> frozenset[str]:
        """The profiles that devices are read by, of those whose profile is known."""
        return frozenset(line.session.profile.name for line in self._lines if line.session)

    async def _guarded(self, line: _Line, at: float) -> list[tuple[Sample, float]]:
        name = line.device.name
        async with self._places:
            try:
                samples = await self._read(line, at)
            except DeviceError as error:
                await self._drop(line)
                self.failures[name] = str(error)
                samples = []
        answered = 1.0 if samples else 0.0
        if samples:
            self.failures.pop(name, None)
        poll = Sample(name, POLLS, (), answered, Quality.GOOD, at)
        return [*samples, (poll, self.interval_s)]

    async def _read(self, line: _Line, at: float) -> list[tuple[Sample, float]]:
        within_s = cycle_limit_s(self.interval_s)
        if line.transport is None or line.session is None:
            async with ending(asyncio.get_running_loop().time() + within_s):
                await self._open(line)
        transport, session = line.transport, line.session
        assert transport is not None and session is not None  # just opened  # noqa: S101, PT018
        wall = time.time()
        blocks, failures, answered = await read_once(session, transport, at, within_s)
        if not answered:
            await self._drop(line)
            what = failures[0].message if failures else "no answer"
            self.failures[line.device.name] = what
            return []
        samples = [
            pair
            for position, found in blocks.items()
            for pair in self._samples(found, at, wall, session.intervals_s[position])
        ]
        who = introduced(line.device.name, session.identity, at)
        return [*samples, (who, self.interval_s)]

    def _samples(
        self, blocks: tuple[Block, ...], at: float, wall: float, interval_s: float
    ) -> Iterator[tuple[Sample, float]]:
        every_s = max(self.interval_s, interval_s)
        now = self._now()  # of the rack: in a rehearsal it stands still while devices are read
        for block in blocks:
            for reading in block.readings():
                when = min(at + max(0.0, reading.observed_at - wall), now)
                yield Sample.of(reading, when), every_s

    async def _open(self, line: _Line) -> None:
        device = line.device
        limits = Limits(timeout_s=device.timeout_s, retries=device.retries)
        transport = await self._transports.open(
            device.url, device.credentials, limits, device.engine
        )
        try:
            line.session = await open_session(
                *(device.name, transport, device.url.protocol, device.profile),
                self._config.library,
                device.url,
                self.interval_s,
                line.memory,
            )
        except (DeviceError, asyncio.CancelledError):
            await transport.close()
            raise
        line.transport = transport

    async def _drop(self, line: _Line) -> None:
        if line.transport is not None:
            await line.transport.close()
        line.transport = line.session = None


def _doubtful(sample: Sample, moved: float) -> Sample:
    """A sample that nobody knows the time of."""
    reason = f"this machine's clock was set by {moved:+.1f} s"
    return replace(sample, quality=Quality.BAD, reason=reason)
