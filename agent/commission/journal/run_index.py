"""An index of the runs below one folder and their progress, read in a thread.

It serves pages and metrics. A run is a separate process that is only known by its directory.
Journals only grow, so each is read once and followed from there. The first read of long runs takes
seconds; runs that have been read are available meanwhile.
"""

import asyncio
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.commission.journal.reader import JOURNAL, Follower, Progress, State

RUNS_MAX = 200  # newest runs that are read
_LOOKED_AT_MAX = 2_000  # directories that are searched for them
_FILES_MAX = 200  # of one run
_EVERY_S = 5.0
_FRESH_S = 0.5  # results that are not older are used again
_PATIENCE_S = 1.0  # how long a page waits for new lines
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True)
class RunFile:
    """A file of a run by its path relative to the run's directory; ``size`` in bytes."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class IndexedRun:
    """One run by the name of its directory. ``files`` are listed once it has ended."""

    name: str
    progress: Progress
    files: tuple[RunFile, ...] = ()


class RunIndex:
    """The runs below ``folder``; empty if it is None or does not exist.

    ``refresh`` and ``refresh_run`` are for the event loop: they wait for a thread. ``read_all``,
    ``read``, ``place`` and ``file`` read the disk in the thread of the caller.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._runs: Mapping[str, IndexedRun] = {}
        self._followers: OrderedDict[str, Follower] = OrderedDict()
        self._turn = threading.Lock()  # one journal at a time; never taken in the event loop
        self._reading: asyncio.Future[None] | None = None
        self._read_at = float("-inf")

    def runs(self) -> list[IndexedRun]:
        """Return all runs as they were read last, the newest first."""
        return sorted(self._runs.values(), key=lambda run: -run.progress.began_at)

    def run_of(self, name: str) -> IndexedRun | None:
        """Return one run as it was read last; None if it has not been read."""
        return self._runs.get(name)

    async def keep(self) -> None:
        """Read new lines of all runs every few seconds until cancelled."""
        while True:
            await self.refresh(patience_s=None)
            await asyncio.sleep(_EVERY_S)

    async def refresh(self, patience_s: float | None = _PATIENCE_S) -> None:
        """Read all runs in a thread; wait at most ``patience_s`` seconds, None without limit."""
        if self._reading is None:
            if time.monotonic() - self._read_at < _FRESH_S:
                return
            self._reading = asyncio.ensure_future(asyncio.to_thread(self.read_all))
            self._reading.add_done_callback(self._has_read)
        await asyncio.wait([self._reading], timeout=patience_s)

    def _has_read(self, reading: "asyncio.Future[None]") -> None:
        self._reading, self._read_at = None, time.monotonic()
        if not reading.cancelled():
            reading.result()  # a bug is reported by the loop

    async def refresh_run(self, name: str) -> None:
        """Read one run in a thread, with its files if it has ended."""
        await asyncio.to_thread(self.read, name, files=True)

    def read_all(self) -> None:
        """Read the new lines of the newest runs."""
        names = self._names()
        for name in names:
            self.read(name)
        with self._turn:
            self._runs = {name: run for name, run in self._runs.items() if name in names}
            while len(self._followers) > RUNS_MAX:
                self._followers.popitem(last=False)

    def read(self, name: str, *, files: bool = False) -> IndexedRun | None:
        """Read the new lines of one run and return it; None if it is not a run."""
        folder = self.place(name)
        with self._turn:
            others = {key: run for key, run in self._runs.items() if key != name}
            if folder is None:
                self._runs = others
                return None
            follower = self._followers.pop(name, None) or Follower(folder)
            try:
                progress = follower.refresh()
            except OSError:  # deleted meanwhile
                self._runs = others
                return None
            self._followers[name] = follower
            over = files and progress.state in (State.ENDED, State.ABORTED)
            found = IndexedRun(name, progress, tuple(_files(folder)) if over else ())
            self._runs = {**others, name: found}
        return found

    def place(self, name: str) -> Path | None:
        """Return the directory of a run; None for a name that is not of a run."""
        if self.folder is None or not _NAME.fullmatch(name):
            return None
        folder = self.folder / name
        return folder if (folder / JOURNAL).is_file() else None

    def file(self, name: str, path: str) -> Path | None:
        """Return the full path of a listed file of a run; None for any other path."""
        folder = self.place(name)
        if folder is None or path not in {each.path for each in _files(folder)}:
            return None
        return folder / path

    def _names(self) -> set[str]:
        """Return the names of the runs whose journals were written last."""
        found: list[tuple[float, str]] = []
        try:
            entries = [] if self.folder is None else list(self.folder.iterdir())[:_LOOKED_AT_MAX]
        except OSError:
            return set()
        for entry in entries:
            if _NAME.fullmatch(entry.name):
                try:
                    found.append(((entry / JOURNAL).stat().st_mtime, entry.name))
                except OSError:
                    continue  # not a run, or deleted meanwhile
        return {name for _, name in sorted(found)[-RUNS_MAX:]}


def _files(folder: Path) -> list[RunFile]:
    """Return the files of a run that may be opened and downloaded."""
    found = []
    for path in sorted(folder.rglob("*"))[: 2 * _FILES_MAX]:
        inside = path.relative_to(folder)
        if path.is_file() and not path.is_symlink() and inside.parts[0] != "answers":
            found.append(RunFile(inside.as_posix(), path.stat().st_size))
    return found[:_FILES_MAX]
