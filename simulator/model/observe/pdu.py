"""The instruments of a feed's PDU: inlet, phases, branches, outlets, ambient sensors."""

from functools import partial
from math import sqrt

from simulator.model.observe.points import (
    CURRENT,
    HUMIDITY,
    POWER,
    TEMPERATURE,
    VOLTAGE,
    Board,
    SensorNoise,
    View,
)
from simulator.model.physics.electrical import FEEDS, PHASES, Power
from simulator.model.physics.formulas import unbalance_ratio
from simulator.model.physics.machine import Machine
from simulator.model.physics.thermal import Heat

_FREQUENCY = SensorNoise(share=0.0002)
_ROOT3 = sqrt(3.0)
_ALL = tuple(range(PHASES))


def build(board: Board, machine: Machine) -> None:
    """Add the views ``pdu-a`` and ``pdu-b``."""
    for feed, letter in enumerate(FEEDS):
        view = board.view(f"pdu-{letter}")
        board.identify(view, f"PDU {machine.spec.name}")
        meter = _Meter(machine.power, feed)
        _inlet(view, meter)
        for phase in _ALL:
            _phase(view, meter, phase)
        for outlet in range(machine.power.spec.outlets):
            socket = _Socket(meter, outlet)
            _outlet(view, socket)
            if socket.slot is not None:
                _branch(view, meter, socket.slot, outlet)
        _climate(view, machine.heat)


class _Meter:
    """Add the meter of one feed. A reversed current transformer inverts the sign of its power."""

    def __init__(self, power: Power, feed: int) -> None:
        self.power, self.feed, self.spec = power, feed, power.spec
        self.slots = range(feed * power.per_feed, (feed + 1) * power.per_feed)

    def volts(self, phase: int) -> float:
        return self.power.phase_v(self.feed, phase)

    def amperes(self, phase: int) -> float:
        return self.power.amperes(self.power.feed_kw(self.feed, phase))

    def watts(self, phase: int) -> float:
        sign = self.power.state.ct_sign[self.feed][phase]
        return 1e3 * sign * self.power.feed_kw(self.feed, phase)

    def apparent(self, phase: int) -> float:
        return 1e3 * self.power.feed_kw(self.feed, phase) / self.spec.power_factor

    def factor(self, phase: int) -> float:
        return self.spec.power_factor * self.power.state.ct_sign[self.feed][phase]

    def joules(self, phase: int) -> float:
        return sum(self.power.slot_energy_j(slot, phase) for slot in self.slots)

    def line_volts(self) -> float:
        return sum(map(self.volts, _ALL)) * _ROOT3 / PHASES

    def mean_amperes(self) -> float:
        return sum(map(self.amperes, _ALL)) / PHASES

    def total_watts(self) -> float:
        return sum(map(self.watts, _ALL))

    def total_apparent(self) -> float:
        return sum(map(self.apparent, _ALL))

    def total_reactive(self) -> float:
        sine = sqrt(1.0 - self.spec.power_factor * self.spec.power_factor)
        return self.total_apparent() * sine

    def total_factor(self) -> float:
        apparent = self.total_apparent()
        return self.total_watts() / apparent if apparent else 0.0

    def total_joules(self) -> float:
        return sum(map(self.joules, _ALL))

    def unbalance_amperes(self) -> float:
        return unbalance_ratio((self.amperes(0), self.amperes(1), self.amperes(2)))

    def unbalance_volts(self) -> float:
        return unbalance_ratio((self.volts(0), self.volts(1), self.volts(2)))

    def utilization(self) -> float:
        return max(map(self.amperes, _ALL)) / self.spec.feed_limit_a

    def live(self) -> bool:
        return any(map(self.volts, _ALL))

    def whole(self) -> bool:
        return all(map(self.volts, _ALL))


class _Socket:
    """Add one outlet. Those beyond the shelves' are spare: on, with nothing plugged in."""

    def __init__(self, meter: _Meter, outlet: int) -> None:
        self.meter, self.outlet = meter, outlet
        self.slot = meter.slots[outlet] if outlet < len(meter.slots) else None

    def is_on(self) -> bool:
        return self.meter.power.state.outlet_on[self.meter.feed][self.outlet]

    def volts(self) -> float:
        return self.meter.line_volts() if self.is_on() else 0.0

    def watts(self) -> float:
        slot, power = self.slot, self.meter.power
        return 0.0 if slot is None else 1e3 * sum(power.slot_kw(slot, p) for p in _ALL)

    def amperes(self) -> float:
        return self.meter.power.amperes(self.watts() / 1e3) / PHASES

    def joules(self) -> float:
        slot, power = self.slot, self.meter.power
        return 0.0 if slot is None else sum(power.slot_energy_j(slot, p) for p in _ALL)


def _inlet(view: View, meter: _Meter) -> None:
    spec, add = meter.spec, view.add
    add("rack_inlet_voltage_volts", meter.line_volts, VOLTAGE)
    add("rack_inlet_current_amperes", meter.mean_amperes, CURRENT)
    add("rack_inlet_power_watts", meter.total_watts, POWER)
    add("rack_inlet_apparent_power_voltamperes", meter.total_apparent, POWER)
    add("rack_inlet_reactive_power_voltamperes_reactive", meter.total_reactive, POWER)
    add("rack_inlet_power_factor_ratio", meter.total_factor)
    add("rack_inlet_energy_joules_total", meter.total_joules)
    add("rack_inlet_frequency_hertz", lambda: spec.frequency_hz * meter.live(), _FREQUENCY)
    add("rack_inlet_current_limit_amperes", lambda: spec.feed_limit_a)
    add("rack_inlet_utilization_ratio", meter.utilization, CURRENT)
    add("rack_inlet_current_unbalance_ratio", meter.unbalance_amperes)
    add("rack_inlet_voltage_unbalance_ratio", meter.unbalance_volts)
    add("rack_inlet_voltage_thd_ratio", lambda: 0.021 * meter.live(), POWER)
    add("rack_inlet_current_thd_ratio", lambda: 0.034 * meter.live(), POWER)
    add("rack_inlet_state", lambda: "normal" if meter.live() else "lost")
    add("rack_device_state", lambda: "normal" if meter.whole() else "critical")
    add(
        "rack_alarm_active",
        lambda: float(not meter.whole()),
        alarm="phase_lost",
        severity="critical",
    )


def _phase(view: View, meter: _Meter, phase: int) -> None:
    add, label = view.add, phase + 1
    add("rack_phase_voltage_volts", partial(meter.volts, phase), VOLTAGE, phase=label)
    add("rack_phase_current_amperes", partial(meter.amperes, phase), CURRENT, phase=label)
    add("rack_phase_power_watts", partial(meter.watts, phase), POWER, phase=label)
    add("rack_phase_apparent_power_voltamperes", partial(meter.apparent, phase), POWER, phase=label)
    add("rack_phase_power_factor_ratio", partial(meter.factor, phase), phase=label)
    add("rack_phase_energy_joules_total", partial(meter.joules, phase), phase=label)
    add("rack_phase_current_limit_amperes", lambda: meter.spec.feed_limit_a, phase=label)
    add("rack_phase_state", lambda: "normal" if meter.volts(phase) else "lost", phase=label)


def _outlet(view: View, socket: _Socket) -> None:
    add, label = view.add, socket.outlet + 1
    add("rack_outlet_voltage_volts", socket.volts, VOLTAGE, outlet=label)
    add("rack_outlet_current_amperes", socket.amperes, CURRENT, outlet=label)
    add("rack_outlet_power_watts", socket.watts, POWER, outlet=label)
    add("rack_outlet_energy_joules_total", socket.joules, outlet=label)
    add("rack_outlet_state", lambda: "on" if socket.is_on() else "off", outlet=label)
    add("rack_outlet_status", lambda: "normal", outlet=label)


def _branch(view: View, meter: _Meter, slot: int, outlet: int) -> None:
    power, add = meter.power, view.add

    def watts(phase: int) -> float:
        return 1e3 * power.slot_kw(slot, phase)

    def amperes(phase: int) -> float:
        return power.amperes(power.slot_kw(slot, phase))

    where: dict[str, object] = {"branch": outlet + 1}
    add("rack_branch_current_amperes", lambda: max(map(amperes, _ALL)), CURRENT, **where)
    add("rack_branch_power_watts", lambda: sum(map(watts, _ALL)), POWER, **where)
    add("rack_branch_voltage_volts", meter.line_volts, VOLTAGE, **where)
    add("rack_branch_current_limit_amperes", lambda: meter.spec.branch_limit_a, **where)
    add("rack_branch_state", lambda: "closed", **where)
    for phase in _ALL:
        where["phase"] = phase + 1
        add("rack_branch_voltage_volts", partial(meter.volts, phase), VOLTAGE, **where)
        add("rack_branch_current_amperes", partial(amperes, phase), CURRENT, **where)
        add("rack_branch_power_watts", partial(watts, phase), POWER, **where)


def _climate(view: View, heat: Heat) -> None:
    air, add = heat.state.air, view.add
    add("rack_sensor_temperature_celsius", lambda: air.room_c, TEMPERATURE, sensor=1)
    add("rack_sensor_temperature_celsius", lambda: air.exhaust_c, TEMPERATURE, sensor=2)
    add("rack_relative_humidity_ratio", lambda: air.humidity, HUMIDITY, sensor=1)
