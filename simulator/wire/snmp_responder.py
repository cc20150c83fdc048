"""Answer SNMP requests of any version on a UDP socket, with the rows of a MibView.

Sources: RFC 3416 section 4.2 (the operations), RFC 1157 section 4.1 and RFC 3584 section 4.2 (v1
errors, and no Counter64 for v1).
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import cast

from agent.model import smi
from agent.model.errors import ConfigError, ProtocolError
from agent.protocol.snmp import ber, message
from agent.protocol.snmp.message import Pdu
from simulator.wire.mib_view import MibRow, MibView, encode_row
from simulator.wire.snmp_faults import RowFails, SnmpWire, Timed, WiredView
from simulator.wire.usm_agent import UsmAgent

MAX_DATAGRAM = 65_507  # octets of payload in one IPv4 UDP datagram
_READ_ONLY, _NOT_WRITABLE = 4, 17  # error-status, RFC 1157 and RFC 3416
_LAST_SUBID = re.compile(rb"[\x80-\xff]*[\x00-\x7f]\Z")
_FRAMING = 64  # octets around the varbinds of a response without its community, rounded up
_V3_FRAMING = 320  # the same with engine ID, user and context at their longest
_LATE_MAX = 1000  # responses that may be delayed at once


class SnmpResponder:
    """An SNMP agent on one socket.

    Without ``community`` any community is accepted; with one, requests with another get no answer.
    With ``usm`` only v3 is answered. ``max_size`` is the largest response in octets: beyond it
    GETBULK is cut and everything else is tooBig. ``wire`` sends the responses and applies faults.
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
        self._protocol: _ResponderProtocol | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen on an IPv4 or IPv6 address and return the port; port 0 takes a free one.

        Raises ConfigError if the address cannot be bound.
        """
        loop = asyncio.get_running_loop()
        try:
            transport, self._protocol = await loop.create_datagram_endpoint(
                lambda: _ResponderProtocol(self.exchange), local_addr=(host, port)
            )
        except OSError as error:
            raise ConfigError(f"cannot listen on UDP {host} port {port}: {error}") from None
        bound: int = transport.get_extra_info("sockname")[1]
        return bound

    def close(self) -> None:
        """Close the socket; a second call does nothing."""
        if self._protocol is not None:
            self._protocol.close()
            self._protocol = None

    def notify(self, notification: bytes, address: tuple[str, int]) -> None:
        """Send a trap from this agent's own address."""
        if self._protocol is not None:
            self._protocol.send(notification, address)

    def exchange(self, datagram: bytes) -> Sequence[Timed]:
        """Return the responses to one datagram, each with its delay in seconds."""
        answer = self.answer(datagram)
        if answer is None:
            return ()
        return ((0.0, answer),) if self._wire is None else self._wire.carry(answer)

    def answer(self, datagram: bytes) -> bytes | None:
        """Return the response to one datagram, or None if an agent does not answer it."""
        if self.usm is not None:
            space = self._max_size - _V3_FRAMING
            return self.usm.answer(datagram, lambda pdu: self._respond(message.V3, pdu, space))
        try:
            version, community, request = message.decode_message(datagram)
        except ProtocolError:
            return None
        if self._community is not None and community != self._community:
            return None
        space = self._max_size - len(community) - _FRAMING
        response = self._respond(version, request, space)
        return None if response is None else message.wrap(version, community, response)

    def _respond(self, version: int, request: Pdu, space: int) -> bytes | None:
        try:
            return answer_pdu(self._view, version, request, space)
        except RowFails:
            return _refusal(request, message.GEN_ERR, self._failing(request))

    def _failing(self, request: Pdu) -> int:
        """Return the position of the failing name, from 1; 1 if it came later in a walk."""
        lookup = self._view.get if request.kind == message.GET else self._view.next
        for position, (oid, _, _) in enumerate(request.varbinds, 1):
            try:
                lookup(oid)
            except RowFails:
                return position
        return 1


class _ResponderProtocol(asyncio.DatagramProtocol):
    """Passes datagrams to ``exchange`` and sends what it returns."""

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
        """Ignore that a client closed its socket before its answer came."""

    def pause_writing(self) -> None:
        """Drop responses beyond a limit, as a busy agent does, so that the queue stays bounded."""
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


def answer_pdu(view: MibView, version: int, request: Pdu, space: int) -> bytes | None:
    """Return the Response-PDU to one request, encoded, or None if the PDU is not a request.

    ``space`` is how many octets the varbinds may take. ``version`` is that of the message; v3
    behaves as v2c.
    """
    v1 = version == message.V1
    match request.kind:
        case message.GET:
            return _each(view, _get_v1 if v1 else _get, request, space, v1=v1)
        case message.GET_NEXT:
            return _each(view, _next_v1 if v1 else _next, request, space, v1=v1)
        case message.GET_BULK if not v1:
            return _bulk(view, request, space)
        case message.SET:
            status = _READ_ONLY if v1 else _NOT_WRITABLE
            return _refusal(request, status, 1 if request.varbinds else 0)
        case _:
            return None


def _each(
    view: MibView,
    lookup: Callable[[MibView, bytes], MibRow | None],
    request: Pdu,
    space: int,
    *,
    v1: bool,
) -> bytes:
    """Return one row for each requested name; a name without one fails the request, as in v1."""
    encoded: list[bytes] = []
    for position, (oid, _, _) in enumerate(request.varbinds, 1):
        row = lookup(view, oid)
        if row is None:
            return _refusal(request, message.NO_SUCH_NAME, position)
        encoded.append(row.encoded)
    body = b"".join(encoded)
    if len(body) > space:
        return _refusal(request, message.TOO_BIG, 0) if v1 else _too_big(request)
    return _success(request, body)


def _bulk(view: MibView, request: Pdu, space: int) -> bytes:
    """Answer GETBULK (RFC 3416 section 4.2.3): names once, then repeaters while they fit."""
    names = [oid for oid, _, _ in request.varbinds]
    repeaters = names[request.error_status :]
    encoded = [_next(view, oid).encoded for oid in names[: request.error_status]]
    size = sum(map(len, encoded))
    for _ in range(request.error_index):
        if size > space or not repeaters:
            break
        rows = [_next(view, oid) for oid in repeaters]
        repeaters = [row.oid for row in rows]
        encoded += [row.encoded for row in rows]
        size += sum(len(row.encoded) for row in rows)
        if all(row.tag == smi.END_OF_MIB_VIEW for row in rows):
            break
    asked = len(encoded)
    while size > space:
        size -= len(encoded.pop())
    if asked and not encoded:
        return _too_big(request)
    return _success(request, b"".join(encoded))


def _get(view: MibView, oid: bytes) -> MibRow:
    row = view.get(oid)
    if row is not None:
        return row
    parent = _LAST_SUBID.sub(b"", oid)
    sibling = view.next(parent) if parent else None
    known = sibling is not None and sibling.oid.startswith(parent)
    return encode_row(oid, smi.NO_SUCH_INSTANCE if known else smi.NO_SUCH_OBJECT, None)


def _next(view: MibView, oid: bytes) -> MibRow:
    return view.next(oid) or encode_row(oid, smi.END_OF_MIB_VIEW, None)


def _get_v1(view: MibView, oid: bytes) -> MibRow | None:
    row = view.get(oid)
    return None if row is None or row.tag == smi.COUNTER64 else row


def _next_v1(view: MibView, oid: bytes) -> MibRow | None:
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
    """Return tooBig (RFC 3416 section 4.2.1) without varbinds, because those did not fit."""
    body = message.encode_varbinds(())
    return message.encode_pdu(message.RESPONSE, request.request_id, message.TOO_BIG, 0, body)
