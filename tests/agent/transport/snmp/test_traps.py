"""Traps in the running agent: counted by device and kind, and answered with an early poll."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.app.wiring import Running, running
from agent.config import Config, load_config
from agent.model import smi
from agent.model.credentials import SnmpCredentials
from agent.model.errors import ConfigError
from agent.model.values import VarBind
from agent.plan import SYS_NAME, SYS_UP_TIME
from agent.transport.snmp.trap_gate import Principal, Refusal
from agent.transport.snmp.traps import KINDS_MAX, OTHER, UNKNOWN, Notification, Sender, Traps
from simulator.wire.mib_view import StaticView
from simulator.wire.snmp_responder import SnmpResponder
from tests.agent.transport.snmp.test_trap_receiver import LINK_DOWN, v2_trap
from tests.end_to_end.ports import free_udp_ports
from tests.peers import require
from tests.waiting import until

SITE = """\
http: {{listen: 127.0.0.1:0}}
traps: {{listen: 127.0.0.1:{traps}}}
defaults: {{interval: 1h, timeout: 1s}}
credentials:
  left: {{community: left}}
  right: {{community: right}}
racks:
  - name: r1
    devices:
      - {{name: left, url: 'snmp://127.0.0.1:{left}', credentials: left, profile: snmp-generic}}
      - {{name: right, url: 'snmp://127.0.0.2:{right}', credentials: right, profile: snmp-generic}}
"""


ROWS: list[VarBind] = [
    (SYS_UP_TIME, smi.TIME_TICKS, 100),
    (SYS_NAME, smi.OCTET_STRING, b"device"),
]


@contextlib.asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Config]:
    """Two devices at two addresses, and a configuration with a port for traps."""
    left, right = SnmpResponder(StaticView(ROWS)), SnmpResponder(StaticView(ROWS))
    [traps] = free_udp_ports(1)
    ports = {"left": await left.start("127.0.0.1", 0), "right": await right.start("127.0.0.2", 0)}
    file = folder / "site.yaml"
    file.write_text(SITE.format(traps=traps, **ports), encoding="utf-8")
    try:
        yield load_config(file)
    finally:
        left.close()
        right.close()
        await asyncio.sleep(0)


class Site:
    """A running agent, seen through its metrics."""

    def __init__(self, current: Running) -> None:
        self._current = current

    def value(self, name: str, **labels: str) -> float:
        """The sample of a metric with these labels among its own; 0 where there is none."""
        text = self._current.agent.exposition.render().decode()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return sample.value
        return 0.0

    async def until(self, value: float, name: str, **labels: str) -> None:
        """Wait for a metric to reach ``value``."""
        await until(lambda: self.value(name, **labels) >= value)

    def send(self, datagram: bytes, source: str) -> None:
        """Send to the agent's port for traps from another loopback address."""
        traps = self._current.agent.config.spec.traps
        assert traps is not None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((source, 0))
            sock.sendto(datagram, traps.address)


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Site]:
    """The agent after its first two polls."""
    async with site(tmp_path) as config, running(config) as current:
        seen = Site(current)
        await asyncio.sleep(0.05)
        for device in ("left", "right"):
            current.agent.wake(device)  # their first turn may be 10 s away
        for device in ("left", "right"):
            await seen.until(1, "rackagent_polls_total", device=device)
        yield seen


TRAPS = "rackagent_traps_total"
POLLS = "rackagent_polls_total"
REFUSED = "rackagent_traps_refused_total"


async def test_a_trap_is_counted_and_its_device_polled(agent: Site) -> None:
    polls = agent.value(POLLS, device="left")
    others = agent.value(POLLS, device="right")
    agent.send(v2_trap(community=b"left"), "127.0.0.1")
    await agent.until(1, TRAPS, device="left", kind="linkDown", rack="r1", site="default")
    await agent.until(polls + 1, POLLS, device="left")
    assert agent.value(POLLS, device="right") == others


async def test_a_flood_leaves_polling_alive(agent: Site) -> None:
    before = {device: agent.value(POLLS, device=device) for device in ("left", "right")}
    for _ in range(30):
        for _ in range(100):
            agent.send(v2_trap(community=b"left"), "127.0.0.1")
        await asyncio.sleep(0.001)
    for device, source in (("right", "127.0.0.2"), ("left", "127.0.0.1")):

        def polled(device: str = device, source: str = source) -> bool:
            agent.send(v2_trap(community=device.encode()), source)  # a full buffer loses some
            return agent.value(POLLS, device=device) > before[device]

        await until(polled)
    await agent.until(100, TRAPS, device="left")
    polls = agent.value(POLLS, device="left") - before["left"]
    assert polls <= agent.value(TRAPS, device="left") / 5


async def test_an_unknown_sender_is_counted_for_nobody(agent: Site) -> None:
    polls = [agent.value(POLLS, device=device) for device in ("left", "right")]
    agent.send(v2_trap(community=b"left"), "127.0.0.3")
    await agent.until(1, TRAPS, device="", kind="linkDown")
    assert not agent.value(TRAPS, device="left")
    assert [agent.value(POLLS, device=device) for device in ("left", "right")] == polls


async def test_a_wrong_community_counts_for_no_device(agent: Site) -> None:
    polls = agent.value(POLLS, device="left")
    agent.send(v2_trap(community=b"guessed"), "127.0.0.1")
    await agent.until(1, REFUSED, reason="security")
    assert not agent.value(TRAPS, device="left")
    assert not agent.value(TRAPS, device="")
    assert agent.value(POLLS, device="left") == polls


@pytest.mark.peer
async def test_net_snmps_trap_arrives(agent: Site, tmp_path: Path) -> None:
    traps = agent._current.agent.config.spec.traps
    assert traps is not None
    process = await asyncio.create_subprocess_exec(
        *(require("snmptrap"), "-v2c", "-c", "left", f"127.0.0.1:{traps.address[1]}"),
        *("", "1.3.6.1.6.3.1.1.5.1"),
        env={"SNMP_PERSISTENT_DIR": str(tmp_path), "SNMPCONFPATH": str(tmp_path), "MIBS": ""},
    )
    assert await process.wait() == 0
    await agent.until(1, TRAPS, device="left", kind="coldStart")


async def test_a_trap_port_in_use_stops_the_start(tmp_path: Path) -> None:
    async with site(tmp_path) as config:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            assert config.spec.traps is not None
            taken.bind(config.spec.traps.address)
            with pytest.raises(ConfigError, match="traps"):
                async with running(config):
                    pass


async def test_starting_and_stopping_leaves_no_task(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    async with site(tmp_path) as config:
        for _ in range(2):
            async with running(config):
                await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == before


# Whose notification it is

LEFT = Sender("left", "192.0.2.1", SnmpCredentials(community="left"))
RIGHT = Sender("right", "192.0.2.1", SnmpCredentials(community="right"))
ALONE = Sender("alone", "2001:db8::0:1", SnmpCredentials())


class Book(Traps):
    """Traps, and who was woken."""

    def __init__(self) -> None:
        self.woken: list[str] = []
        super().__init__([LEFT, RIGHT, ALONE], self.woken.append)

    def hear(
        self, address: str, community: str = "x", agent: str | None = None, trap: str = LINK_DOWN
    ) -> None:
        self.receive(Notification(address, agent, Principal(community), trap))


@pytest.fixture
async def book() -> Book:
    book = Book()
    await book.resolve()
    return book


async def test_devices_that_share_an_address_are_told_apart_by_their_credentials(
    book: Book,
) -> None:
    book.hear("192.0.2.1", "right")
    assert book.counts == {("right", "linkDown"): 1}
    assert book.woken == ["right"]


async def test_where_nothing_tells_them_apart_both_are_polled_and_none_is_counted(
    book: Book,
) -> None:
    book.hear("192.0.2.1", "other")
    assert book.counts == {(UNKNOWN, "linkDown"): 1}
    assert book.woken == ["left", "right"]


async def test_addresses_are_known_in_every_spelling(book: Book) -> None:
    book.hear("2001:DB8::1")
    book.hear("::ffff:192.0.2.1", "left")
    assert book.woken == ["alone", "left"]


async def test_a_forwarded_trap_is_that_of_its_agent(book: Book) -> None:
    book.hear("198.51.100.1", "left", "192.0.2.1")
    book.hear("198.51.100.1", "left", "0.0.0.0")
    assert book.counts == {("left", "linkDown"): 1, (UNKNOWN, "linkDown"): 1}


async def test_endless_kinds_become_other(book: Book) -> None:
    for number in range(1000):
        book.hear("2001:db8::1", trap=f"1.3.6.1.4.1.9999.0.{number}")
    assert len(book.counts) == KINDS_MAX + 1
    assert book.counts["alone", OTHER] == 1000 - KINDS_MAX
    book.hear("192.0.2.1", "left")
    assert book.counts["left", "linkDown"] == 1


async def test_refusals_are_counted_by_reason(book: Book) -> None:
    book.refuse(Refusal.SECURITY)
    book.refuse(Refusal.SECURITY)
    assert book.refused == {"malformed": 0, "security": 2, "overflow": 0}
