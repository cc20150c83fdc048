"""The SNMP part of the daemon without its HTTP server: pollers, store, exposition."""

import resource
from functools import partial
from pathlib import Path

from agent.expose.prometheus.exposition import PrometheusExposition
from agent.model.credentials import AuthProtocol, PrivProtocol, SnmpCredentials, SnmpVersion
from agent.model.limits import Limits
from agent.model.values import PollResult
from agent.parse.url import parse_url
from agent.poll.poller import Poller, Schedule
from agent.profile.library import open_library
from agent.store.latest import Store
from agent.transport.base import Transport
from agent.transport.factory import Transports

PROFILE = "bench-outlets"
ROWS = 384
"""Varbinds of the outlet table; other varbinds of a poll are not counted."""

CREDENTIALS = {
    "v2c": SnmpCredentials(version=SnmpVersion.V2C, community="public"),
    "v3": SnmpCredentials(
        version=SnmpVersion.V3,
        user="bench",
        auth_protocol=AuthProtocol.SHA256,
        auth_secret="authpass1234",
        priv_protocol=PrivProtocol.AES128,
        priv_secret="privpass1234",
    ),
}


def cpu_s() -> float:
    """Return the user and system CPU seconds of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def address(number: int) -> str:
    """Return the ``number``-th target that answers, as the load on snmp_exporter names it."""
    return f"127.3.{number // 250}.{number % 250 + 1}"


def silent_address(number: int) -> str:
    """Return the ``number``-th target that never answers."""
    return f"127.9.{number // 250}.{number % 250 + 1}"


class Rig:
    """One poller per host, all delivering into one store and one exposition."""

    def __init__(self, hosts: list[str], version: str, engine: str, limits: Limits) -> None:
        names = [f"pdu-{number}" for number in range(1, len(hosts) + 1)]
        self.store = Store(dict.fromkeys(names, 90.0))
        self.exposition = PrometheusExposition(
            {name: {"site": "bench", "rack": "r1", "feed": "a"} for name in names}
        )
        self.store.subscribe(self.exposition.update)
        self._library = open_library([Path(__file__).parent / "profiles"])
        self._transports = Transports()
        self._hosts = dict(zip(names, hosts, strict=True))
        self._open = (CREDENTIALS[version], limits, engine)
        self.pollers: list[tuple[Poller, Transport]] = []

    async def open(self, port: int) -> None:
        """Create every transport and poller; nothing is sent yet."""
        for name, host in self._hosts.items():
            url = parse_url(f"snmp://{host}:{port}")
            transport = await self._transports.open(url, *self._open)
            poller = Poller(
                *(name, "snmp", PROFILE, self._library, Schedule(30.0)),
                partial(_given, transport),
                self.store.put,
            )
            self.pollers.append((poller, transport))

    async def close(self) -> None:
        """Close every transport."""
        for _, transport in self.pollers:
            await transport.close()
        await self._transports.close()


async def _given(transport: Transport) -> Transport:
    return transport


def insist(result: PollResult) -> None:
    """Stop the measurement if a poll is incomplete, since it would be cheap for a bad reason."""
    values = sum(len(block.series) for blocks in result.blocks.values() for block in blocks)
    if not result.up or result.failures or values < 288:
        raise SystemExit(f"{result.device}: up={result.up} values={values} {result.failures[:2]}")
