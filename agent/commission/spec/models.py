"""Models of a generation's YAML: devices, signals, steps, stages and the built-in kinds of check.

Limits are in the unit of their check; measured values are in base units and converted to it.
Every limit, constant and curve names its source.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from agent.commission.spec.dimensions import parts
from agent.config.spec import Duration, Name
from agent.model.catalogue import CATALOGUE, Metric
from agent.model.units import UNITS, Unit
from agent.parse.strict_model import StrictModel

_SPAN = re.compile(r"(.*?)(\d+)\.\.(\d+)")
_ROLES_MAX = 256
_WORD = re.compile(r"[a-z][a-z0-9_]{0,62}")
_DIFFERENCES = {"K": UNITS["delta_K"], "dB": Unit("dB", "dB", UNITS[""].factor)}
"""Units that mean a difference in limits, never kelvin above absolute zero."""

POLLS = "rackagent_poll_success"
"""The recorder's own series: 1 for an answered poll, 0 for an unanswered one."""

OWN = frozenset({POLLS})


def find_unit(name: str) -> Unit:
    """Return a unit by the name used in limits. Raises ValueError for an unknown unit."""
    found = _DIFFERENCES.get(name) or UNITS.get(name) or _compound(name)
    if found is None:
        known = ", ".join(sorted(name for name in {*UNITS, *_DIFFERENCES} if name))
        raise ValueError(f"unknown unit {name!r}; known units: {known}")
    return found


def _compound(name: str) -> Unit | None:
    """Return a compound unit such as ``J/(L K)``; None if a part of it is unknown."""
    over, under = parts(name)
    known = [_DIFFERENCES.get(each) or UNITS.get(each) for each in (*over, *under)]
    units = [each for each in known if each is not None and not each.offset]
    if not units or len(units) < len(known):
        return None
    factor = UNITS[""].factor
    for place, each in enumerate(units):
        factor = factor * each.factor if place < len(over) else factor / each.factor
    bases = [each.base for each in units]
    return Unit(name, f"{' '.join(bases[: len(over)])}/({' '.join(bases[len(over) :])})", factor)


def to_base(value: float, unit: str) -> float:
    """Convert a number in ``unit`` to its base unit. Raises ValueError for an unknown unit."""
    found = find_unit(unit)
    return value * float(found.factor) + float(found.offset)


def from_base(value: float, unit: str) -> float:
    """Convert a number in the base unit to ``unit``. Raises ValueError for an unknown unit."""
    offset, factor = _scale(unit)
    return (value - offset) / factor


@lru_cache(maxsize=256)
def _scale(unit: str) -> tuple[float, float]:
    """Return offset and factor of the conversion to the base unit."""
    found = find_unit(unit)
    return float(found.offset), float(found.factor)


def _unit(name: str) -> str:
    find_unit(name)
    return name


def _word(text: str) -> str:
    if not _WORD.fullmatch(text):
        raise ValueError(f"{text!r} is not a name: small letters, digits and '_', a letter first")
    return text


def _metric(name: str) -> str:
    if name not in CATALOGUE and name not in OWN:
        raise ValueError(f"unknown metric {name!r}; the catalogue does not have it")
    return name


def _roles(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return [role for item in value for role in _spread(item)]
    return value


def _spread(item: str) -> Iterator[str]:
    match = _SPAN.fullmatch(item)
    if match is None:
        yield item
        return
    stem, first, last = match.group(1), int(match.group(2)), int(match.group(3))
    if not first <= last < first + _ROLES_MAX:
        raise ValueError(f"{item!r} is not a range such as shelf-1..8")
    yield from (f"{stem}{number}" for number in range(first, last + 1))


UnitName = Annotated[str, AfterValidator(_unit)]
Word = Annotated[str, AfterValidator(_word)]
MetricName = Annotated[str, AfterValidator(_metric)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Ratio = Annotated[float, Field(ge=0, le=1)]
Roles = Annotated[list[Name], BeforeValidator(_roles), Field(min_length=1)]


class Sourced(StrictModel):
    """An entry with its source: (s) public and read, (q) secondary, (e) engineering estimate."""

    source: str = Field(min_length=1)


class DeviceGroup(Sourced):
    """Devices of one kind. ``roles`` are their places; ``shelf-1..8`` means eight of them."""

    kind: str
    roles: Roles
    title: str = ""
    firmware: list[str] = Field(
        default_factory=list, description="approved versions; empty means any"
    )


class Constant(Sourced):
    """A number with its unit."""

    value: Number
    unit: UnitName = ""


class CurveSpec(Sourced):
    """A piecewise linear curve through points (x, y) in their units."""

    x: UnitName
    y: UnitName
    points: list[Annotated[list[Number], Field(min_length=2, max_length=2)]]


class Signal(StrictModel):
    """Series of the rack under one name.

    ``take`` aggregates several series: all, or those with equal labels in ``by`` (which may include
    ``device``). ``count`` is the number of series each device must have. ``moves`` marks a sensor
    with visible noise, so that equal values in a row mean that it is frozen.
    """

    of: Name | Roles = Field(description="a group of devices, one role, or a list of roles")
    metric: MetricName
    labels: dict[str, str] = Field(default_factory=dict)
    without: list[str] = Field(
        default_factory=list, description="labels that the series must not have"
    )
    take: Literal["each", "sum", "mean", "max", "min", "spread", "count", "closest"] = "each"
    by: list[str] = Field(default_factory=list)
    count: int | None = Field(None, ge=1)
    moves: bool = False
    optional: bool = Field(False, description="skip devices whose profile does not have this point")
    max_age: Duration | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _fits(self) -> "Signal":
        known: Metric | None = CATALOGUE.get(self.metric)
        if known is not None:
            by = (name for name in self.by if name != "device")
            for label in (*self.labels, *self.without, *by):
                if label not in known.labels:
                    raise ValueError(f"{self.metric} has no label {label!r}")
        if self.by and self.take == "each":
            raise ValueError("'by' needs an aggregation in 'take': sum, mean, max, min")
        return self


class StepSpec(StrictModel):
    """A step of a run: apply a stimulus, confirm it by telemetry, and hold.

    ``load`` is the load of the trays from 0 to 1; ``event`` is the name of a stimulus, undone at
    the end of the step.
    """

    title: str
    load: Ratio | None = None
    event: Name | None = None
    parameters: dict[str, str | int | float] = Field(default_factory=dict)
    confirm: str | None = Field(
        None, description="a condition on telemetry that shows the stimulus"
    )
    within: Duration = Field(60.0, gt=0, description="longest wait for the confirmation")
    rest: Duration = Field(0.0, ge=0, description="settling time that is not judged")
    hold: Duration = Field(gt=0, description="duration after the confirmation")
    after: Duration = Field(0.0, ge=0, description="recovery time after the stimulus is undone")

    @model_validator(mode="after")
    def _confirmed(self) -> "StepSpec":
        if (self.event or self.load is not None) and not self.confirm:
            raise ValueError(
                "a stimulus needs 'confirm': it counts only once telemetry confirms it"
            )
        return self


class AbortSpec(Sourced):
    """A condition that ends a run at once and undoes every stimulus."""

    when: str
    says: str


class CheckSpec(Sourced):
    """The keys of every check. ``number`` is its number in the catalogue of checks."""

    number: int = Field(ge=1)
    title: str
    during: Name = Field(description="the step in which it is judged")


class Measured(CheckSpec):
    """A check of an expression over signals, at the instants at which ``when`` holds.

    ``otherwise`` is the verdict if ``when`` is never true in the step. ``guard`` is the width of
    the guard band in ``unit``: a value inside its limit by less than that is MARGINAL.
    """

    measure: str
    unit: UnitName = ""
    when: str | None = None
    otherwise: Literal["ERROR", "SKIP"] = "ERROR"
    guard: Number = Field(0.0, ge=0)


class LimitCheck(Measured):
    """A value with a lower limit, an upper limit, or both.

    ``reduce`` selects the judged value: the worst, the mean, the last, the standard deviation
    (``ripple``), the slope per hour (``drift``), or the increase of a counter in total (``rise``)
    or per second (``rate``).
    """

    kind: Literal["limit"]
    at_least: Number | None = None
    at_most: Number | None = None
    reduce: Literal["worst", "mean", "last", "ripple", "drift", "rise", "rate"] = "worst"

    @model_validator(mode="after")
    def _bounded(self) -> "LimitCheck":
        if self.at_least is None and self.at_most is None:
            raise ValueError("a limit needs 'at_least', 'at_most' or both")
        return self


class SoakCheck(Measured):
    """A value that is inside a band for a time, or for at least ``share`` of that time."""

    kind: Literal["soak"]
    low: Number
    high: Number
    lasting: Duration = Field(gt=0)
    share: Ratio = 1.0


class SettleCheck(Measured):
    """A value that settles in ``low``..``high`` after a stimulus without exceeding ``peak``."""

    kind: Literal["settle"]
    low: Number
    high: Number
    within: Duration = Field(gt=0)
    peak: Number | None = Field(None, description="highest value allowed before it settles")


class FailoverCheck(Measured):
    """A value that returns to ``ratio`` of its value before a stimulus; devices keep answering."""

    kind: Literal["failover"]
    ratio: Ratio
    within: Duration = Field(gt=0)
    lost: int = Field(0, ge=0, description="devices that may stop answering")


class AlarmCheck(CheckSpec):
    """Alarms, sensors or states that are clear, or that are raised within a time."""

    kind: Literal["alarm"]
    signal: Word
    raised: list[Number | str] = Field([1.0], min_length=1)
    expect: Literal["clear", "raised"] = "clear"
    within: Duration | None = Field(None, gt=0)
    ignore: list[str] = Field(default_factory=list, description="alarms that are ignored")


class EqualsCheck(CheckSpec):
    """A signal whose every series always is ``one_of`` the values; ``label`` compares a label."""

    kind: Literal["equals"]
    signal: Word
    one_of: list[Number | str] = Field(min_length=1)
    label: str | None = None


class PlanCheck(CheckSpec):
    """Agreement of reported data with the build sheet, or firmware with the generation."""

    kind: Literal["matches_plan"]
    what: Literal["cabling", "ports", "identity", "firmware"]


class AttachmentCheck(CheckSpec):
    """Evidence that no device reports: a certificate, or the record of an instrument."""

    kind: Literal["attachment"]
    needs: str


class PluginCheck(CheckSpec):
    """A check whose kind an installed package provides (entry point of ``rackagent.checks``)."""

    kind: Literal["plugin"]
    plugin: Name
    options: dict[str, Any] = Field(default_factory=dict)


Check = Annotated[
    LimitCheck
    | SoakCheck
    | SettleCheck
    | FailoverCheck
    | AlarmCheck
    | EqualsCheck
    | PlanCheck
    | AttachmentCheck
    | PluginCheck,
    Field(discriminator="kind"),
]


class NotApplicable(StrictModel):
    """A number of the catalogue of checks that does not apply to this rack, and why."""

    number: int = Field(ge=1)
    why: str = Field(min_length=1)


class GenerationSpec(StrictModel):
    """The whole file. ``model`` is the name of the simulator's rack for rehearsals."""

    generation: Name
    extends: Name | None = None
    version: str
    title: str
    abstract: bool = Field(False, description="only a base for other generations")
    model: Name | None = None
    devices: dict[Word, DeviceGroup] = Field(default_factory=dict)
    constants: dict[Word, Constant] = Field(default_factory=dict)
    curves: dict[Word, CurveSpec] = Field(default_factory=dict)
    signals: dict[Word, Signal] = Field(default_factory=dict)
    formulas: dict[Word, str] = Field(default_factory=dict)
    steps: dict[Name, StepSpec] = Field(default_factory=dict)
    stages: dict[Name, list[Name]] = Field(default_factory=dict)
    abort: dict[Name, AbortSpec] = Field(default_factory=dict)
    checks: dict[Name, Check] = Field(default_factory=dict)
    not_applicable: dict[Name, NotApplicable] = Field(
        default_factory=dict, description="checks that do not apply to this rack, and why"
    )
