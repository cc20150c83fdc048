"""The register data types a map can name, and how many registers each takes."""

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
    "uint64": 4,
    "int64": 4,
    "float64": 4,
    "string": 0,
    "bool": 1,
}
"""Registers per type; a string's length stands in the point, a bool is one coil or input."""

BYTE_ORDERS = ("ABCD", "CDAB", "BADC", "DCBA")
"""How bytes lie on the wire: big endian, low word first, bytes swapped, and both."""
