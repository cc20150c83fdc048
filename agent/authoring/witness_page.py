"""Witness pages: expected readings for values that a person typed from a datasheet or MIB.

A page is YAML: ``source``, names for OIDs, and cases, each with a device's answers (``varbinds`` or
registers) and the expected readings. CONTRIBUTING.md describes the keys.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from agent.model import smi
from agent.model.catalogue import CATALOGUE, Kind, Metric
from agent.model.errors import ConfigError, Problem
from agent.model.units import UNITS
from agent.parse.yaml_source import Document, Key, load, nearest

TABLES = ("holding", "input", "coil", "discrete")
ALARM = "rack_alarm_active"
EVERYTHING = "all"

_SERIES = re.compile(r"(\w*)(?:\{(.*)\})?")
_LABEL = re.compile(r'\s*(\w+)=("[^"]*"|[^,"]*?)\s*(?:,|$)')
_NUMBER = re.compile(r"([-+]?[\d.]+(?:[eE][-+]?\d+)?)(?: \+- ([\d.]+(?:[eE]-?\d+)?))?(?: (\S+))?")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TEXT = Annotated[str, Field(min_length=1)]
_Made = TypeVar("_Made")
_Place = TypeVar("_Place", bytes, int)
_LABELS = frozenset(label for metric in CATALOGUE.values() for label in metric.labels)
_WORD_MAX = 0xFFFF
_INTEGER_MAX = 2**64 - 1


class CaseSpec(BaseModel):
    """Answers of a device, and the readings that must result."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: _TEXT = Field(description="purpose of the case, in one sentence")
    varbinds: dict[Any, Any] | None = Field(None, description="OID to value; may be nested")
    holding: dict[Any, Any] | None = Field(None, description="register to word, words or bits")
    input: dict[Any, Any] | None = None
    coil: dict[Any, Any] | None = None
    discrete: dict[Any, Any] | None = None
    expect: dict[str, int | float | str] = Field({}, description="series to state or number")
    bad: dict[str, str] | list[str] = Field([], description="series without a value, or reasons")
    uncertain: dict[str, str] | list[str] = Field(
        [], description="series of quality uncertain, or reasons"
    )
    absent: list[str] = Field(
        [], description="series that must not be read: metric, {label=x}, all"
    )
    only: list[str] = Field([], description="no other series than those named here is read")
    alarms: list[str | dict[str, str]] | None = Field(None, description="every active alarm")
    failures: list[_TEXT] = Field([], description="parts of the failures' texts")
    identity: dict[Literal["vendor", "model", "serial", "firmware"], str] = {}


class PageSpec(BaseModel):
    """A page: the source of its values, names for OIDs, and its cases."""

    model_config = ConfigDict(extra="forbid", strict=True)

    source: _TEXT = Field(description="MIB, map or datasheet that the values were typed from")
    oids: dict[str, str] = Field({}, description="names for the beginnings of OIDs")
    first_register: int = Field(0, ge=0, le=_WORD_MAX, description="address of the first register")
    cases_of: str = Field("", description="page of the same folder whose cases come first")
    cases: list[CaseSpec] = []


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric ("" for any) and labels that a reading must have, at a place of the page."""

    key: Key
    metric: str
    labels: Mapping[str, str]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Expectation:
    """One series, by all of its labels, and its value: a state's name, or a number.

    ``value`` and ``tolerance`` are in the metric's base unit.
    """

    series: Selector
    value: float | str
    tolerance: float = 0.0


@dataclass(frozen=True, slots=True)
class WitnessCase:
    """One case, compiled. ``registers`` maps a table to its words by 0-based address.

    ``alarms`` are the labels of every alarm that is active, None where the case does not say.
    """

    page: Document
    key: Key
    name: str
    varbinds: Mapping[bytes, tuple[int, int | bytes]] | None
    registers: Mapping[str, Mapping[int, int]]
    expect: tuple[Expectation, ...]
    bad: tuple[Selector, ...]
    uncertain: tuple[Selector, ...]
    absent: tuple[Selector, ...]
    only: tuple[Selector, ...]
    alarms: tuple[Selector, ...] | None
    failures: tuple[str, ...]
    identity: Mapping[str, str]

    def problem(self, key: Key, message: str) -> Problem:
        """Return a problem at ``key`` of the page; its message begins with the case's name."""
        return self.page.problem(key, f"{self.name!r}: {message}")


def read_page(path: Path) -> tuple[WitnessCase, ...]:
    """Return the cases of a page, those of the page that ``cases_of`` names first.

    Raises ConfigError with every mistake of the page: an unknown key or metric, a label that the
    metric does not have, a number or an OID that cannot be read, a case that expects nothing.
    """
    document = load(path)
    spec = document.validate(PageSpec)
    compiler = _Compiler(document, spec)
    cases: list[WitnessCase] = []
    if spec.cases_of:
        cases += _cases_of(path, document, spec, compiler)
    cases += compiler.cases(document, spec)
    if not cases and not compiler.problems:
        compiler.problems.append(document.problem(("cases",), "the page has no case"))
    if compiler.problems:
        raise ConfigError(compiler.problems)
    return tuple(cases)


def _cases_of(
    path: Path, document: Document, spec: PageSpec, compiler: "_Compiler"
) -> tuple[WitnessCase, ...]:
    """Return the cases of another page of the folder, with this page's OIDs and registers."""
    other = path.with_name(f"{spec.cases_of}.yaml")
    if not other.is_file() or not re.fullmatch(r"[a-z0-9._-]+", spec.cases_of):
        message = f"no page {spec.cases_of}.yaml is in this folder"
        raise ConfigError([document.problem(("cases_of",), message)])
    theirs = load(other)
    their_spec = theirs.validate(PageSpec)
    if their_spec.cases_of:
        message = f"{other.name} takes its cases from {their_spec.cases_of}.yaml: name that page"
        raise ConfigError([document.problem(("cases_of",), message)])
    return compiler.cases(theirs, their_spec)


class _Compiler:
    """A compiler of specs to cases, which collects every problem with its line."""

    def __init__(self, document: Document, spec: PageSpec) -> None:
        self.problems: list[Problem] = []
        self._first_register = spec.first_register
        self._document = document
        self._oids: dict[str, str] = {}
        for name, written in spec.oids.items():
            key: Key = ("oids", name)
            if not _NAME.fullmatch(name):
                message = "is not a name: lower-case letters, digits and '_'"
                self.problems.append(document.problem(key, message))
                continue
            self._oids[name] = self._try(key, self._dotted, written) or ""

    def cases(self, document: Document, spec: PageSpec) -> tuple[WitnessCase, ...]:
        self._document = document
        return tuple(self._case(("cases", place), case) for place, case in enumerate(spec.cases))

    def _case(self, key: Key, spec: CaseSpec) -> WitnessCase:
        tables = {name: getattr(spec, name) for name in TABLES}
        registers = {
            name: self._once(self._words((*key, name), words))
            for name, words in tables.items()
            if words is not None
        }
        varbinds = None
        if spec.varbinds is not None:
            varbinds = self._once(self._varbinds((*key, "varbinds"), "", spec.varbinds))
        if (varbinds is None) == (not registers):
            self._add(key, f"say what the device answers: varbinds, or {', '.join(TABLES)}")
        expect = [
            self._expectation((*key, "expect", text), text, value)
            for text, value in spec.expect.items()
        ]
        case = WitnessCase(
            page=self._document,
            key=key,
            name=spec.name,
            varbinds=varbinds,
            registers=registers,
            expect=tuple(filter(None, expect)),
            bad=self._selectors((*key, "bad"), spec.bad, True),
            uncertain=self._selectors((*key, "uncertain"), spec.uncertain, True),
            absent=self._selectors((*key, "absent"), spec.absent),
            only=self._selectors((*key, "only"), spec.only),
            alarms=None if spec.alarms is None else self._alarms((*key, "alarms"), spec.alarms),
            failures=tuple(spec.failures),
            identity={str(field): text for field, text in spec.identity.items()},
        )
        given = spec.model_fields_set - {"name", "varbinds", "only", *TABLES}
        if not any(getattr(spec, each) or each in ("alarms", "failures") for each in given):
            self._add(key, "expects nothing: add expect, bad, absent, alarms, failures or identity")
        return case

    def _once(self, rows: Iterable[tuple[Key, _Place, _Made]]) -> dict[_Place, _Made]:
        """Return values by OID or address; one that is written twice is a problem."""
        found: dict[_Place, _Made] = {}
        for key, place, value in rows:
            if place in found:
                self._add(key, "is written twice, in two spellings")
            found[place] = value
        return found

    def _varbinds(
        self, key: Key, start: str, rows: Mapping[Any, Any]
    ) -> Iterator[tuple[Key, bytes, tuple[int, int | bytes]]]:
        """Yield the rows below the OID ``start``; a mapping continues the OID."""
        for step, value in rows.items():
            place = (*key, step)
            if isinstance(step, float):
                self._add(place, f"put {step} in quotes, or YAML reads it as a number")
                continue
            below = f"{start}.{step}" if start else str(step)
            if isinstance(value, dict) and not {"hex", "oid"} & set(value):
                yield from self._varbinds(place, below, value)
                continue
            oid = self._try(place, self._octets, below)
            cell = self._try(place, self._cell, value)
            if oid and cell:
                yield place, oid, cell

    def _cell(self, value: Any) -> tuple[int, int | bytes]:
        """Return tag and value of an integer, a text, hex or an oid. Raises ValueError."""
        match value:
            case bool() | float() | None:
                raise ValueError(f"is {value!r}: write a whole number, or text in quotes")
            case int():
                if not -_INTEGER_MAX <= value <= _INTEGER_MAX:
                    raise ValueError(f"{value} has more than 64 bits")
                return smi.INTEGER, value
            case str():
                return smi.OCTET_STRING, value.encode()
            case {"hex": str(text)} if len(value) == 1:
                return smi.OCTET_STRING, bytes.fromhex(text)
            case {"oid": str(text)} if len(value) == 1:
                return smi.OBJECT_ID, smi.oid(self._dotted(text))
        raise ValueError(
            "is not a value: write a whole number, text, {hex: '00ff'} or {oid: 1.3.6}"
        )

    def _octets(self, text: str) -> bytes:
        return smi.oid(self._dotted(text))

    def _dotted(self, text: str) -> str:
        """Return the dotted OID; it may begin with a name of the page. Raises ValueError."""
        first, dot, rest = text.partition(".")
        if _NAME.fullmatch(first):
            if first not in self._oids:
                close = nearest(first, self._oids) or sorted(self._oids)
                raise ValueError(f"{first!r} is not among 'oids': {', '.join(close) or 'none'}")
            text = f"{self._oids[first]}{dot}{rest}"
        smi.oid(text)
        return text

    def _words(self, key: Key, rows: Mapping[Any, Any]) -> Iterator[tuple[Key, int, int]]:
        """Yield words by 0-based address; a list fills the registers that follow."""
        most = 1 if key[-1] in ("coil", "discrete") else _WORD_MAX
        for address, written in rows.items():
            place = (*key, address)
            if isinstance(address, bool) or not isinstance(address, int):
                self._add(place, "is not a register: write its number")
                continue
            for offset, word in enumerate(written if isinstance(written, list) else [written]):
                number = self._try(place, _word, word, most)
                at = self._first_register + address + offset
                if not 0 <= at <= _WORD_MAX:
                    self._add(place, f"register {at} does not exist")
                elif number is not None:
                    yield place, at, number

    def _expectation(self, key: Key, text: str, written: float | str) -> Expectation | None:
        selector = self._try(key, _selector, key, text, "", True)
        if selector is None:
            return None
        metric = CATALOGUE[selector.metric]
        if metric.kind is Kind.STATE:
            return Expectation(selector, str(written))
        number = self._try(key, _number, metric, written)
        return number and Expectation(selector, *number)

    def _selectors(
        self, key: Key, written: Mapping[str, str] | list[str], whole: bool = False
    ) -> tuple[Selector, ...]:
        if isinstance(written, dict):
            pairs = [(text, text, reason) for text, reason in written.items()]
        else:
            pairs = [(place, text, "") for place, text in enumerate(written)]
        found = [
            self._try((*key, step), _selector, (*key, step), text, reason, whole)
            for step, text, reason in pairs
        ]
        return tuple(filter(None, found))

    def _alarms(self, key: Key, written: list[str | dict[str, str]]) -> tuple[Selector, ...]:
        found = []
        for place, given in enumerate(written):
            labels = {"alarm": given} if isinstance(given, str) else given
            unknown = sorted(set(labels) - CATALOGUE[ALARM].labels)
            if unknown:
                self._add((*key, place), f"{ALARM} has no label {unknown[0]!r}")
            found.append(Selector((*key, place), ALARM, labels))
        return tuple(found)

    def _try(self, key: Key, make: Callable[..., _Made], *given: object) -> _Made | None:
        """Return ``make(given)``; a ValueError becomes a problem at ``key``."""
        try:
            return make(*given)
        except ValueError as error:
            self._add(key, str(error))
            return None

    def _add(self, key: Key, message: str) -> None:
        self.problems.append(self._document.problem(key, message))


def _selector(key: Key, text: str, reason: str = "", whole: bool = False) -> Selector:
    """Parse ``rack_x{sensor=1, name="a, b"}``; ``whole`` requires the metric. Raises ValueError."""
    if text == EVERYTHING and not whole:
        return Selector(key, "", {}, reason)
    match = _SERIES.fullmatch(text)
    if not match or text in ("", "{}"):
        raise ValueError("is not a series: write rack_metric{label=value, label=value}")
    name, inside = match[1], match[2] or ""
    if name and name not in CATALOGUE:
        close = nearest(name, CATALOGUE)
        hint = f"did you mean {' or '.join(close)}?" if close else "see docs/metrics.md"
        raise ValueError(f"unknown metric {name!r}; {hint}")
    if whole and not name:
        raise ValueError("names no metric")
    known = CATALOGUE[name].labels if name else _LABELS
    labels: dict[str, str] = {}
    place = 0
    while place < len(inside):
        part = _LABEL.match(inside, place)
        if not part:
            raise ValueError(f"{inside[place:]!r} is not label=value")
        if part[1] not in known:
            close = nearest(part[1], known) or sorted(known)
            raise ValueError(
                f"{name or 'no metric'}: unknown label {part[1]!r}; use {', '.join(close)}"
            )
        if part[1] in labels:
            raise ValueError(f"label {part[1]!r} is written twice")
        labels[part[1]] = part[2].strip('"')
        place = part.end()
    return Selector(key, name, labels, reason)


def _number(metric: Metric, written: float | str) -> tuple[float, float]:
    """Return value and tolerance in the base unit of ``25``, ``25 kWh`` or ``471.9 +- 0.1``.

    Raises ValueError if it is not a number, or not in a unit of the metric.
    """
    if not isinstance(written, str):
        return written, 0.0
    match = _NUMBER.fullmatch(written)
    if not match:
        raise ValueError(f"{written!r} is not a number, 'number unit' or 'number +- tolerance'")
    number, tolerance, name = match.groups()
    unit = UNITS.get(name or metric.unit)
    if name and (unit is None or unit.base != metric.unit):
        fitting = ", ".join(u.name for u in UNITS.values() if u.base == metric.unit)
        raise ValueError(f"{name!r} is not a unit of {metric.name}: write {fitting}")
    if unit is None:
        return float(number), float(tolerance or 0)
    value = Fraction(number) * unit.factor + unit.offset
    return float(value), float(Fraction(tolerance or 0) * unit.factor)


def _word(given: object, most: int) -> int:
    """Return a register's word from its number, or the bits that are set. Raises ValueError."""
    if isinstance(given, dict) and list(given) == ["bits"] and isinstance(given["bits"], list):
        bits = given["bits"]
        if not all(isinstance(bit, int) and 0 <= bit <= 15 for bit in bits):
            raise ValueError("bits are numbers from 0 to 15")
        given = sum(1 << bit for bit in set(bits))
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= most:
        raise ValueError(f"{given!r} is not a word: write 0 to {most}, or {{bits: [3]}}")
    return given
