"""One device's polling: schedule, deadlines, backoff, down state. One task per device.

The schedule is drift-free: cycle n starts at ``start + offset + n * interval`` on the monotonic
clock, and a cycle that overruns skips the starts it missed instead of shifting the rest. ``wake``
puts a cycle in between without shifting any. A device that does not answer is asked less and less
often (with jitter, up to ``Schedule.longest_backoff_s``), and its readings vanish with the first
silent cycle.
"""

import asyncio
import random
import secrets
import time
import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

import structlog

from agent.model import smi
from agent.model.errors import AuthenticationError, DeviceError, DeviceTimeout, DeviceUnreachable
from agent.model.values import Answer, Block, Failure, GetOids, Identity, PollResult
from agent.normalise.base import Normalised, Normaliser
from agent.parse.url import Url
from agent.plan import CYCLE_S, SYS_UP_TIME, Plan, make_plan, wire_cost
from agent.poll.device_memory import DeviceMemory, Learned
from agent.poll.identify import identify, read_identity
from agent.profile.library import Library
from agent.profile.points import Profile
from agent.store.edge_log import DeviceLog
from agent.transport.base import Transport

_log = structlog.get_logger("poller")
_SILENT_REQUESTS_MAX = 2  # in a row, and the device counts as gone for this cycle
_FAILURES_KEPT = 50
_CYCLE_ID_BYTES = 4
_SPREAD_MAX_S = 60.0  # a slow device is not left unread for longer than this after a start
_EARLY_GAP_S = 1.0  # between cycles that were asked for with ``wake``
_CONTRADICTIONS = 3  # in a row: a load that jumps between two requests contradicts itself once
_TICKS_PER_S = 100  # TimeTicks, RFC 2578 section 7.1.8
_TICKS_MAX = 2**32
_WRAP_SLACK_TICKS = 600 * _TICKS_PER_S


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a device is polled. Times in seconds."""

    interval_s: float
    longest_backoff_s: float = 60.0


@dataclass(slots=True)
class Session:
    """What holds while a device answers: its profile, plan and who it is.

    ``due`` is when (monotonic) each request is to be made again, by its position. ``uptime_ticks``
    is sysUpTime as last read, in hundredths of a second.
    """

    profile: Profile
    plan: Plan
    learned: Learned
    identity: Identity
    due: dict[int, float] = field(default_factory=dict)
    uptime_ticks: int | None = None

    @property
    def intervals_s(self) -> tuple[float, ...]:
        """How often each request of the plan is made."""
        return tuple(request.interval_s for request in self.plan.requests)


async def open_session(
    device: str,
    transport: Transport,
    protocol: str,
    wanted: str,
    library: Library,
    url: Url | None = None,
    cycle_s: float = CYCLE_S,
    memory: DeviceMemory | None = None,
) -> Session:
    """Find the profile (``auto`` asks the device), read who it is, make the plan.

    ``url`` tells the plan what the line costs, ``cycle_s`` how often a cycle is; ``memory`` is
    that of earlier sessions of the device. Raises DeviceError when the device cannot be asked or
    nothing fits, ConfigError when the profile or its driver is wrong.
    """
    if wanted == "auto":
        unit = url.unit if url else None
        profile = (await identify(transport, protocol, library.all(), unit)).profile
    else:
        profile = library.get(wanted)
    plan = make_plan(profile, wire_cost(url, profile) if url else None, cycle_s)
    memory = memory or DeviceMemory(device)
    identity, _ = await read_identity(transport, profile, plan, memory.of(profile).driver)
    return Session(profile, plan, memory.identify(profile, identity), identity)


@dataclass(slots=True)
class _Cycle:
    """What one cycle has brought so far. ``silent`` counts requests in a row without answer."""

    answers: dict[int, Answer] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    silent: int = 0


async def read_once(
    session: Session, transport: Transport, now: float
) -> tuple[Mapping[int, tuple[Block, ...]], tuple[Failure, ...], bool]:
    """One cycle: the requests that are due at ``now`` (monotonic), normalised.

    Returns blocks by request position (empty for a request that failed), failures, and whether
    anything answered. A request that fails costs only its own points; two silences in a row end
    the cycle, because then the device itself is gone. Rows that are new make the slow requests
    (names, units) due in the same cycle, once, so that nothing is delivered under a wrong name.
    """
    cycle = _Cycle()
    everything = range(len(session.plan.requests))
    due = [position for position in everything if now >= session.due.get(position, 0.0)]
    await _ask(session, transport, now, due, cycle)
    normaliser = session.learned.normaliser
    normalised = await _normalised(normaliser, cycle.answers)
    failures = [*cycle.failures, *normalised.failures]
    rest = [position for position in everything if position not in due]
    if rest and normaliser.wants_slow and cycle.silent < _SILENT_REQUESTS_MAX:
        await _ask(session, transport, now, rest, cycle)
        first, normalised = normalised, await _normalised(normaliser, cycle.answers)
        told = dict.fromkeys((*first.failures, *normalised.failures))
        failures = [*cycle.failures, *told]
    held = session.learned.crosschecks.apply(normalised.blocks, now)
    blocks = {**held, **dict.fromkeys(cycle.failed, ())}
    said_something = any(answer.told for answer in cycle.answers.values())
    all_refused = bool(cycle.answers) and len(due) == len(everything)
    answered = said_something or not (failures or all_refused)
    return blocks, tuple(failures[:_FAILURES_KEPT]), answered


async def _normalised(normaliser: Normaliser, answers: Mapping[int, Answer]) -> Normalised:
    """Normalise in slices: the first look at a table of a thousand rows takes long."""
    steps = normaliser.steps(answers)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            found: Normalised = done.value
            return found
        await asyncio.sleep(0)


async def _ask(
    session: Session, transport: Transport, now: float, positions: Iterable[int], cycle: _Cycle
) -> None:
    """Make the requests at ``positions``; what comes of them goes into ``cycle``."""
    for position in positions:
        request = session.plan.requests[position]
        if cycle.silent >= _SILENT_REQUESTS_MAX:
            cycle.failed.append(position)
            continue
        try:
            answer = await session.learned.driver.read(request, transport)
        except DeviceError as error:
            gone = isinstance(error, DeviceTimeout | DeviceUnreachable | AuthenticationError)
            cycle.silent = cycle.silent + 1 if gone else 0
            cycle.failed.append(position)
            session.due.pop(position, None)
            cycle.failures.append(Failure(error.kind, str(error)))
            continue
        cycle.silent = 0
        cycle.answers[position] = answer
        session.due[position] = now + request.interval_s
        ticks = _uptime_ticks(answer)
        session.uptime_ticks = session.uptime_ticks if ticks is None else ticks


def _uptime_ticks(answer: Answer) -> int | None:
    """SysUpTime where ``answer`` holds it."""
    if not isinstance(answer.request, GetOids) or SYS_UP_TIME not in answer.request.oids:
        return None
    assert not isinstance(answer.payload, bytes)  # noqa: S101 - bytes only answer registers
    for name, tag, value in answer.payload[0]:
        if name == SYS_UP_TIME and tag == smi.TIME_TICKS and isinstance(value, int):
            return value
    return None


def went_back(ticks: int, before_ticks: int, elapsed_s: float) -> bool:
    """Whether sysUpTime says that the agent started anew in the last ``elapsed_s``.

    The turn over after 2^32 ticks (497 days) is none, where ``before_ticks`` was near it.
    """
    reached = before_ticks + elapsed_s * _TICKS_PER_S + _WRAP_SLACK_TICKS
    return ticks < before_ticks and reached < _TICKS_MAX


Prepare = Callable[[str, Iterable[Block]], Iterator[None]]
"""Derives from a device's new sets of series what outlets need, in slices."""


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
        """``deliver`` gets every result; ``prepare`` is iterated over before, in slices."""
        self._device = device
        self._protocol = protocol
        self._profile = profile
        self._library = library
        self._schedule = schedule
        self._open_transport = open_transport
        self._deliver = deliver
        self._url = url
        self._prepare = prepare
        self._session: Session | None = None
        self._memory = DeviceMemory(device, _CONTRADICTIONS)
        self._silent_cycles = 0
        self._told = DeviceLog(device)
        self._uptime: tuple[int, float] | None = None  # ticks, and when (monotonic)
        self._late_s = 0.0
        self._woken = asyncio.Event()
        self._early_at = float("-inf")
        self._random = random.Random(device)  # noqa: S311 - jitter, not a secret

    async def run(self) -> None:
        """Poll for ever. Cancelling ends it cleanly, with the transport closed."""
        transport = await self._open_transport()
        try:
            interval = self._schedule.interval_s
            start = time.monotonic() + self.offset_s
            turn = 0
            while True:
                due_at = start + turn * interval
                early = await self._pause(due_at)
                self._late_s = 0.0 if early else max(0.0, time.monotonic() - due_at)
                await self.poll(transport)
                turn += not early
                behind = time.monotonic() - start
                turn = max(turn, int(behind // interval) + 1 if behind > 0 else 0)
                if self._silent_cycles:
                    turn = max(turn, int((behind + self._backoff_s()) // interval))
        finally:
            await transport.close()

    def wake(self) -> None:
        """Poll at once, off schedule: something happened. At most one such cycle per second.

        What comes closer together becomes one cycle, which begins after the last of it.
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
        """This device's place in the interval: spread by name, the same after every start."""
        spread = min(self._schedule.interval_s, _SPREAD_MAX_S)
        return zlib.crc32(self._device.encode()) / 2**32 * spread

    def _backoff_s(self) -> float:
        steps = min(self._silent_cycles - 1, 16)
        longest = min(self._schedule.interval_s * 2.0**steps, self._schedule.longest_backoff_s)
        return longest * self._random.uniform(0.5, 1.0)

    async def poll(self, transport: Transport) -> PollResult:
        """One cycle, delivered. Never raises DeviceError: it is caught here and nowhere else.

        Every line that is logged meanwhile has the cycle's id, whoever writes it.
        """
        with structlog.contextvars.bound_contextvars(cycle=secrets.token_hex(_CYCLE_ID_BYTES)):
            return await self._poll(transport)

    async def _poll(self, transport: Transport) -> PollResult:
        started_at, began = time.time(), time.monotonic()
        blocks: Mapping[int, tuple[Block, ...]] = {}
        failures: tuple[Failure, ...] = ()
        try:
            known = not self._memory.is_empty
            blocks, failures, up = await self._read(transport, began)
            if self._rebooted(up, began) and known:
                self._session = None
                self._memory.restarted()
                blocks, failures, up = await self._read(transport, began)
        except DeviceError as error:
            failures, up = (Failure(error.kind, str(error)),), False
        for _ in self._prepare(self._device, chain.from_iterable(blocks.values())):
            await asyncio.sleep(0)
        if self._session is not None and not up and any(blocks.values()):
            self._session.learned.refused_everything()
        self._remember(up, failures)
        result = PollResult(
            device=self._device,
            up=up,
            blocks=blocks if up else {},
            failures=failures,
            started_at=started_at,
            duration_s=time.monotonic() - began,
            identity=self._session.identity if self._session else None,
            profile=self._session.profile.name if self._session else "",
            kind=self._session.profile.kind if self._session else "",
            intervals_s=self._session.intervals_s if self._session else (),
            late_s=self._late_s,
        )
        self._deliver(result)
        return result

    async def _read(
        self, transport: Transport, now: float
    ) -> tuple[Mapping[int, tuple[Block, ...]], tuple[Failure, ...], bool]:
        """One cycle of the session, which begins with it where there is none."""
        if self._session is None:
            self._session = await open_session(
                self._device,
                transport,
                self._protocol,
                self._profile,
                self._library,
                self._url,
                self._schedule.interval_s,
                self._memory,
            )
        return await read_once(self._session, transport, now)

    def _rebooted(self, up: bool, now: float) -> bool:
        """Whether sysUpTime went backwards: then everything once learnt may be different now."""
        ticks = self._session.uptime_ticks if up and self._session else None
        if ticks is None:
            return False
        before, self._uptime = self._uptime, (ticks, now)
        if before is None or not went_back(ticks, before[0], now - before[1]):
            return False
        _log.info("device rebooted", device=self._device, uptime_s=ticks / _TICKS_PER_S)
        return True

    def _remember(self, up: bool, failures: tuple[Failure, ...]) -> None:
        """Have transitions told once; a device that was gone is asked anew who it is."""
        self._told.tell(up, failures, self._session.profile.name if self._session else None)
        self._silent_cycles = 0 if up else self._silent_cycles + 1
        if not up:
            self._session = None
