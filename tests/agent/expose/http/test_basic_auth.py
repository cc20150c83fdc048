"""Passwords over HTTP: who is let in, what a check costs, and what is remembered."""

import asyncio
import base64
from collections.abc import AsyncIterator

import bcrypt
import httpx
import pytest

from agent.config.web import Web
from agent.expose.http import basic_auth
from agent.expose.http.api import create_app
from agent.expose.http.basic_auth import Logins, credentials
from tests.agent.expose.rack import DEVICES, Rack

PASSWORD = "pass:wörd"


def hashed(password: str, rounds: int = 4) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds)).decode()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    rack = Rack()
    web = Web(None, {"scraper": hashed(PASSWORD)}, {"X-Frame-Options": "sameorigin"})
    app = create_app(rack.store, rack.exposition, DEVICES, lambda: True, web)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://agent") as client:
        yield client


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The hashes that bcrypt was asked about."""
    asked: list[bytes] = []
    true = bcrypt.checkpw

    def checkpw(password: bytes, against: bytes) -> bool:
        asked.append(against)
        return true(password, against)

    monkeypatch.setattr(bcrypt, "checkpw", checkpw)
    return asked


@pytest.mark.parametrize(
    "path", ["/metrics", "/-/healthy", "/-/ready", "/openapi.json", "/api/v1/devices", "/no"]
)
async def test_every_path_is_behind_the_password(client: httpx.AsyncClient, path: str) -> None:
    login = ("scraper", PASSWORD.encode())
    for wrong in (None, ("scraper", "wrong"), ("nobody", PASSWORD.encode()), ("", "")):
        answer = await client.get(path, auth=wrong)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic ")
        assert answer.headers["x-frame-options"] == "sameorigin"
        assert answer.text == "Unauthorized\n"
    assert (await client.get(path, auth=login)).status_code == (404 if path == "/no" else 200)


async def test_nobody_keeps_a_connection_without_a_login(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics", auth=("scraper", "wrong"))
    assert (answer.status_code, answer.headers["connection"]) == (401, "close")


async def test_wrong_passwords_do_not_queue_without_end(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = ("scraper", PASSWORD.encode())
    assert (await client.get("/metrics", auth=login)).status_code == 200  # it is known now
    monkeypatch.setattr(basic_auth, "_WAITING_MAX", 2)
    answers = await asyncio.gather(
        *(client.get("/metrics", auth=("scraper", f"wrong {n}")) for n in range(6)),
        client.get("/metrics", auth=login),
    )
    assert sorted(answer.status_code for answer in answers[:-1]) == [401, 401, 503, 503, 503, 503]
    assert answers[-1].status_code == 200
    assert {answer.headers["connection"] for answer in answers[:-1]} == {"close"}


def test_headers_that_hold_no_login() -> None:
    def encoded(text: bytes) -> str:
        return f"Basic {base64.b64encode(text).decode()}"

    assert credentials(encoded(b"a:b:c")) == ("a", b"b:c")
    assert credentials(encoded(b"a:").replace("Basic", "bAsIc")) == ("a", b"")
    assert credentials("") is None
    assert credentials("Bearer YTpi") is None
    assert credentials("Basic") is None
    assert credentials("Basic !!!") is None
    assert credentials("Basic ü") is None
    assert credentials(encoded(b"\xff:b")) is None
    assert credentials(encoded(b"ab")) is None


async def test_a_right_login_costs_one_check_and_a_wrong_one_each_time(
    checked: list[bytes],
) -> None:
    logins = Logins({"a": hashed("one")})
    for _ in range(3):
        assert await logins.valid("a", b"one")
    assert len(checked) == 1
    for _ in range(2):
        assert not await logins.valid("a", b"two")
    assert len(checked) == 3


async def test_an_unknown_user_is_checked_against_the_costliest_hash(checked: list[bytes]) -> None:
    dear = hashed("one", 5)
    logins = Logins({"a": hashed("one"), "b": dear})
    assert not await logins.valid("nobody", b"one")  # right for the hash, and yet not let in
    assert checked == [dear.encode()]


async def test_what_bcrypt_would_cut_off_or_cannot_read(checked: list[bytes]) -> None:
    logins = Logins({"a": hashed("x" * 72), "b": "$2y$04$" + "." * 21 + "9" + "." * 31})
    assert await logins.valid("a", b"x" * 72)
    assert not await logins.valid("a", b"x" * 73)
    assert len(checked) == 1
    assert not await logins.valid("b", b"any")


async def test_no_more_logins_are_remembered_than_the_limit(
    checked: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(basic_auth, "_KNOWN_MAX", 2)
    logins = Logins({name: hashed("one") for name in "abc"})
    for name in "abac":  # b is the one longest unused when c comes
        assert await logins.valid(name, b"one")
    assert len(checked) == 3
    assert await logins.valid("a", b"one")
    assert len(checked) == 3
    assert await logins.valid("b", b"one")
    assert len(checked) == 4
