"""Wrong answers on the wire, as literal packets from a peer, and what the user gets to see."""

import asyncio
import gc
from dataclasses import replace

import pytest

from agent.model import smi
from agent.model.credentials import SnmpCredentials, SnmpVersion
from agent.model.errors import (
    AuthenticationError,
    DeviceError,
    DeviceTimeout,
    DeviceUnreachable,
    ProtocolError,
    RequestRejected,
)
from agent.model.limits import Limits
from agent.model.values import GetOids, ReadRegisters
from agent.transport.snmp.engine import SnmpEngine
from agent.transport.snmp.native_link import native_transport
from agent.transport.snmp.transport import SnmpTransport
from tests.agent.transport.snmp.conftest import (
    FAST,
    PATIENT,
    Peer,
    PeerFactory,
    literal,
    varbinds,
)
from tests.agent.transport.snmp.wire import EVIL, GET_NAME, GOOD, HEAD, NAME, UPTIME, name_of

pytestmark = pytest.mark.moved_clock


async def test_answer_is_what_the_device_said(device: SnmpTransport, peer: Peer) -> None:
    peer.script = literal(GOOD)
    assert await name_of(device) == (NAME, smi.OCTET_STRING, b"pdu-1")


async def test_spoofed_source_is_ignored(
    device: SnmpTransport, peer: Peer, make_peer: PeerFactory, engine: SnmpEngine
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


@pytest.mark.parametrize("same_port", [True, False])
async def test_any_source_takes_another_address_or_port_and_the_error_names_who_answered(
    engine: SnmpEngine, peer: Peer, make_peer: PeerFactory, *, same_port: bool
) -> None:
    other = await make_peer("127.0.0.2", peer.port if same_port else 0)

    def script(request: bytes) -> list[bytes]:
        for answer in literal(GOOD)(request):
            other.send(answer, peer.callers[-1])
        return []

    peer.script = script
    args = (engine, peer.host, peer.port, SnmpCredentials())
    limits = replace(PATIENT, any_source=True)
    assert (await name_of(native_transport(*args, limits)))[2] == b"pdu-1"
    with pytest.raises(DeviceTimeout, match=f"but one from 127.0.0.2 port {other.port}"):
        await name_of(native_transport(*args, FAST))


async def test_wrong_community_is_no_answer(
    device: SnmpTransport, hasty: SnmpTransport, peer: Peer
) -> None:
    wrong = EVIL.replace("7075626c6963", "5075626c6963")
    peer.script = literal(wrong, GOOD)
    assert (await name_of(device))[2] == b"pdu-1"
    peer.script = literal(wrong)
    with pytest.raises(AuthenticationError, match="community"):
        await name_of(hasty)


async def test_wrong_version_is_no_answer(device: SnmpTransport, peer: Peer) -> None:
    peer.script = literal(EVIL.replace("020101", "020100", 1), GOOD)
    assert (await name_of(device))[2] == b"pdu-1"


@pytest.mark.parametrize("kind", ["a0", "a1", "a3", "a5", "a6", "a7", "a8"])
async def test_only_a_response_answers(device: SnmpTransport, peer: Peer, kind: str) -> None:
    peer.script = literal(EVIL.replace("a221", f"{kind}21"), GOOD)
    assert (await name_of(device))[2] == b"pdu-1"


async def test_wrong_request_id_is_counted_and_dropped(
    device: SnmpTransport, peer: Peer, engine: SnmpEngine
) -> None:
    peer.script = literal(EVIL.replace("ID", "00000001"), GOOD)
    assert (await name_of(device))[2] == b"pdu-1"
    assert engine.counters.unmatched == 1


async def test_retry_keeps_the_request_id_and_a_late_answer_counts(
    hasty: SnmpTransport, peer: Peer
) -> None:
    held: list[bytes] = []

    def late(request: bytes) -> list[bytes]:
        held.extend(literal(GOOD)(request))  # the answer to the first try comes after the second
        return held if len(peer.requests) == 2 else []

    peer.script = late
    assert (await name_of(hasty))[2] == b"pdu-1"
    assert peer.requests[0] == peer.requests[1]


async def test_duplicates_are_dropped(
    device: SnmpTransport, peer: Peer, engine: SnmpEngine
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
    device = native_transport(engine, peer.host, peer.port, SnmpCredentials(), PATIENT)
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
async def test_wrong_oids_are_no_answer(
    device: SnmpTransport, hasty: SnmpTransport, peer: Peer, packet: str
) -> None:
    peer.script = literal(packet, GOOD)
    assert (await name_of(device))[2] == b"pdu-1"
    peer.script = literal(packet)
    with pytest.raises(ProtocolError, match="other OIDs"):
        await name_of(hasty)


async def test_error_without_varbinds_is_a_rejection(device: SnmpTransport, peer: Peer) -> None:
    peer.script = literal(f"3029{HEAD}a21c0204ID020110020101300e300c06082b060102010105000500")
    with pytest.raises(RequestRejected, match="authorizationError") as caught:
        await name_of(device)
    assert caught.value.code == 16


async def test_silence_is_a_timeout_with_every_try_sent(hasty: SnmpTransport, peer: Peer) -> None:
    with pytest.raises(DeviceTimeout):
        await name_of(hasty)
    assert len(peer.requests) == FAST.retries + 1


async def test_ten_percent_loss_loses_no_poll(engine: SnmpEngine, peer: Peer) -> None:
    device = native_transport(
        engine, peer.host, peer.port, SnmpCredentials(), Limits(timeout_s=0.3, retries=3)
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
        limits = Limits(timeout_s=1.0, retries=1)
        device = native_transport(engine, peer.host, peer.port, SnmpCredentials(), limits)
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


async def test_a_hundred_cycles_leave_no_objects_behind(
    engine: SnmpEngine, peer: Peer, make_peer: PeerFactory
) -> None:
    peer.script = literal(GOOD)
    limits = Limits(timeout_s=0.02, retries=0)
    silent = await make_peer()
    devices = [
        native_transport(engine, target.host, target.port, SnmpCredentials(), limits)
        for target in [peer, silent] * 5
    ]

    async def cycle() -> None:
        await asyncio.gather(*(name_of(device) for device in devices), return_exceptions=True)
        for target in (peer, silent):
            target.requests.clear()
            target.callers.clear()

    async def objects_after(cycles: int) -> int:
        for _ in range(cycles):
            await cycle()
        gc.collect()
        return len(gc.get_objects())

    before = await objects_after(20)
    assert await objects_after(100) <= before + 100
    assert engine.in_flight == 0


def test_uvloop_runs_it() -> None:
    uvloop = pytest.importorskip("uvloop")

    async def main() -> object:
        loop = asyncio.get_running_loop()
        transport, peer = await loop.create_datagram_endpoint(Peer, local_addr=("127.0.0.1", 0))
        peer.script = literal(GOOD)
        engine = await SnmpEngine.open()
        try:
            return (
                await name_of(
                    native_transport(engine, peer.host, peer.port, SnmpCredentials(), PATIENT)
                )
            )[2]
        finally:
            await engine.close()
            transport.abort()
            await peer.lost.wait()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(main()) == b"pdu-1"


async def test_cancelled_fetch_leaves_nothing_waiting(
    device: SnmpTransport, peer: Peer, engine: SnmpEngine
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
    device = native_transport(engine, peer.host, peer.port, SnmpCredentials(), Limits(timeout_s=60))
    fetch = asyncio.create_task(device.fetch(GET_NAME))
    await peer.asked.wait()
    await engine.close()
    await engine.close()
    with pytest.raises(DeviceTimeout):
        await fetch
    with pytest.raises(DeviceError):
        await device.fetch(GET_NAME)


async def test_closed_transport_refuses(device: SnmpTransport, peer: Peer) -> None:
    await device.close()
    await device.close()
    with pytest.raises(DeviceUnreachable):
        await device.fetch(GET_NAME)
    assert not peer.requests


async def test_unknown_host_is_unreachable(engine: SnmpEngine) -> None:
    device = native_transport(engine, "pdu.invalid", 161, SnmpCredentials(), FAST)
    with pytest.raises(DeviceUnreachable, match="does not resolve"):
        await device.fetch(GET_NAME)


async def test_host_name_resolves(engine: SnmpEngine, make_peer: PeerFactory) -> None:
    peer = await make_peer("localhost")
    peer.script = literal(GOOD)
    device = native_transport(engine, "localhost", peer.port, SnmpCredentials(), PATIENT)
    assert (await name_of(device))[2] == b"pdu-1"


async def test_unreachable_address_is_no_timeout(engine: SnmpEngine) -> None:
    device = native_transport(engine, "255.255.255.255", 161, SnmpCredentials(), FAST)
    with pytest.raises(DeviceUnreachable, match="cannot send"):  # broadcast needs permission
        await device.fetch(GET_NAME)


async def test_registers_are_a_bug(device: SnmpTransport) -> None:
    with pytest.raises(TypeError):
        await device.fetch(ReadRegisters("holding", 0, 1))


async def test_ipv6(engine: SnmpEngine, make_peer: PeerFactory) -> None:
    peer = await make_peer("::1")
    peer.script = literal(GOOD)
    device = native_transport(engine, "::1", peer.port, SnmpCredentials(), PATIENT)
    assert (await name_of(device))[2] == b"pdu-1"


async def test_v1_missing_names_cost_only_themselves(engine: SnmpEngine, peer: Peer) -> None:
    credentials = SnmpCredentials(version=SnmpVersion.V1)
    device = native_transport(engine, peer.host, peer.port, credentials, PATIENT)
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
