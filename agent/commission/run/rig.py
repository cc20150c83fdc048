"""What a rack is connected to while a run goes on: real devices in a hall, or a simulator."""

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
    """What a rack is connected to: it lets time pass, and does something to the rack."""

    def now(self) -> float:
        """Unix time in seconds, as it passes for the rack."""
        ...

    async def wait(self, seconds: float) -> None:
        """Let time pass for the rack."""
        ...

    async def idle(self, seconds: float) -> None:
        """Let time pass while a person is waited for: no faster than it does for that person."""
        ...

    async def begin(self, event: str, parameters: Mapping[str, object]) -> str:
        """Do something to the rack; what a person has to do instead, empty if it is done."""
        ...

    async def end(self, event: str) -> str:
        """Undo it; likewise."""
        ...

    async def load(self, ratio: float) -> str:
        """Give the rack work, 0 idle to 1 full; likewise."""
        ...


class HallRig:
    """A real rack. Commands and writes of the configuration are done; the rest is for a person.

    A stimulus counts once it is seen in the data. ``clock`` gives seconds, Unix time in a run.
    """

    def __init__(
        self, stimuli: Mapping[str, Stimulus], clock: Callable[[], float] = time.time
    ) -> None:
        self._stimuli, self._clock = stimuli, clock

    def now(self) -> float:
        """The clock of this machine."""
        return self._clock()

    async def wait(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def idle(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def begin(self, event: str, parameters: Mapping[str, object]) -> str:
        """Do the stimulus of that name, or say what to do. Raises ConfigError if it fails."""
        given = "".join(f" {name}={value}" for name, value in parameters.items())
        return await self._do(event, parameters, f"{event.replace('_', ' ')}{given}")

    async def end(self, event: str) -> str:
        """Do ``end_NAME``, or say what to undo. Raises ConfigError if it fails."""
        return await self._do(f"end_{event}", {}, f"undo: {event.replace('_', ' ')}")

    async def load(self, ratio: float) -> str:
        """Do ``load`` with the ratio, or say what to do. Raises ConfigError if it fails."""
        return await self._do("load", {"ratio": ratio}, f"load the rack to {ratio:.0%}")

    async def _do(self, name: str, parameters: Mapping[str, object], words: str) -> str:
        return "" if await carry_out_stimulus(self._stimuli, name, parameters) else words


class Later:
    """A rig whose clock is ahead: a rehearsal that goes on must not live the same hour twice."""

    def __init__(self, rig: Rig, by_s: float) -> None:
        self._rig, self._by_s = rig, by_s
        self.wait, self.idle = rig.wait, rig.idle
        self.begin, self.end, self.load = rig.begin, rig.end, rig.load

    def now(self) -> float:
        """The clock of the rig, ahead."""
        return self._rig.now() + self._by_s


def simulated_rig(
    config: Config, *, seed: int, speed: float, faults: tuple[str, ...]
) -> AbstractAsyncContextManager[Rig]:
    """The rig that serves the racks of ``config`` itself. Raises ConfigError without one."""
    for point in entry_points(group=RIGS, name="simulated"):
        found: AbstractAsyncContextManager[Rig] = point.load()(
            config, seed=seed, speed=speed, faults=faults
        )
        return found
    raise ConfigError("nothing that is installed can simulate a rack")
