"""The DC side of the power page: power shelves with their PSUs, the bus bar, batteries."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from agent.model.figures import NOTHING
from agent.web.draw.cells import amount, bar, divided, percent, text, total, word
from agent.web.draw.screen import Cell
from agent.web.pages.builder import PageBuilder, Rows
from agent.web.pages.power import model

_SUPPLY_WATTS = "rack_psu_output_power_watts"
_BUS_VOLTS = "rack_busbar_voltage_volts"
_CHARGED, _HEALTHY = 0.95, 0.9  # below these a battery is marked


@dataclass(frozen=True, slots=True)
class Shelf:
    """A power shelf (or a single power supply) and its PSUs."""

    name: str
    rows: Rows


def shelves(page: PageBuilder) -> list[Shelf]:
    """Return the power shelves with their PSUs, and add their cells."""
    found = []
    for one in page.of("power_shelf"):
        seen, cells = page.values[one.name], page.cells
        listed = model.supplies(seen)
        volts = model.plain(seen, _BUS_VOLTS) or model.plain(seen, "rack_psu_output_voltage_volts")
        amperes = total([*model.plain(seen, "rack_busbar_current_amperes")])
        if amperes is None:
            amperes = total([*model.plain(seen, "rack_psu_output_current_amperes")])
        share = _load(page, one.name, listed)
        page.state(one.name)
        cells |= {
            f"{one.name}.watts": text(amount(one.watts, "W")),
            f"{one.name}.volts": text(amount(sum(volts) / len(volts) if volts else None, "V")),
            f"{one.name}.amperes": text(amount(amperes, "A")),
            f"{one.name}.bar": bar(share),
            f"{one.name}.share": percent(share),
            f"{one.name}.count": text("" if one.state == "down" else _counted(listed)),
            f"{one.name}.less": percent(model.one_less([each.share for each in listed])),
        }
        rows = []
        for position, each in enumerate(listed):
            key = f"{one.name}.{position}"
            cells |= {
                f"{key}.watts": text(amount(each.watts, "W")),
                f"{key}.bar": bar(each.share),
                f"{key}.share": percent(each.share),
                f"{key}.state": word(each.state) if each.state else text(""),
            }
            rows.append((key, each.name))
        found.append(Shelf(one.name, tuple(rows)))
        if one.state == "down":
            page.unreported.append(f"{one.name} is down.")
        elif listed and all(each.share is None for each in listed) and share is None:
            page.unreported.append(f"{one.name} does not report its load.")
    if not found:
        page.unreported.append("No DC data: this rack has no power shelf.")
    return found


def _load(page: PageBuilder, name: str, listed: Sequence[model.Supply]) -> float | None:
    """Return the load of a shelf as a share of its rating: as reported, else from its PSUs."""
    reported = model.plain(page.values[name], "rack_busbar_utilization_ratio")
    if reported:
        return max(reported)
    shares = [each.share for each in listed]
    summed = total([*shares])
    return None if None in shares or summed is None else summed / len(shares)


def _counted(listed: Sequence[model.Supply]) -> str:
    """Return the number of PSUs by state, as in ``6 PSUs, 6 normal``."""
    if not listed:
        return "reports no PSU"
    many = f"{len(listed)} {'PSU' if len(listed) == 1 else 'PSUs'}"
    states = Counter(each.state.replace("_", " ") for each in listed if each.state)
    return ", ".join((many, *(f"{count} {state}" for state, count in states.items())))


def one_less(page: PageBuilder, listed: Sequence[Shelf]) -> list[tuple[str, str]]:
    """Return the rows for the loss of a PSU of the most loaded shelf and of a whole shelf."""
    found = []
    fullest: tuple[float, str] | None = None
    for shelf in listed:
        share = model.one_less([s.share for s in model.supplies(page.values[shelf.name])])
        if share is not None and (fullest is None or share > fullest[0]):
            fullest = share, shelf.name
    if fullest is not None:
        found.append(("lost.psu", "One PSU of a shelf lost"))
        page.cells |= {
            "lost.psu.says": text(f"each remaining PSU of {fullest[1]} carries {fullest[0]:.0%}"),
            "lost.psu.bar": bar(fullest[0]),
            "lost.psu.share": percent(fullest[0]),
        }
    if len(listed) > 1:
        loads = [_load(page, s.name, model.supplies(page.values[s.name])) for s in listed]
        share = model.one_less(loads)
        if share is not None:
            found.append(("lost.shelf", "One power shelf lost"))
            says = f"the other {len(listed) - 1} carry {share:.0%} each, at equal ratings"
            page.cells |= {
                "lost.shelf.says": text(says),
                "lost.shelf.bar": bar(share),
                "lost.shelf.share": percent(share),
            }
        else:
            page.unreported.append(
                "Not every shelf reports its load, so the load after losing one is unknown."
            )
    return found


def bus(page: PageBuilder, listed: Sequence[Shelf]) -> None:
    """Add the cells of the bus bar, as the shelves report it, and of the AC/DC efficiency."""
    values = [page.values[shelf.name] for shelf in listed]
    volts = [v for seen in values for v in model.plain(seen, _BUS_VOLTS)]
    if not volts:
        volts = [v for seen in values for v in model.plain(seen, "rack_psu_output_voltage_volts")]
    hot = [value for seen in values for _, value in seen.each("rack_busbar_temperature_celsius")]
    delivered = total([page.summaries[shelf.name].watts for shelf in listed])
    taken = total([_taken(page, shelf.name) for shelf in listed])
    ratio = divided(delivered, taken)
    spread = f"{amount(min(volts), 'V', 4)} to {amount(max(volts), 'V', 4)}" if volts else NOTHING
    page.cells |= {
        "bus.volts": text(amount(sum(volts) / len(volts) if volts else None, "V", 4)),
        "bus.spread": text(spread),
        "bus.watts": text(amount(delivered, "W")),
        "bus.hot": text(amount(max(hot, default=None), "degC")),
        "bus.taken": text(amount(taken, "W")),
        "bus.ratio": text(NOTHING if ratio is None else f"{ratio:.1%}"),
    }


def _taken(page: PageBuilder, name: str) -> float | None:
    seen = page.values[name]
    inputs = model.plain(seen, "rack_psu_input_power_watts")
    return total([*(inputs or model.plain(seen, "rack_inlet_power_watts"))])


def _at_least(share: float | None, least: float) -> Cell:
    if share is None:
        return text(NOTHING, "waiting")
    low = share < least
    return text(f"{'▲ ' if low else ''}{amount(share, 'ratio')}", "alarm" if low else "up")


def batteries(page: PageBuilder) -> Rows:
    """Return the batteries of the rack, of all devices, and add their cells."""
    found = []
    for name, seen in page.values.items():
        for position, each in enumerate(model.batteries(seen)):
            key = f"{name}.bat{position}"
            page.cells |= {
                f"{key}.charge": _at_least(each.charge, _CHARGED),
                f"{key}.bar": {
                    **bar(each.charge),
                    "data-state": _at_least(each.charge, _CHARGED)["data-state"],
                },
                f"{key}.health": _at_least(each.health, _HEALTHY),
                f"{key}.runtime": text(amount(each.runtime, "s")),
                f"{key}.hot": text(amount(each.celsius, "degC")),
                f"{key}.state": word(each.state) if each.state else text(NOTHING),
            }
            found.append((key, f"{name} {each.name}"))
    if not found:
        page.unreported.append("No battery data: no device of this rack reports any.")
    return tuple(found)
