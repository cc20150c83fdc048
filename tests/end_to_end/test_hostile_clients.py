"""Clients that mean no good to the HTTP side: the polls go on, and others are served afterwards."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.app.wiring import Running, running
from agent.config import load_config
from agent.expose.http.uvicorn_protocol import HEADER_BYTES, MAX_CONNECTIONS
from agent.model.values import PollResult
from simulator.site.rack_server import serving
from tests.end_to_end.ports import free_tcp_ports
from tests.simulator.bench import write_site
from tests.waiting import PATIENCE_S

_CROWD = 1000
_ROLES = {"pdu-a": "apc-rpdu2", "pdu-b": "apc-rpdu2", "cdu": "orv3-rpu", "switch-1": "switch"}
_CYCLES = 8  # of each device, under attack


class Target:
    """A running agent, and every poll that it makes."""

    def __init__(self, current: Running, http: int) -> None:
        self.current, self.http = current, http
        self.polls: list[PollResult] = []
        self._news = asyncio.Event()
        current.agent.store.subscribe(lambda _, result: self._hear(result))

    def _hear(self, result: PollResult) -> None:
        self.polls.append(result)
        self._news.set()

    async def knock(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.http)

    async def goes_on(self) -> None:
        """Every device is polled ``_CYCLES`` times more, each time with an answer."""
        self.polls.clear()
        async with asyncio.timeout(PATIENCE_S):
            while min(self.counts().values()) < _CYCLES:
                self._news.clear()
                await self._news.wait()
        assert all(poll.up for poll in self.polls)

    def counts(self) -> dict[str, int]:
        return {
            name: sum(poll.device == name for poll in self.polls)
            for name in self.current.agent.store.devices
        }

    async def serves(self) -> None:
        """An honest client gets its metrics, once there is room again."""
        async with asyncio.timeout(PATIENCE_S), httpx.AsyncClient() as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    answer = await client.get(f"{self.current.url}/metrics")
                    if answer.status_code == 200:
                        break
                await asyncio.sleep(0.2)
        assert "rack_coolant_flow_liters_per_second{" in answer.text


@pytest.fixture
async def target(tmp_path: Path) -> AsyncIterator[Target]:
    [http] = free_tcp_ports(1)
    site: dict[str, Any] = {
        "http": {"listen": f"127.0.0.1:{http}"},
        "defaults": {"interval": "250ms", "timeout": "20s", "retries": 1},
    }
    config = load_config(write_site(tmp_path, _ROLES, **site))
    async with serving(config), running(config) as current:
        yield Target(current, http)


async def close(*writers: asyncio.StreamWriter) -> None:
    for writer in writers:
        writer.transport.abort()
    await asyncio.sleep(0)


async def test_a_thousand_connections(target: Target) -> None:
    crowd = await asyncio.gather(*(target.knock() for _ in range(_CROWD)), return_exceptions=True)
    held = [each for each in crowd if not isinstance(each, BaseException)]
    assert len(held) >= MAX_CONNECTIONS
    await target.goes_on()
    await close(*(writer for _, writer in held))
    await target.serves()


async def test_requests_that_trickle_in(target: Target) -> None:
    writers = [(await target.knock())[1] for _ in range(100)]

    async def trickle(writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            for letter in b"GET /metrics HTTP/1.1\r\nX-Slow: " + b"a" * 10_000:
                writer.write(bytes((letter,)))
                await writer.drain()
                await asyncio.sleep(0.1)

    trickling = [asyncio.create_task(trickle(writer)) for writer in writers]
    try:
        await target.goes_on()
        await target.serves()
    finally:
        for task in trickling:
            task.cancel()
        await asyncio.wait(trickling)
        await close(*writers)


async def test_headers_without_end(target: Target) -> None:
    async def shout() -> bytes:
        reader, writer = await target.knock()
        with contextlib.suppress(ConnectionError):
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Huge: " + b"a" * (64 * HEADER_BYTES))
            await writer.drain()
        answer = b""
        with contextlib.suppress(ConnectionError):
            answer = await reader.read(1000)
        await close(writer)
        return answer

    async with asyncio.timeout(PATIENCE_S):
        answers = await asyncio.gather(*(shout() for _ in range(50)))
    assert all(answer == b"" or answer.startswith(b"HTTP/1.1 4") for answer in answers)
    await target.goes_on()
    await target.serves()


async def test_scrapes_that_are_never_read(target: Target) -> None:
    held = [await target.knock() for _ in range(50)]
    for _, writer in held:
        writer.write(b"GET /api/v1/readings HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
    await target.goes_on()
    await close(*(writer for _, writer in held))
    await target.serves()


async def test_bodies_that_nobody_asked_for(target: Target) -> None:
    body = json.dumps({"a": "b" * 100_000})
    async with httpx.AsyncClient() as client:
        for path in ("/metrics", "/-/reload", "/api/v1/devices", "/probe"):
            answer = await client.post(f"{target.current.url}{path}", content=body)
            assert answer.status_code in (404, 405)
    await target.goes_on()
