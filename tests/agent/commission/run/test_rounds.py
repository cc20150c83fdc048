"""A round ends in time, however slowly a device answers: abort limits are looked at after it."""

from typing import Any

import pytest

from agent.commission.run.rounds import Rounds
from agent.poll.reader import DeviceRead


class Asked:
    """A rack that keeps how long each round may take."""

    within_s: list[float | None]

    def __init__(self, *_: object) -> None:
        Asked.within_s = []

    async def read(self, _at: float, within_s: float | None) -> dict[str, DeviceRead]:
        self.within_s.append(within_s)
        return {}

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(("interval_s", "longest_s"), [(5.0, 15.0), (60.0, 180.0), (0.1, 10.0)])
async def test_only_the_first_round_takes_as_long_as_it_takes(
    monkeypatch: pytest.MonkeyPatch, interval_s: float, longest_s: float
) -> None:
    monkeypatch.setattr("agent.commission.run.rounds.RackReader", Asked)
    config: Any = None
    async with Rounds(config, interval_s, lambda: 0.0) as rounds:
        for _ in range(3):
            await rounds.read()
    assert Asked.within_s == [None, longest_s, longest_s]
