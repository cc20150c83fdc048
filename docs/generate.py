"""Write the pages made from profiles and the catalogue, and the dashboards: ``make docs``."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from agent.model import smi
from agent.model.catalogue import CATALOGUE, Kind, Metric
from agent.model.units import WORDS
from agent.plan import Cost, costs, make_plan
from agent.profile.library import open_library
from agent.profile.points import Identify, Profile, SnmpPoint
from docs import configuration, dashboards, faults, own_metrics

DOCS = Path(__file__).parent
PROFILES = DOCS.parent / "drivers" / "profiles"

GENERATED = "<!-- written by 'make docs' from the profiles and the catalogue; do not edit -->"

GENERATED_MODELS = "<!-- written by 'make docs' from the models that check it; do not edit -->"

GENERATED_FAULTS = (
    "<!-- written by 'make docs' from tests/end_to_end/faults_seen.yaml; do not edit -->"
)

KINDS = {
    "pdu": "Power distribution",
    "power_shelf": "Power shelves and supplies",
    "bbu": "Battery units",
    "ups": "Uninterruptible supplies",
    "cdu": "Coolant distribution",
    "cooling": "Cooling",
    "switch": "Switches",
    "sensor": "Environment sensors",
    "other": "Anything else",
}
"""The kinds of device in the order of the page, and its headings."""

COMPONENTS = (
    "absolute_humidity",
    "air_pressure",
    "air_velocity",
    "dew_point",
    "output_phase",
    "psu_input",
    "psu_output",
    "relative_humidity",
)
"""Components of metric names that are more than one word."""

_EVERYWHERE = frozenset({"unit", "name", "index"})


# --- words ------------------------------------------------------------------------------------


def component(metric: Metric) -> str:
    """Return the component of a metric: ``outlet`` of ``rack_outlet_power_watts``."""
    rest = metric.name.removeprefix("rack_")
    fitting = (name for name in COMPONENTS if rest == name or rest.startswith(f"{name}_"))
    return next(fitting, rest.partition("_")[0])


def quantity(metric: Metric) -> str:
    """Return the quantity: ``apparent power`` of ``rack_outlet_apparent_power_voltamperes``."""
    rest = metric.name.removeprefix("rack_").removeprefix(component(metric))
    unit = "value" if metric.unit == "pH" else WORDS.get(metric.unit, "")
    rest = rest.removesuffix("_total").removesuffix(f"_{unit}")
    return rest.strip("_").replace("_", " ")


def reads(profile: Profile) -> str:
    """Return a profile's metrics by component: ``inlet (current, power), outlet (state)``."""
    found: dict[str, dict[str, None]] = {}
    for point in profile.points:
        if isinstance(point, SnmpPoint) and point.skip:
            continue
        metric = point.metric
        found.setdefault(component(metric), {})[quantity(metric)] = None
    return ", ".join(_with_quantities(name, set(found[name])) for name in sorted(found))


def _with_quantities(name: str, quantities: set[str]) -> str:
    inside = ", ".join(sorted(quantities - {""}))
    text = name.replace("_", " ")
    return f"{text} ({inside})" if inside else text


def seen(profile: Profile) -> str:
    """Return the verified models: the comment beside ``verified`` in the profile's file."""
    text = Path(profile.file).read_text(encoding="utf-8")
    found = re.search(r"^verified:\s*\w+\s+#\s*(.+?)\s*$", text, re.MULTILINE)
    return found[1] if found else ""


def fits(rules: Iterable[Identify]) -> str:
    """Return the rules by which ``identify`` selects the profile, as text."""
    texts = []
    for rule in rules:
        parts = []
        if rule.sys_object_ids:
            prefixes = ", ".join(f"`{smi.dotted(each)}`" for each in rule.sys_object_ids)
            parts.append(f"sysObjectID below {prefixes}")
        if rule.sys_descr is not None:
            parts.append(f"sysDescr matches {_code(rule.sys_descr.pattern)}")
        if rule.probe is not None:
            parts.append(f"it has `{smi.dotted(rule.probe)}`")
        if rule.address is not None:
            text = f"{rule.table} register {rule.address} answers"
            if rule.matches is not None:
                text += f" with text that matches {_code(rule.matches.pattern)}"
            parts.append(text)
        texts.append(" and ".join(parts) or "nothing else fits")
    return "; or ".join(texts) or "by name only"


def _code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _bytes(count: int) -> str:
    return f"{count} B" if count < 10_000 else f"{count / 1000:.1f} kB"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _one_line(text).replace("|", "\\|")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(map(_cell, row)) + " |"


# --- devices.md -------------------------------------------------------------------------------


def devices(profiles: Sequence[Profile]) -> str:
    """Return the page of device families."""
    return "\n".join(_devices(profiles)) + "\n"


def _devices(profiles: Sequence[Profile]) -> Iterator[str]:
    yield "# Devices"
    yield ""
    yield GENERATED
    yield ""
    yield (
        f"{len(profiles)} profiles. A profile is written from its MIB or register map and reads the"
        " whole family: every phase, line, bank, outlet, sensor and unit that the device lists,"
        " also on models that are not listed here. `rackagent identify URL` shows which profile"
        " fits a device; `rackagent profiles show NAME` its points and their sources."
    )
    yield ""
    yield (
        "*Verified* names what the numbers were compared with: **hardware**, a **recording** of"
        " real devices (with the values of another program), or the **datasheet** alone."
    )
    yield ""
    yield (
        "*Requests* is the number of requests to one device in every cycle, *slow* those every few"
        " minutes in addition (names, units, ratings). Bytes are those of the requests and the"
        " least of the answers: each table walked as if it had one row. SNMP needs more of them"
        " if a table has more rows than fit in one answer."
    )
    for kind, heading in KINDS.items():
        members = [profile for profile in profiles if profile.kind == kind]
        if members:
            yield from _overview(heading, members)
    yield ""
    yield "## Profile by profile"
    for profile in profiles:
        yield from _profile(profile)


def _overview(heading: str, profiles: Sequence[Profile]) -> Iterator[str]:
    yield ""
    yield f"## {heading}"
    yield ""
    head = ("profile", "devices", "over", "verified", "requests", "slow", "out", "in, at least")
    rows = []
    for profile in profiles:
        cycle, slow = _split(costs(profile, make_plan(profile)))
        rows.append(
            (
                f"[{profile.name}](#{profile.name})",
                profile.title,
                "SNMP" if profile.protocol == "snmp" else "Modbus",
                profile.verified,
                str(len(cycle)),
                str(len(slow)) if slow else "",
                _bytes(sum(cost.bytes_out for cost in cycle)),
                _bytes(sum(cost.bytes_in for cost in cycle)),
            )
        )
    yield from _table(head, rows)


def _split(found: Iterable[Cost]) -> tuple[list[Cost], list[Cost]]:
    """Return the requests of every cycle, and those made now and then."""
    listed = list(found)
    cycle = [cost for cost in listed if not cost.request.interval_s]
    return cycle, [cost for cost in listed if cost.request.interval_s]


def _profile(profile: Profile) -> Iterator[str]:
    found = costs(profile, make_plan(profile))
    verified = profile.verified
    if models := seen(profile):
        verified += f" ({models})"
    yield ""
    yield f"### {profile.name}"
    yield ""
    yield f"{_one_line(profile.title)}."
    yield ""
    yield f"- reads: {reads(profile)}"
    yield f"- verified by: {verified}"
    yield f"- identified by: {fits(profile.identify)}"
    yield f"- requests: {_requests(found)}"
    yield f"- source: {_one_line(profile.source)}"
    if profile.notes:
        yield ""
        yield _one_line(profile.notes)


def _requests(found: Sequence[Cost]) -> str:
    by_interval: dict[float, list[Cost]] = {}
    for cost in found:
        by_interval.setdefault(cost.request.interval_s, []).append(cost)
    return "; ".join(
        f"{len(group)} {f'every {interval:g} s' if interval else 'per cycle'}"
        f" ({_bytes(sum(cost.bytes_out for cost in group))} out,"
        f" at least {_bytes(sum(cost.bytes_in for cost in group))} in{_line_time(group)})"
        for interval, group in sorted(by_interval.items())
    )


def _line_time(group: Iterable[Cost]) -> str:
    seconds = sum(cost.seconds for cost in group)
    return f", {seconds * 1000:.0f} ms of the serial line" if seconds else ""


# --- metrics.md -------------------------------------------------------------------------------


def metrics(catalogue: Iterable[Metric]) -> str:
    """Return the page of metrics."""
    return "\n".join([*_metrics(catalogue), *_own()]) + "\n"


def _own() -> Iterator[str]:
    yield from ("", "## The agent's own", "")
    yield "The process metrics (`process_*`) of every Prometheus exporter are present as well."
    yield from ("", "| metric | kind | description |", "|---|---|---|")
    for family in own_metrics.families():
        yield f"| `{family.name}` | {family.kind} | {family.help} |"


def _metrics(catalogue: Iterable[Metric]) -> Iterator[str]:
    yield "# Metrics"
    yield ""
    yield GENERATED
    yield ""
    yield (
        "Every metric that a device's readings can have. Values are in base units, percentages are"
        " ratios from 0 to 1. A value outside its range is physically impossible for one rack: it"
        " is bad, and not exposed as a number."
    )
    yield ""
    yield (
        "All metrics carry `site`, `rack` and `device`. Any may carry `unit` (which unit of a"
        " chain), `name` (the name given to the part) and `index` (the device's own row number,"
        " if names alone do not distinguish two parts). A label that does not apply is absent."
    )
    yield ""
    yield (
        "A *state* is exposed as one series per state it can take, with the state's name in a label"
        " of its own and the value 1 for the present state. An *info* is always 1: its labels"
        " hold the information."
    )
    groups: dict[str, list[Metric]] = {}
    for metric in catalogue:
        groups.setdefault(component(metric), []).append(metric)
    for name in sorted(groups):
        yield ""
        yield f"## {name.replace('_', ' ')}"
        yield ""
        head = ("metric", "unit", "kind", "range", "labels", "what")
        yield from _table(head, map(_row, groups[name]))


def _row(metric: Metric) -> tuple[str, ...]:
    return (
        f"`{metric.name}`",
        metric.unit,
        metric.kind.value,
        _range(metric),
        ", ".join(sorted(metric.labels - _EVERYWHERE)),
        metric.help,
    )


def _range(metric: Metric) -> str:
    if metric.kind in (Kind.STATE, Kind.INFO) or (metric.low is None and metric.high is None):
        return ""
    low, high = (
        "" if bound is None else f"{bound:g}" if abs(bound) < 100_000 else f"{bound:.0f}"
        for bound in (metric.low, metric.high)
    )
    return f"{low} .. {high}".strip()


# --- both -------------------------------------------------------------------------------------


def pages() -> dict[str, str]:
    """Return every generated page's text by its file name, from the profiles of this checkout."""
    library = open_library([PROFILES])
    shipped = [profile for profile in library.all() if Path(profile.file).is_relative_to(PROFILES)]
    return {
        "configuration.md": configuration.page(GENERATED_MODELS),
        "generations.md": configuration.generations_page(GENERATED_MODELS),
        "commissioning-faults.md": faults.page(GENERATED_FAULTS),
        "devices.md": devices(shipped),
        "metrics.md": metrics(CATALOGUE.values()),
    }


def main() -> None:
    """Write the pages."""
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")
    dashboards.write()


if __name__ == "__main__":
    main()
