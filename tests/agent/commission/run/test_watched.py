"""Abort limits are watched all the time: one that cannot be watched ends a run like one passed."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from agent.commission.journal.writer import cut_off
from agent.commission.judge.verdicts import Facts
from agent.commission.records import Sample, Verdict
from agent.commission.run.latest import LatestValues
from agent.commission.spec.generation import load_generation
from agent.model.errors import ConfigError
from agent.model.values import Quality
from tests.agent.commission import small
from tests.agent.commission.making import record, samples
from tests.agent.commission.run.test_runner import Bench, Make, Rack, make

__all__ = ["make"]

SUPPLY = "cdu rack_coolant_temperature_celsius"


class Failing(Rack):
    """A rack of which ``device`` shows nothing, or nothing good, while ``harmed`` says so."""

    def __init__(self, harmed: Callable[[Rack], bool], device: str = "cdu", bad: str = "") -> None:
        super().__init__()
        self.harmed, self.device, self.bad = harmed, device, bad

    async def read(self) -> list[tuple[Sample, float]]:
        found = await super().read()
        self.failures = {}
        if not self.harmed(self):
            return found
        others = [pair for pair in found if pair[0].device != self.device]
        if not self.bad:
            self.failures = {self.device: "no answer"}
            return others
        return others + [
            (replace(sample, value=None, quality=Quality.BAD, reason=self.bad), every_s)
            for sample, every_s in found
            if sample.device == self.device
        ]


def said(bench: Bench) -> list[tuple[float, str]]:
    return [(each["at"], each["text"]) for each in bench.told if each["event"] == "said"]


async def test_a_limit_that_cannot_be_watched_ends_the_run(make: Make) -> None:
    """The cooling unit is silent from 1100 s on; it was last seen at 1090 s."""
    bench = make(Failing(lambda rack: rack.time >= 1100))
    why = await bench.runner.run()
    assert why == f"hot: supply could not be watched for 30 s ({SUPPLY}: no value)"
    assert bench.rack.now() == 1120
    assert list(bench.spans()) == ["idle"]
    assert bench.rack.events == [], "no feed is opened any more"
    assert said(bench)[0] == (1100.0, "warning: cdu has stopped answering: no answer")
    assert [each["at"] for each in bench.told if each["event"] == "aborted"] == [1120.0]


async def test_a_value_that_is_not_good_watches_nothing(make: Make) -> None:
    bench = make(Failing(lambda rack: rack.time >= 1100, bad="sensor is open"))
    why = await bench.runner.run()
    assert why.startswith("hot: supply could not be watched for 30 s")
    assert "sensor is open" in why


async def test_a_device_that_a_stimulus_silences_ends_the_run_if_a_limit_needs_it(
    make: Make,
) -> None:
    bench = make(Failing(lambda rack: "open_feed_a" in rack.events))
    why = await bench.runner.run()
    assert why.startswith("hot: supply could not be watched for 30 s")
    assert bench.rack.events == ["open_feed_a", "end open_feed_a"], "the stimulus is undone"


async def test_a_device_that_no_limit_needs_is_only_said_to_be_silent(make: Make) -> None:
    bench = make(Failing(lambda rack: rack.events[-1:] == ["open_feed_a"], device="meter-2"))
    assert await bench.runner.run() == ""
    assert said(bench)[1:] == [
        (1150.0, "warning: meter-2 has stopped answering: no answer"),
        (1160.0, "lose: not confirmed by telemetry"),
        (1170.0, "meter-2 answers again, after 20 s"),
    ]


@pytest.mark.parametrize("bad", ["", "sentinel"])
async def test_a_short_gap_ends_nothing(make: Make, bad: str) -> None:
    """Two rounds of three are lost, again and again."""
    bench = make(Failing(lambda rack: rack.time % 30 != 0, bad=bad))
    assert await bench.runner.run() == ""
    assert list(bench.spans()) == ["idle", "load", "lose"]


async def test_a_clock_that_leaps_ends_nothing(make: Make) -> None:
    def leaps(rack: Rack) -> bool:
        if 1100 <= rack.time < 1110:
            rack.time += 3600
            return True
        return False

    bench = make(Failing(leaps))
    assert await bench.runner.run() == ""


async def test_limits_are_watched_while_a_command_runs(make: Make) -> None:
    class Slow(Rack):
        async def begin(self, event: str, parameters: Mapping[str, object]) -> str:
            await super().begin(event, parameters)
            for _ in range(10_000):
                self.time += self.interval_s
                await asyncio.sleep(self.interval_s / 10)
            return ""

    rack = Slow(hot_after=1031.0)
    rack.interval_s = 0.05
    bench = make(rack)
    assert await bench.runner.run(done=["idle", "load"]) == "hot: too hot"
    assert rack.events == ["open_feed_a", "end open_feed_a"]


async def test_limits_are_watched_while_a_stimulus_is_ended(make: Make) -> None:
    """The end is not broken off: the feed is closed before the run ends."""

    class Slow(Rack):
        async def end(self, event: str) -> str:
            self.hot_after = self.time + 5 * self.interval_s
            for _ in range(20):
                self.time += self.interval_s
                await asyncio.sleep(self.interval_s / 10)
            self.hot_after = float("inf")
            return await super().end(event)

    rack = Slow()
    rack.interval_s = 0.05
    bench = make(rack)
    assert await bench.runner.run(done=["idle", "load"]) == "hot: too hot"
    assert rack.events == ["open_feed_a", "end open_feed_a"]
    assert cut_off(bench.told) == ""


async def test_what_no_device_gives_is_named_before_the_first_stimulus(make: Make) -> None:
    bench = make(Failing(lambda rack: True))
    await bench.runner.preflight()
    assert bench.runner.uncovered() == [
        f"abort limit hot (supply > 65) cannot be watched: signal supply: {SUPPLY}: no value;"
        " needed: a profile of cdu with that point, or another source for supply in a"
        " generation that extends small"
    ]


async def test_a_step_that_nothing_can_confirm_is_named(make: Make) -> None:
    bench = make(Failing(lambda rack: True, device="meter-2", bad="sensor is open"))
    await bench.runner.preflight()
    [load, lose] = bench.runner.uncovered()
    assert load.startswith("step load (total > 15000) cannot be confirmed: signal total: meter-2 ")
    assert "sensor is open" in load
    assert lose.startswith("step lose (total < 100) cannot be confirmed: signal total: meter-2 ")
    assert bench.runner.uncovered(done=["idle", "load"]) == [lose]


async def test_a_rack_that_has_all_of_it_is_covered(make: Make) -> None:
    bench = make(Rack())
    await bench.runner.preflight()
    assert bench.runner.uncovered() == []


async def test_a_stimulus_that_nothing_could_confirm_any_more_is_not_applied(make: Make) -> None:
    bench = make(Failing(lambda rack: rack.time > 1100, device="meter-2"))
    assert await bench.runner.run() == ""
    assert bench.rack.events == []
    assert "lose: skipped, because it cannot be confirmed: meter-2 " in said(bench)[-1][1]
    assert bench.verdicts()["dark"] == (
        Verdict.ERROR,
        "the stimulus was not confirmed by telemetry",
    )


async def test_a_source_that_comes_back_in_time_is_waited_for(make: Make) -> None:
    bench = make(Failing(lambda rack: 1100 < rack.time < 1155, device="meter-2"))
    assert await bench.runner.run() == ""
    assert bench.rack.events == ["open_feed_a", "end open_feed_a"]
    assert bench.spans()["lose"].began == 1160


async def test_what_a_dead_run_left_behind_ends_though_this_one_may_not_begin(make: Make) -> None:
    bench = make(Rack())
    bench.journal.write(record("step_began", step="lose"), 900.0)
    await bench.runner.release("lose")
    assert bench.rack.events == ["end open_feed_a"]
    assert cut_off(bench.told) == ""


async def test_a_limit_may_end_a_run_that_undoes_what_was_left_behind(make: Make) -> None:
    bench = make(Rack(hot_after=1010.0))
    assert await bench.runner.run(done=["idle", "load"], cut_off="lose") == "hot: too hot"
    assert bench.rack.events == ["end open_feed_a"]
    assert "aborted" in [each["event"] for each in bench.told]


async def test_the_load_is_taken_off_when_a_limit_ends_the_run(make: Make) -> None:
    bench = make(Rack(hot_after=1100.0))
    assert await bench.runner.run() == "hot: too hot"
    assert (bench.rack.wanted, bench.rack.work) == (0.0, 0.0)
    assert said(bench) == [(1100.0, "the load was removed")]


async def test_the_load_of_the_run_before_is_taken_off_as_well(make: Make) -> None:
    rack = Rack(hot_after=1010.0)
    rack.work = rack.wanted = 1.0
    assert await make(rack).runner.run(done=["idle", "load"]) == "hot: too hot"
    assert rack.work == 0.0


async def test_a_person_is_told_to_take_the_load_off_where_no_command_can(make: Make) -> None:
    class Stuck(Rack):
        async def load(self, ratio: float) -> str:
            if ratio == 0:
                raise ConfigError("stimuli.load: exit status 3")
            return await super().load(ratio)

    bench = make(Stuck(hot_after=1100.0))
    assert await bench.runner.run() == "hot: too hot"
    assert said(bench)[-1][1] == "please remove the load: stimuli.load: exit status 3"


def present(folder: Path, when: str, every_s: float = 5.0) -> Callable[[Iterable[Sample]], str]:
    """What ends a run with one abort limit, after each round that is given."""
    path = folder / "small.yaml"
    abort = f"abort:\n  limit: {{when: {when}, says: passed, source: s}}\n"
    path.write_text(small.TEXT.replace("checks:\n", abort), encoding="utf-8")
    generation = load_generation(path, {})
    facts = Facts(generation, "L11", {role: role for role in generation.roles}, 5.0)
    looks, rounds = LatestValues(facts), iter(range(1000))

    def after(read: Iterable[Sample]) -> str:
        now = 1000.0 + 5.0 * next(rounds)
        looks.update((replace(each, observed_at=now), every_s) for each in read)
        return looks.abort_reason(now)

    return after


def amperes(**values: float) -> list[Sample]:
    """One round of a meter's phases."""
    return [
        sample
        for meter in ("meter-1", "meter-2")
        for phase, value in values.items()
        for sample in samples([value], meter, "rack_phase_current_amperes", {"phase": phase})
    ]


def test_one_series_past_a_limit_is_enough(tmp_path: Path) -> None:
    after = present(tmp_path, "phases > 60")
    assert after(amperes(L1=10, L2=10, L3=10)) == ""
    assert after(amperes(L1=10, L2=70, L3=10)) == "limit: passed"


def test_a_series_that_is_gone_is_missed(tmp_path: Path) -> None:
    """The other series of its device are still there."""
    after = present(tmp_path, "phase_mean > 60")
    assert after(amperes(L1=10, L2=10, L3=10)) == ""
    ends = [after(amperes(L1=10, L2=10)) for _ in range(3)]
    assert ends[:2] == ["", ""]
    assert ends[2].startswith("limit: phase_mean could not be watched for 15 s (meter-1")


def test_a_limit_that_cannot_be_computed_is_not_watched(tmp_path: Path) -> None:
    after = present(tmp_path, "phase_mean / phase_mean > 2")
    assert after(amperes(L1=10)) == ""
    ends = [after(amperes(L1=0)) for _ in range(3)]
    assert ends[:2] == ["", ""]
    assert "could not be watched for 15 s (it divides by zero" in ends[2]
    assert after(amperes(L1=10)) == ""


def test_what_is_read_slowly_is_not_missed_before_it_is_due(tmp_path: Path) -> None:
    after = present(tmp_path, "phase_mean > 60", every_s=60.0)
    assert after(amperes(L1=10)) == ""
    ends = [after([]) for _ in range(14)]
    assert ends[:13] == [""] * 13
    assert ends[13].startswith("limit: phase_mean could not be watched for 15 s")
