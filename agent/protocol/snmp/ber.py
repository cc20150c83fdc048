"""BER for SNMP: encodes whole TLVs, and reads TLVs within strict bounds.

Source: X.690 with the restrictions of RFC 3417 section 8 (definite lengths, single-octet tags).
Reading accepts common deviations of real agents that cannot break a bound (padded lengths,
integers longer than needed), and raises ProtocolError for everything else.
"""

from agent.model import smi
from agent.model.errors import ProtocolError

SEQUENCE = 0x30

_MAX_LENGTH_OCTETS = 4
_MAX_INTEGER_OCTETS = 9  # Counter64 with its leading zero
GREATEST = {
    smi.INTEGER: 2**63 - 1,
    smi.COUNTER32: 2**32 - 1,
    smi.GAUGE32: 2**32 - 1,
    smi.TIME_TICKS: 2**32 - 1,
    smi.COUNTER64: 2**64 - 1,
}
"""Greatest accepted value of each numeric type (64 bits are accepted for INTEGER)."""


def length(count: int) -> bytes:
    """Return the length octets for ``count`` content octets, in the shortest form."""
    if count < 0x80:
        return bytes((count,))
    octets = count.to_bytes((count.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(octets),)) + octets


def tlv(tag: int, content: bytes) -> bytes:
    """Encode a TLV."""
    count = len(content)
    if count < 0x80:
        return bytes((tag, count)) + content
    if count < 0x100:
        return bytes((tag, 0x81, count)) + content
    return bytes((tag,)) + length(count) + content


def integer_content(number: int) -> bytes:
    """Encode an integer in two's complement with the fewest octets."""
    magnitude = number if number >= 0 else ~number
    return number.to_bytes(magnitude.bit_length() // 8 + 1, "big", signed=True)


def integer(value: int) -> bytes:
    """Encode an INTEGER as a TLV."""
    return tlv(smi.INTEGER, integer_content(value))


def value(tag: int, value: int | bytes | None) -> bytes:
    """Encode a value of ``agent.model.smi`` as a TLV: int for numbers, None for no content."""
    if value is None:
        return bytes((tag, 0))
    if isinstance(value, int):
        return tlv(tag, integer_content(value))
    return tlv(tag, value)


def read_tlv(data: bytes, offset: int, end: int) -> tuple[int, int, int]:
    """Return the tag of the TLV at ``offset``, and start and stop of its content.

    Raises ProtocolError if it does not end before ``end`` (at most ``len(data)``), or if its
    length is indefinite or longer than four octets.
    """
    start = offset + 2
    if start > end:
        raise ProtocolError(f"BER ends inside a TLV header at octet {offset}")
    count = data[offset + 1]
    if count >= 0x80:
        octets = count & 0x7F
        if not octets:
            raise ProtocolError(f"BER has an indefinite length at octet {offset}")
        if octets > _MAX_LENGTH_OCTETS or start + octets > end:
            raise ProtocolError(f"BER length of {octets} octets at octet {offset}")
        count = int.from_bytes(data[start : start + octets], "big")
        start += octets
    stop = start + count
    if stop > end:
        raise ProtocolError(f"BER content runs {stop - end} octets past its bounds")
    return data[offset], start, stop


def expect(data: bytes, offset: int, end: int, tag: int) -> tuple[int, int]:
    """Return start and stop of the content of a TLV that must have ``tag``.

    Raises ProtocolError for another tag, and as :func:`read_tlv`.
    """
    found, start, stop = read_tlv(data, offset, end)
    if found != tag:
        raise ProtocolError(f"BER tag 0x{found:02x} instead of 0x{tag:02x} at octet {offset}")
    return start, stop


def read_integer(data: bytes, offset: int, end: int) -> tuple[int, int]:
    """Return the signed INTEGER at ``offset``, at most 9 octets long, and where it stops."""
    start = offset + 2
    if start < end and data[offset] == smi.INTEGER:  # the common short form, without further calls
        stop = start + data[offset + 1]
        if start < stop <= end and stop <= start + _MAX_INTEGER_OCTETS:
            return int.from_bytes(data[start:stop], "big", signed=True), stop
    start, stop = expect(data, offset, end, smi.INTEGER)
    if not 0 < stop - start <= _MAX_INTEGER_OCTETS:
        raise ProtocolError(f"INTEGER of {stop - start} octets at octet {offset}")
    return int.from_bytes(data[start:stop], "big", signed=True), stop


def read_octets(data: bytes, offset: int, end: int) -> tuple[bytes, int]:
    """Return the OCTET STRING at ``offset`` and where it stops."""
    start, stop = expect(data, offset, end, smi.OCTET_STRING)
    return data[start:stop], stop


def decode_signed(octets: bytes) -> int | None:
    """Return an INTEGER's value; None where the octets hold no 64-bit number."""
    if not 0 < len(octets) <= _MAX_INTEGER_OCTETS:
        return None
    number = int.from_bytes(octets, "big", signed=True)
    return number if -(2**63) <= number < 2**63 else None


def decode_unsigned(tag: int, octets: bytes) -> int | None:
    """Return the value of a Counter32, Gauge32, TimeTicks or Counter64; None where it does not fit.

    Agents that omit the leading zero send FF FF FF FF for 2**32-1. The octets are decoded as in
    net-snmp: a set top bit is extended to the width of the type, so a Gauge32 of one octet FF is
    2**32-1 as well, which a range check catches, and not a plausible 255.
    """
    if not 0 < len(octets) <= _MAX_INTEGER_OCTETS:
        return None
    greatest = GREATEST[tag]
    number = int.from_bytes(octets, "big", signed=True)
    if -greatest // 2 <= number < 0:
        return number + greatest + 1
    return number if 0 <= number <= greatest else None
