"""YAML files that are one list: either under its key or as a bare list."""

import re
from dataclasses import replace
from pathlib import Path

from agent.model.errors import ConfigError
from agent.parse.yaml_source import Document, load, parse

_BARE_LIST = re.compile(r"(?:\s*(?:#.*)?\n)*-")


def load_list(path: Path, key: str) -> Document:
    """Load the file as a mapping that holds ``key``; lines are those of the file in either form.

    Raises ConfigError with every problem, by file and line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return load(path)  # reports the error as for any other file
    if not _BARE_LIST.match(text):
        return parse(text, str(path))
    try:
        document = parse(f"{key}:\n{text}", str(path))
    except ConfigError as error:
        problems = [replace(each, line=max(0, each.line - 1)) for each in error.problems]
        raise ConfigError(problems) from None
    lines = {place: max(1, line - 1) for place, line in document.lines.items()}
    return replace(document, lines=lines)
