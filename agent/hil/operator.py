"""A rig for tests that asks an operator for manual steps, or skips the test without one."""

import asyncio
import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points

import pytest

from agent.commission.run.rig import Rig

STIMULI = "rackagent.stimuli"
"""Entry-point group of functions that return the expected effect of each stimulus by name."""


class AttendedRig:
    """A rig whose manual steps are done by an operator.

    ``ask`` shows the operator a request and returns whether it was done; None without an operator.
    """

    def __init__(
        self, rig: Rig, ask: Callable[[str], bool] | None = None, *, simulated: bool = False
    ) -> None:
        self._rig, self._ask = rig, ask
        self.simulated = simulated

    def now(self) -> float:
        """Return the rack's time in seconds."""
        return self._rig.now()

    async def wait(self, seconds: float) -> None:
        """Wait until ``seconds`` of the rack's time have passed."""
        await self._rig.wait(seconds)

    async def begin(self, stimulus: str, parameters: Mapping[str, object]) -> None:
        """Start a stimulus. Raises ConfigError if that fails."""
        words = await self._rig.begin(stimulus, parameters)
        await self._asked(stimulus, words and f"{words}{_hint(stimulus)}")

    async def end(self, stimulus: str) -> None:
        """End a stimulus. Raises ConfigError if that fails."""
        await self._asked(f"end_{stimulus}", await self._rig.end(stimulus))

    async def load(self, ratio: float) -> None:
        """Set the load of the trays: 0 is idle, 1 is full load."""
        await self._asked("load", await self._rig.load(ratio))

    async def _asked(self, name: str, words: str) -> None:
        if not words:
            return
        if self._ask is None:
            pytest.skip(
                f"stimulus {name!r} needs an operator: run pytest on a terminal, which then asks,"
                f" or configure a command or a write for it under 'stimuli:'"
            )
        if not await asyncio.to_thread(self._ask, words):
            pytest.skip(f"skipped by the operator: {words}")


def _hint(stimulus: str) -> str:
    """Return the expected effect of a stimulus in parentheses; empty if no package knows it."""
    for point in entry_points(group=STIMULI):
        effect = point.load()().get(stimulus)
        if effect:
            return f" ({effect})"
    return ""


def operator(config: pytest.Config) -> Callable[[str], bool] | None:
    """Return a function that asks the operator at the terminal; None without a terminal."""

    @contextlib.contextmanager
    def uncaptured() -> Iterator[None]:
        # pytest captures stdin as well as stdout and stderr.
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
