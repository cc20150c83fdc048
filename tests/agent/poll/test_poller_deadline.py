"""Devices that answer, but too slowly: their cycles end, and harm nobody."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from agent.app.wiring import stuck_after_s
from agent.model import smi
from agent.model.values import Answer, Request, WalkColumns
from tests.agent.making import BASE
from tests.agent.poll.pretended import ALL, Bench, Box, box, pretended, shown


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with pretended(tmp_path, monkeypatch) as made:
        yield made


def test_a_cycle_that_does_not_end_is_ended_and_the_device_polled_again(bench: Bench) -> None:
    bench.at[2] = lambda: setattr(bench.box, "takes_s", 50)
    bench.at[5] = lambda: setattr(bench.box, "takes_s", 0)
    bench.run(bench.poller(interval_s=10), for_s=300)
    slow = bench.results[2:5]
    assert [result.duration_s for result in slow] == pytest.approx([60.0] * 3)
    assert [[failure.kind for failure in result.failures] for result in slow] == [["timeout"]] * 3
    assert slow[0].failures[0].message == (
        "the device answers too slowly: its cycle was ended; 3 of 4 requests have no answer"
    )
    assert all(result.up for result in slow)
    assert shown(bench.results[5]) == ALL


def test_what_is_answered_in_time_is_shown_and_the_rest_asked_first_next_time(
    bench: Bench,
) -> None:
    bench.at[1] = lambda: setattr(bench.box, "takes_s", 25)  # two requests in 60 s
    bench.poll(bench.poller(interval_s=10), times=6)
    seen = [set(shown(result)) for result in bench.results[1:]]
    assert max(map(len, seen)) == 2
    assert set().union(*seen) == set(ALL)


def test_one_table_without_end_does_not_starve_the_others(bench: Bench) -> None:
    class Endless(Box):
        async def fetch(self, request: Request) -> Answer:
            if isinstance(request, WalkColumns) and request.columns[0] == smi.oid(f"{BASE}.2.1"):
                await asyncio.sleep(1e6)
            return await super().fetch(request)

    bench.box = Endless()
    bench.poll(bench.poller(interval_s=10), times=2)
    seen = [shown(result) for result in bench.results]
    assert {**seen[0], **seen[1]} == {
        key: value for key, value in ALL.items() if key != "rack_phase_current_amperes"
    }


def test_a_device_that_never_says_who_it_is_ends_its_cycles_too(bench: Bench) -> None:
    box(bench).takes_s = 1e6
    bench.run(bench.poller(interval_s=10), for_s=300)
    assert len(bench.results) >= 2
    assert {result.failures[0].kind for result in bench.results} == {"timeout"}
    assert not any(result.up for result in bench.results)


@pytest.mark.parametrize("interval_s", [0.1, 1, 10, 60, 120, 300, 3600])
def test_no_slow_device_looks_like_a_hung_poller(bench: Bench, interval_s: float) -> None:
    """The longest time between two results is below what the watchdog waits for."""
    box(bench).takes_s = 1e9
    bench.run(bench.poller(interval_s=interval_s), for_s=20 * interval_s + 3_000)
    ends = [
        start + result.duration_s for start, result in zip(bench.starts, bench.results, strict=True)
    ]
    assert ends[0] < stuck_after_s(interval_s)
    assert max(b - a for a, b in pairwise(ends)) < stuck_after_s(interval_s)
