"""SMI vocabulary: ASN.1 tags of SNMP values, and OIDs between dotted text and BER octets.

Sources: RFC 2578 (SMIv2 types), RFC 3416 section 2 (exceptions), X.690 section 8.19 (OIDs).
Inside the agent an OID is its BER content octets: comparing prefixes is comparing bytes, and the
wire needs no conversion.
"""

from collections.abc import Mapping
from functools import lru_cache

INTEGER = 0x02
OCTET_STRING = 0x04
NULL = 0x05
OBJECT_ID = 0x06
IP_ADDRESS = 0x40
COUNTER32 = 0x41
GAUGE32 = 0x42
TIME_TICKS = 0x43
OPAQUE = 0x44
COUNTER64 = 0x46
NO_SUCH_OBJECT = 0x80
NO_SUCH_INSTANCE = 0x81
END_OF_MIB_VIEW = 0x82

NUMBERS = frozenset({INTEGER, COUNTER32, GAUGE32, TIME_TICKS, COUNTER64})
"""Tags whose value arrives as an int."""

MISSING = frozenset({NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW, NULL})
"""Tags that mean that there is no value."""

TYPE_NAMES: Mapping[int, str] = {
    INTEGER: "INTEGER",
    OCTET_STRING: "OCTET STRING",
    NULL: "Null",
    OBJECT_ID: "OBJECT IDENTIFIER",
    IP_ADDRESS: "IpAddress",
    COUNTER32: "Counter32",
    GAUGE32: "Gauge32",
    TIME_TICKS: "TimeTicks",
    OPAQUE: "Opaque",
    COUNTER64: "Counter64",
}
"""The name of each type of value by its tag, as RFC 2578 writes it."""

_MAX_SUBIDS = 128  # RFC 2578 section 3.5
_MAX_SUBID = 2**32 - 1


def encode_subids(subids: tuple[int, ...] | list[int]) -> bytes:
    """Encode sub-identifiers as base-128 octets, without the rule for the first two arcs.

    Raises ValueError for a sub-identifier outside 0..2**32-1.
    """
    out = bytearray()
    for subid in subids:
        if not 0 <= subid <= _MAX_SUBID:
            raise ValueError(f"sub-identifier {subid} is outside 0..{_MAX_SUBID}")
        if subid < 128:
            out.append(subid)
            continue
        groups = [subid & 0x7F]
        subid >>= 7
        while subid:
            groups.append(subid & 0x7F | 0x80)
            subid >>= 7
        out += bytes(reversed(groups))
    return bytes(out)


def decode_subids(octets: bytes) -> tuple[int, ...]:
    """Decode what :func:`encode_subids` encodes. Raises ValueError if the octets end mid-number."""
    subids = []
    subid = 0
    for octet in octets:
        subid = subid << 7 | octet & 0x7F
        if not octet & 0x80:
            subids.append(subid)
            subid = 0
    if octets and octets[-1] & 0x80:
        raise ValueError("OID octets end inside a sub-identifier")
    return tuple(subids)


@lru_cache(maxsize=65536)
def oid(dotted: str) -> bytes:
    """Return ``1.3.6.1.2.1`` as BER content octets; a leading dot is allowed.

    Raises ValueError if the text is not an OID of at least two arcs.
    """
    try:
        subids = [int(part) for part in dotted.removeprefix(".").split(".")]
    except ValueError:
        raise ValueError(f"{dotted!r} is not an OID: write numbers joined by dots") from None
    if len(subids) < 2 or len(subids) > _MAX_SUBIDS or subids[0] > 2:
        raise ValueError(f"{dotted!r} is not an OID: 2 to {_MAX_SUBIDS} arcs, the first at most 2")
    if subids[0] < 2 and subids[1] > 39:
        raise ValueError(f"{dotted!r} is not an OID: the second arc is at most 39 here")
    return encode_subids([subids[0] * 40 + subids[1], *subids[2:]])


def dotted(octets: bytes) -> str:
    """Return BER content octets as ``1.3.6.1.2.1``. Raises ValueError if they end mid-number."""
    subids = decode_subids(octets)
    if not subids:
        return ""
    first = min(subids[0] // 40, 2)
    return ".".join(map(str, (first, subids[0] - first * 40, *subids[1:])))


def named(tag: int) -> str:
    """Return a type's name with its article, for messages: ``an INTEGER``."""
    name = TYPE_NAMES.get(tag, f"value of tag {tag}")
    return f"{'an' if name[0] in 'IO' else 'a'} {name}"
