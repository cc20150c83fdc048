"""The pages in a real browser, on a simulated rack that is broken and mended meanwhile."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.end_to_end.browser import DESKTOP, PHONE, Sight, chromium, looking
from tests.end_to_end.lab import Lab

pytestmark = [pytest.mark.peer, pytest.mark.asyncio(loop_scope="module")]

FIRST_LOAD_BYTES = 300_000
VIEWS = ("rack/r1/power", "rack/r1/cooling", "rack/r1/network")
PAGES = ("", "hall", "rack/r1", *VIEWS, "device/pdu-a", "device/cdu", "device/switch-1")
RECORD = """
() => {
  window.seen = new Set();
  const look = () => document.querySelectorAll("[data-live]").forEach(
    (each) => window.seen.add(each.dataset.live + "=" + each.textContent));
  look();
  const changes = {subtree: true, childList: true, characterData: true};
  new MutationObserver(look).observe(document.body, changes);
}
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def sight(browser: Browser, lab: Lab) -> AsyncIterator[Sight]:
    async with looking(browser, lab.root) as sight:
        yield sight


def state(sight: Sight, device: str, expected: str) -> str:
    return f'.box[data-live="d.{device}"][data-state="{expected}"]'


async def test_the_rack_is_drawn_and_its_figures_change(sight: Sight) -> None:
    await sight.go()
    page = sight.page
    await expect(page.get_by_role("heading", level=1)).to_have_text("Rack r1")
    for device in ("pdu-a", "pdu-b", "shelf-1", "cdu", "switch-1", "switch-2"):
        await page.wait_for_selector(state(sight, device, "up"))
    await expect(page.locator('[data-live="d.pdu-a.key"]')).to_have_text(re.compile(r"\d\s*k?W$"))
    await expect(page.locator('[data-live="head.coolant"]')).to_have_text(re.compile(r"°C → .*°C"))
    await page.evaluate(RECORD)
    shown = await page.evaluate("window.seen.size")
    await sight.becomes("(before) => window.seen.size > before + 20", shown)
    sight.clean()


async def test_a_fault_is_seen_on_the_spot_and_goes_again(sight: Sight, lab: Lab) -> None:
    await sight.go()
    page = sight.page
    loads = await page.evaluate("performance.timeOrigin")
    with lab.broken("leak_cable_cut"):
        await page.wait_for_selector(state(sight, "cdu", "alarm"))
        wrong = page.get_by_role("region", name="Active problems")
        await expect(wrong).to_contain_text("leak sensor fault")
        await expect(page.locator('[data-live="head.state"]')).to_have_text("▲ alarm")
    await page.wait_for_selector(state(sight, "cdu", "up"))
    assert await page.evaluate("performance.timeOrigin") == loads, "the page was loaded anew"
    sight.clean()


async def test_a_device_that_is_gone_is_marked_with_its_reason(sight: Sight, lab: Lab) -> None:
    await sight.go()
    page = sight.page
    box = page.locator(".box", has_text="pdu-b")
    with lab.broken("silent", device="pdu-b"):
        await page.wait_for_selector(state(sight, "pdu-b", "down"))
        await expect(box).to_have_attribute("aria-label", re.compile("pdu-b: down, no answer"))
        await expect(box).to_contain_text("✕")
        await expect(page.locator('[data-live="d.pdu-b.key"]')).to_have_text("down")
        await expect(page.locator('[data-live="feed.b.text"]')).to_have_text("B –")
        await box.click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("pdu-b")
        await expect(page.locator('[data-live="head.state"]')).to_have_text("✕ down")
        await expect(page.locator(".wrong")).to_contain_text("no answer")
    await expect(page.locator('[data-live="head.state"]')).to_have_text("● up")
    sight.clean()


async def test_a_reading_is_traced_to_the_wire(sight: Sight) -> None:
    await sight.go("device/pdu-a")
    page = sight.page
    group = page.get_by_role("region", name="rack_phase_voltage_volts")
    row = group.locator("tbody tr").first
    await row.locator("summary").click()
    trace = row.locator(".trace dl")
    await expect(trace).to_be_visible()
    await expect(trace).to_contain_text(re.compile(r"OID 1\.3\.6\.1\.4\.1\.318(\.\d+)+"))
    raw = trace.locator("[data-live]")
    await expect(raw).to_have_text(re.compile(r"^\d+$"))
    await expect(trace).to_contain_text("raw, in V")
    await expect(row.locator(".value")).to_have_text(re.compile(r"^\d[\d.]*\s*V$"))
    await sight.go("device/cdu")
    flow = page.get_by_role("region", name="rack_coolant_flow_liters_per_second")
    await flow.locator("summary").first.click()
    told = flow.locator(".trace dl").first
    await expect(told).to_contain_text(re.compile(r"(holding|input) registers \d+.*0x[0-9A-F]{4}"))
    await expect(told).to_contain_text(re.compile(r"\d+ \(0x [0-9A-F]{4}"))
    sight.clean()


async def test_a_trace_stays_open_while_the_page_takes_another_shape(
    sight: Sight, lab: Lab
) -> None:
    await sight.go("device/cdu")
    page = sight.page
    flow = page.get_by_role("region", name="rack_coolant_flow_liters_per_second")
    await flow.locator("summary").first.click()
    shape = await page.evaluate("document.body.dataset.shape")
    with lab.broken("leak_cable_cut"):
        await sight.becomes("(before) => document.body.dataset.shape !== before", shape)
        await expect(page.locator(".wrong")).to_contain_text("leak sensor fault")
        await expect(flow.locator(".trace dl").first).to_be_visible()
        await sight.live()
    sight.clean()


async def test_readings_are_narrowed_by_words(sight: Sight) -> None:
    await sight.go("device/pdu-a")
    page = sight.page
    rows = page.locator("tr[data-filter]")
    all_of_them = await rows.count()
    await page.get_by_label("Filter").fill("Phase voltage 2")
    shown = page.locator("tr[data-filter]:visible")
    await expect(shown).not_to_have_count(all_of_them)
    for each in await shown.all():
        words = await each.get_attribute("data-filter")
        assert words is not None
        assert all(word in words for word in ("phase", "voltage", "2"))
    await page.get_by_label("Filter").fill("")
    await expect(shown).to_have_count(all_of_them)
    await page.get_by_label("Filter").fill("nothing like it")
    await expect(page.locator(".group:visible")).to_have_count(0)
    sight.clean()


async def test_the_agent_goes_and_comes_back(sight: Sight, lab: Lab) -> None:
    await sight.go()
    page = sight.page
    lab.stop()
    try:
        await page.wait_for_selector('#link[data-link="lost"]')
        said = page.get_by_role("status").first
        await expect(said).to_have_text(re.compile("connection lost since"))
        assert await page.evaluate("document.documentElement.dataset.link") == "lost"
    finally:
        lab.start()
    await sight.live()
    await page.wait_for_selector(state(sight, "cdu", "up"))
    assert not sight.strangers


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_every_page_fits_its_window(
    browser: Browser, lab: Lab, size: tuple[int, int], scheme: Literal["light", "dark"]
) -> None:
    async with looking(browser, lab.root, size=size, scheme=scheme) as sight:
        for path in PAGES:
            await sight.go(path)
            assert await sight.overflow() <= 0, f"{path or 'the start page'} is too wide"
            ground = await sight.page.evaluate(
                "getComputedStyle(document.documentElement).backgroundColor"
            )
            dark = sum(map(int, re.findall(r"\d+", ground)[:3])) < 3 * 128
            assert dark == (scheme == "dark"), f"{path}: {ground}"
        await sight.page.goto(f"{lab.root}/device/nobody")
        assert await sight.overflow() <= 0
    assert not sight.strangers


async def test_light_and_dark_can_be_chosen_and_are_remembered(sight: Sight) -> None:
    await sight.go()
    chosen = sight.page.locator("html")
    await sight.page.get_by_role("button", name="Switch between light and dark").click()
    await expect(chosen).to_have_attribute("data-theme", "dark")
    await sight.go("hall")
    await expect(chosen).to_have_attribute("data-theme", "dark")
    sight.clean()


async def test_everything_is_reached_by_the_keyboard(sight: Sight) -> None:
    await sight.go()
    page, reached = sight.page, []
    while "d.pdu-b" not in reached:
        await page.keyboard.press("Tab")
        reached.append(await page.evaluate("document.activeElement.dataset.live || ''"))
        assert len(reached) < 40
    from_above = ["d.shelf-1", "d.switch-2", "d.switch-1", "d.cdu", "d.pdu-a", "d.pdu-b"]
    assert [name for name in reached if name] == from_above
    ring = await page.evaluate(
        "getComputedStyle(document.activeElement.querySelector('rect')).strokeWidth"
    )
    assert ring == "4px"
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("pdu-b")
    sight.clean()


async def test_large_figures_for_reading_from_afar(sight: Sight) -> None:
    await sight.go()
    page = sight.page
    button = page.get_by_role("button", name="Kiosk mode")
    await button.click()
    size = "parseFloat(getComputedStyle(document.querySelector('.figures dd')).fontSize)"
    assert await page.evaluate(size) >= 30
    await expect(page.locator("footer")).to_be_hidden()
    assert await sight.overflow() <= 0
    await button.click()
    await expect(page.locator("footer")).to_be_visible()
    await sight.go("?kiosk")
    await expect(page.locator("footer")).to_be_hidden()
    sight.clean()


@pytest.mark.parametrize("path", ["rack/r1", "rack/r1/network", "device/switch-1"])
async def test_a_first_load_is_small(browser: Browser, lab: Lab, path: str) -> None:
    async with looking(browser, lab.root) as sight:
        cdp = await sight.page.context.new_cdp_session(sight.page)
        await cdp.send("Network.enable")
        received: list[int] = []
        cdp.on("Network.loadingFinished", lambda told: received.append(told["encodedDataLength"]))
        await sight.go(path)
        assert len(received) >= 3
        assert sum(received) < FIRST_LOAD_BYTES
        sight.clean()
