"""A real browser that looks at the agent's pages, and keeps what it should not have seen."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Literal

from playwright.async_api import Browser, Page, async_playwright, expect

from tests.peers import require
from tests.waiting import PATIENCE_S, until

"""How long a page may take to show what it must; the machine is shared."""

PHONE, DESKTOP = (400, 800), (1280, 900)


@dataclass(slots=True)
class Sight:
    """One page of the browser, and everything about it that a test holds against it."""

    page: Page
    root: str
    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    """Addresses asked for that are not the agent's."""
    dialogs: list[str] = field(default_factory=list)

    async def go(self, path: str = "") -> None:
        """Open a page of the agent and wait until it is live."""
        await self.page.goto(f"{self.root}/{path}")
        await self.live()

    async def live(self) -> None:
        """Wait until the agent is heard."""
        await self.page.wait_for_selector('#link[data-link="live"]')

    async def becomes(self, expression: str, argument: object = None) -> None:
        """Wait until JavaScript is true; Playwright's own waiting is refused by our policy."""
        await until(lambda: self.page.evaluate(expression, argument))

    async def overflow(self) -> float:
        """By how many pixels the page is wider than the window."""
        wider: float = await self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return wider

    def clean(self) -> None:
        """Raises AssertionError for an error on the console, a foreign request or a dialog."""
        assert not self.errors
        assert not self.strangers
        assert not self.dialogs


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium, without a window."""
    program = require("chromium")
    expect.set_options(timeout=PATIENCE_S * 1000)
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=program)
        try:
            yield browser
        finally:
            await browser.close()


@contextlib.asynccontextmanager
async def looking(
    browser: Browser,
    root: str,
    *,
    size: tuple[int, int] = DESKTOP,
    scheme: Literal["light", "dark"] = "light",
    login: tuple[str, str] | None = None,
) -> AsyncIterator[Sight]:
    """A fresh window on the agent at ``root``. The agent's own certificate is taken as it is."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,
        ignore_https_errors=True,
        http_credentials={"username": login[0], "password": login[1]} if login else None,
    )
    try:
        context.set_default_timeout(PATIENCE_S * 1000)
        page = await context.new_page()
        sight = Sight(page, root)
        page.on("console", lambda said: _hear(sight, said.type, said.text))
        page.on("pageerror", lambda error: sight.errors.append(str(error)))
        page.on("request", lambda request: _see(sight, request.url))
        page.on("dialog", lambda dialog: sight.dialogs.append(dialog.message))
        yield sight
    finally:
        await context.close()


def _hear(sight: Sight, kind: str, text: str) -> None:
    if kind in ("error", "warning"):
        sight.errors.append(text)


def _see(sight: Sight, url: str) -> None:
    if not url.startswith((f"{sight.root}/", "data:")):
        sight.strangers.append(url)
