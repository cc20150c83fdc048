"""Sealing of a run's directory, and verification that it is unchanged since."""

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
    open_envelope,
    signers,
    statement,
)
from agent.commission.records import Verdict, blocks
from agent.model.errors import ConfigError

MANIFEST = "manifest.dsse.json"


def seal(folder: Path, report: RunReport, key: PrivateKey | None) -> None:
    """Write the manifest of every file in the directory, signed if ``key`` is given.

    Raises ConfigError, also for a rehearsal with a key: a rehearsal must not look like an
    acceptance.
    """
    refuse_signature(key is not None and report.simulated)
    try:
        (folder / MANIFEST).write_bytes(envelope(_statement(folder, report), key))
    except OSError as error:
        raise ConfigError(f"{error.filename}: {error.strerror}") from None


def refuse_signature(rehearsed: bool) -> None:
    """Raise ConfigError if ``rehearsed``: a rehearsal is never signed."""
    if rehearsed:
        raise ConfigError(
            "a rehearsal on a simulated rack is no acceptance and is not signed: leave out --key"
        )


def _statement(folder: Path, report: RunReport) -> bytes:
    """Return the in-toto statement about the directory: its files and the run's results."""
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
    """Return the SHA-256 of a file of any size, as hexadecimal text. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def signature_sentence(folder: Path, key: PrivateKey | None = None) -> str:
    """Return a sentence that names the signing key.

    It is of ``key`` before the bundle is sealed, and of the manifest's keys later. Raises
    ConfigError if the manifest is invalid.
    """
    if key is not None:
        names = [key_id(key.public_key())]
    elif (folder / MANIFEST).exists():
        names = signers((folder / MANIFEST).read_bytes())
    else:
        names = []
    if not names:
        return f"{MANIFEST} names every file of the bundle with its SHA-256; it is not signed."
    return (
        f"{MANIFEST} names every file of the bundle with its SHA-256, as an in-toto statement"
        f" signed with the ed25519 key {', '.join(names)} (SHA-256 of the public key)."
    )


def find_changes(folder: Path, key: PublicKey | None) -> tuple[list[str], bool]:
    """Return everything that differs from the sealed state, and True if the manifest is signed.

    Every file is compared with its hash, the samples are judged again, and the manifest must agree
    with both. If ``key`` is given, it must have signed the manifest. Raises ConfigError without a
    manifest.
    """
    try:
        text = (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise ConfigError(f"{folder / MANIFEST}: {error.strerror}") from None
    try:
        found, signed = open_envelope(text, key)
        problems = list(_changed(folder, found["subject"]))
    except (InvalidEnvelope, KeyError, TypeError) as error:
        return [f"{MANIFEST}: {error}"], False
    if problems:
        return problems, signed  # changed files are not judged again
    report = judged(folder)
    problems = list(_other_results(folder, report))
    if signed and report.simulated:
        problems.append(f"{MANIFEST}: is signed, but a rehearsal is no acceptance")
    if not problems and json.loads(_statement(folder, report)) != found:
        problems = [f"{MANIFEST}: does not match the files and their results"]
    return problems, signed


def _changed(folder: Path, subject: list[dict[str, Any]]) -> Iterator[str]:
    sealed = {each["name"]: each["digest"]["sha256"] for each in subject}
    there = _files(folder)
    for name, was in sealed.items():
        if name not in there:
            yield f"{name}: is missing"
        elif digest(there[name]) != was:
            yield f"{name}: was changed"
    yield from (f"{name}: was added after sealing" for name in there if name not in sealed)


def _other_results(folder: Path, report: RunReport) -> Iterator[str]:
    made = {
        RESULTS: results_json(report).encode(),
        JUNIT: junit_xml(report),
        OCPTV: ocptv_lines(report).encode(),
    }
    for name, content in made.items():
        if (folder / name).read_bytes() != content:
            yield f"{name}: does not match the samples"


def _files(folder: Path) -> dict[str, Path]:
    """Return every file below the directory except the manifest, by its relative path."""
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
