"""Notation for moving values of a recording: ``OID=count:rate=1000``, or a YAML list.

The list holds ``{oid: 1.3.6.1.4.1.9999.1, ramp: {to: 230, over: 60s}, noise: {ratio: 1%}}`` and
``{counters: true}``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from agent.config.spec import Duration
from agent.model import smi
from agent.model.errors import ConfigError, Problem
from agent.parse.strict_model import StrictModel
from agent.parse.yaml_source import Document, Key
from simulator.yaml_list import load_list

COUNTERS = "counters"
"""Used instead of an OID for every counter of a recording and its sysUpTime."""

_SHAPE = f"OID=MOTION[:PARAM=VALUE,...] or {COUNTERS}, for example 1.3.6.1.2.1.1.3=count:rate=100"
_LONGEST_S = 31_536_000
_FASTEST = 1e12  # per second; a faster counter is a mistake
_FARTHEST = 2.0**64
_FINEST_S = 0.001
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*%")


def _ratio(value: Any) -> Any:
    match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    return value if match is None else float(match[1]) / 100.0


def _prefix(text: str) -> str:
    smi.oid(text)
    return text


Ratio = Annotated[float, BeforeValidator(_ratio, json_schema_input_type=float | str)]
Level = Annotated[float, Field(ge=-_FARTHEST, le=_FARTHEST)]


class Count(StrictModel):
    """Count up by ``rate`` per second; wraps to zero after the type's largest value."""

    rate: float = Field(gt=0, le=_FASTEST)


class Ramp(StrictModel):
    """Move linearly from the recorded value (or ``from``) to ``to``, once or periodically."""

    to: Level
    from_: Level | None = Field(None, alias="from")
    over: Duration | None = Field(None, ge=_FINEST_S, le=_LONGEST_S)
    period: Duration | None = Field(None, ge=_FINEST_S, le=_LONGEST_S)

    @model_validator(mode="after")
    def _one(self) -> "Ramp":
        if (self.over is None) == (self.period is None):
            raise ValueError("a ramp has either 'over' (there) or 'period' (there and back)")
        return self


class RandomNoise(StrictModel):
    """Normally distributed around the value, drawn again every ``every``: ``sigma`` or a ``ratio``.

    Draws are limited to four standard deviations.
    """

    sigma: float | None = Field(None, ge=0, le=_FARTHEST)
    ratio: Ratio | None = Field(None, ge=0, le=1)
    every: Duration = Field(1.0, ge=_FINEST_S, le=_LONGEST_S)

    @model_validator(mode="after")
    def _one(self) -> "RandomNoise":
        if (self.sigma is None) == (self.ratio is None):
            raise ValueError("noise has either 'sigma' or 'ratio'")
        return self


class StepChange(StrictModel):
    """Another value after ``at``, and the recorded one again after ``for``."""

    to: Level
    at: Duration = Field(0.0, ge=0, le=_LONGEST_S)
    for_: Duration | None = Field(None, alias="for", gt=0, le=_LONGEST_S)


Motion = Count | Ramp | RandomNoise | StepChange

MOTIONS: Mapping[str, type[Motion]] = {
    "count": Count,
    "ramp": Ramp,
    "noise": RandomNoise,
    "step": StepChange,
}
"""Every motion by its name on a command line and in a file."""


class _DriveEntry(StrictModel):
    """One item of a file."""

    oid: Annotated[str, AfterValidator(_prefix)] | None = None
    counters: Literal[True] | None = None
    count: Count | None = None
    ramp: Ramp | None = None
    noise: RandomNoise | None = None
    step: StepChange | None = None

    @model_validator(mode="after")
    def _whole(self) -> "_DriveEntry":
        given = [name for name, motion in self.motions() if motion is not None]
        carriers = [name for name in given if name != "noise"]
        if (self.oid is None) == (self.counters is None):
            raise ValueError(f"give either 'oid' or '{COUNTERS}: true'")
        if self.counters and given:
            raise ValueError(f"'{COUNTERS}' takes no other key: give an 'oid' for {given[0]!r}")
        if self.oid is not None and not given:
            raise ValueError(f"needs a motion: {', '.join(MOTIONS)}")
        if len(carriers) > 1:
            raise ValueError(
                f"has {' and '.join(map(repr, carriers))}; only noise can be combined with another"
            )
        return self

    def motions(self) -> Iterator[tuple[str, Motion | None]]:
        """Return every motion's name and its parameters."""
        yield from (
            ("count", self.count),
            ("ramp", self.ramp),
            ("noise", self.noise),
            ("step", self.step),
        )


class _DriveFile(StrictModel):
    """The whole file."""

    drive: list[_DriveEntry]


@dataclass(frozen=True, slots=True)
class Drive:
    """One motion of every row at or under ``prefix``; without a prefix, of all counters.

    ``document`` and ``key`` locate it for error messages.
    """

    prefix: bytes
    motion: Motion | None
    document: Document
    key: Key = ()

    @property
    def name(self) -> str:
        """Return the name of the motion."""
        return next((name for name, kind in MOTIONS.items() if type(self.motion) is kind), COUNTERS)

    def problem(self, message: str, *key: str) -> Problem:
        """Return an error about it, at ``key`` in the source."""
        return self.document.problem((*self.key, *key), message)


def parse_drive(text: str) -> Drive:
    """Parse one drive as written on a command line. Raises ConfigError."""
    origin = f"--drive {text}"
    where, equals, rest = text.strip().partition("=")
    if where == COUNTERS and not equals:
        return Drive(b"", None, Document(origin, {}, {}))
    name, _, params = rest.partition(":")
    if not where or not name:
        raise _wrong(origin, f"write {_SHAPE}")
    if name not in MOTIONS:
        raise _wrong(origin, f"unknown motion {name!r}; known: {', '.join(MOTIONS)}")
    document = Document(origin, {"oid": where, name: _params(origin, params)}, {})
    [drive] = _drives(document.validate(_DriveEntry), document, ())
    return drive


def _wrong(origin: str, message: str) -> ConfigError:
    return ConfigError([Problem(origin, 0, "", message)])


def _params(origin: str, text: str) -> dict[str, float | str]:
    params: dict[str, float | str] = {}
    for pair in filter(str.strip, text.split(",")):
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not equals or not name:
            raise _wrong(origin, f"{pair!r} is not PARAM=VALUE; write {_SHAPE}")
        if name in params:
            raise _wrong(origin, f"{name!r} is given twice")
        params[name] = float(value) if _NUMBER.fullmatch(value) else value
    return params


def read_drives(path: Path) -> list[Drive]:
    """Read the drives of a YAML file. Raises ConfigError with every problem, by file and line."""
    document = load_list(path, "drive")
    entries = document.validate(_DriveFile).drive
    return [
        drive
        for place, entry in enumerate(entries)
        for drive in _drives(entry, document, ("drive", place))
    ]


def _drives(entry: _DriveEntry, document: Document, key: Key) -> list[Drive]:
    if entry.oid is None:
        return [Drive(b"", None, document, key)]
    prefix = smi.oid(entry.oid)
    given = [motion for _, motion in entry.motions() if motion is not None]
    return [Drive(prefix, motion, document, key) for motion in given]
