"""The physics of a simulated rack, and what its devices show of it."""

from simulator.model.faults.catalogue import FAULTS
from simulator.model.faults.fault import RackFault
from simulator.model.observe.points import Labels, Observation, Point, Value
from simulator.model.physics.spec import RackModelSpec, load_model, shipped_models
from simulator.model.rack import ActiveFault, RackModel

__all__ = [
    "FAULTS",
    "ActiveFault",
    "Labels",
    "Observation",
    "Point",
    "RackFault",
    "RackModel",
    "RackModelSpec",
    "Value",
    "load_model",
    "shipped_models",
]
