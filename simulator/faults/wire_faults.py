"""The faults between a device and its client, each with its effect on SNMP and on Modbus."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from agent.model import smi
from agent.model.errors import ConfigError
from simulator.devices.device_view import RoleView
from simulator.model.faults.fault import Param, Params, number
from simulator.model.physics.formulas import salt, uniform
from simulator.wire import modbus_faults as modbus
from simulator.wire import snmp_faults as snmp
from simulator.wire.usm_agent import UsmAgent

_BUSY, _ILLEGAL_ADDRESS = 6, 2
_EVERY_ADDRESS = -1
_LEAP_S = 600.0  # well past the 150 s that SNMP v3 allows two clocks to be apart


@dataclass
class UnitFaults(modbus.ModbusFault):
    """All faults of one Modbus endpoint, by key; the first one with steps is applied.

    ``role_views`` are its units: one without power does not answer.
    """

    role_views: Mapping[int, RoleView]
    faults: dict[str, modbus.ModbusFault] = field(default_factory=dict)

    def accepts(self) -> bool:
        """Return whether no fault refuses connections."""
        return all(fault.accepts() for fault in self.faults.values())

    def spoil(self, exchange: modbus.Exchange) -> Sequence[modbus.WireStep] | None:
        """Return the steps of the first fault that has any; no reply without power."""
        role_view = self.role_views.get(exchange.unit)
        if role_view is not None and not role_view.powered:
            return ()
        said = (fault.spoil(exchange) for fault in self.faults.values())
        return next((steps for steps in said if steps is not None), None)


@dataclass(frozen=True, slots=True)
class SnmpLine:
    """An SNMP device's side of the wire; ``usm`` if it uses v3."""

    wire: snmp.SnmpWire
    usm: UsmAgent | None = None
    protocol: str = "snmp"


@dataclass(frozen=True, slots=True)
class ModbusLine:
    """A Modbus unit's side of the wire; ``check_sum`` if its frames carry one."""

    faults: UnitFaults
    unit: int
    check_sum: bool
    protocol: str = "modbus"


@dataclass(frozen=True, slots=True)
class WireEnd:
    """The parts of a device that a wire fault changes: its view and its line."""

    device: str
    role_view: RoleView
    line: SnmpLine | ModbusLine


Make = Callable[[WireEnd, Params], "snmp.SnmpFault | modbus.ModbusFault"]
Act = Callable[[WireEnd], None]


def _nothing(end: WireEnd) -> None:
    return


@dataclass(frozen=True, slots=True)
class WireFault:
    """One kind of fault. ``snmp`` and ``modbus`` make it; None if the protocol does not have it.

    ``begins`` and ``ends`` also act on the device; ``lasts_s`` is the default duration in rack
    seconds.
    """

    name: str
    signature: str
    defaults: Mapping[str, Param]
    snmp: Make | None
    modbus: Make | None
    begins: Act = _nothing
    ends: Act = _nothing
    lasts_s: float | None = None

    @property
    def protocols(self) -> tuple[str, ...]:
        """Return the protocols of the devices that can have it."""
        known = (("snmp", self.snmp), ("modbus", self.modbus))
        return tuple(name for name, make in known if make is not None)

    def begin(self, end: WireEnd, key: str, params: Params) -> None:
        """Start the fault. Raises ConfigError if the device cannot have it."""
        line = end.line
        make = self.snmp if isinstance(line, SnmpLine) else self.modbus
        if make is None:
            only = " or ".join(self.protocols)
            raise ConfigError(f"fault {self.name}: {end.device} is not a device of {only}")
        made = make(end, params)
        self.begins(end)
        if isinstance(line, SnmpLine) and isinstance(made, snmp.SnmpFault):
            line.wire.faults[key] = made
        elif isinstance(line, ModbusLine) and isinstance(made, modbus.ModbusFault):
            line.faults.faults[key] = made

    def end(self, end: WireEnd, key: str) -> None:
        """End the fault."""
        line = end.line
        if isinstance(line, SnmpLine):
            line.wire.faults.pop(key, None)
        else:
            line.faults.faults.pop(key, None)
        self.ends(end)


def _unit(end: WireEnd) -> int:
    assert isinstance(end.line, ModbusLine)  # noqa: S101 - made for Modbus devices only
    return end.line.unit


def _above_zero(params: Params, name: str, most: float) -> float:
    value = number(params, name)
    if not 0.0 < value <= most:
        raise ConfigError(f"{name} {value:g}: must be more than 0, at most {most:g}")
    return value


def _chances(end: WireEnd) -> Callable[[], float]:
    """Return numbers from 0 to 1 that are the same in every run."""
    seed = end.role_view.model.seed
    numbers: Iterator[float] = (uniform(salt(seed, end.device, "loss", n)) for n in count())
    return lambda: next(numbers)


def _seconds(params: Params) -> float:
    return _above_zero(params, "seconds", 60.0)


def _below(params: Params) -> bytes:
    try:
        return smi.oid(str(params["oid"]))
    except ValueError:
        raise ConfigError(f"oid {params['oid']!r}: is not a numeric OID") from None


def _size(params: Params) -> int:
    return int(_above_zero(params, "size", 65_507.0))


def _address(params: Params) -> int | None:
    address = int(number(params, "address"))
    return None if address == _EVERY_ADDRESS else address


def _crc(end: WireEnd, params: Params) -> modbus.ModbusFault:
    if isinstance(end.line, ModbusLine) and not end.line.check_sum:
        raise ConfigError(f"fault crc: {end.device} speaks Modbus TCP, which has no check sum")
    return modbus.Damaged(unit=_unit(end))


def _restart(end: WireEnd) -> None:
    end.role_view.reboot()
    if isinstance(end.line, SnmpLine) and end.line.usm is not None:
        end.line.usm.reboot()


def _v3_only(name: str) -> Make:
    def make(end: WireEnd, params: Params) -> snmp.SnmpFault:
        if isinstance(end.line, SnmpLine) and end.line.usm is None:
            raise ConfigError(f"fault {name}: {end.device} does not speak SNMP v3")
        return snmp.SnmpFault()

    return make


def _new_engine(end: WireEnd) -> None:
    if isinstance(end.line, SnmpLine) and end.line.usm is not None:
        end.line.usm.change_engine_id()


def _out_of_window(end: WireEnd) -> None:
    if isinstance(end.line, SnmpLine) and end.line.usm is not None:
        end.line.usm.leap(_LEAP_S)


WIRE_FAULTS: Mapping[str, WireFault] = {
    fault.name: fault
    for fault in (
        WireFault(
            "silent",
            "no answers: the device is down, its readings vanish",
            {},
            lambda end, params: snmp.Silence(),
            lambda end, params: modbus.Silent(unit=_unit(end)),
        ),
        WireFault(
            "delay",
            "answers come late (seconds of the wall clock): timeouts, then late answers",
            {"seconds": 1.0},
            lambda end, params: snmp.Delay(_seconds(params)),
            lambda end, params: modbus.Late(unit=_unit(end), seconds=_seconds(params)),
        ),
        WireFault(
            "loss",
            "a share of the answers is lost: retries, some failures",
            {"ratio": 0.3},
            lambda end, params: snmp.Loss(_above_zero(params, "ratio", 1.0), _chances(end)),
            lambda end, params: modbus.Lossy(
                unit=_unit(end), ratio=_above_zero(params, "ratio", 1.0), chance=_chances(end)
            ),
        ),
        WireFault(
            "duplicate",
            "answers come twice: the readings stay the same",
            {},
            lambda end, params: snmp.Duplicate(),
            lambda end, params: modbus.Twice(unit=_unit(end)),
        ),
        WireFault(
            "truncated",
            "only the first octets of answers arrive: protocol errors or timeouts",
            {"size": 5},
            lambda end, params: snmp.Cut(_size(params)),
            lambda end, params: modbus.Truncated(unit=_unit(end), size=_size(params)),
        ),
        WireFault(
            "reboot",
            "silence, then uptime and counters from zero; SNMP v3 boots rise",
            {},
            lambda end, params: snmp.Silence(),
            lambda end, params: modbus.Silent(unit=_unit(end)),
            ends=_restart,
            lasts_s=10.0,
        ),
        WireFault(
            "gen_err",
            "genErr for every variable below an OID; the others still have values",
            {"oid": "1.3.6.1.4.1"},
            lambda end, params: snmp.GenErr(_below(params)),
            None,
        ),
        WireFault(
            "engine_id_change",
            "SNMP v3 under another engine id: discovery again, then normal answers",
            {},
            _v3_only("engine_id_change"),
            None,
            begins=_new_engine,
        ),
        WireFault(
            "time_window",
            "the SNMP v3 clock leaps: one report notInTimeWindows, then normal answers",
            {},
            _v3_only("time_window"),
            None,
            begins=_out_of_window,
        ),
        WireFault(
            "busy",
            "Modbus exception 6: server device busy",
            {},
            None,
            lambda end, params: modbus.Refuses(unit=_unit(end), code=_BUSY),
        ),
        WireFault(
            "illegal_address",
            "Modbus exception 2 for requests that begin at an address (-1: all)",
            {"address": _EVERY_ADDRESS},
            None,
            lambda end, params: modbus.Refuses(
                unit=_unit(end), address=_address(params), code=_ILLEGAL_ADDRESS
            ),
        ),
        WireFault(
            "crc",
            "a wrong check sum in every RTU reply: protocol errors",
            {},
            None,
            _crc,
        ),
        WireFault(
            "wrong_unit",
            "replies name another unit: protocol errors, no values of the wrong unit",
            {"offset": 1},
            None,
            lambda end, params: modbus.WrongUnit(
                unit=_unit(end), offset=int(number(params, "offset"))
            ),
        ),
        WireFault(
            "hang_up",
            "the connection closes in the middle of replies",
            {},
            None,
            lambda end, params: modbus.ClosesMidRequest(unit=_unit(end), size=4),
        ),
    )
}
"""Every fault of the wire by name."""
