"""The simulator's commands, ``simulate`` and ``demo``, added to the command line by entry point."""

import asyncio
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from agent import console
from agent.config import Config, load_config
from agent.errors import ConfigError
from agent.logs import set_up_logs
from agent.loop import run_loop, stopping
from simulator.mib_view import StaticView
from simulator.recording import read_recording
from simulator.snmp_responder import SnmpResponder

_CHECKOUT = Path(__file__).parents[1]


def register(app: typer.Typer) -> None:
    """Add ``simulate`` and ``demo`` to ``app``."""
    app.command()(simulate)
    app.command()(demo)


def demo(
    config: Annotated[
        Path | None, typer.Option(help="Another rack than the demo's.", show_default=False)
    ] = None,
    speed: Annotated[float, typer.Option(help="Rack seconds per second.", min=1, max=1000)] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same rack.")] = 0,
) -> None:
    """Simulate a rack on loopback and run the agent on it: the quickest way to see everything.

    Prints the addresses of the start page, the metrics and the devices. Ctrl-C ends it.
    """
    set_up_logs("auto", "warning")
    run_loop(_demo(load_config(config or demo_config()), seed, speed))


def demo_config() -> Path:
    """The demo's rack: from the checkout, or as it was installed."""
    installed = Path(str(files("simulator"))) / "demo.yaml"
    return installed if installed.exists() else _CHECKOUT / "configs" / "racks" / "demo.yaml"


async def _demo(config: Config, seed: int, speed: float) -> None:
    # Imported here: the web framework and the physics are not needed by any other command.
    from agent.daemon import running
    from simulator.rack_server import serving

    stop = asyncio.Event()
    with stopping(stop):
        async with serving(config, seed=seed, speed=speed) as served, running(config) as current:
            console.out(f"start page   {current.url}/")
            console.out(f"metrics      {current.url}/metrics")
            for item in served:
                console.out(f"{item.device.name:<12} {item.device.url}  ({item.profile.name})")
            console.out("Ctrl-C ends it.")
            await current.until(stop)


def simulate(
    config: Annotated[
        Path | None, typer.Argument(help="A site's YAML file.", show_default=False)
    ] = None,
    recording: Annotated[
        Path | None,
        typer.Option(help="Replay this recording (.snmprec, or snmpwalk -On output) instead."),
    ] = None,
    listen: Annotated[str, typer.Option(help="HOST:PORT for --recording.")] = "127.0.0.1:16100",
    community: Annotated[
        str | None,
        typer.Option(help="With --recording: answer only this community; any by default."),
    ] = None,
    speed: Annotated[float, typer.Option(help="Rack seconds per second.", min=1, max=1000)] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same rack.")] = 0,
) -> None:
    """Serve the rack of CONFIG on its own addresses, or replay one recording as an SNMP agent.

    Examples:
      rackagent simulate configs/racks/demo.yaml

      rackagent simulate --recording pdu.snmprec --listen 127.0.0.1:16100
    """
    if (config is None) == (recording is None):
        raise ConfigError("name a CONFIG or a --recording, not both and not neither")
    if recording is not None:
        run_loop(_replay(recording, listen, community))
        return
    assert config is not None  # one of the two is given  # noqa: S101
    run_loop(_rack(load_config(config), seed, speed))


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ConfigError(f"--listen is HOST:PORT, for example 127.0.0.1:16100, not {listen!r}")
    return host.strip("[]"), int(port)


async def _replay(recording: Path, listen: str, community: str | None) -> None:
    rows = read_recording(recording)
    responder = SnmpResponder(StaticView(rows), community)
    host, port = _address(listen)
    stop = asyncio.Event()
    with stopping(stop):
        bound = await responder.start(host, port)
        shown = f"[{host}]" if ":" in host else host
        console.err(f"{recording.name}: {len(rows)} rows served at snmp://{shown}:{bound}")
        try:
            await stop.wait()
        finally:
            responder.close()


async def _rack(config: Config, seed: int, speed: float) -> None:
    from simulator.rack_server import serving

    stop = asyncio.Event()
    with stopping(stop):
        async with serving(config, seed=seed, speed=speed) as served:
            for item in served:
                console.err(f"{item.device.name}: {item.device.url} ({item.profile.name})")
            await stop.wait()
