"""Faults between an SNMP agent and its client: one small class each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from simulator.wire.mib_view import MibRow, MibView

Timed = tuple[float, bytes]
"""A datagram, and the seconds after which it is sent."""


class RowFails(Exception):
    """A variable that the agent cannot produce: its answer is genErr."""


class SnmpFault:
    """A fault that changes nothing. Subclasses override what goes wrong."""

    def spoil(self, answers: Sequence[Timed]) -> Sequence[Timed]:
        """Return what is sent instead of ``answers``."""
        return answers

    def breaks(self, oid: bytes) -> bool:
        """Return whether reading this variable fails."""
        return False


class Silence(SnmpFault):
    """The agent does not answer."""

    def spoil(self, answers: Sequence[Timed]) -> Sequence[Timed]:
        """Send nothing."""
        return ()


@dataclass(frozen=True)
class Loss(SnmpFault):
    """A share of the answers is lost; ``chance`` returns numbers from 0 to 1."""

    ratio: float
    chance: Callable[[], float]

    def spoil(self, answers: Sequence[Timed]) -> Sequence[Timed]:
        """Return the answers that were not lost."""
        return [answer for answer in answers if self.chance() >= self.ratio]


@dataclass(frozen=True)
class Delay(SnmpFault):
    """Answers come ``seconds`` late."""

    seconds: float

    def spoil(self, answers: Sequence[Timed]) -> Sequence[Timed]:
        """Return the answers with the delay added."""
        return [(after_s + self.seconds, data) for after_s, data in answers]


class Duplicate(SnmpFault):
    """Answers come twice."""

    def spoil(self, answers: Sequence[Timed]) -> Sequence[Timed]:
        """Return each answer twice."""
        return [answer for answer in answers for _ in range(2)]


@dataclass(frozen=True)
class Cut(SnmpFault):
    """Only the first ``size`` octets of an answer arrive."""

    size: int

    def spoil(self, answers: Sequence[Timed]) -> Sequence[Timed]:
        """Cut every answer."""
        return [(after_s, data[: self.size]) for after_s, data in answers]


@dataclass(frozen=True)
class GenErr(SnmpFault):
    """Variables below ``prefix`` (BER octets) cannot be read."""

    prefix: bytes

    def breaks(self, oid: bytes) -> bool:
        """Return whether the variable is below the prefix."""
        return oid.startswith(self.prefix)


def _always() -> bool:
    return True


@dataclass(slots=True)
class SnmpWire:
    """The network between one agent and its clients. Faults are applied in their order.

    ``powered`` returns whether the device has power.
    """

    powered: Callable[[], bool] = _always
    faults: dict[str, SnmpFault] = field(default_factory=dict)

    def carry(self, answer: bytes) -> Sequence[Timed]:
        """Return what is sent for a correct answer."""
        if not self.powered():
            return ()
        answers: Sequence[Timed] = ((0.0, answer),)
        for fault in self.faults.values():
            answers = fault.spoil(answers)
        return answers


@dataclass(frozen=True, slots=True)
class WiredView:
    """A view whose variables fail if a fault of ``wire`` makes them unreadable."""

    view: MibView
    wire: SnmpWire

    def get(self, oid: bytes) -> MibRow | None:
        """Return the variable with exactly this name. Raises RowFails."""
        return self._checked(self.view.get(oid))

    def next(self, oid: bytes) -> MibRow | None:
        """Return the first variable after this name. Raises RowFails."""
        return self._checked(self.view.next(oid))

    def _checked(self, row: MibRow | None) -> MibRow | None:
        faults = self.wire.faults
        if row is not None and faults and any(fault.breaks(row.oid) for fault in faults.values()):
            raise RowFails
        return row
