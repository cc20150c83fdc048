"""The systemd unit that ships, as systemd itself judges it."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.house import ROOT
from tests.peers import require

UNIT = ROOT / "configs" / "systemd" / "rackagent.service"
EXPOSURE_MAX = 2.0  # systemd's own scale, 0 is none


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that exists wherever the test runs."""
    path = tmp_path / UNIT.name
    text = UNIT.read_text(encoding="utf-8")
    path.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.M), "utf-8")
    return path


def analyze(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [require("systemd-analyze"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.peer
def test_systemd_has_nothing_to_say_against_it(unit: Path) -> None:
    done = analyze("verify", str(unit))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.peer
def test_it_is_locked_down(unit: Path) -> None:
    done = analyze("security", "--offline=true", str(unit))
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found is not None, done.stdout + done.stderr
    assert float(found[1]) <= EXPOSURE_MAX
