"""The simulator's commands, ``simulate`` and ``demo``, added to the command line by entry point."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from agent import console
from agent.config import load_config
from agent.daemon import run_loop, stopping
from agent.errors import ConfigError
from simulator.mib_view import StaticView
from simulator.recording import read_recording
from simulator.snmp_responder import SnmpResponder


def register(app: typer.Typer) -> None:
    """Add ``simulate`` and ``demo`` to ``app``."""
    app.command()(simulate)


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
        str | None, typer.Option(help="Answer only this community; any by default.")
    ] = None,
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
    run_loop(_rack(config))


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


async def _rack(path: Path) -> None:
    load_config(path)
