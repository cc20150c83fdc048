"""Plain words: texts that people read use the standard terms of the field.

Checked are docstrings, comments and messages in Python, the templates and the script of the pages,
the documentation, and the comments and texts of configurations.
"""

import ast
import re
import tokenize
from collections.abc import Iterable, Iterator
from io import StringIO
from pathlib import Path

import pytest

from tests.house import ROOT

BETTER = {
    r"stands?(?!-| (?:for|by|out|alone|in for)\b)|stood": "is, exists, is active, is at",
    r"tells?|told|telling": "reports, shows, returns",
    r"hears?|heard|hearing": "receives, observes",
    r"whoever": "the user, the caller, the client",
    r"(?-i:is none|are none)": "does not exist, is empty",
    r"in force": "active",
    r"lays?(?! out\b)|laid(?! out\b)|laying": "puts, injects",
    r"mouths?": "sender, output",
    r"(?<!rear.)doors": "inputs, interfaces",
    r"rooms|in (?:one|each|its|their) room": "package",
    r"ghosts?": "late reply",
    r"reckon(?:s|ed|ing)?": "calculate, compute",
    r"(?-i:[Nn]o such)(?! file or directory)": "unknown, does not exist",
    r"(?:of|than|like) ours": "of the agent",
    r"least light": "lowest Rx power",
    r"nobody is there": "no neighbour",
    r"(?:supply|flow) wanted": "setpoint",
    r"with one supply less": "load after losing one PSU",
    r"lost nothing": "is complete",
    r"what to know of": "notes",
    r"sensor is broken": "sensor fault",
    r"a dashed edge": "dashed",
    r"what was said": "log",
    r"as it was sealed": "intact",
    r"laborator(?:y|ies)'s?": "lab certificate",
    r"seen in the data": "confirmed by telemetry",
    r"never was": "condition never met",
    r"nothing of itself": "no identity reported",
    r"not both and not neither": "either ... or ...",
    r"what can be broken": "available faults",
    r"so many copies": "number of copies",
    r"nothing more specific fits": "generic fallback",
    r"looks at a flapping": "suppressed transitions",
}
"""What not to write, as a regular expression between word boundaries, and what to write instead."""

_REFUSED = re.compile("|".join(rf"\b(?:{pattern})\b" for pattern in BETTER), re.IGNORECASE)

CHECKED = {
    ".py": ("agent", "simulator", "drivers", "docs", "bench"),
    ".html": ("agent",),
    ".j2": ("agent",),
    ".svg": ("agent",),
    ".js": ("agent",),
    ".md": ("docs", "README.md", "DESIGN.md", "CONTRIBUTING.md"),
    ".yaml": ("configs", "drivers"),
}
"""Folders and files by ending."""

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
_QUESTION = re.compile(r"(?:What|Whether|How|Who)\b")


def files() -> Iterator[Path]:
    for ending, places in CHECKED.items():
        for place in places:
            path = ROOT / place
            found = [path] if path.is_file() else sorted(path.rglob(f"*{ending}"))
            yield from found


def python_texts(text: str) -> Iterator[tuple[int, str]]:
    """Yield comments, and string literals of several words, line by line with their number."""
    for token in tokenize.generate_tokens(StringIO(text).readline):
        literal = token.type == tokenize.STRING and re.search(r"\s", token.string)
        if literal or token.type == tokenize.COMMENT:
            for offset, line in enumerate(token.string.splitlines()):
                yield token.start[0] + offset, line


def texts(path: Path) -> Iterable[tuple[int, str]]:
    """Return the lines of a file that people read, with their numbers."""
    text = path.read_text(encoding="utf-8")
    return python_texts(text) if path.suffix == ".py" else enumerate(text.splitlines(), 1)


def refused(path: Path) -> list[str]:
    """Return every refused word of a file as ``file:line: word (better: ...)``."""
    place = path.relative_to(ROOT).as_posix()
    found = []
    for number, line in texts(path):
        for match in _REFUSED.finditer(_JINJA.sub("", line)):
            word = match.group(0)
            better = next(b for p, b in BETTER.items() if re.fullmatch(p, word, re.IGNORECASE))
            found.append(f"{place}:{number}: {word!r}, better: {better}")
    return found


def test_texts_use_plain_words() -> None:
    found = [each for path in files() for each in refused(path)]
    assert not found, "\n".join(["", *found])


def test_docstrings_say_what_a_thing_is_or_does() -> None:
    """A docstring is a noun phrase or an imperative, not an indirect question."""
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    found = [
        f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}: {text.splitlines()[0]}"
        for path in files()
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, kinds)
        and (text := ast.get_docstring(node) or "")
        and _QUESTION.match(text)
    ]
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize(
    "text",
    ["what stands there", "the device tells nothing", "There is none.", "Alarms in force"],
)
def test_a_private_word_is_refused(text: str) -> None:
    assert _REFUSED.search(text)


@pytest.mark.parametrize(
    "text",
    ["a stand-in for hardware", "the rear doors", "room air", "x is None", "heartbeat",
     "no such file or directory", "laid out", "standing"],
)  # fmt: skip
def test_a_usual_word_is_not(text: str) -> None:
    assert not _REFUSED.search(text)
