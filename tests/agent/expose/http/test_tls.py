"""TLS on a real socket: versions, renewed certificates, client certificates, slow clients."""

import asyncio
import socket
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from agent.config.web import load_web
from agent.expose.http import serve, uvicorn_protocol
from agent.expose.http.tls import Certificates
from tests.agent.expose.http.test_serve import hello
from tests.certificates import Authority

TLS = "tls_server_config:\n  cert_file: web.crt\n  key_file: web.key\n"
ASK = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: clients.pem\n"


REFUSED = (ssl.SSLError, ConnectionError)
"""How a client learns of it: asyncio may close before the alert that tells why is sent."""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    made = Authority(tmp_path)
    made.issue("web")
    return made


@asynccontextmanager
async def serving(folder: Path, text: str = TLS) -> AsyncIterator[int]:
    """The port that ``web.yml`` in ``folder`` is served on."""
    (folder / "web.yml").write_text(text)
    tls = load_web(folder / "web.yml").tls
    assert tls is not None
    async with serve.serve(hello, "127.0.0.1", 0, Certificates(tls).context) as (_, port):
        yield port


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.file))


async def served(port: int, context: ssl.SSLContext) -> bytes:
    """The certificate that a new connection is shown, once it was used."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        if not (answer := await reader.read()):
            raise ConnectionResetError("closed without an answer")
        assert answer.endswith(b"hello\r\n0\r\n\r\n")
        found: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return found
    finally:
        writer.close()


def on_disk(path: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(path.read_text())


async def test_https_and_no_plain_http(tmp_path: Path, authority: Authority) -> None:
    async with (
        serving(tmp_path) as port,
        httpx.AsyncClient(verify=trusting(authority)) as client,
    ):
        assert (await client.get(f"https://127.0.0.1:{port}/")).text == "hello"
        with pytest.raises(httpx.TransportError):
            await client.get(f"http://127.0.0.1:{port}/")


async def test_tls_1_1_is_refused_and_bounds_are_kept(tmp_path: Path, authority: Authority) -> None:
    old = trusting(authority)
    lax = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    lax.load_cert_chain(tmp_path / "web.crt", tmp_path / "web.key")
    for context in (old, lax):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # else OpenSSL itself would not try
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    middle = trusting(authority)
    middle.maximum_version = ssl.TLSVersion.TLSv1_2
    async with serve.serve(hello, "127.0.0.1", 0, lax) as (_, port):
        assert await served(port, old)  # the client can
    async with serving(tmp_path) as port:
        with pytest.raises(REFUSED):
            await served(port, old)
        assert await served(port, middle)
    async with serving(tmp_path, TLS + "  min_version: TLS13\n") as port:
        with pytest.raises(REFUSED):
            await served(port, middle)
        assert await served(port, trusting(authority))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_renewed_certificate_is_served_without_a_restart(
    tmp_path: Path, authority: Authority, version: ssl.TLSVersion
) -> None:
    context = trusting(authority)
    context.minimum_version = context.maximum_version = version
    async with serving(tmp_path) as port:
        first = await served(port, context)
        assert first == on_disk(tmp_path / "web.crt")
        authority.issue("web")
        second = await served(port, context)
        assert first != second == on_disk(tmp_path / "web.crt")


async def test_half_a_renewal_is_told_once_and_waited_for(
    tmp_path: Path, authority: Authority
) -> None:
    context = trusting(authority)
    async with serving(tmp_path) as port:
        first = await served(port, context)
        new_certificate, new_key = authority.issue("new")
        with capture_logs() as logs:
            new_certificate.replace(tmp_path / "web.crt")
            assert [await served(port, context) for _ in range(2)] == [first, first]
            (tmp_path / "web.key").unlink()
            assert await served(port, context) == first
            new_key.replace(tmp_path / "web.key")
            assert await served(port, context) == on_disk(tmp_path / "web.crt") != first
    assert [line["event"] for line in logs] == [
        "certificate not renewed",
        "certificate not renewed",
        "certificate renewed",
    ]
    assert "web.yml:3: tls_server_config.key_file" in logs[0]["reason"]


async def test_a_client_certificate_is_required_and_its_authority_may_change(
    tmp_path: Path, authority: Authority
) -> None:
    clients = Authority(tmp_path, "clients")
    stranger, known = trusting(authority), trusting(authority)
    known.load_cert_chain(*clients.issue("scraper"))
    self_signed = trusting(authority)
    self_signed.load_cert_chain(*authority.issue("wrong"))
    async with serving(tmp_path, TLS + ASK) as port:
        assert await served(port, known)
        for refused in (stranger, self_signed):
            with pytest.raises(REFUSED):
                await served(port, refused)
        later = Authority(tmp_path, "later")
        later.file.replace(clients.file)
        with pytest.raises(REFUSED):
            await served(port, known)
        new = trusting(authority)
        new.load_cert_chain(*later.issue("scraper"))
        assert await served(port, new)


async def test_a_client_certificate_if_given(tmp_path: Path, authority: Authority) -> None:
    Authority(tmp_path, "clients")
    wrong = trusting(authority)
    wrong.load_cert_chain(*authority.issue("wrong"))
    text = TLS + ASK.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven")
    async with serving(tmp_path, text) as port:
        assert await served(port, trusting(authority))
        with pytest.raises(REFUSED):
            await served(port, wrong)


@pytest.mark.moved_clock
async def test_who_never_greets_over_tls_is_dropped(
    tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "_HANDSHAKE_S", 0.1)
    async with serving(tmp_path) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await asyncio.wait_for(reader.read(), 20) == b""
        writer.close()
        assert await served(port, trusting(authority))


@pytest.mark.moved_clock
@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: h\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999\r\n\r\n",
    ],
)
async def test_a_request_that_trickles_in_is_dropped(
    start: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uvicorn_protocol, "REQUEST_S", 0.3)

    async def trickle(writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            writer.write(b"x" if start else b"")
            await asyncio.sleep(0.05)

    async with serve.serve(hello, "127.0.0.1", 0) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(start)
        feeding = asyncio.create_task(trickle(writer))
        try:
            async with asyncio.timeout(20):
                with suppress(ConnectionError):
                    while await reader.read(4096):
                        pass
        finally:
            feeding.cancel()
            writer.close()


@pytest.mark.moved_clock
async def test_a_connection_at_rest_between_scrapes_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uvicorn_protocol, "REQUEST_S", 0.1)
    async with serve.serve(hello, "127.0.0.1", 0) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        for _ in range(2):
            writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert b"hello" in await reader.readuntil(b"0\r\n\r\n")
            await asyncio.sleep(0.3)
        assert not reader.at_eof()
        writer.close()


async def test_headers_without_end_are_answered_with_400() -> None:
    async with serve.serve(hello, "127.0.0.1", 0) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * uvicorn_protocol.HEADER_BYTES)
        assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")
        writer.close()


async def test_at_the_limit_the_longest_idle_connection_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uvicorn_protocol, "MAX_CONNECTIONS", 2)
    async with serve.serve(hello, "127.0.0.1", 0) as (host, port):
        idle, idle_writer = await asyncio.open_connection(host, port)
        reader, writer = await asyncio.open_connection(host, port)
        with suppress(ConnectionResetError):
            assert await idle.read() == b""
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert b"200" in await reader.readline()
        for each in (idle_writer, writer):
            each.close()


async def test_the_end_comes_with_a_tls_client_still_connected(
    tmp_path: Path, authority: Authority
) -> None:
    async with asyncio.timeout(20):
        async with serving(tmp_path) as port:
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting(authority))
        writer.close()
    bind_again = socket.create_server(("127.0.0.1", port))
    bind_again.close()
