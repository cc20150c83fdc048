"""Series of a device, and the set of series that one block of readings describes.

A ``SeriesSet`` is made by a normaliser when the rows of a table are first seen and again when they
change. It is the same object from poll to poll in between, so what an output (exposition, events,
MQTT) derives from series (label text, positions of alarms) is computed once per set and kept on the
set. It is freed with the set, when the normaliser that made it and its blocks are gone.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar, cast

from agent.model.catalogue import Metric

_DERIVED_MAX = 32  # builders of one set; each output has one or two

_T = TypeVar("_T")

Labels = tuple[tuple[str, str], ...]
"""Pairs of a label's name and value, sorted by name."""

SeriesKey = tuple[str, str, Labels]
"""Device, metric and labels of one series."""


@dataclass(frozen=True, slots=True)
class OidSource:
    """The SNMP instance a reading came from, dotted."""

    oid: str


@dataclass(frozen=True, slots=True)
class RegisterSource:
    """The registers a reading came from; address 0-based."""

    table: str
    address: int
    count: int


Source = OidSource | RegisterSource


@dataclass(frozen=True, slots=True)
class Series:
    """One time series of one device: metric and labels, and the place it is read from.

    ``states`` are the names a state metric can take here, in the profile's order.
    """

    device: str
    metric: Metric
    labels: Labels
    source: Source
    states: tuple[str, ...] = ()

    @property
    def key(self) -> SeriesKey:
        """The identity of the series: device, metric and labels, without the source."""
        return (self.device, self.metric.name, self.labels)


class SeriesSet:
    """The series of one block, in the order of its values.

    Two sets are equal only if they are the same object: other rows make another set.
    """

    __slots__ = ("_derived", "rows")

    def __init__(self, rows: Iterable[Series]) -> None:
        self.rows = tuple(rows)
        self._derived: dict[Callable[[SeriesSet], object], object] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Series]:
        return iter(self.rows)

    def __getitem__(self, position: int) -> Series:
        return self.rows[position]

    def __repr__(self) -> str:
        return f"SeriesSet({self.rows!r})"

    @property
    def is_new(self) -> bool:
        """True until something is derived from the set."""
        return self._derived is None

    def derive(self, build: "Callable[[SeriesSet], _T]") -> _T:
        """Return ``build(self)``: computed once per set and kept on the set.

        ``build`` is the key as well, so it must be a function of a module or an object that
        lives as long as its output. Raises RuntimeError for more than ``_DERIVED_MAX`` builders:
        then somebody makes a new builder at each call.
        """
        derived = self._derived
        if derived is None:
            derived = self._derived = {}
        found = derived.get(build)
        if found is None:
            if len(derived) >= _DERIVED_MAX:
                raise RuntimeError(f"more than {_DERIVED_MAX} builders derive from one SeriesSet")
            found = derived[build] = build(self)
        return cast("_T", found)

    def take(self, rows: Iterable[Series]) -> "SeriesSet":
        """Return this set if ``rows`` are its own, otherwise a new set of them."""
        fresh = tuple(rows)
        return self if fresh == self.rows else SeriesSet(fresh)
