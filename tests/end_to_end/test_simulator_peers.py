"""A simulated rack read by clients that know nothing of it: net-snmp, mbpoll, snmp_exporter.

What they must find was reckoned by hand: the published figures of an NVL72-class rack at 120 kW,
and the scales that the devices' MIBs and data sheets give. None of our own code reads anything.
"""

import json
import os
import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.monitoring import prometheus, query, snmp_exporter
from tests.end_to_end.ports import free_tcp_ports, free_udp_ports
from tests.end_to_end.programs import background, fetch
from tests.peers import AUTH_SECRET, PRIV_SECRET, require
from tests.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.peer

SPEED = 200
SETTLED_S = 900.0
CDU_UNIT, SHELF_UNIT = 12, 144

# At 120 kW: 86.5 A in each phase of each feed, a bar of 2,363 A from 8 x 6 supplies.
AMPERES = 86.5
FEED_W = 86.5 * 3**0.5 * 415 * 0.99
SUPPLY_W, SUPPLY_A = 120e3 / 48, 2363 / 48
BUS_V = 51 - 0.5 * 120 / (8 * 33)

# PowerNet-MIB: tenths of an ampere, volts, hundredths of a kilowatt.
RPDU = "1.3.6.1.4.1.318.1.1.12.2.3.1.1.2"
RPDU2 = "1.3.6.1.4.1.318.1.1.26"
PHASE_VOLTS, PHASE_POWER = f"{RPDU2}.6.3.1.6", f"{RPDU2}.6.3.1.7"
POWER, ENERGY = f"{RPDU2}.4.3.1.5.1", f"{RPDU2}.4.3.1.9.1"
OUTLET_STATE = f"{RPDU2}.9.2.3.1.5"

V2C = ["-v2c", "-cpublic"]
V3 = [
    *("-v3", "-urack", "-lauthPriv"),
    *("-aSHA-256", f"-A{AUTH_SECRET}", "-xAES", f"-X{PRIV_SECRET}"),
]


@dataclass(frozen=True)
class Rack:
    """The ports of a rack that has settled at full load. ``pdu-b`` speaks v3 only."""

    pdu_a: int
    pdu_b: int
    switch: int
    cdu: int
    shelf: int

    def pdus(self) -> list[tuple[list[str], int]]:
        """Both PDUs and how to ask them."""
        return [(V2C, self.pdu_a), (V3, self.pdu_b)]


def write_site(path: Path, rack: Rack) -> None:
    """A v2c PDU and switch, a v3 PDU, and two Modbus devices."""
    v3 = {
        "version": 3,
        "user": "rack",
        "auth": {"protocol": "SHA-256", "secret": AUTH_SECRET},
        "priv": {"protocol": "AES-128", "secret": PRIV_SECRET},
    }
    credentials = {"open": {"version": "2c", "community": "public"}, "v3": v3}
    devices = [
        {"name": name, "url": f"snmp://127.0.0.1:{port}", "profile": profile, "credentials": who}
        for name, port, profile, who in (
            ("pdu-a", rack.pdu_a, "apc-rpdu2", "open"),
            ("pdu-b", rack.pdu_b, "apc-rpdu2", "v3"),
            ("switch-1", rack.switch, "switch", "open"),
        )
    ]
    devices += [
        {"name": name, "url": f"modbus+tcp://127.0.0.1:{port}/{unit}", "profile": profile}
        for name, port, unit, profile in (
            ("cdu", rack.cdu, CDU_UNIT, "orv3-rpu"),
            ("shelf-1", rack.shelf, SHELF_UNIT, "orv3-hpr-psu"),
        )
    ]
    racks = [{"name": "r1", "model": "nvl72", "devices": devices}]
    path.write_text(json.dumps({"credentials": credentials, "racks": racks}), encoding="utf-8")


def elapsed_s(url: str) -> float:
    return float(json.loads(fetch(f"{url}/state"))["elapsed_s"])


@pytest.fixture(scope="module")
def rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rack]:
    served = Rack(*free_udp_ports(3), *free_tcp_ports(2))
    site = tmp_path_factory.mktemp("site") / "site.yaml"
    write_site(site, served)
    control = f"127.0.0.1:{free_tcp_ports(1)[0]}"
    url = f"http://{control}"
    with background("simulate", str(site), f"--speed={SPEED}", "--control", control):
        began = eventually(lambda: elapsed_s(url))
        order = urllib.request.Request(
            f"{url}/load", b'{"ratio": 1.0}', {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(order, timeout=PATIENCE_S) as answer:
            assert json.load(answer) == {"ratio": 1.0}
        eventually(lambda: elapsed_s(url) > began + SETTLED_S)
        yield served


def net_snmp(program: str, how: list[str], port: int, *oids: str) -> dict[str, str]:
    """What net-snmp's ``program`` prints, by OID; it must succeed and complain of nothing."""
    done = subprocess.run(
        [require(program), *how, "-t2", "-r2", "-Onq", f"127.0.0.1:{port}", *oids],
        env={**os.environ, "MIBS": "", "SNMPCONFPATH": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    rows = [line.partition(" ") for line in done.stdout.splitlines() if line.startswith(".")]
    return {oid.removeprefix("."): text.strip('"') for oid, _, text in rows}


def column(how: list[str], port: int, oid: str) -> dict[str, str]:
    """A column by row, fetched by GETBULK."""
    found = net_snmp("snmpbulkwalk", how, port, oid)
    return {row.removeprefix(f"{oid}."): text for row, text in found.items()}


def registers(port: int, unit: int, address: int, count: int) -> list[int]:
    """Holding registers as mbpoll reads them, without a sign."""
    done = subprocess.run(
        [
            *(require("mbpoll"), "-mtcp", f"-p{port}", f"-a{unit}", "-0", "-t4"),
            *(f"-r{address}", f"-c{count}", "-1", "-q", "127.0.0.1"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.findall(r"^\[(\d+)\]:\s+(\d+)", done.stdout, re.MULTILINE)
    assert [int(at) for at, _ in found] == list(range(address, address + count))
    return [int(value) for _, value in found]


def test_net_snmp_gets_what_the_rack_draws(rack: Rack) -> None:
    phases = [f"{RPDU}.{phase}" for phase in (1, 2, 3)]
    for how, port in rack.pdus():
        shown = net_snmp("snmpget", how, port, *phases, POWER)
        for oid in phases:
            assert int(shown[oid]) / 10 == pytest.approx(AMPERES, rel=0.02)
        assert int(shown[POWER]) * 10 == pytest.approx(FEED_W, rel=0.02)


def test_net_snmp_walks_phases_and_outlets_in_bulk(rack: Rack) -> None:
    for how, port in rack.pdus():
        volts = column(how, port, PHASE_VOLTS)
        watts = column(how, port, PHASE_POWER)
        assert set(volts) == set(watts) == {"1", "2", "3"}
        for phase in volts:
            assert int(volts[phase]) == pytest.approx(415 / 3**0.5, rel=0.02)
            assert int(watts[phase]) * 10 == pytest.approx(FEED_W / 3, rel=0.02)
        assert set(column(how, port, OUTLET_STATE).values()) == {"2"}, "on"


def test_getbulk_and_getnext_find_the_same_rows_of_every_tree(rack: Rack) -> None:
    """All of them: net-snmp ends a walk with an error where an OID does not increase."""
    for how, port in (*rack.pdus(), (V2C, rack.switch)):
        bulk, steps = [
            list(net_snmp(program, how, port, "1.3")) for program in ("snmpbulkwalk", "snmpwalk")
        ]
        assert bulk == steps
        assert len(bulk) > 100


def test_net_snmp_counts_energy(rack: Rack) -> None:
    for how, port in rack.pdus():
        before = int(net_snmp("snmpget", how, port, ENERGY)[ENERGY])

        def risen(how: list[str] = how, port: int = port, before: int = before) -> bool:
            return int(net_snmp("snmpget", how, port, ENERGY)[ENERGY]) > before

        eventually(risen)


def test_net_snmp_walks_the_ports_of_a_switch(rack: Rack) -> None:
    if_x, lldp_name = "1.3.6.1.2.1.31.1.1.1", "1.0.8802.1.1.2.1.4.1.1.9"
    names = column(V2C, rack.switch, f"{if_x}.1")
    ethernet = [row for row, name in names.items() if name.startswith("Ethernet")]
    assert len(ethernet) == 32
    megabits = column(V2C, rack.switch, f"{if_x}.15")
    up = column(V2C, rack.switch, "1.3.6.1.2.1.2.2.1.8")
    wired = [row for row in ethernet if up[row] == "1"]
    assert len(wired) == 18 + 4, "nodes and uplinks"
    assert {megabits[row] for row in wired} == {"400000"}
    octets = column(V2C, rack.switch, f"{if_x}.6")
    assert all(int(octets[row]) > 0 for row in wired)
    neighbors = set(column(V2C, rack.switch, lldp_name).values())
    assert {f"node-{number:02d}" for number in range(1, 19)} <= neighbors


def test_mbpoll_reads_the_coolant(rack: Rack) -> None:
    """Tenths of L/min, of degrees and of kPa from 36864, as in Delta's map; pump speeds after."""
    flow, supply, back, before_rack, after_rack = (
        raw / 10 for raw in registers(rack.cdu, CDU_UNIT, 36864, 5)
    )
    assert flow == pytest.approx(130, rel=0.02)
    assert supply == pytest.approx(30, abs=0.3)
    assert back - supply == pytest.approx(12, abs=0.35)
    # The gauges see the rack's 89 kPa and a fifth of the 95 kPa of the pipes besides.
    assert before_rack - after_rack == pytest.approx(89 + 19, rel=0.02)
    duty, standby = registers(rack.cdu, CDU_UNIT, 36874, 2)
    assert duty == pytest.approx(0.9 * 3600, rel=0.02)
    assert standby == 0


def test_mbpoll_reads_a_supply(rack: Rack) -> None:
    """Fixed point: volts out in 1024ths, amperes in 64ths, watts in 8ths, volts in in 64ths."""
    volts, amperes, _, watts = registers(rack.shelf, SHELF_UNIT, 79, 4)
    assert volts / 1024 == pytest.approx(BUS_V, rel=0.01)
    assert amperes / 64 == pytest.approx(SUPPLY_A, rel=0.02)
    assert watts / 8 == pytest.approx(SUPPLY_W, rel=0.02)
    taken, fed = registers(rack.shelf, SHELF_UNIT, 87, 2)
    assert watts / taken == pytest.approx(0.975, abs=0.01)
    assert fed / 64 == pytest.approx(415 / 3**0.5, rel=0.02)


def test_mbpoll_is_refused_by_an_address_that_is_not_there(rack: Rack) -> None:
    with pytest.raises(AssertionError, match="Illegal data address"):
        registers(rack.cdu, CDU_UNIT, 60_000, 1)


MODULES = f"""
v2c: &module
  walk: [1.3.6.1.4.1.318.1.1.26.4.3, 1.3.6.1.4.1.318.1.1.26.6.3]
  get: [{RPDU}.1]
  version: 2
  max_repetitions: 25
  auth: {{community: public}}
  metrics:
    - {{name: l1_deciamperes, oid: {RPDU}.1, type: gauge, help: 'L1.'}}
    - &phase
      name: phase_volts
      oid: {PHASE_VOLTS}
      type: gauge
      help: 'A phase.'
      indexes: [{{labelname: phase, type: gauge}}]
    - {{<<: *phase, name: phase_dekawatts, oid: {PHASE_POWER}}}
    - {{name: energy, oid: {ENERGY}, type: counter, help: 'Tenths of a kWh.'}}
v3:
  <<: *module
  version: 3
  auth:
    username: rack
    security_level: authPriv
    auth_protocol: SHA256
    password: {AUTH_SECRET}
    priv_protocol: AES
    priv_password: {PRIV_SECRET}
"""


def test_snmp_exporter_exposes_both_pdus(rack: Rack, tmp_path: Path) -> None:
    with snmp_exporter(tmp_path, MODULES, free_tcp_ports(1)[0]) as url:
        for module, port in (("v2c", rack.pdu_a), ("v3", rack.pdu_b)):
            asked = urllib.parse.urlencode({"module": module, "target": f"127.0.0.1:{port}"})
            lines = fetch(f"{url}/snmp?{asked}").splitlines()
            shown = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
            assert float(shown["l1_deciamperes"]) / 10 == pytest.approx(AMPERES, rel=0.02)
            for phase in "123":
                label = f'{{phase="{phase}"}}'
                watts = float(shown[f"phase_dekawatts{label}"]) * 10
                assert watts == pytest.approx(FEED_W / 3, rel=0.02)
                assert float(shown[f"phase_volts{label}"]) == pytest.approx(415 / 3**0.5, rel=0.02)


def test_prometheus_scrapes_both_pdus_through_snmp_exporter(rack: Rack, tmp_path: Path) -> None:
    exporter, port = free_tcp_ports(2)
    targets = [
        {"targets": [f"127.0.0.1:{udp}"], "labels": {"__param_module": module, "pdu": module}}
        for module, udp in (("v2c", rack.pdu_a), ("v3", rack.pdu_b))
    ]
    job = {
        "metrics_path": "/snmp",
        "static_configs": targets,
        "relabel_configs": [
            {"source_labels": ["__address__"], "target_label": "__param_target"},
            {"target_label": "__address__", "replacement": f"127.0.0.1:{exporter}"},
        ],
    }
    with snmp_exporter(tmp_path, MODULES, exporter), prometheus(tmp_path, job, port) as url:
        risen = "count(increase(energy[1m]) > 0 and resets(energy[1m]) == 0)"
        eventually(lambda: query(url, f"{risen} == 2"))
        power = {
            row["metric"]["pdu"]: float(row["value"][1])
            for row in query(url, "10 * sum by (pdu) (phase_dekawatts)")
        }
        amperes = query(url, "l1_deciamperes / 10")
        worst = query(url, "min(min_over_time(up[1m]))")
    assert power == pytest.approx({"v2c": FEED_W, "v3": FEED_W}, rel=0.02)
    assert [float(row["value"][1]) for row in amperes] == pytest.approx([AMPERES] * 2, rel=0.02)
    assert worst[0]["value"][1] == "1"
