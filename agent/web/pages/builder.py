"""A view of a rack while it is drawn: what is looked at, the cells so far, what is not told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agent.expose.device_info import DeviceView
from agent.web.data.query import DeviceValues, look
from agent.web.data.site import Site
from agent.web.data.summary import Summary
from agent.web.draw.cells import text, total
from agent.web.draw.screen import Cell
from agent.web.draw.state_labels import SIGNS, WORDS
from agent.web.pages.rack.view import head_cells

Rows = tuple[tuple[str, str], ...]
"""Rows of a table: the beginning of their cells' keys, and a name."""


@dataclass(slots=True)
class PageBuilder:
    """One rack, by device. ``unreported`` says in sentences what the rack does not tell."""

    views: Sequence[DeviceView]
    summaries: Mapping[str, Summary]
    values: Mapping[str, DeviceValues]
    cells: dict[str, Cell] = field(default_factory=dict)
    unreported: list[str] = field(default_factory=list)

    def state(self, device: str) -> None:
        """The cell that says how a device stands."""
        one = self.summaries[device]
        self.cells[f"{device}.state"] = text(f"{SIGNS[one.state]} {WORDS[one.state]}", one.state)

    def total_power(self) -> float | None:
        """What the PDUs say that the rack draws, in W; None where one of them does not say."""
        watts = [one.watts for one in self.of("pdu")]
        return None if None in watts else total(watts)

    def of(self, *kinds: str) -> list[Summary]:
        """The devices of these kinds, as configured."""
        return [one for one in self.summaries.values() if one.kind in kinds]


def begin(site: Site, rack: str, metrics: frozenset[str]) -> PageBuilder:
    """A drawing of one rack that looks at ``metrics``. Raises NotFound."""
    views = site.rack(rack)
    summaries = {view.name: site.summary(view) for view in views}
    now = site.store.now()
    values = {view.name: look(site.store.device(view.name), now, metrics) for view in views}
    return PageBuilder(views, summaries, values, head_cells(list(summaries.values())))
