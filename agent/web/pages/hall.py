"""Every rack at a glance: its state, its power, and a square per device."""

from agent.web.figures import NOTHING, quantity
from agent.web.pages.rack import head_cells
from agent.web.screen import Cell, Screen, screen
from agent.web.site import Site
from agent.web.words import SIGNS, WORDS, counted, label, worst


def hall_page(site: Site) -> Screen:
    """The screen of all racks."""
    racks = site.racks()
    site.summaries.keep_only(site.views)
    cells: dict[str, Cell] = {}
    cards = []
    for name, views in racks.items():
        summaries = [site.summary(view) for view in views]
        state = worst(one.state for one in summaries)
        head = head_cells(summaries)
        cells[f"r.{name}"] = {"data-state": state}
        cells[f"r.{name}.state"] = {"text": f"{SIGNS[state]} {WORDS[state]}", "data-state": state}
        cells[f"r.{name}.power"] = head["head.power"]
        cells[f"r.{name}.coolant"] = head["head.coolant"]
        cells[f"r.{name}.devices"] = head["head.devices"]
        for one in summaries:
            cells[f"d.{one.name}"] = {
                "text": "" if one.state == "up" else SIGNS[one.state],
                "data-state": one.state,
                "aria-label": label(one),
                "title": label(one),
            }
        cards.append((name, views[0].site, [view.name for view in views]))
    states = [site.summary(view).state for view in site.views]
    total = [
        one.watts for view in site.views if (one := site.summary(view)).kind == "pdu" and one.watts
    ]
    state = worst(states)
    cells["head.state"] = {"text": f"{SIGNS[state]} {WORDS[state]}", "data-state": state}
    cells["head.devices"] = {"text": counted(states)}
    cells["head.power"] = {"text": quantity(sum(total), "W", 3) if total else NOTHING}
    frame = {"title": "Racks", "tab": "hall", "cards": cards}
    return screen("hall.html", frame, cells)
