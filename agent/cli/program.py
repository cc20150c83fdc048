"""The command line: parse, call, print.

Exit status: 0 success, 1 a check failed, 2 usage or configuration, 3 device unreachable, 4 a run
that does not begin because no device provides the readings that it must watch.
"""

import os
import sys
from collections.abc import Callable
from importlib.metadata import entry_points, version
from typing import Annotated

import typer

from agent.cli import console, device, imports, init, profiles, scan, site
from agent.cli.commission import answer, commission, evidence, generation, rack
from agent.cli.help_pages import use_help_pages
from agent.cli.status import Status, status_of
from agent.model.errors import ConfigError, DeviceError, NotCovered, UnknownDevice

COMMANDS = "rackagent.commands"


app = typer.Typer(
    name="rackagent",
    help="Poll a rack's PDUs, power shelves, cooling units and switches over SNMP and Modbus, and"
    " expose the readings to Prometheus, in one model of names and units.",
    epilog="Start with 'rackagent demo': a simulated rack, the agent on it, and its web page.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (site.run, site.check, site.plan, device.read, device.identify, device.walk):
    app.command()(command)
app.command()(scan.scan)
app.command()(init.init)
profiles.profiles_app.add_typer(imports.app, name="import")
app.add_typer(profiles.profiles_app, name="profiles")
app.add_typer(generation.generation_app, name="generation")
app.add_typer(rack.rack_app, name="rack")
app.command()(commission.commission)
evidence.app.command("answer")(answer.answer_run)
app.add_typer(evidence.app, name="evidence")
app.add_typer(site.schema_app, name="schema")


def _show_version(wanted: bool) -> None:
    if wanted:
        console.out(f"rackagent {version('rackagent')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Declare the options of the program itself."""


def guarded(call: Callable[[], None]) -> Status:
    """Run ``call``; turn expected errors into a message on stderr and an exit status."""
    stdout = sys.stdout
    try:
        call()
    except (ConfigError, NotCovered, UnknownDevice) as error:
        for line in str(error).splitlines():
            console.err(f"error: {line}")
        return status_of(error)
    except DeviceError as error:
        console.err(f"error: {error.kind}: {error}")
        return status_of(error)
    except SystemExit:
        # A closed pipe (head, less) is not a failed check. Typer then ends with 1 and with
        # another stdout; what is still in the buffer would make the interpreter complain.
        if sys.stdout is stdout and _flushed():
            raise
    return Status.SUCCESS


def _flushed() -> bool:
    """Return whether all output was delivered; the rest is discarded."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        return False
    return True


def main() -> None:
    """Run the console script ``rackagent``; other packages add commands by entry point."""
    for point in entry_points(group=COMMANDS):
        point.load()(app)
    use_help_pages(app)
    sys.exit(guarded(app))
