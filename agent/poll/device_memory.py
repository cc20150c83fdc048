"""State of one device that is kept across its sessions.

A session ends with every cycle without an answer, because the device that answers next has to be
identified. Learned state must not end with it: a counter that rolled over would lose its overflows
(the energy would jump), readings that contradict each other would be good again, refused registers
would be requested again, and a large table would be compiled again.
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

_EXAMINED_EVERY_S = 10.0  # between cross checks of a device that is polled faster


class Learned:
    """Learned state of a device with one profile.

    ``normaliser`` has the compiled rows, the last known scales, units and labels (lookups), and
    the overflows of counters; ``crosschecks`` the contradictions between readings; ``driver`` the
    refused registers. The transport keeps the limits of the connection (varbinds in an answer,
    late replies) for the same time.
    """

    def __init__(self, device: str, profile: Profile, patience: int) -> None:
        """Begin with no learned state. Raises ConfigError if the driver is not installed."""
        self._device = device
        self.profile = profile
        self.normaliser = _normaliser(device, profile)
        self.crosschecks = CrossChecks(profile, patience, _EXAMINED_EVERY_S if patience > 1 else 0)
        self.driver = _driver(profile)
        self.identity: Identity | None = None

    async def normalised(
        self, answers: Mapping[int, Answer], unanswered: Mapping[int, Request]
    ) -> Normalised:
        """Normalise in slices: the first answer with a table of a thousand rows takes long."""
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
        """Forget rows and lookups: after a restart an index may mean another row."""
        self.normaliser = _normaliser(self._device, self.profile)

    def refused_everything(self) -> None:
        """Forget refused registers: a device that refuses all of them may not be ready yet."""
        self.driver = _driver(self.profile)


class DeviceMemory:
    """The memory of one device, owned by its repeated reader.

    It is reset when the device gets another profile or reports another serial number.
    ``patience`` is the number of cycles in a row in which readings contradict each other before
    their quality becomes uncertain.
    """

    def __init__(self, device: str, patience: int = 1) -> None:
        self._device = device
        self._patience = patience
        self._learned: Learned | None = None

    @property
    def is_empty(self) -> bool:
        """True if nothing is known yet."""
        return self._learned is None

    def of(self, profile: Profile) -> Learned:
        """Return the state of the device with this profile.

        Raises ConfigError when the profile's driver is not installed.
        """
        if self._learned is None or self._learned.profile != profile:
            self._learned = Learned(self._device, profile, self._patience)
        return self._learned

    def identify(self, profile: Profile, identity: Identity) -> Learned:
        """Return the state of the device that reports ``identity``; reset it for another device.

        A device without a serial number is assumed to be the same one.
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
