"""Print results: tables with colour on a terminal, plain text in a pipe, JSON for programs."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from agent.model import smi
from agent.model.figures import short
from agent.model.printable import escaped_json, printable
from agent.model.series import OidSource
from agent.model.values import GetOids, Quality, Reading, ReadRegisters, Request
from agent.plan import Cost
from agent.plan.lines import LineLoad, Load
from agent.poll.identify import Identification
from agent.poll.reader import DeviceRead
from agent.profile.points import ModbusPoint, Profile, SnmpPoint

_PIPED_WIDTH = 10_000  # wide enough that no cell is cut in a pipe


_LAYOUT = "\n\t"  # control characters that a text for people may have


class Terminal(Console):
    """Console that shows no control characters of devices, files and people.

    It passes a broken pipe on to the caller.
    """

    def on_broken_pipe(self) -> None:
        """Raise the BrokenPipeError, which rich would turn into exit status 1."""
        raise

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield the segments of a renderable with printable texts."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(printable(segment.text, _LAYOUT), segment.style)


def _console() -> Console:
    """Return a console on the present stdout: as wide as the terminal, or plain in a pipe."""
    return Terminal(
        width=None if sys.stdout.isatty() else _PIPED_WIDTH, highlight=False, soft_wrap=True
    )


def out(text: str) -> None:
    """Print one line on stdout."""
    sys.stdout.write(printable(text, _LAYOUT) + "\n")


def err(text: str) -> None:
    """Print one line on stderr; red on a terminal when it is an error."""
    style = "bold red" if text.startswith("error:") else "yellow" if text.startswith("warn") else ""
    Terminal(stderr=True, highlight=False, soft_wrap=True).print(Text(text, style=style))


def warn(problem: object) -> None:
    """Print one warning on stderr."""
    err(f"warning: {problem}")


def out_json(value: Any) -> None:
    """Print a JSON document on stdout."""
    _out_json(json.dumps(value, indent=2, ensure_ascii=False))


def out_json_line(value: Any) -> None:
    """Print a JSON document on stdout as one line."""
    _out_json(json.dumps(value, ensure_ascii=False))


def _out_json(text: str) -> None:
    sys.stdout.write(escaped_json(text) + "\n")


def _table(*columns: str, right: Sequence[str] = ()) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(
            printable(column), justify="right" if column in right else "left", no_wrap=True
        )
    return table


def _add(table: Table, *cells: str | Text) -> None:
    """Add a row of plain texts: texts of a device may look like rich's markup or emoji codes."""
    texts = (Text(printable(cell, _LAYOUT)) if isinstance(cell, str) else cell for cell in cells)
    table.add_row(*texts)


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()
) -> None:
    """Print rows of plain texts below their columns' names; columns in ``right`` align right."""
    table = _table(*columns, right=right)
    for row in rows:
        _add(table, *row)
    _console().print(table)


def plan_json(loads: Sequence[Load], lines: Sequence[LineLoad]) -> dict[str, Any]:
    """Return a plan as JSON. ``requests`` of a device is null until its profile is known."""
    return {
        "devices": [
            {
                "device": load.device,
                "profile": load.profile,
                "line": load.line or None,
                "interval_s": load.cycle_s,
                "requests": None
                if load.costs is None
                else [_cost_json(load, c) for c in load.costs],
            }
            for load in loads
        ],
        "lines": [
            {
                "line": line.line,
                "devices": list(line.devices),
                "unknown": list(line.unknown),
                "requests": line.requests,
                "bytes_out": line.bytes_out,
                "bytes_in_at_least": line.bytes_in,
                "seconds": round(line.seconds, 6),
                "share": round(line.share, 6),
                "warning": line.warning or None,
            }
            for line in lines
        ],
    }


def _cost_json(load: Load, cost: Cost) -> dict[str, Any]:
    return {
        "kind": _kind(cost.request),
        "what": _what(cost.request),
        "interval_s": cost.request.interval_s or load.cycle_s,
        "points": cost.points,
        "bytes_out": cost.bytes_out,
        "bytes_in_at_least": cost.bytes_in,
        "seconds": round(cost.seconds, 6) if load.line else None,
    }


def _kind(request: Request) -> str:
    if isinstance(request, ReadRegisters):
        return f"read {request.table}"
    return "get" if isinstance(request, GetOids) else "walk"


def _what(request: Request) -> str:
    if isinstance(request, ReadRegisters):
        last = request.address + request.count - 1
        return f"{request.address}..{last} ({request.count})"
    oids = request.oids if isinstance(request, GetOids) else request.columns
    more = f" and {len(oids) - 1} more" if len(oids) > 1 else ""
    return smi.dotted(oids[0]) + more


def print_plan(loads: Sequence[Load], lines: Sequence[LineLoad]) -> None:
    """Print one line per request, one sum per device, and one per Modbus line."""
    right = ("every", "points", "out", "in >=", "time", "requests", "used")
    table = _table(
        "device", "profile", "every", "request", "what", "points", "out", "in >=", "time",
        right=right,
    )  # fmt: skip
    for load in loads:
        if load.costs is None:
            row = (load.device, load.profile, _every(load.cycle_s), "-", "asks the device")
            _add(table, *row)
            continue
        for cost in load.costs:
            _add(
                table,
                load.device,
                load.profile,
                _every(cost.request.interval_s or load.cycle_s),
                _kind(cost.request),
                _what(cost.request),
                *_sums(load, [cost]),
            )
        what = f"{len(load.cycle)} requests"
        cycle = Text("cycle", style="bold")
        _add(table, load.device, "", "", cycle, what, *_sums(load, load.cycle))
    console = _console()
    console.print(table)
    if lines:
        table = _table("line", "devices", "requests", "out", "in >=", "time", "used", right=right)
        for line in lines:
            unknown = f", {len(line.unknown)} of them unknown" if line.unknown else ""
            _add(
                table,
                line.line,
                f"{len(line.devices)}{unknown}",
                str(line.requests),
                f"{line.bytes_out} B",
                f"{line.bytes_in} B",
                _time(line.seconds),
                f"{line.share:.1%}",
            )
        console.print()
        console.print(table)


def _sums(load: Load, costs: Sequence[Cost]) -> tuple[str, str, str, str]:
    return (
        str(sum(cost.points for cost in costs)),
        f"{sum(cost.bytes_out for cost in costs)} B",
        f"{sum(cost.bytes_in for cost in costs)} B",
        _time(sum(cost.seconds for cost in costs)) if load.line else "",
    )


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def _every(seconds: float) -> str:
    return f"{seconds:g} s"


def print_look(look: DeviceRead) -> None:
    """Print the identity of the device, every reading and every failure."""
    console = _console()
    if look.profile is not None and look.identity is not None:
        who = look.identity
        parts = (who.vendor, who.model, who.serial and f"serial {who.serial}",
                 who.firmware and f"firmware {who.firmware}")  # fmt: skip
        named = ", ".join(part for part in parts if part) or "no identity reported"
        console.print(
            Text.assemble((look.profile.name, "bold"), f" ({look.profile.kind}): {named}")
        )
    if look.readings:
        console.print(_readings(look.readings))
    for failure in look.failures:
        console.print(Text(f"failed: {failure.kind}: {failure.message}", style="yellow"))
    if look.profile is not None:
        count = Counter(reading.quality for reading in look.readings)
        doubted = f"{count[Quality.UNCERTAIN]} uncertain, " if count[Quality.UNCERTAIN] else ""
        console.print(
            f"{len(look.readings)} readings, {doubted}{count[Quality.BAD]} bad,"
            f" {len(look.failures)} failures"
        )


def _readings(readings: Sequence[Reading]) -> Table:
    table = _table("metric", "labels", "value", "unit", "source", "raw", right=("value",))
    for reading in readings:
        labels = " ".join(f"{name}={value}" for name, value in reading.labels.items())
        good = reading.quality is not Quality.BAD
        value = _number(reading.value) if good else Text(reading.quality.value, style="red")
        unit = Text(reading.unit if good else "")
        if reading.quality is Quality.UNCERTAIN:
            unit.append(" uncertain: ", style="yellow")
        unit.append(reading.reason, style="dim")
        raw = reading.raw if isinstance(reading.raw, int) else _short(reading.raw)
        _add(table, reading.metric, labels, value, unit, _place(reading), str(raw))
    return table


def _number(value: object) -> str:
    return short(value, 10) if isinstance(value, float) else str(value)


def _short(raw: object) -> str:
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
    text = printable(text)
    return text if len(text) <= 24 else text[:23] + "…"


def _place(reading: Reading) -> str:
    source = reading.source
    if isinstance(source, OidSource):
        return source.oid
    return f"{source.table} {source.address}" + (f"+{source.count}" if source.count > 1 else "")


def identification_json(found: Identification) -> dict[str, Any]:
    """Return the JSON of ``rackagent identify --format json``."""
    return {
        "sys_object_id": found.sys_object_id,
        "sys_descr": found.sys_descr,
        "sys_name": found.sys_name,
        "candidates": [
            {"profile": c.profile.name, "kind": c.profile.kind, "score": c.score, "why": c.why}
            for c in found.candidates
        ],
    }


def print_identification(found: Identification) -> None:
    """Print the identity that the device reports, then the profiles that fit, best first."""
    console = _console()
    for name, text in (
        ("sysObjectID", found.sys_object_id),
        ("sysDescr", found.sys_descr),
        ("sysName", found.sys_name),
    ):
        if text:
            console.print(Text(f"{name}: {text}"))
    table = _table("profile", "kind", "score", "why", right=("score",))
    for candidate in found.candidates:
        profile = candidate.profile
        _add(table, profile.name, profile.kind, str(candidate.score), candidate.why)
    console.print(table)


def profile_json(profile: Profile, *, points: bool = False) -> dict[str, Any]:
    """Return a profile as JSON, with its points if ``points`` is set."""
    found: dict[str, Any] = {
        "profile": profile.name,
        "title": profile.title,
        "kind": profile.kind,
        "protocol": profile.protocol,
        "verified": profile.verified,
        "source": profile.source,
        "file": profile.file,
        "points": len(profile.points),
    }
    if points:
        found["points"] = [_point_json(point) for point in profile.points]
    return found


def _point_json(point: SnmpPoint | ModbusPoint) -> dict[str, Any]:
    place: dict[str, Any] = (
        {"oid": smi.dotted(point.oid)}
        if isinstance(point, SnmpPoint)
        else {"derived": point.derived.text}
        if point.derived is not None
        else {"table": point.table, "address": point.address, "data_type": point.data_type}
    )
    return {"metric": point.metric.name, "labels": dict(point.labels), **place,
            "unit": point.conversion.unit, "interval_s": point.interval_s}  # fmt: skip


def print_profiles(profiles: Sequence[Profile]) -> None:
    """Print one line per profile."""
    table = _table("profile", "kind", "protocol", "points", "verified", "title", right=("points",))
    for p in profiles:
        _add(table, p.name, p.kind, p.protocol, str(len(p.points)), p.verified, p.title)
    _console().print(table)


def print_profile(profile: Profile) -> None:
    """Print what one profile reads."""
    console = _console()
    console.print(Text.assemble((profile.name, "bold"), f": {profile.title}"))
    console.print(f"{profile.kind} over {profile.protocol}, verified by {profile.verified}")
    console.print(Text(f"source: {profile.source}"))
    if profile.notes:
        console.print(Text(profile.notes.strip()))
    table = _table("metric", "labels", "from", "scale", "unit")
    for point in profile.points:
        place = smi.dotted(point.oid) if isinstance(point, SnmpPoint) else _registers(point)
        labels = " ".join(f"{name}={text}" for name, text in point.labels)
        conversion = point.conversion
        scale = conversion.scale_lookup or str(conversion.scale)
        unit = f"by {conversion.unit_lookup}" if conversion.unit_lookup else conversion.unit
        _add(table, point.metric.name, labels, place, scale, unit)
    console.print(table)


def _registers(point: ModbusPoint) -> str:
    if point.derived is not None:
        return f"= {point.derived.text}"
    place = f"{point.table} {point.address} {point.data_type}"
    if point.bit is not None:
        place += f" bit {point.bit}" + (f"..{point.bit + point.bits - 1}" if point.bits > 1 else "")
    if point.scale_register is not None:
        place += f" x10^({point.scale_register})"
    return place
