"""The Modbus bus: the queue of all requests to the units of one line, one request at a time.

A request goes through the states below, each kept by one class. The states about late replies occur
only in framings without transactions (RTU, ASCII). A Modbus TCP reply carries the number of its
request: what arrives late is skipped in framing.py and counted as a stray.

========= ==================== =============================== ==================================
State     Kept by              Begins when                     Ends when
========= ==================== =============================== ==================================
waiting   ``Turns``            another request uses the line   its unit has its turn (units in
                                                               rotation), or after
                                                               ``queue_wait_s``: DeviceTimeout
refused   ``Breaker``          the unit, one of several, has   its pause is over, or the line
                               not answered ``silent_tries``   answers again after no unit
                               requests                        answered
marker    ``LateReplies``      a late reply to another request a read with another function code
                               could be taken for its reply    is answered: units reply in order
sent      ``Link``             the request is on the line      reply, exception, damaged reply,
                                                               lost connection, or ``timeout_s``
busy      ``ModbusBus.read``   the unit replies "busy"         after ``busy_pause_s``; the line is
                                                               free meanwhile
abandoned ``LateReplies``      it ended without its reply      a reply to another function code,
                                                               or after ``late_s``
========= ==================== =============================== ==================================

A caller that is cancelled while *sent* leaves an abandoned exchange: the ``Link`` keeps the line
until the reply has arrived or its deadline has passed, and only then sends the next request.
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
    """Limits of a bus, beside those of its connection. Times in seconds.

    At most ``queue_max`` requests wait for their turn, each at most ``queue_wait_s``. A unit that
    did not answer ``silent_tries`` requests in a row is paused for ``silent_pause_s`` to
    ``silent_pause_max_s`` if the bus has other units. A request to a busy unit is repeated
    ``busy_tries`` times, first after ``busy_pause_s``, then after twice the pause before. Replies
    later than ``late_s`` are assumed not to occur.
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
    """Counters of a bus since its creation, in tries.

    ``silent``: no reply; ``wrong``: invalid reply; ``lost``: connection lost; ``markers``: extra
    reads that rule out late replies.
    """

    questions: int = 0
    silent: int = 0
    wrong: int = 0
    lost: int = 0
    busy: int = 0
    retries: int = 0
    markers: int = 0


class _NotAskedError(DeviceTimeout):
    """The request was not sent: the unit is paused because it did not answer."""


class _NoPathError(DeviceUnreachable):
    """The gateway has no path to the unit; by the standard it may only be overloaded."""


_WORTH_A_RETRY = (DeviceTimeout, ProtocolError, LinkLostError, _NoPathError)


class _Unit:
    """State of one unit of a bus."""

    __slots__ = ("breaker", "late")

    def __init__(self, limits: BusLimits) -> None:
        self.breaker = Breaker(
            limits.silent_tries, limits.silent_pause_s, limits.silent_pause_max_s
        )
        self.late = LateReplies(limits.late_s)


class ModbusBus:
    """A line or gateway shared by its units. It opens at the first request and closes when idle.

    One request is on the line at a time; units take turns. It belongs to one event loop.
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
        """Return a Modbus TCP bus. It connects at the first request."""
        return cls(TcpLine(host, port), TcpFramer(), limits)

    @classmethod
    def rtu_tcp(cls, host: str, port: int = 502, limits: BusLimits | None = None) -> Self:
        """Return a bus of RTU frames over TCP, as used by transparent serial gateways."""
        return cls(TcpLine(host, port), RtuFramer(), limits)

    @classmethod
    def ascii_tcp(cls, host: str, port: int = 502, limits: BusLimits | None = None) -> Self:
        """Return a bus of ASCII frames over TCP, as used by transparent serial gateways."""
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
        """Return a bus of RTU (or ASCII) frames on a local serial port.

        Raises ConfigError for invalid settings of a serial line.
        """
        line = TtyLine(path, SerialSettings(baudrate, parity, stopbits, databits))
        return cls(line, AsciiFramer() if ascii_mode else RtuFramer(), limits)

    @property
    def name(self) -> str:
        """The line's name in messages: ``host:port`` or the path of the serial port."""
        return self.link.line.name

    @property
    def busy_s(self) -> float:
        """Total time (seconds) that the line was in use, including its pauses."""
        return self._turns.busy_s

    @property
    def waiting(self) -> int:
        """Number of requests that wait for their turn."""
        return self._turns.waiting

    async def read(self, asked: Query, limits: Limits) -> bytes:
        """Return the payload of the reply: registers high byte first, or one byte per bit.

        ``limits.timeout_s`` bounds one try, apart from opening the connection and from the time its
        bytes need on a serial line; waiting for a turn is bounded by ``queue_wait_s``. Raises
        DeviceTimeout, DeviceUnreachable, ProtocolError or RequestRejected. Safe to cancel: the line
        is released when the reply to the cancelled request has arrived or timed out.
        """
        unit = self._units.get(asked.unit)
        if unit is None:
            unit = self._units[asked.unit] = _Unit(self.limits)
        tries, busy_tries, resend = limits.retries, self.limits.busy_tries, True
        while True:
            pause_s = 0.0
            if not self._turns.try_acquire():
                await self._turns.acquire(asked.unit)
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
                self._turns.release()
            if pause_s:
                await asyncio.sleep(pause_s)

    async def close(self) -> None:
        """Fail the pending requests, close the connection, and refuse further requests."""
        self.closed = True
        await self.link.close()

    def _admit(self, asked: Query, unit: _Unit) -> None:
        """Raise if the bus is closed or the unit is paused."""
        if self.closed:
            raise DeviceUnreachable(f"{self.name}: the bus was closed")
        breaker = unit.breaker
        if breaker.paused_until and len(self._units) > 1:
            now = asyncio.get_running_loop().time()
            if now < breaker.paused_until:
                raise _NotAskedError(
                    f"{self.name}: unit {asked.unit} has not answered for"
                    f" {now - breaker.silent_since:.0f} s;"
                    f" next request in {breaker.paused_until - now:.0f} s"
                )

    async def _try(self, asked: Query, unit: _Unit, timeout_s: float) -> bytes:
        """Try the request once and update the state of the unit."""
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
        """Exchange one request, and note which late replies are possible from now on."""
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
        """Make sure that no late reply can be taken for the reply to ``asked``."""
        marker = unit.late.marker(asked)
        if marker is None:
            wait_s = unit.late.wait_s(asked, self._now())
            raise DeviceTimeout(
                f"a late reply to an older request is possible for another {wait_s:.1f} s"
            )
        self.counters.markers += 1
        try:
            await self._ask(marker, unit, timeout_s)
        except RequestRejected:
            # An exception reply proves the order as well as a value does.
            return

    def _silent(self, asked: Query, unit: _Unit) -> None:
        unit.breaker.silent(self._now())
        if unit.breaker.tripped:
            self._silenced.add(asked.unit)

    def _alive(self, unit: _Unit) -> None:
        """Note a reply. End the pauses of units that stopped answering when the whole line did."""
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
    """Return the error for an exception of a gateway: no path to the unit, or no reply."""
    if refusal.code == GATEWAY_NO_ANSWER:
        return DeviceTimeout(str(refusal))
    return _NoPathError(str(refusal))
