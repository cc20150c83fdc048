"""BER and messages: round trips, literal bytes, and no exception but ProtocolError for garbage."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.model import smi
from agent.model.errors import ProtocolError
from agent.model.values import VarBind
from agent.protocol.snmp import ber, message, v3
from agent.protocol.snmp.message import Pdu, decode_message, encode_message
from agent.protocol.snmp.security import CommunitySecurity
from tests.fuzz.decoders import swallow_snmp

OIDS = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=20).map(
    lambda subids: b"\x2b" + smi.encode_subids(subids)
)
VALUES: st.SearchStrategy[tuple[int, int | bytes | None]] = st.one_of(
    st.tuples(st.just(smi.INTEGER), st.integers(-(2**63), 2**63 - 1)),
    st.tuples(
        st.sampled_from([smi.COUNTER32, smi.GAUGE32, smi.TIME_TICKS]), st.integers(0, 2**32 - 1)
    ),
    st.tuples(st.just(smi.COUNTER64), st.integers(0, 2**64 - 1)),
    st.tuples(st.sampled_from([smi.OCTET_STRING, smi.OPAQUE]), st.binary(max_size=300)),
    st.tuples(st.just(smi.IP_ADDRESS), st.binary(min_size=4, max_size=4)),
    st.tuples(st.just(smi.OBJECT_ID), OIDS),
    st.tuples(st.sampled_from(sorted(smi.MISSING)), st.none()),
)
VARBINDS: st.SearchStrategy[VarBind] = st.tuples(OIDS, VALUES).map(
    lambda pair: (pair[0], pair[1][0], pair[1][1])
)
PDUS = st.builds(
    Pdu,
    st.sampled_from([message.GET, message.GET_NEXT, message.RESPONSE, message.GET_BULK]),
    st.integers(-(2**31), 2**31 - 1),
    st.integers(0, 2**31 - 1),
    st.integers(0, 2**31 - 1),
    st.lists(VARBINDS, max_size=12),
)


@given(version=st.sampled_from([0, 1]), community=st.binary(max_size=200), pdu=PDUS)
def test_messages_survive_the_wire(version: int, community: bytes, pdu: Pdu) -> None:
    decoded = decode_message(encode_message(version, community, pdu))
    assert (decoded[0], decoded[1], decoded[2][:5]) == (version, community, pdu[:5])


@given(tag=st.integers(0, 255), content=st.binary(max_size=70_000))
@example(0x30, bytes(127))
@example(0x30, bytes(128))
@example(0x30, bytes(255))
@example(0x30, bytes(65_536))
def test_tlvs_survive(tag: int, content: bytes) -> None:
    whole = ber.tlv(tag, content)
    found, start, stop = ber.read_tlv(whole, 0, len(whole))
    assert (found, whole[start:stop], stop) == (tag, content, len(whole))


@pytest.mark.parametrize(
    ("number", "octets"),
    [
        (0, "020100"),
        (127, "02017f"),
        (128, "02020080"),
        (256, "02020100"),
        (-1, "0201ff"),
        (-128, "020180"),
        (-129, "0202ff7f"),
        (2**31 - 1, "02047fffffff"),
        (-(2**31), "020480000000"),
    ],
)
def test_integers_are_minimal(number: int, octets: str) -> None:
    assert ber.integer(number).hex() == octets
    assert ber.read_integer(bytes.fromhex(octets), 0, len(octets) // 2)[0] == number


def test_a_get_is_what_net_snmp_sends() -> None:
    # snmpget -v2c -c public host 1.3.6.1.2.1.1.5.0, request id 0x12345678
    sent = bytes.fromhex(
        "302902010104067075626c6963a01c020412345678020100020100300e300c06082b060102010105000500"
    )
    name = smi.oid("1.3.6.1.2.1.1.5.0")
    pdu = Pdu(message.GET, 0x12345678, 0, 0, [(name, smi.NULL, None)])
    assert encode_message(1, b"public", pdu) == sent
    security = CommunitySecurity(message.V2C, b"public")
    assert security.seal(0x12345678, message.GET, 0, 0, message.encode_names([name])) == sent


@pytest.mark.parametrize("size", [0x80, 0xFF, 0x100, 0xFFFF])
def test_truncated_never_decodes(size: int) -> None:
    pdu = Pdu(message.RESPONSE, 1, 0, 0, [(b"\x2b\x06", smi.OCTET_STRING, bytes(size))])
    whole = encode_message(1, b"public", pdu)
    for stop in (*range(60), len(whole) // 2, len(whole) - 1):
        with pytest.raises(ProtocolError):
            decode_message(whole[:stop])


def mutated(whole: bytes, cuts: list[tuple[int, int]]) -> bytes:
    """``whole`` with some octets overwritten; a position past the end cuts there."""
    octets = bytearray(whole)
    for position, octet in cuts:
        if position < len(octets):
            octets[position] = octet
        else:
            del octets[position // 2 :]
    return bytes(octets)


CUTS = st.lists(st.tuples(st.integers(0, 250), st.integers(0, 255)), max_size=4)


@given(data=st.binary(max_size=300))
def test_garbage_is_only_ever_a_protocol_error(data: bytes) -> None:
    swallow_snmp(data)


@given(version=st.sampled_from([0, 1]), pdu=PDUS, cuts=CUTS)
def test_damage_is_only_ever_a_protocol_error(
    version: int, pdu: Pdu, cuts: list[tuple[int, int]]
) -> None:
    swallow_snmp(mutated(encode_message(version, b"public", pdu), cuts))


@given(pdu=PDUS, cuts=CUTS, user=st.binary(max_size=40), boots=st.integers(0, 2**31 - 1))
def test_damaged_v3_is_only_ever_a_device_error(
    pdu: Pdu, cuts: list[tuple[int, int]], user: bytes, boots: int
) -> None:
    encoded = message.encode_pdu(
        message.REPORT, 0x40000001, 0, 0, message.encode_varbinds(pdu.varbinds)
    )
    body = v3.encode_scoped(b"\x80engine", b"", encoded)
    engine = (b"\x80engine", boots, 5)
    whole, _ = v3.encode(0x40000001, 0, engine, user, 0, b"", body)
    swallow_snmp(whole)
    swallow_snmp(mutated(whole, cuts))


@given(octets=st.binary(max_size=12), tag=st.sampled_from(sorted(ber.GREATEST)))
def test_numbers_fit_their_type_or_are_none(octets: bytes, tag: int) -> None:
    found, number = message.decode_value(tag, octets)
    assert found == tag
    if number is None:
        return
    assert isinstance(number, int)
    lowest = -(2**63) if tag == smi.INTEGER else 0
    assert lowest <= number <= ber.GREATEST[tag]
    varbind = ber.tlv(0x30, ber.tlv(0x06, b"\x2b\x06") + ber.tlv(tag, octets))
    assert message.decode_varbinds(varbind, 0, len(varbind)) == [(b"\x2b\x06", tag, number)]
