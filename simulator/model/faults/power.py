"""Faults of the electrical side."""

from agent.model.errors import ConfigError
from simulator.model.faults.fault import Act, Bench, Params, RackFault, index, number, positive
from simulator.model.physics.electrical import FEEDS, PHASES


def _feed(params: Params) -> int:
    letter = str(params["feed"]).lower()
    if letter not in FEEDS:
        raise ConfigError(f"feed {letter!r}: must be {' or '.join(FEEDS)}")
    return FEEDS.index(letter)


def _feed_lost(on: bool) -> Act:
    def act(bench: Bench, params: Params) -> None:
        feed = _feed(params)
        with bench.machine.power.cut() as state:
            state.feed_on[feed] = on

    return act


def _phase_lost(on: bool) -> Act:
    def act(bench: Bench, params: Params) -> None:
        feed, phase = _feed(params), index(params, "phase", PHASES)
        with bench.machine.power.cut() as state:
            state.phase_on[feed][phase] = on

    return act


def _outlet(on: bool) -> Act:
    def act(bench: Bench, params: Params) -> None:
        feed = _feed(params)
        outlet = index(params, "outlet", bench.machine.power.spec.outlets)
        with bench.machine.power.cut() as state:
            state.outlet_on[feed][outlet] = on

    return act


def _psu_dead(ok: bool) -> Act:
    def act(bench: Bench, params: Params) -> None:
        spec = bench.machine.power.spec
        shelf = index(params, "shelf", spec.shelves)
        psu = index(params, "psu", spec.psus_per_shelf)
        with bench.machine.power.cut() as state:
            state.psu_ok[shelf][psu] = ok

    return act


def _miswired(crossed: bool) -> Act:
    def act(bench: Bench, params: Params) -> None:
        spec = bench.machine.power.spec
        one = index(params, "shelf_a", spec.shelves)
        # 0 selects the shelf of feed B at the same position as the one of feed A.
        if not int(float(params["shelf_b"])):
            params["shelf_b"] = one + 1 + bench.machine.power.per_feed
        two = index(params, "shelf_b", spec.shelves)
        with bench.machine.power.cut() as state:
            state.wiring[one], state.wiring[two] = (two, one) if crossed else (one, two)

    return act


def _ct(sign: float) -> Act:
    def act(bench: Bench, params: Params) -> None:
        feed, phase = _feed(params), index(params, "phase", PHASES)
        bench.machine.power.state.ct_sign[feed][phase] = sign

    return act


def _bad_joint(bench: Bench, params: Params) -> None:
    shelf = index(params, "shelf", bench.machine.power.spec.shelves)
    bench.machine.power.state.joint[shelf] = positive(params, "factor")


def _good_joint(bench: Bench, params: Params) -> None:
    shelf = index(params, "shelf", bench.machine.power.spec.shelves)
    bench.machine.power.state.joint[shelf] = 1.0


def _battery_health(bench: Bench, params: Params, health: float) -> None:
    cells = bench.machine.power.state.batteries
    if not cells.health:
        raise ConfigError(f"{bench.machine.spec.name} has no battery shelves")
    if not 0.0 <= health <= 1.0:
        raise ConfigError(f"health {health:g}: must be 0 to 1")
    cells.health[index(params, "bbu", len(cells.health))] = health


def _weak_bbu(bench: Bench, params: Params) -> None:
    _battery_health(bench, params, number(params, "health"))


def _strong_bbu(bench: Bench, params: Params) -> None:
    _battery_health(bench, params, 1.0)


POWER_FAULTS = (
    RackFault(
        "feed_lost",
        "the feed reads 0 V and 0 A, the other carries both",
        {"feed": "a"},
        ("feed",),
        _feed_lost(False),
        _feed_lost(True),
    ),
    RackFault(
        "phase_lost",
        "one phase of a feed reads 0 V; its supplies drop out",
        {"feed": "a", "phase": 1},
        ("feed", "phase"),
        _phase_lost(False),
        _phase_lost(True),
    ),
    RackFault(
        "outlet_off",
        "the outlet is off; its shelf has no input",
        {"feed": "a", "outlet": 1},
        ("feed", "outlet"),
        _outlet(False),
        _outlet(True),
    ),
    RackFault(
        "psu_dead",
        "phase unbalance of 40 % on its shelf",
        {"shelf": 1, "psu": 1},
        ("shelf", "psu"),
        _psu_dead(False),
        _psu_dead(True),
    ),
    RackFault(
        "ab_miswired",
        "opening feed A drops a shelf of feed B",
        {"shelf_a": 1, "shelf_b": 0},
        ("shelf_a", "shelf_b"),
        _miswired(True),
        _miswired(False),
    ),
    RackFault(
        "ct_reversed",
        "power of one phase is negative",
        {"feed": "a", "phase": 1},
        ("feed", "phase"),
        _ct(-1.0),
        _ct(1.0),
    ),
    RackFault(
        "bad_joint",
        "a shelf's bus clip warms with the square of the current",
        {"shelf": 1, "factor": 6.0},
        ("shelf",),
        _bad_joint,
        _good_joint,
    ),
    RackFault(
        "weak_bbu",
        "low health; the battery empties early",
        {"bbu": 1, "health": 0.4},
        ("bbu",),
        _weak_bbu,
        _strong_bbu,
    ),
)
