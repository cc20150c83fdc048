"""Tests on a rack, simulated or real, through the agent's own reading of it."""

from simulator.hil.rack import HilRack, Now
from simulator.hil.stands import HardwareStand, SimulatedStand, Stand

__all__ = ["HardwareStand", "HilRack", "Now", "SimulatedStand", "Stand"]
