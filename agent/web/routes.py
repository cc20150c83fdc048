"""The routes of the pages: HTML, event streams, the style sheet and the script."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib.resources import files

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from agent.expose.http.compression import gzipped
from agent.expose.prometheus.exposition_format import accepts_gzip
from agent.expose.prometheus.own_metrics import agent_version
from agent.web.actions import add_operating
from agent.web.csrf import CsrfGuard
from agent.web.data.site import Site
from agent.web.draw.screen import Screen
from agent.web.live import Live, TooManyViewers
from agent.web.not_found import NotFound
from agent.web.pages.commissioning import run_page, runs_page
from agent.web.pages.cooling.view import cooling_page
from agent.web.pages.device.view import device_page
from agent.web.pages.hall import hall_page
from agent.web.pages.network.view import network_page
from agent.web.pages.power.view import power_page
from agent.web.pages.rack.view import rack_page
from agent.web.run_routes import CheckPlots, add_run_files

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_TYPES = {"style.css": "text/css; charset=utf-8", "live.js": "text/javascript; charset=utf-8"}
_A_YEAR = "private, max-age=31536000, immutable"  # the URL contains a hash of the content
_PATH_CHARS = 300
_AT_A_TIME_S = 0.004  # of rendering before the polls may run again

Page = Callable[[Site, str], Screen]
"""Renders the page about a rack, device or run of a given name."""

_PLACES = (
    *("/", "/hall", "/rack/{rack}", "/rack/{rack}/{part}", "/device/{device}"),
    *("/commissioning", "/commissioning/{run}"),
)
_NOBODY: Mapping[str, str] = {}
_RACK_PAGES: Mapping[str, Page] = {
    "": rack_page,
    "power": power_page,
    "cooling": cooling_page,
    "network": network_page,
}


class Pages:
    """Renders every page, by its path."""

    def __init__(self, site: Site, ready: Callable[[], bool]) -> None:
        self._site, self._ready = site, ready
        environment = Environment(
            loader=PackageLoader("agent.web", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.template = environment.get_template
        self.assets = {name: _asset(name) for name in _TYPES}
        self._stamps = {
            name: hashlib.sha256(content).hexdigest()[:12] for name, content in self.assets.items()
        }

    def render(self, path: str) -> Screen:
        """Return the screen at ``path``, which has no slash at either end. Raises NotFound."""
        made = self._screen(path)
        # a page loaded before the first poll cycle ended says so, and reloads when it has
        return made if self._ready() else replace(made, shape=f"{made.shape}-early")

    def _screen(self, path: str) -> Screen:
        match path.split("/"):
            case [""] if len(racks := list(self._site.racks())) == 1:
                return rack_page(self._site, racks[0])
            case [""] | ["hall"]:
                return hall_page(self._site)
            case ["rack", name]:
                return rack_page(self._site, name)
            case ["rack", name, part] if part in _RACK_PAGES:
                return _RACK_PAGES[part](self._site, name)
            case ["device", name]:
                return device_page(self._site, name)
            case ["commissioning"]:
                return runs_page(self._site.runs)
            case ["commissioning", name]:
                return run_page(self._site.runs, name)
        raise NotFound(f"page {path!r} does not exist")

    def html(
        self, path: str, now: Screen, *, kiosk: bool, token: str = "", moment: str = ""
    ) -> str:
        """Return a page as HTML. Its links are relative, so it works below any URL prefix."""
        return "".join(self.pieces(path, now, kiosk=kiosk, token=token, moment=moment))

    def pieces(
        self, path: str, now: Screen, *, kiosk: bool, token: str = "", moment: str = ""
    ) -> Iterator[str]:
        """Yield the HTML of a page in pieces, in order."""
        return self.template(now.template).generate(
            **now.frame,
            page=path,
            shape=now.shape,
            moment=moment,
            live=now.live,
            attributes=now.attributes,
            up="../" * path.count("/"),
            stamps=self._stamps,
            version=agent_version(),
            ready=self._ready(),
            kiosk=kiosk,
            token=token,
        )

    async def prepare(self, path: str) -> None:
        """Do the expensive part of the work for the page at ``path``, in slices."""
        if path in ("", "hall"):
            await self._site.refresh()
        match path.split("/"):
            case ["commissioning"]:
                await self._site.runs.refresh()
            case ["commissioning", name]:
                await self._site.runs.refresh(name)

    def missing(self, path: str, what: str) -> str:
        """Return the HTML of the error page; ``what`` says which thing does not exist."""
        return self.template("missing.html").render(
            title="Not found",
            tab="",
            what=what,
            page=path,
            shape="",
            moment="",
            up="../" * path.count("/"),
            stamps=self._stamps,
            version=agent_version(),
            ready=True,
            kiosk=False,
        )


async def _written(pieces: Iterator[str]) -> bytes:
    """Join the pieces of a page in slices of 4 ms.

    A page with 1,500 devices takes longer than a poll may be delayed.
    """
    made, until = [], time.perf_counter() + _AT_A_TIME_S
    for piece in pieces:
        made.append(piece)
        if time.perf_counter() > until:
            await asyncio.sleep(0)
            until = time.perf_counter() + _AT_A_TIME_S
    return "".join(made).encode(errors="replace")


def _asset(name: str) -> bytes:
    return (files("agent.web") / "assets" / name).read_bytes()


def add_pages(
    app: FastAPI,
    site: Site,
    ready: Callable[[], bool],
    users: Mapping[str, str] = _NOBODY,
) -> Live:
    """Add the pages to ``app``. ``users`` are the operators, whose passwords are already checked.

    Return the event streams, which the caller closes when the agent stops.
    """
    pages = Pages(site, ready)
    live = Live(pages.render, site.store.now, pages.prepare)
    # same-origin: with no-referrer a browser would omit the Origin of a form as well
    headers = {"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"}
    guard = CsrfGuard(users)

    async def page(request: Request) -> Response:
        path = request.url.path.strip("/")[:_PATH_CHARS]
        try:
            now = await live.prepared(path)
        except NotFound as error:
            return HTMLResponse(pages.missing(path, str(error)), 404, headers=headers)
        kiosk = "kiosk" in request.query_params
        token = guard.token(request)
        text = pages.html(path, now.screen, kiosk=kiosk, moment=now.name, token=token)
        body = text.encode(errors="replace")
        if not accepts_gzip(request.headers.get("accept-encoding", "")):
            return HTMLResponse(body, headers=headers)
        return HTMLResponse(
            await gzipped(body),
            headers={**headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"},
        )

    for place in _PLACES:
        app.add_api_route(place, page, include_in_schema=False, response_class=HTMLResponse)

    add_operating(app, site.runs, guard)
    add_run_files(app, site.runs, CheckPlots(site.runs, pages.template("plot.svg")))

    @app.get("/live", include_in_schema=False)
    async def watch(page: str = "", shape: str = "", moment: str = "") -> StreamingResponse:
        """Stream the changes of a page as server-sent events."""
        try:
            await live.prepared(page[:_PATH_CHARS])
            events = live.watch(page[:_PATH_CHARS], shape, moment)
        except NotFound as error:
            raise HTTPException(404, str(error)) from None
        except TooManyViewers as error:
            raise HTTPException(503, str(error)) from None
        return StreamingResponse(
            events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
        )

    @app.get("/static/{name}", include_in_schema=False)
    async def asset(name: str) -> Response:
        """Return the style sheet or the script."""
        if name not in pages.assets:
            raise HTTPException(404, f"file {name!r} does not exist")
        return Response(
            pages.assets[name], media_type=_TYPES[name], headers={"Cache-Control": _A_YEAR}
        )

    return live
