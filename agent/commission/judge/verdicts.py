"""The verdicts of a stage from its recorded samples: the same samples give the same verdicts."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Protocol

from pydantic import Field, Strict

from agent.commission.judge import CheckContext, Span, judge
from agent.commission.judge.window import Window
from agent.commission.records import CheckResult, Measurement, Sample, Verdict, blocks
from agent.commission.spec.build_sheet import Sheet
from agent.commission.spec.generation import Generation
from agent.commission.spec.inventory import PLAN_METRICS
from agent.commission.spec.models import Check
from agent.model.limits import INTERVALS_UNTIL_STALE
from agent.model.series import SeriesKey
from agent.parse.strict_model import StrictModel
from agent.parse.yaml_source import load

_BEFORE_INTERVALS = 4.0
_BEFORE_MIN_S = 30.0


class Recorded(Protocol):
    """A store of samples."""

    @property
    def intervals_s(self) -> Mapping[SeriesKey, float]:
        """The polling interval of each series in seconds."""
        ...

    def between(self, began: float, ended: float, metrics: Collection[str]) -> Iterable[Sample]:
        """Return the samples of these metrics between two instants, in the order of time."""
        ...

    def mark(self, began: float, ended: float) -> tuple[int, int]:
        """Return a mark that differs as soon as the samples between two instants differ."""
        ...


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that a person attached for a check, as evidence that no device can give.

    ``flaw`` says why the file cannot be used, empty if it can.
    """

    file: str
    sha256: str
    who: str
    text: str = ""
    flaw: str = ""

    def result(self, check: str) -> CheckResult:
        """Return PASS with the file and the person that accepted it; ERROR for a flaw."""
        if self.flaw:
            return CheckResult(check, Verdict.ERROR, reason=f"{self.file}: {self.flaw}")
        accepted = f"{self.file} (SHA-256 {self.sha256}) accepted by {self.who}"
        reason = f"{accepted}: {self.text}" if self.text else accepted
        return CheckResult(check, Verdict.PASS, (Measurement("attached", self.file),), reason)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that verdicts depend on besides samples.

    ``devices`` are names by role, ``shows`` the metrics of each device's profile, ``attached`` the
    attachments by check. ``only`` are the checks of a retest; if it is empty, the whole stage is
    judged.
    """

    generation: Generation
    stage: str
    devices: Mapping[str, str]
    interval_s: float
    shows: Mapping[str, Collection[str]] = field(default_factory=dict)
    sheet: Sheet | None = None
    only: frozenset[str] = frozenset()
    attached: Mapping[str, Attached] = field(default_factory=dict)

    @property
    def checks(self) -> dict[str, Check]:
        """The checks by name, in the order of the specification."""
        found = self.generation.checks(self.stage)
        return {name: check for name, check in found.items() if not self.only or name in self.only}

    @property
    def steps(self) -> list[str]:
        """The names of the steps in order.

        A retest has the steps of its checks, and before each the step that sets its load.
        """
        steps = self.generation.steps(self.stage)
        if not self.only:
            return steps
        needed = {check.during for check in self.checks.values()}
        loads = self.generation.spec.steps
        for place, name in enumerate(steps):
            if name in needed and loads[name].load is None:
                needed |= set([each for each in steps[:place] if loads[each].load is not None][-1:])
        return [name for name in steps if name in needed]

    @property
    def before_s(self) -> float:
        """The seconds before a step that values are compared with."""
        return max(_BEFORE_MIN_S, _BEFORE_INTERVALS * self.interval_s)

    @property
    def metrics(self) -> frozenset[str]:
        """The metrics that are recorded."""
        signals = self.generation.spec.signals.values()
        return PLAN_METRICS | {signal.metric for signal in signals}


@dataclass(frozen=True, slots=True)
class StepVerdicts:
    """The results of a step's checks, and the ``mark`` of the samples that they are based on."""

    span: Span
    mark: tuple[int, int]
    results: tuple[CheckResult, ...]


@dataclass(slots=True)
class StageVerdicts:
    """The verdicts that were computed during a run, by step, and the facts they are based on."""

    facts: Facts
    steps: dict[str, StepVerdicts] = field(default_factory=dict)


def judge_stage(
    facts: Facts,
    recorded: Recorded,
    spans: Mapping[str, Span],
    ended: str = "",
    known: Mapping[str, StepVerdicts] | None = None,
) -> list[CheckResult]:
    """Judge every check of the stage, in the order of the specification.

    A step without a span was not done; ``ended`` is the reason. ``known`` are steps that were
    judged before with the same facts; they are judged again only if their samples differ.
    """
    checks = facts.checks
    results: dict[str, CheckResult] = {}
    for step in facts.steps:
        own = [name for name, check in checks.items() if check.during == step]
        if step in spans:
            before = (known or {}).get(step)
            found = _again(facts, recorded, spans[step], before) or judge_step(
                facts, recorded, step, spans[step]
            )
            results |= {result.check: result for result in found}
        else:
            reason = f"step {step!r} was not done: {ended or 'the run ended before'}"
            results |= {name: CheckResult(name, Verdict.ERROR, reason=reason) for name in own}
    return [results[name] for name in checks]


def _again(
    facts: Facts, recorded: Recorded, span: Span, known: StepVerdicts | None
) -> list[CheckResult]:
    """Return known results with later attachments; empty if samples or span differ."""
    if known is None or known.span != span or known.mark != _mark(facts, recorded, span):
        return []
    return [
        facts.attached[each.check].result(each.check) if each.check in facts.attached else each
        for each in known.results
    ]


def _mark(facts: Facts, recorded: Recorded, span: Span) -> tuple[int, int]:
    return recorded.mark(span.began - facts.before_s, span.ended)


def step_verdicts(facts: Facts, recorded: Recorded, step: str, span: Span) -> StepVerdicts:
    """Judge a step; the verdicts can be used again as long as its samples are the same."""
    mark = _mark(facts, recorded, span)
    return StepVerdicts(span, mark, tuple(judge_step(facts, recorded, step, span)))


def judge_step(facts: Facts, recorded: Recorded, step: str, span: Span) -> list[CheckResult]:
    """Judge the checks of one step."""
    own = {name: check for name, check in facts.checks.items() if check.during == step}
    if not own:
        return []
    case = step_case(facts, recorded, span)
    return [
        facts.attached[name].result(name)
        if check.kind == "attachment" and name in facts.attached
        else judge(name, check, case)
        for name, check in own.items()
    ]


def window(facts: Facts, recorded: Recorded, began: float, ended: float) -> Window:
    """Return the samples between two instants, with the age at which each series is stale."""
    ages: dict[str | SeriesKey, float] = {
        key: INTERVALS_UNTIL_STALE * interval_s for key, interval_s in recorded.intervals_s.items()
    }
    samples = recorded.between(began, ended, facts.metrics)
    default_s = INTERVALS_UNTIL_STALE * facts.interval_s
    return Window(samples, began, ended, ages, default_s)


def step_case(facts: Facts, recorded: Recorded, span: Span) -> CheckContext:
    """Return the context of the checks of a step."""
    return CheckContext(
        generation=facts.generation,
        window=window(facts, recorded, span.began - facts.before_s, span.ended),
        span=span,
        devices=facts.devices,
        before_s=facts.before_s,
        sheet=facts.sheet,
        shows=facts.shows,
    )


class Waiver(StrictModel):
    """An accepted deviation: its check, the person, the reason, and the last day it is valid."""

    check: str
    by: str = Field(min_length=1)
    why: str = Field(min_length=1)
    until: Annotated[date, Strict(False)]


class Waivers(StrictModel):
    """A file of waivers."""

    waivers: list[Waiver]


def load_waivers(path: Path) -> list[Waiver]:
    """Read the waivers of a file. Raises ConfigError."""
    return load(path).validate(Waivers).waivers


def waived(
    results: Iterable[CheckResult], waivers: Iterable[Waiver], today: date
) -> Iterator[CheckResult]:
    """Apply waivers to results that block or are marginal; expired waivers are ignored."""
    valid = {each.check: each for each in waivers if each.until >= today}
    for result in results:
        waiver = valid.get(result.check)
        if waiver is None or not (blocks(result.verdict) or result.verdict is Verdict.MARGINAL):
            yield result
            continue
        was = f"{result.verdict}: {result.reason}" if result.reason else str(result.verdict)
        reason = f"waived by {waiver.by} until {waiver.until}: {waiver.why} (was {was})"
        yield replace(result, verdict=Verdict.WAIVED, reason=reason)
