"""Encoding and decoding of community messages and PDUs (RFC 1157, 1901, 3416), without I/O."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from agent.model import smi
from agent.model.errors import ProtocolError
from agent.model.values import VarBind
from agent.protocol.snmp import ber

V1 = 0
V2C = 1
V3 = 3

GET = 0xA0
GET_NEXT = 0xA1
RESPONSE = 0xA2
SET = 0xA3
GET_BULK = 0xA5
INFORM = 0xA6
TRAP2 = 0xA7
REPORT = 0xA8

NO_ERROR = 0
TOO_BIG = 1
NO_SUCH_NAME = 2
GEN_ERR = 5

ERROR_NAMES = (
    *("noError", "tooBig", "noSuchName", "badValue", "readOnly", "genErr", "noAccess"),
    *("wrongType", "wrongLength", "wrongEncoding", "wrongValue", "noCreation"),
    *("inconsistentValue", "resourceUnavailable", "commitFailed", "undoFailed"),
    *("authorizationError", "notWritable", "inconsistentName"),
)

_KINDS = frozenset({GET, GET_NEXT, RESPONSE, SET, GET_BULK, INFORM, TRAP2, REPORT})
_MAX_INT32 = 2**31 - 1
_NULL_VALUE = b"\x05\x00"


VarbindDecoder = Callable[[bytes, int, int], list[VarBind]]
"""The type of :func:`decode_varbinds`."""


class Pdu(NamedTuple):
    """A PDU. For GET_BULK ``error_status`` is non-repeaters, ``error_index`` max-repetitions.

    ``octets`` is the encoded size of the varbinds that were received.
    """

    kind: int
    request_id: int
    error_status: int
    error_index: int
    varbinds: list[VarBind]
    octets: int = 0


class Header(NamedTuple):
    """The fields of a PDU before its varbinds, and the bounds of the varbinds in the datagram."""

    kind: int
    request_id: int
    error_status: int
    error_index: int
    start: int
    stop: int


def error_name(status: int) -> str:
    """Return the name RFC 3416 gives an error-status, or its number."""
    return ERROR_NAMES[status] if 0 <= status < len(ERROR_NAMES) else f"error-status {status}"


def encode_varbinds(varbinds: Iterable[VarBind]) -> bytes:
    """Encode a whole VarBindList."""
    parts = [
        ber.tlv(ber.SEQUENCE, ber.tlv(smi.OBJECT_ID, oid) + ber.value(tag, value))
        for oid, tag, value in varbinds
    ]
    return ber.tlv(ber.SEQUENCE, b"".join(parts))


def encode_names(oids: Iterable[bytes]) -> bytes:
    """Encode a whole VarBindList that asks for ``oids``."""
    parts = [ber.tlv(ber.SEQUENCE, ber.tlv(smi.OBJECT_ID, oid) + _NULL_VALUE) for oid in oids]
    return ber.tlv(ber.SEQUENCE, b"".join(parts))


def encode_pdu(
    kind: int, request_id: int, error_status: int, error_index: int, varbind_list: bytes
) -> bytes:
    """Encode a whole PDU around an encoded VarBindList."""
    numbers = ber.integer(request_id) + ber.integer(error_status) + ber.integer(error_index)
    return ber.tlv(kind, numbers + varbind_list)


def encode_message(version: int, community: bytes, pdu: Pdu) -> bytes:
    """Encode a whole v1 (0) or v2c (1) message."""
    body = encode_pdu(
        pdu.kind, pdu.request_id, pdu.error_status, pdu.error_index, encode_varbinds(pdu.varbinds)
    )
    return wrap(version, community, body)


def wrap(version: int, community: bytes, pdu: bytes) -> bytes:
    """Encode a whole v1 or v2c message around an encoded PDU."""
    head = ber.integer(version) + ber.tlv(smi.OCTET_STRING, community)
    return ber.tlv(ber.SEQUENCE, head + pdu)


def decode_message(data: bytes) -> tuple[int, bytes, Pdu]:
    """Return version, community and PDU of a v1 or v2c message.

    Raises ProtocolError for a malformed message, for v3 and for the Trap-PDU of v1.
    """
    version, offset, end = open_message(data)
    if version not in (V1, V2C):
        raise ProtocolError(f"message version {version} is not v1 or v2c")
    community, offset = ber.read_octets(data, offset, end)
    return version, community, decode_pdu(data, offset, end)


def open_message(data: bytes) -> tuple[int, int, int]:
    """Return the message version, where what follows it starts, and where the message ends.

    Octets after the message are ignored, as RFC 3417 lets agents pad. Raises ProtocolError.
    """
    start, end = ber.expect(data, 0, len(data), ber.SEQUENCE)
    version, offset = ber.read_integer(data, start, end)
    return version, offset, end


def peek_id(data: bytes) -> int:
    """Return a community message's request-id or a v3 msgID, before anything is checked.

    It only serves to find the pending request: nothing else of ``data`` is checked. Raises
    ProtocolError if ``data`` is too short.
    """
    try:
        octet = data[1]
        offset = 2 if octet < 0x80 else 2 + (octet & 0x7F)
        # v3: the header starts with the msgID; v1, v2c: the PDU follows the community
        head = offset + 3 if data[offset + 2] == V3 else offset + 5 + data[offset + 4]
        octet = data[head + 1]
        offset = head + 2 if octet < 0x80 else head + 2 + (octet & 0x7F)
        return int.from_bytes(data[offset + 2 : offset + 2 + data[offset + 1]], "big")
    except IndexError:
        raise ProtocolError("too short to be an SNMP message") from None


def decode_pdu(data: bytes, offset: int, end: int, decode: VarbindDecoder | None = None) -> Pdu:
    """Decode the PDU at ``offset``, its varbinds by ``decode``. Raises ProtocolError."""
    head = decode_header(data, offset, end)
    varbinds = (decode or decode_varbinds)(data, head.start, head.stop)
    size = head.stop - head.start
    return Pdu(head.kind, head.request_id, head.error_status, head.error_index, varbinds, size)


def decode_header(data: bytes, offset: int, end: int) -> Header:
    """Decode the PDU at ``offset`` without its varbinds, so that strays are cheap to refuse.

    Raises ProtocolError for an unknown PDU, numbers beyond 32 bits, or trailing octets.
    """
    kind, offset, end = ber.read_tlv(data, offset, end)
    if kind not in _KINDS:
        raise ProtocolError(f"PDU of unknown kind 0x{kind:02x}")
    request_id, offset = ber.read_integer(data, offset, end)
    error_status, offset = ber.read_integer(data, offset, end)
    error_index, offset = ber.read_integer(data, offset, end)
    if not -_MAX_INT32 - 1 <= request_id <= _MAX_INT32:
        raise ProtocolError("request-id is beyond 32 bits")
    if not (0 <= error_status <= _MAX_INT32 and 0 <= error_index <= _MAX_INT32):
        raise ProtocolError("error-status or error-index is out of range")
    start, stop = ber.expect(data, offset, end, ber.SEQUENCE)
    if stop != end:
        raise ProtocolError(f"{end - stop} octets after the varbinds")
    return Header(kind, request_id, error_status, error_index, start, stop)


def decode_varbinds(data: bytes, offset: int, end: int) -> list[VarBind]:
    """Decode the varbinds from ``offset`` to ``end``: OIDs as octets, numbers as int.

    A value that its type cannot hold becomes None and affects no other. Raises ProtocolError for
    broken framing and for a name that is not an OID. This is one loop without calls because most
    CPU time is spent here: the common short forms are read inline, and each varbind must end with
    its SEQUENCE, so that no inner length can exceed its bounds.
    """
    varbinds: list[VarBind] = []
    append = varbinds.append
    from_bytes = int.from_bytes
    greatest = ber.GREATEST
    while offset < end:
        try:
            count = data[offset + 1]
            start = offset + 4
            name_stop = start + data[offset + 3]
            tag = data[name_stop]
            begin = name_stop + 2
            stop = begin + data[name_stop + 1]
            if (
                stop != offset + 2 + count
                or count >= 0x80
                or data[offset] != 0x30
                or data[offset + 2] != 0x06
                or data[name_stop - 1] >= 0x80
                or start == name_stop
            ):
                varbind, stop = _decode_varbind(data, offset, end)
                append(varbind)
            elif tag == 0x04:
                append((data[start:name_stop], tag, data[begin:stop]))
            elif tag in greatest and stop - begin == 1 and data[begin] < 0x80:
                append((data[start:name_stop], tag, data[begin]))
            elif (
                tag in greatest
                and begin < stop
                and data[begin] < 0x80
                and (number := from_bytes(data[begin:stop], "big")) <= greatest[tag]
            ):
                append((data[start:name_stop], tag, number))
            else:
                append((data[start:name_stop], *decode_value(tag, data[begin:stop])))
        except IndexError:  # a long form read as a short one can point past the datagram
            varbind, stop = _decode_varbind(data, offset, end)
            append(varbind)
        offset = stop
    if offset != end:
        raise ProtocolError("the last varbind runs past its list")
    return varbinds


def _decode_varbind(data: bytes, offset: int, end: int) -> tuple[VarBind, int]:
    """Return one varbind in any legal form, every bound checked, and the offset after it."""
    start, stop = ber.expect(data, offset, end, ber.SEQUENCE)
    name_start, name_stop = ber.expect(data, start, stop, smi.OBJECT_ID)
    tag, value_start, value_stop = ber.read_tlv(data, name_stop, stop)
    if value_stop != stop:
        raise ProtocolError(f"{stop - value_stop} octets after the value, octet {value_stop}")
    name = data[name_start:name_stop]
    if not name or name[-1] >= 0x80:
        raise ProtocolError(f"the name of the varbind at octet {offset} is not an OID")
    return (name, *decode_value(tag, data[value_start:value_stop])), stop


def decode_value(tag: int, octets: bytes) -> tuple[int, int | bytes | None]:
    """Return tag and value; the value is None if the octets are not a value of that type."""
    number: int | None
    if tag in smi.MISSING:
        return tag, None
    if tag == smi.INTEGER:
        number = ber.decode_signed(octets)
    elif tag in smi.NUMBERS:
        number = ber.decode_unsigned(tag, octets)
    elif tag == smi.OBJECT_ID and octets and octets[-1] >= 0x80:
        number = None
    else:
        return tag, octets
    return tag, number
