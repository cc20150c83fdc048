"""Every fault by name: those of the rack, those of the wire, and their aliases."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from agent.model.errors import ConfigError
from simulator.faults.wire_faults import WIRE_FAULTS
from simulator.model.faults.catalogue import FAULTS
from simulator.model.faults.fault import Param


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name for a fault with some of its parameters given."""

    name: str
    fault: str
    params: Mapping[str, Param] = field(default_factory=dict)


_ALIASES = (
    Alias("open_feed_a", "feed_lost", {"feed": "a"}),
    Alias("open_feed_b", "feed_lost", {"feed": "b"}),
    Alias("stop_pump_1", "pump_trip", {"pump": 1}),
    Alias("stop_pump_2", "pump_trip", {"pump": 2}),
    Alias("stop_pumps", "pumps_lost"),
    Alias("swap_cables", "cable_swap"),
    Alias("pull_cable", "link_down"),
    Alias("frozen_values", "frozen_sensor", {"metric": "", "labels": ""}),
)

ALIASES: Mapping[str, Alias] = {alias.name: alias for alias in _ALIASES}
"""Every alias."""


@dataclass(frozen=True, slots=True)
class FaultEntry:
    """One entry of the catalogue. ``of`` is ``rack``, ``snmp``, ``modbus`` or ``device`` (both).

    ``alias`` is the fault it is another name for, empty for a fault of its own; ``lasts_s`` is its
    default duration, None if it lasts until it is cleared.
    """

    name: str
    of: str
    signature: str
    defaults: Mapping[str, Param]
    alias: str = ""
    lasts_s: float | None = None


def catalogue() -> dict[str, FaultEntry]:
    """Return all faults by name, those of the rack first."""
    found = {
        fault.name: FaultEntry(fault.name, "rack", fault.signature, fault.defaults)
        for fault in FAULTS.values()
    }
    for wire in WIRE_FAULTS.values():
        of = "device" if len(wire.protocols) > 1 else wire.protocols[0]
        found[wire.name] = FaultEntry(
            wire.name, of, wire.signature, wire.defaults, lasts_s=wire.lasts_s
        )
    for alias in ALIASES.values():
        own = found[alias.fault]
        rest = {**own.defaults, **alias.params}
        found[alias.name] = FaultEntry(
            alias.name, own.of, own.signature, rest, alias.fault, own.lasts_s
        )
    return found


def signatures() -> dict[str, str]:
    """Return what each fault shows, by its name."""
    return {name: kind.signature for name, kind in catalogue().items()}


def unknown(name: str) -> ConfigError:
    """Return the error for an unknown fault name."""
    names = sorted((*FAULTS, *WIRE_FAULTS, *ALIASES))
    close = get_close_matches(name, names, 1)
    hint = f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(names)}"
    return ConfigError(f"unknown fault {name!r}{hint}")
