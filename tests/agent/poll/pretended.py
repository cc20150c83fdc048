"""A box whose poller runs on a pretended clock: hours of polling in milliseconds."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.model import smi
from agent.model.errors import DeviceError
from agent.model.values import Answer, PollResult, Request, WalkColumns
from agent.poll.poller import Poller, Schedule
from agent.profile.library import Library
from agent.transport.memory import MemoryTransport
from tests.agent.making import BASE
from tests.clock import Clock

PROFILE = f"""\
profile: box
title: A box with four tables
kind: other
protocol: snmp
verified: datasheet
source: the test
identify: {{sys_object_id: {BASE}}}
info: {{model: {{oid: {BASE}.9.0}}}}
points:
  - {{metric: rack_inlet_power_watts, oid: {BASE}.1.0, unit: W}}
  - {{metric: rack_phase_current_amperes, oid: {BASE}.2.1, unit: A, index: [phase]}}
  - {{metric: rack_outlet_power_watts, oid: {BASE}.3.1, unit: W, index: [outlet]}}
  - {{metric: rack_branch_current_amperes, oid: {BASE}.4.1, unit: A, index: [branch]}}
"""

REGISTERS = """\
profile: cdu
title: A cooling unit
kind: cdu
protocol: modbus
verified: datasheet
source: the test
identify: {address: 100, matches: Chiller}
points:
  - {metric: rack_pump_speed_rpm, address: 10, unit: rpm}
"""

CELLS: dict[bytes, tuple[int, int | bytes | None]] = {
    smi.oid("1.3.6.1.2.1.1.2.0"): (smi.OBJECT_ID, smi.oid(f"{BASE}.7")),
    smi.oid(f"{BASE}.9.0"): (smi.OCTET_STRING, b"BX-1"),
    smi.oid(f"{BASE}.1.0"): (smi.GAUGE32, 500),
    smi.oid(f"{BASE}.2.1.1"): (smi.GAUGE32, 5),
    smi.oid(f"{BASE}.3.1.1"): (smi.GAUGE32, 100),
    smi.oid(f"{BASE}.4.1.1"): (smi.GAUGE32, 3),
}


class Box(MemoryTransport):
    """A device that takes its time, and can be made to fail some requests."""

    def __init__(self) -> None:
        super().__init__(CELLS)
        self.takes_s = 0.0
        self.fails: Callable[[Request], DeviceError | None] = lambda _: None

    async def fetch(self, request: Request) -> Answer:
        await asyncio.sleep(self.takes_s)
        answer = await super().fetch(request)
        error = self.fails(request)
        if error is not None:
            raise error
        return answer

    def fail_walks(self, tables: str, error: DeviceError) -> None:
        """Fail the walks of these tables, by their number."""
        starts = tuple(smi.oid(f"{BASE}.{n}") for n in tables)
        self.fails = lambda request: (
            error
            if isinstance(request, WalkColumns) and request.columns[0].startswith(starts)
            else None
        )


class Bench:
    """One poller on a pretended clock, and what it delivered."""

    def __init__(self, library: Library, clock: Clock) -> None:
        self.clock = clock
        self.library = library
        self.box: MemoryTransport = Box()
        self.results: list[PollResult] = []
        self.starts: list[float] = []
        self.at: dict[int, Callable[[], object]] = {}

    def poller(
        self,
        name: str = "box-1",
        profile: str = "box",
        interval_s: float = 10.0,
        longest_s: float = 60.0,
        protocol: str = "snmp",
    ) -> Poller:
        async def open_transport() -> MemoryTransport:
            return self.box

        schedule = Schedule(interval_s, longest_s)
        return Poller(name, protocol, profile, self.library, schedule, open_transport, self.deliver)

    def deliver(self, result: PollResult) -> None:
        self.results.append(result)
        self.starts.append(self.clock.time() - result.duration_s)
        self.at.get(len(self.results), lambda: None)()

    def run(self, poller: Poller, for_s: float) -> None:
        """Let ``poller`` run for so long, then cancel it."""

        async def main() -> None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(for_s):
                    await poller.run()

        self.clock.run(main())

    def poll(self, poller: Poller, times: int = 1) -> PollResult:
        """So many cycles at once; the last one's result."""

        async def main() -> PollResult:
            for _ in range(times):
                result = await poller.poll()
            return result

        return self.clock.run(main())


@contextlib.contextmanager
def pretended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A bench whose clock is the poller's; profiles are written to ``folder``."""
    files = {}
    for name, text in (("box", PROFILE), ("cdu", REGISTERS)):
        files[name] = folder / f"{name}.yaml"
        files[name].write_text(text)
    clock = Clock()
    clock_module = type("Time", (), {"monotonic": clock.monotonic, "time": clock.time})
    monkeypatch.setattr("agent.poll.poller.time", clock_module)
    yield Bench(Library(files, {}, {}), clock)
    clock.close()


def box(bench: Bench) -> Box:
    assert isinstance(bench.box, Box)
    return bench.box


def shown(result: PollResult) -> dict[str, object]:
    """The metrics that have values, by name."""
    return {
        reading.metric: reading.value
        for group in result.blocks.values()
        for block in group
        for reading in block.readings()
    }


ALL = {
    "rack_inlet_power_watts": 500,
    "rack_phase_current_amperes": 5,
    "rack_outlet_power_watts": 100,
    "rack_branch_current_amperes": 3,
}
