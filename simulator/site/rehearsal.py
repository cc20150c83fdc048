"""The simulator as a rig for commissioning: rack time passes only while the run waits."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping

from agent.config import Config
from agent.model.errors import ConfigError
from simulator.faults.schedule import parse_fault
from simulator.model.rack import RackModel
from simulator.site.rack_server import serving
from simulator.site.site import Site


class SimulatedRig:
    """Racks that are served on the addresses of the configuration.

    ``speed`` is how many rack seconds may pass in one second; 0 is as many as can be.
    """

    def __init__(self, site: Site, speed: float) -> None:
        self._site, self._speed = site, speed
        self._start = time.time()
        self._injected: dict[str, list[int]] = {}

    def now(self) -> float:
        """When the rehearsal began, and the rack seconds since."""
        return self._start + self._site.elapsed_s

    async def wait(self, seconds: float) -> None:
        """Let rack seconds pass."""
        self._site.advance(seconds)
        await asyncio.sleep(seconds / self._speed if self._speed else 0)

    async def idle(self, seconds: float) -> None:
        """Let rack seconds pass, no faster than seconds unless a speed was asked for."""
        self._site.advance(seconds)
        await asyncio.sleep(seconds / (self._speed or 1.0))

    async def begin(self, event: str, parameters: Mapping[str, object]) -> str:
        """Inject the fault of that name. Raises ConfigError."""
        active = self._site.desk.inject(event, parameters)
        self._injected.setdefault(event, []).append(active.id)
        return ""

    async def end(self, event: str) -> str:
        """Clear every fault that ``begin`` injected under that name."""
        for number in self._injected.pop(event, []):
            with contextlib.suppress(ConfigError):  # another took its place
                self._site.desk.clear(number)
        return ""

    def rack(self, name: str = "") -> RackModel:
        """A rack by name; the only one without. Raises ConfigError."""
        return self._site.rack(name)

    async def load(self, ratio: float) -> str:
        """Give every rack this work. Raises ConfigError."""
        for model in self._site.racks.values():
            model.set_load(ratio)
        return ""


@contextlib.asynccontextmanager
async def rehearsal(
    config: Config, *, seed: int, speed: float, faults: tuple[str, ...]
) -> AsyncIterator[SimulatedRig]:
    """Serve the racks of ``config`` while the block runs. Raises ConfigError."""
    planned = [parse_fault(text) for text in faults]
    async with serving(config, seed=seed, faults=planned, live=False) as site:
        site.advance(0.0)  # a rack that was built wrong is wrong when it is first looked at
        yield SimulatedRig(site, speed)
