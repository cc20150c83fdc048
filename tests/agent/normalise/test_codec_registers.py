"""Register types beyond the plain ones: literal bytes worked out by hand, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.datatypes import BYTE_ORDERS, TEXTS
from agent.model.errors import ProtocolError
from agent.normalise.codec import decode_registers, encode_registers


@pytest.mark.parametrize(
    ("data_type", "byte_order", "wire", "value"),
    [
        ("uint48", "ABCD", "0000 0001 0000", 65_536),
        ("uint48", "CDAB", "0002 0001 0000", 65_538),
        ("uint48", "BADC", "0000 0100 0200", 65_538),
        ("uint48", "DCBA", "0200 0100 0000", 65_538),
        ("int48", "ABCD", "ffff ffff fffe", -2),
        ("int48", "CDAB", "fffe ffff ffff", -2),
        ("int48", "BADC", "ffff ffff feff", -2),
        ("int48", "DCBA", "feff ffff ffff", -2),
        ("uint64", "ABCDEFGH", "0102 0304 0506 0708", 0x0102030405060708),
        ("uint64", "GHEFCDAB", "0708 0506 0304 0102", 0x0102030405060708),
        ("uint64", "CDAB", "0708 0506 0304 0102", 0x0102030405060708),
        ("uint64", "BADCFEHG", "0201 0403 0605 0807", 0x0102030405060708),
        ("uint64", "HGFEDCBA", "0807 0605 0403 0201", 0x0102030405060708),
        ("uint64", "EFGHABCD", "0506 0708 0102 0304", 0x0102030405060708),
        ("uint64", "CDABGHEF", "0304 0102 0708 0506", 0x0102030405060708),
        ("uint64", "FEHGBADC", "0605 0807 0201 0403", 0x0102030405060708),
        ("uint64", "DCBAHGFE", "0403 0201 0807 0605", 0x0102030405060708),
        ("bcd64", "ABCD", "0000 0012 3456 7890", 1_234_567_890),
        ("bcd64", "CDAB", "7890 3456 0012 0000", 1_234_567_890),
        ("bcd64", "BADC", "0000 1200 5634 9078", 1_234_567_890),
        ("bcd64", "DCBA", "9078 5634 1200 0000", 1_234_567_890),
    ],
)
def test_long_numbers(data_type: str, byte_order: str, wire: str, value: int) -> None:
    octets = bytes.fromhex(wire)
    assert decode_registers(data_type, byte_order, octets) == value
    assert encode_registers(data_type, byte_order, value) == octets


@pytest.mark.parametrize(
    ("data_type", "byte_order", "wire", "text"),
    [
        ("string_low", "ABCD", "0053 004e 0031 0000", "SN1"),
        ("string_low", "ABCD", "ff53 014e 0031 0020", "SN1"),
        ("string_high", "ABCD", "5300 4e00 3100 0000", "SN1"),
        ("string_high", "BADC", "0053 004e 0031 0000", "SN1"),
        ("string", "ABCD", "0053 004e 0031 0000", None),
        ("string", "ABCD", "5300 4e00 3100 0000", None),
        ("string", "ABCD", "5300 0000 0000 0000", "S"),
        ("string", "ABCD", "534e 3100 0000 0000", "SN1"),
    ],
)
def test_one_character_in_each_register(
    data_type: str, byte_order: str, wire: str, text: str | None
) -> None:
    assert decode_registers(data_type, byte_order, bytes.fromhex(wire)) == text


@pytest.mark.parametrize("data_type", ["string", "string_low", "string_high"])
@pytest.mark.parametrize("byte_order", BYTE_ORDERS)
def test_a_string_there_and_back(data_type: str, byte_order: str) -> None:
    octets = encode_registers(data_type, byte_order, "SN12345", 8)
    assert len(octets) == 16
    assert decode_registers(data_type, byte_order, octets) == "SN12345"


@pytest.mark.parametrize(
    ("data_type", "wire", "text"),
    [
        ("hex", "00a1 b2c3", "00a1b2c3"),
        ("version8", "0102 000a", "1.2.0.10"),
        ("version16", "0001 000c", "1.12"),
        ("date_packed", "3431", "2026-01-17"),  # 26 << 9 | 1 << 5 | 17
        ("date_bcd", "2026 0131", "2026-01-31"),
    ],
)
@pytest.mark.parametrize("byte_order", ["ABCD", "BADC"])
def test_texts_of_an_identity(data_type: str, wire: str, text: str, byte_order: str) -> None:
    octets = bytes.fromhex(wire)
    if byte_order == "BADC":
        octets = b"".join(octets[n : n + 2][::-1] for n in range(0, len(octets), 2))
    assert decode_registers(data_type, byte_order, octets) == text
    assert encode_registers(data_type, byte_order, text, len(octets) // 2) == octets


@pytest.mark.parametrize(
    ("data_type", "wire"),
    [("date_packed", "0000"), ("date_packed", "ffff"), ("date_bcd", "2026 1301"),
     ("date_bcd", "2026 01ff"), ("date_bcd", "0000 0000")],
)  # fmt: skip
def test_a_date_that_no_calendar_has(data_type: str, wire: str) -> None:
    assert decode_registers(data_type, "ABCD", bytes.fromhex(wire)) is None


@pytest.mark.parametrize("data_type", ["date_packed", "date_bcd"])
def test_a_date_of_the_wrong_length(data_type: str) -> None:
    with pytest.raises(ProtocolError, match=f"{data_type} takes"):
        decode_registers(data_type, "ABCD", bytes(6))


@pytest.mark.parametrize("data_type", sorted(TEXTS))
def test_what_is_no_such_text_is_empty_registers(data_type: str) -> None:
    assert encode_registers(data_type, "ABCD", "no, 70000", 4) == bytes(8)


def test_a_date_before_the_packed_ones_keeps_its_day() -> None:
    wire = encode_registers("date_packed", "ABCD", "1999-03-02", 1)
    assert decode_registers("date_packed", "ABCD", wire) == "2000-03-02"


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        (b"PSU1\0\0\0\0", "PSU1"),
        (b"\0\0PSU1  ", "PSU1"),
        (b"PSU1\0junk!", "PSU1"),
        (b"PSU\xb51\xff\xff\xff", "PSU\ufffd1"),
        (b"PS\x01U1\0\0\0", "PS\ufffdU1"),
        (b"\0\1\2\3\4\5", "\ufffd" * 5),
        (b"\xff\xff\xff\xff", ""),
        (b"", ""),
    ],
)
def test_a_bad_byte_costs_one_character(wire: bytes, text: str) -> None:
    assert decode_registers("string", "ABCD", wire) == text


@given(st.sampled_from(["uint48", "int48"]), st.sampled_from(BYTE_ORDERS), st.data())
def test_48_bits_come_back(data_type: str, byte_order: str, data: st.DataObject) -> None:
    low, high = (0, 2**48 - 1) if data_type == "uint48" else (-(2**47), 2**47 - 1)
    value = data.draw(st.integers(low, high))
    assert (
        decode_registers(data_type, byte_order, encode_registers(data_type, byte_order, value))
        == value
    )
    assert encode_registers(data_type, byte_order, high + 5) == encode_registers(
        data_type, byte_order, high
    )
