"""Commissioning runs below one folder: the progress of each, and its files.

A run is a process of its own, and its directory contains everything about it; only the position up
to which each journal was read is kept here.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from agent.commission.journal.reader import JOURNAL, Follower, Progress
from agent.web.not_found import NotFound

_RUNS_MAX = 100  # newest runs that are listed
_LOOKED_AT_MAX = 1000  # directories that are searched for them
_FILES_MAX = 200
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True)
class File:
    """A file in the directory of a run, by its path within it; ``size`` is in bytes."""

    path: str
    size: int


class Runs:
    """The runs below ``folder``, which may be None or not exist."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._followers: OrderedDict[str, Follower] = OrderedDict()

    def listed(self) -> list[tuple[str, Progress]]:
        """Return the newest runs with the names of their directories, newest first."""
        found = []
        for name in self._names():
            try:
                found.append((name, self.progress(name)))
            except NotFound:
                continue  # removed in the meantime
        return sorted(found, key=lambda each: -each[1].began_at)

    def progress(self, name: str) -> Progress:
        """Read the progress of a run. Raises NotFound."""
        folder = self.place(name)
        follower = self._followers.pop(name, None) or Follower(folder)
        try:
            found = follower.refresh()
        except OSError as error:
            raise NotFound(f"the run {name!r} cannot be read: {error.strerror}") from None
        self._followers[name] = follower
        while len(self._followers) > _RUNS_MAX:
            self._followers.popitem(last=False)
        return found

    def place(self, name: str) -> Path:
        """Return the directory of a run. Raises NotFound for a name that is not a run."""
        if self.folder is None or not _NAME.fullmatch(name):
            raise NotFound(f"run {name!r} does not exist")
        folder = self.folder / name
        if not (folder / JOURNAL).is_file():
            raise NotFound(f"run {name!r} does not exist")
        return folder

    def files(self, name: str) -> list[File]:
        """Return the files of a run that can be downloaded. Raises NotFound."""
        folder = self.place(name)
        found = []
        for path in sorted(folder.rglob("*"))[: 2 * _FILES_MAX]:
            inside = path.relative_to(folder)
            if path.is_file() and not path.is_symlink() and inside.parts[0] != "answers":
                found.append(File(inside.as_posix(), path.stat().st_size))
        return found[:_FILES_MAX]

    def file(self, name: str, path: str) -> Path:
        """Return the path of one of those files. Raises NotFound for any other."""
        if path not in {each.path for each in self.files(name)}:
            raise NotFound(f"the run {name!r} has no file {path!r}")
        return self.place(name) / path

    def _names(self) -> list[str]:
        if self.folder is None or not self.folder.is_dir():
            return []
        found: list[tuple[float, str]] = []
        for number, each in enumerate(self.folder.iterdir()):
            if number >= _LOOKED_AT_MAX:
                break
            journal = each / JOURNAL
            if _NAME.fullmatch(each.name) and journal.is_file():
                found.append((journal.stat().st_mtime, each.name))
        return [name for _, name in sorted(found, reverse=True)[:_RUNS_MAX]]
