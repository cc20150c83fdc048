"""A simulated site: its racks, its devices, its faults, and their common clock."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent.config import DeviceConfig
from agent.model.errors import ConfigError
from agent.profile.points import Profile
from simulator.devices.device_view import RoleView
from simulator.faults.injection import FaultInjector, FaultTarget
from simulator.faults.wire_faults import WireEnd
from simulator.model.rack import RackModel

_STEP_S = 1.0
_TICK_S = 0.05  # longest sleep between two ticks of the clock
_CATCH_UP_S = 3600.0  # rack seconds made up for at once after the machine slept


@dataclass(frozen=True, slots=True)
class Served:
    """One simulated device that is up, and the rack it belongs to."""

    device: DeviceConfig
    profile: Profile
    model: RackModel
    role_view: RoleView
    end: WireEnd


class SimulatedSite:
    """Everything that is simulated. Iterating gives its devices.

    ``watchers`` are called after every whole rack second (``elapsed_s`` is then that second).
    """

    def __init__(
        self, racks: Mapping[str, RackModel], devices: list[Served], speed: float = 1.0
    ) -> None:
        self.racks, self.devices, self.speed = racks, devices, speed
        self.elapsed_s = 0.0
        self.watchers: list[Callable[[], None]] = []
        targets = {
            item.device.name: FaultTarget(item.device.rack, item.device.role, item.end)
            for item in devices
        }
        self.injector = FaultInjector(racks, targets, lambda: self.elapsed_s)

    def __iter__(self) -> Iterator[Served]:
        return iter(self.devices)

    def __len__(self) -> int:
        return len(self.devices)

    def rack(self, name: str = "") -> RackModel:
        """Return a rack by name; without a name the only one. Raises ConfigError."""
        if not name and len(self.racks) == 1:
            return next(iter(self.racks.values()))
        if name not in self.racks:
            raise ConfigError(f"unknown rack {name!r}; known: {', '.join(self.racks)}")
        return self.racks[name]

    def advance(self, seconds: float) -> None:
        """Advance by rack seconds; faults begin and end exactly when they are due."""
        end = self.elapsed_s + seconds
        self.injector.run_due()
        while self.elapsed_s < end:
            due = self.injector.next_due_s()
            stop = end if due is None else min(end, due)
            # Whole seconds one by one only if there is a watcher for each of them.
            if self.watchers:
                stop = min(stop, self.elapsed_s // _STEP_S * _STEP_S + _STEP_S)
            self._move_to(stop)
            self.injector.run_due()

    def _move_to(self, stop_s: float) -> None:
        second = self.elapsed_s // _STEP_S
        for model in self.racks.values():
            model.step(stop_s - self.elapsed_s)
        self.elapsed_s = stop_s
        if stop_s // _STEP_S > second:
            for watcher in self.watchers:
                watcher()

    def snapshot(self) -> dict[str, Any]:
        """Return the state of every rack, JSON-able."""
        return {"racks": {name: model.state for name, model in self.racks.items()}}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a snapshot of a site with the same racks.

        Raises ConfigError, and changes nothing, if it does not fit.
        """
        racks = state.get("racks")
        if not isinstance(racks, dict) or set(racks) != set(self.racks):
            raise ConfigError(f"the snapshot does not hold the racks {', '.join(self.racks)}")
        before = {name: model.state for name, model in self.racks.items()}
        try:
            for name, model in self.racks.items():
                if not isinstance(racks[name], dict):
                    raise ConfigError(f"{name}: is not the state of a rack")
                model.restore(racks[name])
        except ConfigError:
            for name, model in self.racks.items():
                model.restore(before[name])
            raise
        self.injector.restored()

    async def live(self) -> None:
        """Run the racks by the wall clock, until cancelled.

        A late wake-up is made up for, so the racks' clocks do not drift.
        """
        loop = asyncio.get_running_loop()
        began, since = loop.time(), self.elapsed_s
        tick = max(_TICK_S, min(_STEP_S, _STEP_S / self.speed))
        turn = 0
        while True:
            turn += 1
            await asyncio.sleep(max(0.0, began + turn * tick - loop.time()))
            behind = since + (loop.time() - began) * self.speed - self.elapsed_s
            self.advance(max(0.0, min(behind, _CATCH_UP_S * self.speed)))
