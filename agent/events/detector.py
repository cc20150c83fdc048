"""From polls to events; pure. What stands is told once, and what is not known says nothing.

A bad reading neither raises nor clears, and a device that goes does not clear its alarms: nobody
knows then. An alarm that a device no longer reports, though it answers, is cleared. A state that is
seen for the first time is no event; an alarm and a silent device are.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from agent.events.absence import Absences
from agent.events.records import ALARMS, DEVICE_METRIC, Action, Event, Kind, Subject, Trace
from agent.model import catalogue
from agent.model.series import SeriesSet
from agent.model.values import Block, PollResult, Quality, Value

_PER_MINUTE = 6  # of one subject: what flaps faster is told so often and no more
_MINUTE_S = 60.0


@dataclass(slots=True)
class Detector:
    """Remembers what was told; ``standing`` may come from before a restart."""

    standing: dict[Subject, Value] = field(default_factory=dict)
    suppressed: int = 0
    seen: dict[Subject, tuple[Value, float]] = field(default_factory=dict)
    """States seen for the first time, with when; whoever writes them down empties it."""
    _absences: Absences = field(default_factory=Absences)
    _recent: dict[Subject, deque[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for subject in self.standing:
            if subject.kind is Kind.ALARM:
                self._absences.stands(subject)

    def take(self, result: PollResult) -> list[Event]:
        """The events of one poll, in the order of its readings."""
        found = list(self._device(result))
        self._absences.begin(result)
        for position, blocks in result.blocks.items():
            for block in blocks:
                found += self._block(block, position)
        for subject in self._absences.gone(result):
            if self._may(subject, result.started_at):
                found.append(self._cleared(subject, result.started_at, "no longer reported"))
        return found

    def forget(self, device: str, at: float) -> list[Event]:
        """A device is no longer configured: what stood of it ends."""
        found = []
        for subject in [each for each in self.standing if each.device == device]:
            if subject.kind is Kind.STATE:
                del self.standing[subject]
            else:
                found.append(self._cleared(subject, at, "no longer configured"))
        for subject in [each for each in self._recent if each.device == device]:
            del self._recent[subject]
        return found

    def _cleared(self, subject: Subject, at: float, reason: str) -> Event:
        """What stood ends without a reading that says so."""
        before = self.standing.pop(subject)
        if subject.kind is Kind.ALARM:
            self._absences.ends(subject)
        return Event(subject.kind, Action.CLEARED, subject, 0, before, at, reason)

    def _device(self, result: PollResult) -> Iterator[Event]:
        subject = Subject(result.device, DEVICE_METRIC)
        was_down = subject in self.standing
        if result.up is not was_down or not self._may(subject, result.started_at):
            return
        reason = result.failures[0].message if result.failures and not result.up else ""
        if result.up:
            del self.standing[subject]
        else:
            self.standing[subject] = 0
        action = Action.CLEARED if result.up else Action.RAISED
        value = int(result.up)
        yield Event(Kind.DEVICE, action, subject, value, 1 - value, result.started_at, reason)

    def _block(self, block: Block, request: int) -> Iterator[Event]:
        for position, subject in block.series.derive(watched):
            flaw = block.flaws.get(position)
            value = block.values[position]
            self._absences.seen(subject, request)
            if value is None or (flaw is not None and flaw.quality is Quality.BAD):
                continue
            trace = Trace(block.series[position].source, block.raws[position])
            event = self._judge(subject, value, block.observed_at, trace, request)
            if event is not None:
                yield event

    def _judge(
        self, subject: Subject, value: Value, at: float, trace: Trace, request: int
    ) -> Event | None:
        kind = subject.kind
        before = self.standing.get(subject)
        if kind is Kind.STATE:
            if before is None:
                self.standing[subject] = value
                self.seen[subject] = (value, at)
            if before is None or before == value or not self._may(subject, at):
                return None
            self.standing[subject] = value
            return Event(kind, Action.CHANGED, subject, value, before, at, trace=trace)
        if bool(value) is (before is not None) or not self._may(subject, at):
            return None
        if value:
            self.standing[subject] = value
            self._absences.stands(subject)
            self._absences.seen(subject, request)
            return Event(kind, Action.RAISED, subject, value, 0, at, trace=trace)
        del self.standing[subject]
        self._absences.ends(subject)
        return Event(kind, Action.CLEARED, subject, value, before, at, trace=trace)

    def _may(self, subject: Subject, at: float) -> bool:
        """Whether an event of ``subject`` may be told now. One that may not is judged again."""
        recent = self._recent.setdefault(subject, deque(maxlen=_PER_MINUTE))
        # From 0: after a clock was set back nothing may wait until it has caught up.
        if len(recent) == _PER_MINUTE and 0 <= at - recent[0] < _MINUTE_S:
            self.suppressed += 1
            return False
        recent.append(at)
        return True


def watched(series_set: SeriesSet) -> tuple[tuple[int, Subject], ...]:
    """Return the positions of states and alarms, with what an event about each is about."""
    return tuple(
        (position, Subject(series.device, series.metric.name, tuple(sorted(series.labels))))
        for position, series in enumerate(series_set)
        if series.metric.name in ALARMS or series.metric.kind is catalogue.Kind.STATE
    )
