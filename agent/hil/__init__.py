"""Tests on a rack, simulated or real, through the agent's own reading of it."""

from agent.hil.rack import HilRack, Now
from agent.hil.stands import HardwareStand, SimulatedStand, Stand

__all__ = ["HardwareStand", "HilRack", "Now", "SimulatedStand", "Stand"]
