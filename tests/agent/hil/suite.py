"""Runs the example suite as a user would: in a process of its own, on ports of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
_SUITE = ROOT / "configs" / "hil"


@dataclass(frozen=True)
class Run:
    """How a run ended. ``log`` is what it wrote of what it saw."""

    status: int
    text: str
    log: list[dict[str, Any]]

    def outcomes(self, outcome: str) -> set[str]:
        """Short names of the tests that ended so."""
        return {
            line["test"].rpartition("::")[2]
            for line in self.log
            if line["event"] == "outcome" and line["outcome"] == outcome
        }


def copy_suite(folder: Path, more: str = "") -> Path:
    """The suite with its rack on addresses of this process; ``more`` is added to the rack's file.

    Its ports are none that a client may be given, so that they stay free between two tests.
    """
    for path in _SUITE.iterdir():
        if path.is_file():
            (folder / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    rack = folder / "rack.yaml"
    own = f"127.77.{os.getpid() >> 8 & 0xFF}.{os.getpid() & 0xFF}"
    text = rack.read_text(encoding="utf-8").replace("127.0.0.1", own)
    rack.write_text(text + more, encoding="utf-8")
    return rack


def loaded() -> list[str]:
    """The options that load the plugin where it is not installed as an entry point."""
    installed = {point.name for point in entry_points(group="pytest11")}
    return [] if "rackagent" in installed else ["-p", "agent.hil.pytest_plugin"]


def run_pytest(folder: Path, *arguments: str, stdin: int = subprocess.DEVNULL) -> Run:
    """``pytest ARGUMENTS`` in ``folder``; without ``stdin`` it has no terminal."""
    log = folder / "run.jsonl"
    log.unlink(missing_ok=True)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", *loaded(), "-p", "no:cacheprovider"),
            *(f"--rack-log={log}", *arguments),
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=stdin,
        capture_output=True,
        text=True,
        timeout=120,
    )
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return Run(done.returncode, done.stdout + done.stderr, [json.loads(line) for line in lines])
