"""Traps of simulated SNMP devices: alarms, outlets and links that change, and cold starts.

What vendors send differs from model to model; these report with standard or generic names that
something happened, which makes a manager poll. Sources: RFC 3416 section 4.2.6, RFC 3418, RFC 2863
(linkDown and linkUp).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from agent.model import smi
from agent.model.credentials import SnmpCredentials, SnmpVersion
from agent.model.values import VarBind
from agent.plan import SYS_NAME, SYS_UP_TIME
from agent.protocol.snmp import message
from agent.protocol.snmp.message import Pdu
from simulator.devices.device_view import RoleView
from simulator.model.observe.points import Point, Value
from simulator.site.site import SimulatedSite
from simulator.wire.snmp_responder import SnmpResponder
from simulator.wire.usm_agent import UsmAgent

_TRAP_OID = smi.oid("1.3.6.1.6.3.1.1.4.1.0")
_SNMP_TRAPS = "1.3.6.1.6.3.1.1.5"
_COLD_START = smi.oid(f"{_SNMP_TRAPS}.1")
_LINK = {"down": smi.oid(f"{_SNMP_TRAPS}.3"), "up": smi.oid(f"{_SNMP_TRAPS}.4")}
_IF_INDEX = "1.3.6.1.2.1.2.2.1.1"
_WATCHED = frozenset({"rack_alarm_active", "rack_outlet_state", "rack_port_oper_state"})
_ALARM, _OUTLET = 1, 2  # below the device's own sysObjectID.0, as RFC 3584 section 3.1 builds them
_TICKS_PER_S, _TICKS_MAX, _INT32 = 100, 2**32, 2**31
_PER_LOOK_MAX = 100  # a device does not send more at once


Seal = Callable[[Pdu], bytes]
"""Encodes a whole message around a trap, with the device's credentials."""


@dataclass(slots=True)
class DeviceTraps:
    """One device that sends traps; remembers what it showed last."""

    name: str
    seal: Seal
    role_view: RoleView
    responder: SnmpResponder
    enterprise: bytes
    points: tuple[Point, ...]
    shown: dict[str, Value] = field(default_factory=dict)
    boots: int = 1
    sent: int = 0

    def changes(self) -> Iterator[bytes]:
        """Return the encoded traps for what has changed since the last call."""
        before, self.shown = self.shown, {point.id: point.value() for point in self.points}
        if self.role_view.boot.count != self.boots:
            self.boots = self.role_view.boot.count
            yield self._trap(_COLD_START, ())
            return
        for point in self.points:
            value = self.shown[point.id]
            if before and before[point.id] != value:
                yield self._changed(point, value)

    def _changed(self, point: Point, value: Value) -> bytes:
        labels = dict(point.labels)
        if point.metric == "rack_port_oper_state":
            index = int(labels["port"])
            port: VarBind = (smi.oid(f"{_IF_INDEX}.{index}"), smi.INTEGER, index)
            return self._trap(_LINK["up" if value == "up" else "down"], (port,))
        number = _ALARM if point.metric == "rack_alarm_active" else _OUTLET
        name = self.enterprise + bytes((0, number))
        said = labels.get("alarm") or f"outlet {labels.get('outlet', '')}"
        state = value if isinstance(value, str) else "active" if value else "clear"
        text: VarBind = (name + b"\x01", smi.OCTET_STRING, f"{said}: {state}".encode())
        return self._trap(name, (text,))

    def _trap(self, trap: bytes, more: tuple[VarBind, ...]) -> bytes:
        self.sent += 1
        ticks = int(self.role_view.uptime_s * _TICKS_PER_S) % _TICKS_MAX
        varbinds: list[VarBind] = [
            (SYS_UP_TIME, smi.TIME_TICKS, ticks),
            (_TRAP_OID, smi.OBJECT_ID, trap),
            (SYS_NAME, smi.OCTET_STRING, self.name.encode()),
            *more,
        ]
        return self.seal(Pdu(message.TRAP2, self.sent % _INT32, 0, 0, varbinds))


class TrapSender:
    """Checks devices every rack second and sends a trap for each change to one receiver."""

    def __init__(self, devices: list[DeviceTraps], receiver: tuple[str, int]) -> None:
        self._devices, self._receiver = devices, receiver

    def look(self) -> None:
        """Send a trap for everything that has changed. A device without power sends none."""
        for device in self._devices:
            for number, trap in enumerate(device.changes()):
                if number < _PER_LOOK_MAX and device.role_view.powered:
                    device.responder.notify(trap, self._receiver)


def senders(site: SimulatedSite, responders: Mapping[str, SnmpResponder]) -> list[DeviceTraps]:
    """Return the devices of ``site`` that can send traps: those of SNMP v2c and v3."""
    found = []
    for item in site:
        responder = responders.get(item.device.name)
        if responder is None or item.device.credentials.version is SnmpVersion.V1:
            continue
        prefixes = [prefix for rule in item.profile.identify for prefix in rule.sys_object_ids]
        points = tuple(p for p in item.model.points(item.device.role) if p.metric in _WATCHED)
        found.append(
            DeviceTraps(
                item.device.name,
                _seal(item.device.credentials, responder.usm),
                item.role_view,
                responder,
                prefixes[0] if prefixes else smi.oid("1.3.6.1.4.1.8072.3.2.10"),
                points,
            )
        )
    return found


def _seal(credentials: SnmpCredentials, usm: UsmAgent | None) -> Seal:
    if usm is None:
        return partial(message.encode_message, message.V2C, credentials.community.encode())

    def sealed(pdu: Pdu) -> bytes:
        varbinds = message.encode_varbinds(pdu.varbinds)
        encoded = message.encode_pdu(pdu.kind, pdu.request_id, 0, 0, varbinds)
        return usm.notify(pdu.request_id, encoded)

    return sealed
