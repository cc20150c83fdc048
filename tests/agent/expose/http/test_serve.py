"""The server on a real socket: it answers, refuses a taken port, and goes when told."""

import asyncio
import contextlib
import inspect
import signal
import socket

import httpx
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from agent.expose.http import uvicorn_protocol
from agent.expose.http.api import create_app
from agent.expose.http.serve import bind, serve
from agent.expose.http.uvicorn_protocol import Connection
from agent.model.errors import ConfigError
from tests.agent.expose.rack import DEVICES, Rack

HANGS_S = 20
"""Far beyond what an end takes, and far below the keep-alive time that it must not wait for."""


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """An application as small as one can be."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


async def never_ends(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that answers nothing and notices nothing."""
    await asyncio.Event().wait()


async def test_a_scrape_over_a_real_socket() -> None:
    rack = Rack()
    app = create_app(rack.store, rack.exposition, DEVICES, lambda: True)
    async with serve(app, "127.0.0.1", 0) as (host, port), httpx.AsyncClient() as client:
        answer = await client.get(f"http://{host}:{port}/metrics")
        readings = await client.get(f"http://{host}:{port}/api/v1/readings")
    assert answer.status_code == 200
    assert answer.headers["content-encoding"] == "gzip"
    assert "server" not in answer.headers
    assert "rack_phase_voltage_volts" in answer.text
    assert len(readings.json()["readings"]) == 6


async def test_over_ipv6_with_brackets() -> None:
    async with serve(hello, "[::1]", 0) as (host, port), httpx.AsyncClient() as client:
        assert (await client.get(f"http://[{host}]:{port}/")).text == "hello"


async def test_the_end_comes_with_a_client_still_connected_and_frees_the_port() -> None:
    async with asyncio.timeout(HANGS_S), httpx.AsyncClient() as client:
        async with serve(hello, "127.0.0.1", 0) as (host, port):
            await client.get(f"http://{host}:{port}/")
        with pytest.raises(httpx.TransportError):
            await client.get(f"http://{host}:{port}/")
    bind("127.0.0.1", port).close()


async def test_the_end_comes_in_the_middle_of_an_answer() -> None:
    async with asyncio.timeout(HANGS_S), httpx.AsyncClient(timeout=60) as client:
        async with serve(never_ends, "127.0.0.1", 0) as (host, port):
            request = asyncio.create_task(client.get(f"http://{host}:{port}/"))
            await asyncio.sleep(0.05)
        with pytest.raises(httpx.TransportError):
            await request
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert left == []


async def test_signals_stay_with_the_caller() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    async with serve(hello, "127.0.0.1", 0):
        await asyncio.sleep(0.05)
        during = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert during == before


async def test_a_cancelled_caller_leaves_nothing_behind() -> None:
    async def run() -> None:
        async with serve(hello, "127.0.0.1", 0):
            await asyncio.sleep(60)

    task = asyncio.create_task(run())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert left == []


async def test_a_port_in_use_is_said_before_anything_is_served() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError) as caught:
            async with serve(hello, "127.0.0.1", port):
                pytest.fail("served on a port that is in use")
    assert f"cannot listen on 127.0.0.1:{port}: the port is in use" in str(caught.value)
    assert "choose another port" in str(caught.value)


@pytest.mark.parametrize(
    ("host", "port", "says"),
    [
        ("192.0.2.77", 0, "no interface of this machine has that address"),
        ("no-such-host.invalid", 80, "no-such-host.invalid:80: the host name does not resolve"),
        ("rack..example", 80, "does not resolve"),
        ("127.0.0.1", -1, "a port is a number"),
        ("127.0.0.1", 70_000, "127.0.0.1:70000: a port is a number from 0 to 65535"),
    ],
)
def test_an_address_that_cannot_be_bound(host: str, port: int, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        bind(host, port)


async def takes_all(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that waits for the whole body."""
    while (await receive()).get("more_body", False):
        pass
    await hello(scope, receive, send)


async def sends_much(scope: Scope, receive: Receive, send: Send) -> None:
    """An application whose response is larger than all buffers on the way."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": bytes(64 * 1024 * 1024)})


async def connect(port: int, sent: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await writer.drain()
    return reader, writer


async def test_a_body_has_to_come_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uvicorn_protocol, "REQUEST_S", 0.1)
    async with asyncio.timeout(HANGS_S), serve(takes_all, "127.0.0.1", 0) as (_, port):
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 16000\r\n\r\n"
        reader, writer = await connect(port, head + b"a")
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()


async def test_a_response_has_to_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uvicorn_protocol, "STALLED_S", 0.1)
    lost = asyncio.Event()
    direct = Connection.connection_lost

    def connection_lost(self: Connection, error: Exception | None) -> None:
        direct(self, error)
        lost.set()

    monkeypatch.setattr(Connection, "connection_lost", connection_lost)
    async with asyncio.timeout(HANGS_S), serve(sends_much, "127.0.0.1", 0) as (_, port):
        _, writer = await connect(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await lost.wait()
        writer.close()


async def test_the_longest_idle_connection_makes_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uvicorn_protocol, "MAX_CONNECTIONS", 3)
    request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    async with asyncio.timeout(HANGS_S), serve(hello, "127.0.0.1", 0) as (_, port):
        held = []
        for _ in range(5):
            reader, writer = await connect(port, request)
            assert (await reader.readuntil(b"\r\n0\r\n\r\n")).startswith(b"HTTP/1.1 200")
            held.append((reader, writer))
        for reader, writer in held[:3]:
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
            writer.close()
        for reader, writer in held[3:]:
            writer.write(request)
            assert (await reader.readuntil(b"\r\n0\r\n\r\n")).startswith(b"HTTP/1.1 200")
            writer.close()


async def test_an_upgrade_that_is_not_offered_is_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serve(hello, "127.0.0.1", 0) as (host, port), httpx.AsyncClient() as client:
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
        assert (await client.get(f"http://{host}:{port}/", headers=upgrade)).text == "hello"
    assert caplog.text == ""


async def test_what_is_used_of_uvicorns_internals_is_still_there() -> None:
    """Fails with the names where an upgrade beyond pyproject's range took some away."""
    config = uvicorn.Config(hello, lifespan="off", log_config=None)
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    protocol = H11Protocol(config, server.server_state, server.lifespan.state)
    wanted = {
        server: ("startup", "capture_signals", "started", "should_exit"),
        server.server_state: ("connections", "tasks"),
        protocol: (
            *("connection_made", "data_received", "on_response_complete", "connection_lost"),
            *("connections", "cycle", "transport", "loop", "conn", "flow"),
            *("pause_writing", "resume_writing", "timeout_keep_alive_handler"),
            "_unsupported_upgrade_warning",
        ),
        RequestResponseCycle: ("send",),
    }
    gone = [
        f"{owner!r}.{name}"
        for owner, names in wanted.items()
        for name in names
        if not hasattr(owner, name)
    ]
    assert not gone, f"uvicorn {uvicorn.__version__} has no more: {', '.join(gone)}"
    assert "self.response_complete" in inspect.getsource(RequestResponseCycle.__init__)
    assert "self.servers" in inspect.getsource(uvicorn.Server.shutdown)
