"""The coupled rack without instruments: a step moves power, heat, coolant, air and traffic."""

from dataclasses import dataclass

from simulator.model.physics.electrical import LoadState, Power, PowerState, Trays
from simulator.model.physics.formulas import salt, uniform
from simulator.model.physics.hydraulics import CoolantLoop, LoopState
from simulator.model.physics.network import SwitchModel, SwitchState
from simulator.model.physics.spec import RackModelSpec
from simulator.model.physics.thermal import Heat, HeatState

TICK_S = 1.0
_SETTLE_TICKS = 900
_ALIVE_V = 40.0
_KWH_KJ = 3600.0


@dataclass(slots=True)
class MachineState:
    """Everything that changes in a rack. ``tick`` counts seconds; ``rest_s`` is less than one."""

    load: LoadState
    power: PowerState
    heat: HeatState
    loop: LoopState | None
    switches: list[SwitchState]
    tick: int = 0
    rest_s: float = 0.0


class Machine:
    """One simulated rack. Advances in whole seconds, whatever the size of a step."""

    __slots__ = ("heat", "loop", "power", "seed", "spec", "state", "switches", "trays")

    def __init__(self, spec: RackModelSpec, seed: int, load: float) -> None:
        self.spec, self.seed = spec, seed
        self.trays = Trays(spec.load)
        self.power = Power(spec)
        self.loop = CoolantLoop(spec.loop) if spec.loop else None
        self.heat = Heat(spec, self.loop)
        numbers = range(1, spec.network.switches + 1)
        self.switches = tuple(SwitchModel(spec.network, number, seed) for number in numbers)
        self.state = MachineState(
            self.trays.state,
            self.power.state,
            self.heat.state,
            self.loop.state if self.loop else None,
            [switch.state for switch in self.switches],
        )
        self.trays.state.ratio = load
        self.trays.state.demand_kw = spec.load.idle_kw + spec.load.dynamic_kw * load
        for _ in range(_SETTLE_TICKS):
            self._tick()
        self._start_meters()

    def step(self, dt_s: float) -> None:
        """Let ``dt_s`` pass; less than a second adds up until a second is full."""
        state = self.state
        state.rest_s += dt_s
        while state.rest_s >= TICK_S - 1e-9:
            state.rest_s -= TICK_S
            self._tick()

    @property
    def bus_alive(self) -> bool:
        """Return whether the bus bar carries enough for what it feeds."""
        return self.power.state.bus_v > _ALIVE_V

    def _tick(self) -> None:
        thermal, trays, power = self.heat.state.thermal, self.trays, self.power
        alive = self.bus_alive
        trays.step(TICK_S, thermal.chip_c, thermal.outlet_c, alive)
        power.step(TICK_S, trays.state.demand_kw)
        supplies = power.state
        loss_kw = supplies.live_total * (supplies.psu_input_kw - supplies.psu_kw)
        work = trays.work if alive else 0.0
        if self.loop is not None:
            self.loop.step(TICK_S, 0.5 * (thermal.outlet_c + thermal.supply_c))
        self.heat.step(TICK_S, supplies.served_kw, loss_kw, work)
        for switch in self.switches:
            switch.step(TICK_S, work, alive)
        self.state.tick += 1

    def _start_meters(self) -> None:
        # A rack that has been running for a while: meters start at values that depend on the seed.
        power = self.power.state
        self.power.rewire()
        for slot, base in enumerate(power.energy_base_kj):
            for phase in range(len(base)):
                base[phase] = _KWH_KJ * int(50_000 * uniform(salt(self.seed, "meter", slot, phase)))
        power.bus_minimum_v = power.bus_v
        if self.loop is not None:
            for number, pump in enumerate(self.loop.state.pumps):
                pump.runtime_s = 3600.0 * int(9000 * uniform(salt(self.seed, "pump", number)))
        for switch in self.switches:
            switch.state.activity_s = switch.state.elapsed_s = 0.0
        self.state.tick = 0
