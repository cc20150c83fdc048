"""Comparison of a profile with a witness page: every case is read as a poller would read it."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from agent.authoring.witness_page import ALARM, TABLES, Expectation, Selector, WitnessCase
from agent.model.errors import Problem
from agent.model.values import Failure, Identity, Quality, Reading
from agent.poll.reader import DeviceReader
from agent.profile.library import Library
from agent.profile.points import Profile
from agent.transport.memory import MemoryTransport

_RELATIVE_ERROR = 1e-9
_DAY_S = 86_400.0
_REGISTERS = 65_536
_Key = tuple[str, tuple[tuple[str, str], ...]]


async def disagreements(profile: Profile, cases: Iterable[WitnessCase]) -> list[Problem]:
    """Return the differences between the readings of ``profile`` and those the page expects."""
    found: list[Problem] = []
    for case in cases:
        spoken = "modbus" if case.varbinds is None else "snmp"
        if spoken == profile.protocol:
            found += _compare(case, *await _read(profile, case))
        else:
            message = f"has answers over {spoken}, but the profile is read over {profile.protocol}"
            found.append(case.problem(case.key, message))
    return found


async def _read(
    profile: Profile, case: WitnessCase
) -> tuple[Sequence[Reading], Sequence[Failure], Identity]:
    """Read two cycles, as a poller does after start-up.

    Returns the second one's readings, the failures of both, and the identity.
    """
    registers = {
        table: dict.fromkeys(range(_REGISTERS), 0) | dict(case.registers.get(table, {}))
        for table in TABLES
        if table in case.registers
    }
    transport = MemoryTransport(case.varbinds or {}, registers)
    own_library = Library({profile.name: Path(profile.file)}, {}, {profile.name: profile})
    reader = DeviceReader("witness", profile.protocol, profile.name, own_library, transport.opened)
    first, second = await reader.read(0.0), await reader.read(_DAY_S)
    failures = list(dict.fromkeys((*first.failures, *second.failures)))
    return second.readings, failures, second.identity or Identity()


def _compare(
    case: WitnessCase, readings: Sequence[Reading], failures: Sequence[Failure], identity: Identity
) -> Iterator[Problem]:
    found = {_key(each.metric, each.labels): each for each in readings}
    for expectation in case.expect:
        reading = found.get(_key(expectation.series.metric, expectation.series.labels))
        yield from _say(case, expectation.series, _differs(expectation, reading))
    for quality, selectors in (
        (Quality.BAD, case.bad),
        (Quality.UNCERTAIN, case.uncertain),
    ):
        for selector in selectors:
            reading = found.get(_key(selector.metric, selector.labels))
            yield from _say(case, selector, _other_quality(selector, reading, quality))
    yield from _present(case, readings)
    yield from _alarms(case, readings)
    yield from _failures(case, failures)
    for field, text in case.identity.items():
        reported = getattr(identity, field)
        if reported != text:
            yield case.problem((*case.key, "identity", field), f"is {reported!r}, not {text!r}")


def _say(case: WitnessCase, selector: Selector, message: str) -> Iterator[Problem]:
    if message:
        yield case.problem(selector.key, message)


def _differs(expectation: Expectation, reading: Reading | None) -> str:
    """Return what is wrong with a reading, or "".

    An uncertain value counts: in a register map where most words are 0, many contradict each other.
    """
    if reading is None:
        return "is not read"
    if reading.quality is Quality.BAD:
        return f"is bad: {reading.reason}"
    value = reading.value
    if isinstance(expectation.value, str) or not isinstance(value, int | float):
        return "" if value == expectation.value else f"is {value!r}, not {expectation.value!r}"
    near = math.isclose(
        value, expectation.value, rel_tol=_RELATIVE_ERROR, abs_tol=expectation.tolerance
    )
    unit = f" {reading.unit}" if reading.unit else ""
    return "" if near else f"is {value:.12g}{unit}, not {expectation.value:.12g}{unit}"


def _other_quality(selector: Selector, reading: Reading | None, quality: Quality) -> str:
    if reading is None:
        return "is not read"
    if reading.quality is not quality:
        return f"is {reading.quality.value}, not {quality.value}: {reading.value!r}"
    if selector.reason not in reading.reason:
        return f"is {quality.value} because {reading.reason!r}, not {selector.reason!r}"
    return ""


def _present(case: WitnessCase, readings: Sequence[Reading]) -> Iterator[Problem]:
    """Yield the readings that must not exist."""
    series = (*(e.series for e in case.expect), *case.bad, *case.uncertain, *(case.alarms or ()))
    named = {_key(each.metric, each.labels) for each in series}
    for selector in case.absent:
        for reading in readings:
            if _selects(selector, reading):
                text = _spell(*_key(reading.metric, reading.labels))
                yield case.problem(selector.key, f"{text} is read: {reading.value!r}")
    for selector in case.only:
        for reading in readings:
            key = _key(reading.metric, reading.labels)
            if _selects(selector, reading) and key not in named:
                yield case.problem(selector.key, f"{_spell(*key)} is read: {reading.value!r}")


def _alarms(case: WitnessCase, readings: Sequence[Reading]) -> Iterator[Problem]:
    if case.alarms is None:
        return
    key = (*case.key, "alarms")
    active = {_key(r.metric, r.labels) for r in readings if r.metric == ALARM and r.value == 1}
    wanted = {_key(s.metric, s.labels): s.key for s in case.alarms}
    for each in sorted(active - set(wanted)):
        yield case.problem(key, f"{_spell(*each)} is active, and not listed")
    for each in sorted(set(wanted) - active):
        yield case.problem(wanted[each], f"{_spell(*each)} is not active")


def _failures(case: WitnessCase, failures: Sequence[Failure]) -> Iterator[Problem]:
    """Match each line of the case with the text of one failure; yield what is left over."""
    left = [f"{failure.kind}: {failure.message}" for failure in failures]
    for place, text in enumerate(case.failures):
        match = next((each for each in left if text in each), None)
        if match is None:
            yield case.problem((*case.key, "failures", place), f"no failure has the text {text!r}")
        else:
            left.remove(match)
    for each in left:
        yield case.problem(case.key, f"a failure that the page does not list: {each}")


def _selects(selector: Selector, reading: Reading) -> bool:
    return (
        selector.metric in ("", reading.metric)
        and selector.labels.items() <= dict(reading.labels).items()
    )


def _key(metric: str, labels: Mapping[str, str]) -> _Key:
    return metric, tuple(sorted(labels.items()))


def _spell(metric: str, labels: Sequence[tuple[str, str]]) -> str:
    inside = ", ".join(f"{name}={text}" for name, text in labels)
    return f"{metric}{{{inside}}}" if inside else metric
