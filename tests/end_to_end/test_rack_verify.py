"""'rack draft' and 'rack verify' against a simulated rack over its sockets, in processes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.end_to_end.programs import background
from tests.simulator.bench import write_site
from tests.waiting import eventually

ROLES = {
    "pdu-a": "apc-rpdu2",
    "shelf-1": "orv3-hpr-psu",
    "switch-1": "switch",
    "switch-2": "switch",
}


def rackagent(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "agent", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return write_site(tmp_path, ROLES)


def drafted(site: Path) -> dict[str, object]:
    """The build sheet of the rack, once it answers."""

    def draft() -> str:
        result = rackagent("rack", "draft", site)
        return "" if result.returncode else result.stdout

    found: dict[str, object] = yaml.safe_load(eventually(draft))
    return found


@pytest.fixture
def sheet(site: Path, tmp_path: Path) -> Path:
    with background("simulate", str(site)):
        path = tmp_path / "sheet.yaml"
        path.write_text(json.dumps(drafted(site)))
        whole = rackagent("rack", "verify", site, "--sheet", path)
        assert (whole.returncode, whole.stderr) == (0, "")
        assert "cabling: 44 compared, 0 not as planned" in whole.stdout
    return path


def test_a_swapped_cable_and_a_wrong_serial_are_told(site: Path, sheet: Path) -> None:
    with background("simulate", str(site), "--fault", "swap_cables:switch=2,port_a=4,port_b=9"):
        plan = yaml.safe_load(sheet.read_text())
        eventually(lambda: drafted(site) != plan)  # a fault is laid with the first tick
        plan["devices"][0]["serial"] = "ANOTHER"
        sheet.write_text(json.dumps(plan))
        result = rackagent("rack", "verify", site, "--sheet", sheet, "-f", "json")
    assert result.returncode == 1
    says = [f"{each['where']}: {each['says']}" for each in json.loads(result.stdout)["findings"]]
    assert len(says) == 2
    assert says[0].startswith("pdu-a: serial is SIM")
    assert says[1] == (
        "switch-2 Ethernet4: swapped with switch-2 Ethernet9: node-09 eth2 and node-04 eth2 are"
        " exchanged"
    )


def test_a_rack_that_does_not_answer(site: Path, sheet: Path) -> None:
    result = rackagent("rack", "verify", site, "--sheet", sheet)
    assert result.returncode == 3
    assert "switch-2  does not answer" in result.stdout
