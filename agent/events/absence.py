"""Detection of alarms whose series a device no longer reports, as after a part was replaced.

An alarm is absent when the request that last reported it has been answered ``GONE_AFTER`` times
without it. If that request is unknown (after a restart, or with another profile), every request of
the device must have been answered that often. A request that fails or is not due does not count.
"""

from dataclasses import dataclass, field

from agent.events.records import Subject
from agent.model.values import PollResult

GONE_AFTER = 3  # a device may omit a row for a moment while it rebuilds its table


@dataclass(slots=True)
class _DeviceAlarms:
    """The active alarms of one device.

    ``answered`` counts the answers by request. ``alarms`` has, for each alarm, the request that
    last reported it and the count at that time; None if unknown.
    """

    profile: str | None = None
    answered: dict[int, int] = field(default_factory=dict)
    alarms: dict[Subject, tuple[int, int] | None] = field(default_factory=dict)


@dataclass(slots=True)
class Absences:
    """Tracks the active alarms of all devices."""

    _devices: dict[str, _DeviceAlarms] = field(default_factory=dict)

    def add(self, subject: Subject) -> None:
        """Track an alarm that became active."""
        self._devices.setdefault(subject.device, _DeviceAlarms()).alarms.setdefault(subject, None)

    def remove(self, subject: Subject) -> None:
        """Stop tracking an alarm that is no longer active."""
        device = self._devices[subject.device]
        del device.alarms[subject]
        if not device.alarms:
            del self._devices[subject.device]

    def begin(self, result: PollResult) -> None:
        """Start a poll. Call ``seen`` for each alarm in it, then ``gone``."""
        device = self._devices.get(result.device)
        if device is None or not result.up:
            return
        before, device.profile = device.profile, result.profile
        if before is not None and before != result.profile:
            device.answered.clear()
            device.alarms = dict.fromkeys(device.alarms)
        for position, blocks in result.blocks.items():
            if blocks or not result.failures:  # otherwise it may be the request that failed
                device.answered[position] = device.answered.get(position, 0) + 1

    def seen(self, subject: Subject, position: int) -> None:
        """Record that the answer to a request contained a reading of an alarm, 0 or 1."""
        device = self._devices.get(subject.device)
        if device is not None and subject in device.alarms:
            device.alarms[subject] = (position, device.answered.get(position, 0))

    def gone(self, result: PollResult) -> list[Subject]:
        """Return the alarms that the device no longer reports."""
        device = self._devices.get(result.device)
        if device is None or not result.up:
            return []
        requests = range(len(result.intervals_s))
        everywhere = min((device.answered.get(each, 0) for each in requests), default=0)
        found = []
        for subject, place in device.alarms.items():
            missing = everywhere
            if place is not None and place[0] in requests:
                missing = device.answered.get(place[0], 0) - place[1]
            if missing >= GONE_AFTER:
                found.append(subject)
        return found
