"""Open an SQLite file that outlives the agent; a damaged one is moved aside, not fatal."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from agent.model.errors import ConfigError

_log = structlog.get_logger("store")
_BUSY_S = 5.0
_VERSION = 1  # of all schemas; a file of another one is moved aside
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PRIMARY = 0xFF  # the primary code within an extended result code (sqlite.org/rescode.html)


class _Unusable(Exception):
    """The content of a file is damaged, or of another version of the schema."""


def open_sqlite(
    key: str,
    path: Path | None,
    schema: Sequence[str],
    check: Callable[[sqlite3.Connection], object],
) -> sqlite3.Connection:
    """Open or create the file of ``key``, a place in the configuration; None is in memory.

    ``check`` reads what the caller needs. A file that it cannot read, as one that is damaged or
    has another schema, is moved to NAME.damaged-TIME, and a new one is begun: readings of now are
    worth more than a history. Raises ConfigError if the file cannot be opened or moved.
    """
    try:
        try:
            return _opened(path, schema, check)
        except _Unusable as error:
            if path is None:
                raise
            aside = _move_aside(path)
            _log.error("damaged file moved aside", of=key, file=str(aside), reason=str(error))
            return _opened(path, schema, check)
    except (sqlite3.Error, OSError, _Unusable) as error:
        raise ConfigError(
            f"{key}: {path} cannot be used: {error}; its folder must exist and be writable for"
            " the agent"
        ) from None


def _opened(
    path: Path | None, schema: Sequence[str], check: Callable[[sqlite3.Connection], object]
) -> sqlite3.Connection:
    name = ":memory:" if path is None else str(path)
    # Opened by one thread and used by another, but never by two at once.
    base = sqlite3.connect(name, timeout=_BUSY_S, check_same_thread=False)
    try:
        base.execute("PRAGMA journal_mode=WAL")
        base.execute("PRAGMA synchronous=NORMAL")
        version = base.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION):  # 0: new, or from before versions were written
            raise _Unusable(f"version {version} of the schema is not known")
        with base:
            for statement in schema:
                base.execute(statement)
        _check(base, check)
        if version != _VERSION:
            base.execute(f"PRAGMA user_version={_VERSION}")
    except sqlite3.DatabaseError as error:
        base.close()
        if error.sqlite_errorcode & _PRIMARY in _DAMAGED:
            raise _Unusable(str(error)) from None
        raise
    except _Unusable:
        base.close()
        raise
    return base


def _check(base: sqlite3.Connection, check: Callable[[sqlite3.Connection], object]) -> None:
    try:
        check(base)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:  # a column that is missing
            raise _Unusable(str(error)) from None
        raise
    except (ValueError, TypeError, AttributeError) as error:
        raise _Unusable(f"it holds a value that cannot be read: {error}") from None


def _move_aside(path: Path) -> Path:
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    for ending in ("-wal", "-shm", ""):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.rename(aside.with_name(aside.name + ending))
    return aside
