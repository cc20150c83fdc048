"""A bug in a callback of the event loop ends the agent, as one in a poller does."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.app.event_loop import CallbackErrors
from agent.app.wiring import running
from agent.config import load_config
from agent.protocol.modbus import framing
from agent.transport.snmp import engine


class _BugError(Exception):
    """What nobody expects."""


def _fail(*_: object) -> None:
    raise _BugError


class _Echo(asyncio.DatagramProtocol):
    """Sends back whatever it is asked."""

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.transport.sendto(data, addr)


@asynccontextmanager
async def _udp() -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(_Echo, local_addr=("127.0.0.1", 0))
    yield f"snmp://127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    transport.close()


@asynccontextmanager
async def _tcp() -> AsyncIterator[str]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        yield f"modbus+tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}/1"


async def _ends_with_the_bug(folder: Path, url: str, profile: str) -> None:
    """Run an agent of one device until it ends; it polls for far less than its timeout."""
    path = folder / "site.yaml"
    device = {"name": "d", "url": url, "profile": profile, "interval": "1s", "timeout": "60s"}
    site = {"http": {"listen": "127.0.0.1:0"}, "racks": [{"name": "r", "devices": [device]}]}
    path.write_text(json.dumps(site), encoding="utf-8")
    with pytest.RaisesGroup(_BugError, flatten_subgroups=True):
        async with running(load_config(path)) as current, asyncio.timeout(20):
            await current.until(asyncio.Event())


async def test_a_bug_while_snmp_is_received(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "peek_id", _fail)
    async with _udp() as url:
        await _ends_with_the_bug(tmp_path, url, "apc-rpdu2")


async def test_a_bug_while_modbus_is_received(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(framing.TcpFramer, "feed", _fail)
    async with _tcp() as url:
        await _ends_with_the_bug(tmp_path, url, "orv3-rpu")


async def test_errors_of_other_code_are_logged_as_before(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop = asyncio.get_running_loop()
    watching = asyncio.create_task(CallbackErrors().run())
    called = asyncio.Event()
    loop.call_soon(_fail)
    loop.call_soon(called.set)
    await called.wait()
    watching.cancel()
    await asyncio.wait([watching])
    assert watching.cancelled()
    assert "_BugError" in caplog.text
