"""A simulated site: its racks, its devices, its faults, and the clock they live by."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent.config import DeviceConfig
from agent.model.errors import ConfigError
from agent.profile.points import Profile
from simulator.devices.device_view import Panel
from simulator.faults.injection import Desk, DeviceSeat
from simulator.faults.wire_faults import WireEnd
from simulator.model.rack import RackModel

_STEP_S = 1.0
_TICK_S = 0.05  # between two looks at the clock, at most; a rack that runs faster is as smooth
_CATCH_UP_S = 3600.0  # rack seconds made up for at once after the machine slept


@dataclass(frozen=True, slots=True)
class Served:
    """One simulated device that is up, and the rack it belongs to."""

    device: DeviceConfig
    profile: Profile
    model: RackModel
    panel: Panel
    end: WireEnd


class Site:
    """Everything that is simulated. Iterating gives its devices.

    ``watchers`` are called after every whole rack second (``elapsed_s`` is then that second).
    """

    def __init__(
        self, racks: Mapping[str, RackModel], devices: list[Served], speed: float = 1.0
    ) -> None:
        self.racks, self.devices, self.speed = racks, devices, speed
        self.elapsed_s = 0.0
        self.watchers: list[Callable[[], None]] = []
        seats = {
            item.device.name: DeviceSeat(item.device.rack, item.device.role, item.end)
            for item in devices
        }
        self.desk = Desk(racks, seats, lambda: self.elapsed_s)

    def __iter__(self) -> Iterator[Served]:
        return iter(self.devices)

    def __len__(self) -> int:
        return len(self.devices)

    def rack(self, name: str = "") -> RackModel:
        """A rack by name; the only one without. Raises ConfigError."""
        if not name and len(self.racks) == 1:
            return next(iter(self.racks.values()))
        if name not in self.racks:
            raise ConfigError(f"no rack {name!r}; there are: {', '.join(self.racks)}")
        return self.racks[name]

    def advance(self, seconds: float) -> None:
        """Let rack seconds pass; faults begin and end exactly when they are due."""
        end = self.elapsed_s + seconds
        self.desk.run_due()
        while self.elapsed_s < end:
            due = self.desk.next_due_s()
            stop = end if due is None else min(end, due)
            # Whole seconds one by one only where somebody looks at each of them.
            if self.watchers:
                stop = min(stop, self.elapsed_s // _STEP_S * _STEP_S + _STEP_S)
            self._move_to(stop)
            self.desk.run_due()

    def _move_to(self, stop_s: float) -> None:
        second = self.elapsed_s // _STEP_S
        for model in self.racks.values():
            model.step(stop_s - self.elapsed_s)
        self.elapsed_s = stop_s
        if stop_s // _STEP_S > second:
            for watcher in self.watchers:
                watcher()

    def snapshot(self) -> dict[str, Any]:
        """The state of every rack, JSON-able."""
        return {"racks": {name: model.state for name, model in self.racks.items()}}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot of a site with the same racks.

        Raises ConfigError, and changes nothing, where it does not fit.
        """
        racks = state.get("racks")
        if not isinstance(racks, dict) or set(racks) != set(self.racks):
            raise ConfigError(f"a snapshot of other racks than {', '.join(self.racks)}")
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
        self.desk.restored()

    async def live(self) -> None:
        """Let the racks live by the wall clock, until cancelled.

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
