"""How a rack stands now: the newest values, of which only fresh ones count."""

from collections.abc import Iterable
from dataclasses import replace

from agent.commission.expression import Condition
from agent.commission.judge import Case, Span
from agent.commission.judge.case import NotShown, aligned, signal_lines
from agent.commission.records import Sample, SeriesKey
from agent.commission.verdicts import Facts
from agent.commission.window import Unusable, Window

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


def _range(case: Case, name: str) -> list[float] | None:
    try:
        last = [line.course.last for line in signal_lines(case, case.window, name)]
    except (Unusable, NotShown):
        return None
    return [min(last), max(last)] if last else None
