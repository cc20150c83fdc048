"""Show the simulated racks on one screen of a terminal, second by second."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from simulator.control.summary import alarms, summary
from simulator.model.observe.points import Value
from simulator.model.rack import RackModel
from simulator.site.site import SimulatedSite

_EVERY_S = 0.5
_RACKS_SHOWN = 20
_LINES_SHOWN = 12  # of devices, of faults and of alarms


@contextlib.asynccontextmanager
async def showing(site: SimulatedSite, console: Console) -> AsyncIterator[None]:
    """Refresh the screen while the block runs, then restore the terminal."""
    with Live(screen_of(site), console=console, screen=True, auto_refresh=False) as live:

        async def refresh() -> None:
            while True:
                await asyncio.sleep(_EVERY_S)
                live.update(screen_of(site), refresh=True)

        task = asyncio.create_task(refresh(), name="live view")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def screen_of(site: SimulatedSite) -> Group:
    """Return the racks, devices, faults and alarms as they are now."""
    minutes, seconds = divmod(int(site.elapsed_s), 60)
    title = f"rack time {minutes // 60}:{minutes % 60:02d}:{seconds:02d}  x{site.speed:g}"
    return Group(
        Panel(_racks(site), title=title, title_align="left"),
        Panel(_devices(site), title="devices", title_align="left"),
        Panel(_faults(site), title="faults", title_align="left"),
        Panel(_alarms(site), title="alarms", title_align="left"),
        Text("Press Ctrl-C to stop.", style="dim"),
    )


def _racks(site: SimulatedSite) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("rack", "load %", "IT kW", "bus V", "A kW", "B kW", "L/min", "in C", "out C",
                   "valve %", "leak"):  # fmt: skip
        table.add_column(column, justify="left" if column == "rack" else "right", no_wrap=True)
    for name, model in list(site.racks.items())[:_RACKS_SHOWN]:
        table.add_row(name, *_figures(model))
    if len(site.racks) > _RACKS_SHOWN:
        table.add_row(f"and {len(site.racks) - _RACKS_SHOWN} more")
    return table


def _figures(model: RackModel) -> list[str]:
    now = summary(model)
    leak = now["leak_detected"]
    return [
        _figure(now["load_ratio"], 100.0, 0),
        _figure(now["it_power_watts"], 1e-3),
        _figure(now["bus_voltage_volts"]),
        _figure(now["feed_a_power_watts"], 1e-3),
        _figure(now["feed_b_power_watts"], 1e-3),
        _figure(now["coolant_flow_liters_per_second"], 60.0),
        _figure(now["coolant_supply_celsius"]),
        _figure(now["coolant_return_celsius"]),
        _figure(now["valve_position_ratio"], 100.0, 0),
        "-" if leak is None else "yes" if leak else "no",
    ]


def _figure(value: Value | None, factor: float = 1.0, digits: int = 1) -> str:
    return f"{value * factor:.{digits}f}" if isinstance(value, float | int) else "-"


def _devices(site: SimulatedSite) -> Group:
    lines = [
        Text(
            f"{item.device.name:<16} {item.device.url}  {item.profile.name}"
            + ("" if item.role_view.powered else "  no power"),
            style="" if item.role_view.powered else "red",
        )
        for item in site.devices[:_LINES_SHOWN]
    ]
    return _listed(lines, len(site))


def _faults(site: SimulatedSite) -> Group:
    active = site.injector.active
    lines = [
        Text(
            f"{fault.id:>3} {fault.fault} @ {fault.where}"
            + "".join(f" {name}={value}" for name, value in fault.params.items() if value != "")
            + (f"  {fault.until_s - site.elapsed_s:.0f} s left" if fault.until_s else ""),
            style="yellow",
        )
        for fault in active[:_LINES_SHOWN]
    ]
    return _listed(lines, len(active))


def _alarms(site: SimulatedSite) -> Group:
    found = [
        f"{name} {alarm}"
        for name, model in list(site.racks.items())[:_RACKS_SHOWN]
        for alarm in alarms(model)
    ]
    return _listed([Text(line, style="red") for line in found[:_LINES_SHOWN]], len(found))


def _listed(lines: list[Text], count: int) -> Group:
    if not lines:
        return Group(Text("none", style="dim"))
    more = [Text(f"and {count - len(lines)} more", style="dim")] if count > len(lines) else []
    return Group(*lines, *more)
