"""What a simulated device shows of its rack, and what a reboot of the device does to that."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.model.catalogue import CATALOGUE, Kind
from simulator.devices.device import Source


@dataclass(slots=True)
class Boot:
    """The latest start of a device: when (in its rack's seconds), and where its counters stood.

    ``count`` is how often it started; ``bases`` are by point id.
    """

    count: int = 1
    at_s: float = 0.0
    bases: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Panel(Source):
    """A role of a rack as a device shows it that may be rebooted."""

    boot: Boot = field(default_factory=Boot)

    @property
    def uptime_s(self) -> float:
        """Rack seconds since the device started."""
        return max(0.0, self.model.elapsed_s - self.boot.at_s)

    @property
    def powered(self) -> bool:
        """Whether the device could answer at all."""
        return self.model.powered(self.role)

    def value(self, metric: str, labels: Mapping[str, str]) -> float | str | None:
        """What the device shows for a metric now, None where the model knows none."""
        point = self.point(metric, labels)
        if point is None or not point.present:
            return None
        value = point.value()
        base = self.boot.bases.get(point.id) if self.boot.bases else None
        return value if base is None or isinstance(value, str) else max(0.0, value - base)

    def reboot(self) -> None:
        """Start again: uptime and every counter from zero."""
        boot = self.boot
        boot.count += 1
        boot.at_s = self.model.elapsed_s
        for point in self.model.points(self.role):
            value = point.value()
            if CATALOGUE[point.metric].kind is Kind.COUNTER and not isinstance(value, str):
                boot.bases[point.id] = value
