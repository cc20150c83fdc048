"""Sealing of a run's directory, and verification that it is unchanged since."""

import hashlib
import json
import stat
from collections.abc import Iterator
from contextlib import suppress
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
from agent.model.printable import printable
from agent.parse.plain_file import open_plain, read_plain

MANIFEST = "manifest.dsse.json"
_SIGNED = ", as an in-toto statement signed with the ed25519 key {} (SHA-256 of the public key)."
MANIFEST_MAX = 64 * 1024 * 1024  # bytes


def seal(folder: Path, report: RunReport, key: PrivateKey | None) -> None:
    """Write the manifest of every file in the directory, signed if ``key`` is given.

    Raises ConfigError, also for a rehearsal with a key: a rehearsal must not look like an
    acceptance.
    """
    refuse_signature(key is not None and report.simulated)
    _, others = _entries(folder)
    for name in others:
        with suppress(OSError):
            (folder / name).rmdir()  # an empty directory cannot be sealed
    _, others = _entries(folder)
    if others:
        raise ConfigError(f"{folder / others[0]}: is not a plain file and cannot be sealed")
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
    files = {name: digest(path) for name, path in _entries(folder)[0].items()}
    return statement(files, predicate, simulated=report.simulated)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file of any size, as hexadecimal text. Raises OSError."""
    with open_plain(path, follow=False) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def signature_sentence(folder: Path, key: PrivateKey | PublicKey | None = None) -> str:
    """Return a sentence on the signature: that of ``key``, which signs or is checked.

    Without ``key`` it says which keys the manifest names, and that they were not checked. Raises
    ConfigError for a manifest that is not one, or that ``key`` has not signed.
    """
    said = f"{MANIFEST} names every file of the bundle with its SHA-256"
    if isinstance(key, PrivateKey):
        return said + _SIGNED.format(key_id(key.public_key()))
    if key is not None:
        open_envelope(_manifest(folder), key)
        return said + _SIGNED.format(key_id(key))
    named = signers(_manifest(folder)) if (folder / MANIFEST).exists() else []
    if not named:
        return f"{said}; it is not signed."
    return f"{said}. It names the ed25519 key {', '.join(named)}, whose signature was not checked."


def _manifest(folder: Path) -> bytes:
    """Return the manifest. Raises ConfigError."""
    try:
        return read_plain(folder / MANIFEST, MANIFEST_MAX, follow=False)
    except OSError as error:
        raise ConfigError(f"{folder / MANIFEST}: {error.strerror}") from None


def find_changes(folder: Path, key: PublicKey | None) -> tuple[list[str], bool]:
    """Return what is not intact, and whether the manifest has a signature.

    Every file is compared with its hash, the samples are judged again, and the manifest must agree
    with both. If ``key`` is given, it must have signed the manifest. Raises ConfigError without a
    manifest.
    """
    text = _manifest(folder)
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
    there, others = _entries(folder)
    for name, was in sealed.items():
        if name in others:
            continue
        if name not in there:
            yield f"{printable(str(name))}: is missing"
        elif _digest_or_reason(there[name]) != was:
            yield f"{printable(name)}: was changed"
    for name in there:
        if name not in sealed:
            yield f"{printable(name)}: was added after sealing"
    for name in others:
        yield f"{printable(name)}: is not a plain file, and only those are sealed"


def _digest_or_reason(path: Path) -> str:
    try:
        return digest(path)
    except OSError as error:
        return error.strerror or "cannot be read"


def _other_results(folder: Path, report: RunReport) -> Iterator[str]:
    made = {
        RESULTS: results_json(report).encode(),
        JUNIT: junit_xml(report),
        OCPTV: ocptv_lines(report).encode(),
    }
    for name, content in made.items():
        try:
            same = read_plain(folder / name, len(content), follow=False) == content
        except FileNotFoundError:
            yield f"{name}: is missing"
            continue
        except OSError:  # larger
            same = False
        if not same:
            yield f"{name}: does not match the samples"


def _entries(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """Return the regular files below the directory, and the names of whatever else is there.

    Only directories with regular files belong to the files. No link is followed.
    """
    files: dict[str, Path] = {}
    modes = {path: path.lstat().st_mode for path in folder.rglob("*")}
    used = {above for path, mode in modes.items() if stat.S_ISREG(mode) for above in path.parents}
    others = []
    for path, mode in sorted(modes.items()):
        name = path.relative_to(folder).as_posix()
        if stat.S_ISREG(mode):
            files[name] = path
        elif path not in used or not stat.S_ISDIR(mode):
            others.append(name)
    files.pop(MANIFEST, None)
    return dict(sorted(files.items())), others


def _named(report: RunReport, verdict: Verdict) -> list[str]:
    return [result.check for result in report.results if result.verdict is verdict]


def _result(report: RunReport) -> str:
    if report.simulated:
        return "REHEARSED"
    if blocks(report.verdict):
        return "FAILED"
    return "WARNED" if report.verdict is Verdict.MARGINAL else "PASSED"
