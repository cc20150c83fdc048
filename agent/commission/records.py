"""The records of commissioning: samples as input, measurements and verdicts as output."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from agent.model.series import Labels, SeriesKey
from agent.model.values import Quality, Reading, Value


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one series at one moment, in the catalogue's base unit or a state's name.

    ``observed_at`` is Unix time in seconds. ``reason`` says why the quality is not good.
    """

    device: str
    metric: str
    labels: Labels
    value: Value
    quality: Quality
    observed_at: float
    reason: str = ""

    @property
    def key(self) -> SeriesKey:
        """The series of the sample: device, metric and labels."""
        return self.device, self.metric, self.labels

    @classmethod
    def of(cls, reading: Reading, at: float | None = None) -> "Sample":
        """Return a reading as a sample.

        ``at`` (Unix seconds) replaces the time of the reading, as a simulated clock needs.
        """
        return cls(
            device=reading.device,
            metric=reading.metric,
            labels=tuple(sorted(reading.labels.items())),
            value=reading.value,
            quality=reading.quality,
            observed_at=reading.observed_at if at is None else at,
            reason=reading.reason,
        )


class Verdict(StrEnum):
    """The verdict of a check. FAIL and ERROR block the rack; all others let it through.

    MARGINAL is inside the limit by less than the guard band. ERROR is no verdict on the rack: data
    were missing, stale, frozen or bad, or a stimulus was not confirmed. SKIP means that the check
    does not apply.
    """

    PASS = "PASS"  # noqa: S105
    MARGINAL = "MARGINAL"
    FAIL = "FAIL"
    ERROR = "ERROR"
    SKIP = "SKIP"
    WAIVED = "WAIVED"


class CheckStatus(StrEnum):
    """The execution status of a check, separate from its verdict (OCP Test & Validation)."""

    COMPLETE = "COMPLETE"
    ERROR = "ERROR"
    SKIP = "SKIP"


_WORST_FIRST = (
    *(Verdict.FAIL, Verdict.ERROR, Verdict.MARGINAL),
    *(Verdict.WAIVED, Verdict.PASS, Verdict.SKIP),
)
_BLOCKING = frozenset({Verdict.FAIL, Verdict.ERROR})


@dataclass(frozen=True, slots=True)
class Measurement:
    """One scalar that a check was judged by, in ``unit``.

    ``limit`` is the bound that the value is closest to, None without a bound. ``margin`` is the
    distance to that bound in ``unit``, negative outside. ``bound`` is the direction of the limit:
    ``at most`` or ``at least``.
    """

    name: str
    value: float | str
    unit: str = ""
    limit: float | str | None = None
    margin: float | None = None
    bound: str = ""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check: its verdict, its measurements, and a reason where one is needed."""

    check: str
    verdict: Verdict
    measurements: tuple[Measurement, ...] = ()
    reason: str = ""

    @property
    def status(self) -> CheckStatus:
        """The execution status that follows from the verdict."""
        if self.verdict is Verdict.ERROR:
            return CheckStatus.ERROR
        return CheckStatus.SKIP if self.verdict is Verdict.SKIP else CheckStatus.COMPLETE


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst verdict. Without verdicts it is ERROR: nothing was proven."""
    found = set(verdicts)
    if not found:
        return Verdict.ERROR
    return next(verdict for verdict in _WORST_FIRST if verdict in found)


def blocks(verdict: Verdict) -> bool:
    """Return True for a verdict that stops the acceptance of a rack."""
    return verdict in _BLOCKING
