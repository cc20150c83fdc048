"""A retest: some checks of a run repeated, in a new directory that refers to that run."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from agent.commission.evidence import bundle
from agent.commission.evidence.sealing import MANIFEST, MANIFEST_MAX
from agent.commission.judge.verdicts import Facts
from agent.model.errors import ConfigError
from agent.parse.plain_file import read_plain
from agent.parse.yaml_source import nearest


def retested(
    facts: Facts, rack: str, checks: Sequence[str], of: Path, *, simulated: bool
) -> tuple[Facts, dict[str, str]]:
    """Return the facts with only these checks, and the new run's reference to the retested run.

    The reference has ``run`` (the directory's name) and ``manifest`` (its SHA-256). Raises
    ConfigError if the retested run is not sealed, is of another rack, generation or stage, or if
    only one of both is a rehearsal.
    """
    known = facts.checks
    for name in checks:
        if name not in known:
            close = ", ".join(nearest(name, known) or list(known))
            raise ConfigError(f"{facts.stage} has no check {name!r}; its checks are {close}")
    try:
        manifest = read_plain(of / MANIFEST, MANIFEST_MAX)
    except OSError as error:
        raise ConfigError(
            f"{of / MANIFEST}: {error.strerror}: only a sealed run is retested"
        ) from None
    started = bundle.started(of)
    was = tuple(started[key] for key in ("rack", "generation", "stage"))
    if was != (rack, facts.generation.digest, facts.stage):
        raise ConfigError(f"{of} is of another rack, stage or version of the generation")
    if bundle.is_rehearsal(started) is not simulated:
        says = (
            "is of a real rack: a rehearsal cannot retest it"
            if simulated
            else "is a rehearsal: a run on a real rack cannot retest it"
        )
        raise ConfigError(f"{of} {says}")
    reference = {"run": of.resolve().name, "manifest": hashlib.sha256(manifest).hexdigest()}
    return replace(facts, only=frozenset(checks)), reference
