"""Show the role of a rack that a simulated device has, and reboot the device."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.model.catalogue import CATALOGUE, Kind
from simulator.devices.device import Source


@dataclass(slots=True)
class Boot:
    """The latest start of a device: its rack time, and the counters at that moment.

    ``count`` is how often it started; ``bases`` are by point ID.
    """

    count: int = 1
    at_s: float = 0.0
    bases: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RoleView(Source):
    """A role of a rack as a device shows it, which may be rebooted."""

    boot: Boot = field(default_factory=Boot)

    @property
    def uptime_s(self) -> float:
        """Return the rack seconds since the device started."""
        return max(0.0, self.model.elapsed_s - self.boot.at_s)

    @property
    def powered(self) -> bool:
        """Return whether the device has power and can answer."""
        return self.model.powered(self.role)

    def value(self, metric: str, labels: Mapping[str, str]) -> float | str | None:
        """Return the current value of a metric, or None if the model does not have it."""
        point = self.point(metric, labels)
        if point is None or not point.present:
            return None
        value = point.value()
        base = self.boot.bases.get(point.id) if self.boot.bases else None
        return value if base is None or isinstance(value, str) else max(0.0, value - base)

    def reboot(self) -> None:
        """Restart: uptime and every counter from zero."""
        boot = self.boot
        boot.count += 1
        boot.at_s = self.model.elapsed_s
        for point in self.model.points(self.role):
            value = point.value()
            if CATALOGUE[point.metric].kind is Kind.COUNTER and not isinstance(value, str):
                boot.bases[point.id] = value
