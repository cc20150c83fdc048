"""Commissioning runs for the pages: progress and files of each."""

import asyncio
from pathlib import Path

from agent.commission.journal.run_index import IndexedRun, RunIndex
from agent.web.not_found import NotFound

_LISTED_MAX = 100  # newest runs on the page


class Runs:
    """The runs of an index. Nothing here reads a file in the event loop."""

    def __init__(self, index: RunIndex) -> None:
        self._index = index

    @property
    def folder(self) -> Path | None:
        """The folder of the runs; None if none is configured."""
        return self._index.folder

    async def refresh(self, name: str = "") -> None:
        """Read what was written to one run, or to all."""
        if name:
            await self._index.refresh_run(name)
        else:
            await self._index.refresh()

    def listed(self) -> list[IndexedRun]:
        """Return the newest runs, newest first."""
        return self._index.runs()[:_LISTED_MAX]

    def run(self, name: str) -> IndexedRun:
        """Return one run as it was read last. Raises NotFound."""
        found = self._index.run_of(name)
        if found is None:
            raise NotFound(f"run {name!r} does not exist")
        return found

    async def place(self, name: str) -> Path:
        """Return the directory of a run. Raises NotFound for a name that is not a run."""
        found = await asyncio.to_thread(self._index.place, name)
        if found is None:
            raise NotFound(f"run {name!r} does not exist")
        return found

    async def file(self, name: str, path: str) -> Path:
        """Return the path of a file of a run. Raises NotFound for any other."""
        found = await asyncio.to_thread(self._index.file, name, path)
        if found is None:
            raise NotFound(f"the run {name!r} has no file {path!r}")
        return found
