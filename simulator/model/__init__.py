"""The physics of a simulated rack, and what its devices show of it."""

from simulator.model.fault import Fault
from simulator.model.faults import FAULTS
from simulator.model.generation import Generation, load_generation, shipped_generations
from simulator.model.points import Labels, Observation, Point, Value
from simulator.model.rack import ActiveFault, RackModel

__all__ = [
    "FAULTS",
    "ActiveFault",
    "Fault",
    "Generation",
    "Labels",
    "Observation",
    "Point",
    "RackModel",
    "Value",
    "load_generation",
    "shipped_generations",
]
