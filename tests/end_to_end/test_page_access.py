"""axe-core on every page: nothing serious stands between a page and those who cannot see it."""

from collections.abc import AsyncIterator, Iterator
from typing import Literal

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from tests.end_to_end.browser import DESKTOP, PHONE, Sight, chromium, looking
from tests.end_to_end.lab import Lab

pytestmark = [pytest.mark.peer, pytest.mark.asyncio(loop_scope="module")]

SERIOUS = ("serious", "critical")
TWINS = ("../device/switch-2", "../device/pdu-a")
"""Pages that look like another one's; they need not be looked at twice."""
MORE_OF_IT = ".group:nth-of-type(n + 6)"
"""A switch has hundreds of readings, one like the other."""
OPEN = "(all) => all.slice(0, 5).forEach((each) => { each.open = true; })"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with (
        Lab(tmp_path_factory.mktemp("lab")) as lab,
        lab.broken("leak_cable_cut"),
        lab.broken("silent", device="pdu-b"),
    ):
        yield lab


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


async def found(sight: Sight) -> list[str]:
    """What axe-core finds on the page that is serious."""
    result = await Axe().run(sight.page, {"exclude": [[MORE_OF_IT]]})
    return [
        f"{issue['id']} {node['target']} {node['html'][:160]} {node['failureSummary']}"
        for issue in result.response["violations"]
        for node in issue["nodes"]
        if issue["impact"] in SERIOUS
    ]


async def addresses(sight: Sight) -> list[str]:
    """A device of every kind, and whatever else the rack leads to."""
    await sight.go("rack/r1")
    links = ".tabs a, .box"
    led: list[str] = await sight.page.eval_on_selector_all(
        links, "(all) => all.map((each) => each.getAttribute('href'))"
    )
    return [
        "",
        "hall",
        "commissioning",
        *(link.removeprefix("../") for link in led if link not in TWINS),
    ]


@pytest.mark.parametrize(
    ("size", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")], ids=["phone-light", "desktop-dark"]
)
async def test_no_page_has_a_serious_issue(
    browser: Browser, lab: Lab, size: tuple[int, int], scheme: Literal["light", "dark"]
) -> None:
    issues = {}
    async with looking(browser, lab.root, size=size, scheme=scheme) as sight:
        await sight.go()
        await sight.page.wait_for_selector('.box[data-live="d.pdu-b"][data-state="down"]')
        await sight.page.wait_for_selector('.box[data-live="d.cdu"][data-state="alarm"]')
        for path in await addresses(sight):
            await sight.go(path)
            if path.startswith("device/"):
                await sight.page.eval_on_selector_all("details", OPEN)
            issues[path] = await found(sight)
        await sight.page.goto(f"{lab.root}/device/nobody")
        issues["device/nobody"] = await found(sight)
    assert {path: told for path, told in issues.items() if told} == {}
