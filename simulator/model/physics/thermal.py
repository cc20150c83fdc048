"""The path of the heat: rack, delay, exchanger, temperature control, sensor lags, ambient air."""

from dataclasses import dataclass
from math import exp, sqrt

from simulator.model.physics.formulas import (
    AIR_DENSITY_KG_L,
    AIR_HEAT_KJ_KG_K,
    WATER_HEAT_KJ_L_K,
    clamp,
    dew_point_c,
    effectiveness,
    pg25_heat_kj_l_k,
)
from simulator.model.physics.hydraulics import CoolantLoop
from simulator.model.physics.spec import AirSpec, ExchangerSpec, RackModelSpec

AIR_HEAT_KJ_L_K = AIR_DENSITY_KG_L * AIR_HEAT_KJ_KG_K
_STAGNANT_KW_K = 0.05  # conduction: a stopped stream still carries a little heat
_CHIP_LAG_S = 6.0
_DEW_MARGIN_K = 2.0
_RETURN_LAG_S = 3.0
_FAN_LAG_S = 5.0


@dataclass(slots=True)
class ThermalState:
    """Temperatures along the hot stream, and the controller of the cold one.

    ``stuck`` is the position of a stuck valve (negative: it moves); ``swapped`` means that the
    displayed supply and return sensors are exchanged (the controller has its own).
    """

    outlet_c: float
    supply_c: float
    supply_seen_c: float
    return_seen_c: float
    chip_c: float
    delay: list[float]
    position: float = 0.4
    command: float = 0.4
    integral: float = 0.4
    cold_inlet_c: float = 22.0
    cold_outlet_c: float = 22.0
    fouling: float = 1.0
    stuck: float = -1.0
    swapped: bool = False
    hot_kw_k: float = 1.0
    removed_kw: float = 0.0


@dataclass(slots=True)
class AirState:
    """The air around and through the rack. ``drift`` is the humidity sensor's error."""

    room_c: float
    humidity: float
    exhaust_c: float
    fan_speed: float = 0.5
    heat_kw: float = 0.0
    drift: float = 0.0
    drift_per_s: float = 0.0


@dataclass(slots=True)
class HeatState:
    """Both paths of the heat."""

    thermal: ThermalState
    air: AirState


class Heat:
    """Carries the heat of one rack to its exchanger and into the air of the hall."""

    __slots__ = ("air_spec", "load_spec", "loop", "spec", "state")

    def __init__(self, rack: RackModelSpec, loop: CoolantLoop | None) -> None:
        spec, air = rack.exchanger, rack.air
        self.load_spec = rack.load
        self.spec: ExchangerSpec = spec
        self.air_spec: AirSpec = air
        self.loop = loop
        start = spec.setpoint_c
        thermal = ThermalState(start, start, start, start, start, [start] * spec.supply_delay_s)
        thermal.cold_inlet_c = thermal.cold_outlet_c = spec.cold_inlet_c
        self.state = HeatState(thermal, AirState(air.room_c, air.humidity, air.room_c))

    def step(self, dt_s: float, it_kw: float, loss_kw: float, work: float) -> None:
        """Move all temperatures by ``dt_s``; ``loss_kw`` is the power supplies' heat."""
        liquid_kw = self.load_spec.liquid_share * it_kw
        air_kw = it_kw - liquid_kw + loss_kw
        self._blow(dt_s, air_kw)
        thermal, air, loop = self.state.thermal, self.state.air, self.loop
        if loop is None:
            hot = self.air_kw_k
            inlet, carried, share = air.room_c, air_kw, air.fan_speed
        else:
            flow = loop.state.flow_l_min
            mean_c = 0.5 * (thermal.outlet_c + thermal.supply_c)
            hot = max(_STAGNANT_KW_K, flow / 60.0 * pg25_heat_kj_l_k(mean_c))
            inlet, carried, share = thermal.delay[0], liquid_kw, flow / loop.spec.flow_l_min
        thermal.hot_kw_k = hot
        thermal.delay.append(thermal.supply_c)
        del thermal.delay[0]
        self._warm_rack(dt_s, inlet, carried, work, share)
        self._exchange(dt_s)
        self._control(dt_s)
        self._sense(dt_s, share)

    @property
    def air_kw_k(self) -> float:
        """Return the heat the rack's air stream takes per kelvin."""
        flow = self.air_spec.flow_l_s * self.state.air.fan_speed
        return max(_STAGNANT_KW_K, flow * AIR_HEAT_KJ_L_K)

    @property
    def cold_kw_k(self) -> float:
        """Return the heat the exchanger's cold stream takes per kelvin."""
        per_litre = WATER_HEAT_KJ_L_K if self.spec.cold == "water" else AIR_HEAT_KJ_L_K
        return max(_STAGNANT_KW_K, self.cold_l_min / 60.0 * per_litre)

    @property
    def cold_l_min(self) -> float:
        """Return the flow of facility water (or of the exchanger fans' air)."""
        return self.spec.cold_flow_l_min * self.state.thermal.position

    @property
    def humidity_seen(self) -> float:
        """Return the relative humidity as its sensor gives it."""
        air = self.state.air
        return clamp(air.humidity + air.drift, 0.02, 0.98)  # the limits of such sensors

    @property
    def dew_point_c(self) -> float:
        """Return the dew point as the unit computes it from its sensors."""
        return dew_point_c(self.state.air.room_c, self.humidity_seen)

    @property
    def setpoint_c(self) -> float:
        """Return the supply setpoint: never within 2 K of the dew point."""
        return max(self.spec.setpoint_c, self.dew_point_c + _DEW_MARGIN_K)

    @property
    def heat_seen_kw(self) -> float:
        """Return the heat removed as the unit computes it from its flow and temperature sensors."""
        return self.state.thermal.hot_kw_k * (self.return_seen_c - self.supply_seen_c)

    @property
    def supply_seen_c(self) -> float:
        """Return the displayed supply temperature."""
        thermal = self.state.thermal
        return thermal.return_seen_c if thermal.swapped else thermal.supply_seen_c

    @property
    def return_seen_c(self) -> float:
        """Return the displayed return temperature."""
        thermal = self.state.thermal
        return thermal.supply_seen_c if thermal.swapped else thermal.return_seen_c

    def _blow(self, dt_s: float, air_kw: float) -> None:
        spec, air, load = self.air_spec, self.state.air, self.load_spec
        full_kw = (load.idle_kw + load.dynamic_kw) * (1.0 - load.liquid_share)
        target = spec.minimum_speed + (1.0 - spec.minimum_speed) * min(1.0, air_kw / full_kw)
        air.fan_speed += (target - air.fan_speed) * min(1.0, dt_s / _FAN_LAG_S)
        air.drift = clamp(air.drift + air.drift_per_s * dt_s, -1.0, 1.0)
        if self.loop is not None:
            rise = air_kw / self.air_kw_k
            air.exhaust_c += (air.room_c + rise - air.exhaust_c) * min(1.0, dt_s / spec.lag_s)

    def _warm_rack(
        self, dt_s: float, inlet_c: float, heat_kw: float, work: float, flow_ratio: float
    ) -> None:
        load, thermal = self.load_spec, self.state.thermal
        hot = thermal.hot_kw_k
        share = 1.0 - exp(-dt_s * hot / load.heat_capacity_kj_k)
        thermal.outlet_c += share * (inlet_c + heat_kw / hot - thermal.outlet_c)
        # The film on the cold plate thins as the root of the flow.
        rise = load.chip_rise_k * work / sqrt(max(flow_ratio, 1.0 / 16.0))
        target = 0.5 * (inlet_c + thermal.outlet_c) + rise
        thermal.chip_c += (target - thermal.chip_c) * min(1.0, dt_s / _CHIP_LAG_S)

    def _exchange(self, dt_s: float) -> None:
        spec, thermal = self.spec, self.state.thermal
        hot, cold = thermal.hot_kw_k, self.cold_kw_k
        share = effectiveness(spec.ua_kw_k * thermal.fouling, hot, cold)
        removed = share * min(hot, cold) * (thermal.outlet_c - thermal.cold_inlet_c)
        leaving = thermal.outlet_c - removed / hot
        thermal.supply_c += (leaving - thermal.supply_c) * min(1.0, dt_s / spec.supply_lag_s)
        thermal.removed_kw = removed
        thermal.cold_outlet_c = thermal.cold_inlet_c + removed / cold

    def _control(self, dt_s: float) -> None:
        spec, thermal = self.spec, self.state.thermal
        lag = min(1.0, dt_s / spec.sensor_lag_s)
        thermal.supply_seen_c += (thermal.supply_c - thermal.supply_seen_c) * lag
        error = thermal.supply_seen_c - self.setpoint_c
        low = spec.minimum_position
        thermal.integral = clamp(thermal.integral + spec.ki_per_k_s * error * dt_s, low, 1.0)
        thermal.command = clamp(thermal.integral + spec.kp_per_k * error, low, 1.0)
        target = thermal.command if thermal.stuck < 0.0 else thermal.stuck
        reach = dt_s / spec.stroke_s
        thermal.position += clamp(target - thermal.position, -reach, reach)

    def _sense(self, dt_s: float, flow_ratio: float) -> None:
        # The return sensor is in the unit: without flow the rack's hot coolant does not reach it.
        thermal, air = self.state.thermal, self.state.air
        lag = min(1.0, dt_s * flow_ratio / _RETURN_LAG_S)
        thermal.return_seen_c += (thermal.outlet_c - thermal.return_seen_c) * lag
        if self.loop is None:
            air.exhaust_c = thermal.outlet_c
        air.heat_kw = self.air_kw_k * (air.exhaust_c - air.room_c)
