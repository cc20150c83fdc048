"""The rack that is there to rehearse commissioning on: it passes, and a planted fault does not."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.ports import free_tcp_ports, free_udp_ports
from tests.end_to_end.programs import RACKAGENT
from tests.house import ROOT

RACKS = ROOT / "configs" / "racks"
SKIPPED = {
    *("power.inrush", "cooling.chemistry"),  # for a person to judge
    *("network.fec_corrected", "network.fec_uncorrected"),  # not in IF-MIB
    "cooling.approach",  # only with the valve fully open
}


def site(folder: Path) -> Path:
    """The shipped configuration on ports that are free."""
    racks = folder / "racks"
    shutil.copytree(RACKS, racks)
    path = racks / "nvl72.yaml"
    text = path.read_text(encoding="utf-8")
    tcp, udp = (sorted(set(re.findall(rf"127.0.0.1:({kind}\d+)", text))) for kind in ("15", "16"))
    free = [*free_tcp_ports(len(tcp)), *free_udp_ports(len(udp))]
    for old, new in zip((*tcp, *udp), free, strict=True):
        text = text.replace(f"127.0.0.1:{old}", f"127.0.0.1:{new}")
    path.write_text(text, encoding="utf-8")
    return path


def commission(folder: Path, *more: str) -> tuple[int, dict[str, str]]:
    """Exit status and verdicts of a run with half a minute between two rounds."""
    order = ("--stage", "L4", "--simulated", "--interval", "30", "--out", "ev")
    command = [*RACKAGENT, "commission", str(site(folder)), *order]
    done = subprocess.run(
        [*command, *more], capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode in (0, 1), done.stderr
    found = json.loads((folder / "ev" / "results.json").read_text())
    return done.returncode, {each["check"]: each["verdict"] for each in found["checks"]}


@pytest.mark.parametrize(
    ("faults", "failing"),
    [
        ([], {}),
        (
            ["bad_joint:shelf=3", "dirty_optic:port=7", "ct_reversed"],
            {
                "power.clips": "FAIL",
                "network.optics_alike": "FAIL",
                "power.power_factor": "FAIL",
                # The profile's cross check doubts a power that contradicts current and voltage.
                "power.feed_share": "ERROR",
                "power.direction": "FAIL",
                "power.agreement": "ERROR",
            },
        ),
    ],
    ids=["well", "faulty"],
)
def test_a_stage(tmp_path: Path, faults: list[str], failing: dict[str, str]) -> None:
    status, verdicts = commission(tmp_path, *(f"--fault={fault}" for fault in faults))
    assert {name for name, verdict in verdicts.items() if verdict == "SKIP"} == SKIPPED
    assert {n: v for n, v in verdicts.items() if v not in ("PASS", "SKIP")} == failing
    assert status == (1 if failing else 0)
