"""A simulated rack taken through the steps of a stage, sampled without sockets, and judged."""

from collections.abc import Callable, Mapping

from agent.commission.judge import CheckContext, Span, judge
from agent.commission.judge.context import aligned
from agent.commission.judge.window import BadSample, Window
from agent.commission.records import CheckResult, Sample
from agent.commission.spec.build_sheet import Sheet
from agent.commission.spec.build_sheet_draft import draft_sheet
from agent.commission.spec.generation import Generation
from agent.commission.spec.inventory import PLAN_METRICS, newest_inventory
from agent.commission.spec.models import POLLS, StepSpec
from agent.model.values import Quality
from simulator.faults.catalogue import catalogue
from simulator.model import RackModel, load_model

EVERY_S = 15.0
MAX_AGE_S = 45.0
BEFORE_S = 60.0

Tamper = Callable[[list[Sample], float], list[Sample]]
"""What becomes of the samples of a moment on their way, ``seconds`` into the run."""


class Run:
    """A run over a rack model; ``results`` are the verdicts of every check of the stage."""

    def __init__(
        self,
        generation: Generation,
        rack: RackModel,
        tamper: Tamper | None = None,
        sheet: Sheet | None = None,
    ) -> None:
        self.generation, self.rack, self.tamper = generation, rack, tamper
        self.devices = {role: role for role in generation.roles}
        self.wanted = PLAN_METRICS | {each.metric for each in generation.spec.signals.values()}
        self.sheet = sheet
        self.samples: list[Sample] = []
        self.start = rack.elapsed_s

    @property
    def now(self) -> float:
        return self.rack.elapsed_s

    def look(self) -> None:
        found = []
        for role in self.generation.roles:
            if not self.rack.powered(role):
                continue
            found.append(Sample(role, POLLS, (), 1.0, Quality.GOOD, self.now))
            found += [
                Sample(role, point.metric, labels, value, Quality.GOOD, self.now)
                for point in self.rack.points(role)
                if point.metric in self.wanted and point.present
                for labels, value in [(point.key()[1], point.value())]
            ]
        self.samples += found if self.tamper is None else self.tamper(found, self.now - self.start)

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.rack.step(min(EVERY_S, end - self.now))
            self.look()

    def window(self, began: float) -> Window:
        return Window(self.samples, began, self.now, default_age_s=MAX_AGE_S)

    def step(self, spec: StepSpec) -> Span:
        began, held = self.now, None
        if spec.load is not None:
            self.rack.set_load(spec.load)
        if spec.event is not None:
            fault = catalogue()[spec.event]
            name, params = (fault.alias or fault.name), dict(fault.defaults)
            self.rack.inject(name, **{**params, **spec.parameters})
        while held is None and self.now - began <= spec.within:
            self.wait(EVERY_S)
            if not spec.confirm or self.confirmed(spec.confirm):
                held = self.now
        self.wait(spec.hold)
        span = Span(began, held, min((held or began) + spec.rest, self.now), self.now)
        if spec.event is not None:
            fault = catalogue()[spec.event]
            self.rack.clear(fault.alias or fault.name, **dict(fault.defaults))
        self.wait(spec.after)
        return span

    def confirmed(self, text: str) -> bool:
        condition = self.generation.condition(text)
        span = Span(self.now, self.now, self.now, self.now)
        window = self.window(self.now)
        case = CheckContext(self.generation, window, span, self.devices)
        try:
            rows = [row for _, group in aligned(case, window, condition.names) for row in group]
        except BadSample:
            return False
        return bool(rows) and all(condition(row) for _, row in rows)

    def run(self, stage: str) -> dict[str, CheckResult]:
        spans: dict[str, Span] = {}
        self.wait(BEFORE_S)
        for name in self.generation.steps(stage):
            spans[name] = self.step(self.generation.spec.steps[name])
        results = {}
        windows: dict[str, Window] = {}
        for name, check in self.generation.checks(stage).items():
            span = spans[check.during]
            if check.during not in windows:
                part = Window(
                    self.samples, span.began - BEFORE_S, span.ended, default_age_s=MAX_AGE_S
                )
                windows[check.during] = part
            case = CheckContext(
                *(self.generation, windows[check.during], span, self.devices),
                before_s=BEFORE_S,
                sheet=self.sheet,
            )
            results[name] = judge(name, check, case)
        return results


def papers(generation: Generation, seed: int = 7) -> Sheet:
    """The build sheet of that rack as it was meant to be."""
    run = Run(generation, rack(generation, seed))
    run.look()
    return Sheet.model_validate(draft_sheet(newest_inventory(run.samples, generation.roles), "r1"))


def rack(
    generation: Generation, seed: int = 7, faults: Mapping[str, Mapping[str, object]] = {}
) -> RackModel:
    assert generation.spec.model is not None
    model = RackModel(load_model(generation.spec.model), seed, load=0.0)
    for name, params in (faults or {}).items():
        model.inject(name, **params)
    return model
