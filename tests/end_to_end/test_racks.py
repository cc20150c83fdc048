"""Several racks in one run: rehearsed side by side, read on time, and single checks again.

``RACKAGENT_RACKS=10`` reads ten whole racks; two are enough to see that nothing stands in the way.
"""

import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.commission.evidence.bundle import SAMPLES
from agent.commission.journal.samples import SampleStore
from agent.commission.journal.writer import read_journal
from agent.commission.spec.models import POLLS
from agent.parse.yaml_source import load
from tests.end_to_end.ports import free_tcp_ports, free_udp_ports
from tests.end_to_end.programs import background
from tests.end_to_end.test_commission import SMALL, Hall
from tests.house import ROOT
from tests.waiting import PATIENCE_S, eventually

RACKS = int(os.environ.get("RACKAGENT_RACKS", "2"))
WATCH = """\
generation: watched
version: 1.0.0
title: A whole rack that is only looked at
extends: nvl72
steps:
  idle: {title: Look, load: null, confirm: null, within: null, rest: null, hold: HOLD}
"""


def spread(racks: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """The first rack ``count`` times, each on ports of its own."""
    found = []
    for number in range(1, count + 1):
        devices = []
        places = sorted({each["url"].split("/")[2] for each in racks[0]["devices"]})
        tcp, udp = iter(free_tcp_ports(len(places))), iter(free_udp_ports(len(places)))
        ports: dict[str, str] = {}
        for device in racks[0]["devices"]:
            scheme, _, place, *unit = device["url"].split("/")
            if place not in ports:
                port = next(tcp) if scheme.startswith("modbus") else next(udp)
                ports[place] = f"127.0.0.1:{port}"
            role = device.get("role", device["name"])
            url = "/".join([scheme, "", ports[place], *unit])
            devices.append({**device, "name": f"r{number}-{role}", "role": role, "url": url})
        found.append({**racks[0], "name": f"r{number}", "devices": devices})
    return found


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Hall:
    """Two small racks; the stage is short and nobody judges the cables."""
    made = Hall(tmp_path_factory.mktemp("racks"))
    site = json.loads(made.site.read_text())
    made.site.write_text(json.dumps({**site, "racks": spread(site["racks"], 2)}))
    text = SMALL.replace("rest: 3m, hold: 6m}", "rest: 20, hold: 60}")
    lines = text.replace("lasting: 3m", "lasting: 20").splitlines()
    lines = [line for line in lines if "cabling" not in line and "number: 36" not in line]
    made.generation.write_text("\n".join(lines) + "\n")
    return made


def order(hall: Hall, *more: str) -> list[str]:
    given = ("--generation", str(hall.generation), "--stage", "L11", "--simulated")
    return ["commission", str(hall.site), *given, *more]


def test_racks_side_by_side_and_one_check_again(hall: Hall) -> None:
    done = hall.run(*order(hall, "--all-racks", "--out", "all", "--fault", "clog:rack=r2"))
    text = done.stdout + done.stderr
    assert done.returncode == 1, text
    assert "r1 two L11: PASS" in done.stdout
    assert "r2 two L11: FAIL" in done.stdout
    table = done.stdout[done.stdout.index("rack  verdict") :].split()
    assert table[:3] == ["rack", "verdict", "evidence"]
    assert table[3:7] == ["r1", "PASS", "(rehearsal)", "all/r1"]
    assert table[7:] == ["r2", "FAIL", "(rehearsal)", "all/r2"]
    for rack in ("r1", "r2"):
        assert hall.run("evidence", "verify", f"all/{rack}").returncode == 0

    again = hall.run(
        *order(hall, "--rack", "r2", "--retest", "drop", "--of", "all/r2", "--out", "again"),
        *("--format", "json"),
    )
    assert again.returncode == 0, again.stderr
    events = [json.loads(line) for line in again.stdout.splitlines()]
    assert [each["step"] for each in events if each["event"] == "step_began"] == ["full"]
    assert events[-1]["verdict"] == "PASS"
    assert events[0]["retest_of"]["run"] == "r2"
    assert hall.verdicts("again") == {"drop": "PASS"}
    assert hall.verdicts("all/r2")["drop"] == "FAIL"
    assert hall.run("evidence", "judge", "again").returncode == 0


def test_what_cannot_be_a_run_of_several_or_a_retest(hall: Hall) -> None:
    for more, says in (
        (("--all-racks", "--rack", "r1"), "exclude each other"),
        (("--rack", "r1", "--rack", "r9"), "has no rack 'r9'; there are: r1, r2"),
        ((), "has several racks; name one: r1, r2"),
        (("--rack", "r1", "--retest", "drop"), "--retest CHECKS and --of DIR"),
        (("--rack", "r1", "--retest", "drip", "--of", "x"), "no check 'drip'; its checks are drop"),
        (("--rack", "r1", "--retest", "drop", "--of", "x"), "only a sealed run is retested"),
    ):
        refused = hall.run(*order(hall, *more))
        assert refused.returncode == 2, refused.stderr
        assert says in refused.stderr


def test_whole_racks_are_read_on_time(tmp_path: Path) -> None:
    """Served by another process, at the pace of the clock; every round reads every device."""
    hold_s = 4 if RACKS == 2 else 60
    source = load(ROOT / "configs" / "racks" / "nvl72.yaml").data
    stand_ins = str(ROOT / "configs" / "racks" / "stand-ins")
    del source["racks"][0]["sheet"]
    # A busy machine must not turn an answer into a timeout: this test is about the schedule.
    patient = {**source["defaults"], "timeout": "10s"}
    racks = spread(source["racks"], RACKS)
    site, generation = tmp_path / "site.yaml", tmp_path / "watched.yaml"
    parts = {"defaults": patient, "profiles": [stand_ins], "racks": racks}
    site.write_text(json.dumps({**source, **parts}))
    generation.write_text(WATCH.replace("HOLD", f"{hold_s}s"))
    made = object.__new__(Hall)
    made.folder = tmp_path
    with background("simulate", str(site)):
        for device in (device for rack in racks for device in rack["devices"]):
            wait_until_served(device["url"])
        done = made.run(
            *("commission", site, "--generation", generation, "--stage", "L3", "--all-racks"),
            *("--out", "all", "--interval", "2" if RACKS == 2 else "5"),
        )
    assert done.returncode in (0, 1), done.stderr
    for rack in racks:
        folder = tmp_path / "all" / rack["name"]
        late = read_journal(folder / "journal.jsonl")
        [ended] = [each for each in late if each["event"] == "run_ended"]
        sys.stdout.write(f"{rack['name']} {ended['late']}\n")
        store = SampleStore(folder / SAMPLES, read_only=True)
        polls = list(store.between(0, 9e12, {POLLS}))
        store.close()
        assert {poll.value for poll in polls} == {1.0}
        assert len(polls) % len(rack["devices"]) == 0
        assert len(polls) / len(rack["devices"]) >= ended["late"]["rounds"] > 1


def wait_until_served(url: str) -> None:
    """Wait for a Modbus device's port; those of SNMP are there as soon."""
    if not url.startswith("modbus"):
        return
    host, port = url.split("/")[2].split(":")
    eventually(lambda: socket.create_connection((host, int(port)), timeout=PATIENCE_S)).close()
