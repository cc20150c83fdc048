"""A box with fans in memory, and a poller that reads it."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.model import smi
from agent.model.values import PollResult
from agent.plan import SYS_NAME, SYS_UP_TIME
from agent.poll.poller import Poller, Schedule
from agent.profile.library import Library, open_library
from agent.transport.base import Transport
from agent.transport.memory import MemoryTransport

PROFILE = """\
profile: test-fans
title: A box with fans
kind: other
protocol: snmp
verified: datasheet
source: the test
identify: {sys_object_id: 1.3.6.1.4.1.9999.7}
info: {serial: {oid: 1.3.6.1.4.1.9999.7.1.0}}
lookups:
  fan_name: {column: 1.3.6.1.4.1.9999.1.1.2}
points:
  - metric: rack_fan_speed_rpm
    oid: 1.3.6.1.4.1.9999.1.1.3
    index: [fan]
    labels: {fan: '{fan_name}'}
    unit: rpm
"""
NAMES = smi.oid("1.3.6.1.4.1.9999.1.1.2")
SPEEDS = smi.oid("1.3.6.1.4.1.9999.1.1.3")
SERIAL = smi.oid("1.3.6.1.4.1.9999.7.1.0")

Cells = Mapping[bytes, tuple[int, int | bytes | None]]


def fan(row: int, name: str, speed: int) -> Cells:
    suffix = smi.encode_subids([row])
    return {
        NAMES + suffix: (smi.OCTET_STRING, name.encode()),
        SPEEDS + suffix: (smi.GAUGE32, speed),
    }


def without(row: int, device: MemoryTransport) -> None:
    for column in (NAMES, SPEEDS):
        del device.varbinds[column + smi.encode_subids([row])]


def box() -> MemoryTransport:
    """The box as it is in the beginning."""
    cells: Cells = {
        SYS_UP_TIME: (smi.TIME_TICKS, 100_000),
        SYS_NAME: (smi.OCTET_STRING, b"old name"),
        SERIAL: (smi.OCTET_STRING, b"A1"),
        **fan(1, "front", 1000),
        **fan(2, "rear", 2000),
    }
    return MemoryTransport(cells)


def library_of(folder: Path, profile: str = PROFILE) -> Library:
    """The shipped profiles and the box's."""
    (folder / "test-fans.yaml").write_text(profile, encoding="utf-8")
    return open_library([folder])


class Bench:
    """A poller and what it delivered."""

    def __init__(
        self, library: Library, device: Transport, interval_s: float = 60.0, name: str = "box"
    ) -> None:
        self.device = device
        self.results: list[PollResult] = []
        self.delivered = asyncio.Event()
        self.poller = Poller(
            name, "snmp", "test-fans", library, Schedule(interval_s), self._open, self._deliver
        )

    async def _open(self) -> Transport:
        return self.device

    def _deliver(self, result: PollResult) -> None:
        self.results.append(result)
        self.delivered.set()

    async def fans(self) -> dict[str, Any]:
        """One cycle: fan speed by name."""
        result = await self.poller.poll()
        assert result.up
        assert not result.failures
        return {
            reading.labels.get("fan", ""): reading.value
            for blocks in result.blocks.values()
            for block in blocks
            for reading in block.readings()
            if reading.metric == "rack_fan_speed_rpm"
        }
