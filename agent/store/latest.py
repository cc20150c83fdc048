"""The latest state of every device: its readings, their time, and how long they are valid."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from agent.model.limits import INTERVALS_UNTIL_STALE
from agent.model.series import SeriesSet
from agent.model.values import Block, Failure, Identity, PollResult, Reading

_STEP_ROWS = 1024  # for which outputs compute what they keep, without a pause; about 2 ms


@dataclass(frozen=True, slots=True)
class RequestBlocks:
    """The blocks of one request, and the age in seconds at which they become stale."""

    blocks: tuple[Block, ...]
    limit_s: float

    def fresh(self, now: float) -> Iterator[Block]:
        """Return the blocks that are not stale at Unix time ``now``."""
        return (block for block in self.blocks if now - block.observed_at <= self.limit_s)


@dataclass(frozen=True, slots=True)
class DeviceState:
    """The state of one device after its latest poll.

    ``requests`` maps a request's position in the plan to its blocks. ``failures`` are those of the
    latest poll, ``failure_counts`` all since the start by kind. ``last_success_at`` is when a poll
    that got an answer ended. Times in Unix seconds and seconds; None before the first poll.
    """

    name: str
    polls: int = 0
    up: bool = False
    identity: Identity | None = None
    profile: str = ""
    kind: str = ""
    requests: Mapping[int, RequestBlocks] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    failure_counts: Mapping[str, int] = field(default_factory=dict)
    last_started_at: float | None = None
    last_duration_s: float | None = None
    last_success_at: float | None = None

    def blocks(self, now: float) -> Iterator[Block]:
        """Yield every block that is fresh at Unix time ``now``, by request position."""
        for position in sorted(self.requests):
            yield from self.requests[position].fresh(now)


Listener = Callable[[DeviceState, PollResult], None]
"""Called with every poll, inside ``Store.put``; it must be quick and must not raise."""

Derive = Callable[[str, SeriesSet], object]
"""Called with a device's name and a set of series.

It computes what its output (exposition, events, MQTT) needs once per set, and keeps it on the set.
"""


class Store:
    """Latest state per device; a state is replaced by each poll, never edited.

    ``stale_after_s`` names every device and the age (seconds) at which its readings are stale.
    A request that is not made in every cycle (``PollResult.intervals_s``) keeps its readings for
    three of its intervals where that is longer.
    """

    def __init__(
        self,
        stale_after_s: Mapping[str, float],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._stale_after_s = dict(stale_after_s)
        self._clock = clock
        self._states = {name: DeviceState(name) for name in stale_after_s}
        self._listeners: list[Listener] = []
        self._derive: list[Derive] = []

    @property
    def devices(self) -> tuple[str, ...]:
        """The names of all devices, in the order they were given."""
        return tuple(self._states)

    def add(self, name: str, stale_after_s: float) -> None:
        """Add a device, or reset an existing one to never polled."""
        self._stale_after_s[name] = stale_after_s
        self._states[name] = DeviceState(name)

    def remove(self, name: str) -> None:
        """Forget a device. Raises KeyError for an unknown name."""
        del self._stale_after_s[name], self._states[name]

    def subscribe(self, listener: Listener, derive: Derive | None = None) -> None:
        """Call ``listener`` after each put, in order of subscription.

        ``derive`` is called with each new set of series before the put that brings it. It computes
        what the listener needs once per set and keeps it on the set.
        """
        self._listeners.append(listener)
        if derive is not None:
            self._derive.append(derive)

    def prepare(self, device: str, blocks: Iterable[Block]) -> Iterator[None]:
        """Call each ``derive`` once per new set of series, and yield between slices of rows.

        The results are kept on the set, so that ``put`` then costs no more for a table that is new
        than for one that is known.
        """
        rows = 0
        for block in blocks:
            if not block.series.is_new:
                continue
            for derive in self._derive:
                derive(device, block.series)
            rows += len(block.series)
            if rows >= _STEP_ROWS:
                rows = 0
                yield

    def put(self, result: PollResult) -> None:
        """Store one poll and call the listeners. Raises KeyError for an unknown device."""
        state = self._after(self._states[result.device], result)
        self._states[result.device] = state
        for listener in self._listeners:
            listener(state, result)

    def device(self, name: str) -> DeviceState:
        """Return the state of one device. Raises KeyError for an unknown name."""
        return self._states[name]

    def readings(self, device: str | None = None) -> Iterator[Reading]:
        """Return all fresh readings, of one device if given. Raises KeyError for an unknown one."""
        states = list(self._states.values()) if device is None else [self._states[device]]
        now = self._clock()
        return (reading for s in states for block in s.blocks(now) for reading in block.readings())

    def now(self) -> float:
        """Return the Unix time of the store's clock."""
        return self._clock()

    def _after(self, before: DeviceState, result: PollResult) -> DeviceState:
        counts = dict(before.failure_counts)
        for failure in result.failures:
            counts[failure.kind] = counts.get(failure.kind, 0) + 1
        ended_at = result.started_at + result.duration_s
        return replace(
            before,
            polls=before.polls + 1,
            up=result.up,
            identity=result.identity or before.identity,
            profile=result.profile or before.profile,
            kind=result.kind or before.kind,
            requests=self._merge(before.requests, result) if result.up else {},
            failures=result.failures,
            failure_counts=counts,
            last_started_at=result.started_at,
            last_duration_s=result.duration_s,
            last_success_at=ended_at if result.up else before.last_success_at,
        )

    def _merge(
        self, before: Mapping[int, RequestBlocks], result: PollResult
    ) -> dict[int, RequestBlocks]:
        now = self._clock()
        kept = {
            position: earlier
            for position, earlier in before.items()
            if position not in result.blocks and any(earlier.fresh(now))
        }
        for position, blocks in result.blocks.items():
            if blocks:  # no blocks: the request failed, and its earlier readings are dropped
                kept[position] = RequestBlocks(blocks, self._limit_s(result, position))
        return kept

    def _limit_s(self, result: PollResult, position: int) -> float:
        intervals_s = result.intervals_s
        interval_s = intervals_s[position] if position < len(intervals_s) else 0.0
        return max(self._stale_after_s[result.device], INTERVALS_UNTIL_STALE * interval_s)
