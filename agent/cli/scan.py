"""``rackagent scan``: look for devices and write a configuration to start from."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from agent.app.event_loop import run_loop
from agent.cli import console
from agent.cli.options import login
from agent.model.credentials import SnmpCredentials
from agent.model.errors import ConfigError, DeviceError
from agent.poll.scan import (
    NETWORK_UNITS,
    SERIAL_UNITS,
    Found,
    Progress,
    as_config,
    parse_scan,
    scan_hosts,
    scan_units,
)
from agent.profile.library import open_library


def scan(
    target: Annotated[
        str,
        typer.Argument(
            help="snmp://10.0.0.0/28, modbus+rtu:///dev/ttyUSB0?baudrate=19200&parity=N,"
            " modbus+rtutcp://HOST:PORT or modbus+tcp://HOST:PORT (without a unit).",
            show_default=False,
        ),
    ],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Configuration to write.")] = None,
    units: Annotated[
        str | None,
        typer.Option(help="Modbus unit IDs to try with every profile, for example 1-20,100."),
    ] = None,
    community: Annotated[str, typer.Option(help="SNMP community, for v2c.")] = "public",
    credentials: Annotated[
        str | None, typer.Option(help="Name of the credentials in the --config file.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Site configuration that defines --credentials.")
    ] = None,
) -> None:
    """Find devices by reading only: SNMP agents of a network, or units on a Modbus line.

    On a line, the unit IDs and probe registers of the profiles are tried. Devices that respond are
    written as a configuration to start from.
    """
    if out is not None and out.exists():
        raise ConfigError(f"{out} exists; a scan never overwrites")
    wanted = parse_scan(target)
    library = open_library()
    with _bar() as progress:
        if wanted.protocol == "snmp":
            who = login(credentials, config, SnmpCredentials.with_community(community))
            found = run_loop(scan_hosts(wanted, who, library, progress))
        else:
            possible = SERIAL_UNITS if wanted.base.serial else NETWORK_UNITS
            asked = _units(units, possible)
            found = run_loop(scan_units(wanted, library, progress, asked))
    _report(found, out)


def _units(text: str | None, possible: range) -> list[int]:
    """Parse ``1-20,100`` into numbers. Raises ConfigError for anything else, or not possible."""
    if text is None:
        return []
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not first.isdecimal() or not (last or first).isdecimal():
            raise ConfigError(f"--units is a list such as 1-20,100, not {text!r}")
        found.update(range(int(first), int(last or first) + 1))
    if not found or not found <= set(possible):
        raise ConfigError(f"--units: unit ids are {possible[0]} to {possible[-1]} here")
    return sorted(found)


@contextmanager
def _bar() -> Iterator[Progress]:
    """Show a progress bar on stderr, if that is a terminal."""
    columns = (TextColumn("scanning"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(
        *columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _report(found: list[Found], out: Path | None) -> None:
    for device in found:
        console.err(f"{device.url}: {device.profile or 'no profile fits'} ({device.why})")
    if not found:
        raise DeviceError("no device found")
    text = as_config(found)
    if out is None:
        console.out(text.rstrip())
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{out} cannot be written: {error.strerror}") from None
    console.err(f"{len(found)} devices written to {out}")
