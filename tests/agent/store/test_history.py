"""The last minutes of every number, and no more than that."""

import math

from agent.model.values import Block
from agent.store.history import POINTS_MAX, History
from agent.store.latest import DeviceState
from tests.agent.expose.rack import LOOP, NOW, OUTLETS, PHASES, block, poll


def hear(history: History, *blocks: Block, at: float = NOW) -> None:
    result = poll("pdu-a", {0: blocks}, at=at)
    history.hear(DeviceState("pdu-a"), result)


def test_numbers_are_kept_with_their_times_and_bad_ones_left_out() -> None:
    history = History()
    hear(history, block(PHASES, [242.0, None, 1230], at=NOW))
    hear(history, block(PHASES, [241.5, 240.0, math.inf], at=NOW + 10))
    ((place, track),) = history.tracks("pdu-a")
    assert place == (0, 0)
    assert track.points(0) == [(NOW, 242.0), (NOW + 10, 241.5)]
    assert track.points(1) == [(NOW + 10, 240.0)]


def test_words_are_no_numbers() -> None:
    history = History()
    hear(history, block(OUTLETS, ["on", 3_600_000_000]))
    ((_, track),) = history.tracks("pdu-a")
    assert track.points(0) == []
    assert track.points(1) == [(NOW, 3_600_000_000.0)]
    hear(history, block(OUTLETS[:1], ["on"]))
    ((_, track),) = history.tracks("pdu-a")
    assert track.points(0) == []


def test_other_rows_begin_anew_and_the_same_rows_go_on() -> None:
    history = History()
    hear(history, block(PHASES, [1.0, 2.0, 3.0]))
    hear(history, block((*PHASES,), [4.0, 5.0, 6.0], at=NOW + 1))
    ((_, track),) = history.tracks("pdu-a")
    assert track.points(0) == [(NOW, 1.0), (NOW + 1, 4.0)]
    hear(history, block(PHASES[:2], [7.0, 8.0], at=NOW + 2))
    ((_, track),) = history.tracks("pdu-a")
    assert track.points(0) == [(NOW + 2, 7.0)]


def test_it_is_bounded_by_points_and_by_values() -> None:
    history = History()
    for number in range(POINTS_MAX + 5):
        hear(history, block(LOOP, [float(number)], at=NOW + number))
    ((_, track),) = history.tracks("pdu-a")
    assert len(track.points(0)) == POINTS_MAX
    assert track.points(0)[0] == (NOW + 5, 5.0)

    tight = History(values_max=9)
    for number in range(10):
        hear(tight, block(PHASES, [1.0, 2.0, float(number)], at=NOW + number))
    ((_, track),) = tight.tracks("pdu-a")
    assert [value for _, value in track.points(2)] == [7.0, 8.0, 9.0]


def test_a_device_that_left_is_forgotten_and_makes_room() -> None:
    history = History(values_max=12)
    hear(history, block(PHASES, [1.0, 2.0, 3.0]))
    history.forget("pdu-a")
    history.forget("never-there")
    assert list(history.tracks("pdu-a")) == []
    for number in range(4):
        hear(history, block(PHASES, [1.0, 2.0, 3.0], at=NOW + number))
    ((_, track),) = history.tracks("pdu-a")
    assert len(track.points(0)) == 4


def spoken(history: History) -> list[tuple[str, list[float]]]:
    """The labels of each series, and the values it has shown."""
    return [
        (" ".join(text for _, text in one.labels), [value for _, value in track.points(place)])
        for _, track in history.tracks("pdu-a")
        for place, one in enumerate(track.series)
    ]


def test_a_block_that_goes_takes_its_rows_with_it_and_the_others_go_on() -> None:
    history = History()
    hear(history, block(PHASES[:1], [1.0]), block(PHASES[1:2], [2.0]))
    hear(history, block(PHASES[1:2], [3.0], at=NOW + 1), at=NOW + 1)
    assert spoken(history) == [("2", [2.0, 3.0])]


def test_another_profile_begins_anew() -> None:
    history = History()
    requests = {place: (block(PHASES[place : place + 1], [1.0]),) for place in range(3)}
    old = poll("pdu-a", requests, profile="old", intervals_s=(0.0,) * 3)
    history.hear(DeviceState("pdu-a"), old)
    new = poll("pdu-a", {0: (block(PHASES[:1], [5.0]),)}, profile="new", intervals_s=(0.0,) * 3)
    history.hear(DeviceState("pdu-a"), new)
    assert spoken(history) == [("1", [5.0])]


def test_requests_that_are_no_longer_planned_are_dropped() -> None:
    history = History()
    requests = {place: (block(PHASES[place : place + 1], [1.0]),) for place in range(3)}
    history.hear(DeviceState("pdu-a"), poll("pdu-a", requests, intervals_s=(0.0,) * 3))
    first = {0: (block(PHASES[:1], [5.0]),)}
    history.hear(DeviceState("pdu-a"), poll("pdu-a", first, intervals_s=(0.0, 0.0)))
    assert spoken(history) == [("1", [1.0, 5.0]), ("2", [1.0])]


def test_silence_and_a_failed_request_leave_what_was_shown() -> None:
    history = History()
    hear(history, block(PHASES[:1], [1.0]))
    history.hear(DeviceState("pdu-a"), poll("pdu-a", up=False))
    hear(history)
    assert spoken(history) == [("1", [1.0])]
