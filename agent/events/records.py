"""The frozen records of events."""

from dataclasses import dataclass
from enum import StrEnum

from agent.model.series import Source
from agent.model.values import Raw, Value

DEVICE_METRIC = "rackagent_device_up"
"""The word for a device that answers or does not: the agent's own metric of that."""

ALARMS = frozenset({"rack_alarm_active", "rack_leak_detected", "rack_leak_sensor_fault"})
"""Metrics that are 1 while something is wrong."""


class Kind(StrEnum):
    """What an event is about."""

    ALARM = "alarm"
    STATE = "state"
    DEVICE = "device"


class Action(StrEnum):
    """What happened. A state only changes; the others are raised and cleared."""

    RAISED = "raised"
    CLEARED = "cleared"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Subject:
    """The series that an event is about; ``labels`` sorted by name."""

    device: str
    metric: str
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def kind(self) -> Kind:
        """What its events are about."""
        if self.metric == DEVICE_METRIC:
            return Kind.DEVICE
        return Kind.ALARM if self.metric in ALARMS else Kind.STATE


@dataclass(frozen=True, slots=True)
class Trace:
    """Where the reading came from, as in ``values.Reading``."""

    source: Source
    raw: Raw


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. ``at`` is Unix time; ``before`` None where nothing was known."""

    kind: Kind
    action: Action
    subject: Subject
    value: Value
    before: Value
    at: float
    reason: str = ""
    trace: Trace | None = None
