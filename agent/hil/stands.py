"""Where a test's rack stands: in the simulator, which does as told, or in a hall, where people do.

A stand keeps the time that tests wait by, and gives stimuli.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import pytest

from agent.commission.run.rig import run_command
from agent.config.stimuli import Command, Stimulus
from agent.hil.write import perform
from agent.model.errors import ConfigError, DeviceError
from simulator.faults.catalogue import catalogue
from simulator.site.site import SimulatedSite


class Stand(Protocol):
    """One place for a rack."""

    simulated: bool

    def now_s(self) -> float:
        """Seconds, from any start."""
        ...

    async def wait(self, seconds: float) -> None:
        """Let time pass for the rack."""
        ...

    async def begin(self, stimulus: str, params: Mapping[str, object]) -> None:
        """Do something to the rack. Skips or fails the test where that cannot be done."""
        ...

    async def end(self, stimulus: str) -> None:
        """Undo it."""
        ...

    async def load(self, ratio: float) -> None:
        """Give the rack work: 0 is idle, 1 full."""
        ...


class SimulatedStand:
    """The simulator. Rack time passes only while tests wait, so results do not hang on speed."""

    simulated = True

    def __init__(self, site: SimulatedSite) -> None:
        self._site = site
        self._laid: dict[str, list[int]] = {}

    def now_s(self) -> float:
        """Rack seconds."""
        return self._site.elapsed_s

    async def wait(self, seconds: float) -> None:
        """Let rack seconds pass at once."""
        self._site.advance(seconds)
        await asyncio.sleep(0)

    async def begin(self, stimulus: str, params: Mapping[str, object]) -> None:
        """Inject the fault of that name. Raises ConfigError."""
        active = self._site.injector.inject(stimulus, params)
        self._laid.setdefault(stimulus, []).append(active.id)

    async def end(self, stimulus: str) -> None:
        """Clear every fault that ``begin`` has injected under that name."""
        for number in self._laid.pop(stimulus, []):
            with contextlib.suppress(ConfigError):  # it ended, or another took its place
                self._site.injector.clear(number)

    async def load(self, ratio: float) -> None:
        """Give every rack this work. Raises ConfigError."""
        for model in self._site.racks.values():
            model.set_load(ratio)


class HardwareStand:
    """A hall.

    ``stimuli`` are the configuration's commands and confirmed writes; ``ask`` shows an operator a
    request and returns whether it was done; None where there is no operator.
    """

    simulated = False

    def __init__(
        self,
        stimuli: Mapping[str, Stimulus],
        ask: Callable[[str], bool] | None,
    ) -> None:
        self._stimuli, self._ask = stimuli, ask

    def now_s(self) -> float:
        """Seconds of a clock that nobody sets."""
        return time.monotonic()

    async def wait(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def begin(self, stimulus: str, params: Mapping[str, object]) -> None:
        """Run the command or do the write of that name, or ask the operator."""
        given = "".join(f" {name}={value}" for name, value in params.items())
        await self._do(stimulus, f"{_words(stimulus)}{given}", params)

    async def end(self, stimulus: str) -> None:
        """Run or write ``end_NAME``, or ask the operator."""
        await self._do(f"end_{stimulus}", f"undo: {_words(stimulus)}", {})

    async def load(self, ratio: float) -> None:
        """Run ``load`` with the ratio as its last argument, or ask the operator."""
        await self._do("load", f"load the rack to {ratio:.0%}", {"ratio": ratio})

    async def _do(self, name: str, request: str, params: Mapping[str, object]) -> None:
        todo = self._stimuli.get(name)
        if isinstance(todo, Command):
            values = [f"{key}={value}" for key, value in params.items()]
            await run_command(name, [*todo.arguments, *values])
        elif todo is not None:
            if params:
                given = ", ".join(params)
                raise ConfigError(f"stimuli.{name}: a write is as configured, it takes no {given}")
            try:
                await perform(todo)
            except DeviceError as error:
                raise ConfigError(f"stimuli.{name}: {error}") from None
        elif self._ask is None:
            pytest.skip(
                f"stimulus {name!r} needs somebody to do it: run on a terminal (pytest then asks),"
                f" or name a command or a write for it under 'stimuli:' in the configuration"
            )
        elif not await asyncio.to_thread(self._ask, request):
            pytest.skip(f"the operator did not: {request}")


def _words(stimulus: str) -> str:
    signature = catalogue().get(stimulus)
    hint = f" ({signature.signature})" if signature else ""
    return stimulus.replace("_", " ") + hint


def operator(config: pytest.Config) -> Callable[[str], bool] | None:
    """A way to ask whoever sits at the terminal; None where no terminal is there."""

    @contextlib.contextmanager
    def uncaptured() -> Iterator[None]:
        # Not only what is printed: pytest takes the terminal's input away as well.
        capture = config.pluginmanager.getplugin("capturemanager")
        if capture is None:
            yield
            return
        capture.suspend_global_capture(in_=True)
        try:
            yield
        finally:
            capture.resume_global_capture()

    def ask(request: str) -> bool:
        with uncaptured():
            sys.stdout.write(f"\nPlease {request}\nEnter when it is done, s to skip: ")
            sys.stdout.flush()
            return sys.stdin.readline().strip().lower() != "s"

    with uncaptured():
        return ask if sys.stdin is not None and sys.stdin.isatty() else None
