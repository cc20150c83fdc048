"""The page of one device: identity, polls, and every reading with its origin."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from agent.expose.device_info import DeviceView
from agent.model.catalogue import CATALOGUE, Kind
from agent.model.figures import NOTHING, figure, quantity
from agent.model.series import Series
from agent.model.values import Block, Flaw, Quality, Value
from agent.store.history import Point
from agent.store.latest import DeviceState
from agent.web.data.site import Site
from agent.web.draw import sparkline
from agent.web.draw.cells import state_cell
from agent.web.draw.screen import Cell, Screen, screen
from agent.web.pages.device.explain_reading import conversion, place, raw_text

_LIMITS = {
    "_current_amperes": "_current_limit_amperes",
    "_power_watts": "_power_limit_watts",
    "_apparent_power_voltamperes": "_apparent_power_limit_voltamperes",
}
_FAILURES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """The constant part of one reading in the table."""

    key: str
    age: str
    series: Series
    labels: str
    place: str
    conversion: str

    @property
    def numeric(self) -> bool:
        """True if the reading has a sparkline."""
        return self.series.metric.kind in (Kind.GAUGE, Kind.COUNTER)


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one metric."""

    metric: str
    help: str
    rows: tuple[ReadingRow, ...]


def device_page(site: Site, name: str) -> Screen:
    """Return the page of one device. Raises NotFound."""
    view = site.device(name)
    state = site.store.device(name)
    summary = site.summary(view)
    now, steady = site.store.now(), site.store.steady_now()
    profile_name = state.profile or view.profile
    profile = site.profile(profile_name) if profile_name else None
    cells: dict[str, Cell] = {
        "head.state": state_cell(summary.state),
        **_poll_cells(state),
    }
    found: dict[str, list[ReadingRow]] = {}
    limits = _limits(state, steady)
    for (request, number), track in site.history.tracks(name):
        block = _fresh(state, request, number, steady)
        if block is not None and block.series != track.series:
            block = None
        age = f"age.{request}.{number}"
        cells[age] = _ago(track.times[-1])
        for position, series in enumerate(track.series):
            row = ReadingRow(
                f"v.{request}.{number}.{position}",
                age,
                series,
                " · ".join(f"{label} {text}" for label, text in series.labels),
                place(series),
                conversion(series, profile),
            )
            found.setdefault(series.metric.name, []).append(row)
            cells |= _reading_cells(row, block, position, track.points(position), now, limits)
    groups = [
        Group(metric, CATALOGUE[metric].help, tuple(rows)) for metric, rows in sorted(found.items())
    ]
    identity = _identity(view, state, profile_name)
    failures = len(state.failures[:_FAILURES_SHOWN])
    for number, failure in enumerate(state.failures[:_FAILURES_SHOWN]):
        cells[f"f.{number}"] = {"text": f"{failure.kind}: {failure.message}"}
    frame = {
        "title": name,
        "tab": "device",
        "rack": view.rack,
        "site": view.site,
        "device": name,
        "identity": identity,
        "groups": groups,
        "rows": sum(len(group.rows) for group in groups),
        "failures": range(failures),
        "alarms": summary.alarms,
        "api": f"api/v1/readings?device={quote(name)}",
        "spark": sparkline,
        "profile_notes": profile.notes if profile is not None else "",
    }
    shape = [(row.series.labels, row.place) for group in groups for row in group.rows]
    return screen("device.html", frame, cells, shape, identity, failures, summary.alarms)


def _ago(at: float) -> Cell:
    """Return a cell with a time, which the browser replaces by the time since then."""
    return {"text": f"{datetime.fromtimestamp(at, UTC):%H:%M:%S} UTC", "data-ago": f"{at:.0f}"}


def _identity(view: DeviceView, state: DeviceState, profile: str) -> list[tuple[str, str]]:
    known = state.identity
    fields: dict[str, str | None] = {
        "Vendor": known.vendor if known else None,
        "Model": known.model if known else None,
        "Serial": known.serial if known else None,
        "Firmware": known.firmware if known else None,
        "Kind": (state.kind or view.kind).replace("_", " "),
        "Profile": profile or "not identified yet",
        "Address": view.address,
        **{label.capitalize(): text for label, text in view.labels.items()},
    }
    return [(label, text) for label, text in fields.items() if text]


def _poll_cells(state: DeviceState) -> dict[str, Cell]:
    answered, took = state.last_success_at, state.last_duration_s
    return {
        "poll.count": {"text": str(state.polls)},
        "poll.took": {
            "text": NOTHING if took is None else f"{took * 1000:.0f}\N{NO-BREAK SPACE}ms"
        },
        "poll.answered": {"text": "never"} if answered is None else _ago(answered),
        "poll.kinds": {
            "text": ", ".join(f"{n} {kind}" for kind, n in sorted(state.failure_counts.items()))
            or "none"
        },
        "poll.failed": {"text": str(sum(state.failure_counts.values()))},
    }


def _fresh(state: DeviceState, request: int, number: int, now: float) -> Block | None:
    found = state.requests.get(request)
    if found is None or number >= len(found.blocks):
        return None
    return found.blocks[number] if now <= found.fresh_until[number] else None


def _reading_cells(
    row: ReadingRow,
    block: Block | None,
    position: int,
    points: list[Point],
    now: float,
    limits: Mapping[tuple[str, tuple[tuple[str, str], ...]], float],
) -> dict[str, Cell]:
    cells: dict[str, Cell] = {}
    if row.numeric:
        cells[f"{row.key}.spark"] = {"d": sparkline.path(points, now)}
    if block is None:
        cells[row.key] = {"text": NOTHING, "data-quality": "missing"}
        cells[f"{row.key}.note"] = {"text": "not reported"}
        cells[f"{row.key}.raw"] = {"text": NOTHING}
        return cells
    flaw, value = block.flaws.get(position), block.values[position]
    quality = flaw.quality.value if flaw else "good"
    cells[row.key] = {
        "text": _value(value, flaw, row.series),
        "data-quality": quality,
    }
    cells[f"{row.key}.note"] = {"text": _note(value, flaw, row.series, limits)}
    cells[f"{row.key}.raw"] = {"text": raw_text(row.series, block.raws[position])}
    return cells


def _value(value: Value, flaw: Flaw | None, series: Series) -> str:
    if flaw is not None and flaw.quality is Quality.BAD:
        return NOTHING
    if series.metric.kind is Kind.INFO:
        return "reported"
    return figure(value, series.metric)


def _note(
    value: Value,
    flaw: Flaw | None,
    series: Series,
    limits: Mapping[tuple[str, tuple[tuple[str, str], ...]], float],
) -> str:
    """Return why a value is not good, or its percentage of its limit."""
    if flaw is not None:
        return f"{flaw.quality.value}: {flaw.reason}"
    limit = limits.get((series.metric.name, tuple(sorted(series.labels))))
    if limit and isinstance(value, int | float):
        return f"{value / limit:.0%} of {quantity(limit, series.metric.unit, 3)}"
    return ""


def _limits(state: DeviceState, now: float) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return the limits that the device reports, by the metric they bound and its labels."""
    bounds = {limit: measured for measured, limit in _LIMITS.items()}
    found = {}
    for block in state.blocks(now):
        for position, series in enumerate(block.series):
            value = block.values[position]
            for suffix, measured in bounds.items():
                if series.metric.name.endswith(suffix) and isinstance(value, int | float):
                    name = series.metric.name.removesuffix(suffix) + measured
                    found[(name, tuple(sorted(series.labels)))] = float(value)
    return found
