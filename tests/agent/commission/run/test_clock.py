"""A clock that is set while a run goes on: no verdict rests on that moment."""

import sys
from typing import Any

import pytest

from agent.commission.records import Sample
from agent.commission.run.clock import Jumps, clock_state
from agent.commission.run.rounds import Rounds
from agent.model.values import Quality
from agent.poll.reader import DeviceRead

GOOD = Sample("cdu", "rack_coolant_flow_liters_per_second", (), 2.0, Quality.GOOD, 1000.0)


class Clocks:
    """Both clocks, which the test moves."""

    def __init__(self) -> None:
        self.wall, self.steady = 1000.0, 50.0

    def pass_by(self, seconds: float, moved: float = 0.0) -> None:
        self.wall += seconds + moved
        self.steady += seconds

    def jumps(self) -> Jumps:
        return Jumps(lambda: self.wall, lambda: self.steady)


def test_time_that_passes_and_slewing_are_no_jump() -> None:
    clocks = Clocks()
    jumps = clocks.jumps()
    for _ in range(100):
        clocks.pass_by(5.0, moved=0.0025)  # adjtime's 500 ppm
        assert jumps.since_last() == 0.0


@pytest.mark.parametrize("moved", [5.0, -5.0])
def test_a_jump_is_seen_once(moved: float) -> None:
    clocks = Clocks()
    jumps = clocks.jumps()
    clocks.pass_by(5.0, moved)
    assert jumps.since_last() == pytest.approx(moved)
    clocks.pass_by(5.0)
    assert jumps.since_last() == 0.0


class OneDevice:
    """A rack of one device that does not answer."""

    def __init__(self, *_: object) -> None:
        pass

    async def read(self, _at: float, _within_s: float | None) -> dict[str, DeviceRead]:
        return {"cdu": DeviceRead("cdu", False, {}, ())}

    async def close(self) -> None:
        pass


async def test_what_is_read_in_the_round_of_a_jump_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.commission.run.rounds.RackReader", OneDevice)
    monkeypatch.setattr(Rounds, "_samples", lambda *_: [(GOOD, 5.0)])
    clocks = Clocks()
    config: Any = None
    async with Rounds(config, 5.0, lambda: clocks.wall, clocks.jumps()) as rounds:
        assert await rounds.read() == [(GOOD, 5.0)]
        clocks.pass_by(5.0, moved=5.0)
        ((bad, _),) = await rounds.read()
        assert (bad.quality, bad.reason) == (Quality.BAD, "this machine's clock was set by +5.0 s")
        assert await rounds.read() == [(GOOD, 5.0)]


@pytest.mark.skipif(sys.platform != "linux", reason="adjtimex(2) is Linux's")
def test_the_kernel_says_how_wrong_the_clock_may_be() -> None:
    found = clock_state()
    assert found is not None
    assert found.error_s >= 0
