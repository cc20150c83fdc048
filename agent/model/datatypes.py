"""The register data types of profiles, and how many registers each has."""

REGISTERS: dict[str, int] = {
    "uint8_high": 1,
    "uint8_low": 1,
    "int8_high": 1,
    "int8_low": 1,
    "uint16": 1,
    "int16": 1,
    "bcd16": 1,
    "float16": 1,
    "uint32": 2,
    "int32": 2,
    "bcd32": 2,
    "float32": 2,
    "uint48": 3,
    "int48": 3,
    "uint64": 4,
    "int64": 4,
    "bcd64": 4,
    "float64": 4,
    "string": 0,
    "string_low": 0,
    "string_high": 0,
    "bool": 1,
}
"""Registers per type. The point gives the length of a string; a bool is one coil or input.

A ``string`` has two characters in a register; ``string_low`` and ``string_high`` have one, in the
low or the high byte, and the other byte is not looked at.
"""

STRINGS: dict[str, slice] = {
    "string": slice(None),
    "string_low": slice(1, None, 2),
    "string_high": slice(0, None, 2),
}
"""The bytes of a string's registers, each with its high byte first, that are characters."""

TEXTS: dict[str, int] = {
    "hex": 0,
    "version8": 0,
    "version16": 0,
    "date_packed": 1,
    "date_bcd": 2,
}
"""Registers per text type that only identity fields have; 0 if the field gives the length.

``hex`` is the digits of the bytes; ``version8`` one number per byte and ``version16`` one per
register, joined with dots; ``date_packed`` has years since 2000 in its upper seven bits, then four
bits of month and five of day; ``date_bcd`` is 0x2026 0x0131.
"""

BYTE_ORDERS = ("ABCD", "CDAB", "BADC", "DCBA")
"""Byte orders on the wire: big endian, low word first, bytes swapped, and both."""

LONG_BYTE_ORDERS = (
    *("ABCDEFGH", "GHEFCDAB", "BADCFEHG", "HGFEDCBA"),
    *("EFGHABCD", "CDABGHEF", "FEHGBADC", "DCBAHGFE"),
)
"""Byte orders of 64 bits on the wire. The first four are those of ``BYTE_ORDERS``, written out."""

NOTATION: dict[str, str] = {"0": "coil", "1": "discrete", "3": "input", "4": "holding"}
"""The tables by the first digit of a register's number in datasheets, as in 40001."""
