"""Runs in a browser: how far they are, what they measured, and their files and nothing else."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.commission.journal.run_index import RunIndex
from agent.commission.journal.writer import RunJournal
from agent.web.data.runs import Runs
from tests.agent.commission.evidence.test_sealing import sealed
from tests.agent.commission.making import record
from tests.agent.expose.rack import DEVICES, Rack
from tests.agent.web.pages.test_pages import EVIL, Served, text

PLAN: dict[str, Any] = {
    "generation": "small",
    "version": "1.2.0",
    "title": "A small rack",
    "before_s": 30.0,
    "steps": [
        {"step": "idle", "title": "Idle", "seconds": 60, "holds": 60, "checks": ["a.flow"]},
        {"step": "full", "title": "Full load", "seconds": 120, "holds": 110, "checks": ["b.leak"]},
    ],
    "checks": {
        "a.flow": {"title": "Flow", "number": 22, "kind": "limit"},
        "b.leak": {"title": "No leak", "number": 33, "kind": "alarm"},
    },
}
FLOW = {
    "check": "a.flow",
    "verdict": "PASS",
    "reason": "",
    "measured": [{"name": "cdu", "value": 96.2, "unit": "%", "bound": "at least", "limit": 90}],
}


def begun(folder: Path, name: str = "r01-L11", *, simulated: bool = False) -> RunJournal:
    """A run whose first step has ended and whose second goes on."""
    (folder / name).mkdir()
    journal = RunJournal(folder / name / "journal.jsonl")
    journal.write(
        record("run_started", rack="r01", stage="L11", operator="Ada", simulated=simulated), 0.0
    )
    journal.write(record("plan", **PLAN), 1000.0)
    journal.write(record("step_began", step="idle"), 1030.0)
    journal.write(
        record("step_ended", step="idle", began=1030, confirmed=1030, steady=1030, ended=1090),
        1090.0,
    )
    journal.write(record("judged", **FLOW), 1090.0)
    journal.write(record("step_began", step="full"), 1090.0)
    return journal


class Watched(Served):
    """A rack whose runs can be followed."""

    def __init__(self, folder: Path | None) -> None:
        super().__init__(Rack(filled=False), list(DEVICES), runs=Runs(RunIndex(folder)))


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


@pytest.fixture
async def client(watched: Watched) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=watched.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://agent") as client:
        yield client


async def test_a_run_that_goes_on_is_followed(client: httpx.AsyncClient, tmp_path: Path) -> None:
    journal = begun(tmp_path)
    listed = await text(client, "/commissioning")
    assert 'href="commissioning/r01-L11"' in listed
    assert "● running" in listed
    page = await text(client, "/commissioning/r01-L11")
    assert "by Ada" in page
    assert "✓ PASS" in page
    assert "cdu 96.20 % (at least 90.00)" in page
    assert page.count("no verdict yet") == 1
    assert "samples.sqlite" not in page
    journal.close()


@pytest.mark.parametrize("simulated", [True, False])
async def test_a_rehearsal_is_marked_in_the_list_and_on_its_page(
    client: httpx.AsyncClient, tmp_path: Path, simulated: bool
) -> None:
    begun(tmp_path, simulated=simulated).close()
    assert (">rehearsal</span>" in await text(client, "/commissioning")) is simulated
    page = await text(client, "/commissioning/r01-L11")
    assert ("Rehearsal on a simulated rack." in page) is simulated
    assert ("r01 L11 (rehearsal)" in page) is simulated


async def test_a_run_that_nobody_carries_out_any_more_is_called_so(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    begun(tmp_path).close()
    journal = tmp_path / "r01-L11" / "journal.jsonl"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    journal.write_text("".join(json.dumps(line | {"wall": 1000.0}) + "\n" for line in lines))
    assert "interrupted; can be resumed" in await text(client, "/commissioning/r01-L11")


async def test_an_ended_run_offers_its_evidence_and_nothing_else(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    journal = begun(tmp_path)
    journal.write(record("run_ended"), 1210.0)
    journal.close()
    run = tmp_path / "r01-L11"
    (run / "report.html").write_text("<h1>Report</h1>")
    (run / "attachments").mkdir()
    (run / "attachments" / "lab.pdf").write_bytes(b"%PDF")
    (tmp_path / "secret.txt").write_text("no")
    (run / "link").symlink_to(tmp_path / "secret.txt")
    page = await text(client, "/commissioning/r01-L11")
    assert "Open the report" in page
    report = await client.get("/commissioning/r01-L11/files/report.html")
    assert report.text == "<h1>Report</h1>"
    assert report.headers["content-security-policy"].startswith("sandbox;")
    saved = await client.get("/commissioning/r01-L11/files/attachments/lab.pdf")
    assert saved.headers["content-disposition"].startswith("attachment")
    for path in ("link", "../secret.txt", "%2e%2e/secret.txt", "nothing", "attachments"):
        assert (await client.get(f"/commissioning/r01-L11/files/{path}")).status_code == 404


async def test_what_a_run_says_cannot_become_markup(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    journal = begun(tmp_path)
    journal.write(record("said", text=EVIL), 1100.0)
    journal.write(record("judged", **{**FLOW, "reason": EVIL}), 1100.0)
    journal.write(record("asked", id="1", kind="confirm", text=EVIL, step="full"), 1100.0)
    page = await text(client, "/commissioning/r01-L11")
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;") == 3
    journal.close()


async def test_without_a_folder_or_without_runs_the_page_says_what_to_do(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    assert "rackagent commission" in await text(client, "/commissioning")
    for folder in (None, tmp_path / "not-there"):
        transport = httpx.ASGITransport(app=Watched(folder).app)
        async with httpx.AsyncClient(transport=transport, base_url="http://agent") as other:
            page = await text(other, "/commissioning")
            assert ("evidence:" in page) is (folder is None)
            assert (await other.get("/commissioning/x")).status_code == 404


async def test_a_plot_of_a_run_without_its_generation_is_not_there(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    begun(tmp_path).close()
    assert (await client.get("/commissioning/r01-L11/plots/a.flow.svg")).status_code == 404


async def test_the_course_of_a_check_is_drawn_with_its_limit(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    sealed(tmp_path)
    answer = await client.get("/commissioning/run/plots/a.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "at most 65.0" in answer.text
    assert answer.text.count("<path") == 1
    assert (await client.get("/commissioning/run/plots/a.svg")).text == answer.text
    assert (await client.get("/commissioning/run/plots/b.svg")).status_code == 404
