"""Buses and the SNMP engine as metrics, read from real sockets."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from prometheus_client import CollectorRegistry

from agent.expose.prometheus.collectors import TransportMetrics
from agent.model.credentials import SnmpCredentials
from agent.model.errors import DeviceTimeout, RequestRejected
from agent.model.limits import Limits
from agent.model.values import GetOids, ReadRegisters
from agent.parse.url import parse_url
from agent.transport.factory import Transports
from simulator.wire.modbus_faults import Refuses, Silent
from simulator.wire.modbus_server import ModbusServer
from tests.agent.transport.modbus.conftest import Words

pytestmark = pytest.mark.moved_clock

SHORT = Limits(timeout_s=0.05, retries=1)
ONE = ReadRegisters("holding", 1, 1)


@pytest.fixture
async def transports() -> AsyncIterator[Transports]:
    async with Transports() as opened:
        yield opened


@pytest.fixture
def registry(transports: Transports) -> CollectorRegistry:
    made = CollectorRegistry()
    made.register(TransportMetrics(transports))
    return made


async def test_a_bus_tells_its_tries_failures_and_time(
    transports: Transports, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.transport.modbus.turns.time", asyncio.get_running_loop())
    server = ModbusServer({1: Words(1)})
    port = await server.start_tcp()
    url = parse_url(f"modbus+tcp://127.0.0.1:{port}/1")

    def told(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, {"bus": f"127.0.0.1:{port}", **labels})

    assert told("rackagent_bus_requests_total") is None
    unit = await transports.open(url, SnmpCredentials(), SHORT)
    await unit.fetch(ONE)
    assert told("rackagent_bus_requests_total") == 1
    assert told("rackagent_bus_retries_total") == 0
    server.fault = Silent(times=2, unit=1)
    with pytest.raises(DeviceTimeout):
        await unit.fetch(ONE)
    server.fault = Refuses(times=1, unit=1, code=2)
    with pytest.raises(RequestRejected):
        await unit.fetch(ONE)
    assert told("rackagent_bus_requests_total") == 4
    assert told("rackagent_bus_retries_total") == 1
    assert told("rackagent_bus_failures_total", kind="silent") == 2
    assert told("rackagent_bus_failures_total", kind="wrong") == 0
    assert told("rackagent_bus_busy_seconds_total") == pytest.approx(2 * SHORT.timeout_s)
    server.fault = Silent(times=1, unit=1)
    asking = [asyncio.create_task(unit.fetch(ONE)) for _ in range(3)]
    await asyncio.sleep(0)
    assert told("rackagent_bus_waiting_requests") == 2
    await asyncio.gather(*asking)
    assert told("rackagent_bus_waiting_requests") == 0
    await unit.close()
    assert told("rackagent_bus_requests_total") is None
    await server.close()


async def test_snmp_tells_tries_and_what_waits(
    transports: Transports, registry: CollectorRegistry, unused_udp_port: int
) -> None:
    assert registry.get_sample_value("rackagent_snmp_requests_total") == 0
    url = parse_url(f"snmp://127.0.0.1:{unused_udp_port}")
    device = await transports.open(url, SnmpCredentials(community="public"), SHORT)
    asking = asyncio.create_task(device.fetch(GetOids((b"\x2b\x06\x01",))))
    await asyncio.sleep(0)
    assert registry.get_sample_value("rackagent_snmp_waiting_requests") == 1
    with pytest.raises(DeviceTimeout):
        await asking
    assert registry.get_sample_value("rackagent_snmp_waiting_requests") == 0
    assert registry.get_sample_value("rackagent_snmp_requests_total") == 2
    assert registry.get_sample_value("rackagent_snmp_retries_total") == 1
    for reason in ("unmatched", "spoofed", "refused"):
        labels = {"reason": reason}
        assert registry.get_sample_value("rackagent_snmp_discarded_total", labels) == 0
