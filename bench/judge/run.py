"""Measure the judging of a soak that lasted a day: seconds and memory.

``python -m bench.judge.run [--generation NAME] [--hours H]`` writes bench/results/judge.json. The
series are those that the generation's simulated rack shows under load. Its soak step is made as
long as asked, with a sample of every series each interval. They are written as a run writes them
and judged as ``rackagent evidence verify`` judges them, in a process of its own.
"""

import argparse
import json
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.commission.evidence.results import RunReport
from agent.commission.journal.samples import SampleStore
from agent.commission.judge import Span
from agent.commission.judge.verdicts import Facts, judge_stage
from agent.commission.records import Sample
from agent.commission.report.curves import plots
from agent.commission.spec.generation import Generation, open_generation
from agent.commission.spec.models import POLLS
from agent.model.catalogue import CATALOGUE
from agent.model.series import SeriesKey
from agent.model.values import Quality, Value
from simulator.model import RackModel
from simulator.model import load_generation as load_model

RESULT = Path(__file__).parent.parent / "results" / "judge.json"
STAGE, STEP = "L11", "soak"
_START = 1_000_000.0
_WARM_UP_S, _STEP_S = 900.0, 15.0
_NOISE = 1e-5  # a sensor that does not move at all counts as frozen


@dataclass(frozen=True, slots=True)
class Source:
    """One series of the rack and its course: a counter rises by ``rate`` per second."""

    key: SeriesKey
    value: Value
    rate: float


def main() -> None:
    """Write the samples, judge them in a child process, print the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--generation", default="nvl72")
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--interval", type=float, default=5.0)
    parser.add_argument("--judge", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    generation = open_generation(options.generation)
    devices = {role: role for role in generation.roles}
    facts = Facts(generation, STAGE, devices, options.interval, only=_checks(generation))
    seconds = options.hours * 3600.0
    if options.judge is not None:
        print(json.dumps(judged(facts, options.judge, seconds)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "samples.sqlite"
        began = time.perf_counter()
        series = written(facts, path, seconds)
        wrote_s = time.perf_counter() - began
        command = [sys.executable, "-m", "bench.judge.run", *sys.argv[1:], "--judge", str(path)]
        found = json.loads(subprocess.check_output(command))
        found |= {
            "generation": options.generation,
            "hours": options.hours,
            "interval_s": options.interval,
            "series": series,
            "samples": series * int((seconds + facts.before_s) / options.interval + 1),
            "file_mb": round(path.stat().st_size / 1e6),
            "wrote_s": round(wrote_s, 1),
            "python": platform.python_version(),
        }
    for name, value in found.items():
        print(f"{name:>16} {value}")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _checks(generation: Generation) -> frozenset[str]:
    found = generation.checks(STAGE)
    return frozenset(name for name, check in found.items() if check.during == STEP)


def written(facts: Facts, path: Path, seconds: float) -> int:
    """Write the samples of the step and of the time before it; return the number of series."""
    sources = list(_sources(facts))
    noise = random.Random(7)
    store = SampleStore(path)
    at = _START - facts.before_s
    while at <= _START + seconds:
        store.add((_sample(each, at, noise), facts.interval_s) for each in sources)
        at += facts.interval_s
    store.close()
    return len(sources)


def _sources(facts: Facts) -> Iterator[Source]:
    """Yield the series of the rack at full load, with the rates of its counters."""
    model = facts.generation.spec.model
    if model is None:
        raise SystemExit(f"generation {facts.generation.name} names no rack model")
    rack = RackModel(load_model(model), 7, load=1.0)
    for _ in range(int(_WARM_UP_S / _STEP_S)):
        rack.step(_STEP_S)
    before = _shown(rack, facts)
    rack.step(_STEP_S)
    for key, value in _shown(rack, facts).items():
        rate = 0.0
        metric = CATALOGUE.get(key[1])
        was = before.get(key)
        if metric is not None and metric.kind == "counter" and isinstance(value, int | float):
            rate = (value - was) / _STEP_S if isinstance(was, int | float) else 0.0
        yield Source(key, value, rate)
    for role in facts.generation.roles:
        yield Source((role, POLLS, ()), 1.0, 0.0)


def _shown(rack: RackModel, facts: Facts) -> dict[SeriesKey, Value]:
    return {
        (role, point.metric, point.key()[1]): point.value()
        for role in facts.generation.roles
        for point in rack.points(role)
        if point.metric in facts.metrics and point.present
    }


def _sample(source: Source, at: float, noise: random.Random) -> Sample:
    value = source.value
    if source.rate:
        assert isinstance(value, int | float)
        value = value + source.rate * (at - _START)
    elif isinstance(value, float) and value not in (0.0, 1.0):
        value *= 1.0 + _NOISE * noise.random()
    return Sample(*source.key, value, Quality.GOOD, at)


def judged(facts: Facts, path: Path, seconds: float) -> dict[str, object]:
    """Judge the step and draw its plots; return the seconds and memory that this took."""
    span = Span(_START, _START, _START, _START + seconds)
    store = SampleStore(path, read_only=True)
    clock = time.perf_counter()
    results = judge_stage(facts, store, {STEP: span})
    judge_s, judge_mb = time.perf_counter() - clock, _peak_mb()
    clock = time.perf_counter()
    drawn = plots(RunReport(facts, "r01", "0", {STEP: span}, results, {}), store)
    plots_s = time.perf_counter() - clock
    store.close()
    verdicts = [str(each.verdict) for each in results]
    return {
        "checks": {each: verdicts.count(each) for each in sorted(set(verdicts))},
        "judge_s": round(judge_s, 1),
        "judge_peak_mb": judge_mb,
        "plots": len(drawn),
        "plots_s": round(plots_s, 1),
        "peak_mb": _peak_mb(),
    }


def _peak_mb() -> int:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)


if __name__ == "__main__":
    main()
