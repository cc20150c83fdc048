"""Wrong things on the wire, as literal packets from a peer, and what the user gets to see."""

import asyncio
import os

import pytest

from agent import smi
from agent.credentials import SnmpCredentials, SnmpVersion
from agent.errors import (
    AuthenticationError,
    DeviceError,
    DeviceTimeout,
    DeviceUnreachable,
    ProtocolError,
    RequestRejected,
)
from agent.transport.base import Limits
from agent.transport.snmp.engine import SnmpEngine
from agent.transport.snmp.native import NativeTransport
from agent.values import GetOids, ReadRegisters, VarBind
from tests.agent.transport.snmp.conftest import FAST, Peer, PeerFactory, literal, varbinds

NAME = smi.oid("1.3.6.1.2.1.1.5.0")
UPTIME = smi.oid("1.3.6.1.2.1.1.3.0")
GET_NAME = GetOids((NAME,))

HEAD = "02010104067075626c6963"  # version 2c, community public
GOOD = f"302e{HEAD}a2210204ID0201000201003013301106082b0601020101050004057064752d31"
EVIL = f"302e{HEAD}a2210204ID0201000201003013301106082b0601020101050004056576696c21"


async def name_of(device: NativeTransport) -> VarBind:
    answer = await device.fetch(GET_NAME)
    assert not answer.failures
    (varbind,) = varbinds(answer)[0]
    return varbind


async def test_answer_is_what_the_device_said(device: NativeTransport, peer: Peer) -> None:
    peer.script = literal(GOOD)
    assert await name_of(device) == (NAME, smi.OCTET_STRING, b"pdu-1")


async def test_spoofed_source_is_ignored(
    device: NativeTransport, peer: Peer, make_peer: PeerFactory, engine: SnmpEngine
) -> None:
    other = await make_peer("127.0.0.1")
    elsewhere = await make_peer("127.0.0.2", peer.port)
    forged = literal(EVIL)

    def script(request: bytes) -> list[bytes]:
        for liar in (other, elsewhere):
            for answer in forged(request):
                liar.send(answer, peer.callers[-1])
        return list(literal(GOOD)(request))

    peer.script = script
    assert (await name_of(device))[2] == b"pdu-1"
    await asyncio.sleep(0.01)
    assert engine.counters.spoofed + engine.counters.unmatched == 2


async def test_any_source_takes_another_address_but_not_another_port(
    engine: SnmpEngine, peer: Peer, make_peer: PeerFactory
) -> None:
    other_port = await make_peer("127.0.0.2")
    other_address = await make_peer("127.0.0.2", peer.port)

    def script(request: bytes) -> list[bytes]:
        for answer in literal(EVIL)(request):
            other_port.send(answer, peer.callers[-1])
        for answer in literal(GOOD)(request):
            other_address.send(answer, peer.callers[-1])
        return []

    peer.script = script
    args = (engine, peer.host, peer.port, SnmpCredentials(), FAST)
    assert (await name_of(NativeTransport(*args, any_source=True)))[2] == b"pdu-1"
    with pytest.raises(DeviceTimeout):
        await name_of(NativeTransport(*args))


async def test_wrong_community_is_no_answer(device: NativeTransport, peer: Peer) -> None:
    wrong = EVIL.replace("7075626c6963", "5075626c6963")
    peer.script = literal(wrong, GOOD)
    assert (await name_of(device))[2] == b"pdu-1"
    peer.script = literal(wrong)
    with pytest.raises(AuthenticationError, match="community"):
        await name_of(device)


async def test_wrong_version_is_no_answer(device: NativeTransport, peer: Peer) -> None:
    peer.script = literal(EVIL.replace("020101", "020100", 1), GOOD)
    assert (await name_of(device))[2] == b"pdu-1"


@pytest.mark.parametrize("kind", ["a0", "a1", "a3", "a5", "a6", "a7", "a8"])
async def test_only_a_response_answers(device: NativeTransport, peer: Peer, kind: str) -> None:
    peer.script = literal(EVIL.replace("a221", f"{kind}21"), GOOD)
    assert (await name_of(device))[2] == b"pdu-1"


async def test_wrong_request_id_is_counted_and_dropped(
    device: NativeTransport, peer: Peer, engine: SnmpEngine
) -> None:
    peer.script = literal(EVIL.replace("ID", "00000001"), GOOD)
    assert (await name_of(device))[2] == b"pdu-1"
    assert engine.counters.unmatched == 1


async def test_retry_keeps_the_request_id_and_a_late_answer_counts(
    device: NativeTransport, peer: Peer
) -> None:
    held: list[bytes] = []

    def late(request: bytes) -> list[bytes]:
        held.extend(literal(GOOD)(request))  # the answer to the first try comes after the second
        return held if len(peer.requests) == 2 else []

    peer.script = late
    assert (await name_of(device))[2] == b"pdu-1"
    assert peer.requests[0] == peer.requests[1]


async def test_duplicates_are_dropped(
    device: NativeTransport, peer: Peer, engine: SnmpEngine
) -> None:
    peer.script = literal(GOOD, GOOD, EVIL)
    assert (await name_of(device))[2] == b"pdu-1"
    assert (await name_of(device))[2] == b"pdu-1"
    await asyncio.sleep(0.01)
    assert engine.counters.unmatched == 4


async def test_reordered_answers_reach_their_own_requests(
    engine: SnmpEngine, make_peer: PeerFactory
) -> None:
    peer = await make_peer()
    device = NativeTransport(engine, peer.host, peer.port, SnmpCredentials(), FAST)
    waiting: list[bytes] = []
    values = {0: "4e4f313131", 1: "4e4f323232", 2: "4e4f333333"}

    def script(request: bytes) -> list[bytes]:
        packet = GOOD.replace("7064752d31", values[len(waiting)])
        waiting.extend(literal(packet)(request))
        return waiting[::-1] if len(waiting) == 3 else []

    peer.script = script
    names = await asyncio.gather(*(name_of(device) for _ in range(3)))
    assert [name[2] for name in names] == [b"NO111", b"NO222", b"NO333"]


WRONG_OIDS = {
    "another": f"302a{HEAD}a21d0204ID020100020100300f300d06082b06010201010300430105",
    "one more": f"303d{HEAD}a2300204ID0201000201003022301106082b060102010105000405"
    "7064752d31300d06082b06010201010300430105",
    "none": f"301b{HEAD}a20e0204ID0201000201003000",
}


@pytest.mark.parametrize("packet", WRONG_OIDS.values(), ids=WRONG_OIDS.keys())
async def test_wrong_oids_are_no_answer(device: NativeTransport, peer: Peer, packet: str) -> None:
    peer.script = literal(packet, GOOD)
    assert (await name_of(device))[2] == b"pdu-1"
    peer.script = literal(packet)
    with pytest.raises(ProtocolError, match="other OIDs"):
        await name_of(device)


MALFORMED = {
    "truncated": GOOD[:-2],
    "cut in the header": f"302e{HEAD}a2210204ID02",
    "message too long": GOOD.replace("302e", "302f"),
    "pdu too long": GOOD.replace("a221", "a222"),
    "list too long": GOOD.replace("3013", "3014"),
    "list too short": GOOD.replace("3013", "3012"),
    "varbind too long": GOOD.replace("3011", "3012"),
    "varbind too short": GOOD.replace("3011", "3010"),
    "value too long": GOOD.replace("04057064", "04067064"),
    "value too short": GOOD.replace("04057064", "04047064"),
    "value of 4 GiB": GOOD.replace("04057064752d31", "0484ffffffff31"),
    "name too long": GOOD.replace("06082b", "06092b"),
    "name of 4 GiB": GOOD.replace("06082b0601", "0684ffffffff"),
    "name empty": GOOD.replace("06082b06010201010500", "0600" + "04060405060708ff"),
    "name ends inside a number": GOOD.replace("010500", "010580"),
    "indefinite message": GOOD.replace("302e", "3080") + "0000",
    "indefinite list": GOOD.replace("3013", "3080"),
    "indefinite varbind": GOOD.replace("3011", "3080"),
    "indefinite value": GOOD.replace("04057064", "04807064"),
    "length of 127 octets": GOOD.replace("302e", "30ff"),
    "varbind is no sequence": GOOD.replace("3011", "3111"),
    "name is no oid": GOOD.replace("0608", "0408"),
    "request-id of 9 octets": f"3033{HEAD}a2260209ID0000000001" + GOOD[36:],
    "negative error-status": GOOD.replace("020100020100", "0201ff020100"),
    "empty error-status": f"302d{HEAD}a2200204ID0200020100" + GOOD[48:],
    "nested garbage": f"302e{HEAD}a2210204ID020100020100"
    "30133011300f300d300b30093007300530033001ff30",
}


@pytest.mark.parametrize("packet", MALFORMED.values(), ids=MALFORMED.keys())
async def test_malformed_is_no_answer(
    device: NativeTransport, peer: Peer, engine: SnmpEngine, packet: str
) -> None:
    peer.script = literal(packet, GOOD)
    assert (await name_of(device))[2] == b"pdu-1"
    assert engine.counters.refused + engine.counters.unmatched == 1
    peer.script = literal(packet)
    with pytest.raises((ProtocolError, DeviceTimeout)):
        await name_of(device)


async def test_garbage_of_every_size_harms_nobody(
    device: NativeTransport, peer: Peer, engine: SnmpEngine
) -> None:
    huge = [os.urandom(65_507), bytes(65_507), b"\x30\x83\x00\xff\xdf" + b"\x30\x80" * 32_000, b""]

    def script(request: bytes) -> list[bytes]:
        return [*huge, *literal("30", "3000", "30020201", GOOD)(request)]

    peer.script = script
    assert (await name_of(device))[2] == b"pdu-1"


async def test_padded_lengths_are_read(device: NativeTransport, peer: Peer) -> None:
    padded = (
        f"30820036{HEAD}a28200270204ID020100020100 30820017 30820013 0608 2b06010201010500"
        "04820005 7064752d31"
    )
    peer.script = literal(padded)
    assert (await name_of(device))[2] == b"pdu-1"


VALUES = {
    "Counter32 FF FF FF FF": ("302d", "20", "3012", "3010", "4104ffffffff", (0x41, 2**32 - 1)),
    "Counter32 with zero": ("302e", "21", "3013", "3011", "410500ffffffff", (0x41, 2**32 - 1)),
    "negative Gauge32": ("302a", "1d", "300f", "300d", "4201ff", (0x42, 2**32 - 1)),
    "Counter64 of 8 FF": ("3031", "24", "3016", "3014", "4608" + "ff" * 8, (0x46, 2**64 - 1)),
    "INTEGER -5": ("302a", "1d", "300f", "300d", "0201fb", (0x02, -5)),
    "padded INTEGER": ("302d", "20", "3012", "3010", "020400000005", (0x02, 5)),
    "padded -1": ("302d", "20", "3012", "3010", "0204ffffffff", (0x02, -1)),
    "Gauge32 of 33 bits": ("302e", "21", "3013", "3011", "42050100000000", (smi.NULL, None)),
    "empty INTEGER": ("3029", "1c", "300e", "300c", "0200", (smi.NULL, None)),
    "empty Counter32": ("3029", "1c", "300e", "300c", "4100", (smi.NULL, None)),
    "OID value cut": ("302d", "20", "3012", "3010", "06042b060181", (smi.NULL, None)),
    "unknown tag": ("302d", "20", "3012", "3010", "4704000000ff", (0x47, b"\0\0\0\xff")),
    "noSuchInstance": ("3029", "1c", "300e", "300c", "8100", (smi.NO_SUCH_INSTANCE, None)),
}


@pytest.mark.parametrize("case", VALUES.values(), ids=VALUES.keys())
async def test_odd_values(
    device: NativeTransport, peer: Peer, case: tuple[str, str, str, str, str, tuple[int, object]]
) -> None:
    whole, pdu, list_, varbind, value, expected = case
    name = "06082b06010201010500"
    peer.script = literal(f"{whole}{HEAD}a2{pdu}0204ID020100020100{list_}{varbind}{name}{value}")
    assert (await name_of(device))[1:] == expected


async def test_error_without_varbinds_is_a_rejection(device: NativeTransport, peer: Peer) -> None:
    peer.script = literal(f"3029{HEAD}a21c0204ID020110020101300e300c06082b060102010105000500")
    with pytest.raises(RequestRejected, match="authorizationError") as caught:
        await name_of(device)
    assert caught.value.code == 16


async def test_silence_is_a_timeout_with_every_try_sent(
    device: NativeTransport, peer: Peer
) -> None:
    with pytest.raises(DeviceTimeout):
        await name_of(device)
    assert len(peer.requests) == FAST.retries + 1


async def test_ten_percent_loss_loses_no_poll(engine: SnmpEngine, peer: Peer) -> None:
    device = NativeTransport(
        engine, peer.host, peer.port, SnmpCredentials(), Limits(timeout_s=0.1, retries=3)
    )
    peer.script = lambda request: [] if len(peer.requests) % 10 == 0 else literal(GOOD)(request)
    names = await asyncio.gather(*(name_of(device) for _ in range(200)))
    assert {name[2] for name in names} == {b"pdu-1"}


async def test_silent_devices_cost_the_others_nothing(
    engine: SnmpEngine, make_peer: PeerFactory
) -> None:
    silent, answering = await make_peer(), [await make_peer() for _ in range(20)]
    for peer in answering:
        peer.script = literal(GOOD)

    async def poll(peer: Peer) -> bool:
        device = NativeTransport(engine, peer.host, peer.port, SnmpCredentials(), FAST)
        try:
            return (await name_of(device))[2] == b"pdu-1"
        except DeviceTimeout:
            return False
        finally:
            await device.close()

    answered = asyncio.gather(*(poll(answering[turn % 20]) for turn in range(500)))
    unanswered = asyncio.gather(*(poll(silent) for _ in range(500)))
    assert all(await answered)
    assert not unanswered.done()
    assert not any(await unanswered)
    assert engine.in_flight == 0


async def test_cancelled_fetch_leaves_nothing_waiting(
    device: NativeTransport, peer: Peer, engine: SnmpEngine
) -> None:
    fetch = asyncio.create_task(device.fetch(GET_NAME))
    await peer.asked.wait()
    assert engine.in_flight == 1
    fetch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetch
    assert engine.in_flight == 0


async def test_closing_the_engine_ends_the_wait(peer: Peer) -> None:
    engine = await SnmpEngine.open()
    device = NativeTransport(engine, peer.host, peer.port, SnmpCredentials(), Limits(timeout_s=60))
    fetch = asyncio.create_task(device.fetch(GET_NAME))
    await peer.asked.wait()
    await engine.close()
    await engine.close()
    with pytest.raises(DeviceTimeout):
        await fetch
    with pytest.raises(DeviceError):
        await device.fetch(GET_NAME)


async def test_closed_transport_refuses(device: NativeTransport, peer: Peer) -> None:
    await device.close()
    await device.close()
    with pytest.raises(DeviceUnreachable):
        await device.fetch(GET_NAME)
    assert not peer.requests


async def test_unknown_host_is_unreachable(engine: SnmpEngine) -> None:
    device = NativeTransport(engine, "pdu.invalid", 161, SnmpCredentials(), FAST)
    with pytest.raises(DeviceUnreachable, match="does not resolve"):
        await device.fetch(GET_NAME)


async def test_registers_are_a_bug(device: NativeTransport) -> None:
    with pytest.raises(TypeError):
        await device.fetch(ReadRegisters("holding", 0, 1))


async def test_ipv6(engine: SnmpEngine, make_peer: PeerFactory) -> None:
    peer = await make_peer("::1")
    peer.script = literal(GOOD)
    device = NativeTransport(engine, "::1", peer.port, SnmpCredentials(), FAST)
    assert (await name_of(device))[2] == b"pdu-1"


async def test_v1_missing_names_cost_only_themselves(engine: SnmpEngine, peer: Peer) -> None:
    credentials = SnmpCredentials(version=SnmpVersion.V1)
    device = NativeTransport(engine, peer.host, peer.port, credentials, FAST)
    head = "02010004067075626c6963"
    refuse = (
        f"3037{head}a22a0204ID020102020101301c"
        "300c06082b060102010103000500300c06082b060102010105000500"
    )
    good = GOOD.replace(HEAD, head)
    peer.plan(literal(refuse), literal(good))
    answer = await device.fetch(GetOids((UPTIME, NAME)))
    assert varbinds(answer)[0] == [
        (UPTIME, smi.NO_SUCH_INSTANCE, None),
        (NAME, smi.OCTET_STRING, b"pdu-1"),
    ]
    assert not answer.failures
