"""The page of all racks: state and power of each rack, and a square per device."""

from agent.web.data.site import Site
from agent.web.data.summary import Summary, label
from agent.web.draw.cells import SIGNS, amount, counted, state_cell, total, worst
from agent.web.draw.screen import Cell, Screen, screen
from agent.web.pages.rack.view import head_cells


def hall_page(site: Site) -> Screen:
    """Return the screen of all racks."""
    site.summaries.keep_only(site.views)
    cells: dict[str, Cell] = {}
    cards = []
    everything: list[Summary] = []
    for name, views in site.racks().items():
        summaries = [site.summary(view) for view in views]
        everything += summaries
        head = head_cells(summaries)
        cells[f"r.{name}"] = {"data-state": head["head.state"]["data-state"]}
        cells[f"r.{name}.state"] = head["head.state"]
        cells[f"r.{name}.power"] = head["head.power"]
        cells[f"r.{name}.coolant"] = head["head.coolant"]
        cells[f"r.{name}.devices"] = head["head.devices"]
        for one in summaries:
            cells[f"d.{one.name}"] = {
                "text": "" if one.state == "up" else SIGNS[one.state],
                "data-state": one.state,
                "aria-label": label(one),
            }
        cards.append((name, views[0].site, [view.name for view in views]))
    states = [one.state for one in everything]
    watts = [one.watts for one in everything if one.kind == "pdu" and one.watts]
    cells["head.state"] = state_cell(worst(states))
    cells["head.devices"] = {"text": counted(states)}
    cells["head.power"] = {"text": amount(total([*watts]), "W")}
    frame = {"title": "Racks", "tab": "hall", "cards": cards}
    return screen("hall.html", frame, cells)
