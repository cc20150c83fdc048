"""Seals PDUs into datagrams and opens them: the protocol, and its simple side, communities."""

from typing import NamedTuple, Protocol

from agent.model.errors import AuthenticationError, ProtocolError
from agent.protocol.snmp import ber, message
from agent.protocol.snmp.layout import Layouts
from agent.protocol.snmp.message import Pdu


class ReportPdu(NamedTuple):
    """A Report-PDU and what its message said of the engine that sent it.

    ``counter`` is the OID (BER octets) of its kind; ``authentic`` whether its MAC held.
    """

    counter: bytes
    engine_id: bytes
    boots: int
    engine_time: int
    authentic: bool


Reply = Pdu | ReportPdu


class Security(Protocol):
    """One side of a conversation with one device, without I/O.

    ``open`` raises ProtocolError or AuthenticationError for a datagram that is not a good answer;
    the caller ignores that datagram. ``recover`` learns from a Report and returns where asking
    again makes sense, or raises AuthenticationError where it does not.
    """

    @property
    def ready(self) -> bool:
        """Whether requests can be sealed; if not, send ``probe`` and recover from its Report."""
        ...

    def probe(self, message_id: int) -> bytes:
        """Return the datagram that makes the device report its engine."""
        ...

    def seal(self, message_id: int, kind: int, first: int, second: int, names: bytes) -> bytes:
        """Return the datagram of a request around an encoded VarBindList."""
        ...

    def open(self, data: bytes, message_id: int) -> Reply:
        """Return the checked answer in ``data``."""
        ...

    def recover(self, report: ReportPdu) -> None:
        """Learn from a report, or raise what it means."""
        ...

    def forget(self) -> None:
        """Start from discovery next time."""
        ...


class CommunitySecurity:
    """v1 and v2c: the community goes out in every request and must come back in every answer."""

    ready = True

    def __init__(self, version: int, community: bytes) -> None:
        self._version = version
        self._community = community
        self._head = ber.integer(version) + ber.tlv(0x04, community)
        self._layouts = Layouts()

    def probe(self, message_id: int) -> bytes:
        """Never needed; an empty GET, which every agent answers."""
        return self.seal(message_id, message.GET, 0, 0, b"\x30\x00")

    def seal(self, message_id: int, kind: int, first: int, second: int, names: bytes) -> bytes:
        """Return the datagram of a request around an encoded VarBindList."""
        pdu = message.encode_pdu(kind, message_id, first, second, names)
        return ber.tlv(ber.SEQUENCE, self._head + pdu)

    def open(self, data: bytes, message_id: int) -> Reply:
        """Return the Response-PDU in ``data`` if version, community and id are those sent."""
        version, offset, end = message.open_message(data)
        if version != self._version:
            raise ProtocolError(f"the answer has message version {version}")
        community, offset = ber.read_octets(data, offset, end)
        if community != self._community:
            raise AuthenticationError("the answer carries another community")
        pdu = message.decode_pdu(data, offset, end, self._layouts.decode)
        if pdu.kind != message.RESPONSE or pdu.request_id != message_id:
            raise ProtocolError(f"PDU 0x{pdu.kind:02x} is no response to the request")
        return pdu

    def recover(self, report: ReportPdu) -> None:
        """Communities know no reports."""
        raise ProtocolError("a report without security")

    def forget(self) -> None:
        """There is nothing to forget."""
