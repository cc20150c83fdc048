"""Poll rounds over a whole rack, as samples."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from agent.commission.records import Sample
from agent.commission.run.clock import Jumps
from agent.commission.spec.inventory import identity_sample
from agent.commission.spec.models import POLLS
from agent.config import Config
from agent.model.values import Quality
from agent.poll.rack_reader import RackReader
from agent.poll.reader import DeviceRead

_CONTRADICTIONS = 2  # in a row make readings doubtful
_LONGEST_INTERVALS = 3.0  # of a round: abort limits are looked at after each one
_LONGEST_AT_LEAST_S = 10.0  # so that a device that is silent or restarts is seen to be that


class Rounds:
    """The devices of one rack. An asynchronous context manager.

    ``now`` is the rack's clock: it stamps samples and decides which slow requests are due.
    """

    def __init__(
        self,
        config: Config,
        interval_s: float,
        now: Callable[[], float],
        jumps: Jumps | None = None,
    ) -> None:
        self.interval_s, self._now = interval_s, now
        self._rack = RackReader(config, interval_s, _CONTRADICTIONS)
        self._jumps = jumps or Jumps()
        self.failures: dict[str, str] = {}
        self._within_s: float | None = None

    async def __aenter__(self) -> "Rounds":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._rack.close()

    async def read(self) -> list[tuple[Sample, float]]:
        """Read one round: pairs of a sample and the poll interval of its series in seconds.

        Afterwards ``failures`` has the reason for each device that did not answer. The first
        round takes as long as identifying the devices takes; later, one slow device delays the
        abort limits of the others by three intervals, or ten seconds, at most.
        """
        at, wall = self._now(), time.time()
        reads = await self._rack.read(at, self._within_s)
        self._within_s = max(_LONGEST_INTERVALS * self.interval_s, _LONGEST_AT_LEAST_S)
        self.failures = {name: read.reason for name, read in reads.items() if not read.answered}
        found = [pair for read in reads.values() for pair in self._samples(read, at, wall)]
        moved = self._jumps.since_last()
        return [(_doubtful(s, moved), every_s) for s, every_s in found] if moved else found

    def shows(self) -> Mapping[str, frozenset[str]]:
        """Return the metrics of each device's profile, for devices whose profile is known."""
        return {
            device: frozenset(point.metric.name for point in profile.points) | {POLLS}
            for device, profile in self._rack.profiles().items()
        }

    def profiles(self) -> frozenset[str]:
        """Return the names of the profiles in use."""
        return frozenset(profile.name for profile in self._rack.profiles().values())

    def _samples(self, read: DeviceRead, at: float, wall: float) -> Iterator[tuple[Sample, float]]:
        """Yield the samples of one device in the round that began at ``at``.

        ``wall`` is that instant by the clock of this machine. Both are Unix seconds.
        """
        if read.answered:
            now = self._now()  # of the rack; in a rehearsal it is constant during a round
            for position, blocks in read.blocks.items():
                every_s = max(self.interval_s, read.intervals_s[position])
                for reading in (each for block in blocks for each in block.readings()):
                    when = min(at + max(0.0, reading.observed_at - wall), now)
                    yield Sample.of(reading, when), every_s
            if read.identity is not None:
                yield identity_sample(read.device, read.identity, at), self.interval_s
        answered = 1.0 if read.answered else 0.0
        yield Sample(read.device, POLLS, (), answered, Quality.GOOD, at), self.interval_s


def _doubtful(sample: Sample, moved: float) -> Sample:
    """Return the sample with bad quality, because its time is unknown."""
    reason = f"this machine's clock was set by {moved:+.1f} s"
    return replace(sample, quality=Quality.BAD, reason=reason)
