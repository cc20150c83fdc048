"""Seals the directory of a run, and finds out whether it is still what was sealed."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.commission.evidence.bundle import JUNIT, OCPTV, RESULTS, judged
from agent.commission.evidence.ocptv import ocptv_lines
from agent.commission.evidence.results import RunReport, junit_xml, results_json
from agent.commission.evidence.signing import (
    InvalidEnvelope,
    PrivateKey,
    PublicKey,
    envelope,
    key_id,
    opened,
    signers,
    statement,
)
from agent.commission.records import Verdict, blocks
from agent.model.errors import ConfigError

MANIFEST = "manifest.dsse.json"


def seal(folder: Path, report: RunReport, key: PrivateKey | None) -> None:
    """Write the manifest of everything in the directory.

    Raises ConfigError, also for a rehearsal with a key: it is not to pass for an acceptance.
    """
    refuse_signature(key is not None and report.simulated)
    try:
        (folder / MANIFEST).write_bytes(envelope(_statement(folder, report), key))
    except OSError as error:
        raise ConfigError(f"{error.filename}: {error.strerror}") from None


def refuse_signature(rehearsed: bool) -> None:
    """Raise ConfigError where a rehearsal was to be signed."""
    if rehearsed:
        raise ConfigError(
            "a rehearsal on a simulated rack is no acceptance and is not signed: leave out --key"
        )


def _statement(folder: Path, report: RunReport) -> bytes:
    """What is said of the directory: its files, and what came of the run."""
    named = {verdict: _named(report, verdict) for verdict in Verdict}
    passed = [*named[Verdict.PASS], *named[Verdict.WAIVED]]
    predicate: dict[str, object] = {
        "result": _result(report),
        "configuration": [{"name": "generation.json"}],
        "passedTests": sorted(passed),
        "warnedTests": sorted([*named[Verdict.MARGINAL], *named[Verdict.SKIP]]),
        "failedTests": sorted([*named[Verdict.FAIL], *named[Verdict.ERROR]]),
    }
    if report.simulated:
        predicate["simulated"] = True
    files = {name: digest(path) for name, path in _files(folder).items()}
    return statement(files, predicate, simulated=report.simulated)


def digest(path: Path) -> str:
    """The SHA-256 of a file, however large. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def signed_by(folder: Path, key: PrivateKey | None = None) -> str:
    """A sentence on who signs: ``key`` as the bundle is sealed, later whoever the manifest names.

    Raises ConfigError where the manifest is none.
    """
    if key is not None:
        names = [key_id(key.public_key())]
    elif (folder / MANIFEST).exists():
        names = signers((folder / MANIFEST).read_bytes())
    else:
        names = []
    if not names:
        return f"{MANIFEST} names every file of the bundle with its SHA-256; nobody signed it."
    return (
        f"{MANIFEST} names every file of the bundle with its SHA-256, as an in-toto statement"
        f" signed with the ed25519 key {', '.join(names)} (SHA-256 of the public key)."
    )


def unsound(folder: Path, key: PublicKey | None) -> tuple[list[str], bool]:
    """What is not as it was sealed, and whether anybody had signed it.

    Every file is held against its hash, the samples are judged again, and the manifest must say of
    both what they give. ``key`` must have signed it where it is given. Raises ConfigError where
    there is no manifest.
    """
    try:
        text = (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise ConfigError(f"{folder / MANIFEST}: {error.strerror}") from None
    try:
        found, signed = opened(text, key)
        problems = list(_changed(folder, found["subject"]))
    except (InvalidEnvelope, KeyError, TypeError) as error:
        return [f"{MANIFEST}: {error}"], False
    if problems:
        return problems, signed  # what was changed is not worth being judged
    report = judged(folder)
    problems = list(_other_results(folder, report))
    if signed and report.simulated:
        problems.append(f"{MANIFEST}: is signed, but a rehearsal is no acceptance")
    if not problems and json.loads(_statement(folder, report)) != found:
        problems = [f"{MANIFEST}: is not what the files and their results give"]
    return problems, signed


def _changed(folder: Path, subject: list[dict[str, Any]]) -> Iterator[str]:
    sealed = {each["name"]: each["digest"]["sha256"] for each in subject}
    there = _files(folder)
    for name, was in sealed.items():
        if name not in there:
            yield f"{name}: is missing"
        elif digest(there[name]) != was:
            yield f"{name}: was changed"
    yield from (f"{name}: was not there when it was sealed" for name in there if name not in sealed)


def _other_results(folder: Path, report: RunReport) -> Iterator[str]:
    made = {
        RESULTS: results_json(report).encode(),
        JUNIT: junit_xml(report),
        OCPTV: ocptv_lines(report).encode(),
    }
    for name, content in made.items():
        if (folder / name).read_bytes() != content:
            yield f"{name}: is not what the samples give"


def _files(folder: Path) -> dict[str, Path]:
    """Every file below the directory, by its name from there."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    return {
        name: path for name, path in sorted(found.items()) if path.is_file() and name != MANIFEST
    }


def _named(report: RunReport, verdict: Verdict) -> list[str]:
    return [result.check for result in report.results if result.verdict is verdict]


def _result(report: RunReport) -> str:
    if report.simulated:
        return "REHEARSED"
    if blocks(report.verdict):
        return "FAILED"
    return "WARNED" if report.verdict is Verdict.MARGINAL else "PASSED"
