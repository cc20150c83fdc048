"""The newest values of a rack, and the abort limits and confirmations computed from them."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from agent.commission.judge import CheckContext, Span
from agent.commission.judge.columns import is_good
from agent.commission.judge.context import InconclusiveError, aligned, signal_series, tracks
from agent.commission.judge.verdicts import Facts
from agent.commission.judge.window import BadSample, Window
from agent.commission.records import Sample
from agent.commission.spec.expression import Condition
from agent.commission.spec.generation import Generation
from agent.commission.spec.models import AlarmCheck, Check, EqualsCheck, Measured
from agent.model.limits import INTERVALS_UNTIL_STALE
from agent.model.series import SeriesKey

_AGE_INTERVALS = 1.5  # stricter than stale: a value of the previous round confirms nothing
_LOST_ROUNDS = 2  # the least number of rounds, so that a clock that is set loses nothing
_EARLIER_S = 1.0


@dataclass(frozen=True, slots=True)
class _Mark:
    """The round and the time of the last good value, and the time when the next one is due.

    Times are Unix seconds of the rack's clock. A slow series is valid until it is due again.
    """

    turn: int
    read: float
    until: float


@dataclass(frozen=True, slots=True)
class _Good:
    """A good value and its mark."""

    sample: Sample
    mark: _Mark


class LatestValues:
    """The newest value of every series that abort limits and confirmations of a run use."""

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
        used = [
            spec.signals[name]
            for condition in (*self.aborts.values(), *self.confirms.values())
            for name in self._signals(condition)
        ]
        self._metrics = {signal.metric for signal in used}
        self._limits_s: dict[str, float] = {}
        for signal in used:
            self._limits_s[signal.metric] = min(
                self._limits_s.get(signal.metric, INTERVALS_UNTIL_STALE * facts.interval_s),
                max(signal.max_age or float("inf"), _AGE_INTERVALS * facts.interval_s),
            )
        self._latest: dict[SeriesKey, Sample] = {}
        self._good: dict[SeriesKey, _Good] = {}
        self._watched: dict[str, _Mark] = {}
        self._turn = 0
        self._context: CheckContext | None = None

    def update(self, read: Iterable[tuple[Sample, float]]) -> None:
        """Add the samples of a round, each with the poll interval of its series in seconds."""
        self._turn += 1
        for sample, every_s in read:
            if sample.metric in self._metrics:
                self._latest[sample.key] = sample
                if is_good(sample):
                    until = sample.observed_at + max(0.0, every_s - self._facts.interval_s)
                    mark = _Mark(self._turn, sample.observed_at, until)
                    self._good[sample.key] = _Good(sample, mark)
        self._context = None

    def holds(self, condition: Condition, now: float) -> bool:
        """Return whether the newest values fulfil a condition; False if one is missing or old."""
        try:
            return all(_results(self._now(now), condition))
        except (BadSample, InconclusiveError):
            return False

    def abort_reason(self, now: float) -> str:
        """Return why the run has to be aborted now; empty if it may continue.

        One series beyond an abort limit is enough. So is an abort limit that cannot be watched:
        one whose signals had no good value for three intervals, when they are stale, or for their
        ``max_age``.
        """
        case, unwatched = self._last_good(now), ""
        for name, condition in self.aborts.items():
            signal, why = self._missing(case, condition)
            if not why:
                if any(_results(case, condition)):
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

    def missing_signal(self, step: str, now: float) -> str:
        """Return why a step cannot be confirmed at present; empty if it can or need not be."""
        condition = self.confirms.get(step)
        return "" if condition is None else self._missing(self._last_good(now), condition)[1]

    def uncovered(
        self, shows: Mapping[str, Collection[str]], done: Collection[str], now: float
    ) -> Iterator[str]:
        """Yield an error for each abort limit and step without a source, except steps ``done``.

        ``shows`` maps devices to the metrics of their profiles. Errors name possible sources.
        """
        case = self._last_good(now)
        for name, condition in self.aborts.items():
            what = f"abort limit {name} ({self._spec.abort[name].when}) cannot be watched"
            yield from self._without(what, case, condition, shows)
        for name, condition in self.confirms.items():
            if name not in done:
                what = f"step {name} ({self._spec.steps[name].confirm}) cannot be confirmed"
                yield from self._without(what, case, condition, shows)

    def values(self, step: str, now: float) -> dict[str, list[float] | None]:
        """Return the range of each signal that confirms a step or may abort the run.

        A range is [lowest, highest] in base units; None if the signal has no value.
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
        """Return whether a value is overdue for too long, also if the clock was set back."""
        overdue = now - mark.until >= limit_s or mark.read > now
        return overdue and self._turn - mark.turn >= _LOST_ROUNDS

    def _without(
        self,
        what: str,
        case: CheckContext,
        condition: Condition,
        shows: Mapping[str, Collection[str]],
    ) -> Iterator[str]:
        name, why = self._missing(case, condition)
        if name in self._spec.signals:
            signal, generation = self._spec.signals[name], self._facts.generation
            devices = case.names(signal.of)
            bare = [each for each in devices if signal.metric not in shows.get(each, ())]
            own = f"a profile of {', '.join(bare)} with that point" if bare else "a good value"
            also = f"another source for {name} in a generation that extends {generation.name}"
            yield f"{what}: signal {name}: {why}; needed: {own}, or {also}"
        elif why:
            yield f"{what}: {why}"

    def _missing(self, case: CheckContext, condition: Condition) -> tuple[str, str]:
        """Return the missing signal of a condition, and why; both empty if it can be computed."""
        for name in self._signals(condition):
            try:
                signal_series(case, case.window, name)
            except (BadSample, InconclusiveError) as error:
                return name, str(error)
        try:
            computed = None not in _results(case, condition)
        except BadSample as error:
            return condition.text, str(error)
        return ("", "") if computed else (condition.text, "it divides by zero or leaves a curve")

    def _oldest(self, case: CheckContext, condition: Condition, now: float) -> _Mark:
        """Return the mark of the oldest value that a condition was computed from."""
        keys = [
            key for name in self._signals(condition) for key, _ in tracks(case, case.window, name)
        ]
        oldest = min((self._good[key].mark for key in keys), key=lambda mark: mark.until)
        return replace(oldest, until=min(oldest.until, now))

    def _last_good(self, now: float) -> CheckContext:
        """Return a context with the last good value of every series that is not lost.

        A lost series is part of the context without a value, so that it counts as missing.
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
        if self._context is None or self._context.span.ended != now:
            fresh = [
                replace(sample, observed_at=now)
                for sample in self._latest.values()
                if self._fresh(sample, now)
            ]
            self._context = self._at(Window(fresh, now, now), now)
        return self._context

    def _at(self, window: Window, now: float) -> CheckContext:
        span = Span(now, now, now, now)
        return CheckContext(self._facts.generation, window, span, self._facts.devices)


def _results(case: CheckContext, condition: Condition) -> list[bool | None]:
    """Return the result of a condition per group of matching series; None if not computable.

    Raises BadSample or InconclusiveError if a signal has no value.
    """
    groups = [list(rows) for _, rows in aligned(case, case.window, condition.names)]
    return [condition(rows[-1][1]) if rows else None for rows in groups]


def unusable_signals(
    facts: Facts, samples: Iterable[Sample], shows: Mapping[str, Collection[str]], now: float
) -> list[str]:
    """Return the missing or bad signals of checks after one round at ``now``, as messages."""
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
    """Yield the signals that a check uses."""
    if isinstance(check, AlarmCheck | EqualsCheck):
        yield check.signal
    elif isinstance(check, Measured):
        names = generation.arithmetic(check.measure).names
        yield from (name for name in names if name in generation.spec.signals)


def _range(case: CheckContext, name: str) -> list[float] | None:
    try:
        last = [line.series.last for line in signal_series(case, case.window, name)]
    except (BadSample, InconclusiveError):
        return None
    return [min(last), max(last)] if last else None
