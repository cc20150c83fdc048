"""Traps and informs from net-snmp's own programs, and from nobody in particular."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.model.credentials import AuthProtocol, PrivProtocol, SnmpCredentials, SnmpVersion
from agent.model.errors import ConfigError
from agent.transport.snmp.pysnmp_receiver import QUEUE_MAX, TrapReceiver
from agent.transport.snmp.trap_gate import Principal, Refusal
from agent.transport.snmp.traps import Notification
from tests.peers import require, usm_credentials
from tests.waiting import PATIENCE_S

COMMUNITY = SnmpCredentials(community="sender")
SECURE = usm_credentials(AuthProtocol.SHA256, PrivProtocol.AES128)
SIGNED = usm_credentials(AuthProtocol.SHA512, None)
OPEN = usm_credentials(None, None)
KNOWN = [COMMUNITY, SnmpCredentials(version=SnmpVersion.V1, community="sender")]
KNOWN += [SECURE, SIGNED, OPEN]

LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
ENGINE = "0x8000000001020304"

_NET_SNMP = {AuthProtocol.SHA256: "SHA-256", AuthProtocol.SHA512: "SHA-512"}


class Heard:
    """A receiver and what it said."""

    def __init__(self) -> None:
        self.notifications: list[Notification] = []
        self.refused: list[Refusal] = []
        self.news = asyncio.Event()
        self.receiver: TrapReceiver
        self.task: asyncio.Task[None]

    def deliver(self, notification: Notification) -> None:
        self.notifications.append(notification)
        self.news.set()

    def refuse(self, reason: Refusal) -> None:
        self.refused.append(reason)
        self.news.set()

    @property
    def handled(self) -> int:
        return len(self.notifications) + len(self.refused)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self.handled < count:
                self.news.clear()
                await self.news.wait()

    def send(self, *datagrams: bytes) -> None:
        family = socket.AF_INET6 if ":" in self.receiver.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            for datagram in datagrams:
                sock.sendto(datagram, (self.receiver.host, self.receiver.port))


Listen = Callable[..., Any]


@pytest.fixture
async def listen() -> AsyncIterator[Listen]:
    """Starts receivers: ``await listen(host)``."""
    started: list[Heard] = []

    async def start(host: str = "127.0.0.1") -> Heard:
        heard = Heard()
        heard.receiver = await TrapReceiver.open((host, 0), KNOWN, heard.deliver, heard.refuse)
        heard.task = asyncio.create_task(heard.receiver.run())
        started.append(heard)
        return heard

    yield start
    for heard in started:
        assert not heard.task.done(), "the receiver died"
        heard.task.cancel()
        await asyncio.wait([heard.task])
        await heard.receiver.close()


@pytest.fixture
async def heard(listen: Listen) -> Heard:
    result: Heard = await listen()
    return result


def security(credentials: SnmpCredentials) -> list[str]:
    """The options that make net-snmp's programs speak as ``credentials``."""
    if credentials.version is not SnmpVersion.V3:
        return [f"-v{credentials.version}", "-c", credentials.community]
    options = ["-v3", "-u", credentials.user, "-l", "noAuthNoPriv"]
    if credentials.auth_protocol:
        name = _NET_SNMP[credentials.auth_protocol]
        options += ["-l", "authNoPriv", "-a", name, "-A", credentials.auth_secret]
    if credentials.priv_protocol:
        options += ["-l", "authPriv", "-x", "AES", "-X", credentials.priv_secret]
    return options


async def run(heard: Heard, state: Path, program: str, *arguments: str) -> int:
    """The exit status of a program of net-snmp that sends to ``heard``."""
    host = f"[{heard.receiver.host}]" if ":" in heard.receiver.host else heard.receiver.host
    target = f"{'udp6' if ':' in host else 'udp'}:{host}:{heard.receiver.port}"
    process = await asyncio.create_subprocess_exec(
        require(program),
        *(target if argument == "TARGET" else argument for argument in arguments),
        env={"SNMP_PERSISTENT_DIR": str(state), "SNMPCONFPATH": str(state), "MIBS": ""},
        stderr=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    return await process.wait()


async def trap(
    heard: Heard, state: Path, credentials: SnmpCredentials, trap: str = LINK_DOWN, *varbinds: str
) -> None:
    options = security(credentials)
    if credentials.version is SnmpVersion.V3:
        options += ["-e", ENGINE, "-Z", "3,1000"]
    assert not await run(heard, state, "snmptrap", *options, "TARGET", "", trap, *varbinds)


async def inform(heard: Heard, state: Path, credentials: SnmpCredentials) -> int:
    options = [*security(credentials), "-r", "1", "-t", "20"]
    return await run(heard, state, "snmpinform", *options, "TARGET", "", LINK_DOWN)


@pytest.mark.peer
@pytest.mark.parametrize("credentials", [COMMUNITY, SECURE, SIGNED, OPEN], ids=repr)
async def test_traps_of_v2c_and_v3(
    heard: Heard, tmp_path: Path, credentials: SnmpCredentials
) -> None:
    await trap(heard, tmp_path, credentials)
    await heard.until(1)
    [one] = heard.notifications
    assert (one.address, one.trap) == ("127.0.0.1", LINK_DOWN)
    who = Principal(user=credentials.user) if credentials.user else Principal("sender")
    assert one.principal == who
    assert not heard.refused


@pytest.mark.peer
@pytest.mark.parametrize("credentials", [COMMUNITY, SECURE, SIGNED, OPEN], ids=repr)
async def test_informs_are_answered(
    heard: Heard, tmp_path: Path, credentials: SnmpCredentials
) -> None:
    assert await inform(heard, tmp_path, credentials) == 0
    assert [one.trap for one in heard.notifications] == [LINK_DOWN]
    assert not heard.refused


@pytest.mark.peer
@pytest.mark.parametrize(
    ("generic", "specific", "kind"),
    [("2", "0", LINK_DOWN), ("6", "17", "1.3.6.1.4.1.9999.0.17")],
)
async def test_v1_traps_become_v2_and_name_their_agent(
    heard: Heard, tmp_path: Path, generic: str, specific: str, kind: str
) -> None:
    arguments = ["1.3.6.1.4.1.9999", "192.0.2.7", generic, specific, ""]
    assert not await run(heard, tmp_path, "snmptrap", "-v1", "-c", "sender", "TARGET", *arguments)
    await heard.until(1)
    [one] = heard.notifications
    assert (one.address, one.agent_address, one.trap) == ("127.0.0.1", "192.0.2.7", kind)


@pytest.mark.peer
async def test_a_forwarder_names_the_device(heard: Heard, tmp_path: Path) -> None:
    await trap(heard, tmp_path, COMMUNITY, LINK_DOWN, "1.3.6.1.6.3.18.1.3.0", "a", "192.0.2.9")
    await heard.until(1)
    assert heard.notifications[0].agent_address == "192.0.2.9"


@pytest.mark.peer
async def test_ipv6(listen: Listen, tmp_path: Path) -> None:
    heard = await listen("::1")
    await trap(heard, tmp_path, COMMUNITY)
    assert await inform(heard, tmp_path, SECURE) == 0
    await heard.until(2)
    assert {one.address for one in heard.notifications} == {"::1"}


WRONG = [
    SnmpCredentials(community="stranger"),
    replace(SECURE, user="stranger"),
    replace(SECURE, auth_secret="another-secret"),
    replace(SECURE, priv_protocol=None),
    replace(OPEN, user=SECURE.user),
]


@pytest.mark.peer
@pytest.mark.parametrize(
    "credentials", WRONG, ids=["community", "user", "secret", "no privacy", "no signature"]
)
async def test_traps_with_wrong_credentials_are_refused(
    heard: Heard, tmp_path: Path, credentials: SnmpCredentials
) -> None:
    await trap(heard, tmp_path, credentials)
    await heard.until(1)
    assert heard.refused == [Refusal.SECURITY]
    assert not heard.notifications


@pytest.mark.peer
@pytest.mark.parametrize("credentials", WRONG[1:], ids=["user", "secret", "no privacy", "no sig"])
async def test_informs_with_wrong_credentials_are_not_answered(
    heard: Heard, tmp_path: Path, credentials: SnmpCredentials
) -> None:
    assert await inform(heard, tmp_path, credentials) != 0
    assert not heard.notifications
    assert Refusal.SECURITY in heard.refused


@pytest.mark.peer
async def test_a_replay_from_before_is_refused(heard: Heard, tmp_path: Path) -> None:
    for clock in ("3,1000", "3,2000", "3,1900", "3,1000", "2,5000"):
        options = [*security(SECURE), "-e", ENGINE, "-Z", clock]
        assert not await run(heard, tmp_path, "snmptrap", *options, "TARGET", "", LINK_DOWN)
    await heard.until(5)
    assert len(heard.notifications) == 3
    assert heard.refused == [Refusal.SECURITY] * 2


def v2_trap(octets: bytes = b"", community: bytes = b"sender") -> bytes:
    """A v2c linkDown trap, typed by hand; ``octets`` are the varbinds after the two it needs."""
    uptime = bytes.fromhex("300d06082b06010201010300430101")
    kind = bytes.fromhex("3017060a2b060106030101040100060 92b0601060301010503".replace(" ", ""))
    return wrap(
        0x30,
        b"\x02\x01\x01"
        + wrap(4, community)
        + wrap(0xA7, bytes.fromhex("020101020100020100") + wrap(0x30, uptime + kind + octets)),
    )


def wrap(tag: int, content: bytes) -> bytes:
    length = len(content)
    head = bytes([tag, length]) if length < 128 else bytes([tag, 0x82]) + length.to_bytes(2, "big")
    return head + content


async def test_nonsense_is_counted_and_survived(heard: Heard) -> None:
    nested = b""
    for _ in range(3000):
        nested = wrap(0x30, nested)
    get = v2_trap().replace(b"\xa7", b"\xa0", 1)
    nonsense = [b"", b"\x00", b"\x30", b"\x30\x80\x00\x00", bytes(60_000), v2_trap()[:-9], get]
    nonsense += [v2_trap(nested), v2_trap(b"\x30\x80"), wrap(0x30, b"\x02\x01\x05")]
    heard.send(*nonsense)
    await heard.until(len(nonsense))
    assert heard.refused == [Refusal.MALFORMED] * len(nonsense)
    heard.send(v2_trap())
    await heard.until(len(nonsense) + 1)
    assert [one.trap for one in heard.notifications] == [LINK_DOWN]


async def test_damaged_traps_kill_nobody(heard: Heard) -> None:
    dice = random.Random(20)
    whole = v2_trap()
    damaged = []
    for _ in range(1000):
        octets = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            octets[dice.randrange(len(octets))] = dice.randrange(256)
        damaged.append(bytes(octets))
    for start in range(0, len(damaged), 100):
        heard.send(*damaged[start : start + 100])
        await heard.until(start + 100)


async def test_a_flood_leaves_the_loop_alive(heard: Heard) -> None:
    flood = 3000
    one = v2_trap()
    most = 0

    async def something_else() -> None:
        nonlocal most
        while (before := heard.handled) < flood:
            await asyncio.sleep(0)
            most = max(most, heard.handled - before)

    other = asyncio.create_task(something_else())
    for sent in range(100, flood + 1, 100):
        heard.send(*[one] * 100)
        # Without this the socket's buffer would lose some.
        while heard.handled + heard.receiver._queue.qsize() < sent:  # noqa: ASYNC110
            await asyncio.sleep(0)
    await heard.until(flood)
    await other
    assert heard.notifications
    assert set(heard.refused) <= {Refusal.OVERFLOW}
    assert len(heard.notifications) >= QUEUE_MAX // 2
    assert most <= 2, "traps between two turns of the others"


async def test_nothing_is_kept_of_a_trap(heard: Heard) -> None:
    engine = heard.receiver._engine._engine
    for count in (100, 200):
        heard.send(*[v2_trap()] * 100)
        await heard.until(count)
        assert all(model._cache.is_empty() for model in engine.security_models.values())


async def test_a_port_in_use_is_a_config_error(heard: Heard) -> None:
    port = heard.receiver.port
    with pytest.raises(ConfigError, match=f"traps on 127.0.0.1 port {port}"):
        await TrapReceiver.open(("127.0.0.1", port), [], heard.deliver, heard.refuse)


async def test_closing_leaves_nothing(listen: Listen) -> None:
    before = asyncio.all_tasks()
    receiver = await TrapReceiver.open(("127.0.0.1", 0), KNOWN, lambda _: None, lambda _: None)
    port = receiver.port
    await receiver.close()
    await receiver.close()
    assert asyncio.all_tasks() == before
    again = await TrapReceiver.open(("127.0.0.1", port), KNOWN, lambda _: None, lambda _: None)
    await again.close()
