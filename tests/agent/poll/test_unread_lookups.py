"""A slow table that was not read whole is asked for again, at first in the next cycle."""

from dataclasses import replace
from pathlib import Path

from agent.model.errors import RequestRejected
from agent.model.values import Answer, Request, WalkColumns
from agent.poll.reader import DeviceReader
from agent.transport.memory import MemoryTransport
from tests.agent.fans import NAMES, PROFILE, box, fan, library_of

_CYCLE_S = 10.0
_SCALED = PROFILE.replace(
    "fan_name: {column: 1.3.6.1.4.1.9999.1.1.2}",
    "fan_name: {column: 1.3.6.1.4.1.9999.1.1.2, map: {tens: 10}, default: 1}",
).replace("labels: {fan: '{fan_name}'}", "scale: {lookup: fan_name}")


class Broken(MemoryTransport):
    """Walks of the names bring no rows while ``is_broken``, or fail as a whole."""

    is_broken = False
    fails = False
    asked = 0

    async def fetch(self, request: Request) -> Answer:
        answer = await super().fetch(request)
        if not isinstance(request, WalkColumns) or NAMES not in request.columns:
            return answer
        self.asked += 1
        if self.fails:
            raise RequestRejected("genErr", 5)
        if self.is_broken:
            return replace(answer, payload=[[]], unread=frozenset({NAMES}))
        return answer


def _reader(folder: Path, device: Broken) -> DeviceReader:
    library = library_of(folder, _SCALED)
    return DeviceReader("box", "snmp", "test-fans", library, device.opened, cycle_s=_CYCLE_S)


async def _speeds(reader: DeviceReader, now: float) -> list[object]:
    read = await reader.read(now)
    return [r.value for r in read.readings if r.metric == "rack_fan_speed_rpm"]


async def test_a_broken_table_is_asked_for_in_the_next_cycle_then_more_and_more_seldom(
    tmp_path: Path,
) -> None:
    device = Broken({**box().varbinds, **fan(1, "tens", 100), **fan(2, "tens", 200)})
    device.is_broken = True
    async with _reader(tmp_path, device) as reader:
        asked = []
        for cycle in range(40):
            assert await _speeds(reader, cycle * _CYCLE_S) == [None, None]
            asked.append(device.asked)
        assert asked[:4] == [1, 2, 3, 3]
        assert asked[-1] < 10
        device.is_broken = False
        assert await _speeds(reader, 3600.0) == [1000, 2000]


async def test_a_scale_survives_a_request_that_fails_as_a_whole(tmp_path: Path) -> None:
    device = Broken({**box().varbinds, **fan(1, "tens", 100), **fan(2, "tens", 200)})
    async with _reader(tmp_path, device) as reader:
        assert await _speeds(reader, 0.0) == [1000, 2000]
        device.fails = True
        device.varbinds |= fan(3, "tens", 300)
        assert await _speeds(reader, 300.0) == [1000, 2000, None]
        device.fails = False
        assert await _speeds(reader, 310.0) == [1000, 2000, 3000]
