"""A whole rack: replayed recordings and a simulated pumping unit, the daemon, a real Prometheus.

``RACKAGENT_SOAK_S`` sets how long Prometheus scrapes before and after the outage (8 s by default).
"""

import json
import os
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.drivers.harness import corpus
from tests.end_to_end.monitoring import prometheus, query
from tests.end_to_end.ports import free_tcp_ports, free_udp_ports
from tests.end_to_end.programs import background, replay
from tests.waiting import eventually

pytestmark = [pytest.mark.corpus, pytest.mark.peer]

SOAK_S = float(os.environ.get("RACKAGENT_SOAK_S", "8"))
RECORDINGS = {
    "apc": "pdu/apc_ap8853",
    "raritan": "pdu/raritan-pdu_px3",
    "sentry": "pdu/sentry4",
    "leaf": "switch/edgecos_dcs203",
}


def write_config(path: Path, snmp: dict[str, int], modbus: int, http: int) -> None:
    devices: list[dict[str, object]] = [
        {"name": name, "url": f"snmp://127.0.0.1:{port}", "profile": "auto"}
        for name, port in snmp.items()
    ]
    devices.append(
        {"name": "cdu", "url": f"modbus+tcp://127.0.0.1:{modbus}/12", "profile": "orv3-rpu"}
    )
    site = {
        "site": "test",
        "defaults": {"interval": "1s", "timeout": "500ms", "retries": 1},
        "http": {"listen": f"127.0.0.1:{http}"},
        "racks": [{"name": "r1", "model": "orv3-rpu", "devices": devices}],
    }
    path.write_text(json.dumps(site), encoding="utf-8")


def write_cdu(path: Path, modbus: int) -> None:
    device = {"name": "cdu", "url": f"modbus+tcp://127.0.0.1:{modbus}/12", "profile": "orv3-rpu"}
    rack = {"name": "r1", "model": "orv3-rpu", "devices": [device]}
    path.write_text(json.dumps({"racks": [rack]}), encoding="utf-8")


def devices_of(url: str) -> set[str]:
    found = query(url, 'count by (device) ({__name__=~"rack_.*"})')
    return {row["metric"]["device"] for row in found}


def test_a_device_that_goes_and_returns_costs_nobody_else_a_gap(tmp_path: Path) -> None:
    recordings = corpus() / "snmp"
    ports = dict(zip(RECORDINGS, free_udp_ports(len(RECORDINGS)), strict=True))
    modbus, http, prom = free_tcp_ports(3)
    write_config(tmp_path / "site.yaml", ports, modbus, http)
    write_cdu(tmp_path / "cdu.yaml", modbus)
    everyone = {*RECORDINGS, "cdu"}
    with ExitStack() as stack:
        stack.enter_context(background("simulate", str(tmp_path / "cdu.yaml")))
        for name, port in ports.items():
            if name != "sentry":
                stack.enter_context(replay(recordings / f"{RECORDINGS[name]}.snmprec", port))
        with replay(recordings / f"{RECORDINGS['sentry']}.snmprec", ports["sentry"]):
            stack.enter_context(background("run", str(tmp_path / "site.yaml")))
            url = stack.enter_context(
                prometheus(tmp_path, {"static_configs": [{"targets": [f"127.0.0.1:{http}"]}]}, prom)
            )
            eventually(lambda: devices_of(url) == everyone)
            began = time.time()
            time.sleep(SOAK_S)
        eventually(lambda: devices_of(url) == everyone - {"sentry"})
        assert query(url, 'rackagent_device_up{device="sentry"}')[0]["value"][1] == "0"
        with replay(recordings / f"{RECORDINGS['sentry']}.snmprec", ports["sentry"]):
            eventually(lambda: devices_of(url) == everyone)
            time.sleep(SOAK_S)
            window = f"[{int(time.time() - began)}s]"
            assert query(url, f"min_over_time(up{window})")[0]["value"][1] == "1"
            for name in sorted(everyone - {"sentry"}):
                worst = query(url, f'min_over_time(rackagent_device_up{{device="{name}"}}{window})')
                assert worst[0]["value"][1] == "1", f"{name} had a gap"
    log = (tmp_path / "prometheus.log").read_text()
    bad = [line for line in log.splitlines() if "level=warn" in line or "level=error" in line]
    assert not [line for line in bad if "SIGTERM" not in line]
