"""The simulator's commands, ``simulate`` and ``demo``, added to the command line by entry point."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from agent.app.event_loop import run_loop, stopping
from agent.app.logs import set_up_logs
from agent.authoring.snmprec_read import read_recording
from agent.cli import console
from agent.config import Config, load_config
from agent.model.errors import ConfigError
from simulator.control.trace_log import tracing
from simulator.faults.schedule import Planned, parse_fault, read_faults
from simulator.replay.moving_values import DrivenView, bind
from simulator.replay.spec import Drive, parse_drive, read_drives
from simulator.site.fleet import fleet_config, raise_file_limit, write_fleet
from simulator.site.site import SimulatedSite
from simulator.wire.snmp_responder import SnmpResponder

_ANNOUNCED_MAX = 50
_CHECKOUT = Path(__file__).parents[1]


def register(app: typer.Typer) -> None:
    """Add ``simulate`` and ``demo`` to ``app``."""
    app.command()(simulate)
    app.command()(demo)


def demo(
    config: Annotated[
        Path | None,
        typer.Option(help="Configuration to use instead of the demo rack.", show_default=False),
    ] = None,
    speed: Annotated[float, typer.Option(help="Rack seconds per second.", min=1, max=1000)] = 1.0,
    seed: Annotated[int, typer.Option(help="Random seed: the same seed gives the same rack.")] = 0,
) -> None:
    """Simulate a rack on loopback and run the agent on it: the quickest way to see everything.

    Prints the addresses of the start page, the metrics and the devices. Press Ctrl-C to stop.
    """
    set_up_logs("auto", "warning")
    run_loop(_demo(load_config(config or demo_config()), seed, speed))


def demo_config() -> Path:
    """Return the demo's configuration: from the checkout, or from the installed package."""
    installed = Path(str(files("simulator"))) / "demo.yaml"
    return installed if installed.exists() else _CHECKOUT / "configs" / "racks" / "demo.yaml"


async def _demo(config: Config, seed: int, speed: float) -> None:
    # Imported here: the web framework and the physics are not needed by any other command.
    from agent.app.wiring import running
    from simulator.site.rack_server import serving

    stop = asyncio.Event()
    with stopping(stop):
        async with serving(config, seed=seed, speed=speed) as served, running(config) as current:
            console.out(f"start page   {current.url}/")
            console.out(f"metrics      {current.url}/metrics")
            for item in served:
                console.out(f"{item.device.name:<12} {item.device.url}  ({item.profile.name})")
            console.out("Press Ctrl-C to stop.")
            await current.until(stop)


def simulate(
    config: Annotated[
        Path | None, typer.Argument(help="Site configuration (YAML).", show_default=False)
    ] = None,
    speed: Annotated[float, typer.Option(help="Rack seconds per second.", min=1, max=1000)] = 1.0,
    seed: Annotated[int, typer.Option(help="Random seed: the same seed gives the same rack.")] = 0,
    fault: Annotated[
        list[str] | None,
        typer.Option(help=r"Fault to inject, in rack time; repeatable. Syntax: see above."),
    ] = None,
    faults: Annotated[Path | None, typer.Option(help="YAML file with faults to inject.")] = None,
    list_faults: Annotated[
        bool, typer.Option("--list-faults", help="List the available faults and exit.")
    ] = False,
    control: Annotated[
        str | None, typer.Option(help="HOST:PORT of the HTTP control interface (off by default).")
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            help="Append the values of all devices to this file every second, as JSON lines."
        ),
    ] = None,
    racks: Annotated[
        int, typer.Option(help="Number of copies of CONFIG to simulate, on 127.0.x.y.")
    ] = 0,
    fleet_file: Annotated[
        Path | None,
        typer.Option(
            "--fleet-config", help="With --racks: write the agent's configuration to this file."
        ),
    ] = None,
    recording: Annotated[
        Path | None,
        typer.Option(
            help="Replay this recording (.snmprec or snmpwalk -On output) instead of CONFIG."
        ),
    ] = None,
    listen: Annotated[str, typer.Option(help="HOST:PORT for --recording.")] = "127.0.0.1:16100",
    community: Annotated[
        str | None,
        typer.Option(help="With --recording: answer only this SNMP community (default: any)."),
    ] = None,
    drive: Annotated[
        list[str] | None,
        typer.Option(
            help="With --recording: change values while it runs; repeatable. Syntax: see above."
        ),
    ] = None,
    drive_file: Annotated[
        Path | None, typer.Option(help="With --recording: YAML file with drives.")
    ] = None,
) -> None:
    r"""Serve the rack of CONFIG on its own addresses, or replay one recording as an SNMP agent.

    On a terminal a live view shows the racks.

    A fault is written NAME[:PARAM=VALUE,...]\[@AT][+FOR]: it begins at AT and lasts for FOR, in
    rack time.

    A drive changes the values of a recording. It is written OID=MOTION:PARAM=VALUE,... and applies
    to the row OID and to all rows under it. The motions are:

      count:rate=R           count up by R per second

      ramp:to=V,over=T       move to V within T, or with period=T back and forth

      noise:sigma=S          add noise, or with ratio=R as a share of the value

      step:to=V,at=T,for=T   change to V at T, for a time

    The drive 'counters' counts up sysUpTime and all counters that are not zero. Of several drives
    the one with the longest OID applies; noise is added to it.

    Examples:
      rackagent simulate configs/racks/demo.yaml

      rackagent simulate configs/racks/demo.yaml --speed 10 --fault pump_trip@60s+5m

      rackagent simulate configs/racks/demo.yaml --fault delay:device=cdu,seconds=3@1m

      rackagent simulate --recording pdu.snmprec --listen 127.0.0.1:16100

      rackagent simulate --recording switch.snmprec --drive counters --speed 10

      rackagent simulate --recording pdu.snmprec --drive 1.3.6.1.4.1.9999.1=ramp:to=230,over=60s
    """
    if list_faults:
        _list_faults()
        return
    if (config is None) == (recording is None):
        raise ConfigError("give either CONFIG or --recording")
    if recording is not None:
        drives = [parse_drive(text) for text in drive or ()]
        drives += read_drives(drive_file) if drive_file is not None else []
        run_loop(_replay(recording, _address(listen), community, Driven(seed, speed, drives)))
        return
    if drive or drive_file is not None:
        raise ConfigError("--drive and --drive-file need --recording")
    assert config is not None  # one of the two is given  # noqa: S101
    if fleet_file is not None and not racks:
        raise ConfigError("--fleet-config needs --racks")
    planned = [parse_fault(text) for text in fault or ()]
    planned += read_faults(faults) if faults is not None else []
    place = None if control is None else _address(control, "--control")
    with _site(config, racks, fleet_file) as loaded:
        run_loop(_rack(loaded, Wishes(seed, speed, tuple(planned), place, record)))


@dataclass(frozen=True, slots=True)
class Wishes:
    """Options of a simulated site."""

    seed: int
    speed: float
    faults: tuple[Planned, ...]
    control: tuple[str, int] | None
    record: Path | None


def _site(
    config: Path, racks: int, fleet_file: Path | None
) -> contextlib.AbstractContextManager[Config]:
    if not racks:
        return contextlib.nullcontext(load_config(config))
    raise_file_limit()
    if fleet_file is not None:
        return contextlib.nullcontext(write_fleet(config, racks, fleet_file))
    return fleet_config(config, racks)


def _list_faults() -> None:
    from simulator.faults.catalogue import catalogue

    rows = [
        (
            kind.name,
            kind.of,
            ", ".join(f"{name}={value}" for name, value in kind.defaults.items()),
            f"= {kind.alias}" if kind.alias else kind.signature,
        )
        for kind in catalogue().values()
    ]
    console.print_table(("fault", "of", "parameters", "what it looks like"), rows)


def _address(listen: str, option: str = "--listen") -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ConfigError(f"{option} is HOST:PORT, for example 127.0.0.1:16100, not {listen!r}")
    return host.strip("[]"), int(port)


@dataclass(frozen=True, slots=True)
class Driven:
    """Options of a replayed recording."""

    seed: int
    speed: float
    drives: Sequence[Drive]


async def _replay(
    recording: Path, place: tuple[str, int], community: str | None, driven: Driven
) -> None:
    rows = read_recording(recording, console.warn)
    moving = bind(rows, driven.drives, driven.seed)
    started = time.monotonic()
    view = DrivenView(rows, moving, lambda: (time.monotonic() - started) * driven.speed)
    responder = SnmpResponder(view, community)
    host, port = place
    stop = asyncio.Event()
    with stopping(stop):
        bound = await responder.start(host, port)
        shown = f"[{host}]" if ":" in host else host
        moves = f", {len(moving)} of them moving" if moving else ""
        console.err(f"{recording.name}: {len(rows)} rows served at snmp://{shown}:{bound}{moves}")
        try:
            await stop.wait()
        finally:
            responder.close()


async def _rack(config: Config, wishes: Wishes) -> None:
    from simulator.site.rack_server import serving

    stop = asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(stopping(stop))
        site = await stack.enter_async_context(
            serving(config, seed=wishes.seed, speed=wishes.speed, faults=wishes.faults)
        )
        if wishes.record is not None:
            stack.enter_context(tracing(site, wishes.record))
        if len(site) <= _ANNOUNCED_MAX:
            for item in site:
                console.err(f"{item.device.name}: {item.device.url} ({item.profile.name})")
        console.err(f"{len(site)} devices served")
        if wishes.control is not None:
            await _serve_control(stack, site, wishes.control)
        if sys.stdout.isatty():
            from rich.console import Console

            from simulator.control.live_view import showing

            await stack.enter_async_context(showing(site, Console()))
        await stop.wait()


async def _serve_control(
    stack: contextlib.AsyncExitStack, site: SimulatedSite, place: tuple[str, int]
) -> None:
    # Imported here: the web framework is needed only with --control.
    from agent.expose.http.serve import serve
    from simulator.control.http_api import create_control

    host, port = await stack.enter_async_context(serve(create_control(site), *place))
    shown = f"[{host}]" if ":" in host else host
    console.err(f"control: http://{shown}:{port}")
