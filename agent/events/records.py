"""The frozen records of events."""

from dataclasses import dataclass
from enum import StrEnum

from agent.model.series import Source
from agent.model.values import Raw, Value

DEVICE_METRIC = "rackagent_device_up"
"""The metric of events about a device that is down or up again."""

LEAK = "rack_leak_detected"
LEAK_SENSOR_FAULT = "rack_leak_sensor_fault"

ALARM_NAMES = {
    "rack_alarm_active": "alarm",
    LEAK: "leak",
    LEAK_SENSOR_FAULT: "leak sensor fault",
}
"""Metrics that are 1 while an alarm is active, each with its name on every page.

The label ``alarm`` gives a more exact name where a series has it.
"""

ALARMS = frozenset(ALARM_NAMES)


class EventKind(StrEnum):
    """The kind of thing that an event is about."""

    ALARM = "alarm"
    STATE = "state"
    DEVICE = "device"


class Action(StrEnum):
    """The change that an event reports: states change, alarms are raised and cleared."""

    RAISED = "raised"
    CLEARED = "cleared"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Subject:
    """The series that an event is about; ``labels`` are sorted by name."""

    device: str
    metric: str
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def kind(self) -> EventKind:
        """The kind of its events."""
        if self.metric == DEVICE_METRIC:
            return EventKind.DEVICE
        return EventKind.ALARM if self.metric in ALARMS else EventKind.STATE


@dataclass(frozen=True, slots=True)
class Trace:
    """The source and the raw value of the reading, as in ``values.Reading``."""

    source: Source
    raw: Raw


@dataclass(frozen=True, slots=True)
class Event:
    """One event. ``at`` is Unix time; ``before`` is None if the value before is unknown."""

    kind: EventKind
    action: Action
    subject: Subject
    value: Value
    before: Value
    at: float
    reason: str = ""
    trace: Trace | None = None
