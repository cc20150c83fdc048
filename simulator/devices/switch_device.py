"""A simulated switch: standard MIBs written by hand, not derived from a profile.

Being independent of the profiles it also checks them. Rows follow RFC 2863 (IF-MIB), RFC 6933 and
3433 (entities and their sensors) and IEEE 802.1AB (LLDP-MIB), named as SONiC does.
"""

import time
from collections.abc import Callable, Iterator

from agent.model import smi
from agent.plan import SYS_DESCR, SYS_NAME, SYS_OBJECT_ID, SYS_UP_TIME
from simulator.devices.device import Source
from simulator.wire.mib_view import LiveValue, LiveView

_IF, _IFX = "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1"
_ENTITY, _SENSOR = "1.3.6.1.2.1.47.1.1.1.1", "1.3.6.1.2.1.99.1.1.1"
_LLDP_LOCAL, _LLDP_REMOTE = "1.0.8802.1.1.2.1.3.7.1", "1.0.8802.1.1.2.1.4.1.1"
_CHASSIS, _MODULE, _SENSOR_CLASS = 3, 9, 8
_VOLTS, _AMPERES, _WATTS, _CELSIUS = 4, 5, 6, 8
_UNITS, _MICRO, _MILLI = 9, 7, 8
_COUNTERS = (
    (_IFX, 6, smi.COUNTER64, "rack_port_receive_bytes_total"),
    (_IFX, 7, smi.COUNTER64, "rack_port_receive_packets_total"),
    (_IFX, 10, smi.COUNTER64, "rack_port_transmit_bytes_total"),
    (_IFX, 11, smi.COUNTER64, "rack_port_transmit_packets_total"),
    (_IF, 13, smi.COUNTER32, "rack_port_receive_discards_total"),
    (_IF, 14, smi.COUNTER32, "rack_port_receive_errors_total"),
    (_IF, 19, smi.COUNTER32, "rack_port_transmit_discards_total"),
    (_IF, 20, smi.COUNTER32, "rack_port_transmit_errors_total"),
)
# metric, words of the sensor's name, type, scale, decimals
_OPTICS = (
    ("rack_optic_temperature_celsius", "Temperature", _CELSIUS, _UNITS, 3, ""),
    ("rack_optic_voltage_volts", "Voltage", _VOLTS, _UNITS, 4, ""),
    ("rack_optic_bias_current_amperes", "TX Bias", _AMPERES, _MILLI, 3, "/1"),
    ("rack_optic_transmit_power_watts", "TX Power", _WATTS, _MILLI, 4, "/1"),
    ("rack_optic_receive_power_watts", "RX Power", _WATTS, _MILLI, 4, "/1"),
)


def build_switch(source: Source, name: str) -> LiveView:
    """Return a view of everything the switch ``source`` shows, for the device ``name``."""
    view = LiveView()
    began = time.monotonic()

    def description() -> bytes:
        firmware = source.identity().get("firmware", "0")
        return f"SONiC Software Version: SONiC.{firmware} - HwSku: simulated".encode()

    view.set(SYS_DESCR, smi.OCTET_STRING, description)
    view.set(SYS_OBJECT_ID, smi.OBJECT_ID, smi.oid("1.3.6.1.4.1.8072.3.2.10"))
    view.set(SYS_UP_TIME, smi.TIME_TICKS, lambda: int((time.monotonic() - began) * 100))
    view.set(SYS_NAME, smi.OCTET_STRING, name.encode())
    _entity(view, 1, f"{name} chassis", _CHASSIS, 0)
    for column, field in ((10, "firmware"), (11, "serial"), (12, "vendor"), (13, "model")):
        _set(view, f"{_ENTITY}.{column}.1", smi.OCTET_STRING, _identity(source, field))
    for port in _ports(source):
        _add_port(view, source, port)
        _add_optics(view, source, port)
        _add_neighbor(view, source, port)
    return view


def _identity(source: Source, field: str) -> Callable[[], bytes]:
    return lambda: source.identity().get(field, "").encode()


def _ports(source: Source) -> Iterator[int]:
    return (int(dict(labels)["port"]) for labels in source.series("rack_port_oper_state"))


def _set(view: LiveView, dotted: str, tag: int, value: LiveValue) -> None:
    view.set(smi.oid(dotted), tag, value)


def _text(view: LiveView, dotted: str, text: str) -> None:
    _set(view, dotted, smi.OCTET_STRING, text.encode())


def _number(source: Source, metric: str, port: int, factor: float = 1) -> Callable[[], int]:
    def read() -> int:
        value = source.value(metric, {"port": str(port)})
        return round(value * factor) if isinstance(value, int | float) else 0

    return read


def _wrapped(read: Callable[[], int], tag: int) -> Callable[[], int]:
    mask = 2**64 - 1 if tag == smi.COUNTER64 else 2**32 - 1
    return lambda: read() & mask


def _state(source: Source, metric: str, port: int) -> Callable[[], int]:
    return lambda: 1 if source.value(metric, {"port": str(port)}) == "up" else 2


def _add_port(view: LiveView, source: Source, port: int) -> None:
    name = f"Ethernet{port}"
    _text(view, f"{_IF}.2.{port}", name)
    _set(view, f"{_IF}.3.{port}", smi.INTEGER, 6)
    _set(view, f"{_IF}.6.{port}", smi.OCTET_STRING, bytes((2, 0, 0, 0, 0, port)))
    _set(view, f"{_IF}.7.{port}", smi.INTEGER, _state(source, "rack_port_admin_state", port))
    _set(view, f"{_IF}.8.{port}", smi.INTEGER, _state(source, "rack_port_oper_state", port))
    for table, column, tag, metric in _COUNTERS:
        _set(view, f"{table}.{column}.{port}", tag, _wrapped(_number(source, metric, port), tag))
    _text(view, f"{_IFX}.1.{port}", name)
    megabits = _number(source, "rack_port_speed_bytes_per_second", port, 8e-6)
    _set(view, f"{_IFX}.15.{port}", smi.GAUGE32, megabits)
    _text(view, f"{_IFX}.18.{port}", "")


def _entity(view: LiveView, number: int, name: str, kind: int, parent: int) -> None:
    _text(view, f"{_ENTITY}.2.{number}", name)
    _set(view, f"{_ENTITY}.4.{number}", smi.INTEGER, parent)
    _set(view, f"{_ENTITY}.5.{number}", smi.INTEGER, kind)
    _text(view, f"{_ENTITY}.7.{number}", name)


def _add_optics(view: LiveView, source: Source, port: int) -> None:
    if source.value("rack_optic_temperature_celsius", {"port": str(port)}) is None:
        return
    module = 1000 * port
    _entity(view, module, f"QSFP in Ethernet{port}", _MODULE, 1)
    for place, (metric, words, kind, scale, digits, lane) in enumerate(_OPTICS, start=1):
        number = module + place
        _entity(view, number, f"DOM {words} Sensor for Ethernet{port}(Port{port}){lane}",
                _SENSOR_CLASS, module)  # fmt: skip
        for column, value in ((1, kind), (2, scale), (3, digits), (5, 1)):
            _set(view, f"{_SENSOR}.{column}.{number}", smi.INTEGER, value)
        milli = 1000 if scale == _MILLI else 1
        reading = _number(source, metric, port, milli * 10**digits)
        _set(view, f"{_SENSOR}.4.{number}", smi.INTEGER, reading)


def _add_neighbor(view: LiveView, source: Source, port: int) -> None:
    _text(view, f"{_LLDP_LOCAL}.3.{port}", f"Ethernet{port}")
    _set(view, f"{_LLDP_LOCAL}.2.{port}", smi.INTEGER, 5)

    neighbors = [
        point
        for point in source.model.points(source.role)
        if point.metric == "rack_lldp_neighbor_info" and ("port", str(port)) in point.labels
    ]

    def said(field: str) -> Callable[[], bytes | None]:
        # A link that is down has no neighbour, and then no row.
        return lambda: next(
            (p.info_labels().get(field, "").encode() for p in neighbors if p.present), None
        )

    def while_present(value: int) -> Callable[[], int | None]:
        return lambda: value if any(point.present for point in neighbors) else None

    row = f"0.{port}.1"
    _set(view, f"{_LLDP_REMOTE}.4.{row}", smi.INTEGER, while_present(7))
    _set(view, f"{_LLDP_REMOTE}.5.{row}", smi.OCTET_STRING, said("remote_chassis"))
    _set(view, f"{_LLDP_REMOTE}.6.{row}", smi.INTEGER, while_present(5))
    _set(view, f"{_LLDP_REMOTE}.7.{row}", smi.OCTET_STRING, said("remote_port"))
    _set(view, f"{_LLDP_REMOTE}.8.{row}", smi.OCTET_STRING, said("remote_port_name"))
    _set(view, f"{_LLDP_REMOTE}.9.{row}", smi.OCTET_STRING, said("remote_system"))
