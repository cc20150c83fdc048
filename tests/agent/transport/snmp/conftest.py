"""A UDP peer that says whatever a test tells it to, an engine, and snmpd."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import cast

import pytest

from agent.model.credentials import SnmpCredentials
from agent.model.limits import Limits
from agent.model.values import Answer, VarBind
from agent.protocol.snmp.message import Pdu, decode_message
from agent.transport.snmp.engine import SnmpEngine
from agent.transport.snmp.native_link import native_transport
from agent.transport.snmp.transport import SnmpTransport
from tests.peers import Snmpd, snmpd

Script = Callable[[bytes], Iterable[bytes]]


class Peer(asyncio.DatagramProtocol):
    """A device on loopback. ``script`` gives the datagrams it answers to one request with."""

    def __init__(self) -> None:
        self.script: Script = lambda request: ()
        self.requests: list[bytes] = []
        self.callers: list[tuple[str, int]] = []
        self.transport: asyncio.DatagramTransport | None = None
        self.host, self.port = "", 0
        self.asked = asyncio.Event()
        self.lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)
        self.host, self.port = transport.get_extra_info("sockname")[:2]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.requests.append(data)
        self.callers.append(addr)
        self.asked.set()
        for answer in self.script(data):
            self.send(answer, addr)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()

    def send(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self.transport is not None
        self.transport.sendto(data, addr)

    def plan(self, *answers: Callable[[bytes], Iterable[bytes]]) -> None:
        """Answer the first request with the first script and so on; the last one stays."""
        turns = itertools.chain(answers[:-1], itertools.repeat(answers[-1]))
        self.script = lambda request: next(turns)(request)

    @property
    def pdus(self) -> list[Pdu]:
        """What was asked, for v1 and v2c."""
        return [decode_message(request)[2] for request in self.requests]


def literal(*hexes: str) -> Script:
    """A script of literal packets: ``ID`` stands for the four octets of the request's id."""

    def script(request: bytes) -> Iterable[bytes]:
        start = request.index(b"\x02\x04", 10) + 2
        request_id = request[start : start + 4].hex()
        return [bytes.fromhex(text.replace("ID", request_id)) for text in hexes]

    return script


def varbinds(answer: Answer) -> list[list[VarBind]]:
    """The payload of an SNMP answer."""
    assert not isinstance(answer.payload, bytes)
    return [list(column) for column in answer.payload]


@pytest.fixture
async def engine() -> AsyncIterator[SnmpEngine]:
    engine = await SnmpEngine.open()
    yield engine
    await engine.close()


PeerFactory = Callable[..., Awaitable[Peer]]


@pytest.fixture
async def make_peer() -> AsyncIterator[PeerFactory]:
    """Starts peers: ``await make_peer(host="127.0.0.1", port=0)``."""
    peers: list[Peer] = []

    async def make(host: str = "127.0.0.1", port: int = 0) -> Peer:
        loop = asyncio.get_running_loop()
        _, peer = await loop.create_datagram_endpoint(Peer, local_addr=(host, port))
        peers.append(peer)
        return peer

    yield make
    for peer in peers:
        if peer.transport is not None:
            peer.transport.abort()
        await peer.lost.wait()


@pytest.fixture
async def peer(make_peer: PeerFactory) -> Peer:
    return await make_peer()


FAST = Limits(timeout_s=0.1, retries=1)
"""Where silence is what the test is about."""

PATIENT = Limits(timeout_s=5.0, retries=1)
"""Where an answer comes, however busy the machine is."""


@pytest.fixture
def device(engine: SnmpEngine, peer: Peer) -> SnmpTransport:
    """The transport under test, talking v2c to ``peer``."""
    return native_transport(engine, peer.host, peer.port, SnmpCredentials(), PATIENT)


@pytest.fixture
def hasty(engine: SnmpEngine, peer: Peer) -> SnmpTransport:
    """Like ``device``, for answers that never come."""
    return native_transport(engine, peer.host, peer.port, SnmpCredentials(), FAST)


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snmpd]:
    """net-snmp's snmpd with a user for every security combination."""
    directory: Path = tmp_path_factory.mktemp("snmpd")
    with snmpd(directory) as running:
        yield running
