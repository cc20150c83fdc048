"""The shared part of the rack pages: current values, the cells so far, what is not reported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agent.expose.device_info import DeviceView
from agent.web.data.query import DeviceValues, look
from agent.web.data.site import Site
from agent.web.data.summary import Summary
from agent.web.draw.cells import state_cell, total
from agent.web.draw.screen import Cell
from agent.web.pages.rack.view import head_cells

Rows = tuple[tuple[str, str], ...]
"""Rows of a table: the prefix of their cells' keys, and a name."""


@dataclass(slots=True)
class PageBuilder:
    """The parts of a page about one rack, by device.

    ``unreported`` lists, in sentences, what the devices do not report.
    """

    views: Sequence[DeviceView]
    summaries: Mapping[str, Summary]
    values: Mapping[str, DeviceValues]
    cells: dict[str, Cell] = field(default_factory=dict)
    unreported: list[str] = field(default_factory=list)

    def state(self, device: str) -> None:
        """Add the cell with the state of a device."""
        self.cells[f"{device}.state"] = state_cell(self.summaries[device].state)

    def total_power(self) -> float | None:
        """Return the power that the rack draws in W; None if a PDU does not report its power."""
        watts = [one.watts for one in self.of("pdu")]
        return None if None in watts else total(watts)

    def of(self, *kinds: str) -> list[Summary]:
        """Return the devices of these kinds, in the order of the configuration."""
        return [one for one in self.summaries.values() if one.kind in kinds]


def begin(site: Site, rack: str, metrics: frozenset[str]) -> PageBuilder:
    """Start a page about one rack with the current values of ``metrics``. Raises NotFound."""
    views = site.rack(rack)
    summaries = {view.name: site.summary(view) for view in views}
    now = site.store.steady_now()
    values = {view.name: look(site.store.device(view.name), now, metrics) for view in views}
    return PageBuilder(views, summaries, values, head_cells(list(summaries.values())))
