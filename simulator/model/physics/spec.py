"""A rack model as data: what is in the rack, how much of it, and how it behaves."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from agent.model.errors import ConfigError, Problem
from agent.parse.yaml_source import Document, Key, load, parse

_STRICT = ConfigDict(extra="forbid")

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Ratio = Annotated[float, Field(ge=0, le=1)]
Celsius = Annotated[float, Field(ge=-40, le=150)]
Count = Annotated[int, Field(ge=1, le=64)]


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class LoadSpec:
    """Power of the trays: ``idle_kw + dynamic_kw * load``, and how they protect themselves."""

    idle_kw: Positive
    dynamic_kw: Positive
    liquid_share: Ratio
    time_constant_s: Positive = 2.0
    heat_capacity_kj_k: Positive = 160.0
    chip_rise_k: Positive = 28.0
    throttle_chip_c: Celsius = 95.0
    shutdown_outlet_c: Celsius = 85.0
    restart_outlet_c: Celsius = 55.0


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class PowerSpec:
    """Two three-phase feeds, the shelves shared between them, and the bus bar they feed."""

    shelves: Count
    psus_per_shelf: Count
    psu_kw: Positive
    line_voltage_v: Positive = 415.0
    frequency_hz: Positive = 50.0
    power_factor: Ratio = 0.99
    feed_limit_a: Positive
    branch_limit_a: Positive
    outlets: Count
    bus_v: Positive = 51.0
    droop_v: Positive = 0.5
    overload_ratio: Positive = 1.05
    clip_rise_k: Positive = 15.0
    clip_lag_s: Positive = 120.0


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class BatterySpec:
    """Battery backup shelves on the bus: they take over at ``takeover_v`` for ``hold_s``."""

    shelves: Count
    modules: Count
    module_kw: Positive
    hold_s: Positive = 240.0
    takeover_v: Positive = 48.5
    recharge_ratio: Ratio = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class LoopSpec:
    """The coolant loop through the rack: pumps in parallel, resistances, filling.

    Head of a pump is ``pump_head_kpa * n^2 - pump_slope * q^2``; the rack resists with
    ``rack_square * Q^2 + rack_linear * Q``, the rest of the loop with ``rest_kpa * (Q/rated)^2``.
    """

    pumps: Count
    duty_pumps: Count
    flow_l_min: Positive
    pump_head_kpa: Positive
    pump_slope: Positive
    pump_rpm: Positive
    pump_kw: Positive
    nominal_speed: Ratio
    minimum_speed: Ratio = 0.15
    coast_s: Positive = 3.0
    ramp_per_s: Positive = 0.1
    flow_lag_s: Positive = 1.5
    rack_square: Positive
    rack_linear: Positive
    rest_kpa: Positive
    filter_share: Ratio = 0.15
    volume_l: Positive
    reserve_l: Positive
    static_kpa: Positive = 150.0
    detect_l: Positive = 0.5
    conductivity_s_m: Positive = 0.05
    ph: Positive = 9.0


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class ExchangerSpec:
    """Where the heat leaves: a counterflow exchanger and what controls its cold side.

    ``cold`` water is throttled by a valve, ``cold`` air is blown by fans (``fans`` of them).
    """

    cold: Literal["water", "air"]
    cold_flow_l_min: Positive
    cold_inlet_c: Celsius
    setpoint_c: Celsius
    ua_kw_k: Positive
    kp_per_k: Positive = 0.04
    ki_per_k_s: Positive = 0.0015
    stroke_s: Positive = 45.0
    minimum_position: Ratio = 0.0
    supply_delay_s: Annotated[int, Field(ge=1, le=120)] = 8
    supply_lag_s: Positive = 10.0
    sensor_lag_s: Positive = 4.0
    fans: Annotated[int, Field(ge=0, le=64)] = 0
    fan_rpm: Positive = 5000.0
    fan_kw: Positive = 1.0
    cold_supply_kpa: Positive = 300.0
    cold_drop_kpa: Positive = 80.0


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class AirSpec:
    """The hall's air and the fans that draw it through the rack."""

    room_c: Celsius = 24.0
    humidity: Ratio = 0.45
    flow_l_s: Positive
    fans: Count
    fan_rpm: Positive
    fan_kw: Positive
    minimum_speed: Ratio = 0.3
    lag_s: Positive = 30.0


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class NetworkSpec:
    """Switches that are wired alike: one port per node, then uplinks, the rest unused."""

    switches: Annotated[int, Field(ge=0, le=16)]
    ports: Annotated[int, Field(ge=1, le=256)]
    nodes: Annotated[int, Field(ge=1, le=256)]
    uplinks: Annotated[int, Field(ge=0, le=64)]
    speed_gbit_s: Positive


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class RackModelSpec:
    """One kind of rack. ``loop`` is None if air alone carries the heat to the exchanger."""

    name: str
    title: str
    load: LoadSpec
    power: PowerSpec
    exchanger: ExchangerSpec
    air: AirSpec
    network: NetworkSpec
    loop: LoopSpec | None = None
    battery: BatterySpec | None = None


_ADAPTER = TypeAdapter(RackModelSpec)


def shipped_models() -> tuple[str, ...]:
    """Return the names of the shipped rack models."""
    folder = files("simulator") / "models"
    return tuple(sorted(Path(f.name).stem for f in folder.iterdir() if f.name.endswith(".yaml")))


def load_model(name: str | Path) -> RackModelSpec:
    """Load a shipped model by name, or one from a YAML file by its path.

    Raises ConfigError naming file, key and problem.
    """
    if str(name) in shipped_models():
        file = f"models/{name}.yaml"
        text = (files("simulator") / "models" / f"{name}.yaml").read_text("utf-8")
        return parse_model(text, file)
    path = Path(name)
    if not path.exists():
        known = ", ".join(shipped_models())
        message = f"neither a file nor the name of a rack model; known: {known}"
        raise ConfigError([Problem(str(path), 0, "", message)])
    return _model(load(path))


def parse_model(text: str, file: str) -> RackModelSpec:
    """Return the rack model that a YAML text describes; ``file`` names it in errors.

    Raises ConfigError with every problem found.
    """
    return _model(parse(text, file))


def _model(document: Document) -> RackModelSpec:
    try:
        model = _ADAPTER.validate_python(document.data)
    except ValidationError as error:
        found = [(item["loc"], item["msg"]) for item in error.errors(include_url=False)]
        raise ConfigError([document.problem(*pair) for pair in found]) from None
    problems = [document.problem(*pair) for pair in _clashes(model)]
    if problems:
        raise ConfigError(problems)
    return model


def _clashes(model: RackModelSpec) -> list[tuple[Key, str]]:
    loop, power, network = model.loop, model.power, model.network
    found: list[tuple[Key, str]] = []
    if loop is not None and loop.duty_pumps > loop.pumps:
        found.append((("loop", "duty_pumps"), f"more than the {loop.pumps} pumps of the loop"))
    if network.nodes + network.uplinks > network.ports:
        found.append((("network", "ports"), "fewer than nodes and uplinks together"))
    if power.outlets < (power.shelves + 1) // 2:
        found.append((("power", "outlets"), "fewer than the shelves of one feed"))
    if loop is None and model.load.liquid_share > 0.0:
        found.append((("load", "liquid_share"), "must be 0 without a coolant loop"))
    return found
