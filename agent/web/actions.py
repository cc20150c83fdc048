"""What operators may do from a page: answer a run, pause it, end it, leave a note.

Nothing else on the pages changes anything. A run takes answers from its directory as it does those
of a terminal, so a page can do no more than a person who sits there.
"""

import asyncio
import tempfile
from pathlib import Path
from urllib.parse import parse_qs

from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import PlainTextResponse, RedirectResponse

from agent.commission.journal.answers import ATTACHMENT_MAX, answer
from agent.model.errors import ConfigError
from agent.web.csrf import Guard, Refused
from agent.web.data.runs import Runs
from agent.web.not_found import NotHere

_FORM_BYTES = 16_384
_FIELDS_MAX = 10
_NAME_MAX = 255


def add_operating(app: FastAPI, runs: Runs, guard: Guard) -> None:
    """Offer on ``app`` what an operator may do to the runs."""

    @app.post("/commissioning/{run}/answer", include_in_schema=False)
    async def take_answer(request: Request, run: str) -> RedirectResponse:
        """An answer to what a run asks, as a form sends it; then back to its page."""
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
        """A file that a run asks for, as the body."""
        who = _admitted(guard, request, request.headers.get("x-token", ""))
        folder = await _place(runs, run)
        with tempfile.TemporaryDirectory(prefix="rackagent-") as place:
            path = Path(place) / (Path(name).name or "file")
            await _receive(request, path)
            await _answer(folder, id_, who, True, text, path)
        return PlainTextResponse("attached\n")


def _admitted(guard: Guard, request: Request, token: str) -> str:
    try:
        return guard.admit(request, token)
    except Refused as error:
        raise HTTPException(403, str(error)) from None


async def _place(runs: Runs, run: str) -> Path:
    try:
        return await runs.place(run)
    except NotHere as error:
        raise HTTPException(404, str(error)) from None


async def _answer(
    folder: Path, id_: str, who: str, yes: bool, text: str, file: Path | None
) -> None:
    try:
        await asyncio.to_thread(answer, folder, id_, who=who, yes=yes, text=text, file=file)
    except ConfigError as error:
        raise HTTPException(409, str(error)) from None


async def _form(request: Request) -> dict[str, str]:
    """The fields of an urlencoded body; of a repeated one the last. Raises HTTPException."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _FORM_BYTES:
            raise HTTPException(413, f"a form has at most {_FORM_BYTES} bytes")
    try:
        found = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=_FIELDS_MAX)
    except ValueError:
        raise HTTPException(400, "this is not a form") from None
    return {name: values[-1] for name, values in found.items()}


async def _receive(request: Request, path: Path) -> None:
    """Write a body to a file, as it comes. Raises HTTPException for one that is too large."""
    size = 0
    with path.open("wb") as file:
        async for piece in request.stream():
            size += len(piece)
            if size > ATTACHMENT_MAX:
                raise HTTPException(413, f"a file has at most {ATTACHMENT_MAX:,} bytes")
            file.write(piece)
