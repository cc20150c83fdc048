"""Devices, ambient conditions, deviations, notes and people of a run, for its report."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.commission.evidence.results import RunReport
from agent.commission.journal.samples import SampleStore
from agent.commission.records import Verdict
from agent.commission.report import words
from agent.commission.spec.inventory import IDENTITY
from agent.commission.spec.models import POLLS, from_base

NOTES_MAX = 300
DEVIATIONS_MAX = 200
_TEXT_MAX = 2000
_FROM_PEOPLE = ("asked", "answered", "noted", "note", "attached", "paused", "continued")
"""Events of the journal that come from people."""

_CONDITIONS = {
    "rack_air_temperature_celsius": ("Air temperature", "degC"),
    "rack_relative_humidity_ratio": ("Relative humidity", "%"),
    "rack_dew_point_celsius": ("Dew point", "degC"),
}
_FACILITY = ("rack_coolant_temperature_celsius", ("loop", "facility"), "degC")


@dataclass(frozen=True, slots=True)
class Device:
    """A device of the rack: its reported identity, its polls and its bad values."""

    role: str
    name: str
    kind: str
    vendor: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""
    polls: int = 0
    answered: int = 0
    bad: int = 0
    bad_reason: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A prompt, an answer, a note or an attachment. ``at`` is a UTC time as text."""

    at: str
    event: str
    who: str
    text: str
    file: str = ""
    sha256: str = ""


def devices(report: RunReport, store: SampleStore) -> list[Device]:
    """Return every device of the rack, in the order of its roles."""
    labels: dict[str, dict[str, str]] = {}
    polls: dict[str, list[bool]] = {}
    for sample in store.between(
        report.began - report.facts.before_s, report.ended, _IDENTITY_AND_POLLS
    ):
        if sample.metric == IDENTITY:
            reported = dict(sample.labels)
            if "component" not in reported:
                labels[sample.device] = reported
        else:
            polls.setdefault(sample.device, []).append(sample.value == 1.0)
    flaws = store.flaws()
    kinds = {
        role: group.title or group.kind
        for group in report.facts.generation.spec.devices.values()
        for role in group.roles
    }
    found = []
    for role, name in report.facts.devices.items():
        own, asked = labels.get(name, {}), polls.get(name, [])
        bad, reason = flaws.get(name, (0, ""))
        found.append(
            Device(
                *(role, name, kinds.get(role, "")),
                **{key: own.get(key, "") for key in ("vendor", "model", "serial", "firmware")},
                polls=len(asked),
                answered=sum(asked),
                bad=bad,
                bad_reason=reason,
            )
        )
    return found


_IDENTITY_AND_POLLS = frozenset({IDENTITY, POLLS})


def conditions(report: RunReport, store: SampleStore) -> list[tuple[str, str]]:
    """Return title and range (lowest to highest) of each ambient condition that was recorded."""
    metrics = {*_CONDITIONS, _FACILITY[0]}
    ranges: dict[tuple[str, str], tuple[float, float]] = {}
    for sample in store.between(report.began, report.ended, metrics):
        found = _condition(sample.metric, sample.labels)
        if found is None or not isinstance(sample.value, int | float):
            continue
        value = from_base(float(sample.value), found[1])
        low, high = ranges.get(found, (value, value))
        ranges[found] = (min(low, value), max(high, value))
    return [
        (title, f"{words.number(low)} to {words.quantity(high, unit)}")
        for (title, unit), (low, high) in sorted(ranges.items())
    ]


def _condition(metric: str, labels: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
    if metric == _FACILITY[0]:
        reported = dict(labels)
        if _FACILITY[1] not in reported.items() or reported.get("side") != "supply":
            return None
        return "Facility water supply", _FACILITY[2]
    return _CONDITIONS[metric]


def deviations(
    report: RunReport, events: Iterable[Mapping[str, Any]], devices: Iterable[Device]
) -> list[str]:
    """Return deviations from the plan and unusable data as sentences, at most 200."""
    return list(_deviations(report, events, devices))[:DEVIATIONS_MAX]


def _deviations(
    report: RunReport, events: Iterable[Mapping[str, Any]], devices: Iterable[Device]
) -> Iterator[str]:
    if report.aborted:
        yield f"The run was ended early: {report.aborted}."
    for event in events:
        if event["event"] == "undone":
            yield f"Step {event.get('step')} was interrupted; its stimulus was undone."
        elif event["event"] == "resumed":
            yield f"The run was interrupted and resumed at {words.moment(_when(event))}."
    yield from _unplanned_steps(report)
    for result in report.results:
        if result.verdict is Verdict.ERROR:
            yield f"{result.check} could not be judged: {result.reason}"
    yield from _unusable(devices)


def _unplanned_steps(report: RunReport) -> Iterator[str]:
    for step in report.facts.steps:
        span = report.spans.get(step)
        if span is None:
            yield f"Step {step} was not carried out."
        elif span.confirmed is None:
            yield f"Step {step}: its stimulus was not confirmed by telemetry."


def _unusable(devices: Iterable[Device]) -> Iterator[str]:
    for device in devices:
        silent = device.polls - device.answered
        if silent:
            yield f"{device.name} did not answer {silent} of {device.polls} polls."
        if device.bad:
            first = f" ({device.bad_reason})" if device.bad_reason else ""
            yield f"{device.name}: {device.bad} values were not good{first}."


def notes(events: Sequence[Mapping[str, Any]]) -> list[Note]:
    """Return notes, prompts, answers and attachments in the order of time, at most 300."""
    found = [_note(event) for event in events if event["event"] in _FROM_PEOPLE]
    return found[:NOTES_MAX]


def _note(event: Mapping[str, Any]) -> Note:
    known = ("who", "text", "file", "sha256")
    texts = {key: str(event[key])[:_TEXT_MAX] for key in known if event.get(key)}
    rest = ", ".join(
        f"{key}: {value}"
        for key, value in event.items()
        if key not in (*known, "event", "at", "wall", "id", "blocks")
        and value != ""
        and isinstance(value, str | int | float)
    )
    text = " · ".join(filter(None, (texts.get("text", ""), rest[:_TEXT_MAX])))
    return Note(
        at=words.moment(_when(event)),
        event=str(event["event"]),
        who=texts.get("who", ""),
        text=text,
        file=texts.get("file", ""),
        sha256=texts.get("sha256", ""),
    )


def _when(event: Mapping[str, Any]) -> float:
    """Return Unix seconds of the rack's clock, or of this machine's before that is known."""
    return float(event.get("at") or event.get("wall") or 0.0)


def people(events: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the names of ``operator`` and ``witness``; empty if not given."""
    first = events[0] if events else {}
    return {who: str(first.get(who) or "")[:_TEXT_MAX] for who in ("operator", "witness")}


def retest(events: Sequence[Mapping[str, Any]]) -> str:
    """Return the run that this one retests, with its manifest's SHA-256; empty for a first test."""
    of = events[0].get("retest_of") if events else None
    if not isinstance(of, Mapping) or not of:
        return ""
    return f"{of.get('run')} (SHA-256 of its manifest: {of.get('manifest')})"


def clock(events: Iterable[Mapping[str, Any]]) -> str:
    """Return how well the clock was synchronised; empty if not checked, as in a rehearsal."""
    last = next((each for each in reversed(list(events)) if each["event"] == "clock"), None)
    if last is None:
        return ""
    if not last.get("synchronised"):
        return "the clock of this machine was not synchronised (NTP)"
    return f"synchronised (NTP), within {words.quantity(float(last.get('error_s') or 0.0), 's')}"
