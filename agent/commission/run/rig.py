"""Where a rack stands: what lets time pass for it, and what does something to it."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from importlib.metadata import entry_points
from typing import Protocol

from agent.config import Config
from agent.config.stimuli import Command, Stimulus
from agent.model.errors import ConfigError

STANDS = "rackagent.stands"
"""The entry points of stands: called with configuration, seed, speed and planned faults."""

_COMMAND_TIMEOUT_S = 120.0
_SAID_MAX = 500  # characters of what a command said


class Stand(Protocol):
    """One place for a rack."""

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


class HallStand:
    """A real rack. Commands of the configuration are run; the rest is for a person to do.

    Whoever says that it was done: it counts once it is seen in the data.
    """

    def __init__(self, stimuli: Mapping[str, Stimulus]) -> None:
        self._stimuli = stimuli

    def now(self) -> float:
        """The clock of this machine."""
        return time.time()

    async def wait(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def idle(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def begin(self, event: str, parameters: Mapping[str, object]) -> str:
        """Run the command of that name, or say what to do. Raises ConfigError if it fails."""
        given = "".join(f" {name}={value}" for name, value in parameters.items())
        return await self._do(event, parameters, f"{event.replace('_', ' ')}{given}")

    async def end(self, event: str) -> str:
        """Run ``end_NAME``, or say what to undo. Raises ConfigError if it fails."""
        return await self._do(f"end_{event}", {}, f"undo: {event.replace('_', ' ')}")

    async def load(self, ratio: float) -> str:
        """Run ``load`` with the ratio, or say what to do. Raises ConfigError if it fails."""
        return await self._do("load", {"ratio": ratio}, f"load the rack to {ratio:.0%}")

    async def _do(self, name: str, parameters: Mapping[str, object], words: str) -> str:
        todo = self._stimuli.get(name)
        if not isinstance(todo, Command):
            return words
        values = [f"{key}={value}" for key, value in parameters.items()]
        await run_command(name, [*todo.arguments, *values])
        return ""


class Later:
    """A stand whose clock is ahead: a rehearsal that goes on must not live the same hour twice."""

    def __init__(self, stand: Stand, by_s: float) -> None:
        self._stand, self._by_s = stand, by_s
        self.wait, self.idle = stand.wait, stand.idle
        self.begin, self.end, self.load = stand.begin, stand.end, stand.load

    def now(self) -> float:
        """The clock of the stand, ahead."""
        return self._stand.now() + self._by_s


async def run_command(name: str, command: list[str]) -> None:
    """Carry out the command of a stimulus. Raises ConfigError where it fails or takes too long."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
    except OSError as error:
        raise ConfigError(f"stimuli.{name}: {command[0]}: {error.strerror}") from None
    try:
        async with asyncio.timeout(_COMMAND_TIMEOUT_S):
            said, _ = await process.communicate()
    except TimeoutError:
        raise ConfigError(f"stimuli.{name}: not done in {_COMMAND_TIMEOUT_S:g} s") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode:
        text = said.decode(errors="replace").strip()[-_SAID_MAX:]
        raise ConfigError(f"stimuli.{name}: exit status {process.returncode}: {text}")


def simulated_stand(
    config: Config, *, seed: int, speed: float, faults: tuple[str, ...]
) -> AbstractAsyncContextManager[Stand]:
    """The stand that serves the racks of ``config`` itself. Raises ConfigError without one."""
    for point in entry_points(group=STANDS, name="simulated"):
        found: AbstractAsyncContextManager[Stand] = point.load()(
            config, seed=seed, speed=speed, faults=faults
        )
        return found
    raise ConfigError("nothing that is installed can simulate a rack")
