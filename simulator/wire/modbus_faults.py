"""Faults between a Modbus server and its client: one small class each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from simulator.wire.modbus_wire import Framing


@dataclass(frozen=True, slots=True)
class Send:
    """Put these bytes on the line."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing on this connection for a while; later requests are answered afterwards."""

    seconds: float


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close the connection."""


WireStep = Send | Wait | HangUp


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and the correct reply to it, for a fault to change. ``number`` counts from 1."""

    framing: Framing
    number: int
    transaction: int
    unit: int
    request: bytes
    reply: bytes

    @property
    def address(self) -> int:
        """Return the first address that was requested."""
        return int.from_bytes(self.request[1:3], "big")

    @property
    def frame(self) -> bytes:
        """Return the correct reply as bytes."""
        return self.framing.frame(self.transaction, self.unit, self.reply)


class ModbusFault:
    """A fault that changes nothing. Subclasses override what goes wrong."""

    def accepts(self) -> bool:
        """Return whether a new connection stays open."""
        return True

    def spoil(self, exchange: Exchange) -> Sequence[WireStep] | None:
        """Return the steps instead of the correct reply, or None for the correct reply."""
        return None


@dataclass
class _Some(ModbusFault):
    """A fault of the next ``times`` requests (None: all) of ``unit`` (None: every unit).

    ``address`` limits it to requests that start there.
    """

    times: int | None = None
    unit: int | None = None
    address: int | None = None

    def spoil(self, exchange: Exchange) -> Sequence[WireStep] | None:
        """Return the fault's steps for the requests it applies to."""
        if self.unit not in (None, exchange.unit) or self.address not in (None, exchange.address):
            return None
        if self.times is not None:
            if not self.times:
                return None
            self.times -= 1
        return self.steps(exchange)

    def steps(self, exchange: Exchange) -> Sequence[WireStep]:
        """Return what happens instead of the correct reply: no reply, unless overridden."""
        return ()


class Silent(_Some):
    """The unit does not reply."""


@dataclass
class Lossy(_Some):
    """The share ``ratio`` of the replies is lost: ``chance`` returns numbers below 1."""

    ratio: float = 0.3
    chance: Callable[[], float] = lambda: 0.0

    def spoil(self, exchange: Exchange) -> Sequence[WireStep] | None:
        """Return no reply as often as ``chance`` decides."""
        return super().spoil(exchange) if self.chance() < self.ratio else None


@dataclass
class Late(_Some):
    """The correct reply after ``seconds``; the device answers nothing else meanwhile."""

    seconds: float = 1.0

    def steps(self, exchange: Exchange) -> Sequence[WireStep]:
        """Wait, then send."""
        return (Wait(self.seconds), Send(exchange.frame))


@dataclass
class Refuses(_Some):
    """An exception reply with ``code``: 6 busy, 0x0B no answer behind a gateway, ..."""

    code: int = 6

    def steps(self, exchange: Exchange) -> Sequence[WireStep]:
        """Send the exception."""
        return (_send(exchange, reply=bytes((exchange.request[0] | 0x80, self.code))),)


@dataclass
class WrongUnit(_Some):
    """The reply names another unit, ``offset`` away."""

    offset: int = 1

    def steps(self, exchange: Exchange) -> Sequence[WireStep]:
        """Send the frame of another unit."""
        return (_send(exchange, unit=exchange.unit + self.offset & 0xFF),)


@dataclass
class WrongTransaction(_Some):
    """The reply names another transaction (Modbus TCP)."""

    offset: int = 7

    def steps(self, exchange: Exchange) -> Sequence[WireStep]:
        """Send the frame of another transaction."""
        return (_send(exchange, transaction=exchange.transaction + self.offset & 0xFFFF),)


@dataclass
class WrongFunction(_Some):
    """The reply carries another function code."""

    function: int = 4

    def steps(self, exchange: Exchange) -> Sequence[WireStep]:
        """Send the right data under a wrong function code."""
        return (_send(exchange, reply=bytes((self.function,)) + exchange.reply[1:]),)


@dataclass
class WrongCount(_Some):
    """The reply has ``extra`` registers more (or fewer) than requested."""

    extra: int = 1

    def steps(self, exchange: Exchange) -> Sequence[WireStep]:
        """Send a well-formed reply of the wrong size."""
        size = max(0, exchange.reply[1] + 2 * self.extra)
        data = (exchange.reply[2:] + bytes(2 * max(0, self.extra)))[:size]
        return (_send(exchange, reply=bytes((exchange.reply[0], size)) + data),)


class LyingCount(_Some):
    """The byte count is that of the request, the frame holds two bytes less."""

    def steps(self, exchange: Exchange) -> Sequence[WireStep]:
        """Send a reply with a wrong byte count."""
        return (_send(exchange, reply=exchange.reply[:-2]),)


@dataclass
class Damaged(_Some):
    """One octet of the frame is flipped: a CRC error on RTU. ``position`` may be negative."""

    position: int = -3

    def steps(self, exchange: Exchange) -> Sequence[WireStep]:
        """Send the frame with one octet wrong."""
        frame = bytearray(exchange.frame)
        frame[self.position] ^= 0xFF
        return (Send(bytes(frame)),)


@dataclass
class Truncated(_Some):
    """Only the first ``size`` bytes of the frame arrive."""

    size: int = 5

    def steps(self, exchange: Exchange) -> Sequence[WireStep]:
        """Send the first bytes of the frame."""
        return (Send(exchange.frame[: self.size]),)


@dataclass
class StrayBytes(_Some):
    """Bytes that belong to no frame, before and after the correct reply."""

    before: bytes = b""
    after: bytes = b""

    def steps(self, exchange: Exchange) -> Sequence[WireStep]:
        """Send stray bytes around the frame, in one segment."""
        return (Send(self.before + exchange.frame + self.after),)


class Twice(_Some):
    """The reply arrives twice in one segment."""

    def steps(self, exchange: Exchange) -> Sequence[WireStep]:
        """Send the frame and its copy."""
        return (Send(exchange.frame * 2),)


class Coalesced(_Some):
    """The replies of the first ``times`` requests come in one segment with the one after them."""

    _held = b""

    def spoil(self, exchange: Exchange) -> Sequence[WireStep] | None:
        """Hold the frame back, or send all of them once enough are held."""
        steps = super().spoil(exchange)
        if steps is None and self._held:
            held, self._held = self._held, b""
            return (Send(held + exchange.frame),)
        return steps

    def steps(self, exchange: Exchange) -> Sequence[WireStep]:
        """Hold the frame back."""
        self._held += exchange.frame
        return ()


@dataclass
class Split(_Some):
    """The reply comes in segments of ``size`` bytes, ``pause_s`` apart."""

    size: int = 1
    pause_s: float = 0.001

    def steps(self, exchange: Exchange) -> Sequence[WireStep]:
        """Send segment, pause, segment, ..."""
        frame = exchange.frame
        steps: list[WireStep] = []
        for start in range(0, len(frame), self.size):
            steps += [Send(frame[start : start + self.size]), Wait(self.pause_s)]
        return steps


@dataclass
class ClosesMidRequest(_Some):
    """The connection closes after ``size`` bytes of the reply."""

    size: int = 0

    def steps(self, exchange: Exchange) -> Sequence[WireStep]:
        """Send some bytes, then close."""
        return (Send(exchange.frame[: self.size]), HangUp())


@dataclass
class ClosesAtOnce(ModbusFault):
    """The next ``times`` connections (None: all) are accepted and closed."""

    times: int | None = None

    def accepts(self) -> bool:
        """Refuse the connection while the fault lasts."""
        if self.times is None:
            return False
        self.times -= 1
        return self.times < 0


def _send(
    exchange: Exchange,
    *,
    transaction: int | None = None,
    unit: int | None = None,
    reply: bytes | None = None,
) -> Send:
    """Return the correct reply with something replaced, framed so that only that is wrong."""
    spoilt = replace(
        exchange,
        transaction=exchange.transaction if transaction is None else transaction,
        unit=exchange.unit if unit is None else unit,
        reply=exchange.reply if reply is None else reply,
    )
    return Send(spoilt.frame)
