"""A run step by step, on a rack of one number that a test can do anything to."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from agent.commission.journal.samples import SampleStore
from agent.commission.journal.writer import Event, RunJournal, cut_off, read_journal, spans
from agent.commission.judge import Span
from agent.commission.judge.verdicts import Facts, judge_stage
from agent.commission.records import Sample, Verdict
from agent.commission.run.outline import roles
from agent.commission.run.prompts import Crew, People
from agent.commission.run.runner import Runner
from agent.commission.spec.generation import Generation, load_generation
from agent.model.errors import ConfigError
from agent.model.values import Quality
from tests.agent.commission.small import TEXT

STEPS = """\
steps:
  idle: {title: Idle, hold: 30}
  load: {title: Load, load: 1, confirm: total > 15000, within: 40, rest: 10, hold: 60}
  lose: {title: Lose, event: open_feed_a, confirm: total < 100, within: 20, hold: 20, after: 30}
stages: {L11: [idle, load, lose]}
abort:
  hot: {when: supply > 65, says: too hot, source: (e)}
checks:
  power: {kind: limit, measure: power, at_most: 9000, number: 1, title: t, during: load, source: s}
  dark: {kind: limit, measure: total, at_most: 1, number: 1, title: t, during: lose, source: s}
"""


class Rack:
    """Stand and rounds in one: 1 kW and a load of up to 7 kW on each of two meters."""

    def __init__(self, deaf: str = "", hot_after: float = 1e9, hands: bool = False) -> None:
        self.time, self.work, self.events = 1000.0, 0.0, list[str]()
        self.deaf, self.hot_after, self.hands = deaf, hot_after, hands
        self.interval_s = 10.0
        self.failures: dict[str, str] = {}
        self.wanted, self.silent = 0.0, ""
        self.idled: Callable[[], object] = lambda: None
        self.waited: Callable[[], object] = lambda: None

    def by_hand(self, what: str) -> None:
        """What a person does to a rack that has only ``hands``: load, open or close."""
        if what == "load":
            self.work = self.wanted
        else:
            self.events.append("open_feed_a" if what == "open" else "end open_feed_a")

    def now(self) -> float:
        return self.time

    async def wait(self, seconds: float) -> None:
        self.time += seconds
        self.waited()
        await asyncio.sleep(0)

    async def idle(self, seconds: float) -> None:
        self.time += seconds
        self.idled()

    async def begin(self, event: str, parameters: Mapping[str, object]) -> str:
        if not self.hands:
            self.events.append(event)
        return "open feed A"

    async def end(self, event: str) -> str:
        if not self.hands:
            self.events.append(f"end {event}")
        return "close feed A" if self.hands else ""

    async def load(self, ratio: float) -> str:
        self.wanted = ratio
        if not self.hands:
            self.work = 0.0 if self.deaf == "load" else ratio
        return "load it" if self.hands else ""

    def shows(self) -> dict[str, frozenset[str]]:
        return {}

    async def look(self) -> list[tuple[Sample, float]]:
        dark = self.events[-1:] == ["open_feed_a"]
        watts = 0.0 if dark else 1000.0 + 7000.0 * self.work
        warm = 70.0 if self.time >= self.hot_after else 30.0 + self.time % 7
        samples = self._samples(watts, warm)
        return [(sample, 10.0) for sample in samples if sample.device != self.silent]

    def _samples(self, watts: float, warm: float) -> Iterator[Sample]:
        for device in ("meter-1", "meter-2"):
            yield Sample(*(device, "rack_inlet_power_watts", (), watts, Quality.GOOD, self.time))
        yield Sample(
            *("cdu", "rack_coolant_temperature_celsius", (), warm, Quality.GOOD, self.time)
        )


class Bench:
    """A runner over such a rack, and where it writes."""

    def __init__(self, folder: Path, rack: Rack, operator: str = "", witness: str = "") -> None:
        path = folder / "small.yaml"
        head = TEXT.partition("steps:")[0]
        path.write_text(head + STEPS)
        self.generation: Generation = load_generation(path, {})
        self.devices = {role: role for role in self.generation.roles}
        self.facts = Facts(self.generation, "L11", self.devices, rack.interval_s)
        self.store = SampleStore(folder / "samples.sqlite")
        self.told: list[Event] = []
        self.journal = RunJournal(folder / "journal.jsonl", self.told.append)
        self.rack = rack
        self.runner = Runner(
            self.facts,
            rack,
            rack,  # type: ignore[arg-type]  # it is all of Rounds that is used
            self.store,
            self.journal,
            People(folder, self.journal, rack.now, Crew(operator, witness)),
        )

    def close(self) -> None:
        self.store.close()
        self.journal.close()

    def spans(self) -> dict[str, Span]:
        return spans(read_journal(self.journal.path))

    def verdicts(self, ended: str = "") -> dict[str, tuple[Verdict, str]]:
        results = judge_stage(self.facts, self.store, self.spans(), ended)
        return {result.check: (result.verdict, result.reason) for result in results}


Make = Callable[..., Bench]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    benches: list[Bench] = []

    def made(rack: Rack, operator: str = "", witness: str = "") -> Bench:
        benches.append(Bench(tmp_path, rack, operator, witness))
        return benches[-1]

    yield made
    for bench in benches:
        bench.close()


async def test_a_run_does_sees_holds_and_undoes(make: Make) -> None:
    bench = make(Rack())
    assert await bench.runner.preflight() == []
    assert await bench.runner.run() == ""
    assert bench.spans() == {
        "idle": Span(1040, 1040, 1040, 1070),
        "load": Span(1070, 1080, 1090, 1140),
        "lose": Span(1140, 1150, 1150, 1170),
    }
    assert bench.rack.events == ["open_feed_a", "end open_feed_a"]
    assert bench.rack.now() == 1200
    assert bench.verdicts() == {"power": (Verdict.PASS, ""), "dark": (Verdict.PASS, "")}
    said = [(each["at"], each["text"]) for each in bench.told if each["event"] == "said"]
    assert said == [(1140.0, "please open feed A")]
    assert read_journal(bench.journal.path) == bench.told


async def test_what_the_data_do_not_show_was_not_done(make: Make) -> None:
    bench = make(Rack(deaf="load"))
    assert await bench.runner.run() == ""
    assert bench.spans()["load"] == Span(1070, None, 1080, 1110)
    assert bench.verdicts() == {
        "power": (Verdict.ERROR, "the stimulus was not seen in the data"),
        "dark": (Verdict.PASS, ""),
    }


@pytest.mark.parametrize(
    ("hot_after", "done", "events"),
    [(1100.0, ["idle"], []), (1160.0, ["idle", "load"], ["open_feed_a", "end open_feed_a"])],
)
async def test_an_abort_limit_ends_the_run_with_everything_undone(
    make: Make, hot_after: float, done: list[str], events: list[str]
) -> None:
    bench = make(Rack(hot_after=hot_after))
    why = await bench.runner.run()
    assert why == "hot: too hot"
    assert list(bench.spans()) == done
    assert bench.rack.events == events
    verdict, reason = bench.verdicts(why)["dark"]
    assert (verdict, reason) == (Verdict.ERROR, "step 'lose' was not done: hot: too hot")


async def test_a_run_that_is_interrupted_undoes_what_it_did(make: Make) -> None:
    bench = make(Rack())
    task = asyncio.ensure_future(bench.runner.run(done=["idle", "load"]))
    bench.rack.waited = lambda: task.cancel() if bench.rack.events else None
    with pytest.raises(asyncio.CancelledError):
        await task
    assert bench.rack.events == ["open_feed_a", "end open_feed_a"]
    assert [each["event"] for each in bench.told[-2:]] == ["undone", "interrupted"]
    assert cut_off(bench.told) == ""


async def test_a_run_goes_on_where_it_was_cut_off(make: Make) -> None:
    bench = make(Rack())
    assert await bench.runner.run(done=["idle", "load"]) == ""
    assert list(bench.spans()) == ["lose"]


async def test_what_a_run_that_died_left_behind_is_undone(make: Make) -> None:
    bench = make(Rack())
    await bench.runner.undo("lose")
    await bench.runner.undo("load")
    assert bench.rack.events == ["end open_feed_a"]
    assert bench.rack.now() == 1030
    events = read_journal(bench.journal.path)
    assert [each["step"] for each in events if each["event"] == "undone"] == ["lose", "load"]


async def test_who_does_not_answer_keeps_the_run_from_beginning(make: Make) -> None:
    rack = Rack()
    rack.failures = {"cdu": "no answer"}
    assert await make(rack).runner.preflight() == ["cdu: no answer"]


async def test_what_checks_will_lack_is_said_before(make: Make) -> None:
    rack = Rack()
    bench = make(rack)
    assert await bench.runner.preflight() == []
    assert [each for each in bench.told if each["event"] == "said"] == []
    rack.silent = "meter-2"
    assert await bench.runner.preflight() == []
    said = [each["text"] for each in bench.told if each["event"] == "said"]
    assert said == [
        "warning: meter-2 rack_inlet_power_watts: no value; for power",
        "warning: meter-2 rack_inlet_power_watts: no value; for dark",
    ]


def test_every_role_needs_a_device(make: Make) -> None:
    generation = make(Rack()).generation
    given = [("cdu", "a"), ("meter-1", "b"), ("meter-2", "c"), ("other", "d")]
    assert roles(generation, given)["meter-2"] == "c"
    with pytest.raises(ConfigError, match="that the rack does not have: meter-1, meter-2"):
        roles(generation, given[:1])
    with pytest.raises(ConfigError, match="a and z both have the role cdu"):
        roles(generation, [*given, ("cdu", "z")])
