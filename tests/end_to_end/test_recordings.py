"""Recordings of real devices, replayed as SNMP agents and read by the command line.

The expected values are LibreNMS's; a row counts as read when its OID is the source of a good
reading that agrees after conversion to the base unit.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from agent.model.units import unit
from tests.drivers.harness import corpus
from tests.end_to_end.ports import free_udp_ports
from tests.end_to_end.programs import read, replay

pytestmark = pytest.mark.corpus

RECORDINGS = (
    "pdu/apc_ap8853",
    "pdu/raritan-pdu_px3",
    "pdu/sentry4",
    "switch/edgecos_dcs203",
)
UNITS = {
    "voltage": "V",
    "current": "A",
    "power": "W",
    "power_consumed": "kWh",
    "temperature": "degC",
    "frequency": "Hz",
    "fanspeed": "rpm",
}


def rows(recording: Path) -> list[tuple[dict[str, Any], float]]:
    """The oracle's measured rows that it read without a special case, and their base values."""
    text = recording.with_name(recording.stem + ".expected.json").read_text(encoding="utf-8")
    found = []
    for row in json.loads(text)["sensors"]:
        if row["verdict"] == "ok" and row["cls"] in UNITS:
            native = unit(UNITS[row["cls"]])
            found.append((row, float(row["expected"] * native.factor + native.offset)))
    return found


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_measured_row_is_read_right_by_its_oid(name: str) -> None:
    recording: Path = corpus() / "snmp" / f"{name}.snmprec"
    [port] = free_udp_ports(1)
    with replay(recording, port):
        document = read(f"snmp://127.0.0.1:{port}", "--profile", "auto")
    good = [r for r in document["readings"] if r["quality"] == "good"]
    by_oid = {r["source"]["oid"]: r for r in good}
    wrong = []
    for row, value in rows(recording):
        reading = by_oid.get(row["oid"])
        if reading is None or abs(reading["value"] - value) > 1e-6 * abs(value):
            wrong.append((row["oid"], row["descr"], value, reading and reading["value"]))
    assert not wrong
    keys = [(r["metric"], tuple(sorted(r["labels"].items()))) for r in document["readings"]]
    assert len(keys) == len(set(keys)), "a series stands twice"
    assert document["failures"] == []
