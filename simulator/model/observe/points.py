"""The values that devices show: points with noise, sensor faults applied to them, lookup."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from agent.model.catalogue import CATALOGUE
from simulator.model.physics.formulas import gaussian, salt
from simulator.model.physics.machine import MachineState

Value = float | str
Labels = tuple[tuple[str, str], ...]
Observation = dict[tuple[str, Labels], Value]

_MATCHED_MAX = 4096
"""Number of resolved profile points that a view remembers."""


@dataclass(frozen=True, slots=True)
class SensorNoise:
    """Standard deviation of a sensor, as a share of the value and in the value's unit."""

    share: float = 0.0
    fixed: float = 0.0


EXACT = SensorNoise()
POWER = SensorNoise(share=0.003)
CURRENT = SensorNoise(share=0.003)
VOLTAGE = SensorNoise(share=0.0005)
TEMPERATURE = SensorNoise(fixed=0.05)
FLOW = SensorNoise(share=0.005)
PRESSURE = SensorNoise(share=0.003)
SPEED = SensorNoise(share=0.002)
SHARE = SensorNoise(fixed=0.001)
HUMIDITY = SensorNoise(fixed=0.003)
OPTICAL = SensorNoise(share=0.01)


@dataclass(slots=True)
class Overlay:
    """Faults of instruments, not of the rack. Keys are point IDs, or roles.

    ``reroute`` makes a point show another's value; ``identity`` replaces a role's identity.
    """

    held: dict[str, Value] = field(default_factory=dict)
    scale: dict[str, float] = field(default_factory=dict)
    reroute: dict[str, str] = field(default_factory=dict)
    identity: dict[str, dict[str, str]] = field(default_factory=dict)


class Point:
    """One value that a device shows. ``labels`` are sorted pairs; ``info`` adds changing ones."""

    __slots__ = ("_board", "_noise", "_read", "_salt", "info", "labels", "metric", "role", "unrest")

    def __init__(
        self,
        board: "Board",
        role: str,
        metric: str,
        labels: Labels,
        read: Callable[[], Value],
        noise: SensorNoise,
    ) -> None:
        if metric not in CATALOGUE:
            raise KeyError(metric)
        self.role, self.metric, self.labels = role, metric, labels
        self.info: Callable[[], Mapping[str, str]] | None = None
        self.unrest: Callable[[], float] | None = None
        self._board, self._read = board, read
        self._noise = None if noise is EXACT else noise
        self._salt: int | None = None  # computed on first use

    @property
    def id(self) -> str:
        """A text for this point, the same in every rack of the model."""
        return "|".join((self.role, self.metric, *(f"{n}={value}" for n, value in self.labels)))

    def value(self) -> Value:
        """Return the value at this second, in the metric's base unit or as a state's name."""
        overlay = self._board.overlay
        if overlay.held or overlay.reroute or overlay.scale:
            return self._overlaid(overlay)
        return self._sample()

    def info_labels(self) -> Mapping[str, str]:
        """Return the labels of an info metric that change with the rack; empty for others."""
        return self.info() if self.info is not None else {}

    @property
    def present(self) -> bool:
        """Return False while an info metric has no value (no neighbour, no part)."""
        return self.info is None or bool(self.info())

    def key(self) -> tuple[str, Labels]:
        """Return the metric and all labels, sorted."""
        if self.info is None:
            return self.metric, self.labels
        return self.metric, tuple(sorted({**dict(self.labels), **self.info()}.items()))

    def _overlaid(self, overlay: Overlay) -> Value:
        own = self.id
        if own in overlay.held:
            return overlay.held[own]
        shown = overlay.reroute.get(own, own)
        source = self if shown == own else self._board.by_id(shown)
        value = source._sample()
        factor = overlay.scale.get(shown)
        return value if factor is None or isinstance(value, str) else value * factor

    def _sample(self) -> Value:
        value, noise = self._read(), self._noise
        if noise is None or isinstance(value, str):
            return value
        if self._salt is None:
            self._salt = salt(self._board.seed, self.id)
        chance = gaussian(self._salt, self._board.clock.tick)
        if self.unrest is not None:
            chance *= self.unrest()
        return value * (1.0 + noise.share * chance) + noise.fixed * chance


class View:
    """The points of one role, in a fixed order."""

    __slots__ = ("_board", "_matched", "_metrics", "points", "role")

    def __init__(self, board: "Board", role: str) -> None:
        self.role = role
        self.points: list[Point] = []
        self._board = board
        self._metrics: dict[str, list[Point]] = {}
        self._matched: dict[tuple[str, Labels], Point | None] = {}

    def add(
        self,
        metric: str,
        read: Callable[[], Value],
        noise: SensorNoise = EXACT,
        /,
        **labels: object,
    ) -> Point:
        """Add a point. Label values are written as text."""
        pairs = tuple(sorted((name, str(value)) for name, value in labels.items()))
        point = Point(self._board, self.role, metric, pairs, read, noise)
        self.points.append(point)
        self._metrics.setdefault(metric, []).append(point)
        self._matched.clear()
        return point

    def add_info(
        self, metric: str, info: Callable[[], Mapping[str, str]], /, **labels: object
    ) -> Point:
        """Add an info metric, whose value is 1 and whose information is in its labels."""
        point = self.add(metric, lambda: 1.0, **labels)
        point.info = info
        return point

    def match(self, metric: str, labels: Mapping[str, str]) -> Point | None:
        """Return the point that a profile's metric and labels mean here, or None.

        Exact labels win; otherwise no label may contradict, most must agree, fewest be added.
        """
        asked = metric, tuple(labels.items())
        if asked not in self._matched:
            if len(self._matched) >= _MATCHED_MAX:
                self._matched.clear()
            self._matched[asked] = self._best(metric, dict(labels))
        return self._matched[asked]

    def _best(self, metric: str, wanted: dict[str, str]) -> Point | None:
        if "line" in wanted and "phase" not in wanted:
            wanted["phase"] = next((c for c in wanted["line"] if c.isdigit()), wanted["line"])
        best, best_rank = None, (-1, 0)
        for point in self._metrics.get(metric, ()):
            rank = _rank(point.labels, wanted)
            if rank is not None and rank > best_rank:
                best, best_rank = point, rank
        return best

    def select(self, metric: str, labels: Mapping[str, str]) -> Iterator[Point]:
        """Return all points of a metric (any, if empty) that carry these labels."""
        for point in self.points:
            if metric in ("", point.metric) and labels.items() <= dict(point.labels).items():
                yield point


def _rank(labels: Labels, wanted: Mapping[str, str]) -> tuple[int, int] | None:
    shared = 0
    for name, value in labels:
        asked = wanted.get(name)
        if asked is None:
            continue
        if asked != value:
            return None
        shared += 1
    return shared, shared - len(labels)


class Board:
    """All instruments of one rack: views by role, and what is wrong with the instruments."""

    __slots__ = ("_by_id", "clock", "overlay", "seed", "views")

    def __init__(self, clock: MachineState, seed: int) -> None:
        self.clock, self.seed = clock, seed
        self.overlay = Overlay()
        self.views: dict[str, View] = {}
        self._by_id: dict[str, Point] = {}

    def view(self, role: str) -> View:
        """Add a new, empty view."""
        return self.views.setdefault(role, View(self, role))

    def by_id(self, point_id: str) -> Point:
        """Return the point of that ID. Raises KeyError."""
        if not self._by_id:
            points = (point for view in self.views.values() for point in view.points)
            self._by_id.update((point.id, point) for point in points)
        return self._by_id[point_id]

    def identify(self, view: View, model: str, part: str = "", kind: str = "") -> None:
        """Give a role (or a part of it) its identity; serial numbers follow from the seed."""
        place = f"{view.role}/{part}" if part else view.role
        own = {
            "vendor": "Simulated",
            "model": model,
            "serial": f"SIM{salt(self.seed, place) % 10**8:08d}",
            "firmware": "1.0.0",
        }
        overlay = self.overlay

        def info() -> Mapping[str, str]:
            return {**own, **overlay.identity.get(place, {})}

        if part:
            view.add_info("rack_component_info", info, component=part, **{"class": kind})
        else:
            view.add_info("rack_device_info", info)
