"""Answers and commands of users to a run: one small file each in the run's directory.

Every program that may write there may answer: a terminal, a page, a script. The run deletes the
files as it reads them and writes their content to its journal. Attachments stay, with their hash.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from agent.commission.journal.reader import Prompt, State, follow
from agent.model.errors import ConfigError
from agent.model.printable import printable
from agent.parse.strict_model import StrictModel

ANSWERS, ATTACHMENTS = "answers", "attachments"

PAUSE, CONTINUE, ABORT, NOTE = "pause", "continue", "abort", "note"
COMMANDS = frozenset({PAUSE, CONTINUE, ABORT, NOTE})
"""Commands that a run accepts at any time; an answer is only accepted for an open prompt."""

ATTACHMENT_MAX = 20_000_000
"""Largest size of one attachment in bytes."""

_WHO_MAX, _TEXT_MAX = 100, 2_000  # characters
_BYTES_MAX = 16_384  # of one answer
_AT_ONCE = 50  # answers that are read in one call
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,250}")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_NAME_MAX = 60
_SAME_NAME_MAX = 20


class AnswerFile(StrictModel):
    """The content of ``answers/ID.json``. ``file`` is a name below ``attachments/``."""

    who: str = Field(min_length=1, max_length=_WHO_MAX)
    answer: Literal["yes", "no"] = "yes"
    text: str = Field("", max_length=_TEXT_MAX)
    file: str = ""

    @field_validator("who")
    @classmethod
    def _named(cls, who: str) -> str:
        if not _is_name(who):
            raise ValueError("is not the name of a person")
        return who

    @field_validator("text")
    @classmethod
    def _plain(cls, text: str) -> str:
        return _without_controls(text)


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """One answer or command of a user. ``sha256`` is of the attachment, empty without one."""

    id: str
    who: str
    yes: bool
    text: str = ""
    file: str = ""
    sha256: str = ""


def answer(
    folder: Path,
    id_: str,
    *,
    who: str,
    yes: bool = True,
    text: str = "",
    file: Path | None = None,
    name: str = "",
) -> None:
    """Answer an open prompt of the run in ``folder``, or give it a command (``COMMANDS``).

    ``file`` is copied into the run under a name made of ``name`` or its own. Raises ConfigError if
    the run does not wait for that answer, or if the answer is incomplete.
    """
    found = _checked(folder, id_, who, yes, text, file)
    try:
        if file is not None:
            found["file"] = _attached(folder, id_, file, name or file.name)
        _put(folder, id_, json.dumps(found, ensure_ascii=False).encode())
    except FileExistsError:
        raise ConfigError(f"{id_} has been answered; the run will read it") from None
    except OSError as error:
        raise ConfigError(f"{error.filename or folder}: {error.strerror}") from None


def check_name(who: str) -> None:
    """Check the name of a person.

    Raises ConfigError if it is empty, too long or has control characters.
    """
    if not _is_name(who):
        raise ConfigError(f"give a name of at most {_WHO_MAX} characters, not {who[:40]!r}")


def _is_name(who: str) -> bool:
    return bool(who.strip()) and len(who) <= _WHO_MAX and who.isprintable()


def _without_controls(text: str) -> str:
    """Return a text whose only control characters are line breaks: it is shown on terminals."""
    return printable("\n".join(text.splitlines()), "\n")


def _checked(
    folder: Path, id_: str, who: str, yes: bool, text: str, file: Path | None
) -> dict[str, Any]:
    check_name(who)
    if len(text) > _TEXT_MAX:
        raise ConfigError(f"a text has at most {_TEXT_MAX} characters, not {len(text)}")
    prompt = _prompt(folder, id_)
    kind = id_ if prompt is None else prompt.kind
    if yes and kind == "attachment" and file is None:
        raise ConfigError(f"{id_} needs a file")
    if file is not None and kind != "attachment":
        raise ConfigError(f"{id_} does not accept a file")
    if yes and kind == NOTE and not text.strip():
        raise ConfigError("a note needs a text")
    return {
        "who": who,
        "answer": "yes" if yes else "no",
        "text": _without_controls(text),
        "file": "",
    }


def _prompt(folder: Path, id_: str) -> Prompt | None:
    """Return the open prompt with this id, None for a command.

    Raises ConfigError if it is neither, or if the run has ended.
    """
    try:
        progress = follow(folder)
    except OSError as error:
        raise ConfigError(f"{folder} has no run: {error.strerror}") from None
    if progress.state in (State.ENDED, State.ABORTED, State.DEAD):
        raise ConfigError(f"the run in {folder} is {progress.state}: it accepts no answers")
    if id_ in COMMANDS:
        return None
    prompts = {prompt.id: prompt for prompt in progress.prompts}
    if id_ not in prompts:
        known = ", ".join(prompts) or "nothing"
        raise ConfigError(f"the run does not ask for {id_!r}; it asks for {known}")
    return prompts[id_]


def _attached(folder: Path, id_: str, file: Path, given_name: str) -> str:
    """Copy a file into the run and return its name below ``attachments/``."""
    if not file.is_file():
        raise ConfigError(f"{file}: is not a file")
    if file.stat().st_size > ATTACHMENT_MAX:
        raise ConfigError(f"{file}: is larger than {ATTACHMENT_MAX:,} bytes")
    place = folder / ATTACHMENTS
    place.mkdir(exist_ok=True)
    stem = _UNSAFE.sub("_", given_name)[-_NAME_MAX:].lstrip("._-") or "file"
    for number in range(1, _SAME_NAME_MAX + 1):
        name = f"{id_}-{stem}" if number == 1 else f"{id_}-{number}-{stem}"
        with contextlib.suppress(FileExistsError), (place / name).open("xb") as out:
            with file.open("rb") as given:
                shutil.copyfileobj(given, out)
            return name
    raise ConfigError(f"{id_} has {_SAME_NAME_MAX} attachments of that name")


def _put(folder: Path, id_: str, content: bytes) -> None:
    """Write an answer atomically. Raises FileExistsError if one is present already."""
    place = folder / ANSWERS
    place.mkdir(exist_ok=True)
    part = place / f".{id_}.{os.getpid()}"
    part.write_bytes(content)
    try:
        os.link(part, place / f"{id_}.json")
    finally:
        part.unlink()


def _given_at(path: Path) -> tuple[int, str]:
    return path.lstat().st_mtime_ns, path.name


def collect(folder: Path) -> Iterator[GivenAnswer | str]:
    """Read and delete the present answers, oldest first; yield a message for an invalid one."""
    place = folder / ANSWERS
    try:
        given = [path for path in place.iterdir() if path.suffix == ".json"]
        names = [path.name for path in sorted(given, key=_given_at)]
    except OSError:
        return
    for name in names[:_AT_ONCE]:
        path = place / name
        try:
            if not stat.S_ISREG(path.lstat().st_mode):  # a pipe would be waited for
                raise ValueError("is not a plain file")
            with path.open("rb") as file:
                content = file.read(_BYTES_MAX + 1)
            path.unlink()
            yield _read(folder, name.removesuffix(".json"), content)
        except (OSError, ValueError) as error:
            with contextlib.suppress(OSError):
                path.unlink()
            yield f"an answer was ignored: {_UNSAFE.sub('_', name)}: {_why(error)}"


def _read(folder: Path, id_: str, content: bytes) -> GivenAnswer:
    if len(content) > _BYTES_MAX or not _ID.fullmatch(id_):
        raise ValueError("is too long, or its name is not the id of a prompt")
    found = AnswerFile.model_validate_json(content)
    digest = ""
    if found.file:
        if not _FILE.fullmatch(found.file):
            raise ValueError(f"{found.file[:40]!r} is not the name of a file in {ATTACHMENTS}/")
        digest = sha256(folder / ATTACHMENTS / found.file)
    return GivenAnswer(id_, found.who, found.answer == "yes", found.text, found.file, digest)


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error.strerror) if isinstance(error, OSError) else str(error)


def sha256(path: Path) -> str:
    """Return the SHA-256 of an attachment as hexadecimal text.

    Raises OSError, or ValueError if it is too large or not a regular file.
    """
    about = path.lstat()
    if not stat.S_ISREG(about.st_mode) or about.st_size > ATTACHMENT_MAX:
        raise ValueError(f"{path.name} is not a file of at most {ATTACHMENT_MAX:,} bytes")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def clear(folder: Path) -> None:
    """Delete answers that were not read before the run ended."""
    shutil.rmtree(folder / ANSWERS, ignore_errors=True)
