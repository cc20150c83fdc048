"""Runs the command line in this process, on a small site and a device without sockets."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import structlog

from agent.cli import app, guarded
from agent.model import smi
from agent.model.credentials import SnmpCredentials
from agent.model.limits import Limits
from agent.parse.url import Url
from agent.transport.factory import Transports
from agent.transport.memory import MemoryTransport
from tests.agent.making import BASE

PROFILE = f"""\
profile: acme-pdu
title: A PDU
kind: pdu
protocol: snmp
verified: datasheet
source: the test
notes: Beware of the cat.
identify: {{sys_object_id: {BASE}}}
info: {{vendor: Acme, model: {{oid: {BASE}.9.0}}}}
lookups: {{digits: {{column: {BASE}.2.9}}, unit: {{column: {BASE}.2.8}}}}
points:
  - {{metric: rack_inlet_power_watts, oid: {BASE}.1.0, unit: kW, scale: 0.01}}
  - {{metric: rack_phase_current_amperes, oid: {BASE}.2.1, unit: A, index: [phase], absent: [-1]}}
  - {{metric: rack_outlet_power_watts, oid: {BASE}.3.1, index: [outlet], interval: 60,
     scale: {{lookup: digits}}, unit: {{lookup: unit}}}}
"""

COOLING = """\
profile: acme-cdu
title: A cooling unit
kind: cdu
protocol: modbus
verified: datasheet
source: the test
points:
  - {metric: rack_pump_speed_rpm, address: 10, unit: rpm, data_type: uint32}
  - {metric: rack_alarm_active, address: 12, bits: {3: leak}}
"""

SITE = """\
profiles: [mine]
credentials: {rack: {version: 1, community: {env: RACK_COMMUNITY}}}
racks:
  - name: r1
    devices:
      - {name: pdu, url: snmp://10.0.0.5, profile: acme-pdu, credentials: rack}
      - {name: cdu, url: modbus+tcp://10.0.0.6/1, profile: acme-cdu, interval: 30}
      - {name: other, url: snmp://10.0.0.7}
"""

CELLS: dict[bytes, tuple[int, int | bytes | None]] = {
    smi.oid("1.3.6.1.2.1.1.1.0"): (smi.OCTET_STRING, b"Acme PDU [v2]"),
    smi.oid("1.3.6.1.2.1.1.2.0"): (smi.OBJECT_ID, smi.oid(f"{BASE}.7")),
    smi.oid("1.3.6.1.2.1.1.5.0"): (smi.OCTET_STRING, b"rack-1"),
    smi.oid(f"{BASE}.9.0"): (smi.OCTET_STRING, b"BX-1"),
    smi.oid(f"{BASE}.1.0"): (smi.GAUGE32, 57),
    smi.oid(f"{BASE}.2.1.1"): (smi.INTEGER, 5),
    smi.oid(f"{BASE}.2.1.2"): (smi.INTEGER, -1),
}


class Result(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Runs ``rackagent`` with these arguments in this process."""

    def command(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["rackagent", *map(str, arguments)])
        try:
            status: int = guarded(app)
        except SystemExit as leaving:
            status = int(leaving.code or 0)
        captured = capsys.readouterr()
        return Result(int(status), captured.out, captured.err)

    monkeypatch.setenv("COLUMNS", "200")
    yield command
    structlog.reset_defaults()  # 'run' sent the log to a stderr that ends with the test


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "acme-pdu.yaml").write_text(PROFILE)
    (tmp_path / "mine" / "acme-cdu.yaml").write_text(COOLING)
    (tmp_path / "site.yaml").write_text(SITE)
    monkeypatch.setenv("RACK_COMMUNITY", "from-outside")
    return tmp_path / "site.yaml"


class Wires(Transports):
    """Transports without sockets: every URL leads to ``device``; ``way`` is how it was opened."""

    device = MemoryTransport()
    way: tuple[Url, SnmpCredentials, Limits, str] | None = None

    async def open(
        self, url: Url, credentials: SnmpCredentials, limits: Limits, engine: str = "native"
    ) -> MemoryTransport:
        Wires.way = (url, credentials, limits, engine)
        return self.device


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> MemoryTransport:
    """The device at the end of every URL."""
    transport = MemoryTransport(CELLS, {"holding": {10: 0, 11: 2900, 12: 0b1000}})
    monkeypatch.setattr(Wires, "device", transport)
    monkeypatch.setattr("agent.poll.read_once.Transports", Wires)
    return transport
