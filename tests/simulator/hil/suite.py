"""Runs the example suite as a user would: in a process of its own, on ports of its own."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from tests.end_to_end.ports import free_tcp_ports, free_udp_ports

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
    """The suite with its rack on free ports; ``more`` is added to the rack's file."""
    for path in _SUITE.iterdir():
        if path.is_file():
            (folder / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    rack = folder / "rack.yaml"
    text = rack.read_text(encoding="utf-8")
    ports = zip(("16201", "16202", "16203"), free_udp_ports(3), strict=True)
    for old, new in (*ports, ("15222", free_tcp_ports(1)[0])):
        text = re.sub(f":{old}", f":{new}", text)
    rack.write_text(text + more, encoding="utf-8")
    return rack


def loaded() -> list[str]:
    """The options that load the plugin where it is not installed as an entry point."""
    installed = {point.name for point in entry_points(group="pytest11")}
    return [] if "rackagent" in installed else ["-p", "simulator.pytest_plugin"]


def run_pytest(folder: Path, *arguments: str) -> Run:
    """``pytest ARGUMENTS`` in ``folder``; it has no terminal."""
    log = folder / "run.jsonl"
    log.unlink(missing_ok=True)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", *loaded(), "-p", "no:cacheprovider"),
            *(f"--rack-log={log}", *arguments),
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return Run(done.returncode, done.stdout + done.stderr, [json.loads(line) for line in lines])
