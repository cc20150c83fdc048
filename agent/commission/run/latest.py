"""How a rack stands now: the newest values, of which only fresh ones count."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from agent.commission.judge import Case, Span
from agent.commission.judge.context import NotShown, aligned, signal_lines, tracks
from agent.commission.judge.verdicts import Facts
from agent.commission.judge.window import Unusable, Window
from agent.commission.records import Sample, SeriesKey
from agent.commission.spec.expression import Condition
from agent.commission.spec.generation import Generation
from agent.commission.spec.models import AlarmCheck, Check, EqualsCheck, Measured

_AGE_INTERVALS = 1.5  # a value of the round before is not the present any more


class Present:
    """The newest value of every series that the conditions of a run look at."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        spec = facts.generation.spec
        self.aborts = {
            name: facts.generation.condition(each.when) for name, each in spec.abort.items()
        }
        self.confirms = {
            name: facts.generation.condition(spec.steps[name].confirm or "")
            for name in facts.steps
            if spec.steps[name].confirm
        }
        looked_at = {
            name
            for condition in (*self.aborts.values(), *self.confirms.values())
            for name in condition.names
        }
        self._metrics = {
            signal.metric for name, signal in spec.signals.items() if name in looked_at
        }
        self._latest: dict[SeriesKey, Sample] = {}
        self._case: Case | None = None

    def update(self, samples: Iterable[Sample]) -> None:
        """Take in what a round has read."""
        self._latest |= {s.key: s for s in samples if s.metric in self._metrics}
        self._case = None

    def holds(self, condition: Condition, now: float) -> bool:
        """Whether the newest values, all of them fresh, fulfil a condition."""
        case = self._now(now)
        try:
            groups = [list(rows) for _, rows in aligned(case, case.window, condition.names)]
        except (Unusable, NotShown):
            return False
        return all(rows and condition(rows[-1][1]) for rows in groups)

    def values(self, step: str, now: float) -> dict[str, list[float] | None]:
        """The signals that a step's stimulus is seen by and those that may end the run.

        Each with its lowest and its highest value, in base units; None where it is not known.
        """
        case, signals = self._now(now), self._facts.generation.spec.signals
        own = [self.confirms[step]] if step in self.confirms else []
        names = (name for each in (*own, *self.aborts.values()) for name in each.names)
        return {name: _range(case, name) for name in dict.fromkeys(names) if name in signals}

    def _now(self, now: float) -> Case:
        if self._case is None or self._case.span.ended != now:
            oldest = now - _AGE_INTERVALS * self._facts.interval_s
            fresh = [
                replace(sample, observed_at=now)
                for sample in self._latest.values()
                if sample.observed_at >= oldest
            ]
            span = Span(now, now, now, now)
            window = Window(fresh, now, now)
            self._case = Case(self._facts.generation, window, span, self._facts.devices)
        return self._case


def lacking(
    facts: Facts, samples: Iterable[Sample], shows: Mapping[str, Collection[str]], now: float
) -> list[str]:
    """What one round shows that checks will have nothing to be judged by: missing, or not good."""
    fresh = [replace(sample, observed_at=now) for sample in samples]
    span = Span(now, now, now, now)
    window = Window(fresh, now, now)
    case = Case(facts.generation, window, span, facts.devices, shows=shows)
    wanted: dict[str, list[str]] = {}
    for name, check in facts.checks.items():
        for signal in _signals(facts.generation, check):
            wanted.setdefault(signal, []).append(name)
    found = []
    for signal, checks in wanted.items():
        try:
            tracks(case, window, signal)
        except Unusable as error:
            found.append(f"{error}; for {', '.join(checks)}")
        except NotShown:
            continue
    return found


def _signals(generation: Generation, check: Check) -> Iterator[str]:
    """The signals that a check looks at."""
    if isinstance(check, AlarmCheck | EqualsCheck):
        yield check.signal
    elif isinstance(check, Measured):
        names = generation.arithmetic(check.measure).names
        yield from (name for name in names if name in generation.spec.signals)


def _range(case: Case, name: str) -> list[float] | None:
    try:
        last = [line.course.last for line in signal_lines(case, case.window, name)]
    except (Unusable, NotShown):
        return None
    return [min(last), max(last)] if last else None
