"""Traps of simulated devices: to a socket of ours, and to the agent that counts and wakes."""

import asyncio
from pathlib import Path

import pytest

from agent.app.wiring import running
from agent.config import load_config
from agent.model import smi
from agent.protocol.snmp import message
from agent.protocol.snmp.message import Pdu
from simulator.site.rack_server import serving
from simulator.site.site import SimulatedSite
from tests.end_to_end.ports import free_tcp_ports, free_udp_ports
from tests.simulator.bench import write_site
from tests.waiting import until

pytestmark = [pytest.mark.moved_clock, pytest.mark.usefixtures("polls_by_the_loop")]

_ROLES = {"pdu-a": "apc-rpdu2", "switch-1": "switch"}


class Heard(asyncio.DatagramProtocol):
    """Keeps what arrives."""

    def __init__(self) -> None:
        self.traps: list[tuple[int, Pdu]] = []

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        version, community, pdu = message.decode_message(data)
        assert (version, community) == (message.V2C, b"public")
        self.traps.append((addr[1], pdu))

    def kinds(self) -> list[str]:
        return [smi.dotted(value) for _, pdu in self.traps for value in [pdu.varbinds[1][2]]
                if isinstance(value, bytes)]  # fmt: skip


async def hear(site: SimulatedSite, heard: Heard, fault: str, **params: object) -> list[str]:
    """The kinds of trap that a fault and its repair bring."""
    heard.traps.clear()
    number = site.injector.inject(fault, params).id
    site.advance(2.0)
    site.injector.clear(number)
    site.advance(2.0)
    await asyncio.sleep(0.05)
    return heard.kinds()


async def test_alarms_outlets_links_and_cold_starts(tmp_path: Path) -> None:
    [port] = free_udp_ports(1)
    path = write_site(tmp_path, _ROLES, traps={"listen": f"127.0.0.1:{port}"})
    config = load_config(path)
    loop = asyncio.get_running_loop()
    transport, heard = await loop.create_datagram_endpoint(Heard, local_addr=("127.0.0.1", port))
    try:
        async with serving(config) as site:
            site.advance(2.0)
            apc = "1.3.6.1.4.1.318.1.3.4"
            alarm = await hear(site, heard, "phase_lost", feed="a", phase=2)
            assert len(alarm) == 2
            assert all(kind.startswith(apc) and kind.endswith(".0.1") for kind in alarm)
            texts = [pdu.varbinds[3][2] for _, pdu in heard.traps]
            assert texts == [b"phase_lost: active", b"phase_lost: clear"]
            assert {source for source, _ in heard.traps} == {config.devices[0].url.port}
            outlet = await hear(site, heard, "outlet_off", feed="a", outlet=3)
            assert [kind[-4:] for kind in outlet] == [".0.2", ".0.2"]
            assert [p.varbinds[3][2] for _, p in heard.traps] == [b"outlet 3: off", b"outlet 3: on"]
            link = await hear(site, heard, "link_down", port=7)
            assert link == ["1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4"]
            assert [pdu.varbinds[3][2] for _, pdu in heard.traps] == [7, 7]
            assert await hear(site, heard, "reboot", device="pdu-a") == ["1.3.6.1.6.3.1.1.5.1"]
    finally:
        transport.close()


async def test_the_agent_hears_them(tmp_path: Path) -> None:
    [trap_port], [http] = free_udp_ports(1), free_tcp_ports(1)
    path = write_site(
        tmp_path,
        {"pdu-a": "apc-rpdu2"},
        traps={"listen": f"127.0.0.1:{trap_port}"},
        http={"listen": f"127.0.0.1:{http}"},
    )
    config = load_config(path)
    async with serving(config) as site, running(config) as current:

        def counted() -> bool:
            site.advance(1.0)
            site.injector.inject("reboot", {"device": "pdu-a"}, for_s=0.5)
            lines = current.agent.exposition.render().decode().splitlines()
            return any("coldStart" in line and 'device="pdu-a"' in line for line in lines)

        await until(counted)
