"""Readings that contradict each other, from poll to poll."""

from pathlib import Path

import pytest

from agent.model import smi
from agent.model.values import PollResult, Quality
from agent.poll.poller import Poller, Schedule
from agent.profile.library import open_library
from agent.transport.base import Transport
from agent.transport.memory import MemoryTransport
from tests.agent.making import BASE

PROFILE = f"""\
profile: acme
title: t
kind: pdu
protocol: snmp
verified: datasheet
source: s
points:
  - {{metric: rack_inlet_power_watts, oid: {BASE}.1.0, unit: W}}
  - {{metric: rack_inlet_apparent_power_voltamperes, oid: {BASE}.2.0, unit: VA}}
"""


async def test_only_what_lasts_is_doubted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "agent.poll.device_memory._EXAMINED_EVERY_S", 0.0
    )  # this test's cycles take no time
    (tmp_path / "acme.yaml").write_text(PROFILE)
    device = MemoryTransport(
        {smi.oid(f"{BASE}.1.0"): (smi.INTEGER, 900), smi.oid(f"{BASE}.2.0"): (smi.INTEGER, 1000)}
    )
    results: list[PollResult] = []

    async def reached() -> Transport:
        return device

    poller = Poller(
        "pdu", "snmp", "acme", open_library([tmp_path]), Schedule(10.0), reached, results.append
    )
    seen = []
    for watts in (900, 5000, 900, 5000, 5000, 5000, 900):
        device.varbinds[smi.oid(f"{BASE}.1.0")] = (smi.INTEGER, watts)
        await poller.poll()
        readings = [r for bs in results[-1].blocks.values() for b in bs for r in b.readings()]
        assert [r.value for r in readings] == [watts, 1000]
        seen.append({r.quality for r in readings})
    fine, doubted = {Quality.GOOD}, {Quality.UNCERTAIN}
    assert seen == [fine, fine, fine, fine, fine, doubted, fine]
