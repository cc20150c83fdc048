"""OIDs between dotted text and BER octets; the octets are typed by hand from X.690 and RFC 2578."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import smi

SUBID = st.integers(0, 2**32 - 1)
ARCS = st.one_of(
    st.tuples(st.sampled_from((0, 1)), st.integers(0, 39)),
    st.tuples(st.just(2), st.integers(0, 2**32 - 1 - 80)),
)


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("1.3.6.1.2.1.1.1.0", "2b06010201010100"),
        ("1.3.6.1.4.1.318", "2b060104 01823e"),
        ("2.999.3", "883703"),  # X.690 section 8.19, the example
        ("0.0", "00"),
        ("1.3.4294967295", "2b8fffffff7f"),
        ("1.3.127.128", "2b7f8100"),
    ],
)
def test_an_oid_on_the_wire(text: str, octets: str) -> None:
    assert smi.oid(text) == bytes.fromhex(octets)
    assert smi.dotted(bytes.fromhex(octets)) == text


def test_a_leading_dot_is_net_snmps_habit_and_allowed() -> None:
    assert smi.oid(".1.3.6") == smi.oid("1.3.6")


def test_no_octets_are_no_oid() -> None:
    assert smi.dotted(b"") == ""


@given(ARCS, st.lists(SUBID, max_size=126))
def test_dotted_and_octets_are_a_pair(arcs: tuple[int, int], rest: list[int]) -> None:
    text = ".".join(map(str, (*arcs, *rest)))
    assert smi.dotted(smi.oid(text)) == text


@given(st.lists(SUBID))
def test_index_parts_and_octets_are_a_pair(subids: list[int]) -> None:
    assert smi.decode_subids(smi.encode_subids(subids)) == tuple(subids)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sysDescr", "write numbers joined by dots"),
        ("1..3", "write numbers joined by dots"),
        ("1", "2 to 128 arcs"),
        ("3.1", "the first at most 2"),
        ("1.40", "the second arc is at most 39"),
        ("1.3." + ".".join("1" * 127), "2 to 128 arcs"),
        ("1.3.4294967296", "outside 0..4294967295"),
        ("1.3.-1", "outside 0..4294967295"),
    ],
)
def test_what_is_no_oid_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        smi.oid(text)


def test_octets_that_end_inside_a_number_are_refused() -> None:
    with pytest.raises(ValueError, match="end inside"):
        smi.dotted(bytes.fromhex("2b0682"))
