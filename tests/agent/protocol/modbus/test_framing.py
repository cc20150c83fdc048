"""Framing against literal bytes, garbage, and random streams. CRCs and LRCs are worked by hand or
taken from the standard and other implementations, never from the code under test."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.errors import ProtocolError, RequestRejected
from agent.protocol.modbus.framing import (
    AsciiFramer,
    Framer,
    RtuFramer,
    TcpFramer,
    marker_query,
    query,
)

# Modbus Application Protocol V1.1b3, 6.3: registers 108-110 are 555, 0 and 100.
DOCUMENTED = query(0x11, "holding", 0x006B, 3)
DOCUMENTED_DATA = bytes.fromhex("022B 0000 0064")


def test_tcp_request_and_reply_of_the_standard() -> None:
    framer = TcpFramer()
    assert framer.ask(DOCUMENTED) == bytes.fromhex("0001 0000 0006 11 03 006B 0003")
    reply = bytes.fromhex("0001 0000 0009 11 03 06 022B 0000 0064")
    assert framer.feed(reply) == DOCUMENTED_DATA
    assert framer.ask(DOCUMENTED)[:2] == b"\x00\x02"


def test_rtu_request_and_reply_known_to_every_modbus_tutorial() -> None:
    framer = RtuFramer()
    assert framer.ask(DOCUMENTED) == bytes.fromhex("11 03 006B 0003 76 87")
    asked = query(0x11, "holding", 0x006B, 3)
    framer.ask(asked)
    assert framer.feed(bytes.fromhex("11 03 06 AE41 5652 4340 49 AD")) == bytes.fromhex(
        "AE41 5652 4340"
    )


def test_ascii_request_and_reply() -> None:
    framer = AsciiFramer()
    assert framer.ask(DOCUMENTED) == b":1103006B00037E\r\n"
    assert framer.feed(b":110306AE415652") is None
    assert framer.feed(b"4340CC\r\n") == bytes.fromhex("AE41 5652 4340")


def test_exception_reply_is_a_refusal_that_names_the_registers() -> None:
    framer = RtuFramer()
    framer.ask(query(0x0A, "coil", 0x04A1, 1))
    with pytest.raises(RequestRejected, match=r"unit 10 coil 1185\.\.1185.*address") as caught:
        framer.feed(bytes.fromhex("0A 81 02 B0 53"))
    assert caught.value.code == 2


def test_bits_come_low_bit_first_one_byte_each() -> None:
    # Modbus Application Protocol V1.1b3, 6.1: coils 20-38 read CD 6B 05.
    framer = TcpFramer()
    framer.ask(query(1, "coil", 19, 19))
    bits = framer.feed(bytes.fromhex("0001 0000 0006 01 01 03 CD 6B 05"))
    assert bits == bytes(map(int, "1011001111010110101"))


@pytest.mark.parametrize(
    "frame",
    [
        "0001 0000 0007 11 04 04 0001 0002",
        "0001 0000 0005 11 03 02 0001",
        "0001 0000 0009 11 03 06 0001 0002 0003",
        "0001 0000 0005 11 03 04 0001",
        "0001 0000 0007 12 03 04 0001 0002",
        "0001 0000 0006 11 06 0000 0001",
        "0001 0000 0003 11 84 02",
        "0001 0001 0007 11 03 04 0001 0002",
        "DEAD BEEF 0000 11",
        "0001 0000 0000 11",
        "0001 0000 FFFF 11",
    ],
)
def test_a_tcp_reply_that_does_not_fit_is_refused_at_once(frame: str) -> None:
    framer = TcpFramer()
    framer.ask(query(0x11, "holding", 0, 2))
    with pytest.raises(ProtocolError, match=r"unit 17 holding 0\.\.1"):
        framer.feed(bytes.fromhex(frame))


def test_a_tcp_stream_without_frame_boundaries_is_given_up() -> None:
    framer = TcpFramer()
    framer.ask(query(1, "holding", 0, 1))
    good = bytes.fromhex("0001 0000 0005 01 03 02 002A")
    assert framer.feed(good + b"\xff" * 9) == b"\x00\x2a"
    assert framer.broken
    framer.reset()
    assert not framer.broken
    assert not framer.partial


def test_late_tcp_replies_are_counted_and_skipped() -> None:
    framer = TcpFramer()
    asked = query(1, "holding", 0, 1)
    framer.ask(asked)
    framer.ask(asked)
    late = bytes.fromhex("0001 0000 0005 01 03 02 0001")
    right = bytes.fromhex("0002 0000 0005 01 03 02 0002")
    assert framer.feed(late + right + late) == b"\x00\x02"
    assert framer.strays == 2


def test_transactions_never_are_zero() -> None:
    framer = TcpFramer()
    asked = query(1, "holding", 0, 1)
    seen = {framer.ask(asked)[:2] for _ in range(65536)}
    assert len(seen) == 65535
    assert b"\x00\x00" not in seen


@pytest.mark.parametrize("stray", ["02 03 04 0001 0002 E8F2", "11 04 04 0001 0002", "11 03", "FF"])
def test_what_stands_before_an_rtu_reply_is_skipped(stray: str) -> None:
    framer = RtuFramer()
    framer.ask(DOCUMENTED)
    reply = bytes.fromhex("11 03 06 AE41 5652 4340 49 AD")
    assert framer.feed(bytes.fromhex(stray) + reply) == reply[3:9]


def test_a_wrong_rtu_reply_is_remembered_for_the_failure() -> None:
    framer = RtuFramer()
    framer.ask(query(0x11, "holding", 0x6B, 2))
    assert framer.feed(bytes.fromhex("11 03 06 AE41 5652 4340 49 AD")) is None
    assert "expected unit 17, function 3 with 5" in framer.note
    assert not framer.partial


def test_bytes_older_than_the_question_are_forgotten() -> None:
    reply = bytes.fromhex("11 03 06 AE41 5652 4340 49 AD")
    framer = RtuFramer()
    framer.ask(DOCUMENTED)
    assert framer.feed(reply[:8]) is None
    framer.ask(DOCUMENTED)
    assert framer.feed(reply[8:]) is None
    assert framer.feed(reply) == reply[3:9]
    assert framer.feed(reply) is None


def test_damaged_ascii_lines_are_skipped() -> None:
    framer = AsciiFramer()
    framer.ask(DOCUMENTED)
    assert framer.feed(b":110306AE4156524340FF\r\n") is None
    assert framer.feed(b"1103zz\r\n:11\r\n") is None
    assert "damaged" in framer.note
    assert framer.feed(b"xx:110306AE4156524340CC\r\n") == bytes.fromhex("AE41 5652 4340")


@pytest.mark.parametrize(
    ("unit", "table", "address", "count"),
    [
        (256, "holding", 0, 1),
        (1, "files", 0, 1),
        (1, "holding", 0, 0),
        (1, "holding", 0, 126),
        (1, "coil", 0, 2001),
        (1, "holding", -1, 1),
        (1, "holding", 65535, 2),
    ],
)
def test_a_question_modbus_cannot_express(unit: int, table: str, address: int, count: int) -> None:
    with pytest.raises(ValueError, match=r"\d|tables"):
        query(unit, table, address, count)


def test_another_question_uses_a_function_that_is_not_owed() -> None:
    asked = query(7, "holding", 100, 10)
    tables = []
    owed: set[int] = {asked.function}
    while (other := marker_query(asked, owed)) is not None:
        tables.append(other.table)
        owed.add(other.function)
    assert tables == ["input", "discrete", "coil"]


def refused(framer: Framer, *pieces: bytes) -> int | None:
    """The code of the exception that the pieces bring."""
    try:
        for piece in pieces:
            assert framer.feed(piece) is None
    except RequestRejected as refusal:
        return refusal.code
    return None


@pytest.mark.parametrize(
    "stream",
    [
        "0001 0000 0004 11 83 02",  # states an octet that never comes
        "0001 0000 0004 11 83 02 00",
        "0001 0000 0006 11 83 02 00 00 00",
        "0001 0000 0009 11 83 02",
    ],
)
@pytest.mark.parametrize("cut", [100, 9, 8, 5])
def test_a_tcp_refusal_of_an_odd_length_is_a_refusal(stream: str, cut: int) -> None:
    framer, octets = TcpFramer(), bytes.fromhex(stream)
    asked = query(0x11, "holding", 0, 2)
    framer.ask(asked)
    assert refused(framer, octets[:cut], octets[cut:9]) == 2
    framer.feed(octets[max(9, cut) :])
    framer.ask(asked)
    reply = bytes.fromhex("0002 0000 0007 11 03 04 0001 0002")
    assert framer.feed(reply[:7]) is None
    assert framer.feed(reply[7:]) == reply[9:]
    assert not framer.broken


@pytest.mark.parametrize("cut", [100, 5, 3])
@pytest.mark.parametrize("more", [0, 1, 2, 9])
def test_a_serial_refusal_of_an_odd_length_is_a_refusal(more: int, cut: int) -> None:
    for framer, frame in ((RtuFramer(), rtu), (AsciiFramer(), lrc)):
        framer.ask(query(0x11, "holding", 0, 2))
        stream = frame(0x11, b"\x83\x02" + bytes(more))
        assert refused(framer, stream[:cut], stream[cut:]) == 2


def test_a_reply_of_another_transaction_is_named() -> None:
    framer, asked = TcpFramer(), query(0x11, "holding", 0, 1)
    framer.ask(asked)
    assert framer.feed(bytes.fromhex("0200 0000 0005 11 03 02 0001")) is None
    assert framer.hint == "an answer came with transaction 512, asked was 1"
    framer.ask(asked)
    assert framer.hint == ""
    assert framer.feed(bytes.fromhex("0001 0000 0005 11 03 02 0001")) is None
    assert framer.hint.startswith("an answer came with transaction 1, asked was 2, 0.0 s after")
    assert framer.strays == 2


# A read of 17 to 24 bits from 0x0300 to 0x03FF has the length and check sum of its own reply.
LIKE_A_REPLY = [("coil", 0x0312, 17), ("discrete", 0x03FF, 24), ("coil", 0x0312, 3),
                ("holding", 0x0212, 1), ("input", 0x0302, 2)]  # fmt: skip


@pytest.mark.parametrize("kind", [RtuFramer, AsciiFramer])
@pytest.mark.parametrize("piece", [1, 3, 100])
@pytest.mark.parametrize(("table", "address", "count"), LIKE_A_REPLY)
def test_an_echo_of_the_request_is_no_answer(
    kind: type[RtuFramer] | type[AsciiFramer], piece: int, table: str, address: int, count: int
) -> None:
    framer = kind()
    asked = query(9, table, address, count)
    echo = framer.ask(asked)
    assert [framer.feed(echo[at : at + piece]) for at in range(0, len(echo), piece)] == (
        [None] * -(-len(echo) // piece)
    )
    assert not framer.partial
    assert (framer.note, framer.hint) == ("", "only the request itself came back")
    pdu = bytes([asked.function, asked.size, *[0xFF] * asked.size])
    reply = rtu(9, pdu) if kind is RtuFramer else lrc(9, pdu)
    assert framer.feed(reply) == (b"\xff" * asked.size if asked.function > 2 else b"\1" * count)


def test_a_reply_that_equals_the_request_counts_behind_the_echo() -> None:
    framer = RtuFramer()
    echo = framer.ask(query(9, "coil", 0x0312, 24))
    assert framer.feed(b"\xfd" + echo + echo) == bytes(map(int, "010010000000000000011000"))


def mbap(transaction: int, unit: int, pdu: bytes) -> bytes:
    header = transaction.to_bytes(2, "big") + b"\x00\x00" + (len(pdu) + 1).to_bytes(2, "big")
    return header + bytes([unit]) + pdu


def rtu(unit: int, pdu: bytes) -> bytes:
    body = bytes([unit]) + pdu
    crc = 0xFFFF
    for octet in body:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return body + bytes([crc & 0xFF, crc >> 8])


def lrc(unit: int, pdu: bytes) -> bytes:
    body = bytes([unit]) + pdu
    return b":" + (body + bytes([-sum(body) & 0xFF])).hex().upper().encode() + b"\r\n"


def feed_in_pieces(framer: Framer, stream: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    pieces = (stream[a:b] for a, b in pairwise(edges))
    return [answer for piece in pieces if (answer := framer.feed(piece)) is not None]


@given(
    unit=st.integers(1, 247),
    table=st.sampled_from(["holding", "input"]),
    data=st.binary(min_size=2, max_size=250).filter(lambda data: len(data) % 2 == 0),
    cuts=st.lists(st.integers(0, 1000), max_size=12),
    kind=st.sampled_from(["tcp", "rtu", "ascii"]),
)
def test_every_reply_comes_through_however_it_is_cut(
    unit: int, table: str, data: bytes, cuts: list[int], kind: str
) -> None:
    asked = query(unit, table, 0, len(data) // 2)
    pdu = bytes([asked.function, len(data)]) + data
    framer: Framer
    if kind == "tcp":
        framer, stream = TcpFramer(), mbap(1, unit, pdu)
    elif kind == "rtu":
        framer, stream = RtuFramer(), rtu(unit, pdu)
    else:
        framer, stream = AsciiFramer(), lrc(unit, pdu)
    framer.ask(asked)
    assert feed_in_pieces(framer, stream, cuts) == [data]


@given(
    noise=st.binary(max_size=600),
    cuts=st.lists(st.integers(0, 1000), max_size=6),
    kind=st.sampled_from(["rtu", "ascii"]),
)
def test_a_serial_reply_is_found_behind_any_noise(noise: bytes, cuts: list[int], kind: str) -> None:
    asked = query(17, "input", 9, 2)
    pdu = bytes.fromhex("04 04 0102 0304")
    if kind == "rtu":
        framer: Framer = RtuFramer()
        # Noise may end in the beginning of a frame that swallows ours; time then resolves it.
        noise = noise.replace(b"\x11\x04", b"")
        stream = noise + rtu(17, pdu)
    else:
        framer = AsciiFramer()
        stream = noise.replace(b":", b"") + lrc(17, pdu)
    framer.ask(asked)
    try:
        answers = feed_in_pieces(framer, stream, cuts)
    except RequestRejected:
        return
    assert answers == [bytes.fromhex("0102 0304")]


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_noise_never_is_an_answer(segments: list[bytes]) -> None:
    for framer in (TcpFramer(), RtuFramer(), AsciiFramer()):
        framer.ask(query(200, "holding", 0, 120))
        try:
            answers = [framer.feed(segment) for segment in segments]
        except (ProtocolError, RequestRejected):
            continue
        assert answers == [None] * len(segments)
