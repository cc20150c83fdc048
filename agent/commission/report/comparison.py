"""Compare runs side by side: factory and site, a retest and the first test, identical racks.

Every check is a line, every run a column. Outliers are marked: with four runs or more by the
distance from their median (median absolute deviation), with fewer by the distance from the first.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from agent.commission.evidence import bundle
from agent.commission.journal.samples import SampleStore
from agent.commission.records import Verdict
from agent.commission.report import words
from agent.commission.report.page import page_template
from agent.commission.spec.inventory import IDENTITY
from agent.model.errors import ConfigError
from agent.model.figures import short
from agent.parse.yaml_source import load_json

RUNS_MAX = 64
_SIBLINGS_MIN = 4  # the median of fewer means little
_SCORE_MAX = 3.5  # of the modified z-score (Iglewicz and Hoaglin, 1993)
_SCORE_FACTOR = 0.6745  # makes the median absolute deviation a standard deviation
_NOTABLE = 0.1  # of the guard band: smaller deviations are noise, even if the others vary less
_NO_GUARD = 0.05  # of the limit, or of the value: used if the check has no guard band
_WHAT = (
    *("devices lost", "recovers", "ratio", "share inside", "settles", "peak"),
    *("raised after", "raised", "not as planned", "series as expected"),
)
"""Suffixes of measurement names, after the name of their series, which may differ between runs."""


@dataclass(frozen=True, slots=True)
class Run:
    """A column: one run. ``label`` is unique within a comparison; ``began`` is a UTC time."""

    label: str
    folder: str
    rack: str
    stage: str
    generation: str
    began: str
    verdict: Verdict
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A measurement of a run, or a text of a device; all empty if the run does not have it.

    ``outlier`` gives the deviation of an outlier in words and is empty otherwise.
    """

    verdict: Verdict | None = None
    value: float | str | None = None
    unit: str = ""
    series: str = ""
    margin: float | None = None
    outlier: str = ""


@dataclass(frozen=True, slots=True)
class ComparedCheck:
    """A measurement of a check, or firmware or serial of a device, for all runs.

    ``differs`` is true if verdicts or texts are not equal, or if a value is an outlier.
    """

    number: int | None
    check: str
    title: str
    limit: str
    cells: tuple[Cell, ...]
    differs: bool


@dataclass(frozen=True, slots=True)
class RunComparison:
    """Runs side by side. ``notes`` name differences that limit the comparison."""

    runs: tuple[Run, ...]
    lines: tuple[ComparedCheck, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """The content of one directory: results, guard bands by check and unit, device identities."""

    run: Run
    checks: Mapping[str, Mapping[str, Any]]
    guards: Mapping[tuple[str, str], float]
    devices: Mapping[str, Mapping[str, str]]


def compare(folders: Sequence[Path]) -> RunComparison:
    """Compare the runs of 2 to 64 directories, in this order.

    Raises ConfigError for another number, or for a directory that holds no results of a run.
    """
    if not 1 < len(folders) <= RUNS_MAX:
        raise ConfigError(f"{len(folders)} runs cannot be compared; give 2 to {RUNS_MAX}")
    found = [_read(folder) for folder in folders]
    labels = _labels([each.run for each in found])
    runs = tuple(replace(each.run, label=label) for label, each in zip(labels, found, strict=True))
    lines = (*_check_lines(found), *_device_lines(found))
    return RunComparison(runs, lines, tuple(_notes(runs)))


def _read(folder: Path) -> _Found:
    try:
        results = json.loads(bundle.stored_results(folder))
        checks = {each["check"]: each for each in results["checks"]}
        version = f"{results['generation']} {results['version']}"
        digest = str(results["sha256"]["generation"])
        run = Run(
            *("", str(folder), str(results["rack"]), str(results["stage"])),
            *(f"{version} ({digest[:12]})", str(results["began"]), Verdict(results["verdict"])),
            simulated=bundle.is_rehearsal(bundle.started(folder)),
        )
        for each in checks.values():
            Verdict(each["verdict"])
            if not isinstance(each["title"], str) or "number" not in each:
                raise TypeError("a check has no title or number")
            for measurement in each["measurements"]:
                _check_measurement(measurement)
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError):
        raise ConfigError(f"{folder / bundle.RESULTS} holds no results of a run") from None
    return _Found(run, checks, _guards(folder / bundle.GENERATION), _devices(folder))


def _check_measurement(found: Mapping[str, Any]) -> None:
    """Raise one of the errors of a lookup or conversion for what is not a measurement."""
    numbers = [found.get(key) for key in ("value", "limit", "margin")]
    words = [found[key] for key in ("name", "unit", "bound")]
    known = (str, int, float, type(None))
    if not all(isinstance(each, known) for each in numbers) or isinstance(numbers[2], str):
        raise TypeError("a measurement has values that are not numbers")
    for each in numbers:
        if isinstance(each, int):
            float(each)
    if not all(isinstance(each, str | None) for each in words):
        raise TypeError("a measurement has names that are not text")


def _guards(path: Path) -> dict[tuple[str, str], float]:
    """Return the guard bands of the generation of a run, by check and unit."""
    try:
        checks = load_json(path).data["checks"]
        return {
            (name, str(check.get("unit", ""))): float(check.get("guard", 0.0))
            for name, check in checks.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigError(f"{path} holds no generation") from None


def _devices(folder: Path) -> dict[str, dict[str, str]]:
    """Return the identity labels of each device, by its name."""
    store = SampleStore(folder / bundle.SAMPLES, read_only=True)
    try:
        samples = store.between(float("-inf"), float("inf"), (IDENTITY,))
        identities = [(each.device, dict(each.labels)) for each in samples]
    finally:
        store.close()
    return {device: labels for device, labels in identities if "component" not in labels}


def _labels(runs: Sequence[Run]) -> list[str]:
    """Return unique labels: rack and stage, if needed with the time, or else the directory."""
    tried = [
        [f"{run.rack} {run.stage}" for run in runs],
        [f"{run.rack} {run.stage} {run.began[:16]}" for run in runs],
        [f"{run.rack} {run.stage} {run.folder}" for run in runs],
    ]
    return next((each for each in tried if len(set(each)) == len(runs)), tried[-1])


def _notes(runs: Sequence[Run]) -> Iterator[str]:
    for what, values in (
        ("generations", {run.generation for run in runs}),
        ("stages", {run.stage for run in runs}),
    ):
        if len(values) > 1:
            yield f"the runs are of different {what}: {', '.join(sorted(values))}"
    yield from (f"{run.label} is a rehearsal on a simulated rack" for run in runs if run.simulated)


def _check_lines(found: Sequence[_Found]) -> Iterator[ComparedCheck]:
    names = {name: each for one in reversed(found) for name, each in one.checks.items()}
    for name in sorted(names):
        rows = [_measured(one.checks.get(name)) for one in found]
        for what in dict.fromkeys(what for row in rows for what in row):
            own = [row.get(what) for row in rows]
            units = {str(row.get("unit") or "") for row in own if row}
            guard = max((one.guards.get((name, u), 0.0) for one in found for u in units), default=0)
            yield _line(names[name], what, own, found, guard)


def _measured(check: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    """Return the measurements of a check by their suffix; one empty measurement if it has none."""
    if check is None:
        return {}
    return {_what(str(each["name"])): each for each in check["measurements"]} or {"": {}}


def _what(name: str) -> str:
    return next((what for what in _WHAT if name == what or name.endswith(f" {what}")), "")


def _line(
    check: Mapping[str, Any],
    what: str,
    rows: Sequence[Mapping[str, Any] | None],
    found: Sequence[_Found],
    guard: float,
) -> ComparedCheck:
    values = [None if row is None else row.get("value") for row in rows]
    limit = next((row["limit"] for row in rows if row and row.get("limit") is not None), None)
    bound = next((row["bound"] for row in rows if row and row.get("bound")), "")
    strange = outliers(values, guard, limit)
    cells = []
    for place, (one, row) in enumerate(zip(found, rows, strict=True)):
        own = one.checks.get(str(check["check"]))
        if own is None:
            cells.append(Cell())
            continue
        row = row or {}
        name = str(row.get("name") or "")
        cells.append(
            Cell(
                verdict=Verdict(own["verdict"]),
                value=values[place],
                unit=str(row.get("unit") or ""),
                series=name.removesuffix(what).strip() if what else name,
                margin=row.get("margin"),
                outlier=strange.get(place, ""),
            )
        )
    verdicts = {cell.verdict for cell in cells if cell.verdict is not None}
    return ComparedCheck(
        number=check["number"],
        check=str(check["check"]),
        title=f"{check['title']}: {what}" if what else str(check["title"]),
        limit="" if limit is None else f"{bound} {short(limit)}".strip(),
        cells=tuple(cells),
        differs=len(verdicts) > 1 or bool(strange),
    )


def outliers(
    values: Sequence[float | str | None], guard: float, limit: float | str | None
) -> dict[int, str]:
    """Return the outliers among the values of runs: position, and the deviation in words.

    Texts and missing values are never outliers. ``guard`` and ``limit`` are those of the check.
    """
    numbers = {n: float(value) for n, value in enumerate(values) if isinstance(value, int | float)}
    if len(numbers) < len(("one", "other")):
        return {}
    if len(numbers) < _SIBLINGS_MIN:
        first = next(iter(numbers.values()))
        wide = guard or _NO_GUARD * abs(_number(limit) or first)
        return {
            n: f"{value - first:+.3g} from the first"
            for n, value in numbers.items()
            if abs(value - first) > wide
        }
    middle = median(numbers.values())
    spread = median(abs(value - middle) for value in numbers.values())
    least = _NOTABLE * (guard or _NO_GUARD * abs(_number(limit) or middle))
    found = {}
    for n, value in numbers.items():
        away = value - middle
        if abs(away) > least and abs(away) * _SCORE_FACTOR > _SCORE_MAX * spread:
            found[n] = f"{away:+.3g} from the median of {len(numbers)}"
    return found


def _number(limit: float | str | None) -> float:
    return float(limit) if isinstance(limit, int | float) else 0.0


def _device_lines(found: Sequence[_Found]) -> Iterator[ComparedCheck]:
    """Yield the firmware of each device, and its serial if all runs are of the same rack."""
    one_rack = len({each.run.rack for each in found}) == 1
    devices = sorted({name for each in found for name in each.devices})
    for what in ("firmware", *(("serial",) if one_rack else ())):
        for device in devices:
            texts = [each.devices.get(device, {}).get(what) for each in found]
            if any(texts):
                cells = tuple(Cell(value=value) for value in texts)
                differs = len(set(texts)) > 1
                yield ComparedCheck(
                    None, f"{device}.{what}", f"{what} of {device}", "", cells, differs
                )


def comparison_json(comparison: RunComparison) -> dict[str, Any]:
    """Return the whole comparison as JSON data: ``runs``, ``notes`` and ``lines``."""
    return {
        "runs": [asdict(run) for run in comparison.runs],
        "notes": list(comparison.notes),
        "lines": [asdict(line) for line in comparison.lines],
    }


def cell_text(cell: Cell) -> str:
    """Return verdict and value of a cell as text."""
    if cell.value is None:
        return str(cell.verdict or "—")
    value = words.quantity(cell.value, cell.unit)
    return f"{cell.verdict} {value}" if cell.verdict else value


def comparison_page(comparison: RunComparison, every: bool) -> bytes:
    """Return a self-contained HTML page with ``every`` line, or with those that differ."""
    lines = [line for line in comparison.lines if every or line.differs]
    template = page_template("compare.html.j2")
    return template.render(
        comparison=comparison,
        lines=lines,
        same=len(comparison.lines) - len(lines),
        words=words,
    ).encode()
