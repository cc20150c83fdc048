"""Operators answer a run from its page; readers and pages elsewhere do not."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import bcrypt
import httpx
import pytest

from agent.commission.journal.answers import GivenAnswer, collect
from agent.commission.journal.run_index import RunIndex
from agent.commission.journal.writer import RunJournal
from agent.config.web import Web
from agent.web import actions
from agent.web.data.runs import Runs
from tests.agent.commission.making import record
from tests.agent.expose.rack import DEVICES, Rack
from tests.agent.web.data.test_runs import begun
from tests.agent.web.pages.test_pages import Served

ADA = ("ada", b"open sesame")
RUN = "/commissioning/r01-L11"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[RunJournal]:
    """A run that asks for three things."""
    found = begun(tmp_path)
    for id_, kind in (("load", "do"), ("remark", "note"), ("lab", "attachment")):
        found.write(record("asked", id=id_, kind=kind, text=f"please {id_}", step="full"), 1100.0)
    yield found
    found.close()


@pytest.fixture
async def client(tmp_path: Path, journal: RunJournal) -> AsyncIterator[httpx.AsyncClient]:
    assert journal.path.exists()
    users = {"ada": bcrypt.hashpw(ADA[1], bcrypt.gensalt(4)).decode()}
    site = Served(Rack(filled=False), list(DEVICES), Web(users=users), Runs(RunIndex(tmp_path)))
    transport = httpx.ASGITransport(app=site.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://agent", auth=ADA) as client:
        yield client


async def token(client: httpx.AsyncClient) -> str:
    page = (await client.get(RUN)).text
    found = re.search(r'name="token" value="([0-9a-f]{64})"', page)
    assert found is not None
    return found[1]


def answers(folder: Path) -> list[GivenAnswer | str]:
    return list(collect(folder / "r01-L11"))


async def test_a_form_answers_and_leads_back(client: httpx.AsyncClient, tmp_path: Path) -> None:
    page = (await client.get(RUN)).text
    assert page.count("please ") == 3
    fields = {"token": await token(client), "id": "load", "answer": "yes", "text": "done, 50 %"}
    answer = await client.post(f"{RUN}/answer", data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "../r01-L11")
    assert answers(tmp_path) == [GivenAnswer("load", "ada", True, "done, 50 %")]


async def test_a_run_is_paused_and_noted_upon(client: httpx.AsyncClient, tmp_path: Path) -> None:
    known = await token(client)
    await client.post(f"{RUN}/answer", data={"token": known, "id": "pause"})
    await client.post(f"{RUN}/answer", data={"token": known, "id": "note", "text": "smells warm"})
    assert answers(tmp_path) == [
        GivenAnswer("pause", "ada", True),
        GivenAnswer("note", "ada", True, "smells warm"),
    ]


async def test_a_file_is_attached(client: httpx.AsyncClient, tmp_path: Path) -> None:
    query = {"id": "lab", "name": "../lab report.pdf", "text": "conductivity 900"}
    headers = {"X-Token": await token(client)}
    answer = await client.put(f"{RUN}/attach", params=query, headers=headers, content=b"%PDF-1.7")
    assert answer.status_code == 200
    (found,) = answers(tmp_path)
    assert isinstance(found, GivenAnswer)
    assert (found.who, found.text) == ("ada", "conductivity 900")
    attached = tmp_path / "r01-L11" / "attachments" / found.file
    assert attached.read_bytes() == b"%PDF-1.7"


@pytest.mark.parametrize(
    "name", ["..", "a/..", "\0", "a\0b", "\u00e4" * 255, "\u20ac" * 200, "/", ""]
)
async def test_a_file_is_attached_by_whatever_name(
    client: httpx.AsyncClient, tmp_path: Path, name: str
) -> None:
    headers = {"X-Token": await token(client)}
    query = {"id": "lab", "name": name}
    answer = await client.put(f"{RUN}/attach", params=query, headers=headers, content=b"%PDF-1.7")
    assert answer.status_code == 200
    (found,) = answers(tmp_path)
    assert isinstance(found, GivenAnswer)
    assert (tmp_path / "r01-L11" / "attachments" / found.file).read_bytes() == b"%PDF-1.7"


async def test_the_body_of_a_stranger_is_not_waited_for(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"id=load&"
        pytest.fail("the body was read")

    for method, place in (("POST", "answer"), ("PUT", "attach")):
        answer = await client.request(
            method, f"{RUN}/{place}", content=endless(), headers={"Origin": "http://elsewhere"}
        )
        assert (answer.status_code, answer.headers["connection"]) == (403, "close")


async def test_what_is_too_large_is_refused(
    client: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "ATTACHMENT_MAX", 4)
    headers = {"X-Token": await token(client)}
    query = {"id": "lab", "name": "lab.pdf"}
    answer = await client.put(f"{RUN}/attach", params=query, headers=headers, content=b"%PDF-1.7")
    assert answer.status_code == 413
    form = await client.post(f"{RUN}/answer", content=b"x" * 20_000)
    assert form.status_code == 413
    assert answers(tmp_path) == []


@pytest.mark.parametrize(
    ("fields", "headers", "status"),
    [
        ({}, {"sec-fetch-site": "cross-site"}, 403),
        ({}, {"origin": "http://elsewhere"}, 403),
        ({"token": "0" * 64}, {}, 403),
        ({"token": ""}, {}, 403),
        ({"id": "nothing"}, {}, 409),
        ({"id": "../x"}, {}, 409),
        ({"id": "remark", "text": ""}, {}, 409),
        ({"text": "x" * 3_000}, {}, 409),
    ],
    ids=["elsewhere", "origin", "token", "none", "unknown", "path", "empty", "long"],
)
async def test_others_and_nonsense_are_refused(
    client: httpx.AsyncClient,
    tmp_path: Path,
    fields: dict[str, str],
    headers: dict[str, str],
    status: int,
) -> None:
    sent = {"token": await token(client), "id": "load", "answer": "yes"} | fields
    answer = await client.post(f"{RUN}/answer", data=sent, headers=headers)
    assert answer.status_code == status
    assert answers(tmp_path) == []


async def test_a_run_that_is_not_there(client: httpx.AsyncClient) -> None:
    known = await token(client)
    answer = await client.post("/commissioning/nothing/answer", data={"token": known})
    assert answer.status_code == 404


async def test_without_passwords_there_is_nothing_to_press(
    tmp_path: Path, journal: RunJournal
) -> None:
    assert journal.path.exists()
    site = Served(Rack(filled=False), list(DEVICES), None, Runs(RunIndex(tmp_path)))
    transport = httpx.ASGITransport(app=site.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://agent") as client:
        page = (await client.get(RUN)).text
        assert "<form" not in page
        assert "http.web_config" in page
        assert (await client.post(f"{RUN}/answer", data={"id": "load"})).status_code == 403
        assert (await client.put(f"{RUN}/attach", content=b"x")).status_code == 403
    assert answers(tmp_path) == []
