"""Alarms whose series a device no longer reports: a row that was taken out, a part replaced.

An alarm is gone when the request that last showed it has answered ``GONE_AFTER`` times without it.
Where that request is not known (after a restart, or with another profile) every request of the
device must have. A request that fails, or is not due, says nothing.
"""

from dataclasses import dataclass, field

from agent.events.records import Subject
from agent.model.values import PollResult

GONE_AFTER = 3  # a table may lose a row for a moment while its device rebuilds it


@dataclass(slots=True)
class _DeviceAlarms:
    """``answered`` counts by request; ``alarms`` has where each was last and the count then."""

    profile: str | None = None
    answered: dict[int, int] = field(default_factory=dict)
    alarms: dict[Subject, tuple[int, int] | None] = field(default_factory=dict)


@dataclass(slots=True)
class Absences:
    """Keeps an eye on the alarms that stand, and on nothing else."""

    _devices: dict[str, _DeviceAlarms] = field(default_factory=dict)

    def stands(self, subject: Subject) -> None:
        """An alarm stands from now on."""
        self._devices.setdefault(subject.device, _DeviceAlarms()).alarms.setdefault(subject, None)

    def ends(self, subject: Subject) -> None:
        """It no longer does."""
        device = self._devices[subject.device]
        del device.alarms[subject]
        if not device.alarms:
            del self._devices[subject.device]

    def begin(self, result: PollResult) -> None:
        """A poll came; ``seen`` follows for the alarms in it, then ``gone``."""
        device = self._devices.get(result.device)
        if device is None or not result.up:
            return
        before, device.profile = device.profile, result.profile
        if before is not None and before != result.profile:
            device.answered.clear()
            device.alarms = dict.fromkeys(device.alarms)
        for position, blocks in result.blocks.items():
            if blocks or not result.failures:  # else it may be the one that failed
                device.answered[position] = device.answered.get(position, 0) + 1

    def seen(self, subject: Subject, position: int) -> None:
        """A reading of an alarm, whatever it says, in the answer to that request."""
        device = self._devices.get(subject.device)
        if device is not None and subject in device.alarms:
            device.alarms[subject] = (position, device.answered.get(position, 0))

    def gone(self, result: PollResult) -> list[Subject]:
        """The alarms that the device no longer reports."""
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
