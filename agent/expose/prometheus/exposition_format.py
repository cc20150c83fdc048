"""Syntax of the Prometheus and OpenMetrics text formats: labels, numbers, headers, negotiation.

Sources: Prometheus text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats) and
OpenMetrics 1.0.0. Both write a sample line the same way; only a family's header differs.
"""

import math
from collections.abc import Iterable, Mapping
from enum import Enum

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST

from agent.model.catalogue import Kind, Metric
from agent.model.units import WORDS
from agent.model.values import Value

Labels = Iterable[tuple[str, str]]


class ExpositionFormat(Enum):
    """An exposition format; the value is its content type."""

    TEXT = CONTENT_TYPE_PLAIN_0_0_4
    OPENMETRICS = CONTENT_TYPE_LATEST


_OPENMETRICS_SUFFIX = {Kind.COUNTER: ("_total", "counter"), Kind.INFO: ("_info", "info")}

_ACCEPT_ENTRIES = 32  # a longer Accept header is not a scraper's


def escape(value: str) -> str:
    r"""Return a label value with ``\``, ``"`` and line feeds escaped, always encodable."""
    if not value.isascii():
        value = value.encode("utf-8", "replace").decode()  # a lone surrogate would fail the scrape
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def label_text(labels: Labels) -> str:
    """Return ``a="x",b="y"`` without empty values, which Prometheus treats as absent."""
    return ",".join(f'{name}="{escape(value)}"' for name, value in labels if value)


def beside(taken: Mapping[str, str], labels: Labels) -> list[tuple[str, str]]:
    """Return ``labels`` sorted by name, those that ``taken`` already has prefixed ``exported_``.

    Prometheus does the same when a label of a target conflicts with a configured one.
    """
    used = set(taken)
    renamed = []
    for name, value in sorted(labels):
        while name in used:
            name = f"exported_{name}"
        used.add(name)
        renamed.append((name, value))
    return renamed


def number(value: Value) -> str | None:
    """Return the shortest text that parses to exactly this number; None for no number."""
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else None
    if isinstance(value, int):
        return str(int(value))
    return None


def header(metric: Metric, form: ExpositionFormat, as_kind: str = "") -> str:
    """Return HELP and TYPE lines of one family, and UNIT if OpenMetrics allows it.

    OpenMetrics names counter and info families without their suffix. State metrics are gauges in
    both formats: an OpenMetrics ``stateset`` must name its label after the metric.
    ``as_kind`` is a kind that the catalogue does not have, such as a histogram.
    """
    text = metric.help.replace("\\", "\\\\").replace("\n", "\\n")
    if form is ExpositionFormat.TEXT:
        kind = as_kind or ("counter" if metric.kind is Kind.COUNTER else "gauge")
        return f"# HELP {metric.name} {text}\n# TYPE {metric.name} {kind}\n"
    suffix, kind = _OPENMETRICS_SUFFIX.get(metric.kind, ("", as_kind or "gauge"))
    name = metric.name.removesuffix(suffix)
    text = text.replace('"', '\\"')
    unit = WORDS.get(metric.unit, "")
    unit_line = f"# UNIT {name} {unit}\n" if unit and name.endswith(f"_{unit}") else ""
    return f"# HELP {name} {text}\n# TYPE {name} {kind}\n{unit_line}"


def negotiate(accept: str) -> ExpositionFormat:
    """Return the format that an Accept header prefers; text if it names no known format.

    Not prometheus_client's ``choose_encoder``: that ignores ``q``, echoes any version it is asked
    for, and raises TypeError on a version that is not a number.
    """
    wish = {ExpositionFormat.TEXT: 0.0, ExpositionFormat.OPENMETRICS: 0.0}
    for entry in accept.lower().split(",")[:_ACCEPT_ENTRIES]:
        media, *rest = (part.strip() for part in entry.split(";"))
        options = {key.strip(): text.strip() for key, _, text in (p.partition("=") for p in rest)}
        if media == "application/openmetrics-text":
            if options.get("version", "1.0.0") != "1.0.0":
                continue
            form = ExpositionFormat.OPENMETRICS
        elif media in ("text/plain", "text/*", "*/*"):
            form = ExpositionFormat.TEXT
        else:
            continue
        wish[form] = max(wish[form], _weight(options.get("q", "1")))
    preferred = (
        wish[ExpositionFormat.OPENMETRICS] > 0
        and wish[ExpositionFormat.OPENMETRICS] >= wish[ExpositionFormat.TEXT]
    )
    return ExpositionFormat.OPENMETRICS if preferred else ExpositionFormat.TEXT


def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether an Accept-Encoding header allows gzip."""
    for entry in accept_encoding.lower().split(",")[:_ACCEPT_ENTRIES]:
        coding, *rest = (part.strip() for part in entry.split(";"))
        if coding in ("gzip", "*"):
            weights = [part[2:] for part in rest if part.startswith("q=")]
            return _weight(weights[0]) > 0 if weights else True
    return False


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
