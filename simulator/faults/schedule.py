"""When faults begin and how long they last: ``pump_trip:pump=1@60s+30s``, or a YAML list."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field

from agent.config.spec import Duration, duration_s
from agent.model.errors import ConfigError
from agent.parse.strict_model import StrictModel
from simulator.yaml_list import load_list

_TEXT = re.compile(
    r"(?P<name>\w+)(?::(?P<params>[^@]*))?(?:@(?P<at>[^+@]+))?(?:\+(?P<for>[^+@]+))?"
)
_SHAPE = "NAME[:PARAM=VALUE,...][@AT][+FOR], for example pump_trip:pump=1@60s+30s"


@dataclass(frozen=True, slots=True)
class Planned:
    """A planned fault. ``params`` may hold ``device`` or ``rack``; times in rack seconds.

    ``for_s`` is None for one that stays; ``origin`` is where it was written.
    """

    fault: str
    params: Mapping[str, object] = field(default_factory=dict)
    at_s: float = 0.0
    for_s: float | None = None
    origin: str = "fault"


class _FaultSpec(StrictModel):
    """One item of a file."""

    fault: str
    at: Duration = Field(0.0, ge=0, le=31_536_000)
    for_: Duration | None = Field(None, alias="for", gt=0, le=31_536_000)
    device: str | None = None
    rack: str | None = None
    params: dict[str, str | int | float] = Field(default_factory=dict)


class _ScheduleFile(StrictModel):
    """The whole file; a bare list without the key ``faults`` is accepted too."""

    faults: list[_FaultSpec]


def parse_fault(text: str) -> Planned:
    """Parse a fault as written on a command line. Raises ConfigError."""
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise ConfigError(f"fault {text!r}: write {_SHAPE}")
    params: dict[str, object] = {}
    for pair in _pairs(match["params"] or ""):
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise ConfigError(f"fault {text!r}: {pair!r} is not PARAM=VALUE; write {_SHAPE}")
        params[name.strip()] = value.strip()
    at_s = duration_s(match["at"]) if match["at"] else 0.0
    for_s = duration_s(match["for"]) if match["for"] else None
    return Planned(match["name"], params, at_s, for_s, f"fault {text!r}")


def _pairs(text: str) -> Iterator[str]:
    """Split at commas; a part after ``labels=`` that holds a pair of its own belongs to it."""
    labels = re.search(r"\blabels=(.*)", text)
    head = text if labels is None else text[: labels.start()]
    yield from (part for part in head.split(",") if part.strip())
    if labels is not None:
        yield labels[0]


def read_faults(path: Path) -> list[Planned]:
    """Read the faults of a YAML file. Raises ConfigError with every problem, by file and line."""
    spec = load_list(path, "faults").validate(_ScheduleFile)
    return [_planned(item, f"{path}: faults[{place}]") for place, item in enumerate(spec.faults)]


def _planned(item: _FaultSpec, origin: str) -> Planned:
    params: dict[str, object] = dict(item.params)
    if item.device is not None:
        params["device"] = item.device
    if item.rack is not None:
        params["rack"] = item.rack
    return Planned(item.fault, params, item.at, item.for_, origin)
