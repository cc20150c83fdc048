"""The rack under test: readings, waits and stimuli."""

from collections.abc import Callable, Sequence

import pytest

from agent.config.spec import duration_s
from agent.hil.log import RunLog
from agent.hil.operator import AttendedRig
from agent.hil.reader import DeviceReadings, Reader, shown, spelled
from agent.model.errors import ConfigError, DeviceError
from agent.model.values import Reading, Value

_ROUNDS = 100  # reads of the rack in one wait, if each takes a second or more
_STEP_S = 1.0
_SEEN_MAX = 20  # values in a failure message


class _Unread(Exception):
    """A condition needs a device that has not been read in this round."""

    def __init__(self, device: str) -> None:
        self.device = device


class Now:
    """The readings of one round, as a condition receives them. Call it like ``rack.read``."""

    def __init__(self) -> None:
        self.reads: dict[str, DeviceReadings | DeviceError] = {}
        self.seen: dict[str, str] = {}

    def __call__(self, device: str, metric: str, **labels: str) -> Value:
        """Return the value of one reading, in the base unit, or the name of a state."""
        reading = self._readings(device).one(metric, labels)
        unit = f" {reading.unit}" if reading.unit else ""
        self.seen[spelled(device, metric, labels)] = shown(reading.value) + unit
        return reading.value

    def number(self, device: str, metric: str, **labels: str) -> float:
        """Return the value of one reading that is a number. Fails the test for a state."""
        return _number(metric, self(device, metric, **labels))

    def all(self, device: str, metric: str, **labels: str) -> list[Reading]:
        """Return every reading of a metric that carries these labels."""
        found = self._readings(device).all(metric, labels)
        for reading in found[:_SEEN_MAX]:
            self.seen[spelled(device, metric, reading.labels)] = shown(reading.value)
        return found

    def _readings(self, device: str) -> DeviceReadings:
        read = self.reads.get(device)
        if read is None:
            raise _Unread(device)
        if isinstance(read, DeviceError):
            self.seen[device] = str(read)
            raise read
        return read


Condition = Callable[[Now], object]


class HilRack:
    """The rack in one test. Durations are seconds or text such as ``"30s"``."""

    def __init__(self, reader: Reader, rig: AttendedRig, log: RunLog) -> None:
        self._reader, self._rig, self._log = reader, rig, log
        self._stimuli: list[str] = []

    @property
    def simulated(self) -> bool:
        """True if the rack is simulated."""
        return self._rig.simulated

    @property
    def devices(self) -> tuple[str, ...]:
        """The names of the devices of the configuration."""
        return self._reader.devices

    async def read(self, device: str, metric: str, **labels: str) -> Value:
        """Read one value now: in the base unit, or the name of a state. Fails the test without."""
        return (await self.reading(device, metric, **labels)).value

    async def number(self, device: str, metric: str, **labels: str) -> float:
        """Read one number now, in the base unit. Fails the test for a state."""
        return _number(metric, await self.read(device, metric, **labels))

    async def reading(self, device: str, metric: str, **labels: str) -> Reading:
        """Read one value now and return it with its unit, quality and source."""
        try:
            reading = (await self._reader.read(device)).one(metric, labels)
        except DeviceError as error:
            self._log.write("failed", device=device, metric=metric, labels=labels, why=str(error))
            pytest.fail(str(error), pytrace=False)
        self._write(reading)
        return reading

    async def all(self, device: str, metric: str, **labels: str) -> list[Reading]:
        """Read a device now and return every reading of a metric that carries these labels."""
        try:
            found = (await self._reader.read(device)).all(metric, labels)
        except DeviceError as error:
            pytest.fail(str(error), pytrace=False)
        for reading in found:
            self._write(reading)
        return found

    async def answers(self, device: str) -> bool:
        """Return whether a device can be read now."""
        try:
            await self._reader.read(device)
        except DeviceError as error:
            self._log.write("silent", device=device, why=str(error))
            return False
        return True

    async def until(
        self, condition: Condition, within: float | str = "30s", what: str = ""
    ) -> float:
        """Wait until ``condition(now)`` is true, and return the seconds that took.

        ``now(device, metric, **labels)`` returns values of one round. Fails the test after
        ``within``, with the values last seen; ``what`` names the condition in that message.
        """
        limit = duration_s(within)
        began, step = self._rig.now(), max(_STEP_S, limit / _ROUNDS)
        while True:
            now, held = await self._judge(condition)
            took = self._rig.now() - began
            self._log.write("waiting", what=what, seconds=took, held=held, seen=now.seen)
            if held:
                return took
            if took >= limit:
                seen = "".join(f"\n  {name} = {value}" for name, value in now.seen.items())
                goal = what or "it"
                pytest.fail(f"{goal} did not happen within {limit:g} s; last seen:{seen}", False)
            await self._rig.wait(min(step, max(limit - took, 0.1)))

    async def stimulus(self, name: str, **params: object) -> None:
        """Start a stimulus: a fault of the simulator's catalogue, by name.

        On hardware the configured command is run, the confirmed write is sent, or the operator is
        asked; the test is skipped if none of them is possible.
        """
        self._log.write("stimulus", name=name, params=params)
        try:
            await self._rig.begin(name, params)
        except ConfigError as error:
            pytest.fail(str(error), pytrace=False)
        self._stimuli.append(name)

    async def release(self, name: str) -> None:
        """End a stimulus."""
        self._log.write("release", name=name)
        if name in self._stimuli:
            self._stimuli.remove(name)
        try:
            await self._rig.end(name)
        except ConfigError as error:
            pytest.fail(str(error), pytrace=False)

    async def load(self, ratio: float) -> None:
        """Set the load of the trays: 0 is idle, 1 is full load."""
        self._log.write("load", ratio=ratio)
        await self._rig.load(ratio)

    async def wait(self, duration: float | str) -> None:
        """Wait until ``duration`` of the rack's time has passed."""
        await self._rig.wait(duration_s(duration))

    async def release_all(self) -> None:
        """End every stimulus that the test has not ended."""
        for name in reversed(self._stimuli[:]):
            await self.release(name)

    async def _judge(self, condition: Condition) -> tuple[Now, bool]:
        now = Now()
        for _ in range(len(self._reader.devices) + 1):
            try:
                return now, bool(condition(now))
            except _Unread as unread:
                try:
                    now.reads[unread.device] = await self._reader.read(unread.device)
                except DeviceError as error:
                    now.reads[unread.device] = error
            except DeviceError as error:
                now.seen.setdefault("problem", str(error))
                return now, False
        return now, False

    def _write(self, reading: Reading) -> None:
        self._log.write(
            "read",
            device=reading.device,
            metric=reading.metric,
            labels=reading.labels,
            value=reading.value,
            unit=reading.unit,
            quality=reading.quality,
            source=reading.source,
        )


def _number(metric: str, value: Value) -> float:
    if not isinstance(value, int | float):
        pytest.fail(f"{metric} is the state {value!r}, not a number", pytrace=False)
    return float(value)


def neighbors(readings: Sequence[Reading]) -> dict[str, str]:
    """Return the remote system by port, from ``rack_lldp_neighbor_info`` readings."""
    return {
        reading.labels["port"]: reading.labels["remote_system"]
        for reading in readings
        if reading.value is not None
    }
