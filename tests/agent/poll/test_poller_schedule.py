"""When a device is polled, what a failure costs, and how a device is given up and found again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from agent.model import smi
from agent.model.errors import (
    AuthenticationError,
    ConfigError,
    DeviceError,
    DeviceTimeout,
    DeviceUnreachable,
    ProtocolError,
    RequestRejected,
)
from agent.model.values import ReadRegisters, Request, WalkColumns
from agent.transport.memory import MemoryTransport
from tests.agent.poll.pretended import ALL, Bench, box, pretended, shown
from tests.clock import Clock


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with pretended(tmp_path, monkeypatch) as made:
        yield made


# ---- schedule


def test_cycles_keep_to_their_grid_however_long_they_take(bench: Bench) -> None:
    box(bench).takes_s = 0.7
    poller = bench.poller(interval_s=10)
    bench.run(poller, for_s=3600)
    assert len(bench.starts) == 360
    expected = [poller.offset_s + 10 * n for n in range(360)]
    assert bench.starts == pytest.approx(expected, abs=1e-6)


def test_a_cycle_says_how_late_it_began(bench: Bench) -> None:
    bench.at[1] = lambda: bench.clock.call_later(9.0, bench.clock.pass_by, 3.0)
    bench.run(bench.poller(interval_s=10), for_s=60)
    assert [result.late_s for result in bench.results[:3]] == pytest.approx([0.0, 2.0, 0.0])


def test_a_cycle_that_overruns_skips_starts_and_shifts_none(bench: Bench) -> None:
    poller = bench.poller(interval_s=10)
    bench.at[2] = lambda: setattr(bench.box, "takes_s", 4)  # four requests: 16 s
    bench.at[3] = lambda: setattr(bench.box, "takes_s", 0)
    bench.run(poller, for_s=90)
    places = [(start - poller.offset_s) / 10 for start in bench.starts]
    assert places == pytest.approx([0, 1, 2, 4, 5, 6, 7, 8][: len(places)], abs=1e-6)
    assert len(places) >= 7


def test_devices_start_spread_over_the_interval_and_at_the_same_place_each_time(
    bench: Bench,
) -> None:
    offsets = [bench.poller(f"device-{n}", interval_s=10).offset_s for n in range(200)]
    assert offsets == [bench.poller(f"device-{n}", interval_s=10).offset_s for n in range(200)]
    assert all(0 <= offset < 10 for offset in offsets)
    per_second = [sum(second <= offset < second + 1 for offset in offsets) for second in range(10)]
    assert min(per_second) >= 8


def test_a_slow_device_is_not_left_unread_for_long_after_a_start(bench: Bench) -> None:
    offsets = [bench.poller(f"device-{n}", interval_s=3600).offset_s for n in range(200)]
    assert max(offsets) < 60


# ---- what a failure costs


def test_every_request_of_the_profile_is_delivered(bench: Bench) -> None:
    result = bench.poll(bench.poller())
    assert (result.up, result.failures, shown(result)) == (True, (), ALL)
    assert (result.profile, result.kind) == ("box", "other")
    assert result.identity is not None
    assert result.identity.model == "BX-1"
    assert len(result.intervals_s) == 4


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RequestRejected("genErr", 5), "rejected"),
        (ProtocolError("garbage"), "protocol"),
        (DeviceTimeout("no answer"), "timeout"),
    ],
)
def test_one_bad_request_costs_only_its_points(bench: Bench, error: DeviceError, kind: str) -> None:
    box(bench).fail_walks("3", error)
    result = bench.poll(bench.poller())
    assert result.up
    assert shown(result) == {k: v for k, v in ALL.items() if k != "rack_outlet_power_watts"}
    assert [failure.kind for failure in result.failures] == [kind]
    assert () in result.blocks.values()


@pytest.mark.parametrize(
    "error", [DeviceTimeout("no answer"), DeviceUnreachable("gone"), AuthenticationError("no")]
)
def test_two_silences_in_a_row_end_the_cycle(bench: Bench, error: DeviceError) -> None:
    box(bench).fail_walks("234", error)
    poller = bench.poller()
    result = bench.poll(poller)
    asked = [request for request in bench.box.requests if isinstance(request, WalkColumns)]
    assert len(asked) == 2
    assert (result.up, len(result.failures)) == (True, 2)
    assert shown(result) == {"rack_inlet_power_watts": 500}
    assert [len(group) for _, group in sorted(result.blocks.items())] == [1, 0, 0, 0]


def test_an_answer_between_two_silences_keeps_the_cycle_going(bench: Bench) -> None:
    box(bench).fail_walks("24", DeviceTimeout("no answer"))
    result = bench.poll(bench.poller())
    assert set(shown(result)) == {"rack_inlet_power_watts", "rack_outlet_power_watts"}
    assert len(result.failures) == 2


def test_a_failed_request_is_made_again_in_the_next_cycle(bench: Bench) -> None:
    poller = bench.poller()
    box(bench).fail_walks("3", DeviceTimeout("no answer"))
    bench.poll(poller)
    box(bench).fail_walks("", DeviceTimeout("no answer"))
    bench.clock = Clock()  # the runner closes its loop
    assert shown(bench.poll(poller)) == ALL


# ---- down and up again


def test_a_device_that_is_silent_shows_nothing_and_says_why(bench: Bench) -> None:
    bench.box.fault = DeviceTimeout("no answer within 2 s")
    result = bench.poll(bench.poller())
    assert (result.up, result.blocks, result.profile) == (False, {}, "")
    assert [str(failure.message) for failure in result.failures] == ["no answer within 2 s"]


def test_a_device_that_falls_silent_loses_its_readings_with_the_first_silent_cycle(
    bench: Bench,
) -> None:
    bench.at[2] = lambda: setattr(bench.box, "fault", DeviceTimeout("no answer"))
    bench.run(bench.poller(), for_s=40)
    assert [result.up for result in bench.results[:3]] == [True, True, False]
    assert bench.results[2].blocks == {}


def test_a_device_that_is_gone_is_asked_less_and_less_often_but_never_forgotten(
    bench: Bench,
) -> None:
    bench.box.fault = DeviceTimeout("no answer")
    bench.run(bench.poller(interval_s=1, longest_s=60), for_s=3600)
    gaps = [after - before for before, after in zip(bench.starts, bench.starts[1:], strict=False)]
    assert gaps[0] <= 2
    assert max(gaps[:3]) < max(gaps[3:6]) < max(gaps[6:])
    assert max(gaps) <= 61
    assert min(gaps[8:]) >= 29
    assert len({round(gap) for gap in gaps[8:]}) > 5  # jitter
    assert len(bench.starts) > 3600 / 62


def test_two_devices_that_died_together_do_not_ask_together(bench: Bench, tmp_path: Path) -> None:
    bench.box.fault = DeviceTimeout("no answer")
    bench.run(bench.poller("one", interval_s=1), for_s=600)
    first, bench.starts, bench.clock = bench.starts, [], Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agent.poll.poller.time", bench.clock)
        bench.run(bench.poller("two", interval_s=1), for_s=600)
    assert [round(at) for at in first] != [round(at) for at in bench.starts]


def test_a_device_that_returns_is_read_whole_at_once_and_on_its_old_grid(bench: Bench) -> None:
    poller = bench.poller(interval_s=10)
    bench.at[2] = lambda: setattr(bench.box, "fault", DeviceUnreachable("connection refused"))
    bench.at[6] = lambda: setattr(bench.box, "fault", None)
    bench.run(poller, for_s=600)
    assert [result.up for result in bench.results[:8]] == [True] * 2 + [False] * 4 + [True] * 2
    assert shown(bench.results[6]) == ALL
    assert bench.results[6].identity is not None
    places = [(start - poller.offset_s) / 10 for start in bench.starts]
    assert places == pytest.approx([round(place) for place in places], abs=1e-6)
    after = [b - a for a, b in zip(bench.starts[6:], bench.starts[7:], strict=False)]
    assert after == pytest.approx([10] * len(after), abs=1e-6)


def test_down_and_up_are_logged_once_each(bench: Bench) -> None:
    bench.at[2] = lambda: setattr(bench.box, "fault", DeviceTimeout("no answer"))
    bench.at[6] = lambda: setattr(bench.box, "fault", None)
    with capture_logs() as logs:
        bench.run(bench.poller(), for_s=600)
    assert [(line["event"], line["log_level"]) for line in logs] == [
        ("device up", "info"),
        ("device down", "warning"),
        ("device recovered", "info"),
    ]
    assert logs[1]["reason"] == "no answer"
    assert (logs[2]["missed"], logs[2]["profile"]) == (4, "box")


# ---- end


def test_cancelling_closes_the_transport_while_it_waits(bench: Bench) -> None:
    bench.run(bench.poller(interval_s=1000), for_s=500)
    assert bench.box.closed


def test_cancelling_closes_the_transport_in_the_middle_of_a_request(bench: Bench) -> None:
    box(bench).takes_s = 400
    bench.run(bench.poller(interval_s=10), for_s=50)
    assert bench.results == []
    assert bench.box.closed


def test_a_bug_ends_the_poller_loudly_and_closes_the_transport(bench: Bench) -> None:
    def broken(_: Request) -> DeviceError | None:
        raise ZeroDivisionError

    box(bench).fails = broken
    with pytest.raises(ZeroDivisionError):
        bench.run(bench.poller(), for_s=100)
    assert bench.box.closed


# ---- profiles


def test_auto_finds_the_profile_and_says_which(bench: Bench) -> None:
    result = bench.poll(bench.poller(profile="auto"))
    assert (result.profile, shown(result)) == ("box", ALL)


def test_auto_on_a_device_that_nothing_fits_is_the_devices_failure(bench: Bench) -> None:
    del bench.box.varbinds[smi.oid("1.3.6.1.2.1.1.2.0")]
    result = bench.poll(bench.poller(profile="auto"))
    assert (result.up, result.failures[0].kind) == (False, "unknown_device")


def test_a_profile_that_does_not_exist_is_our_fault_and_loud(bench: Bench) -> None:
    with pytest.raises(ConfigError, match="unknown profile"):
        bench.poll(bench.poller(profile="bix"))


def test_a_modbus_device_is_read(bench: Bench) -> None:
    bench.box = MemoryTransport(registers={"holding": {10: 2900}})
    result = bench.poll(bench.poller(profile="cdu", protocol="modbus"))
    assert (result.profile, shown(result)) == ("cdu", {"rack_pump_speed_rpm": 2900})
    assert [type(request) for request in bench.box.requests] == [ReadRegisters]
