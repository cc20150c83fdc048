"""An SNMP agent on a UDP socket: requests of any version in, what a MibView holds out.

Sources: RFC 3416 section 4.2 (the operations), RFC 1157 section 4.1 and RFC 3584 section 4.2
(v1 errors, and no Counter64 for v1).
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import cast

from agent.model import smi
from agent.model.errors import ConfigError, ProtocolError
from agent.protocol.snmp import ber, message
from agent.protocol.snmp.message import Pdu
from simulator.wire.mib_view import MibView, Row, encode_row
from simulator.wire.snmp_faults import RowFails, SnmpWire, Timed, WiredView
from simulator.wire.usm_agent import UsmAgent

MAX_DATAGRAM = 65_507  # octets of payload in one IPv4 UDP datagram
_READ_ONLY, _NOT_WRITABLE = 4, 17  # error-status, RFC 1157 and RFC 3416
_LAST_SUBID = re.compile(rb"[\x80-\xff]*[\x00-\x7f]\Z")
_FRAMING = 64  # octets around the varbinds of a response, the community aside, rounded up
_V3_FRAMING = 320  # the same with engine id, user and context at their longest
_LATE_MAX = 1000  # answers on their way; a wire does not hold more


class SnmpResponder:
    """One agent on one socket.

    Without ``community`` any is right; with one, a wrong one meets silence. With ``usm`` only v3
    is answered. ``max_size`` is the largest response in octets: beyond it GETBULK is cut and
    everything else is tooBig. ``wire`` carries the answers, for better or worse.
    """

    def __init__(
        self,
        view: MibView,
        community: str | None = None,
        *,
        max_size: int = MAX_DATAGRAM,
        usm: UsmAgent | None = None,
        wire: SnmpWire | None = None,
    ) -> None:
        self._view = view if wire is None else WiredView(view, wire)
        self._community = None if community is None else community.encode()
        self._max_size = min(max_size, MAX_DATAGRAM)
        self.usm = usm
        self._wire = wire
        self._protocol: _Protocol | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen on an IPv4 or IPv6 address; port 0 takes a free one. The port that was bound.

        Raises ConfigError where the address cannot be had.
        """
        loop = asyncio.get_running_loop()
        try:
            transport, self._protocol = await loop.create_datagram_endpoint(
                lambda: _Protocol(self.exchange), local_addr=(host, port)
            )
        except OSError as error:
            raise ConfigError(f"cannot listen on UDP {host} port {port}: {error}") from None
        bound: int = transport.get_extra_info("sockname")[1]
        return bound

    def close(self) -> None:
        """Give the socket back; a second call does nothing."""
        if self._protocol is not None:
            self._protocol.close()
            self._protocol = None

    def notify(self, notification: bytes, address: tuple[str, int]) -> None:
        """Send a trap from this agent's own address."""
        if self._protocol is not None:
            self._protocol.send(notification, address)

    def exchange(self, datagram: bytes) -> Sequence[Timed]:
        """What goes back for one datagram, and when."""
        answer = self.answer(datagram)
        if answer is None:
            return ()
        return ((0.0, answer),) if self._wire is None else self._wire.carry(answer)

    def answer(self, datagram: bytes) -> bytes | None:
        """The response to one datagram; None where an agent keeps silent."""
        if self.usm is not None:
            room = self._max_size - _V3_FRAMING
            return self.usm.answer(datagram, lambda pdu: self._respond(message.V3, pdu, room))
        try:
            version, community, request = message.decode_message(datagram)
        except ProtocolError:
            return None
        if self._community is not None and community != self._community:
            return None
        room = self._max_size - len(community) - _FRAMING
        response = self._respond(version, request, room)
        return None if response is None else message.wrap(version, community, response)

    def _respond(self, version: int, request: Pdu, room: int) -> bytes | None:
        try:
            return answer_pdu(self._view, version, request, room)
        except RowFails:
            return _refusal(request, message.GEN_ERR, self._failing(request))

    def _failing(self, request: Pdu) -> int:
        """Which of the names asked for fails, from 1; the first where it came later in a walk."""
        lookup = self._view.get if request.kind == message.GET else self._view.next
        for position, (oid, _, _) in enumerate(request.varbinds, 1):
            try:
                lookup(oid)
            except RowFails:
                return position
        return 1


class _Protocol(asyncio.DatagramProtocol):
    """The rim: hands datagrams to ``exchange`` and sends back what it returns."""

    def __init__(self, exchange: Callable[[bytes], Sequence[Timed]]) -> None:
        self._exchange = exchange
        self._transport: asyncio.DatagramTransport | None = None
        self._writable = True
        self._late: set[asyncio.TimerHandle] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        for after_s, response in self._exchange(data):
            if after_s > 0.0:
                self._send_later(after_s, response, addr)
            else:
                self.send(response, addr)

    def error_received(self, exc: Exception) -> None:
        """A client went away before its answer came; the next one is not to blame."""

    def pause_writing(self) -> None:
        """Lose answers, as a busy agent does, rather than hold ever more of them."""
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True

    def send(self, data: bytes, address: tuple[str | int, int]) -> None:
        if self._transport is not None and self._writable:
            self._transport.sendto(data, address)

    def close(self) -> None:
        for handle in self._late:
            handle.cancel()
        self._late.clear()
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def _send_later(self, after_s: float, data: bytes, address: tuple[str | int, int]) -> None:
        if len(self._late) >= _LATE_MAX:
            return

        def send() -> None:
            self._late.discard(handle)
            self.send(data, address)

        handle = asyncio.get_running_loop().call_later(after_s, send)
        self._late.add(handle)


def answer_pdu(view: MibView, version: int, request: Pdu, room: int) -> bytes | None:
    """The Response-PDU to one request, encoded; None for what is not a request.

    ``room`` is how many octets the varbinds may take. ``version`` is that of the message; v3
    behaves as v2c.
    """
    v1 = version == message.V1
    match request.kind:
        case message.GET:
            return _each(view, _get_v1 if v1 else _get, request, room, v1=v1)
        case message.GET_NEXT:
            return _each(view, _next_v1 if v1 else _next, request, room, v1=v1)
        case message.GET_BULK if not v1:
            return _bulk(view, request, room)
        case message.SET:
            status = _READ_ONLY if v1 else _NOT_WRITABLE
            return _refusal(request, status, 1 if request.varbinds else 0)
        case _:
            return None


def _each(
    view: MibView,
    lookup: Callable[[MibView, bytes], Row | None],
    request: Pdu,
    room: int,
    *,
    v1: bool,
) -> bytes:
    """One row for each name asked; a name without one fails the request, as only v1 does."""
    encoded: list[bytes] = []
    for position, (oid, _, _) in enumerate(request.varbinds, 1):
        row = lookup(view, oid)
        if row is None:
            return _refusal(request, message.NO_SUCH_NAME, position)
        encoded.append(row.encoded)
    body = b"".join(encoded)
    if len(body) > room:
        return _refusal(request, message.TOO_BIG, 0) if v1 else _too_big(request)
    return _success(request, body)


def _bulk(view: MibView, request: Pdu, room: int) -> bytes:
    """RFC 3416 section 4.2.3: names once, then repeaters again and again until the room is full."""
    names = [oid for oid, _, _ in request.varbinds]
    repeaters = names[request.error_status :]
    encoded = [_next(view, oid).encoded for oid in names[: request.error_status]]
    size = sum(map(len, encoded))
    for _ in range(request.error_index):
        if size > room or not repeaters:
            break
        rows = [_next(view, oid) for oid in repeaters]
        repeaters = [row.oid for row in rows]
        encoded += [row.encoded for row in rows]
        size += sum(len(row.encoded) for row in rows)
        if all(row.tag == smi.END_OF_MIB_VIEW for row in rows):
            break
    asked = len(encoded)
    while size > room:
        size -= len(encoded.pop())
    if asked and not encoded:
        return _too_big(request)
    return _success(request, b"".join(encoded))


def _get(view: MibView, oid: bytes) -> Row:
    row = view.get(oid)
    if row is not None:
        return row
    parent = _LAST_SUBID.sub(b"", oid)
    sibling = view.next(parent) if parent else None
    known = sibling is not None and sibling.oid.startswith(parent)
    return encode_row(oid, smi.NO_SUCH_INSTANCE if known else smi.NO_SUCH_OBJECT, None)


def _next(view: MibView, oid: bytes) -> Row:
    return view.next(oid) or encode_row(oid, smi.END_OF_MIB_VIEW, None)


def _get_v1(view: MibView, oid: bytes) -> Row | None:
    row = view.get(oid)
    return None if row is None or row.tag == smi.COUNTER64 else row


def _next_v1(view: MibView, oid: bytes) -> Row | None:
    row = view.next(oid)
    while row is not None and row.tag == smi.COUNTER64:
        row = view.next(row.oid)
    return row


def _success(request: Pdu, varbinds: bytes) -> bytes:
    body = ber.tlv(ber.SEQUENCE, varbinds)
    return message.encode_pdu(message.RESPONSE, request.request_id, message.NO_ERROR, 0, body)


def _refusal(request: Pdu, status: int, index: int) -> bytes:
    body = message.encode_varbinds(request.varbinds)
    return message.encode_pdu(message.RESPONSE, request.request_id, status, index, body)


def _too_big(request: Pdu) -> bytes:
    """RFC 3416 section 4.2.1: without varbinds, as those are what did not fit."""
    body = message.encode_varbinds(())
    return message.encode_pdu(message.RESPONSE, request.request_id, message.TOO_BIG, 0, body)
