"""Commissioning runs for the pages: how far each is, and the files of those that have ended."""

import asyncio
from pathlib import Path

from agent.commission.journal.run_index import IndexedRun, RunIndex
from agent.web.not_found import NotHere

_LISTED_MAX = 100  # newest runs on the page


class Runs:
    """The runs of an index. Nothing here reads a file in the event loop."""

    def __init__(self, index: RunIndex) -> None:
        self._index = index

    @property
    def folder(self) -> Path | None:
        """Where the runs are; None where none is configured."""
        return self._index.folder

    async def refresh(self, name: str = "") -> None:
        """Read what was written to one run, or to all."""
        if name:
            await self._index.refresh_run(name)
        else:
            await self._index.refresh()

    def listed(self) -> list[IndexedRun]:
        """The newest runs, the newest first."""
        return self._index.runs()[:_LISTED_MAX]

    def run(self, name: str) -> IndexedRun:
        """One run as it was read last. Raises NotHere."""
        found = self._index.run_of(name)
        if found is None:
            raise NotHere(f"there is no run {name!r}")
        return found

    async def place(self, name: str) -> Path:
        """The directory of a run. Raises NotHere for a name that is none."""
        found = await asyncio.to_thread(self._index.place, name)
        if found is None:
            raise NotHere(f"there is no run {name!r}")
        return found

    async def file(self, name: str, path: str) -> Path:
        """The place of a file of a run. Raises NotHere for anything else."""
        found = await asyncio.to_thread(self._index.file, name, path)
        if found is None:
            raise NotHere(f"the run {name!r} has no file {path!r}")
        return found
