"""The connection of a Modbus bus: opening, exchanges, silences, deadlines, loss, idle close."""

import asyncio
import random
import time
from dataclasses import dataclass

from agent.model.errors import (
    DeviceError,
    DeviceTimeout,
    DeviceUnreachable,
    ProtocolError,
    RequestRejected,
)
from agent.protocol.modbus.framing import Framer
from agent.protocol.modbus.question import Query
from agent.transport.modbus.line import BusLine, Wire
from agent.transport.modbus.pause import Pause

_DRAIN_CHARACTERS = 300
_BUSY_MIN_S = 0.25
# In units of reconnect_s: short pauses are waited for, so that a single lost connection causes no
# failure; during longer ones requests fail at once, so that they do not queue up in an outage.
_SHORT_BACKOFF = 4


@dataclass(frozen=True, slots=True)
class LinkLimits:
    """Limits of a connection. Times in seconds.

    After a failure the connection is opened again after a jittered pause that grows from
    ``reconnect_s`` to ``reconnect_max_s``; its first request is sent ``connect_pause_s`` later.
    ``turnaround_s`` is silence between a reply and the next request, in addition to that of the
    line. A reply that stops for ``gap_s`` is damaged (framings without transactions). An unused
    connection closes after ``idle_close_s`` (0: never). With ``own_transactions`` replies on Modbus
    TCP may have any transaction number, so each request gets a connection of its own.
    """

    reconnect_s: float = 0.1
    reconnect_max_s: float = 5.0
    connect_pause_s: float = 0.0
    turnaround_s: float = 0.0
    gap_s: float = 0.25
    idle_close_s: float = 60.0
    own_transactions: bool = False


class LinkLostError(DeviceUnreachable):
    """An open connection was lost; unlike one that never opened, another try makes sense.

    ``reused``: it has delivered replies before, so the peer may have closed it as idle.
    """

    def __init__(self, message: str, *, reused: bool = False) -> None:
        self.reused = reused
        super().__init__(message)


class _Receiver(asyncio.Protocol):
    """The callbacks of one connection. After the link has closed it, they do nothing."""

    def __init__(self, link: "Link") -> None:
        self.link: Link | None = link
        self.lost = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        """Pass bytes on to the link."""
        if self.link is not None:
            self.link.received(data)

    def connection_lost(self, error: Exception | None) -> None:
        """Report the loss to the link, once."""
        if not self.lost.done():
            self.lost.set_result(None)
        link, self.link = self.link, None
        if link is not None:
            link.dropped(error)


class Link:
    """The connection of one bus. It carries one exchange at a time; callers take turns."""

    def __init__(self, line: BusLine, framer: Framer, limits: LinkLimits) -> None:
        self.line = line
        self.framer = framer
        self.connects = 0
        self.use(limits)
        self._wire: Wire | None = None
        self._pause: Pause | None = None
        self._receiver: _Receiver | None = None
        self._proven = False
        self._failures = 0
        self._open_at = 0.0
        self._failure = ""
        self._closed = False
        self._answer: asyncio.Future[bytes] | None = None
        self._abandoned: asyncio.Future[bytes] | None = None
        self._deadline = 0.0
        self._received_at = 0.0
        # As _received_at, but exact: the clock of uvloop is read once per turn of the loop.
        self._quiet_since = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def use(self, limits: LinkLimits) -> None:
        """Take over other limits, from the next request on."""
        self._limits = limits
        self._pause_s = self.line.silence_s + limits.turnaround_s
        self.framer.any_transaction = limits.own_transactions

    @property
    def is_open(self) -> bool:
        """True while the connection is open."""
        return self._wire is not None

    def rest(self) -> None:
        """Close the connection unless it is in use; the next request opens another one."""
        if self._wire is not None and self._answer is None:
            self._disconnect(LinkLostError(f"{self.line.name}: closed after the cycle"))

    def backoff_s(self) -> float:
        """Return the time (seconds) until the connection may be opened again; 0 if it may now."""
        return max(0.0, self._open_at - asyncio.get_running_loop().time())

    async def exchange(self, asked: Query, timeout_s: float) -> bytes:
        """Send a query and return the payload of its reply.

        ``timeout_s`` limits opening the connection, and again the reply, without the time that the
        bytes of both need on a serial line. Raises LinkLostError if the connection is lost,
        DeviceUnreachable if it cannot be opened, DeviceTimeout, ProtocolError, RequestRejected.
        """
        if self._abandoned is not None:
            await self._wait_for_abandoned()
        if self._wire is None:
            await self._open(timeout_s)
        elif self._pause_s:
            await self._keep_silence()
        wire = self._wire
        if wire is None:
            raise LinkLostError(f"{self.line.name}: the connection closed before the request")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bytes] = loop.create_future()
        self._answer = answer
        request = self.framer.ask(asked)
        deadline = self._deadline = loop.time() + timeout_s
        if self.line.character_s:
            characters = len(request) + self.framer.reply_characters(asked)
            deadline += self.line.character_s * characters
            self._deadline = deadline
        if self._timer is None or self._timer.when() > deadline:
            self._arm(deadline)
        wire.write(request)
        try:
            return await answer
        except asyncio.CancelledError:
            # The line stays in use until the reply has arrived or timed out.
            if self._wire is not None and self._answer is answer:
                self._answer = self._abandoned = loop.create_future()
            raise
        finally:
            if self._limits.own_transactions and self.framer.transactions:
                self._disconnect(LinkLostError(f"{self.line.name}: one request a connection"))

    async def close(self) -> None:
        """Fail the exchange, close the connection, and refuse to open another."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        receiver = self._disconnect(DeviceUnreachable(f"{self.line.name}: the bus was closed"))
        if receiver is not None:
            await receiver.lost

    def received(self, data: bytes) -> None:
        """Handle received bytes: the reply, a part of it, or bytes to skip."""
        self._received_at = asyncio.get_running_loop().time()
        if self._pause_s:
            self._quiet_since = time.monotonic()
        try:
            payload = self.framer.feed(data)
        except ProtocolError as error:
            self._settle(error)
        except RequestRejected as error:
            self._proven, self._failures = True, 0
            self._settle(error)
        else:
            if payload is not None:
                self._proven, self._failures = True, 0
                answer, self._answer = self._answer, None
                if answer is not None and not answer.done():
                    answer.set_result(payload)
            elif self.framer.partial and not self.framer.transactions:
                gap_at = self._received_at + self._limits.gap_s
                if self._timer is None or self._timer.when() > gap_at:
                    self._arm(gap_at)
        if self.framer.broken:
            self._disconnect(LinkLostError(f"{self.line.name}: frame boundaries lost"))

    def dropped(self, error: Exception | None) -> None:
        """Close the connection after the peer closed it or the line failed."""
        if error is not None and not isinstance(error, OSError):
            # Not a line failure but a bug: asyncio closes a connection whose callback raised.
            answer, self._answer = self._answer, None
            if answer is not None and answer is not self._abandoned and not answer.done():
                answer.set_exception(error)
        reason = f": {error}" if error else ""
        if not self._proven:
            self._failed(f"closed before any answer{reason}")
        message = f"{self.line.name}: the connection was closed{reason}"
        self._disconnect(LinkLostError(message, reused=self._proven))

    def _disconnect(self, error: DeviceError) -> _Receiver | None:
        """Close the connection and fail the pending exchange."""
        receiver, wire = self._receiver, self._wire
        self._receiver = self._wire = None
        if receiver is not None:
            receiver.link = None
        if wire is not None:
            wire.abort()
        if self._pause is not None:
            self._pause.close()
            self._pause = None
        self._settle(error)
        return receiver

    def _settle(self, error: DeviceError) -> None:
        """End the exchange with ``error``; an abandoned exchange has no caller to raise it to."""
        self.framer.withdraw()
        answer, self._answer = self._answer, None
        if answer is None or answer.done():
            return
        if answer is self._abandoned:
            answer.set_result(b"")
        else:
            answer.set_exception(error)

    async def _wait_for_abandoned(self) -> None:
        """Wait until the abandoned exchange has been answered or has timed out."""
        abandoned = self._abandoned
        if abandoned is not None:
            await asyncio.wait((abandoned,))
            if self._abandoned is abandoned:
                self._abandoned = None

    async def _keep_silence(self) -> None:
        """Wait for the silence after the last byte; a late reply that still arrives is skipped."""
        busy_s = max(_BUSY_MIN_S, _DRAIN_CHARACTERS * self.line.character_s)
        give_up_at = time.monotonic() + busy_s + self._pause_s
        while (wait_s := self._quiet_since + self._pause_s - time.monotonic()) > 0:
            if time.monotonic() > give_up_at:
                raise ProtocolError(f"{self.line.name}: the line is never silent")
            if self._pause is not None:
                await self._pause.wait(wait_s)
            else:
                await asyncio.sleep(wait_s)

    async def _open(self, timeout_s: float) -> None:
        name, loop = self.line.name, asyncio.get_running_loop()
        if self._closed:
            raise DeviceUnreachable(f"{name}: the bus was closed")
        if (wait_s := self.backoff_s()) > min(timeout_s, _SHORT_BACKOFF * self._limits.reconnect_s):
            raise DeviceUnreachable(f"{name}: {self._failure}; tried again in {wait_s:.1f} s")
        if wait_s:
            await asyncio.sleep(wait_s)
        receiver = _Receiver(self)
        wire = None
        self._proven = False
        try:
            async with asyncio.timeout(timeout_s):
                wire = await self.line.open(receiver)
        except OSError as error:
            reason = str(error) or f"no connection within {timeout_s:g} s"
            self._failed(reason)
            raise DeviceUnreachable(f"{name}: {reason}") from error
        finally:
            if wire is None:
                receiver.link = None
        self.connects += 1
        self.framer.reset()
        if receiver.link is None:
            return
        self._receiver, self._wire = receiver, wire
        if self._pause_s:
            self._pause = Pause.open()
        if self._closed:
            self._disconnect(DeviceUnreachable(f"{name}: the bus was closed"))
        elif self._limits.connect_pause_s:
            await asyncio.sleep(self._limits.connect_pause_s)
        self._received_at = loop.time()
        self._quiet_since = time.monotonic() - self._pause_s

    def _failed(self, reason: str) -> None:
        """Delay the next opening: doubled, bounded, and jittered to keep agents out of step."""
        pause_s = min(self._limits.reconnect_s * 2**self._failures, self._limits.reconnect_max_s)
        self._failures = min(self._failures + 1, 30)
        self._failure = reason
        jittered_s = pause_s * random.uniform(0.5, 1.0)  # noqa: S311
        self._open_at = asyncio.get_running_loop().time() + jittered_s

    def _arm(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(when, self._tick)

    def _tick(self) -> None:
        """Handle the timer: expire what is due, and set it again for the next deadline."""
        self._timer = None
        now = asyncio.get_running_loop().time()
        if self._answer is not None:
            damaged = not self.framer.transactions and self.framer.partial
            due = self._deadline
            if damaged:
                due = min(due, self._received_at + self._limits.gap_s)
            if now < due:
                self._arm(due)
                return
            self._expire(damaged)
        if self._wire is not None and self._limits.idle_close_s:
            idle_at = max(self._deadline, self._received_at) + self._limits.idle_close_s
            if now < idle_at:
                self._arm(idle_at)
            else:
                self._disconnect(LinkLostError(f"{self.line.name}: closed because it was idle"))

    def _expire(self, damaged: bool) -> None:
        """End the exchange at its deadline: nothing, a damaged reply, or a wrong reply arrived."""
        name = self.line.name
        note, out_of_step = self.framer.note, self.framer.transactions and self.framer.partial
        if note:
            self._settle(ProtocolError(f"{name}: {note}"))
        elif damaged:
            self._settle(ProtocolError(f"{name}: the reply was damaged or cut short"))
        elif out_of_step:
            self._disconnect(ProtocolError(f"{name}: the reply was cut short"))
        else:
            hint = f"; {self.framer.hint}" if self.framer.hint else ""
            self._settle(DeviceTimeout(f"no answer in time{hint}"))
