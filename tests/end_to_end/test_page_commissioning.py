"""A commissioning run in a real browser: followed to its verdict, its question answered there."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import bcrypt
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.end_to_end.browser import PHONE, chromium, looking
from tests.end_to_end.ports import free_tcp_ports
from tests.end_to_end.programs import background, fetch
from tests.end_to_end.test_commission import SMALL, Hall, hall
from tests.waiting import eventually

pytestmark = [pytest.mark.peer, pytest.mark.asyncio(loop_scope="module")]

__all__ = ["hall"]

ADA = ("ada", "open sesame")
ATTACHED = """\
  chemistry:
    {number: 34, title: Coolant chemistry, kind: attachment, during: full, needs: a certificate,
     source: (e)}
"""


class Watched:
    """The agent with a folder of runs, and a run that asks for a certificate."""

    def __init__(self, hall: Hall) -> None:
        (port,) = free_tcp_ports(1)
        self.hall, self.root = hall, f"http://127.0.0.1:{port}"
        self._stack = ExitStack()
        generation = hall.folder / "attached" / "two.yaml"
        generation.parent.mkdir()
        generation.write_text(SMALL + ATTACHED)
        hashed = bcrypt.hashpw(ADA[1].encode(), bcrypt.gensalt(4)).decode()
        web = {"basic_auth_users": {ADA[0]: hashed}}
        (hall.folder / "web.yml").write_text(json.dumps(web))
        site = json.loads(hall.site.read_text()) | {
            "http": {"listen": f"127.0.0.1:{port}", "web_config": "web.yml"},
            "evidence": {"folder": "runs"},
        }
        (hall.folder / "runs").mkdir()
        self.config = hall.folder / "watched.yaml"
        self.config.write_text(json.dumps(site))
        self.order = [
            *("commission", str(hall.site), "--generation", str(generation), "--stage", "L11"),
            *("--sheet", str(hall.sheet), "--simulated", "--speed", "60", "--operator", "Ada"),
            *("--out", str(hall.folder / "runs" / "r1-L11")),
        ]

    def __enter__(self) -> "Watched":
        with ExitStack() as stack:
            stack.enter_context(background("run", str(self.config)))
            eventually(lambda: fetch(f"{self.root}/-/healthy", auth=ADA))
            stack.enter_context(background(*self.order))
            eventually((self.hall.folder / "runs" / "r1-L11" / "journal.jsonl").read_text)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


@pytest.fixture(scope="module")
def watched(hall: Hall) -> Iterator[Watched]:
    with Watched(hall) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


async def test_a_run_is_followed_and_its_question_answered(
    browser: Browser, watched: Watched, tmp_path: Path
) -> None:
    certificate = tmp_path / "lab report.pdf"
    certificate.write_bytes(b"%PDF-1.7")
    async with looking(browser, watched.root, login=ADA) as sight:
        page = sight.page
        await sight.go("commissioning")
        await page.get_by_role("link", name="r1-L11").click()
        await sight.live()
        begin = page.locator(".prompt", has_text="may begin")
        await begin.get_by_role("button", name="Confirm").click()
        await expect(begin).to_have_count(0)
        asked = page.locator(".prompt", has_text="a certificate")
        await asked.get_by_label("Note").fill("conductivity 900")
        await asked.get_by_label("File").set_input_files(certificate)
        await asked.get_by_role("button", name="Attach").click()
        await expect(asked).to_have_count(0)
        await expect(page.locator("img.plot").first).to_be_visible()
        await expect(page.locator('[data-live="c.supply"]')).to_have_text("✓ PASS")
        await expect(page.locator('[data-live="c.chemistry"]')).to_have_text("✓ PASS")
        remarks = page.locator(".prompt", has_text="remarks on this run")
        await remarks.get_by_label("Note").fill("smells of nothing")
        await remarks.get_by_role("button", name="Send").click()
        await expect(page.locator('[data-live="run.verdict"]')).to_have_text("✓ PASS")
        await expect(page.locator('[data-live="run.state"]')).to_have_text("■ ended")
        await expect(page.get_by_role("link", name="results.json")).to_be_visible()
        sight.clean()
    results = json.loads((watched.hall.folder / "runs" / "r1-L11" / "results.json").read_text())
    chemistry = next(each for each in results["checks"] if each["check"] == "chemistry")
    assert chemistry["verdict"] == "PASS"
    assert "ada" in json.dumps(chemistry)


async def test_an_ended_run_fits_a_phone(browser: Browser, watched: Watched) -> None:
    async with looking(browser, watched.root, login=ADA, size=PHONE, scheme="dark") as sight:
        await sight.go("commissioning/r1-L11")
        assert await sight.overflow() == 0
        await sight.go("commissioning")
        assert await sight.overflow() == 0
        sight.clean()
