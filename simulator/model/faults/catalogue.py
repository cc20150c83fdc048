"""Every physical fault by name."""

from collections.abc import Mapping

from agent.model.errors import ConfigError
from simulator.model.faults.cooling import COOLING_FAULTS
from simulator.model.faults.fault import RackFault
from simulator.model.faults.instruments import INSTRUMENT_FAULTS
from simulator.model.faults.power import POWER_FAULTS

FAULTS: Mapping[str, RackFault] = {
    fault.name: fault for fault in (*POWER_FAULTS, *COOLING_FAULTS, *INSTRUMENT_FAULTS)
}
"""Every physical fault by name."""


def find_fault(name: str) -> RackFault:
    """Return the fault of that name. Raises ConfigError that lists the names."""
    try:
        return FAULTS[name]
    except KeyError:
        raise ConfigError(f"unknown fault {name!r}; known: {', '.join(sorted(FAULTS))}") from None
