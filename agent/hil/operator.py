"""A rig for tests: what only a person can do is asked for at the terminal, or the test skipped."""

import asyncio
import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points

import pytest

from agent.commission.run.rig import Rig

STIMULI = "rackagent.stimuli"
"""The entry points of functions that return what stimuli do to a rack, by their name."""


class AttendedRig:
    """A rig with an operator beside it.

    ``ask`` shows the operator a request and returns whether it was done; None where there is no
    operator.
    """

    def __init__(
        self, rig: Rig, ask: Callable[[str], bool] | None = None, *, simulated: bool = False
    ) -> None:
        self._rig, self._ask = rig, ask
        self.simulated = simulated

    def now(self) -> float:
        """Seconds, as they pass for the rack."""
        return self._rig.now()

    async def wait(self, seconds: float) -> None:
        """Let time pass for the rack."""
        await self._rig.wait(seconds)

    async def begin(self, stimulus: str, parameters: Mapping[str, object]) -> None:
        """Do something to the rack. Raises ConfigError where that fails."""
        words = await self._rig.begin(stimulus, parameters)
        await self._asked(stimulus, words and f"{words}{_hint(stimulus)}")

    async def end(self, stimulus: str) -> None:
        """Undo it."""
        await self._asked(f"end_{stimulus}", await self._rig.end(stimulus))

    async def load(self, ratio: float) -> None:
        """Give the rack work: 0 is idle, 1 full."""
        await self._asked("load", await self._rig.load(ratio))

    async def _asked(self, name: str, words: str) -> None:
        if not words:
            return
        if self._ask is None:
            pytest.skip(
                f"stimulus {name!r} needs somebody to do it: run on a terminal (pytest then asks),"
                f" or name a command or a write for it under 'stimuli:' in the configuration"
            )
        if not await asyncio.to_thread(self._ask, words):
            pytest.skip(f"the operator did not: {words}")


def _hint(stimulus: str) -> str:
    """Return what is expected to be seen of a stimulus, where an installed package knows it."""
    for point in entry_points(group=STIMULI):
        effect = point.load()().get(stimulus)
        if effect:
            return f" ({effect})"
    return ""


def operator(config: pytest.Config) -> Callable[[str], bool] | None:
    """Return a way to ask a person at the terminal; None without a terminal."""

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
