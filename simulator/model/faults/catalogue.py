"""Every physical fault by name."""

from collections.abc import Mapping

from agent.model.errors import ConfigError
from simulator.model.faults.cooling import COOLING_FAULTS
from simulator.model.faults.fault import Fault
from simulator.model.faults.instruments import INSTRUMENT_FAULTS
from simulator.model.faults.power import POWER_FAULTS

FAULTS: Mapping[str, Fault] = {
    fault.name: fault for fault in (*POWER_FAULTS, *COOLING_FAULTS, *INSTRUMENT_FAULTS)
}
"""Every physical fault by name."""


def find_fault(name: str) -> Fault:
    """The fault of that name; ConfigError lists those there are."""
    try:
        return FAULTS[name]
    except KeyError:
        raise ConfigError(f"no fault {name!r}; there are: {', '.join(sorted(FAULTS))}") from None
