"""One owner for one line: every request of every unit on it passes here, one at a time.

A request goes through the states below, each kept by one class. "Late replies" exist only in
framings without transactions (RTU, ASCII); Modbus TCP names the question in each reply.

======== ==================== ================================ ==================================
State    Kept by              Begins when                      Ends when
======== ==================== ================================ ==================================
waiting  ``Turns``            another request has the line     it is its unit's turn (units in
                                                               rotation), or ``queue_wait_s`` is
                                                               over: DeviceTimeout
refused  ``Breaker``          the unit, one of several, was    its pause is over, or the whole
                              silent ``silent_tries`` times    line was silent and answers again
marker   ``LateReplies``      a late reply to another question a read by another function is
                              could be taken for its answer    answered: units answer in order
asked    ``Link``             the question is on the line      answer, refusal, damage, loss, or
                                                               ``timeout_s``
busy     ``ModbusBus.read``   the unit answers "busy"          ``busy_pause_s`` later; the line is
                                                               free meanwhile
given up ``LateReplies``      it ended without its answer      an answer by another function, or
                                                               ``late_s``
======== ==================== ================================ ==================================

A caller that is cancelled while *asked* leaves an abandoned exchange: the ``Link`` keeps the line
until the reply has come or its deadline has passed, and only then puts the next question on it.
"""

import asyncio
from dataclasses import dataclass
from typing import Self

from agent.model.errors import DeviceTimeout, DeviceUnreachable, ProtocolError, RequestRejected
from agent.model.limits import Limits
from agent.protocol.modbus.framing import AsciiFramer, Framer, RtuFramer, TcpFramer
from agent.protocol.modbus.question import (
    ACKNOWLEDGE,
    BUSY,
    GATEWAY_NO_ANSWER,
    GATEWAY_NO_PATH,
    Query,
)
from agent.transport.modbus.health import Breaker, LateReplies
from agent.transport.modbus.line import BusLine, TcpLine, TtyLine
from agent.transport.modbus.link import Link, LinkLimits, LinkLostError
from agent.transport.modbus.serial_port import SerialSettings
from agent.transport.modbus.turns import Turns


@dataclass(frozen=True, slots=True)
class BusLimits(LinkLimits):
    """What one bus may take, beside its connection. Times in seconds.

    ``queue_max`` requests wait at most ``queue_wait_s`` each for their turn. A unit that was silent
    for ``silent_tries`` tries in a row is left alone for ``silent_pause_s`` to
    ``silent_pause_max_s``, if it has neighbours. A busy unit is asked again ``busy_tries`` times,
    first after ``busy_pause_s``, then twice that. A reply later than ``late_s`` is impossible.
    """

    queue_max: int = 1024
    queue_wait_s: float = 30.0
    silent_tries: int = 3
    silent_pause_s: float = 5.0
    silent_pause_max_s: float = 30.0
    busy_tries: int = 4
    busy_pause_s: float = 0.1
    late_s: float = 5.0


@dataclass(slots=True)
class BusCounters:
    """What happened on a bus since it was made, in tries."""

    questions: int = 0
    silent: int = 0
    wrong: int = 0
    lost: int = 0
    busy: int = 0
    retries: int = 0
    markers: int = 0


class _NotAskedError(DeviceTimeout):
    """The unit was left alone: it has been silent too often."""


class _NoPathError(DeviceUnreachable):
    """The gateway has no way to the unit; the standard says it may only be overloaded."""


_WORTH_A_RETRY = (DeviceTimeout, ProtocolError, LinkLostError, _NoPathError)


class _Unit:
    """What the bus remembers of one unit."""

    __slots__ = ("breaker", "late")

    def __init__(self, limits: BusLimits) -> None:
        self.breaker = Breaker(
            limits.silent_tries, limits.silent_pause_s, limits.silent_pause_max_s
        )
        self.late = LateReplies(limits.late_s)


class ModbusBus:
    """A line or gateway shared by its units. Opens at the first request, closes when idle.

    One request is on the line at a time; units take turns. Belongs to one event loop.
    """

    def __init__(self, line: BusLine, framer: Framer, limits: BusLimits | None = None) -> None:
        self.limits = limits or BusLimits()
        self.counters = BusCounters()
        self.closed = False
        self.users = 0
        self.link = Link(line, framer, self.limits)
        self._turns = Turns(line.name, self.limits.queue_max, self.limits.queue_wait_s)
        self._units: dict[int, _Unit] = {}
        self._silenced: set[int] = set()
        self._answered_at = 0.0

    @classmethod
    def tcp(cls, host: str, port: int = 502, limits: BusLimits | None = None) -> Self:
        """Modbus TCP. Does not connect before the first request."""
        return cls(TcpLine(host, port), TcpFramer(), limits)

    @classmethod
    def rtu_tcp(cls, host: str, port: int = 502, limits: BusLimits | None = None) -> Self:
        """RTU frames over TCP, as transparent serial gateways carry them."""
        return cls(TcpLine(host, port), RtuFramer(), limits)

    @classmethod
    def ascii_tcp(cls, host: str, port: int = 502, limits: BusLimits | None = None) -> Self:
        """ASCII frames over TCP, as transparent serial gateways carry them."""
        return cls(TcpLine(host, port), AsciiFramer(), limits)

    @classmethod
    def serial(
        cls,
        path: str,
        baudrate: int = 19_200,
        parity: str = "E",
        stopbits: int = 1,
        limits: BusLimits | None = None,
        *,
        databits: int = 8,
        ascii_mode: bool = False,
    ) -> Self:
        """RTU (or ASCII) on a serial port of this machine.

        Raises ConfigError for settings a serial line cannot have.
        """
        line = TtyLine(path, SerialSettings(baudrate, parity, stopbits, databits))
        return cls(line, AsciiFramer() if ascii_mode else RtuFramer(), limits)

    @property
    def name(self) -> str:
        """The line's name in messages: ``host:port`` or the path of the serial port."""
        return self.link.line.name

    @property
    def busy_s(self) -> float:
        """How long the line was taken, in all: a request was on it, or what it needs."""
        return self._turns.busy_s

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return self._turns.waiting

    async def read(self, asked: Query, limits: Limits) -> bytes:
        """The payload that answers ``asked`` (registers high byte first; one byte per bit).

        ``limits.timeout_s`` bounds one try, apart from opening the connection and from the time its
        bytes need on a serial line; waiting for a turn is bounded by ``queue_wait_s``. Raises
        DeviceTimeout, DeviceUnreachable, ProtocolError or RequestRejected. Safe to cancel: the line
        is handed on when the reply to the forgotten question has come or cannot come any more.
        """
        unit = self._units.get(asked.unit)
        if unit is None:
            unit = self._units[asked.unit] = _Unit(self.limits)
        tries, busy_tries, resend = limits.retries, self.limits.busy_tries, True
        while True:
            pause_s = 0.0
            if not self._turns.take():
                await self._turns.wait(asked.unit)
            try:
                self._admit(asked, unit)
                return await self._try(asked, unit, limits.timeout_s)
            except _WORTH_A_RETRY as error:
                if resend and isinstance(error, LinkLostError) and error.reused:
                    resend = False
                    continue
                if tries <= 0 or isinstance(error, _NotAskedError):
                    raise
                tries -= 1
                self.counters.retries += 1
            except RequestRejected as refusal:
                if refusal.code not in (ACKNOWLEDGE, BUSY) or busy_tries <= 0:
                    raise
                pause_s = self.limits.busy_pause_s * 2 ** (self.limits.busy_tries - busy_tries)
                busy_tries -= 1
                self.counters.retries += 1
            finally:
                self._turns.give()
            if pause_s:
                await asyncio.sleep(pause_s)

    async def close(self) -> None:
        """Fail what is pending, close the connection, refuse what comes after."""
        self.closed = True
        await self.link.close()

    def _admit(self, asked: Query, unit: _Unit) -> None:
        """Refuse what would only waste the line's time."""
        if self.closed:
            raise DeviceUnreachable(f"{self.name}: the bus was closed")
        breaker = unit.breaker
        if breaker.paused_until and len(self._units) > 1:
            now = asyncio.get_running_loop().time()
            if now < breaker.paused_until:
                raise _NotAskedError(
                    f"{self.name}: unit {asked.unit} has been silent for"
                    f" {now - breaker.silent_since:.0f} s;"
                    f" asked again in {breaker.paused_until - now:.0f} s"
                )

    async def _try(self, asked: Query, unit: _Unit, timeout_s: float) -> bytes:
        """One try on the line, and what it says of the unit."""
        try:
            if unit.late and not unit.late.trusts(asked, self._now()):
                await self._rule_out_late(asked, unit, timeout_s)
            payload = await self._ask(asked, unit, timeout_s)
        except DeviceTimeout as error:
            self.counters.silent += 1
            self._silent(asked, unit)
            raise DeviceTimeout(f"{self.name}: {asked}: {error}") from error
        except RequestRejected as refusal:
            self.counters.busy += refusal.code in (ACKNOWLEDGE, BUSY)
            self._alive(unit)
            raise
        self._alive(unit)
        return payload

    async def _ask(self, asked: Query, unit: _Unit, timeout_s: float) -> bytes:
        """Exchange once, and note which late replies are possible from now on."""
        self.counters.questions += 1
        try:
            payload = await self.link.exchange(asked, timeout_s)
        except RequestRejected as refusal:
            if refusal.code in (GATEWAY_NO_PATH, GATEWAY_NO_ANSWER):
                self._abandon(asked, unit)
                raise _gateway_failure(refusal) from refusal
            unit.late.answered(asked)
            raise
        except (DeviceTimeout, ProtocolError, LinkLostError, asyncio.CancelledError) as error:
            self.counters.wrong += isinstance(error, ProtocolError)
            self.counters.lost += isinstance(error, LinkLostError)
            self._abandon(asked, unit)
            raise
        if unit.late:
            unit.late.answered(asked)
        return payload

    def _abandon(self, asked: Query, unit: _Unit) -> None:
        if not self.link.framer.transactions:
            unit.late.expect(asked, self._now())

    async def _rule_out_late(self, asked: Query, unit: _Unit, timeout_s: float) -> None:
        """Make sure that no late reply can be taken for the answer to ``asked``."""
        marker = unit.late.marker(asked)
        if marker is None:
            wait_s = unit.late.wait_s(asked, self._now())
            raise DeviceTimeout(
                f"a late reply to an older question is possible for {wait_s:.1f} s more"
            )
        self.counters.markers += 1
        try:
            await self._ask(marker, unit, timeout_s)
        except RequestRejected:
            # A refusal proves the order as well as a value does.
            return

    def _silent(self, asked: Query, unit: _Unit) -> None:
        unit.breaker.silent(self._now())
        if unit.breaker.tripped:
            self._silenced.add(asked.unit)

    def _alive(self, unit: _Unit) -> None:
        """Note an answer. Units that fell silent while nobody answered were not to blame."""
        if unit.breaker.silent_tries:
            unit.breaker.answered()
        if self._silenced:
            self._silenced = {key for key in self._silenced if self._units[key].breaker.tripped}
            for key in self._silenced:
                if self._units[key].breaker.silent_since >= self._answered_at:
                    self._units[key].breaker.forgive()
        self._answered_at = self._now()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _gateway_failure(refusal: RequestRejected) -> DeviceTimeout | DeviceUnreachable:
    """A gateway speaking for a unit that it could not ask, or that did not answer it."""
    if refusal.code == GATEWAY_NO_ANSWER:
        return DeviceTimeout(str(refusal))
    return _NoPathError(str(refusal))
