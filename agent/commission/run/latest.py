"""The newest values of a rack, of which only fresh ones count, and the abort limits on them."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from agent.commission.judge import CheckContext, Span
from agent.commission.judge.columns import is_good
from agent.commission.judge.context import InconclusiveError, aligned, signal_lines, tracks
from agent.commission.judge.verdicts import Facts
from agent.commission.judge.window import BadSample, Window
from agent.commission.records import Sample
from agent.commission.spec.expression import Condition
from agent.commission.spec.generation import Generation
from agent.commission.spec.models import AlarmCheck, Check, EqualsCheck, Measured
from agent.model.series import SeriesKey

_AGE_INTERVALS = 1.5  # a value of the round before is not the present any more
_LOST_INTERVALS = 3.0  # a good value that is overdue by so many is lost, unless max_age says less
_LOST_ROUNDS = 2  # and in no fewer rounds: a clock that is set loses nothing by itself
_EARLIER_S = 1.0


@dataclass(frozen=True, slots=True)
class _Mark:
    """When something was last known: in which round, read when, and until when that is the newest.

    Unix seconds by the rack's clock. What is read slowly is the newest until it is due again.
    """

    turn: int
    read: float
    until: float


@dataclass(frozen=True, slots=True)
class _Good:
    """A good value, and when it was known."""

    sample: Sample
    mark: _Mark


class LatestValues:
    """The newest value of every series that the conditions of a run look at."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        spec = self._spec = facts.generation.spec
        self.aborts = {
            name: facts.generation.condition(each.when) for name, each in spec.abort.items()
        }
        self.confirms = {
            name: facts.generation.condition(spec.steps[name].confirm or "")
            for name in facts.steps
            if spec.steps[name].confirm
        }
        looked_at = [
            spec.signals[name]
            for condition in (*self.aborts.values(), *self.confirms.values())
            for name in self._signals(condition)
        ]
        self._metrics = {signal.metric for signal in looked_at}
        self._limits_s: dict[str, float] = {}
        for signal in looked_at:
            self._limits_s[signal.metric] = min(
                self._limits_s.get(signal.metric, _LOST_INTERVALS * facts.interval_s),
                max(signal.max_age or float("inf"), _AGE_INTERVALS * facts.interval_s),
            )
        self._latest: dict[SeriesKey, Sample] = {}
        self._good: dict[SeriesKey, _Good] = {}
        self._watched: dict[str, _Mark] = {}
        self._turn = 0
        self._case: CheckContext | None = None

    def update(self, read: Iterable[tuple[Sample, float]]) -> None:
        """Take in what a round has read: samples, and the seconds between two of their series."""
        self._turn += 1
        for sample, every_s in read:
            if sample.metric in self._metrics:
                self._latest[sample.key] = sample
                if is_good(sample):
                    until = sample.observed_at + max(0.0, every_s - self._facts.interval_s)
                    mark = _Mark(self._turn, sample.observed_at, until)
                    self._good[sample.key] = _Good(sample, mark)
        self._case = None

    def holds(self, condition: Condition, now: float) -> bool:
        """Whether the newest values, all of them fresh, fulfil a condition."""
        try:
            return all(_answers(self._now(now), condition))
        except (BadSample, InconclusiveError):
            return False

    def ends(self, now: float) -> str:
        """Why the run has to end now; empty if it may go on.

        One series past an abort limit is enough. So is an abort limit that cannot be watched: one
        whose signals have had no good value for three intervals, or for their ``max_age``.
        """
        case, unwatched = self._carried(now), ""
        for name, condition in self.aborts.items():
            signal, why = self._lack(case, condition)
            if not why:
                if any(_answers(case, condition)):
                    return f"{name}: {self._spec.abort[name].says}"
                self._watched[name] = self._oldest(case, condition, now)
                continue
            mark = self._watched.setdefault(name, _Mark(self._turn, now, now))
            limit_s = self._limit_s(condition)
            if self._lost(mark, limit_s, now):
                blind_s = max(limit_s, now - mark.until)
                text = f"{name}: {signal} could not be watched for {blind_s:.0f} s ({why})"
                unwatched = unwatched or text
        return unwatched

    def lack(self, step: str, now: float) -> str:
        """Why nothing could confirm a step at present; empty if something could, or need not."""
        condition = self.confirms.get(step)
        return "" if condition is None else self._lack(self._carried(now), condition)[1]

    def uncovered(
        self, shows: Mapping[str, Collection[str]], done: Collection[str], now: float
    ) -> Iterator[str]:
        """The abort limits and the steps, but for those ``done``, whose signals have no source.

        ``shows`` are the metrics of each device's profile. Says what would provide each signal.
        """
        case = self._carried(now)
        for name, condition in self.aborts.items():
            what = f"abort limit {name} ({self._spec.abort[name].when}) cannot be watched"
            yield from self._without(what, case, condition, shows)
        for name, condition in self.confirms.items():
            if name not in done:
                what = f"step {name} ({self._spec.steps[name].confirm}) cannot be confirmed"
                yield from self._without(what, case, condition, shows)

    def values(self, step: str, now: float) -> dict[str, list[float] | None]:
        """The signals that a step's stimulus is seen by and those that may end the run.

        Each with its lowest and its highest value, in base units; None where it is not known.
        """
        case = self._now(now)
        own = [self.confirms[step]] if step in self.confirms else []
        names = (name for each in (*own, *self.aborts.values()) for name in self._signals(each))
        return {name: _range(case, name) for name in dict.fromkeys(names)}

    def _signals(self, condition: Condition) -> list[str]:
        return [name for name in condition.names if name in self._spec.signals]

    def _limit_s(self, condition: Condition) -> float:
        metrics = [self._spec.signals[name].metric for name in self._signals(condition)]
        return min(self._limits_s[metric] for metric in metrics)

    def _lost(self, mark: _Mark, limit_s: float, now: float) -> bool:
        """Whether something is unknown for too long; a clock that was set back proves nothing."""
        overdue = now - mark.until >= limit_s or mark.read > now
        return overdue and self._turn - mark.turn >= _LOST_ROUNDS

    def _without(
        self,
        what: str,
        case: CheckContext,
        condition: Condition,
        shows: Mapping[str, Collection[str]],
    ) -> Iterator[str]:
        name, why = self._lack(case, condition)
        if name in self._spec.signals:
            signal, generation = self._spec.signals[name], self._facts.generation
            devices = case.names(signal.of)
            bare = [each for each in devices if signal.metric not in shows.get(each, ())]
            own = f"a profile of {', '.join(bare)} with that point" if bare else "a good value"
            also = f"another source for {name} in a generation that extends {generation.name}"
            yield f"{what}: signal {name}: {why}; it takes {own}, or {also}"
        elif why:
            yield f"{what}: {why}"

    def _lack(self, case: CheckContext, condition: Condition) -> tuple[str, str]:
        """The signal that a condition lacks, and why; both empty if it can be computed."""
        for name in self._signals(condition):
            try:
                signal_lines(case, case.window, name)
            except (BadSample, InconclusiveError) as error:
                return name, str(error)
        try:
            computed = None not in _answers(case, condition)
        except BadSample as error:
            return condition.text, str(error)
        return ("", "") if computed else (condition.text, "it divides by zero or leaves a curve")

    def _oldest(self, case: CheckContext, condition: Condition, now: float) -> _Mark:
        """The mark of the oldest value that a condition was computed from."""
        keys = [
            key for name in self._signals(condition) for key, _ in tracks(case, case.window, name)
        ]
        oldest = min((self._good[key].mark for key in keys), key=lambda mark: mark.until)
        return replace(oldest, until=min(oldest.until, now))

    def _carried(self, now: float) -> CheckContext:
        """The rack with the last good value of every series that is not lost.

        A series that is lost is missed: it is known, and has no value.
        """
        found = []
        for key, latest in self._latest.items():
            good = self._good.get(key)
            if good is not None and not self._lost(good.mark, self._limits_s[key[1]], now):
                found.append(replace(good.sample, observed_at=now))
            elif self._fresh(latest, now):
                found.append(replace(latest, observed_at=now))
            else:
                found.append(replace(latest, observed_at=now - _EARLIER_S))
        window = Window(found, now - _EARLIER_S, now).between(now, now)
        return self._at(window, now)

    def _fresh(self, sample: Sample, now: float) -> bool:
        return sample.observed_at >= now - _AGE_INTERVALS * self._facts.interval_s

    def _now(self, now: float) -> CheckContext:
        if self._case is None or self._case.span.ended != now:
            fresh = [
                replace(sample, observed_at=now)
                for sample in self._latest.values()
                if self._fresh(sample, now)
            ]
            self._case = self._at(Window(fresh, now, now), now)
        return self._case

    def _at(self, window: Window, now: float) -> CheckContext:
        span = Span(now, now, now, now)
        return CheckContext(self._facts.generation, window, span, self._facts.devices)


def _answers(case: CheckContext, condition: Condition) -> list[bool | None]:
    """Whether a condition holds for each group of series that pair; None where it is unknown.

    Raises BadSample or InconclusiveError where a signal has no value.
    """
    groups = [list(rows) for _, rows in aligned(case, case.window, condition.names)]
    return [condition(rows[-1][1]) if rows else None for rows in groups]


def lacking(
    facts: Facts, samples: Iterable[Sample], shows: Mapping[str, Collection[str]], now: float
) -> list[str]:
    """What one round shows that checks will have nothing to be judged by: missing, or not good."""
    fresh = [replace(sample, observed_at=now) for sample in samples]
    span = Span(now, now, now, now)
    window = Window(fresh, now, now)
    case = CheckContext(facts.generation, window, span, facts.devices, shows=shows)
    wanted: dict[str, list[str]] = {}
    for name, check in facts.checks.items():
        for signal in _signals(facts.generation, check):
            wanted.setdefault(signal, []).append(name)
    found = []
    for signal, checks in wanted.items():
        try:
            tracks(case, window, signal)
        except BadSample as error:
            found.append(f"{error}; for {', '.join(checks)}")
        except InconclusiveError:
            continue
    return found


def _signals(generation: Generation, check: Check) -> Iterator[str]:
    """The signals that a check looks at."""
    if isinstance(check, AlarmCheck | EqualsCheck):
        yield check.signal
    elif isinstance(check, Measured):
        names = generation.arithmetic(check.measure).names
        yield from (name for name in names if name in generation.spec.signals)


def _range(case: CheckContext, name: str) -> list[float] | None:
    try:
        last = [line.course.last for line in signal_lines(case, case.window, name)]
    except (BadSample, InconclusiveError):
        return None
    return [min(last), max(last)] if last else None
