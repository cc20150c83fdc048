"""Register and SNMP payloads to plain values and back, without state.

Registers arrive as bytes, two per register, high byte first (Modbus Application Protocol V1.1b3,
section 4.2). What lies across several registers is put in big-endian order first (``ABCD``), then
read.
"""

import ipaddress
import math
import re
import struct
from collections.abc import Mapping
from datetime import date

from agent.model import smi
from agent.model.datatypes import REGISTERS, STRINGS, TEXTS
from agent.model.errors import ProtocolError

_STRUCTS: Mapping[str, struct.Struct] = {
    "uint16": struct.Struct(">H"),
    "int16": struct.Struct(">h"),
    "uint32": struct.Struct(">I"),
    "int32": struct.Struct(">i"),
    "uint64": struct.Struct(">Q"),
    "int64": struct.Struct(">q"),
    "float16": struct.Struct(">e"),
    "float32": struct.Struct(">f"),
    "float64": struct.Struct(">d"),
}
_BYTES: Mapping[str, tuple[int, str]] = {
    "uint8_high": (0, ">B"),
    "uint8_low": (1, ">B"),
    "int8_high": (0, ">b"),
    "int8_low": (1, ">b"),
}
_OPAQUE: Mapping[bytes, struct.Struct] = {
    b"\x9f\x78\x04": _STRUCTS["float32"],
    b"\x9f\x79\x08": _STRUCTS["float64"],
}
_TEXT_SHARE = 0.6  # of the octets, at least, for a text with some that cannot be read
_LARGEST = 1e30  # beyond every quantity of a rack: such a number is garbage
_NUMBER = re.compile(r"\s*([-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?)\s*")


def reorder(payload: bytes, byte_order: str) -> bytes:
    """Convert ``payload`` between ``byte_order`` and big endian; the function is its own inverse.

    ``CDAB`` turns the order of the registers, ``BADC`` the bytes in each, ``DCBA`` both. A name of
    eight letters is the order of 64 bits, ``A`` the highest byte.
    """
    if len(byte_order) == 8:
        # Each order of 64 bits exchanges bytes, pairs of bytes, halves, or several of them.
        exchanged = ord(byte_order[0]) - ord("A")
        return bytes(payload[place ^ exchanged] for place in range(8))
    if byte_order == "ABCD":
        return payload
    if byte_order == "DCBA":
        return payload[::-1]
    words = [payload[place : place + 2] for place in range(0, len(payload), 2)]
    if byte_order == "CDAB":
        return b"".join(reversed(words))
    return b"".join(word[::-1] for word in words)


def decode_registers(data_type: str, byte_order: str, payload: bytes) -> int | float | str | None:
    """Return the value in ``payload`` (exactly the registers of ``data_type``, or of the text).

    None if the registers hold no number (NaN, infinity, digits above nine in BCD), no date, or a
    string with one character in each register, which is of another type (``string_low``).
    Raises ProtocolError when the length does not fit the type.
    """
    if data_type in STRINGS or data_type in TEXTS:
        swapped = payload if byte_order in ("ABCD", "CDAB") else reorder(payload, "BADC")
        if data_type in TEXTS:
            return _text(data_type, swapped)
        if data_type == "string" and _is_spread(swapped):
            return None
        return _decode_string(swapped[STRINGS[data_type]])
    if data_type == "bool":
        return int(any(payload))
    if len(payload) != 2 * REGISTERS[data_type]:
        raise ProtocolError(
            f"{data_type} takes {2 * REGISTERS[data_type]} bytes, got {len(payload)}"
        )
    ordered = reorder(payload, byte_order)
    if data_type in _BYTES:
        offset, layout = _BYTES[data_type]
        number: int = struct.unpack_from(layout, ordered, offset)[0]
        return number
    if data_type.startswith("bcd"):
        digits = ordered.hex()
        return int(digits) if digits.isdecimal() else None
    if data_type in ("uint48", "int48"):
        return int.from_bytes(ordered, "big", signed=data_type == "int48")
    value: int | float = _STRUCTS[data_type].unpack(ordered)[0]
    return value if math.isfinite(value) else None


def encode_registers(
    data_type: str, byte_order: str, value: float | str, count: int = 0, old: bytes = b"\0\0"
) -> bytes:
    """Encode a value, inversely to :func:`decode_registers`; integers are rounded and clamped.

    ``count`` is the string's length in registers; ``old`` the register whose other byte an 8-bit
    type keeps.
    """
    if data_type in TEXTS:
        text = _octets(data_type, str(value))[: 2 * count].ljust(2 * count, b"\0")
        return text if byte_order in ("ABCD", "CDAB") else reorder(text, "BADC")
    if data_type in STRINGS:
        # A character that does not fit whole is left out whole.
        place, octets = STRINGS[data_type], bytearray(2 * count)
        space = len(octets[place])
        whole = str(value).encode()[:space].decode(errors="ignore")
        octets[place] = whole.encode().ljust(space, b"\0")
        text = bytes(octets)
        return text if byte_order in ("ABCD", "CDAB") else reorder(text, "BADC")
    number: int | float = value if isinstance(value, int) else float(value)
    if data_type == "bool":
        return bytes((int(number != 0),))
    if data_type in _BYTES:
        offset, layout = _BYTES[data_type]
        register = bytearray(reorder(old, byte_order))
        struct.pack_into(layout, register, offset, _clamp(round(number), layout[1].islower(), 8))
        return reorder(bytes(register), byte_order)
    if data_type in ("uint48", "int48"):
        signed = data_type == "int48"
        return reorder(
            _clamp(round(number), signed, 48).to_bytes(6, "big", signed=signed), byte_order
        )
    if data_type.startswith("bcd"):
        width = 4 * REGISTERS[data_type]
        return reorder(
            bytes.fromhex(str(min(max(round(number), 0), 10**width - 1)).zfill(width)), byte_order
        )
    fixed = _STRUCTS[data_type]
    if "float" not in data_type:
        number = _clamp(round(number), data_type.startswith("int"), 8 * fixed.size)
    return reorder(fixed.pack(number), byte_order)


def _is_spread(octets: bytes) -> bool:
    """Return whether each register of a string holds one letter or digit and a NUL."""
    high, low = octets[0::2], octets[1::2]
    letters = low if not any(high) else high if not any(low) else b""
    text = letters.rstrip(b"\0 ")
    return len(text) > 1 and text.isascii() and text.decode().isprintable()


def _decode_string(octets: bytes) -> str:
    """Return text of a fixed length up to its first NUL, unpadded, bad bytes as U+FFFD."""
    text = octets.strip(b"\0 \t\r\n\xff").partition(b"\0")[0].decode("utf-8", "replace").strip()
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _text(data_type: str, octets: bytes) -> str | None:
    """Return a text of an identity; None for an invalid date."""
    if data_type == "hex":
        return octets.hex()
    if data_type == "version8":
        return ".".join(map(str, octets))
    if data_type == "version16":
        return ".".join(map(str, struct.unpack(f">{len(octets) // 2}H", octets)))
    if len(octets) != 2 * TEXTS[data_type]:
        raise ProtocolError(f"{data_type} takes {2 * TEXTS[data_type]} bytes, got {len(octets)}")
    number = int.from_bytes(octets, "big")
    digits = octets.hex()
    if data_type == "date_bcd":
        if not digits.isdecimal():
            return None
        year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    else:
        year, month, day = 2000 + (number >> 9), number >> 5 & 15, number & 31
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _octets(data_type: str, text: str) -> bytes:
    """Encode a text, inversely to :func:`_text`; return empty registers if it does not fit."""
    try:
        if data_type == "hex":
            return bytes.fromhex(text)
        if data_type == "version8":
            return bytes(map(int, text.split(".")))
        if data_type == "version16":
            numbers = [int(number) for number in text.split(".")]
            return struct.pack(f">{len(numbers)}H", *numbers)
        day = date.fromisoformat(text)
    except (ValueError, struct.error):
        return b""
    if data_type == "date_bcd":
        return bytes.fromhex(f"{day:%Y%m%d}")
    return (max(0, day.year - 2000) << 9 | day.month << 5 | day.day).to_bytes(2, "big")


def _clamp(number: int, signed: bool, bits: int) -> int:
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return min(max(number, low), high)


def plain_value(
    tag: int, value: int | bytes | None, form: str | None = None
) -> int | float | str | None:
    """Return an SNMP value as a number or a text; ``form`` is how its octets are written."""
    if not isinstance(value, bytes):
        return value
    if tag == smi.OBJECT_ID:
        return smi.dotted(value)
    if tag == smi.OPAQUE and (number := _opaque_number(value)) is not None:
        return number
    return _decode_octets(form, value)


def _opaque_number(octets: bytes) -> float | None:
    """Return the Float or Double in an Opaque (draft-perkins-float-00); None where it has none."""
    for head, layout in _OPAQUE.items():
        if octets.startswith(head) and len(octets) == len(head) + layout.size:
            number: float = layout.unpack(octets[len(head) :])[0]
            return number
    return None


def _decode_octets(form: str | None, octets: bytes) -> str:
    """Return octets as what they are known to be: a MAC or a network address, text otherwise.

    A network address is its family (1: IPv4, 2: IPv6; IANA) and its octets, as in LLDP-MIB.
    """
    if form == "mac" and octets:
        return octets.hex(":")
    if form == "address" and (octets[:1], len(octets)) in ((b"\1", 5), (b"\2", 17)):
        return str(ipaddress.ip_address(octets[1:]))
    return decode_text(octets)


def decode_text(octets: bytes) -> str:
    """Return an OctetString or string registers as text for a label.

    Padding and control characters are removed; six octets that are not text are a MAC address;
    octets that are mostly not text are in hexadecimal. In a text that is not UTF-8 (Latin-1, GBK)
    U+FFFD replaces what cannot be read. Six octets that begin with zero are a MAC address too: most
    makers' do, and the other five may happen to be letters.
    """
    if len(octets) == 6 and octets[0] == 0 and any(octets):
        return _hexadecimal(octets)
    trimmed = octets.strip(b"\0 \t\r\n\xff") if octets.rstrip(b"\0\xff") else b""
    try:
        text = trimmed.decode("utf-8")
    except UnicodeDecodeError:
        loose = trimmed.decode("utf-8", "replace")
        text = "".join(char if char.isprintable() else "\ufffd" for char in loose)
        readable = len(text) - text.count("\ufffd")
        is_text = len(octets) != 6 and readable >= _TEXT_SHARE * len(trimmed)
        return text if is_text else _hexadecimal(octets)
    if all(char.isprintable() or char in "\t\r\n" for char in text):
        return " ".join(text.split()) if any(char in "\t\r\n" for char in text) else text
    return _hexadecimal(octets)


def _hexadecimal(octets: bytes) -> str:
    return octets.hex(":") if len(octets) == 6 else octets.hex()


def number_in_text(text: str, pattern: re.Pattern[str] | None = None) -> int | float | None:
    """Return the number in a text such as ``"23.5"`` or ``"1,1"``; None without a number.

    With ``pattern`` the number is what its group 1 matches (``"3.14 A"`` needs one: a unit is
    never guessed away). A comma is a decimal point.
    """
    if pattern is not None:
        found = pattern.search(text)
        text = found.group(1) if found and found.group(1) is not None else ""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    digits = match.group(1).replace(",", ".")
    value = float(digits)
    if abs(value) > _LARGEST:
        return None
    return int(digits) if digits.lstrip("+-").isdecimal() else value
