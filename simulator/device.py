"""What a simulated device shows: a view on one role of the rack model, whatever the protocol."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent.profile.points import Scalar
from simulator.model.rack import RackModel

Labels = tuple[tuple[str, str], ...]


_CALM = ("normal", "ok", "on", "up", "good", "closed", "running", "active", "present")


def calm(states: Mapping[Scalar, str]) -> Scalar:
    """The raw value of a state that alarms nobody, for what the model does not drive."""
    for name in _CALM:
        for raw, state in states.items():
            if state == name:
                return raw
    return next(iter(states))


@dataclass(frozen=True, slots=True)
class Source:
    """One role of one rack. Values in the catalogue's base units, or names of states."""

    model: RackModel
    role: str

    def value(self, metric: str, labels: Mapping[str, str]) -> float | str | None:
        """What the device shows for a metric now, None where the model knows none."""
        return self.model.find(self.role, metric, labels)

    def series(self, metric: str) -> Iterator[Labels]:
        """The label sets under which the model has this metric, in a fixed order."""
        return (point.labels for point in self.model.points(self.role) if point.metric == metric)

    def identity(self) -> dict[str, str]:
        """Vendor, model, serial and firmware of the simulated device."""
        for point in self.model.points(self.role):
            if point.metric == "rack_device_info":
                return dict(point.info_labels())
        return {}
