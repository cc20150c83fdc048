"""The samples of a run in an SQLite file to which rows are only added.

Every round is one transaction, so a run that is killed keeps all earlier rounds. Readers do not
block the run: it uses SQLite's write-ahead log, which is removed when the file is closed.
"""

import contextlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from sys import intern

from agent.commission.records import Sample
from agent.model.errors import ConfigError
from agent.model.series import Labels, SeriesKey
from agent.model.values import Quality
from agent.parse.plain_file import open_plain

_TABLES = """
CREATE TABLE IF NOT EXISTS series (
  id INTEGER PRIMARY KEY, device TEXT NOT NULL, metric TEXT NOT NULL, labels TEXT NOT NULL,
  interval_s REAL NOT NULL, UNIQUE (device, metric, labels));
CREATE TABLE IF NOT EXISTS samples (
  series INTEGER NOT NULL REFERENCES series (id), at REAL NOT NULL, number REAL, word TEXT,
  quality TEXT NOT NULL, reason TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS samples_at ON samples (at);
"""
_QUALITIES = {str(quality): quality for quality in Quality}


class SampleStore:
    """Samples by series and time. ``interval_s`` is the polling interval of a series."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the file, or create it unless ``read_only``. Raises ConfigError."""
        try:
            if read_only:
                open_plain(path).close()  # SQLite would wait for a pipe
                self._file = sqlite3.connect(_address(path), uri=True)
            else:
                self._file = sqlite3.connect(path)
                self._file.execute("PRAGMA journal_mode = WAL")
                self._file.executescript(_TABLES)
            rows = self._file.execute("SELECT id, device, metric, labels, interval_s FROM series")
            found = list(rows)
        except OSError as error:
            raise ConfigError(f"{path} cannot be opened: {error.strerror}") from None
        except sqlite3.Error as error:
            raise ConfigError(f"{path} cannot be opened: {error}") from None
        self._path, self._read_only = path, read_only
        self._ids: dict[SeriesKey, int] = {}
        self._intervals_s: dict[SeriesKey, float] = {}
        for number, device, metric, labels, interval_s in found:
            try:
                key = (device, metric, _labels(labels))
            except (ValueError, TypeError, RecursionError):
                self._file.close()
                raise ConfigError(f"{path}: series {number} has invalid labels") from None
            self._ids[key], self._intervals_s[key] = number, interval_s

    @property
    def intervals_s(self) -> Mapping[SeriesKey, float]:
        """The polling interval of each series in seconds."""
        return self._intervals_s

    def add(self, samples: Iterable[tuple[Sample, float]]) -> None:
        """Store a round of samples, each with the polling interval of its series in seconds."""
        with self._file:
            self._file.executemany(
                "INSERT INTO samples VALUES (?, ?, ?, ?, ?, ?)",
                [self._row(sample, interval_s) for sample, interval_s in samples],
            )

    def between(self, began: float, ended: float, metrics: Collection[str]) -> Iterator[Sample]:
        """Yield the samples of these metrics between two instants, in the order of time.

        Both instants (Unix seconds) are included. Raises ConfigError for an unknown quality.
        """
        wanted = {number: key for key, number in self._ids.items() if key[1] in metrics}
        rows = self._file.execute(
            "SELECT series, at, number, word, quality, reason FROM samples"
            " WHERE at BETWEEN ? AND ? AND series IN (SELECT value FROM json_each(?))"
            " ORDER BY at, rowid",
            (began, ended, json.dumps(list(wanted))),
        )
        for series, at, number, word, quality, reason in rows:
            value = number if word is None else intern(word)
            try:
                trust = _QUALITIES[quality]
            except KeyError:
                raise ConfigError(f"{self._path}: a sample has the quality {quality!r}") from None
            yield Sample(*wanted[series], value, trust, at, intern(reason))

    def mark(self, began: float, ended: float) -> tuple[int, int]:
        """Return the number of samples between two instants, and their newest row id."""
        [(count, newest)] = self._file.execute(
            "SELECT COUNT(*), MAX(rowid) FROM samples WHERE at BETWEEN ? AND ?", (began, ended)
        )
        return int(count), int(newest or 0)

    def flaws(self) -> dict[str, tuple[int, str]]:
        """Return (number, first reason) of the values that are not good, by device."""
        rows = self._file.execute(
            "SELECT series.device, COUNT(*), MIN(samples.rowid), samples.reason FROM samples"
            " JOIN series ON series.id = samples.series WHERE samples.quality != ?"
            " GROUP BY series.device ORDER BY series.device",
            (str(Quality.GOOD),),
        )
        return {device: (count, reason) for device, count, _, reason in rows}

    def latest(self) -> float:
        """Return the time of the newest sample (Unix seconds); 0 without samples."""
        [(found,)] = self._file.execute("SELECT max(at) FROM samples")
        return float(found or 0.0)

    def close(self) -> None:
        """Close the file and remove its write-ahead log."""
        if not self._read_only:
            with contextlib.suppress(sqlite3.OperationalError):  # a reader is active: the log stays
                self._file.execute("PRAGMA journal_mode = DELETE")
        self._file.close()

    def _row(self, sample: Sample, interval_s: float) -> tuple[object, ...]:
        value = sample.value
        word = value if isinstance(value, str) else None
        number = None if word is not None or value is None else float(value)
        series = self._series(sample.key, interval_s)
        return series, sample.observed_at, number, word, str(sample.quality), sample.reason

    def _series(self, key: SeriesKey, interval_s: float) -> int:
        if key not in self._ids:
            device, metric, labels = key
            cursor = self._file.execute(
                "INSERT INTO series (device, metric, labels, interval_s) VALUES (?, ?, ?, ?)",
                (device, metric, json.dumps(labels, ensure_ascii=False), interval_s),
            )
            self._ids[key] = int(cursor.lastrowid or 0)
            self._intervals_s[key] = interval_s
        return self._ids[key]


def fold(path: Path) -> None:
    """Merge the write-ahead log that a killed run left into the file. Raises ConfigError."""
    if not _log(path).exists():
        return
    SampleStore(path).close()
    if _log(path).exists():
        raise ConfigError(f"{path} is being read by another process; try again when it is done")


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _address(path: Path) -> str:
    """Return the SQLite URI to read a file.

    Without a log the file is not being written, so it is opened as immutable: reading must not
    create files beside it.
    """
    return f"{path.absolute().as_uri()}?{'mode=ro' if _log(path).exists() else 'immutable=1'}"


def _labels(text: str) -> Labels:
    return tuple((name, value) for name, value in json.loads(text))
