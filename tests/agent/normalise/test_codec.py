"""Register and SNMP payloads: literal bytes worked out by hand, and round trips both ways."""

import math
import re
import struct

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.model import smi
from agent.model.datatypes import BYTE_ORDERS, REGISTERS, STRINGS
from agent.model.errors import ProtocolError
from agent.normalise.codec import (
    decode_registers,
    decode_text,
    encode_registers,
    number_in_text,
    plain_value,
    reorder,
)

ORDERS = st.sampled_from(BYTE_ORDERS)
RANGES = {
    "uint8_high": (0, 255),
    "uint8_low": (0, 255),
    "int8_high": (-128, 127),
    "int8_low": (-128, 127),
    "uint16": (0, 2**16 - 1),
    "int16": (-(2**15), 2**15 - 1),
    "uint32": (0, 2**32 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "uint64": (0, 2**64 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "bcd16": (0, 9999),
    "bcd32": (0, 99_999_999),
    "bool": (0, 1),
}
FLOATS = {"float16": 16, "float32": 32, "float64": 64}


@pytest.mark.parametrize(
    ("data_type", "big_endian", "value"),
    [
        ("uint8_high", "80 7f", 128),
        ("uint8_low", "80 7f", 127),
        ("int8_high", "80 7f", -128),
        ("int8_low", "00 ff", -1),
        ("uint16", "00 e7", 231),
        ("uint16", "ff ff", 65535),
        ("int16", "ff 38", -200),
        ("uint32", "00 01 86 a0", 100_000),
        ("int32", "ff ff ff fe", -2),
        ("uint64", "00 00 00 01 00 00 00 00", 4_294_967_296),
        ("uint64", "ff ff ff ff ff ff ff ff", 18_446_744_073_709_551_615),
        ("int64", "ff ff ff ff ff ff ff 9c", -100),
        ("bcd16", "12 34", 1234),
        ("bcd32", "00 98 76 54", 987_654),
        ("float16", "3c 00", 1.0),
        ("float16", "c2 00", -3.0),
        ("float32", "43 66 80 00", 230.5),
        ("float32", "3d cc cc cd", struct.unpack(">f", bytes.fromhex("3dcccccd"))[0]),
        ("float64", "40 6c d0 00 00 00 00 00", 230.5),
    ],
)
@pytest.mark.parametrize("byte_order", BYTE_ORDERS)
def test_a_value_lies_in_its_registers(
    data_type: str, big_endian: str, value: float, byte_order: str
) -> None:
    octets = bytes.fromhex(big_endian)
    wire = {
        "ABCD": octets,
        "DCBA": octets[::-1],
        "BADC": b"".join(octets[n : n + 2][::-1] for n in range(0, len(octets), 2)),
        "CDAB": b"".join(octets[n : n + 2] for n in range(len(octets) - 2, -1, -2)),
    }[byte_order]
    assert decode_registers(data_type, byte_order, wire) == value
    old = wire if "8" in data_type[:5] else b"\0\0"
    assert encode_registers(data_type, byte_order, value, old=old) == wire


@pytest.mark.parametrize(
    ("byte_order", "wire"),
    [
        ("ABCD", "01 02 03 04"),
        ("CDAB", "03 04 01 02"),
        ("BADC", "02 01 04 03"),
        ("DCBA", "04 03 02 01"),
    ],
)
def test_the_four_byte_orders_of_one_number(byte_order: str, wire: str) -> None:
    assert decode_registers("uint32", byte_order, bytes.fromhex(wire)) == 0x01020304


def test_low_word_first_turns_all_four_registers_of_a_long_number() -> None:
    wire = bytes.fromhex("0708 0506 0304 0102")
    assert decode_registers("uint64", "CDAB", wire) == 0x0102030405060708


@given(st.binary(max_size=16).filter(lambda octets: len(octets) % 2 == 0), ORDERS)
def test_reordering_twice_changes_nothing(octets: bytes, byte_order: str) -> None:
    assert reorder(reorder(octets, byte_order), byte_order) == octets


@given(st.sampled_from(sorted(RANGES)), ORDERS, st.data())
def test_integers_come_back(data_type: str, byte_order: str, data: st.DataObject) -> None:
    value = data.draw(st.integers(*RANGES[data_type]))
    wire = encode_registers(data_type, byte_order, value)
    assert decode_registers(data_type, byte_order, wire) == value


@given(st.sampled_from(sorted(FLOATS)), ORDERS, st.data())
def test_floats_come_back(data_type: str, byte_order: str, data: st.DataObject) -> None:
    value = data.draw(st.floats(width=FLOATS[data_type], allow_nan=False, allow_infinity=False))  # type: ignore[arg-type]
    wire = encode_registers(data_type, byte_order, value)
    assert len(wire) == 2 * REGISTERS[data_type]
    assert decode_registers(data_type, byte_order, wire) == value


@given(st.text("".join(map(chr, range(33, 127))) + "äß€", max_size=20), ORDERS)
def test_text_comes_back(text: str, byte_order: str) -> None:
    wire = encode_registers("string", byte_order, text, count=40)
    assert len(wire) == 80
    assert decode_registers("string", byte_order, wire) == text


@given(st.sampled_from([t for t in REGISTERS if t not in ("bool", *STRINGS)]), st.binary())
def test_registers_that_are_too_few_or_many_break_the_protocol(
    data_type: str, octets: bytes
) -> None:
    assume(len(octets) != 2 * REGISTERS[data_type])
    with pytest.raises(ProtocolError, match=f"{data_type} takes"):
        decode_registers(data_type, "ABCD", octets)


@pytest.mark.parametrize(
    ("data_type", "wire"),
    [
        ("float32", "7f c0 00 00"),  # quiet NaN
        ("float32", "7f 80 00 00"),  # +infinity
        ("float64", "ff f0 00 00 00 00 00 00"),  # -infinity
        ("float16", "7e 00"),
        ("bcd16", "12 3a"),
        ("bcd32", "ff ff ff ff"),
    ],
)
def test_what_is_no_number_is_none_and_not_zero(data_type: str, wire: str) -> None:
    assert decode_registers(data_type, "ABCD", bytes.fromhex(wire)) is None


@pytest.mark.parametrize(
    ("data_type", "value", "wire"),
    [
        ("uint16", 70_000, "ff ff"),
        ("uint16", -1, "00 00"),
        ("int16", -40_000, "80 00"),
        ("int8_low", 200, "00 7f"),
        ("bcd16", 12_345, "99 99"),
        ("bcd16", -5, "00 00"),
        ("uint16", 230.5, "00 e6"),  # to even, as Python rounds
        ("int32", "-7", "ff ff ff f9"),
    ],
)
def test_encoding_rounds_and_holds_to_the_range(
    data_type: str, value: float | str, wire: str
) -> None:
    assert encode_registers(data_type, "ABCD", value) == bytes.fromhex(wire)


def test_an_8_bit_value_leaves_the_other_byte_alone() -> None:
    assert encode_registers("uint8_high", "ABCD", 1, old=b"\xaa\xbb") == b"\x01\xbb"
    assert encode_registers("uint8_low", "BADC", 1, old=b"\xaa\xbb") == b"\x01\xbb"


def test_a_coil_is_one_byte() -> None:
    assert decode_registers("bool", "ABCD", b"\x01") == 1
    assert decode_registers("bool", "ABCD", b"\x00") == 0
    assert encode_registers("bool", "ABCD", 5) == b"\x01"


def test_a_string_is_cut_at_a_whole_character() -> None:
    assert encode_registers("string", "ABCD", "abc€", count=2) == b"abc\0"


def test_the_bytes_of_a_string_can_be_swapped_too() -> None:
    assert encode_registers("string", "BADC", "PSU1", count=3) == b"SP1U\0\0"
    assert decode_registers("string", "DCBA", b"SP1U\0\0") == "PSU1"
    assert decode_registers("string", "CDAB", b"PSU1\0\0") == "PSU1"


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"AP8853", "AP8853"),
        (b"AP8853\0\0\0", "AP8853"),
        (b"  PDU A \r\n", "PDU A"),
        (b"\xff\xff\xff\xff", ""),
        (b"", ""),
        (b"\0\0", ""),
        ("Zähler".encode(), "Zähler"),
        (b"line one\r\n  line two", "line one line two"),
        (bytes.fromhex("00c0b7123456"), "00:c0:b7:12:34:56"),
        (b"\xde\xad\xbe", "deadbe"),
        (b"a\x01b", "610162"),
        (b"abc\x00de", "61:62:63:00:64:65"),
    ],
)
def test_octets_as_text_that_a_label_can_hold(octets: bytes, text: str) -> None:
    assert decode_text(octets) == text


@given(st.binary(max_size=64))
def test_no_octets_make_text_that_cannot_be_printed(octets: bytes) -> None:
    assert decode_text(octets).isprintable()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("23.5", 23.5),
        (" 42 ", 42),
        ("1,1", 1.1),
        ("-7", -7),
        ("+3", 3),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("23.5 A", None),
        ("1,234.5", None),
        ("", None),
        ("n/a", None),
        ("1e999", None),
        ("9" * 400, None),
        ("-1e31", None),
        ("nan", None),
        ("0x10", None),
    ],
)
def test_numbers_that_devices_write_as_text(text: str, number: float | None) -> None:
    assert number_in_text(text) == number


def test_a_whole_number_in_text_stays_exact() -> None:
    found = number_in_text("9007199254740993")
    assert (found, type(found)) == (9007199254740993, int)


def test_a_pattern_says_which_part_is_the_number() -> None:
    pattern = re.compile(r"^([\d.]+) A( peak)?$")
    assert number_in_text("3.14 A", pattern) == 3.14
    assert number_in_text("3.14 V", pattern) is None
    assert number_in_text("x", re.compile(r"(\d)?x")) is None


@given(st.text(max_size=40))
def test_text_is_a_finite_number_or_none(text: str) -> None:
    number = number_in_text(text)
    assert number is None or math.isfinite(number)


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        ("9f780441ca6666", pytest.approx(25.3)),
        ("9f790840320ccccccccccd", 18.05),
        ("9f78047fc00000", pytest.approx(math.nan, nan_ok=True)),
        ("9f780441ca", "9f780441ca"),
    ],
)
def test_an_opaque_float_or_double_is_a_number(octets: str, value: object) -> None:
    assert plain_value(smi.OPAQUE, bytes.fromhex(octets)) == value


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("Kaltgang Müller".encode("latin-1"), "Kaltgang M\ufffdller"),
        ("sw_A机房_01".encode("gbk"), None),
        (b"Vendor OS \xa9 2020", "Vendor OS \ufffd 2020"),
        (bytes.fromhex("c0a80105"), "c0a80105"),
        (bytes.fromhex("8000000001020304"), "8000000001020304"),
        (bytes.fromhex("444d4df03031"), "44:4d:4d:f0:30:31"),
    ],
)
def test_a_text_that_is_not_utf_8_keeps_what_can_be_read(octets: bytes, text: str | None) -> None:
    found = decode_text(octets)
    if text is None:
        assert found.startswith("sw_A")
        assert found.endswith("_01")
    else:
        assert found == text
