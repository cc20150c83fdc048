"""The instruments of power shelves, battery shelves and a meter on the bus bar."""

from functools import partial

from simulator.model.observe.points import CURRENT, POWER, SPEED, TEMPERATURE, VOLTAGE, Board, View
from simulator.model.physics.electrical import PHASES, Power
from simulator.model.physics.formulas import unbalance_ratio
from simulator.model.physics.machine import Machine
from simulator.model.physics.thermal import Heat

_PSU_WARMER_K = 6.0
_PSU_RISE_K = 20.0
_FAN_RPM = 18_000.0
_WEAK_HEALTH = 0.8


def build(board: Board, machine: Machine) -> None:
    """Add the views ``shelf-N``, ``bbu-N`` and ``rack``."""
    rack = machine.spec
    spec, battery = rack.power, rack.battery
    for number in range(spec.shelves):
        view = board.view(f"shelf-{number + 1}")
        board.identify(view, f"Shelf {rack.name}")
        shelf = _Shelf(machine.power, machine.heat, number)
        _shelf(view, shelf)
        for psu in range(spec.psus_per_shelf):
            board.identify(view, f"PSU {spec.psu_kw:g} kW", f"psu-{psu + 1}", "psu")
            _psu(view, _Psu(shelf, psu))
    for number in range(battery.shelves if battery else 0):
        view = board.view(f"bbu-{number + 1}")
        board.identify(view, f"BBU {rack.name}")
        _battery(view, _Battery(machine, number), battery.modules if battery else 0)
    _bar(board.view("rack"), machine)


class _Shelf:
    """Add one power shelf, at any outlet."""

    def __init__(self, power: Power, heat: Heat, number: int) -> None:
        self.power, self.heat, self.number = power, heat, number
        self.spec, self.state = power.spec, power.state

    @property
    def slot(self) -> int:
        return self.state.wiring[self.number]

    def volts_in(self, phase: int) -> float:
        feed, outlet = divmod(self.slot, self.power.per_feed)
        return self.power.phase_v(feed, phase) if self.state.outlet_on[feed][outlet] else 0.0

    def amperes_in(self, phase: int) -> float:
        return self.power.amperes(self.power.slot_kw(self.slot, phase))

    def watts_in(self) -> float:
        return 1e3 * self.power.shelf_live(self.number) * self.state.psu_input_kw

    def joules_in(self) -> float:
        return sum(self.power.slot_energy_j(self.slot, phase) for phase in range(PHASES))

    def unbalance(self) -> float:
        return unbalance_ratio((self.amperes_in(0), self.amperes_in(1), self.amperes_in(2)))

    def watts_out(self) -> float:
        return 1e3 * self.power.shelf_live(self.number) * self.state.psu_kw

    def utilization(self) -> float:
        return self.watts_out() / (1e3 * self.spec.psus_per_shelf * self.spec.psu_kw)

    def clip_c(self) -> float:
        return self.heat.state.air.exhaust_c + self.state.clip_rise_k[self.number]

    def short(self) -> bool:
        return self.power.shelf_live(self.number) < self.spec.psus_per_shelf


class _Psu:
    """Add one PSU of a shelf, on the phase that its slot gives it."""

    def __init__(self, shelf: _Shelf, number: int) -> None:
        self.shelf, self.number, self.phase = shelf, number, number % PHASES
        self.power, self.state = shelf.power, shelf.state

    def live(self) -> bool:
        return self.power.is_live(self.shelf.number, self.number)

    def volts_in(self) -> float:
        return self.shelf.volts_in(self.phase)

    def amperes_in(self) -> float:
        return self.power.amperes(self.state.psu_input_kw) if self.live() else 0.0

    def watts_in(self) -> float:
        return 1e3 * self.state.psu_input_kw if self.live() else 0.0

    def hertz(self) -> float:
        return self.shelf.spec.frequency_hz if self.volts_in() else 0.0

    def factor(self) -> float:
        return self.shelf.spec.power_factor if self.live() else 0.0

    def volts_out(self) -> float:
        return self.state.bus_v if self.live() else 0.0

    def amperes_out(self) -> float:
        return 1e3 * self.state.psu_kw / self.state.bus_v if self.live() else 0.0

    def watts_out(self) -> float:
        return 1e3 * self.state.psu_kw if self.live() else 0.0

    def utilization(self) -> float:
        return self.state.load_ratio if self.live() else 0.0

    def hot_c(self) -> float:
        rise = _PSU_WARMER_K + _PSU_RISE_K * self.utilization()
        return self.shelf.heat.state.air.room_c + rise

    def inlet_c(self) -> float:
        return self.shelf.heat.state.air.room_c + 0.3 * _PSU_WARMER_K

    def rpm(self) -> float:
        return _FAN_RPM * (0.3 + 0.7 * self.state.load_ratio) if self.live() else 0.0

    def healthy(self) -> bool:
        return self.state.psu_ok[self.shelf.number][self.number]

    def word(self) -> str:
        if not self.healthy():
            return "failed"
        return "normal" if self.live() else "no_input"

    def outages(self) -> int:
        return self.state.outages[self.shelf.number][self.number]


class _Battery:
    """Add one battery shelf; its modules are alike."""

    def __init__(self, machine: Machine, number: int) -> None:
        self.machine, self.number = machine, number
        self.power, self.cells = machine.power, machine.power.state.batteries

    def charge(self) -> float:
        return self.cells.charge[self.number]

    def health(self) -> float:
        return self.cells.health[self.number]

    def runtime_s(self) -> float:
        return self.power.battery_left_s(self.number)

    def volts(self) -> float:
        return 40.0 + 10.0 * self.charge()

    def watts(self) -> float:
        return 1e3 * self.power.battery_module_kw(self.number)

    def amperes(self) -> float:
        return self.watts() / self.volts()

    def hot_c(self) -> float:
        return self.machine.heat.state.air.room_c + 4.0

    def weak(self) -> bool:
        return self.health() < _WEAK_HEALTH

    def word(self) -> str:
        given = self.watts()
        if given > 0.0:
            return "discharging"
        return "charging" if given < 0.0 else "standby"


def _shelf(view: View, shelf: _Shelf) -> None:
    state, add = shelf.state, view.add
    add("rack_inlet_power_watts", shelf.watts_in, POWER)
    add("rack_inlet_energy_joules_total", shelf.joules_in)
    add("rack_inlet_current_unbalance_ratio", shelf.unbalance)
    for phase in range(PHASES):
        label = phase + 1
        add("rack_phase_current_amperes", partial(shelf.amperes_in, phase), CURRENT, phase=label)
        add("rack_phase_voltage_volts", partial(shelf.volts_in, phase), VOLTAGE, phase=label)
    add("rack_busbar_voltage_volts", lambda: state.bus_v, VOLTAGE)
    add("rack_busbar_voltage_volts", lambda: state.bus_minimum_v, window="minimum")
    add("rack_busbar_current_amperes", partial(shelf.power.shelf_amperes, shelf.number), CURRENT)
    add("rack_busbar_power_watts", shelf.watts_out, POWER)
    add("rack_busbar_utilization_ratio", shelf.utilization, POWER)
    add("rack_busbar_temperature_celsius", shelf.clip_c, TEMPERATURE)
    add("rack_device_state", lambda: "warning" if shelf.short() else "normal")
    add("rack_alarm_active", lambda: float(shelf.short()), alarm="psu_failed", severity="major")


def _psu(view: View, psu: _Psu) -> None:
    add, label = view.add, psu.number + 1
    add("rack_psu_input_voltage_volts", psu.volts_in, VOLTAGE, psu=label)
    add("rack_psu_input_current_amperes", psu.amperes_in, CURRENT, psu=label)
    add("rack_psu_input_power_watts", psu.watts_in, POWER, psu=label)
    add("rack_psu_input_frequency_hertz", psu.hertz, psu=label)
    add("rack_psu_input_power_factor_ratio", psu.factor, psu=label)
    add("rack_psu_input_temperature_celsius", psu.inlet_c, TEMPERATURE, psu=label)
    add("rack_psu_output_voltage_volts", psu.volts_out, VOLTAGE, psu=label)
    add("rack_psu_output_current_amperes", psu.amperes_out, CURRENT, psu=label)
    add("rack_psu_output_power_watts", psu.watts_out, POWER, psu=label)
    add("rack_psu_output_utilization_ratio", psu.utilization, POWER, psu=label)
    add("rack_psu_output_temperature_celsius", psu.hot_c, TEMPERATURE, psu=label)
    add("rack_fan_speed_rpm", psu.rpm, SPEED, psu=label)
    add("rack_psu_state", psu.word, psu=label)
    add("rack_psu_outages_total", psu.outages, psu=label)
    add("rack_psu_faults_total", lambda: float(not psu.healthy()), psu=label)


def _battery(view: View, battery: _Battery, modules: int) -> None:
    add = view.add
    add("rack_device_state", lambda: "warning" if battery.weak() else "normal")
    add("rack_alarm_active", lambda: float(battery.weak()), alarm="battery_weak", severity="major")
    for label in range(1, modules + 1):
        add("rack_battery_charge_ratio", battery.charge, battery=label)
        add("rack_battery_health_ratio", battery.health, battery=label)
        add("rack_battery_runtime_seconds", battery.runtime_s, battery=label)
        add("rack_battery_state", battery.word, battery=label)
        add("rack_battery_voltage_volts", battery.volts, VOLTAGE, battery=label)
        add("rack_battery_current_amperes", battery.amperes, CURRENT, battery=label)
        add("rack_battery_power_watts", battery.watts, POWER, battery=label)
        add("rack_battery_temperature_celsius", battery.hot_c, TEMPERATURE, battery=label)


def _bar(view: View, machine: Machine) -> None:
    state = machine.power.state

    def amperes() -> float:
        return 1e3 * state.served_kw / state.bus_v if state.bus_v else 0.0

    view.add("rack_busbar_voltage_volts", lambda: state.bus_v, VOLTAGE)
    view.add("rack_busbar_current_amperes", amperes, CURRENT)
    view.add("rack_busbar_power_watts", lambda: 1e3 * state.served_kw, POWER)
