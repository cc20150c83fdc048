"""The cooling page: a drawing of each loop, key values and margins, leaks, air and fans."""

from dataclasses import dataclass

from agent.events.records import ALARM_NAMES, LEAK, LEAK_SENSOR_FAULT
from agent.model.catalogue import CATALOGUE
from agent.model.figures import NOTHING, number
from agent.web.data.query import DeviceValues
from agent.web.data.site import Site
from agent.web.draw import sparkline
from agent.web.draw.cells import SIGNS, amount, divided, text, word
from agent.web.draw.screen import Cell, Screen, screen
from agent.web.draw.trend import TrendSource, trends
from agent.web.pages.builder import PageBuilder, Rows, begin
from agent.web.pages.cooling import model
from agent.web.pages.cooling.air import air_of
from agent.web.pages.cooling.model import FACILITY, TECHNOLOGY, Loop, less
from agent.web.pages.rack.view import colour

_PREFIXES = tuple(
    f"rack_{what}_"
    for what in ("coolant", "pump", "valve", "leak", "heat", "cooling", "air", "fan", "airflow",
                 "relative_humidity", "dew_point", "sensor_temperature")
)  # fmt: skip
_METRICS = frozenset(name for name in CATALOGUE if name.startswith(_PREFIXES))
_STILL = 0.01  # L/s; a flow meter at rest shows as much
_PUMPS_DRAWN = 4
_COOLANT = "rack_coolant_"
_TEMPERATURE = f"{_COOLANT}temperature_celsius"
_FLOW = f"{_COOLANT}flow_liters_per_second"
_W = "W"
_HEAT_FEW = 1_000.0  # W; below this the ratio of the two loops' heat is meaningless
_REPORTED = (
    ("wants", "Supply setpoint", f"{_COOLANT}temperature_setpoint_celsius", "degC"),
    ("flow", "Flow setpoint", f"{_COOLANT}flow_setpoint_liters_per_second", "L/s"),
    ("level", "Level", f"{_COOLANT}level_ratio", "ratio"),
    ("salt", "Conductivity", f"{_COOLANT}conductivity_siemens_per_meter", "S/m"),
    ("ph", "pH", f"{_COOLANT}ph_value", "pH"),
)
"""Values shown as reported: key, name, metric, unit."""


@dataclass(frozen=True, slots=True)
class CoolingUnit:
    """A cooling unit of this page, its pumps and its key values."""

    name: str
    facility: bool
    technology: bool
    valve: bool
    pumps: Rows
    figures: Rows


def cooling_page(site: Site, name: str) -> Screen:
    """Return the cooling page of one rack. Raises NotFound."""
    page = begin(site, name, _METRICS)
    units = [_unit(site, page, each) for each in _coolers(page)]
    if not units:
        page.unreported.append("No coolant data: no device of this rack reports any.")
    leaks = _leaks(page)
    air = air_of(page)
    frame = {
        "title": f"Cooling of {name}",
        "rack": name,
        "site": page.views[0].site,
        "tab": "cooling",
        "units": units,
        "leaks": leaks,
        "air": air,
        "unreported": page.unreported,
        "spark": sparkline,
    }
    return screen("cooling.html", frame, page.cells, name, units, leaks, air, page.unreported)


def _coolers(page: PageBuilder) -> list[str]:
    """Return the cooling units and any other device that reports coolant temperature or flow."""
    return [
        name
        for name, seen in page.values.items()
        if page.summaries[name].kind == "cdu"
        or seen.one(_TEMPERATURE) is not None
        or seen.one(_FLOW) is not None
    ]


def _unit(site: Site, page: PageBuilder, name: str) -> CoolingUnit:
    seen, one, cells = page.values[name], page.summaries[name], page.cells
    is_cdu = one.kind == "cdu"
    near = (TECHNOLOGY, "") if is_cdu else (TECHNOLOGY,)
    far = (FACILITY,) if is_cdu else (FACILITY, "")
    rack, hall = model.loop(seen, near), model.loop(seen, far)
    page.state(name)
    _pipes(cells, f"{name}.t", rack)
    _pipes(cells, f"{name}.f", hall)
    valve = seen.one("rack_valve_position_ratio")
    cells[f"{name}.valve"] = text(NOTHING if valve is None else f"{max(0.0, valve):.0%}")
    wanted = {
        f"{name}.spark.supply": TrendSource(_TEMPERATURE, near, "supply"),
        f"{name}.spark.return": TrendSource(_TEMPERATURE, near, "return"),
        f"{name}.spark.flow": TrendSource(_FLOW, near),
        f"{name}.spark.facility": TrendSource(_TEMPERATURE, far, "supply"),
    }
    cells.update(trends(site.history, name, wanted, site.store.now()))
    if one.state == "down":
        page.unreported.append(f"{name} is down.")
    elif one.state != "waiting":
        page.unreported += _unreported(name, rack, hall)
    return CoolingUnit(
        name,
        hall.known,
        rack.known,
        valve is not None,
        _pumps(cells, name, seen),
        _figures(page, name, rack, hall),
    )


def _pipes(cells: dict[str, Cell], key: str, loop: Loop) -> None:
    """Add the pipes of one loop: coloured by temperature, dashed without flow."""
    flows = loop.liters is None or loop.liters > _STILL
    for side, celsius in (("supply", loop.supply), ("return", loop.back)):
        cells[f"{key}.{side}"] = {
            "stroke": colour(celsius),
            "stroke-dasharray": "none" if loop.known and flows else "5 6",
        }
        cells[f"{key}.{side}.text"] = text(amount(celsius, "degC"))
    cells |= {
        f"{key}.flow": text(amount(loop.liters, "L/s") if loop.known else ""),
        f"{key}.pressure": text(amount(loop.pressure, "Pa") if loop.pressure is not None else ""),
        f"{key}.back": text(
            amount(loop.pressure_back, "Pa") if loop.pressure_back is not None else ""
        ),
        f"{key}.drop": text("" if loop.drop is None else f"ΔP {amount(loop.drop, 'Pa')}"),
        f"{key}.rise": text("" if loop.rise is None else f"ΔT {_kelvin(loop.rise)}"),
        f"{key}.heat": text(amount(loop.heat, "W")),
    }


def _figures(page: PageBuilder, name: str, rack: Loop, hall: Loop) -> Rows:
    """Return the key values of a unit that are known, and add their cells."""
    seen = page.values[name]
    drawn = page.total_power()
    heat = rack.heat if rack.heat is not None else hall.heat
    share = divided(heat, drawn)
    both = divided(hall.heat, rack.heat) if (rack.heat or 0.0) > _HEAT_FEW else None
    dew = model.dew_point(seen)
    if dew is None:
        dew = max((d for s in page.values.values() if (d := model.dew_point(s)) is not None),
                  default=None)  # fmt: skip
    coldest = rack.supply if rack.supply is not None else hall.supply
    margin = seen.one("rack_dew_point_margin_kelvin")
    margin = less(coldest, dew) if margin is None else margin
    reported = rack.reported_heat is not None or hall.reported_heat is not None
    how = "" if reported else " (calculated)"
    wanted: list[tuple[str, str, str]] = [
        ("heat", f"Heat removed{how}", amount(heat, "W")),
        ("share", "Liquid-cooled share",
         "" if share is None else f"{share:.0%} of {amount(drawn, _W)}"),
        ("rise", "ΔT (return − supply)", _kelvin(rack.rise)),
        ("both", "Heat to facility water",
         amount(hall.heat, _W) + (f" ({both:.0%})" if both is not None else "")),
        ("approach", "Approach temperature", _kelvin(less(rack.supply, hall.supply))),
        ("dew", "Dew point", amount(dew, "degC")),
        ("drop", "Rack ΔP", amount(rack.drops.get("rack"), "Pa")),
        ("filter", "Filter ΔP", amount(rack.drops.get("filter"), "Pa")),
        *((key, shown, amount(seen.one(metric), unit)) for key, shown, metric, unit in _REPORTED),
        ("power", "Power consumption", amount(seen.total("rack_cooling_power_watts") or None, _W)),
    ]  # fmt: skip
    rows = []
    for key, shown, value in wanted:
        if value and value != NOTHING:
            page.cells[f"{name}.figure.{key}"] = text(value)
            rows.append((f"{name}.figure.{key}", shown))
    if margin is not None:
        near = margin < model.DEW_MARGIN_K
        page.cells[f"{name}.figure.margin"] = text(
            f"{'▲ ' if near else ''}{_kelvin(margin)}", "alarm" if near else "up"
        )
        rows.insert(3, (f"{name}.figure.margin", "Dew-point margin"))
    return tuple(rows)


def _kelvin(value: float | None) -> str:
    return "" if value is None else f"{number(value, 3)}\N{NO-BREAK SPACE}K"


def _pumps(cells: dict[str, Cell], name: str, seen: DeviceValues) -> Rows:
    rows = []
    for position, pump in enumerate(model.pumps(seen)):
        key = f"{name}.pump{position}"
        running = (pump.rpm or 0) > 0 or (pump.rpm is None and (pump.duty or 0) > 0)
        shown = word(pump.state) if pump.state else text("running" if running else "stopped")
        cells[key] = {"data-state": shown.get("data-state", "up" if running else "waiting")}
        cells[f"{key}.rpm"] = text(
            amount(pump.duty, "ratio") if pump.rpm is None else f"{number(pump.rpm, 4)}"
        )
        cells[f"{key}.state"] = shown
        rows.append((key, pump.name))
    return tuple(rows)


def _unreported(name: str, rack: Loop, hall: Loop) -> list[str]:
    missing = []
    if rack.known:
        wanted = {"supply temperature": rack.supply, "return temperature": rack.back,
                  "flow": rack.liters}  # fmt: skip
        missing = [what for what, value in wanted.items() if value is None]
    sentences = []
    if missing:
        sentences.append(f"{name} does not report the {' and '.join(missing)} of its loop.")
    if not hall.known:
        sentences.append(f"{name} does not report the facility water.")
    if not rack.known and not hall.known:
        return [f"{name} does not report its coolant loops."]
    return sentences


def _leaks(page: PageBuilder) -> Rows:
    rows, states = [], []
    for name, seen in page.values.items():
        for position, leak in enumerate(model.leaks(seen)):
            state, says = leak.verdict
            key = f"{name}.leak{position}"
            page.cells[key] = text(f"{SIGNS[state]} {says}", state)
            states.append(state)
            rows.append((key, f"{name} {leak.name}"))
    if not rows:
        page.unreported.append("No leak data: no device of this rack reports any.")
    bad = [state for state in ("down", "alarm") if state in states]
    shown = f"{len(states)} dry" if states else NOTHING
    if bad:
        name = ALARM_NAMES[LEAK if bad[0] == "down" else LEAK_SENSOR_FAULT]
        shown = f"{states.count(bad[0])} of {len(states)}: {name}"
    state = bad[0] if bad else "up" if states else "waiting"
    page.cells["head.leaks"] = text(f"{SIGNS[state]} {shown}" if states else NOTHING, state)
    return tuple(rows)
