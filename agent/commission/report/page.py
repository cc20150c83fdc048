"""The report of a run as one self-contained HTML page, for screen and print."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from agent.commission.evidence.results import RunReport, plain
from agent.commission.judge.verdicts import Waiver
from agent.commission.records import CheckResult, Verdict, blocks
from agent.commission.report import words
from agent.commission.report.curves import CheckPlot
from agent.commission.report.drawing import Draw, style
from agent.commission.report.history import (
    Device,
    clock,
    deviations,
    notes,
    people,
    retest,
)
from agent.commission.spec.models import Check, Measured
from agent.model.units import printed_difference

BYTES_MAX = 3_000_000
_NAMES_MAX = 200  # characters of a series' name, a reason, or a text of a device
_WORST_FIRST = (
    *(Verdict.FAIL, Verdict.ERROR, Verdict.MARGINAL),
    *(Verdict.WAIVED, Verdict.SKIP, Verdict.PASS),
)
_TITLES: Mapping[str, str] = {
    "cooling": "Cooling",
    "identity": "Identity",
    "network": "Network",
    "power": "Power",
    "telemetry": "Telemetry",
}


@dataclass(frozen=True, slots=True)
class Material:
    """The content of a page beside the verdicts. ``seal`` is a sentence about the signature."""

    devices: Sequence[Device] = ()
    conditions: Sequence[tuple[str, str]] = ()
    plots: Sequence[CheckPlot] = ()
    waivers: Sequence[Waiver] = ()
    events: Sequence[Mapping[str, Any]] = ()
    files: Sequence[tuple[str, str]] = ()
    seal: str = ""


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check of the table; each of ``lines`` is (name, value, limit, margin) as text."""

    id: str
    verdict: Verdict
    number: int
    title: str
    source: str
    reason: str
    during: str
    guard: str = ""
    lines: tuple[tuple[str, str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Area:
    """The checks of one area, worst verdict first."""

    title: str
    rows: tuple[CheckRow, ...]
    counts: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot of the page. ``keys`` are (name, colour, dashes) of its lines."""

    row: CheckRow
    wide: bool
    svg: Markup
    measure: str
    keys: tuple[tuple[str, str, str], ...] = ()
    note: str = ""


def page_template(name: str) -> Template:
    """Return a template that escapes every text and removes characters not allowed in HTML."""
    environment = Environment(
        loader=PackageLoader("agent.commission.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_clean,
    )
    return environment.get_template(name)


def html_page(report: RunReport, material: Material, draw: Draw | None) -> bytes:
    """Return the page as UTF-8. ``draw`` is None if plots cannot be drawn; the page states it.

    Plots are left out, small ones first, as long as the page exceeds 3 MB.
    """
    template = page_template("report.html.j2")
    rows = [_row(report, result) for result in report.results]
    figures = list(_figures(report, material.plots, rows, draw)) if draw else []

    def made(shown: list[Figure]) -> bytes:
        return template.render(
            report=report,
            generation=report.facts.generation,
            material=material,
            words=words,
            Verdict=Verdict,
            sentence=_sentence(report),
            counts=_counts(report.results),
            blocking=blocks(report.verdict),
            areas=_areas(rows),
            open=[row for row in _ordered(rows) if row.verdict is not Verdict.PASS],
            wide=[each for each in shown if each.wide],
            small=[each for each in shown if not each.wide],
            drawn=draw is not None,
            undrawn=len(figures) - len(shown),
            deviations=deviations(report, material.events, material.devices),
            notes=notes(material.events),
            people=people(material.events),
            clock=clock(material.events),
            retest=retest(material.events),
            waived={each.check for each in report.results if each.verdict is Verdict.WAIVED},
            cut=_cut,
        ).encode()

    content = made(figures)
    if len(content) > BYTES_MAX:  # soaks, transients and failures are kept
        content = made([each for each in figures if each.wide])
    return content if len(content) <= BYTES_MAX else made([])


def _clean(value: object) -> object:
    """Return text without characters not allowed in HTML, which devices may send."""
    return plain(value) if type(value) is str else value


def _cut(text: str) -> str:
    return text if len(text) <= _NAMES_MAX else f"{text[:_NAMES_MAX]}…"


def _sentence(report: RunReport) -> str:
    if report.aborted:
        return f"The run ended early: {report.aborted}."
    if report.verdict is Verdict.FAIL:
        return "At least one check is outside its limit. The rack is not released."
    if report.verdict is Verdict.ERROR:
        return "At least one check could not be judged. The rack is not released."
    if report.verdict is Verdict.MARGINAL:
        return "Every check is inside its limit, at least one by less than its guard band."
    if report.verdict is Verdict.WAIVED:
        return "Nothing blocks the rack; at least one finding is waived."
    return "Every check that applies is inside its limit by at least its guard band."


def _counts(results: Iterable[CheckResult]) -> list[tuple[Verdict, int]]:
    found = [result.verdict for result in results]
    return [(verdict, found.count(verdict)) for verdict in _WORST_FIRST if verdict in found]


def _row(report: RunReport, result: CheckResult) -> CheckRow:
    check = report.check(result)
    guard = ""
    if isinstance(check, Measured) and check.guard:
        guard = words.quantity(check.guard, printed_difference(check.unit))
    lines = tuple(
        (
            _cut(words.series(each.name)),
            words.quantity(each.value, each.unit, each.limit),
            words.limit(check, each),
            words.margin(each),
        )
        for each in result.measurements
    )
    return CheckRow(
        id=result.check,
        verdict=result.verdict,
        number=check.number,
        title=check.title,
        source=check.source,
        reason=result.reason,
        during=check.during,
        guard=guard,
        lines=lines or (("", "", "", ""),),
    )


def _ordered(rows: Iterable[CheckRow]) -> list[CheckRow]:
    return sorted(rows, key=lambda row: (_WORST_FIRST.index(row.verdict), row.number, row.id))


def _areas(rows: Iterable[CheckRow]) -> list[Area]:
    """Group checks by the first part of their name, in alphabetical order."""
    found: dict[str, list[CheckRow]] = {}
    for row in rows:
        found.setdefault(row.id.partition(".")[0] if "." in row.id else "", []).append(row)
    areas = []
    for name, own in sorted(found.items()):
        verdicts = [row.verdict for row in own]
        counts = [f"{verdicts.count(v)} {v}" for v in _WORST_FIRST if v in verdicts]
        title = _TITLES.get(name, name.capitalize() or "Checks")
        areas.append(Area(title, tuple(_ordered(own)), ", ".join(counts)))
    return areas


def _figures(
    report: RunReport, plots: Sequence[CheckPlot], rows: Sequence[CheckRow], draw: Draw
) -> Iterator[Figure]:
    by_name = {row.id: row for row in rows}
    worst_first = {row.id: place for place, row in enumerate(_ordered(rows))}
    for plot in sorted(plots, key=lambda plot: worst_first[plot.check]):
        keys = tuple(
            (_cut(words.series(curve.name)), *style(n)) for n, curve in enumerate(plot.curves)
        )
        more = f"and {plot.left_out} more series, all further from the limit"
        yield Figure(
            row=by_name[plot.check],
            wide=plot.wide,
            # made from numbers only, see drawing.py
            svg=Markup(draw(plot)) if plot.curves else Markup(""),  # noqa: S704
            measure=_measured(report.facts.generation.spec.checks[plot.check]),
            keys=keys if len(keys) > 1 else (),
            note=f"Not drawn: {plot.missing}" if plot.missing else more if plot.left_out else "",
        )


def _measured(check: Check) -> str:
    if not isinstance(check, Measured):
        return ""
    return check.measure + (f" while {check.when}" if check.when else "")
