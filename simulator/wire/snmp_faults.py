"""What can go wrong between an SNMP agent and its client, one small class each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from simulator.wire.mib_view import MibView, Row

Timed = tuple[float, bytes]
"""A datagram, and the seconds after which it is sent."""


class RowFails(Exception):
    """A variable that the agent cannot produce: its answer is genErr."""


class SnmpFault:
    """Behaves. Override what shall go wrong."""

    def spoil(self, answers: Sequence[Timed]) -> Sequence[Timed]:
        """What is sent instead of ``answers``."""
        return answers

    def breaks(self, oid: bytes) -> bool:
        """Whether reading this variable fails."""
        return False


class Silence(SnmpFault):
    """No answer."""

    def spoil(self, answers: Sequence[Timed]) -> Sequence[Timed]:
        """Nothing."""
        return ()


@dataclass(frozen=True)
class Loss(SnmpFault):
    """A share of the answers is lost; ``chance`` gives numbers from 0 to 1."""

    ratio: float
    chance: Callable[[], float]

    def spoil(self, answers: Sequence[Timed]) -> Sequence[Timed]:
        """What got through."""
        return [answer for answer in answers if self.chance() >= self.ratio]


@dataclass(frozen=True)
class Delay(SnmpFault):
    """Answers come ``seconds`` late."""

    seconds: float

    def spoil(self, answers: Sequence[Timed]) -> Sequence[Timed]:
        """The same, later."""
        return [(after_s + self.seconds, data) for after_s, data in answers]


class Duplicate(SnmpFault):
    """Answers come twice."""

    def spoil(self, answers: Sequence[Timed]) -> Sequence[Timed]:
        """Each, and each again."""
        return [answer for answer in answers for _ in range(2)]


@dataclass(frozen=True)
class Cut(SnmpFault):
    """Only the first ``size`` octets of an answer arrive."""

    size: int

    def spoil(self, answers: Sequence[Timed]) -> Sequence[Timed]:
        """The beginnings."""
        return [(after_s, data[: self.size]) for after_s, data in answers]


@dataclass(frozen=True)
class GenErr(SnmpFault):
    """Variables below ``prefix`` (BER octets) cannot be read."""

    prefix: bytes

    def breaks(self, oid: bytes) -> bool:
        """Whether the variable lies below."""
        return oid.startswith(self.prefix)


def _always() -> bool:
    return True


@dataclass(slots=True)
class SnmpWire:
    """Everything that stands between one agent and its clients. Faults act in their order.

    ``powered`` says whether the device lives at all.
    """

    powered: Callable[[], bool] = _always
    faults: dict[str, SnmpFault] = field(default_factory=dict)

    def carry(self, answer: bytes) -> Sequence[Timed]:
        """What is sent for an honest answer."""
        if not self.powered():
            return ()
        answers: Sequence[Timed] = ((0.0, answer),)
        for fault in self.faults.values():
            answers = fault.spoil(answers)
        return answers


@dataclass(frozen=True, slots=True)
class WiredView:
    """A view whose variables fail where a fault of ``wire`` breaks them."""

    view: MibView
    wire: SnmpWire

    def get(self, oid: bytes) -> Row | None:
        """The variable with exactly this name. Raises RowFails."""
        return self._checked(self.view.get(oid))

    def next(self, oid: bytes) -> Row | None:
        """The first variable behind this name. Raises RowFails."""
        return self._checked(self.view.next(oid))

    def _checked(self, row: Row | None) -> Row | None:
        faults = self.wire.faults
        if row is not None and faults and any(fault.breaks(row.oid) for fault in faults.values()):
            raise RowFails
        return row
