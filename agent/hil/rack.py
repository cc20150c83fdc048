"""The rack under test: read it, wait for it, do something to it."""

from collections.abc import Callable, Sequence

import pytest

from agent.config.spec import duration_s
from agent.hil.log import RunLog
from agent.hil.operator import AttendedRig
from agent.hil.reader import DeviceReadings, Reader, shown, spelled
from agent.model.errors import ConfigError, DeviceError
from agent.model.values import Reading, Value

_ROUNDS = 100  # a wait looks at the rack so often, if each look takes a second or more
_STEP_S = 1.0
_SEEN_MAX = 20  # values that a message repeats


class _Unread(Exception):
    """A condition asks for a device that has not been read in this round."""

    def __init__(self, device: str) -> None:
        self.device = device


class Now:
    """What a condition sees: the rack at one moment. Call it like ``rack.read``."""

    def __init__(self) -> None:
        self.looks: dict[str, DeviceReadings | DeviceError] = {}
        self.seen: dict[str, str] = {}

    def __call__(self, device: str, metric: str, **labels: str) -> Value:
        """Return the value of one reading."""
        reading = self._look(device).one(metric, labels)
        unit = f" {reading.unit}" if reading.unit else ""
        self.seen[spelled(device, metric, labels)] = shown(reading.value) + unit
        return reading.value

    def number(self, device: str, metric: str, **labels: str) -> float:
        """Return the same, for what is a number."""
        return _number(metric, self(device, metric, **labels))

    def all(self, device: str, metric: str, **labels: str) -> list[Reading]:
        """Every reading of a metric that carries these labels."""
        found = self._look(device).all(metric, labels)
        for reading in found[:_SEEN_MAX]:
            self.seen[spelled(device, metric, reading.labels)] = shown(reading.value)
        return found

    def _look(self, device: str) -> DeviceReadings:
        look = self.looks.get(device)
        if look is None:
            raise _Unread(device)
        if isinstance(look, DeviceError):
            self.seen[device] = str(look)
            raise look
        return look


Condition = Callable[[Now], object]


class HilRack:
    """One rack in one test. Durations are seconds or text such as ``"30s"``."""

    def __init__(self, reader: Reader, rig: AttendedRig, log: RunLog) -> None:
        self._reader, self._rig, self._log = reader, rig, log
        self._stimuli: list[str] = []

    @property
    def simulated(self) -> bool:
        """Whether this is the simulator."""
        return self._rig.simulated

    @property
    def devices(self) -> tuple[str, ...]:
        """Every device of the configuration."""
        return self._reader.devices

    async def read(self, device: str, metric: str, **labels: str) -> Value:
        """One value, read now; in base units, or the name of a state. Fails the test without."""
        return (await self.reading(device, metric, **labels)).value

    async def number(self, device: str, metric: str, **labels: str) -> float:
        """One number, read now."""
        return _number(metric, await self.read(device, metric, **labels))

    async def reading(self, device: str, metric: str, **labels: str) -> Reading:
        """Return the same with its unit, quality and source."""
        try:
            reading = (await self._reader.look(device)).one(metric, labels)
        except DeviceError as error:
            self._log.write("failed", device=device, metric=metric, labels=labels, why=str(error))
            pytest.fail(str(error), pytrace=False)
        self._write(reading)
        return reading

    async def all(self, device: str, metric: str, **labels: str) -> list[Reading]:
        """Every reading of a metric that carries these labels, read now."""
        try:
            found = (await self._reader.look(device)).all(metric, labels)
        except DeviceError as error:
            pytest.fail(str(error), pytrace=False)
        for reading in found:
            self._write(reading)
        return found

    async def answers(self, device: str) -> bool:
        """Whether a device can be read now."""
        try:
            await self._reader.look(device)
        except DeviceError as error:
            self._log.write("silent", device=device, why=str(error))
            return False
        return True

    async def until(
        self, condition: Condition, within: float | str = "30s", what: str = ""
    ) -> float:
        """Wait until ``condition(now)`` is true; the seconds that took.

        ``now(device, metric, **labels)`` gives values of one moment. Fails the test after
        ``within``, with the values last seen; ``what`` says what was waited for.
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
        """Do something to the rack: a fault of the simulator's catalogue, by name.

        On hardware the configuration's command is run, its confirmed write done, or the operator
        asked; the test is skipped where none of them is possible.
        """
        self._log.write("stimulus", name=name, params=params)
        try:
            await self._rig.begin(name, params)
        except ConfigError as error:
            pytest.fail(str(error), pytrace=False)
        self._stimuli.append(name)

    async def release(self, name: str) -> None:
        """Undo a stimulus."""
        self._log.write("release", name=name)
        if name in self._stimuli:
            self._stimuli.remove(name)
        try:
            await self._rig.end(name)
        except ConfigError as error:
            pytest.fail(str(error), pytrace=False)

    async def load(self, ratio: float) -> None:
        """Give the rack work: 0 is idle, 1 full."""
        self._log.write("load", ratio=ratio)
        await self._rig.load(ratio)

    async def wait(self, duration: float | str) -> None:
        """Let time pass for the rack."""
        await self._rig.wait(duration_s(duration))

    async def release_all(self) -> None:
        """Undo what a test has left behind."""
        for name in reversed(self._stimuli[:]):
            await self.release(name)

    async def _judge(self, condition: Condition) -> tuple[Now, bool]:
        now = Now()
        for _ in range(len(self._reader.devices) + 1):
            try:
                return now, bool(condition(now))
            except _Unread as unread:
                try:
                    now.looks[unread.device] = await self._reader.look(unread.device)
                except DeviceError as error:
                    now.looks[unread.device] = error
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
        pytest.fail(f"{metric} is the word {value!r}, not a number", pytrace=False)
    return float(value)


def neighbors(readings: Sequence[Reading]) -> dict[str, str]:
    """Return the system at the other end of each port, of ``rack_lldp_neighbor_info`` readings."""
    return {
        reading.labels["port"]: reading.labels["remote_system"]
        for reading in readings
        if reading.value is not None
    }
