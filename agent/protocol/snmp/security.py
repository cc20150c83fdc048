"""Security of SNMP messages: the interface of security models, and communities (v1, v2c)."""

from typing import NamedTuple, Protocol

from agent.model.errors import AuthenticationError, ProtocolError
from agent.protocol.snmp import ber, message
from agent.protocol.snmp.layout import Layouts
from agent.protocol.snmp.message import Pdu


class ReportPdu(NamedTuple):
    """A Report-PDU with the engine parameters of its message.

    ``counter`` is the OID (BER octets) of its kind; ``authentic`` whether its MAC held.
    """

    counter: bytes
    engine_id: bytes
    boots: int
    engine_time: int
    authentic: bool


Reply = Pdu | ReportPdu


class Security(Protocol):
    """The security model toward one device, without I/O.

    ``open`` raises ProtocolError or AuthenticationError for a datagram that is not a valid
    response; the caller ignores that datagram. ``recover`` updates the state from a Report and
    returns if the request can be repeated, or raises AuthenticationError if it cannot.
    """

    @property
    def ready(self) -> bool:
        """True if requests can be sealed. If not, send ``probe`` and recover from its Report."""
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
        """Update the state from a report; raise AuthenticationError or ProtocolError if final."""
        ...

    def forget(self) -> None:
        """Forget the engine, so that the next request starts with discovery."""
        ...


class CommunitySecurity:
    """Security of v1 and v2c: the community of the request must be that of the response."""

    ready = True

    def __init__(self, version: int, community: bytes) -> None:
        self._version = version
        self._community = community
        self._head = ber.integer(version) + ber.tlv(0x04, community)
        self._layouts = Layouts()

    def probe(self, message_id: int) -> bytes:
        """Return an empty GET. Not needed, as communities have no discovery."""
        return self.seal(message_id, message.GET, 0, 0, b"\x30\x00")

    def seal(self, message_id: int, kind: int, first: int, second: int, names: bytes) -> bytes:
        """Return the datagram of a request around an encoded VarBindList."""
        pdu = message.encode_pdu(kind, message_id, first, second, names)
        return ber.tlv(ber.SEQUENCE, self._head + pdu)

    def open(self, data: bytes, message_id: int) -> Reply:
        """Return the Response-PDU in ``data`` if version, community and id are those sent."""
        version, offset, end = message.open_message(data)
        if version != self._version:
            raise ProtocolError(f"the response has message version {version}")
        community, offset = ber.read_octets(data, offset, end)
        if community != self._community:
            raise AuthenticationError("the response has another community")
        pdu = message.decode_pdu(data, offset, end, self._layouts.decode)
        if pdu.kind != message.RESPONSE or pdu.request_id != message_id:
            raise ProtocolError(f"PDU 0x{pdu.kind:02x} is not a response to the request")
        return pdu

    def recover(self, report: ReportPdu) -> None:
        """Raise ProtocolError: v1 and v2c have no reports."""
        raise ProtocolError("received a report without security parameters")

    def forget(self) -> None:
        """Do nothing: communities have no state."""
