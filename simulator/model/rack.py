"""A simulated rack: advance time, read devices, inject faults."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.model.errors import ConfigError
from simulator.model import snapshot
from simulator.model.faults.catalogue import find_fault
from simulator.model.faults.fault import Bench, Params, RackFault
from simulator.model.observe import cooling, network, pdu, shelf
from simulator.model.observe.points import Board, Observation, Overlay, Point, Value, View
from simulator.model.physics.machine import Machine, MachineState
from simulator.model.physics.network import LinkPartner, SwitchModel
from simulator.model.physics.spec import RackModelSpec

_STEP_LIMIT_S = 86_400.0
_LOAD_LIMIT = 1.1


@dataclass(slots=True)
class _RackState:
    machine: MachineState
    overlay: Overlay
    faults: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ActiveFault:
    """A fault that is active in the rack."""

    name: str
    params: Mapping[str, float | str]


class RackModel:
    """One simulated rack: physically coupled, deterministic from its seed, free of clocks.

    Starts settled at ``load`` (0..1.1). A role is a device's place in the rack: ``pdu-a``,
    ``pdu-b``, ``shelf-1``.., ``bbu-1``.., ``cdu``, ``switch-1``.., and ``rack`` for a meter on the
    bus bar.
    """

    __slots__ = ("_bench", "_board", "_machine", "_state", "seed", "spec")

    def __init__(self, spec: RackModelSpec, seed: int = 0, *, load: float = 0.5) -> None:
        self.spec, self.seed = spec, seed
        self._machine = Machine(spec, seed, _checked_load(load))
        self._board = Board(self._machine.state, seed)
        for part in (pdu, shelf, cooling, network):
            part.build(self._board, self._machine)
        self._bench = Bench(self._machine, self._board)
        self._state = _RackState(self._machine.state, self._board.overlay)

    def step(self, dt_s: float = 1.0) -> None:
        """Advance by ``dt_s`` (0 to a day); the physics move at 1 Hz for any step."""
        if not 0.0 <= dt_s <= _STEP_LIMIT_S:
            raise ValueError(f"a step of {dt_s} s: must be 0 to {_STEP_LIMIT_S:g}")
        self._machine.step(dt_s)

    def set_load(self, ratio: float) -> None:
        """Set the work of the trays, 0 (idle) to 1.1. Raises ConfigError."""
        self._machine.trays.state.ratio = _checked_load(ratio)

    @property
    def load(self) -> float:
        """Return the requested work."""
        return self._machine.trays.state.ratio

    @property
    def elapsed_s(self) -> float:
        """Return the time since the start."""
        return self._machine.state.tick + self._machine.state.rest_s

    @property
    def roles(self) -> tuple[str, ...]:
        """Return every role."""
        return tuple(self._board.views)

    @property
    def machine(self) -> Machine:
        """Return the rack without instruments and their errors (for tests and live views)."""
        return self._machine

    def powered(self, role: str) -> bool:
        """Return whether a device has power: what the bus bar feeds fails with it."""
        self._view(role)
        return self._machine.bus_alive or role.startswith(("pdu-", "cdu"))

    def points(self, role: str) -> tuple[Point, ...]:
        """Return all points of a device, in a fixed order. Raises KeyError for an unknown role."""
        return tuple(self._view(role).points)

    def point(self, role: str, metric: str, labels: Mapping[str, str]) -> Point | None:
        """Return the point that a profile's metric and labels mean, or None."""
        return self._view(role).match(metric, labels)

    def find(self, role: str, metric: str, labels: Mapping[str, str]) -> Value | None:
        """Return the value of the best matching point, or None if the device shows none."""
        point = self.point(role, metric, labels)
        return point.value() if point is not None and point.present else None

    def observe(self, role: str) -> Observation:
        """Return all present values of a device, in base units or state names."""
        return {point.key(): point.value() for point in self._view(role).points if point.present}

    def cable_plan(self) -> dict[str, dict[str, LinkPartner]]:
        """Return the planned neighbours: by switch, then by port (counted from 1)."""
        return {switch.name: dict(_planned(switch)) for switch in self._machine.switches}

    def inject(self, name: str, /, **params: object) -> ActiveFault:
        """Inject a fault. Numbers may come as text. Raises ConfigError for an impossible one."""
        kind = find_fault(name)
        values = kind.parameters(params)
        kind.apply(self._bench, values)
        self._state.faults[_key(kind, values)] = {"name": name, "params": values}
        return ActiveFault(name, dict(values))

    def clear(self, name: str = "", /, **params: object) -> int:
        """Clear the faults of a name (all, if empty) that have these parameters; return how many.

        A fault that overlaps a cleared one stays active.
        """
        wanted = find_fault(name).parameters(params) if name else {}
        wanted = {key: wanted[key] for key in params}
        gone = [
            key
            for key, entry in self._state.faults.items()
            if name in ("", entry["name"]) and wanted.items() <= entry["params"].items()
        ]
        for key in gone:
            entry = self._state.faults.pop(key)
            find_fault(entry["name"]).undo(self._bench, entry["params"])
        for entry in self._state.faults.values() if gone else ():
            find_fault(entry["name"]).apply(self._bench, entry["params"])
        return len(gone)

    @property
    def faults(self) -> tuple[ActiveFault, ...]:
        """Return the active faults, oldest first."""
        entries = self._state.faults.values()
        return tuple(ActiveFault(entry["name"], dict(entry["params"])) for entry in entries)

    def reset_latches(self) -> None:
        """Restart the latched bus minimum."""
        power = self._machine.power.state
        power.bus_minimum_v = power.bus_v

    @property
    def state(self) -> dict[str, Any]:
        """The state that a rack of this model needs to continue from here, JSON-able."""
        return {
            "model": self.spec.name,
            "seed": self.seed,
            **snapshot.dump(self._state),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a state that a rack of the same model and seed gave.

        Points stay valid. Raises ConfigError when it does not fit; the rack is then unchanged.
        """
        data = dict(state)
        whose = (data.pop("model", None), data.pop("seed", None))
        if whose != (self.spec.name, self.seed):
            mine = f"{self.spec.name}, seed {self.seed}"
            raise ConfigError(f"state of {whose[0]}, seed {whose[1]}, on a rack {mine}")
        before = snapshot.dump(self._state)
        try:
            snapshot.restore(self._state, data)
        except ConfigError:
            snapshot.restore(self._state, before)
            raise

    @classmethod
    def from_state(cls, spec: RackModelSpec, state: Mapping[str, Any]) -> "RackModel":
        """Return a rack that continues from a state."""
        rack = cls(spec, int(state.get("seed", 0)))
        rack.restore(state)
        return rack

    def _view(self, role: str) -> View:
        return self._board.views[role]


def _planned(switch: SwitchModel) -> Iterator[tuple[str, LinkPartner]]:
    for port in range(switch.spec.ports):
        neighbor = switch.planned(port)
        if neighbor is not None:
            yield str(port + 1), neighbor


def _checked_load(ratio: float) -> float:
    if not 0.0 <= ratio <= _LOAD_LIMIT:
        raise ConfigError(f"load {ratio}: must be 0 to {_LOAD_LIMIT}")
    return float(ratio)


def _key(kind: RackFault, params: Params) -> str:
    return ":".join((kind.name, *(f"{name}={params[name]}" for name in kind.place)))
