"""Recordings: what a line says is what the device said, and every wrong line is named."""

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.authoring.snmprec_read import parse_recording, read_recording
from agent.model import smi
from agent.model.errors import ConfigError, Problem
from agent.model.values import VarBind
from simulator.wire.mib_view import StaticView

CORPUS = Path(
    os.environ.get("RACKAGENT_CORPUS", Path(__file__).parents[4] / "shared" / "corpus")
).resolve()


def one(text: str) -> tuple[int, int | bytes | None]:
    """Tag and value of a one-line recording."""
    [(_, tag, value)] = parse_recording(text.encode("latin-1"), "x")
    return tag, value


MASKED_ADDRESS = b"|64|<private>"


def problems(data: bytes) -> list[tuple[int, str]]:
    with pytest.raises(ConfigError) as caught:
        parse_recording(data, "unit.snmprec")
    assert all(problem.file == "unit.snmprec" for problem in caught.value.problems)
    return [(problem.line, problem.message) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("2|-1", (smi.INTEGER, -1)),
        ("2|007", (smi.INTEGER, 7)),
        ("4|plain text", (smi.OCTET_STRING, b"plain text")),
        ("4|", (smi.OCTET_STRING, b"")),
        ("4|a|b = c", (smi.OCTET_STRING, b"a|b = c")),
        ("4| spaces stay ", (smi.OCTET_STRING, b" spaces stay ")),
        ("4|\\A 7050s\\", (smi.OCTET_STRING, b"\\A 7050s\\")),
        ("4x|00ff1B", (smi.OCTET_STRING, b"\x00\xff\x1b")),
        ("4x|", (smi.OCTET_STRING, b"")),
        ("4e|\\x07\\xe4\\t#\\'\\\\", (smi.OCTET_STRING, b"\x07\xe4\t#'\\")),
        ("5|", (smi.NULL, None)),
        ("6|1.3.6.1.4.1.318", (smi.OBJECT_ID, bytes.fromhex("2b0601040182 3e"))),
        ("6|0.0", (smi.OBJECT_ID, b"\x00")),
        ("64|192.168.0.1", (smi.IP_ADDRESS, bytes([192, 168, 0, 1]))),
        ("64x|c0a80001", (smi.IP_ADDRESS, bytes([192, 168, 0, 1]))),
        ("64e|\\xc0\\xa8\\x00\\x01", (smi.IP_ADDRESS, bytes([192, 168, 0, 1]))),
        ("65|4294967295", (smi.COUNTER32, 4294967295)),
        ("66|-1", (smi.GAUGE32, -1)),
        ("67|123", (smi.TIME_TICKS, 123)),
        ("68x|9f780442f60000", (smi.OPAQUE, bytes.fromhex("9f780442f60000"))),
        ("70|18446744073709551615", (smi.COUNTER64, 2**64 - 1)),
    ],
)
def test_snmprec_value(row: str, expected: tuple[int, int | bytes | None]) -> None:
    assert one(f"1.3.6.1.2.1.1.1.0|{row}\n") == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("INTEGER: -1", (smi.INTEGER, -1)),
        ("INTEGER: up(1)", (smi.INTEGER, 1)),
        ("INTEGER: 21 degrees (Celsius)", (smi.INTEGER, 21)),
        ("Wrong Type (should be INTEGER): Gauge32: 5 ", (smi.GAUGE32, 5)),
        ("Counter32: 4294967295", (smi.COUNTER32, 4294967295)),
        ("Counter64: 9", (smi.COUNTER64, 9)),
        ("Timeticks: (17) 0:00:00.17", (smi.TIME_TICKS, 17)),
        ('STRING: "a \\"b\\" \\\\ c"', (smi.OCTET_STRING, b'a "b" \\ c')),
        ('STRING: "two\nlines"', (smi.OCTET_STRING, b"two\nlines")),
        ("STRING: by a display hint", (smi.OCTET_STRING, b"by a display hint")),
        ('""', (smi.OCTET_STRING, b"")),
        ("Hex-STRING: 00 1B FF \n0A ", (smi.OCTET_STRING, b"\x00\x1b\xff\x0a")),
        ("BITS: 80 01 optionA(0) optionB(15) ", (smi.OCTET_STRING, b"\x80\x01")),
        ("OID: .1.3.6", (smi.OBJECT_ID, b"\x2b\x06")),
        ("IpAddress: 10.0.0.7", (smi.IP_ADDRESS, bytes([10, 0, 0, 7]))),
        ("Network Address: 0A:00:00:07", (smi.IP_ADDRESS, bytes([10, 0, 0, 7]))),
        ("Opaque: Float: 123.000000", (smi.OPAQUE, bytes.fromhex("9f780442f60000"))),
        ("NULL", (smi.NULL, None)),
    ],
)
def test_snmpwalk_value(row: str, expected: tuple[int, int | bytes | None]) -> None:
    assert one(f".1.3.6.1.2.1.1.1.0 = {row}\n") == expected


def test_rows_come_in_numeric_order() -> None:
    rows = parse_recording(b"1.3.6.1.10|2|3\n1.3.6.1.9|2|2\n1.0.8802.1|2|1\n", "x")
    assert rows == [
        (smi.oid("1.0.8802.1"), smi.INTEGER, 1),
        (smi.oid("1.3.6.1.9"), smi.INTEGER, 2),
        (smi.oid("1.3.6.1.10"), smi.INTEGER, 3),
    ]


def test_windows_line_ends_are_not_values() -> None:
    rows = parse_recording(b"1.3.6.1.1|4|a\r\n1.3.6.1.2|2|5\r\n", "x")
    assert [value for _, _, value in rows] == [b"a", 5]


def test_carriage_return_of_the_device_stays() -> None:
    rows = parse_recording(b"1.3.6.1.1|4|a\r\n1.3.6.1.2|4|b\n1.3.6.1.3|2|5\r\n", "x")
    assert [value for _, _, value in rows] == [b"a\r", b"b", 5]


def test_comments_and_blank_lines_are_skipped() -> None:
    assert len(parse_recording(b"# rack 12\n\n1.3.6.1.1|2|1\n\n", "x")) == 1


def test_end_of_walk_is_no_row() -> None:
    walk = (
        b".1.3.6.1.1 = INTEGER: 1\n"
        b".1.3.6.1.2 = No Such Instance currently exists at this OID\n"
        b".1.3.6.1.3 = No more variables left in this MIB View (It is past the end)\n"
        b"End of MIB\n"
    )
    assert parse_recording(walk, "x") == [(smi.oid("1.3.6.1.1"), smi.INTEGER, 1)]


def test_every_malformed_line_is_named_at_once() -> None:
    found = problems(
        b"1.3.6.1.1|2|1\n"
        b"1.3.6.1.2|2|\n"
        b"1.3.6.1.3|2\n"
        b"1.3.6.1.4|9|x\n"
        b"1.3.6.1.5|2:numeric|rate=1\n"
        b"1.3.6.1.6|4x|0g\n"
        b"1.3.6.1.7|64|1.2.3\n"
        b"1.3.6.1.8|6|iso\n"
        b"9.3.6|2|1\n"
        b"1.3.6.1.9|4e|\\q\n"
        b"1.3.6.1.10|66|99999999999999999999\n"
        b"1.3.6.1.11||1\n"
    )
    assert [line for line, _ in found] == list(range(2, 13))
    assert found[1][1] == "expected OID|tag|value"


def test_of_rows_with_one_oid_the_first_counts_and_the_others_are_named() -> None:
    repeated: list[Problem] = []
    rows = parse_recording(b"1.3.6.1.1|2|1\n1.3.6.1.2|2|2\n1.3.6.1.1|2|3\n", "x", repeated.append)

    assert rows == [(smi.oid("1.3.6.1.1"), smi.INTEGER, 1), (smi.oid("1.3.6.1.2"), smi.INTEGER, 2)]
    assert [str(each) for each in repeated] == [
        "x:3: 1.3.6.1.1 is in line 1 already; that row counts"
    ]


@pytest.mark.parametrize(
    "row",
    [
        "INTEGER: 21.5",
        "INTEGER: lots",
        'STRING: "open end',
        "Hex-STRING: 0",
        "Opaque: Float: 1e300",
        "Opaque: Float: ",
        "Opaque: UInt64: 5",
        "Float32: 5",
        "bare",
    ],
)
def test_malformed_walk_line_is_named(row: str) -> None:
    [(line, _)] = problems(f".1.3.6.1.1 = INTEGER: 1\n.1.3.6.1.2 = {row}\n".encode())
    assert line == 2


def test_walk_with_names_says_how_to_record() -> None:
    [(line, message)] = problems(b"SNMPv2-MIB::sysDescr.0 = STRING: x\n")
    assert line == 1
    assert "snmpwalk -On" in message


def test_walk_of_nothing_but_its_end_has_no_rows() -> None:
    assert parse_recording(b".1.3.6 = No Such Object available on this agent\n", "x") == []


def test_walk_has_no_comments() -> None:
    [(line, message)] = problems(b"# rack 12\n.1.3.6.1.1 = INTEGER: 1\n")
    assert (line, message) == (1, "expected .OID = TYPE: value")


def test_octal_escapes_are_octets() -> None:
    assert one("1.3.6.1.1|4e|\\101\\377") == (smi.OCTET_STRING, b"A\xff")


def test_walk_ends_after_its_end() -> None:
    assert len(parse_recording(b".1.3.6.1.1 = INTEGER: 1\nEnd of MIB\n", "x")) == 1


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("5|7", "a Null has no value"),
        ("64x|c0a8", "an IpAddress has 4 octets, not 2"),
        ("4e|\\q", "unknown escape"),
        ("68e|\\", "unknown escape"),
    ],
)
def test_malformed_value_is_named(row: str, says: str) -> None:
    [(line, message)] = problems(f"1.3.6.1.1|{row}\n".encode())
    assert line == 1
    assert says in message


@pytest.mark.parametrize("data", [b"", b"hello\n", b"\xff\xfe\x00"])
def test_what_is_no_recording_is_told(data: bytes) -> None:
    [(line, message)] = problems(data)
    assert line == 0
    assert "neither" in message


def test_missing_file_is_our_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.snmprec: cannot read"):
        read_recording(tmp_path / "absent.snmprec")


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"", b"1.3.6.1.1|", b"1.3.6.1.2|", b".1.3.6.1.3 = ", b".1.3.6 = "]),
            st.sampled_from(
                [b"", b"2|", b"4e|", b"64|", b"6|", b"INTEGER: ", b"STRING: ", b"OID: "]
            )
            | st.sampled_from([b"Hex-STRING: ", b"Opaque: Float: ", b"Timeticks: (", b"BITS: "]),
            st.binary(max_size=12) | st.integers().map(lambda number: str(number).encode()),
        ).map(b"".join),
        max_size=5,
    ).map(b"\n".join)
)
def test_no_text_gets_past_the_reader(data: bytes) -> None:
    with suppress(ConfigError):
        rows = parse_recording(data, "x")
        assert len(StaticView(rows)) == len(rows)


@pytest.mark.corpus
def test_every_recording_of_the_corpus_reads() -> None:
    paths = sorted(CORPUS.glob("snmp/*/*.snmprec"))
    if not paths:
        pytest.skip(f"no recordings in {CORPUS}")
    for path in paths:
        repeated: list[Problem] = []
        rows: list[VarBind] = read_recording(path, repeated.append)
        data = path.read_bytes()
        texts = [line for line in data.split(b"\n") if line and not line.startswith(b"#")]
        lines = [line for line in texts if not line.endswith(MASKED_ADDRESS)]
        assert len(rows) + len(repeated) == len(lines), path.name
