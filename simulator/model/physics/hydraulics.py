"""The coolant loop: pumps with failover, the flow they make, pressures, filling and leaks."""

from dataclasses import dataclass
from math import sqrt

from simulator.model.physics.formulas import clamp
from simulator.model.physics.spec import LoopSpec

_FAILOVER_S = 1.0  # the controller waits this long for a missing pump before it starts another
_KP, _KI_PER_S = 0.3, 0.05
_EXPANSION_PER_K = 4.5e-4  # volume of PG25 per kelvin (e)
_FILL_C = 30.0


@dataclass(slots=True)
class PumpState:
    """One pump. ``speed`` is a share of full speed; ``duty``: the controller has started it."""

    duty: bool
    speed: float = 0.0
    healthy: bool = True
    runtime_s: float = 0.0


@dataclass(slots=True)
class LoopState:
    """The loop. ``clog`` multiplies the rack's resistance, ``air`` the noise of its sensors."""

    pumps: list[PumpState]
    flow_l_min: float
    integral: float
    missing_s: float = 0.0
    clog: float = 1.0
    air: float = 1.0
    leak_l_min: float = 0.0
    lost_l: float = 0.0
    cable_cut: bool = False
    mean_c: float = _FILL_C


class CoolantLoop:
    """Pumps and pipes of one rack's technology loop."""

    __slots__ = ("spec", "state")

    def __init__(self, spec: LoopSpec) -> None:
        self.spec = spec
        pumps = [PumpState(duty=number < spec.duty_pumps) for number in range(spec.pumps)]
        for pump in pumps:
            pump.speed = spec.nominal_speed if pump.duty else 0.0
        self.state = LoopState(pumps, flow_l_min=spec.flow_l_min, integral=spec.nominal_speed)

    def step(self, dt_s: float, mean_c: float) -> None:
        """Move pumps, flow and filling by ``dt_s``; ``mean_c`` is the coolant's temperature."""
        spec, state = self.spec, self.state
        state.mean_c = mean_c
        self._fail_over(dt_s)
        error = (spec.flow_l_min - state.flow_l_min) / spec.flow_l_min
        state.integral = clamp(state.integral + _KI_PER_S * error * dt_s, spec.minimum_speed, 1.0)
        target = clamp(state.integral + _KP * error, spec.minimum_speed, 1.0)
        for pump in state.pumps:
            self._turn(pump, target, dt_s)
        state.flow_l_min += (self._balance() - state.flow_l_min) * min(1.0, dt_s / spec.flow_lag_s)
        if state.leak_l_min:
            driven = sqrt(self.static_kpa / spec.static_kpa)
            state.lost_l = min(spec.reserve_l, state.lost_l + state.leak_l_min * driven * dt_s / 60)

    @property
    def rack_drop_kpa(self) -> float:
        """Return the pressure difference across the rack."""
        flow = self.state.flow_l_min
        return self.spec.rack_square * self.state.clog * flow * flow + self.spec.rack_linear * flow

    @property
    def rest_drop_kpa(self) -> float:
        """Return the pressure difference across filter, exchanger and pipes."""
        return self.spec.rest_kpa * (self.state.flow_l_min / self.spec.flow_l_min) ** 2

    @property
    def static_kpa(self) -> float:
        """Return the pressure before the pumps: falls with leaks, rises as the coolant expands."""
        spec, state = self.spec, self.state
        swelling = spec.volume_l * _EXPANSION_PER_K * (state.mean_c - _FILL_C)
        return spec.static_kpa * max(0.0, 1.0 + (swelling - state.lost_l) / spec.reserve_l)

    @property
    def level_ratio(self) -> float:
        """Return the filling of the reservoir."""
        return 1.0 - self.state.lost_l / self.spec.reserve_l

    @property
    def leak_seen(self) -> bool:
        """Return whether the detection cable is wet and works."""
        return self.state.lost_l >= self.spec.detect_l and not self.state.cable_cut

    @property
    def pump_kw(self) -> float:
        """Return the electrical power of all pumps."""
        return self.spec.pump_kw * sum(pump.speed**3 for pump in self.state.pumps)

    def pump_word(self, pump: PumpState) -> str:
        """Return the pump state that the unit reports."""
        if not pump.healthy:
            return "failed"
        return "running" if pump.duty else "standby"

    def _fail_over(self, dt_s: float) -> None:
        spec, state = self.spec, self.state
        running = sum(pump.duty and pump.healthy for pump in state.pumps)
        if running >= spec.duty_pumps:
            state.missing_s = 0.0
            return
        state.missing_s += dt_s
        spare = next((pump for pump in state.pumps if pump.healthy and not pump.duty), None)
        if spare is None or state.missing_s <= _FAILOVER_S:
            return
        failed = next((pump for pump in state.pumps if pump.duty and not pump.healthy), None)
        if failed is not None:
            failed.duty = False
        spare.duty = True
        state.integral = spec.nominal_speed

    def _turn(self, pump: PumpState, target: float, dt_s: float) -> None:
        spec = self.spec
        if not (pump.duty and pump.healthy):
            if pump.speed:
                pump.speed = max(0.0, pump.speed - dt_s / spec.coast_s)
            return
        pump.runtime_s += dt_s
        if pump.speed <= spec.minimum_speed < target:
            # A start is steeper than a change of speed: the drive leaves the minimum in two steps.
            pump.speed = min(target, pump.speed + spec.minimum_speed * dt_s)
            return
        reach = spec.ramp_per_s * dt_s
        pump.speed += clamp(target - pump.speed, -reach, reach)

    def _balance(self) -> float:
        # Flow at which the pumps' head meets the loop's resistance. A check valve closes behind a
        # pump that is clearly slower than the fastest, so it adds nothing to the flow.
        spec, state = self.spec, self.state
        fastest = max(pump.speed for pump in state.pumps)
        head = spec.pump_head_kpa * fastest * fastest
        if head <= 0.0 or state.lost_l >= spec.reserve_l:
            return 0.0
        together = sum(max(0.0, 5.0 * pump.speed / fastest - 4.0) for pump in state.pumps)
        square = spec.pump_slope / (together * together) + spec.rack_square * state.clog
        square += spec.rest_kpa / (spec.flow_l_min * spec.flow_l_min)
        linear = spec.rack_linear
        return (sqrt(linear * linear + 4.0 * square * head) - linear) / (2.0 * square)
