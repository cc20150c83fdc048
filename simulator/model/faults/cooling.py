"""Faults of the cooling side."""

from agent.model.errors import ConfigError
from simulator.model.faults.fault import Act, Bench, Params, RackFault, index, number, positive
from simulator.model.physics.hydraulics import CoolantLoop


def _loop(bench: Bench) -> CoolantLoop:
    if bench.machine.loop is None:
        raise ConfigError(f"{bench.machine.spec.name} has no coolant loop")
    return bench.machine.loop


def _pump_trip(bench: Bench, params: Params) -> None:
    loop = _loop(bench)
    pumps = loop.state.pumps
    if not int(float(params["pump"])):  # 0 selects the one that is running
        running = (n for n, pump in enumerate(pumps, 1) if pump.duty and pump.healthy)
        params["pump"] = next(running, 1)
    pumps[index(params, "pump", len(pumps))].healthy = False


def _pump_back(bench: Bench, params: Params) -> None:
    pumps = _loop(bench).state.pumps
    pumps[index(params, "pump", len(pumps))].healthy = True


def _pumps(healthy: bool) -> Act:
    def act(bench: Bench, params: Params) -> None:
        for pump in _loop(bench).state.pumps:
            pump.healthy = healthy

    return act


def _clog(bench: Bench, params: Params) -> None:
    _loop(bench).state.clog = positive(params, "factor")


def _unclog(bench: Bench, params: Params) -> None:
    _loop(bench).state.clog = 1.0


def _foul(bench: Bench, params: Params) -> None:
    bench.machine.heat.state.thermal.fouling = positive(params, "factor")


def _clean(bench: Bench, params: Params) -> None:
    bench.machine.heat.state.thermal.fouling = 1.0


def _stick(bench: Bench, params: Params) -> None:
    position = number(params, "position")
    if not 0.0 <= position <= 1.0:
        raise ConfigError(f"position {position:g}: must be 0 to 1")
    bench.machine.heat.state.thermal.stuck = position


def _unstick(bench: Bench, params: Params) -> None:
    bench.machine.heat.state.thermal.stuck = -1.0


def _warm(bench: Bench, params: Params) -> None:
    heat = bench.machine.heat
    heat.state.thermal.cold_inlet_c = heat.spec.cold_inlet_c + number(params, "delta_k")


def _unwarm(bench: Bench, params: Params) -> None:
    heat = bench.machine.heat
    heat.state.thermal.cold_inlet_c = heat.spec.cold_inlet_c


def _air_in(bench: Bench, params: Params) -> None:
    _loop(bench).state.air = positive(params, "factor")


def _vent(bench: Bench, params: Params) -> None:
    _loop(bench).state.air = 1.0


def _leak(bench: Bench, params: Params) -> None:
    _loop(bench).state.leak_l_min = positive(params, "rate_l_min")


def _mend(bench: Bench, params: Params) -> None:
    state = _loop(bench).state
    state.leak_l_min = state.lost_l = 0.0  # repaired, dried and refilled


def _cable_cut(cut: bool) -> Act:
    def act(bench: Bench, params: Params) -> None:
        _loop(bench).state.cable_cut = cut

    return act


def _swapped(swapped: bool) -> Act:
    def act(bench: Bench, params: Params) -> None:
        bench.machine.heat.state.thermal.swapped = swapped

    return act


def _drift(bench: Bench, params: Params) -> None:
    bench.machine.heat.state.air.drift_per_s = number(params, "per_hour") / 3600.0


def _no_drift(bench: Bench, params: Params) -> None:
    air = bench.machine.heat.state.air
    air.drift = air.drift_per_s = 0.0


COOLING_FAULTS = (
    RackFault(
        "pump_trip",
        "flow falls, the standby pump brings it back",
        {"pump": 0},
        ("pump",),
        _pump_trip,
        _pump_back,
    ),
    RackFault(
        "pumps_lost",
        "flow 0; the return sensor lags behind the hot rack",
        {},
        (),
        _pumps(False),
        _pumps(True),
    ),
    RackFault(
        "clog",
        "pressure difference up, flow down",
        {"factor": 2.0},
        (),
        _clog,
        _unclog,
    ),
    RackFault(
        "exchanger_fouled",
        "temperatures unchanged, valve further open",
        {"factor": 0.5},
        (),
        _foul,
        _clean,
    ),
    RackFault(
        "valve_stuck",
        "position no longer follows the command, supply too warm",
        {"position": 0.3},
        (),
        _stick,
        _unstick,
    ),
    RackFault(
        "facility_warm",
        "valve fully open, small approach",
        {"delta_k": 6.0},
        (),
        _warm,
        _unwarm,
    ),
    RackFault(
        "air_in_loop",
        "flow and pressures are noisy",
        {"factor": 8.0},
        (),
        _air_in,
        _vent,
    ),
    RackFault(
        "leak",
        "pressure falls, then the leak sensor reports",
        {"rate_l_min": 0.2},
        (),
        _leak,
        _mend,
    ),
    RackFault(
        "leak_cable_cut",
        "sensor fault, no leak",
        {},
        (),
        _cable_cut(True),
        _cable_cut(False),
    ),
    RackFault(
        "supply_return_swapped",
        "return colder than supply",
        {},
        (),
        _swapped(True),
        _swapped(False),
    ),
    RackFault(
        "humidity_drift",
        "humidity and dew point climb while the ambient air stays the same",
        {"per_hour": 0.3},
        (),
        _drift,
        _no_drift,
    ),
)
