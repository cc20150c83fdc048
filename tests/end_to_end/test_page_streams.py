"""The streams behind the pages: how many, how they end, and that a password and TLS do not mind."""

import contextlib
import http.client
import json
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from agent.web.live import VIEWERS_MAX
from tests.end_to_end.browser import chromium, looking
from tests.end_to_end.ports import free_tcp_ports, free_udp_ports
from tests.end_to_end.programs import background, fetch
from tests.end_to_end.test_web import PASSWORD, status, write_web
from tests.waiting import PATIENCE_S, eventually

pytestmark = [pytest.mark.peer, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@contextlib.contextmanager
def streams(root: str, count: int) -> Iterator[list[http.client.HTTPResponse]]:
    """So many open streams of the hall, each of which has told something."""
    shape = fetch(f"{root}/hall").partition('data-shape="')[2].partition('"')[0]
    place = urlsplit(root).netloc
    with contextlib.ExitStack() as stack:
        answers = []
        for _ in range(count):
            connection = http.client.HTTPConnection(place, timeout=PATIENCE_S)
            stack.callback(connection.close)
            connection.request("GET", f"/live?page=hall&shape={shape}")
            answers.append(stack.enter_context(connection.getresponse()))
        for answer in answers:
            assert answer.readline().startswith(b'data: {"at":')
        yield answers


def write_site(folder: Path, **http: str) -> tuple[Path, str]:
    """A site of one device that never answers and is asked often, and where it is served."""
    device = {"name": "d", "url": f"snmp://127.0.0.1:{free_udp_ports(1)[0]}", "profile": "auto"}
    place = f"127.0.0.1:{free_tcp_ports(1)[0]}"
    site = {
        "http": {"listen": place, **http},
        "defaults": {"interval": "500ms", "timeout": "100ms", "retries": 0},
        "racks": [{"name": "r", "devices": [device]}],
    }
    (folder / "site.yaml").write_text(json.dumps(site))
    return folder / "site.yaml", place


@pytest.fixture
def site(tmp_path: Path) -> tuple[Path, str]:
    file, place = write_site(tmp_path)
    return file, f"http://{place}"


async def test_open_streams_end_with_the_agent(site: tuple[Path, str]) -> None:
    with background("run", str(site[0])) as agent:
        eventually(lambda: fetch(f"{site[1]}/-/ready"))
        with streams(site[1], 10) as answers:
            agent.send_signal(signal.SIGTERM)
            for answer in answers:
                answer.read()  # raises where the answer is cut off instead of ended
            assert agent.wait(timeout=PATIENCE_S) == 0


async def test_too_many_viewers_are_told_and_programs_still_served(
    site: tuple[Path, str], browser: Browser
) -> None:
    with background("run", str(site[0])):
        eventually(lambda: fetch(f"{site[1]}/-/ready"))
        async with looking(browser, site[1]) as sight:
            with streams(site[1], VIEWERS_MAX):
                await sight.page.goto(site[1])
                said = sight.page.get_by_role("status").first
                full = f"{VIEWERS_MAX} pages are open already; close one of them"
                await expect(said).to_have_text(full)
                assert "rackagent_device_up" in fetch(f"{site[1]}/metrics")
            await sight.live()
            assert all("503" in error for error in sight.errors)


async def test_a_tab_that_nobody_sees_keeps_no_stream(
    site: tuple[Path, str], browser: Browser
) -> None:
    hide = """(hidden) => {
      Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    with background("run", str(site[0])):
        eventually(lambda: fetch(f"{site[1]}/-/ready"))
        async with looking(browser, site[1]) as sight:
            await sight.go()
            await sight.page.evaluate(hide, True)
            with streams(site[1], VIEWERS_MAX):  # which there is room for now
                await expect(sight.page.get_by_role("status").first).to_have_text("paused")
            await sight.page.evaluate(hide, False)
            await sight.live()
            sight.clean()


async def test_pages_are_live_behind_tls_and_a_password(tmp_path: Path, browser: Browser) -> None:
    context = write_web(tmp_path)
    site, place = write_site(tmp_path, web_config="web.yml")
    root, login = f"https://{place}", ("prom", PASSWORD)
    with background("run", str(site)) as agent:
        eventually(lambda: status(f"{root}/-/healthy", context, f"prom:{PASSWORD}") == 200)
        assert status(f"{root}/live?page=hall", context) == 401
        async with looking(browser, root, login=login) as sight:
            await sight.go()
            await sight.page.wait_for_selector('.box[data-state="down"]')
            polls = sight.page.locator('[data-live="poll.failed"]')
            await sight.go("device/d")
            before = await polls.text_content()
            await expect(polls).not_to_have_text(before or "")
            sight.clean()
            agent.send_signal(signal.SIGTERM)
            assert agent.wait(timeout=PATIENCE_S) == 0
            await sight.page.wait_for_selector('#link[data-link="lost"]')
