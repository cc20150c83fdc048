"""The runs below one folder and how far each is, read in a thread for pages and metrics alike.

A run is a process of its own, and its directory is all that is known of it. Journals are only ever
added to, so each is read once and followed from there. The first look at long runs takes seconds:
what has been read until then is already there for those who ask.
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
_LOOKED_AT_MAX = 2_000  # directories that are looked at for them
_FILES_MAX = 200  # of one run
_EVERY_S = 5.0
_FRESH_S = 0.5  # a look that is not older serves the next one who asks, too
_PATIENCE_S = 1.0  # a page waits so long for what has just been written
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True)
class RunFile:
    """A file of a run's directory, by its path within it; ``size`` in bytes."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class IndexedRun:
    """One run by the name of its directory. ``files`` are listed once it is over."""

    name: str
    progress: Progress
    files: tuple[RunFile, ...] = ()


class RunIndex:
    """The runs below ``folder``; none where it is None or does not exist.

    ``refresh`` and ``refresh_run`` are for the event loop: they wait for a thread. ``read_all``,
    ``read``, ``place`` and ``file`` read the disk where they are called.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._runs: Mapping[str, IndexedRun] = {}
        self._followers: OrderedDict[str, Follower] = OrderedDict()
        self._turn = threading.Lock()  # one journal at a time; never taken in the event loop
        self._reading: asyncio.Future[None] | None = None
        self._read_at = float("-inf")

    def runs(self) -> list[IndexedRun]:
        """What was read last, the newest run first."""
        return sorted(self._runs.values(), key=lambda run: -run.progress.began_at)

    def run_of(self, name: str) -> IndexedRun | None:
        """One run as it was read last; None where it has not been read."""
        return self._runs.get(name)

    async def keep(self) -> None:
        """Read what was written, now and then, for ever."""
        while True:
            await self.refresh(patience_s=None)
            await asyncio.sleep(_EVERY_S)

    async def refresh(self, patience_s: float | None = _PATIENCE_S) -> None:
        """Have everything read in a thread; wait for it at most ``patience_s``."""
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
        """Have one run read in a thread, with its files if it is over."""
        await asyncio.to_thread(self.read, name, files=True)

    def read_all(self) -> None:
        """Read what was written to the newest runs since the last time."""
        names = self._names()
        for name in names:
            self.read(name)
        with self._turn:
            self._runs = {name: run for name, run in self._runs.items() if name in names}
            while len(self._followers) > RUNS_MAX:
                self._followers.popitem(last=False)

    def read(self, name: str, *, files: bool = False) -> IndexedRun | None:
        """Read what was written to one run since the last time; None for what is no run."""
        folder = self.place(name)
        with self._turn:
            others = {key: run for key, run in self._runs.items() if key != name}
            if folder is None:
                self._runs = others
                return None
            follower = self._followers.pop(name, None) or Follower(folder)
            try:
                progress = follower.refresh()
            except OSError:  # it went meanwhile
                self._runs = others
                return None
            self._followers[name] = follower
            over = files and progress.state in (State.ENDED, State.ABORTED)
            found = IndexedRun(name, progress, tuple(_files(folder)) if over else ())
            self._runs = {**others, name: found}
        return found

    def place(self, name: str) -> Path | None:
        """The directory of a run; None for a name that is none."""
        if self.folder is None or not _NAME.fullmatch(name):
            return None
        folder = self.folder / name
        return folder if (folder / JOURNAL).is_file() else None

    def file(self, name: str, path: str) -> Path | None:
        """The place of one of the files of a run; None for anything else."""
        folder = self.place(name)
        if folder is None or path not in {each.path for each in _files(folder)}:
            return None
        return folder / path

    def _names(self) -> set[str]:
        """The runs whose journals were written to last."""
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
                    continue  # no run, or it went meanwhile
        return {name for _, name in sorted(found)[-RUNS_MAX:]}


def _files(folder: Path) -> list[RunFile]:
    """What there is to open and download of a run."""
    found = []
    for path in sorted(folder.rglob("*"))[: 2 * _FILES_MAX]:
        inside = path.relative_to(folder)
        if path.is_file() and not path.is_symlink() and inside.parts[0] != "answers":
            found.append(RunFile(inside.as_posix(), path.stat().st_size))
    return found[:_FILES_MAX]
