"""A real Prometheus finds agents through one of them; one dies and comes back.

``RACKAGENT_FLEET`` sets how many agents there are (4 by default).
"""

import json
import os
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.end_to_end.monitoring import prometheus, query
from tests.end_to_end.ports import free_tcp_ports, free_udp_ports
from tests.end_to_end.programs import RACKAGENT, fetch
from tests.waiting import eventually

AGENTS = int(os.environ.get("RACKAGENT_FLEET", "4"))


def start(path: Path) -> "subprocess.Popen[bytes]":
    log = path.with_suffix(".log")
    with log.open("ab") as out:
        return subprocess.Popen([*RACKAGENT, "run", str(path)], stdout=out, stderr=out)


def end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait(timeout=30)


@pytest.fixture
def sites(tmp_path: Path) -> dict[str, Path]:
    """The files of agents by their address; the first knows the others."""
    ports = free_tcp_ports(AGENTS)
    [silent] = free_udp_ports(1)
    found = {}
    for number, port in enumerate(ports):
        siblings = [f"127.0.0.1:{each}" for each in ports] if number == 0 else []
        device = {"name": f"pdu-{number}", "url": f"snmp://127.0.0.1:{silent}"}
        path = tmp_path / f"agent-{number}.yaml"
        path.write_text(
            json.dumps(
                {
                    "http": {"listen": f"127.0.0.1:{port}", "siblings": siblings},
                    "racks": [
                        {
                            "name": f"r{number}",
                            "labels": {"row": "A"},
                            "devices": [{**device, "profile": "apc-rpdu2"}],
                        }
                    ],
                }
            ),
            encoding="utf-8",
        )
        found[f"127.0.0.1:{port}"] = path
    return found


def up(url: str) -> dict[str, str]:
    return {row["metric"]["instance"]: row["value"][1] for row in query(url, "up")}


@pytest.mark.peer
def test_agents_are_found_and_one_dies_and_comes_back(
    tmp_path: Path, sites: dict[str, Path]
) -> None:
    first, *_, last = sites
    [port] = free_tcp_ports(1)
    job = {"http_sd_configs": [{"url": f"http://{first}/sd", "refresh_interval": "1s"}]}
    with ExitStack() as stack:
        running = {address: start(path) for address, path in sites.items()}
        for process in running.values():
            stack.callback(end, process)
        eventually(lambda: fetch(f"http://{first}/sd"), 60)
        url = stack.enter_context(prometheus(tmp_path, job, port))
        eventually(lambda: up(url) == dict.fromkeys(sites, "1"), 120)
        running[last].kill()
        running[last].wait()
        eventually(lambda: up(url).get(last) == "0")
        assert set(up(url).values()) == {"0", "1"}
        again = start(sites[last])
        stack.callback(end, again)
        eventually(lambda: up(url) == dict.fromkeys(sites, "1"), 60)


@pytest.mark.peer
def test_what_an_agent_polls_can_be_found_too(sites: dict[str, Path]) -> None:
    first = next(iter(sites))
    process = start(sites[first])
    try:
        [device] = json.loads(eventually(lambda: fetch(f"http://{first}/sd?role=device"), 60))
        [target] = device["targets"]
        assert target.startswith("snmp://127.0.0.1:")
        assert device["labels"] == {
            "__meta_rackagent_role": "device",
            "__meta_rackagent_device": "pdu-0",
            "__meta_rackagent_rack": "r0",
            "__meta_rackagent_site": "default",
            "__meta_rackagent_profile": "apc-rpdu2",
            "__meta_rackagent_label_row": "A",
        }
        agents = json.loads(fetch(f"http://{first}/sd"))
        assert [each["targets"] for each in agents] == [[address] for address in sites]
    finally:
        end(process)
