"""Faults of cables, optics, sensors and device identities."""

from agent.model.errors import ConfigError
from simulator.model.faults.fault import Act, Bench, Params, RackFault, index, positive
from simulator.model.observe.points import Point


def _ports(bench: Bench, params: Params, *names: str) -> tuple[int, tuple[int, ...]]:
    switches = bench.machine.switches
    switch = index(params, "switch", len(switches))
    count = switches[switch].spec.ports
    return switch, tuple(index(params, name, count) for name in names)


def _cables(swapped: bool) -> Act:
    def act(bench: Bench, params: Params) -> None:
        number, (one, two) = _ports(bench, params, "port_a", "port_b")
        ports = bench.machine.switches[number].state.ports
        planned = bench.machine.switches[number].planned
        if planned(one) is None or planned(two) is None:
            raise ConfigError("cable_swap: both ports must have a cable")
        ports[one].peer, ports[two].peer = (two, one) if swapped else (one, two)

    return act


def _dim(bench: Bench, params: Params, loss_db: float) -> None:
    number, (port,) = _ports(bench, params, "port")
    switch = bench.machine.switches[number]
    switch.fold(port)
    switch.state.ports[port].loss_db = loss_db


def _dirty(bench: Bench, params: Params) -> None:
    _dim(bench, params, positive(params, "loss_db"))


def _wiped(bench: Bench, params: Params) -> None:
    _dim(bench, params, 0.0)


def _link(up: bool) -> Act:
    def act(bench: Bench, params: Params) -> None:
        number, (port,) = _ports(bench, params, "port")
        switch = bench.machine.switches[number]
        switch.fold(port)
        switch.state.ports[port].up = up

    return act


def _selected(bench: Bench, params: Params) -> list[Point]:
    view = bench.board.views.get(str(params["role"]))
    if view is None:
        raise ConfigError(f"role {params['role']!r}: must be one of {', '.join(bench.board.views)}")
    text = str(params["labels"])
    pairs = [item.partition("=") for item in text.split(",") if item]
    labels = {name.strip(): value.strip() for name, _, value in pairs}
    points = list(view.select(str(params["metric"]), labels))
    if not points:
        raise ConfigError(f"{params['role']} shows no {params['metric']} {text}".rstrip())
    return points


def _scale(bench: Bench, params: Params) -> None:
    factor = positive(params, "factor")
    bench.board.overlay.scale |= {point.id: factor for point in _selected(bench, params)}


def _unscale(bench: Bench, params: Params) -> None:
    for point in _selected(bench, params):
        bench.board.overlay.scale.pop(point.id, None)


def _freeze(bench: Bench, params: Params) -> None:
    held = bench.board.overlay.held
    for point in _selected(bench, params):
        held.setdefault(point.id, point.value())


def _thaw(bench: Bench, params: Params) -> None:
    for point in _selected(bench, params):
        bench.board.overlay.held.pop(point.id, None)


def _identity_place(bench: Bench, params: Params) -> str:
    role, part = str(params["role"]), str(params["part"])
    metric, labels = "rack_device_info", {}
    if part:
        metric, labels = "rack_component_info", {"component": part}
    view = bench.board.views.get(role)
    if view is None or not any(view.select(metric, labels)):
        raise ConfigError(f"wrong_identity: {role} {part}".rstrip() + " has no identity")
    return f"{role}/{part}" if part else role


def _impostor(bench: Bench, params: Params) -> None:
    changed = {name: str(params[name]) for name in ("serial", "firmware") if params[name]}
    bench.board.overlay.identity[_identity_place(bench, params)] = changed


def _genuine(bench: Bench, params: Params) -> None:
    bench.board.overlay.identity.pop(_identity_place(bench, params), None)


def _pairs(bench: Bench, params: Params) -> list[tuple[str, str]]:
    views = bench.board.views
    source, target = views.get(str(params["source"])), views.get(str(params["target"]))
    if source is None or target is None:
        raise ConfigError(f"crosstalk: roles must be two of {', '.join(views)}")
    found = ((point.id, source.match(point.metric, dict(point.labels))) for point in target.points)
    pairs = [(own, other.id) for own, other in found if other is not None]
    if not pairs:
        raise ConfigError(f"crosstalk: {source.role} and {target.role} have no metric in common")
    return pairs


def _cross(bench: Bench, params: Params) -> None:
    bench.board.overlay.reroute |= dict(_pairs(bench, params))


def _uncross(bench: Bench, params: Params) -> None:
    for own, _ in _pairs(bench, params):
        bench.board.overlay.reroute.pop(own, None)


_SENSOR: Params = {"role": "cdu", "metric": "rack_coolant_temperature_celsius", "labels": ""}

INSTRUMENT_FAULTS = (
    RackFault(
        "cable_swap",
        "two LLDP neighbours exchanged, both links up",
        {"switch": 1, "port_a": 1, "port_b": 2},
        ("switch", "port_a", "port_b"),
        _cables(True),
        _cables(False),
    ),
    RackFault(
        "dirty_optic",
        "received optical power down, link up, more corrected errors",
        {"switch": 1, "port": 1, "loss_db": 3.0},
        ("switch", "port"),
        _dirty,
        _wiped,
    ),
    RackFault(
        "link_down",
        "a port is down at both ends",
        {"switch": 1, "port": 1},
        ("switch", "port"),
        _link(False),
        _link(True),
    ),
    RackFault(
        "frozen_sensor",
        "the value no longer varies",
        _SENSOR,
        ("role", "metric", "labels"),
        _freeze,
        _thaw,
    ),
    RackFault(
        "wrong_scale",
        "a value is ten times its true value",
        {"role": "pdu-a", "metric": "rack_inlet_power_watts", "labels": "", "factor": 10.0},
        ("role", "metric", "labels"),
        _scale,
        _unscale,
    ),
    RackFault(
        "wrong_identity",
        "serial number or firmware differs from the build sheet",
        {"role": "cdu", "part": "", "serial": "", "firmware": "0.9.9"},
        ("role", "part"),
        _impostor,
        _genuine,
    ),
    RackFault(
        "crosstalk",
        "two devices show identical values",
        {"source": "shelf-1", "target": "shelf-2"},
        ("target",),
        _cross,
        _uncross,
    ),
)
