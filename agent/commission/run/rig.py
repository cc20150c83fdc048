"""Test rigs: the rack's clock and its stimuli, for real racks and for simulated ones."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from importlib.metadata import entry_points
from typing import Protocol

from agent.config import Config
from agent.config.stimuli import Stimulus
from agent.model.errors import ConfigError
from agent.stimuli.carry_out import carry_out_stimulus

RIGS = "rackagent.rigs"
"""The entry points of rigs: called with configuration, seed, speed and planned faults."""


class Rig(Protocol):
    """The clock and the stimuli of a rack under test."""

    def now(self) -> float:
        """Return the rack's time in Unix seconds."""
        ...

    async def wait(self, seconds: float) -> None:
        """Wait for that many seconds of the rack's time."""
        ...

    async def idle(self, seconds: float) -> None:
        """Wait for a person, at real time even if the rack's clock can run faster."""
        ...

    async def begin(self, event: str, parameters: Mapping[str, object]) -> str:
        """Apply a stimulus; return the instruction for a person, empty if it is done."""
        ...

    async def end(self, event: str) -> str:
        """End a stimulus; return the instruction for a person, empty if it is done."""
        ...

    async def load(self, ratio: float) -> str:
        """Set the load, 0 idle to 1 full; return the instruction for a person, if any."""
        ...


class HallRig:
    """A real rack. Configured stimuli are carried out; a person does the others.

    A stimulus counts once it is confirmed by telemetry. ``clock`` returns Unix seconds.
    """

    def __init__(
        self, stimuli: Mapping[str, Stimulus], clock: Callable[[], float] = time.time
    ) -> None:
        self._stimuli, self._clock = stimuli, clock

    def now(self) -> float:
        """Return Unix seconds of this machine's clock."""
        return self._clock()

    async def wait(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def idle(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def begin(self, event: str, parameters: Mapping[str, object]) -> str:
        """Carry out a stimulus or return the instruction. Raises ConfigError if it fails."""
        given = "".join(f" {name}={value}" for name, value in parameters.items())
        return await self._do(event, parameters, f"{event.replace('_', ' ')}{given}")

    async def end(self, event: str) -> str:
        """Carry out ``end_NAME`` or return the instruction. Raises ConfigError if it fails."""
        return await self._do(f"end_{event}", {}, f"undo: {event.replace('_', ' ')}")

    async def load(self, ratio: float) -> str:
        """Carry out ``load`` or return the instruction. Raises ConfigError if it fails."""
        return await self._do("load", {"ratio": ratio}, f"load the rack to {ratio:.0%}")

    async def _do(self, name: str, parameters: Mapping[str, object], words: str) -> str:
        return "" if await carry_out_stimulus(self._stimuli, name, parameters) else words


class ShiftedRig:
    """A rig with a clock shifted by ``by_s``, so that a resumed rehearsal repeats no times."""

    def __init__(self, rig: Rig, by_s: float) -> None:
        self._rig, self._by_s = rig, by_s
        self.wait, self.idle = rig.wait, rig.idle
        self.begin, self.end, self.load = rig.begin, rig.end, rig.load

    def now(self) -> float:
        """Return the shifted time in Unix seconds."""
        return self._rig.now() + self._by_s


def simulated_rig(
    config: Config, *, seed: int, speed: float, faults: tuple[str, ...]
) -> AbstractAsyncContextManager[Rig]:
    """Return a rig that simulates the racks of ``config``.

    Raises ConfigError if no installed package provides one.
    """
    for point in entry_points(group=RIGS, name="simulated"):
        found: AbstractAsyncContextManager[Rig] = point.load()(
            config, seed=seed, speed=speed, faults=faults
        )
        return found
    raise ConfigError("no installed package can simulate a rack")
