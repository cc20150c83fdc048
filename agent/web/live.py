"""Live pages: a page is rendered once for all its viewers, who then receive only the changes.

Server-sent events (HTML standard, section 9.2). A viewer that is slower than the changes skips
intermediate snapshots but always receives the latest one, so nothing queues. All viewers of a page
are updated at the same instants, so the changes are computed and serialised once for all of them.
"""

import asyncio
import json
import secrets
import zlib
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from itertools import count

from agent.web.draw.screen import Cell, Screen, changes
from agent.web.not_found import NotFound

VIEWERS_MAX = 64  # open event streams at once
PERIOD_S = 1.0
_FRESH_S = 0.5  # a screen younger than this is reused for the next viewer
_KEPT_MAX = 32  # pages whose two latest screens are kept
_KEPT_S = 10.0  # after the last viewer has left

Render = Callable[[str], Screen]
"""Renders the screen of a page's path. Raises NotFound."""

Prepare = Callable[[str], Coroutine[None, None, None]]
"""Does the expensive part of the work for a page's path in slices, so that rendering is short."""


class TooManyViewers(Exception):
    """Too many event streams are open; another one would delay the polls."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A page at one instant. ``name`` identifies it to browsers, ``at`` is the loop's time."""

    name: str
    at: float
    screen: Screen
    before: "Snapshot | None"
    messages: dict[str, bytes] = field(default_factory=dict)
    """Serialised changes, by the name of the snapshot that a browser shows; one per viewer."""


class Live:
    """The open pages and their event streams. ``clock`` returns Unix time."""

    def __init__(
        self, render: Render, clock: Callable[[], float], prepare: Prepare | None = None
    ) -> None:
        self._render, self._clock, self._prepare = render, clock, prepare
        self._kept: OrderedDict[str, Snapshot] = OrderedDict()
        self._start = secrets.token_hex(4)  # differs from that of an earlier process
        self._numbers = count()
        self._preparing: dict[str, asyncio.Future[None]] = {}  # by path; each is short
        self._closed: asyncio.Future[None] | None = None
        self.viewers = 0

    async def prepared(self, path: str) -> Snapshot:
        """Return a snapshot as ``moment`` does, with the expensive part prepared in slices.

        Concurrent requests for the same page share one preparation.
        """
        if self._prepare is not None and self._fresh(path) is None:
            preparing = self._preparing.get(path)
            if preparing is None:
                preparing = asyncio.ensure_future(self._prepare(path))
                self._preparing[path] = preparing
                preparing.add_done_callback(lambda _: self._preparing.pop(path))
            await asyncio.shield(preparing)  # a viewer who leaves does not cancel it for the others
        return self.moment(path)

    def _fresh(self, path: str) -> Snapshot | None:
        kept = self._kept.get(path)
        if kept is None or asyncio.get_running_loop().time() - kept.at >= _FRESH_S:
            return None
        return kept

    def moment(self, path: str) -> Snapshot:
        """Return a snapshot of a page, at most half a second old. Raises NotFound."""
        if (fresh := self._fresh(path)) is not None:
            return fresh
        now, kept = asyncio.get_running_loop().time(), self._kept.get(path)
        before = None if kept is None else Snapshot(kept.name, kept.at, kept.screen, None)
        made = Snapshot(f"{self._start}.{next(self._numbers)}", now, self._render(path), before)
        self._kept[path] = made
        self._kept.move_to_end(path)
        while len(self._kept) > _KEPT_MAX or now - next(iter(self._kept.values())).at > _KEPT_S:
            self._kept.popitem(last=False)
        return made

    def watch(self, path: str, shape: str, held: str = "") -> AsyncGenerator[bytes, None]:
        """Return the event stream for a browser that shows the snapshot ``held`` of a page.

        The first event has the changes since that snapshot, or all cells if it is no longer kept;
        further events have the changes of each second. If the page no longer has ``shape``, the
        stream ends with an event ``shape``. Raises NotFound and TooManyViewers.
        """
        if self.viewers >= VIEWERS_MAX:
            raise TooManyViewers(f"{VIEWERS_MAX} pages are open already; close one of them")
        self.moment(path)
        return self._watch(path, shape, held)

    def close(self) -> None:
        """End all event streams; browsers reconnect by themselves."""
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(None)

    async def _watch(self, path: str, shape: str, held: str) -> AsyncGenerator[bytes, None]:
        if self.viewers >= VIEWERS_MAX:  # several streams started at the same time
            return
        if self._closed is None:
            self._closed = asyncio.get_running_loop().create_future()
        self.viewers += 1
        name, cells = held, self._cells(path, held)
        try:
            while not self._closed.done():
                try:
                    now = await self.prepared(path)
                except NotFound:  # a reload removed it while it was open
                    yield b"event: shape\ndata: gone\n\n"
                    return
                if now.screen.shape != shape:
                    yield f"event: shape\ndata: {now.screen.shape}\n\n".encode()
                    return
                yield self._message(now, name, cells)
                name, cells = now.name, now.screen.cells
                await asyncio.wait({self._closed}, timeout=_until_next(path))
        finally:
            self.viewers -= 1

    def _cells(self, path: str, held: str) -> Mapping[str, Cell] | None:
        """Return the cells of the snapshot ``held``; None if it is no longer kept."""
        known = self._kept.get(path)
        while known is not None and known.name != held:
            known = known.before
        return None if known is None else known.screen.cells

    def _message(self, now: Snapshot, name: str, cells: Mapping[str, Cell] | None) -> bytes:
        if cells is None:
            name, cells = "", {}
        made = now.messages.get(name)
        if made is None:
            event = {
                "at": round(self._clock(), 1),
                "moment": now.name,
                "cells": changes(cells, now.screen.cells),
            }
            text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
            made = now.messages[name] = f"data: {text}\n\n".encode(errors="replace")
        return made


def _until_next(path: str) -> float:
    """Return the seconds until a page's next update.

    Pages have different phases, so that their updates do not delay the polls all at once.
    """
    phase = zlib.crc32(path.encode(errors="replace")) % 1000 / 1000
    wait = PERIOD_S * (1 - (asyncio.get_running_loop().time() / PERIOD_S - phase) % 1)
    return wait if wait > PERIOD_S / 5 else wait + PERIOD_S
