"""The files beside the code: what must be there, what the locks hold, what no text may name."""

import re
import tomllib

import pytest

from tests.house import ROOT, files

FOREIGN = re.compile(
    r"/wor[k]/|/tm[p]/venv|/roo[t]/|py[p]i\.org|py[t]honhosted|registry\.npm[j]s|crate[s]\.io"
    r"|proxy\.go[l]ang|repo\.mave[n]|deb\.de[b]ian\.org"
)
"""Paths of one machine and hosts of package registries; the brackets keep this line out of it."""


def test_no_file_names_a_machine_or_a_registry() -> None:
    named = []
    for path in files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a recording of bytes, an image
        named += [
            f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
            for number, line in enumerate(text.splitlines(), 1)
            if FOREIGN.search(line)
        ]
    assert not named


PINNED = r"([a-z0-9._-]+)(?:\[[a-z0-9,._-]+\])?=="
"""How a line of a lock begins: the package, the extras that others ask of it, one version."""


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_locks_pin_and_hash_everything_and_name_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*--(?!hash=)", text, re.MULTILINE)
    entries = re.split(r"\n(?=[a-z0-9])", text)[1:]
    assert entries
    loose = [
        entry.split()[0]
        for entry in entries
        if not re.match(rf"{PINNED}\S+", entry) or "--hash=sha256:" not in entry
    ]
    assert not loose


def test_locks_hold_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    runtime, dev = (
        set(re.findall(f"^{PINNED}", (ROOT / name).read_text("utf-8"), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    )

    def names(requirements: list[str]) -> set[str]:
        return {re.split(r"[^A-Za-z0-9._-]", each)[0].lower() for each in requirements}

    assert names(project["dependencies"]) <= runtime
    assert names(project["optional-dependencies"]["dev"]) | runtime <= dev


def profiles() -> list[str]:
    """Names of the shipped profiles."""
    folder = ROOT / "drivers" / "profiles"
    return sorted(p.stem for p in folder.rglob("*.yaml") if p.parent.name != "fragments")


def test_the_changelog_names_every_profile() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    unnamed = [p for p in profiles() if not re.search(rf"(?<![\w-]){p}(?![\w-])", changelog)]
    assert not unnamed
