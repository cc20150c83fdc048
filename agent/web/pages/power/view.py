"""The power page: failover headroom, feeds, power shelves, bus bar, batteries."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.model.catalogue import CATALOGUE
from agent.model.figures import NOTHING, number
from agent.web.data.site import Site, feed_of
from agent.web.draw.cells import amount, bar, divided, percent, text, total
from agent.web.draw.screen import Cell, Screen, screen
from agent.web.pages.builder import PageBuilder, Rows, begin
from agent.web.pages.power import model
from agent.web.pages.power.shelves import batteries, bus, one_less, shelves

_PREFIXES = tuple(
    f"rack_{place}_"
    for place in [
        "inlet",
        "phase",
        "line",
        "branch",
        "output",
        "output_phase",
        "psu",
        "busbar",
        "battery",
    ]
)
_METRICS = frozenset(name for name in CATALOGUE if name.startswith(_PREFIXES))
_UNEVEN = 0.1  # of the mean; above this a phase unbalance is marked


@dataclass(frozen=True, slots=True)
class Feed:
    """A PDU or meter on the input side; ``feed`` is ``A``, ``B`` or empty."""

    name: str
    kind: str
    feed: str
    rows: Rows
    branches: Rows


def power_page(site: Site, name: str) -> Screen:
    """Return the power page of one rack. Raises NotFound."""
    page = begin(site, name, _METRICS)
    feeds = _feeds(page)
    carried = _failover(page, feeds)
    of_shelves = shelves(page)
    carried += one_less(page, of_shelves)
    bus(page, of_shelves)
    frame = {
        "title": f"Power of {name}",
        "rack": name,
        "site": page.views[0].site,
        "tab": "power",
        "carried": carried,
        "feeds": feeds,
        "balance": "balance.bar" in page.cells,
        "shelves": of_shelves,
        "batteries": batteries(page),
        "unreported": page.unreported,
    }
    return screen("power.html", frame, page.cells, *frame.values())


def _feeds(page: PageBuilder) -> list[Feed]:
    """Return the PDUs, feed A first, and other devices that report input currents."""
    found = []
    for view in sorted(page.views, key=lambda each: feed_of(each) or "~"):
        one, seen = page.summaries[view.name], page.values[view.name]
        rows = model.conductors(seen)
        if one.kind != "pdu" and (one.kind != "other" or not rows):
            continue
        page.state(view.name)
        page.cells[f"{view.name}.watts"] = text(amount(one.watts, "W"))
        page.cells[f"{view.name}.uneven"] = _uneven(model.unbalance(rows))
        own = tuple(_conductors(page.cells, view.name, rows))
        branches = tuple(_conductors(page.cells, f"{view.name}.b", model.branches(seen)))
        found.append(Feed(view.name, one.kind.replace("_", " "), feed_of(view), own, branches))
        if one.state == "down":
            page.unreported.append(f"{view.name} is down.")
        elif rows and not any(row.limit for row in rows):
            page.unreported.append(f"{view.name} does not report its current limits.")
        elif not rows and one.state != "waiting":
            page.unreported.append(f"{view.name} does not report its input current or power.")
    if not found:
        page.unreported.append("No feed data: this rack has no PDU and no meter.")
    return found


def _uneven(share: float | None) -> Cell:
    if share is None:
        return text(NOTHING)
    many = share > _UNEVEN
    shown = f"{'▲ ' if many else ''}{100 * share:.1f}\N{NO-BREAK SPACE}%"
    return text(shown, "alarm" if many else "up")


def _conductors(
    cells: dict[str, Cell], prefix: str, rows: Sequence[model.Conductor]
) -> list[tuple[str, str]]:
    found = []
    for position, row in enumerate(rows):
        key = f"{prefix}.{position}"
        cells |= {
            f"{key}.volts": text(amount(row.volts, "V")),
            f"{key}.amperes": text(amount(row.amperes, "A")),
            f"{key}.limit": text(f"of {amount(row.limit, 'A')}" if row.limit else ""),
            f"{key}.bar": bar(row.share),
            f"{key}.share": percent(row.share),
            f"{key}.watts": text(amount(row.watts, "W")),
            f"{key}.factor": text(NOTHING if row.factor is None else number(row.factor, 3)),
        }
        found.append((key, row.name))
    return found


def _failover(page: PageBuilder, feeds: Sequence[Feed]) -> list[tuple[str, str]]:
    """Return the rows for the loss of each PDU, and add the cells of the A/B balance."""
    sides = {feed: [each for each in feeds if each.feed == feed] for feed in ("A", "B")}
    if not sides["A"] or not sides["B"]:
        if feeds:
            page.unreported.append(
                "Only one feed is known, so the loss of a feed is not computed. Set the label"
                " 'feed', or let the names of the PDUs end in -a and -b."
            )
        return []
    _balance(page, sides)
    if len(sides["A"]) != len(sides["B"]):
        page.unreported.append(
            "Feeds A and B differ in their number of PDUs: the loss of one is not computed."
        )
        return []
    found = []
    for lost, left in (("A", "B"), ("B", "A")):
        for gone, survivor in zip(sides[lost], sides[left], strict=True):
            key = f"lost.{gone.name}"
            found.append((key, f"Feed {lost} lost ({gone.name})"))
            worst = model.failover(
                model.conductors(page.values[gone.name]),
                model.conductors(page.values[survivor.name]),
            )
            says = f"the load of {survivor.name} is unknown"
            if worst is not None:
                limit = f" of {amount(worst.limit, 'A')}" if worst.limit else ", limit not reported"
                says = f"{survivor.name} carries {amount(worst.amperes, 'A')}{limit} ({worst.name})"
            share = worst.share if worst else None
            page.cells |= {
                f"{key}.says": text(says), f"{key}.bar": bar(share), f"{key}.share": percent(share)
            }  # fmt: skip
    return found


def _balance(page: PageBuilder, sides: dict[str, list[Feed]]) -> None:
    watts = {
        feed: total([page.summaries[each.name].watts for each in listed])
        for feed, listed in sides.items()
    }
    both = None if None in watts.values() else total([*watts.values()])
    for feed in sides:
        share = divided(watts[feed], both)
        page.cells[f"balance.{feed}"] = text(amount(watts[feed], "W"))
        page.cells[f"balance.{feed}.share"] = text(NOTHING if share is None else f"{share:.0%}")
    share = divided(watts["A"], both)
    page.cells["balance.bar"] = {"width": f"{100 * (share or 0.0):.1f}"}
