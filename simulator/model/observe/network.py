"""The instruments of the switches: ports, counters, optics, neighbours."""

from collections.abc import Callable, Mapping
from functools import partial

from simulator.model.observe.points import (
    OPTICAL,
    TEMPERATURE,
    VOLTAGE,
    Board,
    SensorNoise,
    Value,
    View,
)
from simulator.model.physics.machine import Machine
from simulator.model.physics.network import SwitchModel, dbm, mac_address

_DBM = SensorNoise(fixed=0.03)


def build(board: Board, machine: Machine) -> None:
    """Add the views ``switch-N``; their ports count from 1."""
    for switch in machine.switches:
        view = board.view(switch.name)
        board.identify(view, f"Switch {machine.spec.name}")
        view.add("rack_device_state", lambda: "normal")
        for port in range(switch.spec.ports):
            _port(view, switch, port)
            _optic(view, switch, port, machine.heat.state.air.room_c)


def _port(view: View, switch: SwitchModel, port: int) -> None:
    state, label = switch.state.ports[port], {"port": port + 1}
    bytes_per_s = switch.spec.speed_gbit_s * 125e6

    def neighbor() -> Mapping[str, str]:
        found = switch.neighbor(port)
        if found is None:
            return {}
        return {
            "remote_chassis": found.chassis,
            "remote_port": found.port,
            "remote_port_name": found.port,
            "remote_system": found.system,
        }

    def info() -> Mapping[str, str]:
        mac = mac_address(switch.name, port)
        return {"name": f"Ethernet{port + 1}", "mac": mac, "type": "ethernet"}

    add = view.add
    add("rack_port_admin_state", lambda: "up" if state.admin_up else "down", **label)
    add("rack_port_oper_state", lambda: "up" if switch.is_up(port) else "down", **label)
    add("rack_port_speed_bytes_per_second", lambda: bytes_per_s, **label)
    counters: tuple[tuple[str, Callable[[int], Value]], ...] = (
        ("rack_port_receive_bytes_total", switch.receive_b),
        ("rack_port_transmit_bytes_total", switch.transmit_b),
        ("rack_port_receive_packets_total", switch.receive_packets),
        ("rack_port_transmit_packets_total", switch.transmit_packets),
        ("rack_port_receive_errors_total", switch.uncorrected),
        ("rack_port_fec_corrected_total", switch.corrected),
        ("rack_port_fec_uncorrected_total", switch.uncorrected),
    )
    for metric, counter in counters:
        add(metric, partial(counter, port), **label)
    add("rack_port_transmit_errors_total", lambda: 0, **label)
    add("rack_port_receive_discards_total", lambda: 0, **label)
    add("rack_port_transmit_discards_total", lambda: 0, **label)
    view.add_info("rack_port_info", info, **label)
    view.add_info("rack_lldp_neighbor_info", neighbor, **label)


def _optic(view: View, switch: SwitchModel, port: int, room_c: float) -> None:
    if switch.planned(port) is None:
        return  # an empty cage
    add, label = view.add, {"port": port + 1}
    add("rack_optic_temperature_celsius", lambda: room_c + 18.0, TEMPERATURE, **label)
    add("rack_optic_voltage_volts", lambda: 3.3, VOLTAGE, **label)
    add("rack_optic_bias_current_amperes", lambda: 7.5e-3, OPTICAL, **label)
    add("rack_optic_transmit_power_watts", partial(switch.transmit_w, port), OPTICAL, **label)
    add("rack_optic_receive_power_watts", partial(switch.receive_w, port), OPTICAL, **label)
    add(
        "rack_optic_transmit_power_dbm",
        lambda: dbm(switch.transmit_w(port)),
        _DBM,
        **label,
    )
    add("rack_optic_receive_power_dbm", lambda: dbm(switch.receive_w(port)), _DBM, **label)
