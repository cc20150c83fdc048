"""The view of a simulated device on its role of the rack model, for any protocol."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent.profile.points import Scalar
from simulator.model.observe.points import Point
from simulator.model.rack import RackModel

Labels = tuple[tuple[str, str], ...]


_CALM = ("normal", "ok", "on", "up", "good", "closed", "running", "active", "present")


def calm(states: Mapping[Scalar, str]) -> Scalar:
    """Return the raw value of a state without alarm, for what the model does not drive."""
    for name in _CALM:
        for raw, state in states.items():
            if state == name:
                return raw
    return next(iter(states))


_LEAK_METRICS = frozenset({"rack_leak_detected", "rack_leak_sensor_fault", "rack_leak_state"})
_LEAK_SENSOR = {"rack_pan": "1"}
"""What devices call the location of the rack's one leak sensor."""


@dataclass(frozen=True, slots=True)
class Source:
    """One role of one rack. Values in the catalogue's base units, or names of states."""

    model: RackModel
    role: str

    def value(self, metric: str, labels: Mapping[str, str]) -> float | str | None:
        """Return the current value of a metric, or None if the model does not have it."""
        point = self.point(metric, labels)
        return point.value() if point is not None and point.present else None

    def point(self, metric: str, labels: Mapping[str, str]) -> Point | None:
        """Return the model's point that a profile's metric and labels mean."""
        if metric in _LEAK_METRICS and labels.get("sensor") in _LEAK_SENSOR:
            labels = {**labels, "sensor": _LEAK_SENSOR[labels["sensor"]]}
        return self.model.point(self.role, metric, labels)

    def series(self, metric: str) -> Iterator[Labels]:
        """Return the label sets under which the model has this metric, in a fixed order."""
        return (point.labels for point in self.model.points(self.role) if point.metric == metric)

    def identity(self) -> dict[str, str]:
        """Return vendor, model, serial and firmware of the simulated device."""
        for point in self.model.points(self.role):
            if point.metric == "rack_device_info":
                return dict(point.info_labels())
        return {}
