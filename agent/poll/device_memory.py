"""What was learned of one device, which outlives its sessions.

A session ends with every silent cycle, because the device that answers next has to be asked who it
is. What is learned over time must not end with it: a counter that rolled over would lose its turns
(energy that then comes back as a jump), readings that contradict each other would be good again,
refused registers would be asked for again, and a large table would be compiled anew.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace

from agent.model.values import Answer, Identity, Request
from agent.normalise.base import Normalised, Normaliser
from agent.normalise.crosscheck import CrossChecks
from agent.normalise.modbus import ModbusNormaliser
from agent.normalise.snmp import SnmpNormaliser
from agent.poll.bisect_block import SplittingDriver
from agent.poll.driver import Driver, find_driver
from agent.profile.points import Profile

_EXAMINED_EVERY_S = 10.0  # cross checks of a device that is polled faster


class Learned:
    """What was learned of a device with one profile.

    ``normaliser`` has the compiled rows, the last known scales, units and labels (lookups), and
    the turns of counters; ``crosschecks`` what contradicted what; ``driver`` the registers that
    are refused. What the wire allows (varbinds in an answer, late replies) is with the transport,
    which lives as long.
    """

    def __init__(self, device: str, profile: Profile, patience: int) -> None:
        """Begin with nothing learned. Raises ConfigError if the driver is not installed."""
        self._device = device
        self.profile = profile
        self.normaliser = _normaliser(device, profile)
        self.crosschecks = CrossChecks(profile, patience, _EXAMINED_EVERY_S if patience > 1 else 0)
        self.driver = _driver(profile)
        self.identity: Identity | None = None

    async def normalised(
        self, answers: Mapping[int, Answer], unanswered: Mapping[int, Request]
    ) -> Normalised:
        """Normalise in slices: the first look at a table of a thousand rows takes long."""
        now = time.time()
        lost = {p: self.normaliser.unanswered(request, now) for p, request in unanswered.items()}
        steps = self.normaliser.steps(answers)
        while True:
            try:
                next(steps)
            except StopIteration as done:
                found: Normalised = done.value
                return replace(found, blocks={**found.blocks, **lost})
            await asyncio.sleep(0)

    def restarted(self) -> None:
        """Forget rows and lookups: after a restart an index may be another thing."""
        self.normaliser = _normaliser(self._device, self.profile)

    def refused_everything(self) -> None:
        """Forget what is refused: a device that refuses all is not ready, and may be soon."""
        self.driver = _driver(self.profile)


class DeviceMemory:
    """The memory of one device, owned by what reads the device again and again.

    It begins anew when the device gets another profile or reports another serial number.
    ``patience`` is how many cycles in a row readings contradict each other before they are
    doubted.
    """

    def __init__(self, device: str, patience: int = 1) -> None:
        self._device = device
        self._patience = patience
        self._learned: Learned | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known yet."""
        return self._learned is None

    def of(self, profile: Profile) -> Learned:
        """Return what is known of the device with this profile.

        Raises ConfigError when the profile's driver is not installed.
        """
        if self._learned is None or self._learned.profile != profile:
            self._learned = Learned(self._device, profile, self._patience)
        return self._learned

    def identify(self, profile: Profile, identity: Identity) -> Learned:
        """Return what is known of the device that reports ``identity``; of another one nothing.

        A device without a serial number is taken for the one before.
        """
        learned = self.of(profile)
        serials = {each.serial for each in (learned.identity, identity) if each is not None}
        if len(serials - {None}) > 1:
            self._learned = None
            learned = self.of(profile)
        if learned.identity is None or identity.serial is not None:
            learned.identity = identity
        return learned

    def restarted(self) -> None:
        """Forget rows and lookups, because the device restarted; the rest stays."""
        if self._learned is not None:
            self._learned.restarted()


def _driver(profile: Profile) -> Driver:
    driver = find_driver(profile.driver)
    return SplittingDriver(driver) if profile.protocol == "modbus" else driver


def _normaliser(device: str, profile: Profile) -> Normaliser:
    if profile.protocol == "snmp":
        return SnmpNormaliser(device, profile)
    return ModbusNormaliser(device, profile)
