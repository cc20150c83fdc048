"""The routes of a commissioning run beside its page: its files and its plots."""

import asyncio
from collections import OrderedDict

from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import FileResponse
from jinja2 import Template

from agent.commission.report.live_plots import LivePlot, live_plot
from agent.model.errors import ConfigError
from agent.web.data.runs import Runs
from agent.web.draw.plot import plot
from agent.web.not_found import NotFound

_REPORT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""For evidence opened in the browser: sandboxed, without access to the agent's pages."""

_OPENED = {"report.html": "text/html; charset=utf-8", "report.pdf": "application/pdf"}
_COLOURS = ("#2f81d7", "#b3701b", "#1a8a55", "#8957e5", "#c4432b", "#0f8a94")
_PLOTS_MAX = 64  # rendered plots that are kept
_FRESH_S = 3.0


class CheckPlots:
    """The measured values of checks as SVG plots, read in a thread, one at a time.

    A plot is reused for three seconds.
    """

    def __init__(self, runs: Runs, template: Template) -> None:
        self._runs, self._template = runs, template
        self._turn = asyncio.Lock()
        self._kept: OrderedDict[tuple[str, str], tuple[float, str]] = OrderedDict()

    async def svg(self, run: str, check: str) -> str:
        """Return the plot of a check as SVG. Raises NotFound."""
        folder, key = await self._runs.place(run), (run, check)
        async with self._turn:
            now = asyncio.get_running_loop().time()
            kept = self._kept.get(key)
            if kept is not None and now - kept[0] < _FRESH_S:
                return kept[1]
            try:
                found = await asyncio.to_thread(live_plot, folder, check)
            except ConfigError as error:
                raise NotFound(str(error)) from None
            drawn = self._drawn(found)
            self._kept[key] = (now, drawn)
            while len(self._kept) > _PLOTS_MAX:
                self._kept.popitem(last=False)
            return drawn

    def _drawn(self, found: LivePlot) -> str:
        return self._template.render(
            plot=plot(found.lines, found.limits, found.began),
            title=found.title,
            unit=found.unit,
            why=found.why,
            colours=_COLOURS,
        )


def add_run_files(app: FastAPI, runs: Runs, plots: CheckPlots) -> None:
    """Add the files and plots of runs to ``app``; all are read-only."""

    @app.get("/commissioning/{run}/files/{path:path}", include_in_schema=False)
    async def file(run: str, path: str) -> FileResponse:
        """Return a file of a run. The browser opens the report and saves any other file."""
        try:
            place = await runs.file(run, path)
        except NotFound as error:
            raise HTTPException(404, str(error)) from None
        kind = _OPENED.get(path)
        return FileResponse(
            place,
            media_type=kind or "application/octet-stream",
            filename=f"{run}-{place.name}",
            content_disposition_type="inline" if kind else "attachment",
            headers={"Content-Security-Policy": _REPORT_POLICY},
        )

    @app.get("/commissioning/{run}/plots/{check}.svg", include_in_schema=False)
    async def drawn(run: str, check: str) -> Response:
        """Return the plot of a check with its limits."""
        try:
            svg = await plots.svg(run, check)
        except NotFound as error:
            raise HTTPException(404, str(error)) from None
        return Response(svg, media_type="image/svg+xml")
