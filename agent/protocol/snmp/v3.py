"""SNMPv3 messages with USM parameters (RFC 3412 section 6, RFC 3414 section 2.4), without I/O."""

from typing import NamedTuple

from agent.model import smi
from agent.model.errors import ProtocolError
from agent.protocol.snmp import ber, message
from agent.protocol.snmp.keys import SALT_OCTETS

AUTH = 0x01
PRIV = 0x02
REPORTABLE = 0x04
LEVEL = AUTH | PRIV

MAX_SIZE = 65_507  # the largest UDP payload, and so the largest response

_USM = 3
_VERSION = b"\x02\x01\x03"
_MODEL = b"\x02\x01\x03"
_MAX_INT32 = 2**31 - 1
_MAX_ENGINE_ID_OCTETS = 32


class Envelope(NamedTuple):
    """A v3 message without its scoped PDU, which is between ``body_start`` and ``body_stop``.

    ``body_tag`` is SEQUENCE for a plain scoped PDU, OCTET STRING for an encrypted one.
    """

    message_id: int
    flags: int
    engine_id: bytes
    boots: int
    engine_time: int
    user: bytes
    mac_start: int
    mac_stop: int
    salt: bytes
    body_tag: int
    body_start: int
    body_stop: int


def encode(
    message_id: int,
    flags: int,
    engine: tuple[bytes, int, int],
    user: bytes,
    mac_octets: int,
    salt: bytes,
    body: bytes,
) -> tuple[bytes, int]:
    """Encode a whole message with zeros for its MAC; return it and where these start.

    ``engine`` is id, boots and time; ``body`` the scoped PDU or the OCTET STRING of its ciphertext.
    """
    engine_id, boots, engine_time = engine
    header = (
        ber.integer(message_id)
        + ber.integer(MAX_SIZE)
        + bytes((smi.OCTET_STRING, 1, flags))
        + _MODEL
    )
    tail = ber.tlv(smi.OCTET_STRING, salt)
    parameters = ber.tlv(
        ber.SEQUENCE,
        ber.tlv(smi.OCTET_STRING, engine_id)
        + ber.integer(boots)
        + ber.integer(engine_time)
        + ber.tlv(smi.OCTET_STRING, user)
        + ber.tlv(smi.OCTET_STRING, bytes(mac_octets))
        + tail,
    )
    content = (
        _VERSION + ber.tlv(ber.SEQUENCE, header) + ber.tlv(smi.OCTET_STRING, parameters) + body
    )
    whole = ber.tlv(ber.SEQUENCE, content)
    return whole, len(whole) - len(body) - len(tail) - mac_octets


def decode(data: bytes) -> Envelope:
    """Decode a v3 message that fills ``data`` to the last octet. Raises ProtocolError."""
    version, offset, end = message.open_message(data)
    if version != message.V3 or end != len(data):
        raise ProtocolError("not exactly one v3 message")
    start, stop = ber.expect(data, offset, end, ber.SEQUENCE)
    message_id, flags = _decode_header(data, start, stop)
    outer_start, outer_stop = ber.expect(data, stop, end, smi.OCTET_STRING)
    start, stop = ber.expect(data, outer_start, outer_stop, ber.SEQUENCE)
    engine_id, offset = ber.read_octets(data, start, stop)
    boots, offset = ber.read_integer(data, offset, stop)
    engine_time, offset = ber.read_integer(data, offset, stop)
    user, offset = ber.read_octets(data, offset, stop)
    mac_start, mac_stop = ber.expect(data, offset, stop, smi.OCTET_STRING)
    salt, offset = ber.read_octets(data, mac_stop, stop)
    if offset != stop or stop != outer_stop:
        raise ProtocolError("octets after the security parameters")
    if not (0 <= boots <= _MAX_INT32 and 0 <= engine_time <= _MAX_INT32):
        raise ProtocolError("engine boots or time out of range")
    if len(engine_id) > _MAX_ENGINE_ID_OCTETS:
        raise ProtocolError(f"engine id of {len(engine_id)} octets")
    tag, body_start, body_stop = ber.read_tlv(data, outer_stop, end)
    if body_stop != end or tag != (smi.OCTET_STRING if flags & PRIV else ber.SEQUENCE):
        raise ProtocolError("the scoped PDU does not fit the message's flags")
    if flags & PRIV and (not flags & AUTH or len(salt) != SALT_OCTETS):
        raise ProtocolError("privacy without authentication or salt")
    return Envelope(
        *(message_id, flags, engine_id, boots, engine_time, user),
        *(mac_start, mac_stop, salt, tag, body_start, body_stop),
    )


def _decode_header(data: bytes, offset: int, end: int) -> tuple[int, int]:
    """Return msgID and flags of the header between the bounds."""
    message_id, offset = ber.read_integer(data, offset, end)
    _, offset = ber.read_integer(data, offset, end)
    flags, offset = ber.read_octets(data, offset, end)
    model, offset = ber.read_integer(data, offset, end)
    if offset != end or len(flags) != 1:
        raise ProtocolError("malformed v3 header")
    if model != _USM:
        raise ProtocolError(f"security model {model} is not USM")
    if not 0 <= message_id <= _MAX_INT32:
        raise ProtocolError("msgID out of range")
    return message_id, flags[0]


def encode_scoped(engine_id: bytes, context: bytes, pdu: bytes) -> bytes:
    """Encode a whole scoped PDU."""
    head = ber.tlv(smi.OCTET_STRING, engine_id) + ber.tlv(smi.OCTET_STRING, context)
    return ber.tlv(ber.SEQUENCE, head + pdu)


def decode_scoped(
    data: bytes, offset: int, end: int, decode: message.VarbindDecoder | None = None
) -> tuple[bytes, bytes, message.Pdu]:
    """Return context engine id, context name and PDU of a scoped PDU with these bounds."""
    engine_id, offset = ber.read_octets(data, offset, end)
    context, offset = ber.read_octets(data, offset, end)
    return engine_id, context, message.decode_pdu(data, offset, end, decode)
