"""Commands about a whole site: run it, check it, plan it; and the schema of its file."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.app.event_loop import run_loop
from agent.app.logs import LogFormat, LogLevel, set_up_logs
from agent.authoring.witness_page import PageSpec
from agent.cli import console
from agent.cli.options import ConfigPath, Format, Output
from agent.commission.spec.build_sheet import Sheet
from agent.commission.spec.models import GenerationSpec
from agent.config import SiteSpec, load_config
from agent.plan.lines import line_loads, loads
from agent.profile.spec import SnmpFileSpec
from agent.profile.spec_modbus import ModbusFileSpec

schema_app = typer.Typer(help="Print JSON Schemas for your editor.", no_args_is_help=True)


def run(
    config: ConfigPath,
    log_format: Annotated[
        LogFormat, typer.Option(help="Log format; auto is console on a terminal, else json.")
    ] = "auto",
    log_level: Annotated[LogLevel, typer.Option(help="Lowest level that is logged.")] = "info",
    web_config: Annotated[
        Path | None,
        typer.Option(
            help="TLS and passwords (web.yml as in Prometheus); replaces http.web_config."
        ),
    ] = None,
) -> None:
    """Run the daemon: poll every device of CONFIG and serve /metrics until SIGTERM or Ctrl-C."""
    set_up_logs(log_format, log_level)

    # Imported here because the web framework takes longer to load than every other command.
    from agent.app.main import run_until_stopped
    from agent.app.wiring import Running

    def announce(current: Running) -> None:
        console.err(f"rackagent serves {current.url} (metrics: {current.url}/metrics)")

    load = partial(load_config, config, web_config=web_config)
    run_loop(run_until_stopped(load, announce))


def check(config: ConfigPath) -> None:
    """Check CONFIG and the profiles it uses, without contacting a device.

    Every problem is named with file, line and key; the exit status is 2 if there is one.
    """
    checked = load_config(config)
    checked.library.all()
    for warning in checked.warnings:
        console.err(f"warning: {warning}")
    devices = _counted(len(checked.devices), "device")
    racks = _counted(len({device.rack for device in checked.devices}), "rack")
    console.out(f"{config}: {devices} in {racks}, no problem found")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("s" if number != 1 else "")


def plan(config: ConfigPath, output: Output = Format.TABLE) -> None:
    """Show the requests to each device of CONFIG: bytes, time on the line, points.

    The load of each Modbus line is summed up, with a warning if the line is overloaded.
    """
    found = loads(load_config(config))
    lines = line_loads(found)
    if output is Format.JSON:
        console.out_json(console.plan_json(found, lines))
    else:
        console.print_plan(found, lines)
    for line in lines:
        if line.warning:
            console.err(f"warning: {line.warning}")


@schema_app.command("config")
def schema_config() -> None:
    """Print the JSON Schema of a site configuration."""
    console.out_json(SiteSpec.model_json_schema())


@schema_app.command("generation")
def schema_generation() -> None:
    """Print the JSON Schema of a generation."""
    console.out_json(GenerationSpec.model_json_schema())


@schema_app.command("sheet")
def schema_sheet() -> None:
    """Print the JSON Schema of a build sheet."""
    console.out_json(Sheet.model_json_schema())


@schema_app.command("profile")
def schema_profile() -> None:
    """Print the JSON Schema of a profile."""
    models = (SnmpFileSpec, ModbusFileSpec)
    schemas = [model.model_json_schema(ref_template="#/$defs/{model}") for model in models]
    definitions: dict[str, Any] = {}
    for schema in schemas:
        definitions.update(schema.pop("$defs", {}))
    console.out_json({"oneOf": schemas, "$defs": definitions})


@schema_app.command("witness")
def schema_witness() -> None:
    """Print the JSON Schema of a witness page."""
    console.out_json(PageSpec.model_json_schema())
