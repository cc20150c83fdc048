"""Screens over time: one rendering per page and moment for all who look, changes only to each.

Server-sent events (HTML standard, section 9.2). A viewer that is slower than the changes misses
the moments between, never the last one, and nothing queues up. Those who look at one page are told
at the same instants, so what changed is found and written once for all of them.
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

VIEWERS_MAX = 64  # browsers that are told of changes at once
PERIOD_S = 1.0
_FRESH_S = 0.5  # a screen rendered so lately serves the next viewer too
_KEPT_MAX = 32  # pages whose two latest screens are kept
_KEPT_S = 10.0  # at most so long after the last who looked

Render = Callable[[str], Screen]
"""The screen of a page's path. Raises NotFound."""

Prepare = Callable[[str], Coroutine[None, None, None]]
"""Does the longer part of the work for a page's path in slices, so that rendering is short."""


class TooManyViewers(Exception):
    """So many look already that one more would cost the polls."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A page as it stood once. ``name`` is told to browsers, ``at`` is the loop's time."""

    name: str
    at: float
    screen: Screen
    before: "Snapshot | None"
    messages: dict[str, bytes] = field(default_factory=dict)
    """For who holds the moment of that name; as many as there are viewers at most."""


class Live:
    """The pages as they change. ``clock`` is Unix time."""

    def __init__(
        self, render: Render, clock: Callable[[], float], prepare: Prepare | None = None
    ) -> None:
        self._render, self._clock, self._prepare = render, clock, prepare
        self._kept: OrderedDict[str, Snapshot] = OrderedDict()
        self._start = secrets.token_hex(4)  # what a browser holds of another start is not ours
        self._numbers = count()
        self._preparing: dict[str, asyncio.Future[None]] = {}  # by path; each is short
        self._closed: asyncio.Future[None] | None = None
        self.viewers = 0

    async def prepared(self, path: str) -> Snapshot:
        """As ``moment``, the longer part of the work done in slices and once for all who ask."""
        if self._prepare is not None and self._fresh(path) is None:
            preparing = self._preparing.get(path)
            if preparing is None:
                preparing = asyncio.ensure_future(self._prepare(path))
                self._preparing[path] = preparing
                preparing.add_done_callback(lambda _: self._preparing.pop(path))
            await asyncio.shield(preparing)  # one who goes away does not end it for the others
        return self.moment(path)

    def _fresh(self, path: str) -> Snapshot | None:
        kept = self._kept.get(path)
        if kept is None or asyncio.get_running_loop().time() - kept.at >= _FRESH_S:
            return None
        return kept

    def moment(self, path: str) -> Snapshot:
        """A page as it stands, at most half a second old. Raises NotFound."""
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
        """Events for a browser that holds a page of ``shape`` as it stood at the moment ``held``.

        What has changed since, or everything where that moment is not known any more; then what
        changes. Raises NotFound, or TooManyViewers where too many look already.
        """
        if self.viewers >= VIEWERS_MAX:
            raise TooManyViewers(f"{VIEWERS_MAX} pages are open already; close one")
        self.moment(path)
        return self._watch(path, shape, held)

    def close(self) -> None:
        """End what is being told; browsers come again by themselves."""
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(None)

    async def _watch(self, path: str, shape: str, held: str) -> AsyncGenerator[bytes, None]:
        if self.viewers >= VIEWERS_MAX:  # they came in together
            return
        if self._closed is None:
            self._closed = asyncio.get_running_loop().create_future()
        self.viewers += 1
        name, cells = held, self._cells(path, held)
        try:
            while not self._closed.done():
                try:
                    now = await self.prepared(path)
                except NotFound:  # a reload took it away while somebody looked
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
        """What a browser shows that holds the moment ``held``; None where that is not known."""
        known = self._kept.get(path)
        while known is not None and known.name != held:
            known = known.before
        return None if known is None else known.screen.cells

    def _message(self, now: Snapshot, name: str, cells: Mapping[str, Cell] | None) -> bytes:
        if cells is None:
            name, cells = "", {}
        made = now.messages.get(name)
        if made is None:
            told = {
                "at": round(self._clock(), 1),
                "moment": now.name,
                "cells": changes(cells, now.screen.cells),
            }
            text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
            made = now.messages[name] = f"data: {text}\n\n".encode(errors="replace")
        return made


def _until_next(path: str) -> float:
    """Seconds to the next instant of a page; pages take turns, so that none holds the polls up."""
    phase = zlib.crc32(path.encode(errors="replace")) % 1000 / 1000
    wait = PERIOD_S * (1 - (asyncio.get_running_loop().time() / PERIOD_S - phase) % 1)
    return wait if wait > PERIOD_S / 5 else wait + PERIOD_S
