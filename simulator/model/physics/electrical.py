"""The electrical side: load, power supplies on two feeds, bus bar, batteries, energy meters.

Supplies share equally, so a second costs the same for six supplies as for sixty: only a change of
wiring (a dead supply, a lost phase, a switched outlet) walks through all of them.
"""

from dataclasses import dataclass
from math import sqrt

from simulator.model.physics.formulas import clamp, psu_efficiency
from simulator.model.physics.spec import BatterySpec, LoadSpec, PowerSpec, RackModelSpec

FEEDS = ("a", "b")
PHASES = 3
_TRANSIENT_DIP_V = 1.5  # per unit of load taken over by the remaining supplies at once (e)
_CHARGED = 0.9999


@dataclass(slots=True)
class LoadState:
    """The demand of the trays. ``throttle`` is the share of the work that hot chips still do."""

    ratio: float = 0.5
    demand_kw: float = 0.0
    throttle: float = 1.0
    shut_down: bool = False


@dataclass(slots=True)
class BatteryState:
    """The battery shelves: charge, health and power given (taken if negative), per shelf."""

    charge: list[float]
    health: list[float]
    power_kw: list[float]


@dataclass(slots=True)
class PowerState:
    """Feeds, wiring and supplies.

    ``wiring`` gives each shelf its slot: the outlets of feed A that shelves use, then feed B's.
    """

    feed_on: list[bool]
    phase_on: list[list[bool]]
    ct_sign: list[list[float]]
    outlet_on: list[list[bool]]
    wiring: list[int]
    psu_ok: list[list[bool]]
    joint: list[float]
    clip_rise_k: list[float]
    outages: list[list[int]]
    live: list[list[int]]
    energy_base_kj: list[list[float]]
    batteries: BatteryState
    live_total: int = 0
    psu_energy_kj: float = 0.0
    energy_mark_kj: float = 0.0
    served_kw: float = 0.0
    psu_kw: float = 0.0
    psu_input_kw: float = 0.0
    load_ratio: float = 0.0
    efficiency: float = 0.945
    bus_v: float = 51.0
    bus_minimum_v: float = 51.0


class Trays:
    """The compute trays as a load: they follow the work, slow down when hot, stop when too hot."""

    __slots__ = ("spec", "state")

    def __init__(self, spec: LoadSpec) -> None:
        self.spec = spec
        self.state = LoadState()

    def step(self, dt_s: float, chip_c: float, outlet_c: float, bus_alive: bool) -> None:
        """Move the demand by ``dt_s`` toward the requested work."""
        spec, state = self.spec, self.state
        if chip_c > spec.throttle_chip_c:
            state.throttle = max(0.0, state.throttle - 0.2 * dt_s)
        elif state.throttle < 1.0 and chip_c < spec.throttle_chip_c - 5.0:
            state.throttle = min(1.0, state.throttle + 0.02 * dt_s)
        if outlet_c > spec.shutdown_outlet_c:
            state.shut_down = True
        elif state.shut_down and outlet_c < spec.restart_outlet_c:
            state.shut_down = False
        if state.shut_down or not bus_alive:
            state.demand_kw = 0.0
            return
        target = spec.idle_kw + spec.dynamic_kw * self.work
        state.demand_kw += (target - state.demand_kw) * min(1.0, dt_s / spec.time_constant_s)

    @property
    def work(self) -> float:
        """Return the share of the full work that is done, 0..1."""
        return 0.0 if self.state.shut_down else self.state.ratio * self.state.throttle


class Power:
    """Feeds, supplies, bus bar and batteries of one rack."""

    __slots__ = ("battery", "per_feed", "spec", "state")

    def __init__(self, rack: RackModelSpec) -> None:
        spec = rack.power
        self.spec: PowerSpec = spec
        self.battery: BatterySpec | None = rack.battery
        self.per_feed = (spec.shelves + 1) // 2
        slots = 2 * self.per_feed
        shelves = self.battery.shelves if self.battery else 0
        self.state = PowerState(
            feed_on=[True, True],
            phase_on=[[True] * PHASES for _ in FEEDS],
            ct_sign=[[1.0] * PHASES for _ in FEEDS],
            outlet_on=[[True] * spec.outlets for _ in FEEDS],
            wiring=list(range(spec.shelves)),
            psu_ok=[[True] * spec.psus_per_shelf for _ in range(spec.shelves)],
            joint=[1.0] * spec.shelves,
            clip_rise_k=[0.0] * spec.shelves,
            outages=[[0] * spec.psus_per_shelf for _ in range(spec.shelves)],
            live=[[0] * PHASES for _ in range(slots)],
            energy_base_kj=[[0.0] * PHASES for _ in range(slots)],
            batteries=BatteryState([1.0] * shelves, [1.0] * shelves, [0.0] * shelves),
        )
        self.rewire()

    def step(self, dt_s: float, demand_kw: float) -> None:
        """Serve the demand for ``dt_s`` from the supplies, then from the batteries."""
        spec, state = self.spec, self.state
        rating = state.live_total * spec.psu_kw
        charging = self._charge(dt_s, rating - demand_kw) if self.battery else 0.0
        from_psus = min(demand_kw + charging, rating * spec.overload_ratio)
        from_batteries = self._discharge(dt_s, demand_kw - from_psus) if self.battery else 0.0
        before = state.load_ratio
        ratio = from_psus / rating if rating else 0.0
        state.load_ratio = ratio
        state.efficiency = psu_efficiency(ratio)
        state.served_kw = from_psus + from_batteries - charging
        state.psu_kw = from_psus / state.live_total if rating else 0.0
        state.psu_input_kw = state.psu_kw / state.efficiency
        state.psu_energy_kj += state.psu_input_kw * dt_s
        state.bus_v = self._bus_voltage(ratio, from_batteries)
        sag = _TRANSIENT_DIP_V * max(0.0, ratio - before)
        state.bus_minimum_v = min(state.bus_minimum_v, state.bus_v - sag)
        self._warm_clips(dt_s)

    def rewire(self) -> None:
        """Count the live supplies again; called after every change of the wiring."""
        state = self.state
        self._fold_energy()
        live = [[0] * PHASES for _ in state.live]
        for shelf, row in enumerate(state.psu_ok):
            slot = state.wiring[shelf]
            for psu, healthy in enumerate(row):
                if healthy and self.has_input(shelf, psu):
                    live[slot][psu % PHASES] += 1
        state.live[:] = live
        state.live_total = sum(map(sum, live))

    def cut(self) -> "OutageCount":
        """Change the wiring inside this context; its end counts outages and rewires."""
        return OutageCount(self)

    def has_input(self, shelf: int, psu: int) -> bool:
        """Return whether a supply (0-based) has AC."""
        state = self.state
        feed, outlet = divmod(state.wiring[shelf], self.per_feed)
        live = state.feed_on[feed] and state.phase_on[feed][psu % PHASES]
        return live and state.outlet_on[feed][outlet]

    def is_live(self, shelf: int, psu: int) -> bool:
        """Return whether a supply (0-based) carries its share."""
        return self.state.psu_ok[shelf][psu] and self.has_input(shelf, psu)

    def phase_v(self, feed: int, phase: int) -> float:
        """Return the voltage of a phase against neutral."""
        state = self.state
        on = state.feed_on[feed] and state.phase_on[feed][phase]
        return self.spec.line_voltage_v / sqrt(3.0) if on else 0.0

    def slot_kw(self, slot: int, phase: int) -> float:
        """Return the AC power of one phase of one shelf outlet."""
        return self.state.live[slot][phase] * self.state.psu_input_kw

    def feed_kw(self, feed: int, phase: int) -> float:
        """Return the true AC power of one phase of a feed, not what a transformer measures."""
        first = feed * self.per_feed
        live = self.state.live
        count = sum(live[slot][phase] for slot in range(first, first + self.per_feed))
        return count * self.state.psu_input_kw

    def amperes(self, kilowatts: float) -> float:
        """Return the current of one phase that carries this power at the nominal voltage."""
        spec = self.spec
        return kilowatts * 1e3 * sqrt(3.0) / (spec.line_voltage_v * spec.power_factor)

    def slot_energy_j(self, slot: int, phase: int) -> float:
        """Return the energy that a shelf outlet's meter has counted on a phase."""
        state = self.state
        since = state.psu_energy_kj - state.energy_mark_kj
        return 1e3 * (state.energy_base_kj[slot][phase] + state.live[slot][phase] * since)

    def shelf_live(self, shelf: int) -> int:
        """Return the supplies of a shelf that carry load."""
        return sum(self.state.live[self.state.wiring[shelf]])

    def shelf_amperes(self, shelf: int) -> float:
        """Return the current a shelf gives to the bus bar."""
        state = self.state
        return self.shelf_live(shelf) * state.psu_kw * 1e3 / state.bus_v if state.bus_v else 0.0

    def battery_left_s(self, shelf: int) -> float:
        """Return how long a battery shelf lasts at its rating."""
        cells = self.state.batteries
        hold_s = self.battery.hold_s if self.battery else 0.0
        return hold_s * cells.charge[shelf] * cells.health[shelf]

    def battery_module_kw(self, shelf: int) -> float:
        """Return the power that each module of a battery shelf gives (takes, if negative)."""
        modules = self.battery.modules if self.battery else 1
        return self.state.batteries.power_kw[shelf] / modules

    def _bus_voltage(self, ratio: float, from_batteries: float) -> float:
        spec, battery = self.spec, self.battery
        held = from_batteries > 0.0 or not self.state.live_total
        if battery is not None and held and any(self.state.batteries.charge):
            return battery.takeover_v
        return spec.bus_v - spec.droop_v * ratio if self.state.live_total else 0.0

    def _discharge(self, dt_s: float, wanted_kw: float) -> float:
        battery, cells = self.battery, self.state.batteries
        if battery is None or wanted_kw <= 1e-9:
            return 0.0
        able = [shelf for shelf, charge in enumerate(cells.charge) if charge > 0.0]
        shelf_kw = battery.modules * battery.module_kw
        given = min(wanted_kw, shelf_kw * len(able))
        for shelf in able:
            store_kj = shelf_kw * battery.hold_s * max(cells.health[shelf], 1e-3)
            spent = given / len(able) * dt_s / store_kj
            cells.power_kw[shelf] = given / len(able)
            cells.charge[shelf] = max(0.0, cells.charge[shelf] - spent)
        return given

    def _charge(self, dt_s: float, spare_kw: float) -> float:
        battery, cells = self.battery, self.state.batteries
        cells.power_kw[:] = [0.0] * len(cells.power_kw)
        low = [shelf for shelf, charge in enumerate(cells.charge) if charge < _CHARGED]
        if battery is None or not low or spare_kw <= 0.0:
            return 0.0
        shelf_kw = battery.modules * battery.module_kw
        taken = min(spare_kw, battery.recharge_ratio * shelf_kw * len(low))
        for shelf in low:
            store_kj = shelf_kw * battery.hold_s * max(cells.health[shelf], 1e-3)
            gain = taken / len(low) * dt_s / store_kj
            cells.power_kw[shelf] = -taken / len(low)
            cells.charge[shelf] = clamp(cells.charge[shelf] + gain, 0.0, 1.0)
        return taken

    def _warm_clips(self, dt_s: float) -> None:
        spec, state = self.spec, self.state
        share = min(1.0, dt_s / spec.clip_lag_s)
        own = spec.clip_rise_k * state.load_ratio**2 / spec.psus_per_shelf**2
        rises = state.clip_rise_k
        for shelf, slot in enumerate(state.wiring):
            one, two, three = state.live[slot]
            target = own * state.joint[shelf] * (one + two + three) ** 2
            rises[shelf] += share * (target - rises[shelf])

    def _fold_energy(self) -> None:
        state = self.state
        since = state.psu_energy_kj - state.energy_mark_kj
        for base, live in zip(state.energy_base_kj, state.live, strict=True):
            for phase in range(PHASES):
                base[phase] += live[phase] * since
        state.energy_mark_kj = state.psu_energy_kj


class OutageCount:
    """Count, per supply, the loss of AC that a change of the wiring brings."""

    __slots__ = ("_had_input", "_power")

    def __init__(self, power: Power) -> None:
        self._power = power
        self._had_input: list[list[bool]] = []

    def __enter__(self) -> PowerState:
        self._had_input = self._inputs()
        return self._power.state

    def __exit__(self, *_: object) -> None:
        outages = self._power.state.outages
        for shelf, row in enumerate(self._inputs()):
            for psu, has_input in enumerate(row):
                outages[shelf][psu] += self._had_input[shelf][psu] and not has_input
        self._power.rewire()

    def _inputs(self) -> list[list[bool]]:
        power = self._power
        return [
            [power.has_input(shelf, psu) for psu in range(len(row))]
            for shelf, row in enumerate(power.state.psu_ok)
        ]
