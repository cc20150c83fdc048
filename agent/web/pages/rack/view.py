"""The rack page: elevation with feeds, bus bar and coolant, and the active problems."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agent.expose.device_info import DeviceView
from agent.model.figures import NOTHING, quantity
from agent.web.data.site import Site, feed_of
from agent.web.data.summary import Summary, label
from agent.web.draw.cells import SIGNS, amount, counted, state_cell, total, worst
from agent.web.draw.screen import Cell, Screen, screen
from agent.web.pages.rack.elevation import GAP, STRIP, Box, Elevation, Placed, elevation

_WIDEST, _THINNEST = 12.0, 2.0
_COLD_C, _HOT_C = 20.0, 60.0
_COLD_HUE, _HUES = 215.0, 150.0
_NAME_CHARS, _STRIP_CHARS, _HALF_CHARS = 20, 9, 12


_WRONG_MAX = 60

Wrong = tuple[str, str, str]
"""A device, the sign of its state, and the key of the cell with the problem."""


@dataclass(frozen=True, slots=True)
class FlowLine:
    """A feed, the bus bar or a coolant line in the drawing, from ``top`` to ``bottom`` at ``x``."""

    key: str
    name: str
    x: int
    top: int
    bottom: int
    stubs: tuple[tuple[int, int, int], ...]
    """Short lines to devices: from x, to x, at y."""


@dataclass(frozen=True, slots=True)
class DeviceBox:
    """A device in the drawing, with its shortened name and the key of its cell."""

    box: Box
    short: str
    key: str
    wide: bool


def rack_page(site: Site, name: str) -> Screen:
    """Return the page of one rack. Raises NotFound."""
    views = site.rack(name)
    summaries = {view.name: site.summary(view) for view in views}
    plan = elevation(
        [
            Placed(view.name, summaries[view.name].kind, view.position, feed_of(view))
            for view in views
        ]
    )
    cells: dict[str, Cell] = {}
    for one in summaries.values():
        cells |= _device_cells(one)
    cells |= _flows(views, summaries)
    cells |= head_cells(list(summaries.values()))
    wrong, more = _wrong(summaries.values(), cells)
    frame = {
        "title": name,
        "rack": name,
        "site": views[0].site,
        "tab": "rack",
        "plan": plan,
        "drawn": [_drawn(box) for box in sorted(plan.boxes, key=lambda b: (b.strip, b.y, b.x))],
        "lines": _lines(plan, views, summaries),
        "unplaced": any(not box.sure for box in plan.boxes),
        "wrong": wrong,
        "more": more,
        "devices": [(one.name, one.kind.replace("_", " ")) for one in summaries.values()],
    }
    return screen("rack.html", frame, cells, plan, wrong, more, name)


def _wrong(summaries: Iterable[Summary], cells: dict[str, Cell]) -> tuple[list[Wrong], int]:
    """Return the active problems of a rack, and the number of those beyond 60; add their cells."""
    found: list[Wrong] = []
    more = 0
    for one in summaries:
        texts = one.alarms or ((one.reason or "no answer",) if one.state == "down" else ())
        for number, text in enumerate(texts):
            if len(found) == _WRONG_MAX:
                more += 1
                continue
            key = f"w.{one.name}.{number}"
            cells[key] = {"text": text}
            found.append((one.name, SIGNS[one.state], key))
    return found, more


def _first(values: Iterable[float | None]) -> float | None:
    """Return the first value that is known, else None."""
    return next((value for value in values if value is not None), None)


def head_cells(all_of_them: Sequence[Summary]) -> dict[str, Cell]:
    """Return the cells of the key values at the top: state, power, coolant, devices."""
    states = [one.state for one in all_of_them]
    supply = _first(one.supply_celsius for one in all_of_them)
    back = _first(one.return_celsius for one in all_of_them)
    liters = _first(one.flow_liters_per_second for one in all_of_them)
    return {
        "head.state": state_cell(worst(states)),
        "head.devices": {"text": counted(states)},
        "head.power": {"text": _power(all_of_them)},
        "head.coolant": {
            "text": f"{amount(supply, 'degC')} → {amount(back, 'degC')}" if supply else NOTHING
        },
        "head.flow": {"text": amount(liters, "L/s")},
    }


def _power(all_of_them: Sequence[Summary]) -> str:
    """Return the power that the PDUs report, else the sum of all devices.

    It begins with ``≥`` if a PDU does not report its power.
    """
    pdus = [one for one in all_of_them if one.kind == "pdu"]
    known = [one.watts for one in pdus or all_of_them if one.watts is not None]
    if not known:
        return NOTHING
    least = "≥ " if pdus and len(known) < len(pdus) else ""
    return f"{least}{quantity(sum(known), 'W', 3)}"


def _device_cells(one: Summary) -> dict[str, Cell]:
    main = one.figure if one.state in ("up", "alarm") else one.state
    second = one.keys[1].text if len(one.keys) > 1 else ""
    return {
        f"d.{one.name}": {"data-state": one.state, "aria-label": label(one)},
        f"d.{one.name}.sign": {"text": SIGNS[one.state]},
        f"d.{one.name}.key": {"text": main},
        f"d.{one.name}.second": {"text": second},
        f"d.{one.name}.word": {"text": one.state, "data-state": one.state},
        f"d.{one.name}.all": {"text": ", ".join(f"{key.name} {key.text}" for key in one.keys)},
    }


def _drawn(box: Box) -> DeviceBox:
    most = _STRIP_CHARS if box.strip else _NAME_CHARS if box.width > 200 else _HALF_CHARS
    short = box.name if len(box.name) <= most else f"{box.name[: most - 1]}…"
    return DeviceBox(box, short, f"d.{box.name}", wide=box.width > 200)


def _lines(
    plan: Elevation, views: Sequence[DeviceView], summaries: Mapping[str, Summary]
) -> list[FlowLine]:
    boxes = {box.name: box for box in plan.boxes}
    left, right = plan.left, plan.left + plan.inner
    top, bottom = plan.top, plan.top + plan.height
    found = []
    feeds = {feed_of(view) for view in views if summaries[view.name].kind == "pdu"}
    if "A" in feeds:
        found.append(FlowLine("feed.a", "A", left - GAP - STRIP - 16, top, bottom, ()))
    if "B" in feeds:
        found.append(FlowLine("feed.b", "B", right + GAP + STRIP + 16, top, bottom, ()))
    shelves = [boxes[n] for n, one in summaries.items() if one.kind in ("power_shelf", "bbu")]
    if shelves:
        stubs = tuple((right, right + 22, _middle(box)) for box in shelves if not box.strip)
        found.append(FlowLine("bus", "bus bar", right + 22, top, bottom, stubs))
    coolers = [boxes[n] for n, one in summaries.items() if one.supply_celsius is not None]
    if coolers:
        for key, name, x in (
            ("loop.supply", "supply", left - 40),
            ("loop.return", "return", left - 54),
        ):
            stubs = tuple(
                (x, left, _middle(box) + (6 if key == "loop.supply" else -6)) for box in coolers
            )
            found.append(FlowLine(key, name, x, top, bottom, stubs))
    return found


def _middle(box: Box) -> int:
    return box.y + box.height // 2


def _flows(views: Sequence[DeviceView], summaries: Mapping[str, Summary]) -> dict[str, Cell]:
    """Return width, colour and text of the feed, bus bar and coolant lines."""
    feeds: dict[str, list[Summary]] = {"A": [], "B": []}
    for view in views:
        one = summaries[view.name]
        if one.kind == "pdu" and feed_of(view) in feeds:
            feeds[feed_of(view)].append(one)
    watts = {name: total([one.watts for one in listed]) for name, listed in feeds.items()}
    most = max((value for value in watts.values() if value), default=0.0)
    cells: dict[str, Cell] = {}
    for name, value in watts.items():
        share = (value or 0.0) / most if most else 0.0
        cells[f"feed.{name.lower()}"] = _line(share, value)
        cells[f"feed.{name.lower()}.text"] = {"text": f"{name} {amount(value, 'W')}"}
    delivered = total([one.watts for one in summaries.values() if one.kind == "power_shelf"])
    cells["bus"] = _line(1.0 if delivered else 0.0, delivered)
    cells["bus.text"] = {"text": amount(delivered, "W")}
    for key, celsius in (
        (
            "loop.supply",
            _first(one.supply_celsius for one in summaries.values()),
        ),
        (
            "loop.return",
            _first(one.return_celsius for one in summaries.values()),
        ),
    ):
        liters = _first(one.flow_liters_per_second for one in summaries.values())
        cells[key] = {
            "stroke": colour(celsius),
            "stroke-width": "6" if liters else "2",
            "stroke-dasharray": "none" if liters is None or liters > 0.01 else "4 4",
        }
        cells[f"{key}.text"] = {"text": amount(celsius, "degC")}
    return cells


def _line(share: float, value: float | None) -> Cell:
    wide = _THINNEST + (_WIDEST - _THINNEST) * max(0.0, min(1.0, share))
    return {
        "stroke-width": f"{wide:.0f}",
        "stroke-dasharray": "none" if value is not None and abs(value) > 1 else "4 4",
    }


def colour(celsius: float | None) -> str:
    """Return a CSS colour: blue at 20 degC, red at 60 degC, grey if unknown."""
    if celsius is None:
        return "hsl(210 8% 55%)"
    share = max(0.0, min(1.0, (celsius - _COLD_C) / (_HOT_C - _COLD_C)))
    hue = (_COLD_HUE + _HUES * share) % 360  # through violet; green would read as "good"
    return f"hsl({hue:.0f} 70% 50%)"
