"""The reader of a device: opens the transport, finds the profile, makes the requests due.

All reads use it: the poller on its schedule, ``rackagent read``, ``/probe``, commissioning and the
pytest plugin.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from agent.model import smi
from agent.model.errors import (
    AuthenticationError,
    DeviceError,
    DeviceTimeout,
    DeviceUnreachable,
    TableTooLarge,
)
from agent.model.limits import CELLS_MAX, OCTETS_MAX
from agent.model.values import (
    Answer,
    Block,
    Failure,
    GetOids,
    Identity,
    PollResult,
    Reading,
)
from agent.normalise.base import FAILURES_MAX
from agent.parse.url import Url
from agent.plan import CYCLE_S, SYS_UP_TIME, Plan, make_plan, wire_cost
from agent.poll.deadline import ending
from agent.poll.device_memory import DeviceMemory, Learned
from agent.poll.identify import Identification, identify, read_identity
from agent.profile.library import Library
from agent.profile.points import Profile
from agent.transport.base import Transport
from agent.transport.modbus.transport import ModbusTransport

TICKS_PER_S = 100
"""TimeTicks, RFC 2578 section 7.1.8."""

_SILENT_REQUESTS_MAX = 2  # requests in a row without an answer that end the cycle
_DOUBLINGS_MAX = 16
_TICKS_MAX = 2**32
_WRAP_SLACK_TICKS = 600 * TICKS_PER_S


@dataclass(frozen=True, slots=True)
class DeviceRead:
    """The result of one read of a device.

    ``blocks`` are by the request's position in the plan (empty for a request that failed);
    ``intervals_s`` is the interval of each request by position, 0 for every cycle.
    ``answered`` is False if the device did not answer or refused everything. ``error`` is the
    timeout or refusal that ended the read without a value. ``profile`` and ``identity`` are None
    if the read ended before. ``uptime_s`` is sysUpTime if it decreased since the
    previous read, because the device restarted.
    """

    device: str
    answered: bool
    blocks: Mapping[int, tuple[Block, ...]]
    failures: tuple[Failure, ...]
    profile: Profile | None = None
    identity: Identity | None = None
    intervals_s: tuple[float, ...] = ()
    error: DeviceError | None = None
    uptime_s: float | None = None

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Every value as a ``Reading``, in the order of the plan."""
        return tuple(
            reading
            for position in sorted(self.blocks)
            for block in self.blocks[position]
            for reading in block.readings()
        )

    @property
    def reason(self) -> str:
        """Return why the device did not answer: the message of its first failure."""
        return self.failures[0].message if self.failures else "no answer"

    def result(self, started_at: float, duration_s: float, late_s: float = 0.0) -> PollResult:
        """Return the cycle's record. Times in Unix seconds and seconds."""
        profile = self.profile if self.answered else None
        return PollResult(
            device=self.device,
            up=self.answered,
            blocks=self.blocks if self.answered else {},
            failures=self.failures,
            started_at=started_at,
            duration_s=duration_s,
            identity=self.identity if self.answered else None,
            profile=profile.name if profile else "",
            kind=profile.kind if profile else "",
            intervals_s=self.intervals_s if self.answered else (),
            late_s=late_s,
        )


@dataclass(slots=True)
class _Session:
    """State kept while a device keeps answering: its profile, plan and identity.

    ``due`` is the time at which each request is due, by its position; ``broken`` how many times in
    a row its answer was not whole. ``uptime_ticks`` is
    sysUpTime as last read, in hundredths of a second. ``first`` is the request that the next cycle
    begins with: the one after the request in which the last cycle was ended.
    """

    plan: Plan
    learned: Learned
    identity: Identity
    due: dict[int, float] = field(default_factory=dict)
    broken: dict[int, int] = field(default_factory=dict)
    uptime_ticks: int | None = None
    first: int = 0


@dataclass(slots=True)
class _Cycle:
    """The results of one cycle so far.

    ``ends_at`` is its time limit (of the running loop), ``is_late`` whether it was exceeded.
    ``silent`` counts requests in a row without an answer, ``silence`` is the first timeout.
    ``cells`` and ``octets`` are those of all tables that were walked.
    """

    ends_at: float | None
    answers: dict[int, Answer] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    silent: int = 0
    silence: DeviceError | None = None
    is_late: bool = False
    cells: int = 0
    octets: int = 0

    @property
    def is_silent(self) -> bool:
        """True if the device stopped responding, so that other requests would only time out."""
        return self.silent >= _SILENT_REQUESTS_MAX

    def count(self, answer: Answer) -> None:
        """Raise TableTooLarge if the cycle would hold too much with ``answer``."""
        if isinstance(answer.payload, bytes):
            return
        cells = self.cells + sum(map(len, answer.payload))
        octets = self.octets + answer.octets
        if cells > CELLS_MAX or octets > OCTETS_MAX:
            raise TableTooLarge(
                f"a table (columns: {len(answer.payload)}) is left out: with it this cycle would"
                f" hold more than {CELLS_MAX} values or {OCTETS_MAX} octets"
            )
        self.cells, self.octets = cells, octets

    def fail(self, position: int, error: DeviceError) -> None:
        """Note that a request failed."""
        gone = isinstance(error, DeviceTimeout | DeviceUnreachable | AuthenticationError)
        self.silent = self.silent + 1 if gone else 0
        self.silence = self.silence or (error if gone else None)
        self.failed.append(position)
        self.failures.append(Failure(error.kind, str(error)))

    def end(self, left: Sequence[int], of: int, error: DeviceTimeout) -> None:
        """Note that the time limit ended ``left`` of ``of`` requests."""
        self.is_late = True
        self.silence = self.silence or error
        self.failed += left
        text = f"{error}; {len(left)} of {of} requests have no answer"
        self.failures.append(Failure(error.kind, text))


class DeviceReader:
    """A reader of one device, for one or many reads. An asynchronous context manager.

    The transport is opened with the first read and stays open until ``close``. A session (profile,
    plan, identity) begins with the first answer and ends with the first read that is not answered,
    because the device that answers next may be another one. One read at a time; it is safe to
    cancel.
    """

    def __init__(
        self,
        device: str,
        protocol: str,
        profile: str,
        library: Library,
        open_transport: Callable[[], Awaitable[Transport]],
        *,
        url: Url | None = None,
        cycle_s: float = CYCLE_S,
        memory: DeviceMemory | None = None,
    ) -> None:
        """Prepare reads. ``profile`` is a profile's name, or ``auto`` to identify the device.

        ``url`` gives the plan the cost of the line, ``cycle_s`` is the interval of reads in
        seconds; ``memory`` is kept across sessions.
        """
        self._device = device
        self._protocol = protocol
        self._wanted = profile
        self._library = library
        self._open_transport = open_transport
        self._url = url
        self._cycle_s = cycle_s
        self._memory = memory or DeviceMemory(device)
        self._transport: Transport | None = None
        self._session: _Session | None = None
        self._uptime: tuple[int, float] | None = None  # sysUpTime in ticks, and its time

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the transport; the next read opens another one."""
        transport, self._transport, self._session = self._transport, None, None
        if transport is not None:
            await transport.close()

    @property
    def profile(self) -> Profile | None:
        """The profile in use; None while the device does not answer."""
        return None if self._session is None else self._session.learned.profile

    async def identify(self) -> Identification:
        """Identify the device and match it with the library. Raises DeviceError."""
        unit = self._url.unit if self._url else None
        return await identify(await self._opened(), self._protocol, self._library.all(), unit)

    async def read(
        self, now: float, within_s: float | None = None, *, everything: bool = False
    ) -> DeviceRead:
        """Make the requests that are due at ``now`` (seconds of any steady clock).

        ``everything`` makes all of them. No DeviceError is raised: it is part of the result.
        Raises ConfigError if the profile or its driver is invalid.

        A request that fails affects only its own points; two timeouts in a row end the read,
        because then the device itself does not respond. After ``within_s`` seconds (None: no
        limit) the remaining requests fail. A device that restarted is identified and read again,
        since its rows may have changed.
        """
        ends_at = None if within_s is None else asyncio.get_running_loop().time() + within_s
        try:
            found = await self._cycle(now, ends_at, everything)
            uptime_s = self._restarted(now) if found.answered else None
            if uptime_s is not None:
                self._session = None
                self._memory.restarted()
                found = replace(await self._cycle(now, ends_at, everything), uptime_s=uptime_s)
        except DeviceError as error:
            failures = (Failure(error.kind, str(error)),)
            found = DeviceRead(self._device, False, {}, failures, self.profile, error=error)
        if isinstance(self._transport, ModbusTransport):
            self._transport.end_cycle()
        if not found.answered:
            if self._session is not None and any(found.blocks.values()):
                self._session.learned.refused_everything()
            self._session = None
        return found

    def _restarted(self, now: float) -> float | None:
        """Return sysUpTime in seconds if it decreased since the previous read."""
        ticks = self._session.uptime_ticks if self._session else None
        if ticks is None:
            return None
        before, self._uptime = self._uptime, (ticks, now)
        if before is None or not went_back(ticks, before[0], now - before[1]):
            return None
        return ticks / TICKS_PER_S

    async def _cycle(self, now: float, ends_at: float | None, everything: bool) -> DeviceRead:
        """Run one cycle of the session, and open the session first if necessary.

        Rows that are new make the slow requests (names, units) due in the same cycle, once, so
        that no reading is delivered under a wrong name.
        """
        async with ending(ends_at):
            transport = await self._opened()
            if self._session is None:
                self._session = await self._begin(transport)
        session, cycle = self._session, _Cycle(ends_at)
        learned, requests = session.learned, session.plan.requests
        positions = range(len(requests))
        due = [p for p in positions if everything or now >= session.due.get(p, 0.0)]
        due.sort(key=lambda position: (position < session.first, position))
        session.first = 0
        await _ask(session, transport, due, cycle)
        lost = {position: requests[position] for position in cycle.failed}
        normalised = await learned.normalised(cycle.answers, lost)
        failures = [*cycle.failures, *normalised.failures]
        rest = [position for position in positions if position not in due]
        if rest and learned.normaliser.needs_lookups and not (cycle.is_late or cycle.is_silent):
            await _ask(session, transport, rest, cycle)
            first, lost = normalised, {position: requests[position] for position in cycle.failed}
            normalised = await learned.normalised(cycle.answers, lost)
            distinct = dict.fromkeys((*first.failures, *normalised.failures))
            failures = [*cycle.failures, *distinct]
        for position, answer in cycle.answers.items():
            wait_s = requests[position].interval_s
            times = session.broken.get(position, 0)
            if answer.unread:  # in the next cycle, then more and more seldom
                wait_s = min(wait_s, self._cycle_s * (2.0 ** min(times, _DOUBLINGS_MAX) - 1))
            session.broken[position] = times + 1 if answer.unread else 0
            session.due[position] = now + wait_s
        for position in cycle.failed:
            session.due.pop(position, None)
        blocks = learned.crosschecks.apply(normalised.blocks, now)
        has_content = any(answer.has_content for answer in cycle.answers.values())
        all_refused = bool(cycle.answers) and len(due) == len(positions)
        read = [group for position, group in blocks.items() if position in cycle.answers]
        is_empty = not any(block.series for group in read for block in group)
        return DeviceRead(
            self._device,
            has_content or not (failures or all_refused),
            blocks,
            tuple(failures[:FAILURES_MAX]),
            learned.profile,
            session.identity,
            tuple(request.interval_s for request in requests),
            cycle.silence if is_empty else None,
        )

    async def _begin(self, transport: Transport) -> _Session:
        """Find the profile, read the identity of the device, make the plan."""
        if self._wanted == "auto":
            profile = (await self.identify()).profile
            if isinstance(transport, ModbusTransport):
                # The line was opened before anybody knew what the device needs.
                transport.serve(profile.quirks)
        else:
            profile = self._library.get(self._wanted)
        cost = wire_cost(self._url, profile) if self._url else None
        plan = make_plan(profile, cost, self._cycle_s)
        driver = self._memory.of(profile).driver
        identity, _ = await read_identity(transport, profile, plan, driver)
        return _Session(plan, self._memory.identify(profile, identity), identity)

    async def _opened(self) -> Transport:
        if self._transport is None:
            self._transport = await self._open_transport()
        return self._transport


async def _ask(
    session: _Session, transport: Transport, positions: Sequence[int], cycle: _Cycle
) -> None:
    """Make the requests at ``positions``; answers and failures go into ``cycle``."""
    try:
        async with ending(cycle.ends_at):
            for position in positions:
                await _ask_one(session, transport, position, cycle)
    except DeviceTimeout as error:
        left = [p for p in positions if p not in cycle.answers and p not in cycle.failed]
        session.first = left[1] if len(left) > 1 else 0
        cycle.end(left, len(positions), error)


async def _ask_one(session: _Session, transport: Transport, position: int, cycle: _Cycle) -> None:
    if cycle.is_silent:
        cycle.failed.append(position)
        return
    try:
        answer = await session.learned.driver.read(session.plan.requests[position], transport)
        cycle.count(answer)
    except DeviceError as error:
        cycle.fail(position, error)
        return
    cycle.silent = 0
    cycle.answers[position] = answer
    ticks = _uptime_ticks(answer)
    session.uptime_ticks = session.uptime_ticks if ticks is None else ticks


def _uptime_ticks(answer: Answer) -> int | None:
    """Return sysUpTime if ``answer`` contains it."""
    if not isinstance(answer.request, GetOids) or SYS_UP_TIME not in answer.request.oids:
        return None
    assert not isinstance(answer.payload, bytes)  # noqa: S101 - bytes only answer registers
    for name, tag, value in answer.payload[0]:
        if name == SYS_UP_TIME and tag == smi.TIME_TICKS and isinstance(value, int):
            return value
    return None


def went_back(ticks: int, before_ticks: int, elapsed_s: float) -> bool:
    """Return whether sysUpTime shows that the SNMP agent restarted in the last ``elapsed_s``.

    An overflow after 2^32 ticks (497 days) is not a restart, if ``before_ticks`` was near it.
    """
    reached = before_ticks + elapsed_s * TICKS_PER_S + _WRAP_SLACK_TICKS
    return ticks < before_ticks and reached < _TICKS_MAX
