"""One device's polling: schedule, deadlines, backoff, down state. One task per device.

The schedule is drift-free: cycle n starts at ``start + offset + n * interval`` on the monotonic
clock, and a cycle that overruns skips the starts it missed instead of shifting the rest. A device
that does not answer is asked less and less often (with jitter, up to ``Backoff.longest_s``), and
its readings vanish with the first silent cycle.
"""

import asyncio
import random
import time
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import structlog

from agent.driver import Driver, find_driver
from agent.errors import (
    AuthenticationError,
    DeviceError,
    DeviceTimeout,
    DeviceUnreachable,
)
from agent.identify import identify, read_identity
from agent.normalise.base import Normaliser
from agent.normalise.modbus import ModbusNormaliser
from agent.normalise.snmp import SnmpNormaliser
from agent.plan import Plan, make_plan
from agent.profile.library import Library
from agent.profile.points import Profile
from agent.transport.base import Transport
from agent.values import Answer, Block, Failure, Identity, PollResult

_log = structlog.get_logger("poller")
_SILENT_REQUESTS_MAX = 2  # in a row, and the device counts as gone for this cycle
_FAILURES_KEPT = 50


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a device is polled. Times in seconds."""

    interval_s: float
    longest_backoff_s: float = 60.0


@dataclass(slots=True)
class Session:
    """What is known of a device once it has answered: its profile, plan and compiled rows."""

    profile: Profile
    plan: Plan
    normaliser: Normaliser
    driver: Driver
    identity: Identity
    due: dict[int, float] = field(default_factory=dict)

    @property
    def intervals_s(self) -> tuple[float, ...]:
        """How often each request of the plan is made."""
        return tuple(request.interval_s for request in self.plan.requests)


def make_normaliser(device: str, profile: Profile) -> Normaliser:
    """The normaliser for the profile's protocol."""
    if profile.protocol == "snmp":
        return SnmpNormaliser(device, profile)
    return ModbusNormaliser(device, profile)


async def open_session(
    device: str, transport: Transport, protocol: str, wanted: str, library: Library
) -> Session:
    """Find the profile (``auto`` asks the device), read who it is, make the plan.

    Raises DeviceError when the device cannot be asked or nothing fits, ConfigError when the
    profile or its driver is wrong.
    """
    if wanted == "auto":
        profile = (await identify(transport, protocol, library.all())).profile
    else:
        profile = library.get(wanted)
    plan = make_plan(profile)
    driver = find_driver(profile.driver)
    identity, _ = await read_identity(transport, profile, plan)
    return Session(profile, plan, make_normaliser(device, profile), driver, identity)


async def read_once(
    session: Session, transport: Transport, now: float
) -> tuple[Mapping[int, tuple[Block, ...]], tuple[Failure, ...], bool]:
    """One cycle: the requests that are due at ``now`` (monotonic), normalised.

    Returns blocks by request position (empty for a request that failed), failures, and whether
    anything answered. A request that fails costs only its own points; two silences in a row end
    the cycle, because then the device itself is gone.
    """
    answers: dict[int, Answer] = {}
    failures: list[Failure] = []
    failed: list[int] = []
    silent = 0
    for position, request in enumerate(session.plan.requests):
        if now < session.due.get(position, 0.0):
            continue
        if silent >= _SILENT_REQUESTS_MAX:
            failed.append(position)
            continue
        try:
            answers[position] = await session.driver.read(request, transport)
            silent = 0
            session.due[position] = now + request.interval_s
        except (DeviceTimeout, DeviceUnreachable, AuthenticationError) as error:
            silent += 1
            failed.append(position)
            failures.append(Failure(error.kind, str(error)))
        except DeviceError as error:
            silent = 0
            failed.append(position)
            failures.append(Failure(error.kind, str(error)))
    normalised = session.normaliser.normalise(answers)
    if session.normaliser.wants_slow:
        session.due = {}
    blocks = {**normalised.blocks, **{position: () for position in failed}}
    failures += normalised.failures
    answered = bool(answers) or not failures
    return blocks, tuple(failures[:_FAILURES_KEPT]), answered


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
    ) -> None:
        self._device = device
        self._protocol = protocol
        self._profile = profile
        self._library = library
        self._schedule = schedule
        self._open_transport = open_transport
        self._deliver = deliver
        self._session: Session | None = None
        self._silent_cycles = 0
        self._was_up: bool | None = None
        self._random = random.Random(device)  # noqa: S311 - jitter, not a secret

    async def run(self) -> None:
        """Poll for ever. Cancelling ends it cleanly, with the transport closed."""
        transport = await self._open_transport()
        try:
            interval = self._schedule.interval_s
            start = time.monotonic() + self.offset_s
            turn = 0
            while True:
                await asyncio.sleep(max(0.0, start + turn * interval - time.monotonic()))
                await self.poll(transport)
                turn += 1
                behind = time.monotonic() - start
                turn = max(turn, int(behind // interval) + 1 if behind > 0 else 0)
                if self._silent_cycles:
                    turn = max(turn, int((behind + self._backoff_s()) // interval))
        finally:
            await transport.close()

    @property
    def offset_s(self) -> float:
        """This device's place in the interval: spread by name, the same after every start."""
        spread = min(self._schedule.interval_s, 10.0)
        return zlib.crc32(self._device.encode()) / 2**32 * spread

    def _backoff_s(self) -> float:
        steps = min(self._silent_cycles - 1, 16)
        longest = min(self._schedule.interval_s * 2.0**steps, self._schedule.longest_backoff_s)
        return longest * self._random.uniform(0.5, 1.0)

    async def poll(self, transport: Transport) -> PollResult:
        """One cycle, delivered. Never raises DeviceError: it is caught here and nowhere else."""
        started_at, began = time.time(), time.monotonic()
        blocks: Mapping[int, tuple[Block, ...]] = {}
        failures: tuple[Failure, ...] = ()
        try:
            if self._session is None:
                self._session = await open_session(
                    self._device, transport, self._protocol, self._profile, self._library
                )
            blocks, failures, up = await read_once(self._session, transport, began)
        except DeviceError as error:
            failures, up = (Failure(error.kind, str(error)),), False
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
        )
        self._deliver(result)
        return result

    def _remember(self, up: bool, failures: tuple[Failure, ...]) -> None:
        """Log transitions once; a device that was gone is asked anew who it is."""
        if up:
            if self._was_up is not True:
                profile = self._session.profile.name if self._session else None
                event = "device up" if self._was_up is None else "device recovered"
                _log.info(event, device=self._device, profile=profile, missed=self._silent_cycles)
            self._silent_cycles = 0
        else:
            self._silent_cycles += 1
            self._session = None
            if self._was_up is not False:
                first = failures[0] if failures else Failure("device", "nothing answered")
                _log.warning(
                    "device down", device=self._device, kind=first.kind, reason=first.message
                )
        self._was_up = up
