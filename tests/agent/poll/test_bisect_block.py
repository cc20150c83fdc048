"""A refused block: the neighbours are read in the same cycle, the bad register is left alone."""

from collections.abc import Collection

import pytest

from agent.model.errors import DeviceError, DeviceTimeout, RequestRejected
from agent.model.values import Answer, GetOids, ReadRegisters, Request
from agent.plan.blocks import RETRY_S
from agent.poll.bisect_block import SplittingDriver
from agent.poll.driver import DefaultDriver

ILLEGAL_ADDRESS, DEVICE_FAILURE = 2, 4


class Device:
    """Register n holds n, unless it is refused; it counts the requests it gets."""

    def __init__(self, refused: Collection[int] = (), most: int = 125, code: int = 2) -> None:
        self.refused = set(refused)
        self.most = most
        self.code = code
        self.silent: set[int] = set()
        self.error: DeviceError | None = None
        self.asked: list[tuple[int, int]] = []

    async def fetch(self, request: Request) -> Answer:
        assert isinstance(request, ReadRegisters)
        span = range(request.address, request.address + request.count)
        self.asked.append((request.address, request.count))
        if self.error is not None:
            raise self.error
        if self.refused.intersection(span) or request.count > self.most:
            raise RequestRejected(f"{span.start} to {span.stop - 1} refused", self.code)
        if self.silent.intersection(span):
            raise DeviceTimeout("no answer")
        width = 1 if request.table == "coil" else 2
        data = b"".join((n % 2 if width == 1 else n).to_bytes(width, "big") for n in span)
        return Answer(request, data, 5.0)

    async def close(self) -> None:
        """Nothing to close."""


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def block(*parts: tuple[int, int], table: str = "holding") -> ReadRegisters:
    first, stop = parts[0][0], max(map(sum, parts))
    return ReadRegisters(table, first, stop - first, parts=parts)


WHOLE = block(*((n, 1) for n in range(100)))


def values(answer: Answer) -> dict[int, int]:
    """The registers that were read, by address."""
    request, payload = answer.request, answer.payload
    assert isinstance(request, ReadRegisters)
    assert isinstance(payload, bytes)
    assert len(payload) == 2 * request.count
    return {
        address: int.from_bytes(payload[2 * (address - request.address) :][:2], "big")
        for part in request.parts
        if part not in answer.lost
        for address in range(part[0], sum(part))
    }


def driver(clock: Clock | None = None) -> SplittingDriver:
    return SplittingDriver(DefaultDriver(), clock or Clock())


@pytest.mark.parametrize("code", [1, 2, 3])
@pytest.mark.parametrize("bad", [{0}, {37}, {99}, {10, 11, 80}])
async def test_neighbours_are_read_in_the_very_same_cycle(bad: set[int], code: int) -> None:
    device = Device(bad, code=code)
    answer = await driver().read(WHOLE, device)

    assert values(answer) == {n: n for n in range(100) if n not in bad}
    assert set(answer.lost) == {(n, 1) for n in bad}
    assert len(answer.failures) == len(bad)
    assert {failure.kind for failure in answer.failures} == {"rejected"}
    assert answer.has_content
    assert answer.observed_at == 5.0
    assert len(device.asked) <= 1 + 14 * len(bad)


async def test_from_then_on_it_is_read_around() -> None:
    device, reader = Device({37, 60}), driver()
    await reader.read(WHOLE, device)
    device.asked.clear()
    answer = await reader.read(WHOLE, device)

    assert device.asked == [(0, 37), (38, 22), (61, 39)]
    assert values(answer) == {n: n for n in range(100) if n not in {37, 60}}
    assert set(answer.lost) == {(37, 1), (60, 1)}
    assert answer.failures == ()  # told when it was learnt


async def test_a_refused_register_is_asked_again_rarely() -> None:
    clock = Clock()
    device, reader = Device({37}), driver(clock)
    await reader.read(WHOLE, device)
    device.asked.clear()
    clock.now += RETRY_S - 1
    await reader.read(WHOLE, device)
    assert (37, 1) not in device.asked
    clock.now += 1
    answer = await reader.read(WHOLE, device)
    assert device.asked.count((37, 1)) == 1
    assert len(answer.failures) == 1
    await reader.read(WHOLE, device)
    assert device.asked.count((37, 1)) == 1


async def test_a_register_that_comes_back_is_read_with_its_neighbours_again() -> None:
    clock = Clock()
    device, reader = Device({37}), driver(clock)
    await reader.read(WHOLE, device)
    clock.now += RETRY_S
    device.refused.clear()
    assert values(await reader.read(WHOLE, device))[37] == 37
    device.asked.clear()
    assert len(values(await reader.read(WHOLE, device))) == 100
    assert device.asked == [(0, 100)]


async def test_a_gap_that_must_not_be_read_costs_no_value() -> None:
    request = block((10, 2), (12, 1), (15, 1), (16, 4), (25, 1))
    clock = Clock()
    device, reader = Device({14}), driver(clock)
    answer = await reader.read(request, device)
    assert len(values(answer)) == 9
    assert answer.failures == ()
    device.asked.clear()
    await reader.read(request, device)
    assert device.asked == [(10, 3), (15, 11)]
    clock.now += RETRY_S
    device.asked.clear()
    assert len(values(await reader.read(request, device))) == 9
    assert device.asked[0] == (10, 16)


async def test_a_device_that_stands_less_than_its_profile_says() -> None:
    device, reader = Device(most=30), driver()
    answer = await reader.read(WHOLE, device)
    assert (len(values(answer)), answer.failures) == (100, ())
    answer = await reader.read(WHOLE, device)
    assert (len(values(answer)), answer.failures) == (100, ())
    device.asked.clear()
    await reader.read(WHOLE, device)
    assert device.asked == [(0, 25), (25, 25), (50, 25), (75, 25)]


async def test_values_that_stand_or_fall_together() -> None:
    answer = await driver().read(block((10, 1), (20, 20), (25, 1), (50, 1)), Device({30}))
    assert set(answer.lost) == {(20, 20)}
    assert set(values(answer)) == {10, 25, 50}


async def test_coils_take_a_byte_each() -> None:
    request = block(*((n, 1) for n in range(1, 9)), table="coil")
    answer = await driver().read(request, Device({4}))
    assert isinstance(answer.payload, bytes)
    assert [answer.payload[n - 1] for n in (1, 2, 3, 5, 6, 7, 8)] == [1, 0, 1, 1, 0, 1, 0]


async def test_what_is_refused_whole_is_bad_and_not_asked_again() -> None:
    device, reader = Device(range(100)), driver()
    request = block((3, 1))
    answer = await reader.read(request, device)
    assert not answer.has_content
    assert [failure.message for failure in answer.failures] == ["3 to 3 refused"]
    device.asked.clear()
    answer = await reader.read(request, device)
    assert (device.asked, answer.failures, answer.has_content) == ([], (), False)


async def test_a_hopeless_block_is_searched_in_bounded_steps() -> None:
    device, reader = Device(range(20, 100)), driver()
    for _ in range(10):
        device.asked.clear()
        answer = await reader.read(WHOLE, device)
        assert len(device.asked) <= 70
    assert set(values(answer)) == set(range(20))
    assert device.asked == [(0, 20)]


async def test_silence_in_the_search_is_no_refusal() -> None:
    device, reader = Device({10}), driver()
    device.silent = set(range(60, 100))
    answer = await reader.read(WHOLE, device)
    assert set(values(answer)) >= set(range(10))
    assert "timeout" in {failure.kind for failure in answer.failures}
    assert (10, 1) in answer.lost
    device.silent.clear()
    answer = await reader.read(WHOLE, device)
    assert set(values(answer)) == set(range(100)) - {10}


async def test_a_device_that_falls_silent_is_not_asked_for_every_part() -> None:
    device, reader = Device({10, 20, 30}), driver()
    await reader.read(WHOLE, device)
    device.asked.clear()
    device.silent = set(range(100))
    with pytest.raises(DeviceTimeout):
        await reader.read(WHOLE, device)
    assert len(device.asked) == 2


async def test_other_errors_are_not_remembered() -> None:
    device, reader = Device({10}), driver()
    await reader.read(WHOLE, device)
    device.error = RequestRejected("device failure", DEVICE_FAILURE)
    answer = await reader.read(WHOLE, device)
    assert not answer.has_content
    assert {failure.message for failure in answer.failures} == {"device failure"}
    device.error = None
    assert len(values(await reader.read(WHOLE, device))) == 99


async def test_what_is_no_refusal_of_registers_is_raised() -> None:
    device = Device({10}, code=DEVICE_FAILURE)
    with pytest.raises(RequestRejected):
        await driver().read(WHOLE, device)
    assert len(device.asked) == 1
    with pytest.raises(RequestRejected):
        await driver().read(ReadRegisters("holding", 0, 20), Device({10}))


async def test_other_protocols_pass_through() -> None:
    class Refusing(Device):
        async def fetch(self, request: Request) -> Answer:
            raise RequestRejected("tooBig", 1)

    with pytest.raises(RequestRejected):
        await driver().read(GetOids((b"+",)), Refusing())


async def test_refusals_of_too_many_blocks_are_not_remembered() -> None:
    device, reader = Device(range(1000)), driver()
    for address in range(256):
        await reader.read(block((address, 1)), device)
    with pytest.raises(RequestRejected):
        await reader.read(block((500, 1)), device)
