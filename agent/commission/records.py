"""What commissioning speaks in: samples go in, measurements and verdicts come out."""

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
        """The series it belongs to."""
        return self.device, self.metric, self.labels

    @classmethod
    def of(cls, reading: Reading, at: float | None = None) -> "Sample":
        """The sample that a reading is; ``at`` is another clock's word for when it was."""
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
    """How a check ended. Only PASS, MARGINAL and WAIVED let a rack through.

    MARGINAL is inside the limit and outside the guard band. ERROR is no verdict on the rack: data
    were missing, stale, frozen or bad, or a stimulus was not confirmed. SKIP did not apply.
    """

    PASS = "PASS"  # noqa: S105
    MARGINAL = "MARGINAL"
    FAIL = "FAIL"
    ERROR = "ERROR"
    SKIP = "SKIP"
    WAIVED = "WAIVED"


class CheckStatus(StrEnum):
    """Whether a check could be carried out, apart from how it ended (OCP Test & Validation)."""

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

    ``limit`` is the bound that it came closest to, None where there is none; ``margin`` is how
    far inside that bound it is, negative outside. ``bound`` says on which side it must stay:
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
    """How one check ended: its verdict, what was measured, and why where that is not plain."""

    check: str
    verdict: Verdict
    measurements: tuple[Measurement, ...] = ()
    reason: str = ""

    @property
    def status(self) -> CheckStatus:
        """Whether it could be carried out at all."""
        if self.verdict is Verdict.ERROR:
            return CheckStatus.ERROR
        return CheckStatus.SKIP if self.verdict is Verdict.SKIP else CheckStatus.COMPLETE


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The one that decides. Nothing judged is an ERROR: it proves nothing."""
    found = set(verdicts)
    if not found:
        return Verdict.ERROR
    return next(verdict for verdict in _WORST_FIRST if verdict in found)


def blocks(verdict: Verdict) -> bool:
    """Whether a rack may not go on with it."""
    return verdict in _BLOCKING
