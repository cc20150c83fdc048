"""Screens over time: one rendering per page and moment for all who look, changes only to each.

Server-sent events (HTML standard, section 9.2). A viewer that is slower than the changes misses
the moments between, never the last one, and nothing queues up.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable

from agent.web.missing import NotHere
from agent.web.screen import Cell, Screen, changes

VIEWERS_MAX = 64  # browsers that are told of changes at once
PERIOD_S = 1.0
_FRESH_S = 0.5  # a screen rendered so lately serves the next viewer too
_KEPT_MAX = 32  # pages whose latest screen is kept

Render = Callable[[str], Screen]
"""The screen of a page's path. Raises NotHere."""


class Full(Exception):
    """So many look already that one more would cost the polls."""


class Live:
    """The pages as they change. ``clock`` is Unix time."""

    def __init__(self, render: Render, clock: Callable[[], float]) -> None:
        self._render, self._clock = render, clock
        self._kept: OrderedDict[str, tuple[float, Screen]] = OrderedDict()
        self.viewers = 0

    def screen(self, path: str) -> Screen:
        """A page as it stands, at most half a second old. Raises NotHere."""
        now = asyncio.get_running_loop().time()
        kept = self._kept.get(path)
        if kept is not None and now - kept[0] < _FRESH_S:
            return kept[1]
        made = self._render(path)
        self._kept[path] = (now, made)
        self._kept.move_to_end(path)
        while len(self._kept) > _KEPT_MAX:
            self._kept.popitem(last=False)
        return made

    def watch(self, path: str, shape: str) -> AsyncGenerator[str, None]:
        """Events for a browser that holds a page of ``shape``: everything, then what changes.

        Raises NotHere, or Full where too many look already.
        """
        if self.viewers >= VIEWERS_MAX:
            raise Full(f"{VIEWERS_MAX} pages are open already; close one")
        self.screen(path)
        return self._watch(path, shape)

    async def _watch(self, path: str, shape: str) -> AsyncGenerator[str, None]:
        if self.viewers >= VIEWERS_MAX:  # they came in together
            return
        self.viewers += 1
        held: dict[str, Cell] = {}
        try:
            while True:
                try:
                    now = self.screen(path)
                except NotHere:  # a reload took it away while somebody looked
                    yield "event: shape\ndata: gone\n\n"
                    return
                if now.shape != shape:
                    yield f"event: shape\ndata: {now.shape}\n\n"
                    return
                yield self._message(held, now)
                held = dict(now.cells)
                await asyncio.sleep(PERIOD_S)
        finally:
            self.viewers -= 1

    def _message(self, held: dict[str, Cell], now: Screen) -> str:
        told = {"at": round(self._clock(), 1), "cells": changes(held, now.cells)}
        return f"data: {json.dumps(told, separators=(',', ':'))}\n\n"
