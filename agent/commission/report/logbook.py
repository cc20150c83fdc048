"""The log of a run as text, and its samples as CSV."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any

from agent.commission.evidence.results import instant, plain
from agent.commission.journal.samples import SampleStore
from agent.commission.records import Sample
from agent.commission.spec.models import find_unit, from_base
from agent.model.catalogue import CATALOGUE
from agent.model.printable import escaped_json, printable
from agent.model.units import Unit

_NOT_LOGGED = frozenset({"beat", "plan", "profiles"})
"""Events that only programs need; their content is in the samples and the specification."""

_SCALARS = (str, int, float)
_TEXT_MAX = 2000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = ("time", "device", "metric", "labels", "value", "unit", "quality", "reason")
_SIMULATED = "simulated"  # the last column: true for samples of a rehearsal


def log_text(events: Iterable[Mapping[str, Any]]) -> str:
    """Return one line per event, with UTC times of the rack's clock if it had started."""
    lines = []
    for event in events:
        if event["event"] in _NOT_LOGGED:
            continue
        at = instant(float(event.get("at") or event.get("wall") or 0.0))
        fields = " ".join(
            f"{key}={json.dumps(value, ensure_ascii=False)}"
            for key, value in event.items()
            if key not in ("event", "at", "wall") and isinstance(value, _SCALARS) and value != ""
        )
        lines.append(plain(f"{at} {event['event']} {fields}"[:_TEXT_MAX]).rstrip())
    return "\n".join(lines) + "\n"


def write_csv(
    store: SampleStore, file: IO[str], units: Sequence[str] = (), *, simulated: bool = False
) -> int:
    """Write every sample in the order of time and return their number.

    Values are converted to those of ``units`` that fit their metric; the others stay in base
    units. Raises ValueError for an unknown unit.
    """
    wanted = {find_unit(name).base: find_unit(name) for name in units}
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow((*_COLUMNS, _SIMULATED))
    count = 0
    for row in _rows(store, wanted):
        writer.writerow((*row, str(simulated).lower()))
        count += 1
    return count


def _rows(store: SampleStore, wanted: Mapping[str, Unit]) -> Iterator[Sequence[object]]:
    metrics = {metric for _, metric, _ in store.intervals_s}
    shown = {metric: _shown(metric, wanted) for metric in metrics}
    for sample in store.between(float("-inf"), float("inf"), metrics):
        unit = shown[sample.metric]
        value: object = sample.value
        if isinstance(sample.value, str):
            value, unit = _cell(sample.value), ""
        elif isinstance(sample.value, int | float) and unit:
            value = from_base(float(sample.value), unit)
        yield (
            instant(sample.observed_at),
            _cell(sample.device),
            sample.metric,
            _labels(sample),
            "" if value is None else value,
            unit,
            str(sample.quality),
            _cell(sample.reason),
        )


def _shown(metric: str, wanted: Mapping[str, Unit]) -> str:
    known = CATALOGUE.get(metric)
    base = "" if known is None else known.unit
    return wanted[base].name if base in wanted else base


def _labels(sample: Sample) -> str:
    """Return the labels as JSON, empty without any."""
    if not sample.labels:
        return ""
    return escaped_json(json.dumps(dict(sample.labels), ensure_ascii=False))


def _cell(text: str) -> str:
    """Return a device's text that neither a spreadsheet nor a terminal acts on."""
    text = printable(text, "\n\t\r")
    return f"'{text}" if text.startswith(_FORMULA) else text
