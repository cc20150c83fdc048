"""What people answer to a run, and ask of it: one small file each, put into its directory.

Whoever may write there may answer: a terminal, a page, a script. The run takes the files away as
it reads them and writes what they said to its journal. Attachments stay, with their hash.
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
"""What may be asked of a run at any time, instead of an answer to a prompt."""

ATTACHMENT_MAX = 20_000_000
"""Bytes of one attachment."""

_WHO_MAX, _TEXT_MAX = 100, 2_000  # characters
_BYTES_MAX = 16_384  # of one answer
_AT_ONCE = 50  # answers that are taken in one look
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
    """What somebody said. ``sha256`` is of the attachment, where there is one."""

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
    """Answer an open prompt of the run in ``folder``, or ask something of it (``COMMANDS``).

    A file is copied into the run, by a name made of ``name`` or of its own. Raises ConfigError
    where nobody waits for that answer, or where it is not whole.
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
    """Raises ConfigError for what is no name of a person."""
    if not _is_name(who):
        raise ConfigError(f"say who it is, in at most {_WHO_MAX} characters, not {who[:40]!r}")


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
        raise ConfigError(f"{id_} takes no file")
    if yes and kind == NOTE and not text.strip():
        raise ConfigError("a note needs a text")
    return {
        "who": who,
        "answer": "yes" if yes else "no",
        "text": _without_controls(text),
        "file": "",
    }


def _prompt(folder: Path, id_: str) -> Prompt | None:
    """The open prompt of that name, None for a command. Raises ConfigError without either."""
    try:
        progress = follow(folder)
    except OSError as error:
        raise ConfigError(f"{folder} holds no run: {error.strerror}") from None
    if progress.state in (State.ENDED, State.ABORTED, State.DEAD):
        raise ConfigError(f"the run in {folder} does not go on: it is {progress.state}")
    if id_ in COMMANDS:
        return None
    prompts = {prompt.id: prompt for prompt in progress.prompts}
    if id_ not in prompts:
        known = ", ".join(prompts) or "nothing"
        raise ConfigError(f"the run does not ask for {id_!r}; it asks for {known}")
    return prompts[id_]


def _attached(folder: Path, id_: str, file: Path, given_name: str) -> str:
    """Copy a file into the run; its name there."""
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
    """One file that is there as a whole or not at all, and replaces nothing."""
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


def take(folder: Path) -> Iterator[GivenAnswer | str]:
    """Yield the answers that have come, the oldest first, and take them away.

    A text is of one that cannot be used.
    """
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
            yield f"an answer was left out: {_UNSAFE.sub('_', name)}: {_why(error)}"


def _read(folder: Path, id_: str, content: bytes) -> GivenAnswer:
    if len(content) > _BYTES_MAX or not _ID.fullmatch(id_):
        raise ValueError("is too long, or has no name that a prompt has")
    found = AnswerFile.model_validate_json(content)
    digest = ""
    if found.file:
        if not _FILE.fullmatch(found.file):
            raise ValueError(f"{ATTACHMENTS}/ holds no such file")
        digest = sha256(folder / ATTACHMENTS / found.file)
    return GivenAnswer(id_, found.who, found.answer == "yes", found.text, found.file, digest)


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error.strerror) if isinstance(error, OSError) else str(error)


def sha256(path: Path) -> str:
    """The hash of an attachment. Raises OSError, or ValueError where it is none."""
    about = path.lstat()
    if not stat.S_ISREG(about.st_mode) or about.st_size > ATTACHMENT_MAX:
        raise ValueError(f"{path.name} is not a file of at most {ATTACHMENT_MAX:,} bytes")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def clear(folder: Path) -> None:
    """Take away what was never read: the run has ended."""
    shutil.rmtree(folder / ANSWERS, ignore_errors=True)
