"""Actions of operators on a page: answer a commissioning run, pause it, end it, add a note.

Everything else on the pages is read-only. An action writes an answer file into the directory of
the run, as ``rackagent evidence answer`` does, so a page can do no more than the terminal.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs

from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import PlainTextResponse, RedirectResponse
from starlette.requests import ClientDisconnect

from agent.commission.journal.answers import ATTACHMENT_MAX, answer
from agent.model.errors import ConfigError
from agent.web.csrf import CsrfGuard, Forbidden
from agent.web.data.runs import Runs
from agent.web.not_found import NotFound

_FORM_BYTES = 16_384
_FIELDS_MAX = 10
_NAME_MAX = 255


def add_operating(app: FastAPI, runs: Runs, guard: CsrfGuard) -> None:
    """Add the routes to ``app`` by which operators act on ``runs``."""

    @app.post("/commissioning/{run}/answer", include_in_schema=False)
    async def take_answer(request: Request, run: str) -> RedirectResponse:
        """Store the answer of a submitted form and redirect to the page of the run."""
        _admitted(guard, request, None)  # before the body, which may never come
        fields = await _form(request)
        who = _admitted(guard, request, fields.get("token", ""))
        folder = await _place(runs, run)
        yes = fields.get("answer", "yes") == "yes"
        await _answer(folder, fields.get("id", ""), who, yes, fields.get("text", ""), None)
        return RedirectResponse(f"../{run}", status_code=303)

    @app.put("/commissioning/{run}/attach", include_in_schema=False)
    async def take_file(
        request: Request,
        run: str,
        id_: str = Query("", alias="id"),
        text: str = "",
        name: str = Query("", max_length=_NAME_MAX),
    ) -> PlainTextResponse:
        """Store the request body as the file that a run asks for."""
        who = _admitted(guard, request, request.headers.get("x-token", ""))
        folder = await _place(runs, run)
        with tempfile.TemporaryDirectory(prefix="rackagent-") as place:
            path = Path(place) / "upload"  # the given name may be no name of a file
            await _receive(request, path)
            await _answer(folder, id_, who, True, text, path, name)
        return PlainTextResponse("attached\n")


def _admitted(guard: CsrfGuard, request: Request, token: str | None) -> str:
    """Return who sent the request; None for ``token`` where the body has it. Raises HTTPException.

    A refusal closes the connection, so that the body is not waited for.
    """
    try:
        return guard.sender(request) if token is None else guard.admit(request, token)
    except Forbidden as error:
        raise HTTPException(403, str(error), {"Connection": "close"}) from None


async def _place(runs: Runs, run: str) -> Path:
    try:
        return await runs.place(run)
    except NotFound as error:
        raise HTTPException(404, str(error)) from None


async def _answer(
    folder: Path, id_: str, who: str, yes: bool, text: str, file: Path | None, name: str = ""
) -> None:
    try:
        await asyncio.to_thread(
            answer, folder, id_, who=who, yes=yes, text=text, file=file, name=name
        )
    except ConfigError as error:
        raise HTTPException(409, str(error)) from None


async def _form(request: Request) -> dict[str, str]:
    """Return the fields of a URL-encoded body; the last value of a repeated field.

    Raises HTTPException for a body that is too long or not a form.
    """
    body = b""
    async for piece in _body(request):
        body += piece
        if len(body) > _FORM_BYTES:
            raise HTTPException(413, f"a form has at most {_FORM_BYTES} bytes")
    try:
        found = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=_FIELDS_MAX)
    except ValueError:
        raise HTTPException(400, "the body is not a URL-encoded form") from None
    return {name: values[-1] for name, values in found.items()}


async def _receive(request: Request, path: Path) -> None:
    """Write a request body to a file in chunks. Raises HTTPException if it is too large."""
    size = 0
    with path.open("wb") as file:
        async for piece in _body(request):
            size += len(piece)
            if size > ATTACHMENT_MAX:
                raise HTTPException(413, f"a file has at most {ATTACHMENT_MAX:,} bytes")
            file.write(piece)


async def _body(request: Request) -> AsyncIterator[bytes]:
    """Yield the pieces of a body. Raises HTTPException when the client goes away."""
    try:
        async for piece in request.stream():
            yield piece
    except ClientDisconnect:  # no error of the agent, and nobody reads the response
        raise HTTPException(400, "the body is not complete") from None
