"""Tests on a rack, simulated or real, through the agent's own reading of it."""

from agent.hil.operator import AttendedRig
from agent.hil.rack import HilRack, Now

__all__ = ["AttendedRig", "HilRack", "Now"]
