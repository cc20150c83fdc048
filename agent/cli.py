"""The command line: parse, call, print.

Exit status: 0 fine, 1 a check failed, 2 usage or configuration, 3 device unreachable.
"""

import os
import sys
from collections.abc import Callable
from enum import IntEnum
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Annotated, Any

import typer

from agent import console
from agent.cli_import import app as import_app
from agent.cli_profiles import Folders, Format, Output, profiles_app
from agent.cli_scan import scan
from agent.config import SiteSpec, load_config
from agent.credentials import SnmpCredentials, SnmpVersion
from agent.errors import ConfigError, DeviceError, UnknownDevice
from agent.expose import json_model
from agent.hints import is_fallback, unknown_device
from agent.logs import set_up_logs
from agent.loop import run_loop
from agent.oneshot import Target, identify_device, read_device, record_device
from agent.plan.lines import line_loads, loads
from agent.profile.library import open_library
from agent.profile.spec import SnmpFileSpec
from agent.profile.spec_modbus import ModbusFileSpec
from agent.recorder import lines
from agent.transport.base import Limits
from agent.url import parse_url

COMMANDS = "rackagent.commands"


class Status(IntEnum):
    """What the exit status says."""

    FINE = 0
    CHECK_FAILED = 1
    USAGE = 2
    UNREACHABLE = 3


app = typer.Typer(
    name="rackagent",
    help="Polls a rack's PDUs, power shelves, cooling units and switches over SNMP and Modbus, and"
    " exposes what they say to Prometheus, in one model of names and units.",
    epilog="Start with 'rackagent demo': a simulated rack, the agent on it, and a page to look at.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
schema_app = typer.Typer(help="JSON Schema for editors.", no_args_is_help=True)
app.add_typer(profiles_app, name="profiles")
profiles_app.add_typer(import_app, name="import")
app.add_typer(schema_app, name="schema")

ConfigPath = Annotated[Path, typer.Argument(help="A site's YAML file.", show_default=False)]
DeviceUrl = Annotated[
    str,
    typer.Argument(
        help="snmp://HOST[:PORT], modbus+tcp://HOST[:PORT]/UNIT, modbus+rtutcp://HOST:PORT/UNIT or"
        " modbus+rtu:///dev/ttyUSB0/UNIT?baudrate=19200&parity=N; IPv6 in brackets.",
        show_default=False,
    ),
]
Community = Annotated[str, typer.Option(help="SNMP v1 or v2c community.")]
Version = Annotated[SnmpVersion, typer.Option("--snmp-version", help="1 or 2c, with --community.")]
CredentialsName = Annotated[
    str | None, typer.Option("--credentials", help="Name of credentials in the --config file.")
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="The file that holds --credentials.")
]
Timeout = Annotated[float, typer.Option(help="Seconds for one try.", min=0.05, max=300)]
Retries = Annotated[int, typer.Option(help="Tries after the first.", min=0, max=10)]
Engine = Annotated[str, typer.Option(help="SNMP engine: native or pysnmp.")]


@app.command()
def run(
    config: ConfigPath,
    log_format: Annotated[str, typer.Option(help="auto, console or json.")] = "auto",
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> None:
    """Run the daemon: poll every device of CONFIG and serve /metrics until SIGTERM or Ctrl-C."""
    if log_format not in ("auto", "console", "json"):
        raise ConfigError(f"--log-format is auto, console or json, not {log_format!r}")
    if log_level not in ("debug", "info", "warning", "error"):
        raise ConfigError(f"--log-level is debug, info, warning or error, not {log_level!r}")
    set_up_logs(log_format, log_level)  # type: ignore[arg-type]  # checked above

    # Imported here because the web framework takes longer to load than every other command.
    from agent.daemon import Running, run_until_stopped

    def announce(current: Running) -> None:
        console.err(f"rackagent serves {current.url} (metrics: {current.url}/metrics)")

    run_loop(run_until_stopped(load_config(config), announce))


@app.command()
def check(config: ConfigPath) -> None:
    """Check CONFIG and the profiles it uses, without touching a device.

    Every problem is named with file, line and key; the exit status is 2 when there is one.
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


@app.command()
def plan(config: ConfigPath, output: Output = Format.TABLE) -> None:
    """Show the requests each device of CONFIG gets: bytes, time on the line, points.

    Sums up each Modbus line and warns of one that cannot carry what is asked of it.
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


@app.command()
def read(
    url: DeviceUrl,
    profile: Annotated[str, typer.Option(help="Profile name, or auto to ask the device.")] = "auto",
    community: Community = "public",
    snmp_version: Version = SnmpVersion.V2C,
    credentials: CredentialsName = None,
    config: ConfigOption = None,
    profiles: Folders = None,
    output: Output = Format.TABLE,
    timeout: Timeout = 2.0,
    retries: Retries = 1,
    engine: Engine = "native",
) -> None:
    """Read one device once and show every reading with its source: the point-to-point check.

    Examples:
      rackagent read snmp://10.0.0.5 --community public

      rackagent read modbus+tcp://10.0.0.7:502/12 --profile orv3-rpu --format json
    """
    target = _target(url, community, snmp_version, credentials, config, timeout, retries, engine)
    library = open_library(profiles or [])
    look = run_loop(read_device(target, library, profile))
    if output is Format.JSON:
        name = look.profile.name if look.profile else None
        kind = look.profile.kind if look.profile else None
        console.out_json(
            json_model.document(look.identity, name, kind, look.readings, look.failures)
        )
    else:
        console.print_look(look)
    if profile == "auto" and look.profile is not None and is_fallback(look.profile):
        who = look.identity
        said = (who.sys_object_id, who.sys_descr) if who is not None else (None, None)
        for line in unknown_device(url, *said, look.readings):
            console.err(line)
    if look.error is not None:
        raise look.error


@app.command()
def identify(
    url: DeviceUrl,
    community: Community = "public",
    snmp_version: Version = SnmpVersion.V2C,
    credentials: CredentialsName = None,
    config: ConfigOption = None,
    profiles: Folders = None,
    output: Output = Format.TABLE,
    timeout: Timeout = 2.0,
    retries: Retries = 1,
    engine: Engine = "native",
) -> None:
    """Find which profile fits the device at URL and why, and what it says of itself."""
    target = _target(url, community, snmp_version, credentials, config, timeout, retries, engine)
    found = run_loop(identify_device(target, open_library(profiles or [])))
    if output is Format.JSON:
        console.out_json(console.identification_json(found))
    else:
        console.print_identification(found)
    if is_fallback(found.profile):
        for line in unknown_device(url, found.sys_object_id, found.sys_descr):
            console.err(line)


@app.command()
def walk(
    url: DeviceUrl,
    out: Annotated[Path, typer.Option("--out", "-o", help="The .snmprec file to write.")],
    mask: Annotated[
        list[str] | None, typer.Option(help="Mask every text that holds this word; repeatable.")
    ] = None,
    community: Community = "public",
    snmp_version: Version = SnmpVersion.V2C,
    credentials: CredentialsName = None,
    config: ConfigOption = None,
    timeout: Timeout = 2.0,
    retries: Retries = 1,
    engine: Engine = "native",
) -> None:
    """Record everything an SNMP device says, with names, places, serials and addresses masked.

    The recording can be replayed ('rackagent simulate --recording') and is what a new profile is
    tested against. Read it before you hand it on: masking knows standard MIBs, not your vendor's.
    """
    if out.exists():
        raise ConfigError(f"{out} exists; a recording is never overwritten")
    target = _target(url, community, snmp_version, credentials, config, timeout, retries, engine)
    recording = run_loop(record_device(target))
    serials = [
        field.oid
        for profile in open_library().all()
        for field in profile.info.get("serial", ())
        if field.oid is not None and field.pattern is None
    ]
    text = "".join(f"{line}\n" for line in lines(recording.varbinds, mask or (), serials))
    try:
        out.write_text(text, encoding="ascii")
    except OSError as error:
        raise ConfigError(f"{out} cannot be written: {error.strerror}") from None
    for failure in recording.failures:
        console.err(f"warning: {failure.kind}: {failure.message}")
    console.out(f"{out}: {text.count(chr(10))} rows")


app.command()(scan)


def _target(
    url: str,
    community: str,
    snmp_version: SnmpVersion,
    credentials: str | None,
    config: Path | None,
    timeout: float,
    retries: int,
    engine: str,
) -> Target:
    if engine not in ("native", "pysnmp"):
        raise ConfigError(f"--engine is native or pysnmp, not {engine!r}")
    parsed = parse_url(url)
    limits = Limits(timeout_s=timeout, retries=retries)
    if credentials is None:
        if snmp_version is SnmpVersion.V3:
            raise ConfigError("SNMP v3 needs --credentials NAME and --config FILE")
        chosen = SnmpCredentials(version=snmp_version, community=community)
        return Target(parsed, chosen, limits, engine)
    if config is None:
        raise ConfigError("--credentials needs --config FILE, the file that defines them")
    known = load_config(config, need_devices=False).credentials
    if credentials not in known:
        names = ", ".join(sorted(known)) or "none are defined"
        raise ConfigError(f"{config}: unknown credentials {credentials!r}; there are: {names}")
    return Target(parsed, known[credentials], limits, engine)


@schema_app.command("config")
def schema_config() -> None:
    """The JSON Schema of a site's YAML file."""
    console.out_json(SiteSpec.model_json_schema())


@schema_app.command("profile")
def schema_profile() -> None:
    """The JSON Schema of a profile."""
    models = (SnmpFileSpec, ModbusFileSpec)
    schemas = [model.model_json_schema(ref_template="#/$defs/{model}") for model in models]
    definitions: dict[str, Any] = {}
    for schema in schemas:
        definitions.update(schema.pop("$defs", {}))
    console.out_json({"oneOf": schemas, "$defs": definitions})


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
    """Options of the program itself."""


def guarded(call: Callable[[], None]) -> Status:
    """Run ``call``; turn what may go wrong into a message on stderr and an exit status."""
    stdout = sys.stdout
    try:
        call()
    except ConfigError as error:
        for line in str(error).splitlines():
            console.err(f"error: {line}")
        return Status.USAGE
    except UnknownDevice as error:
        console.err(f"error: {error}")
        return Status.CHECK_FAILED
    except DeviceError as error:
        console.err(f"error: {error.kind}: {error}")
        return Status.UNREACHABLE
    except SystemExit:
        # A reader that has gone (head, less) is no failed check. Typer ends with 1 then, and with
        # another stdout; what is still in the buffer would make the interpreter complain.
        if sys.stdout is stdout and _flushed():
            raise
    return Status.FINE


def _flushed() -> bool:
    """Whether everything printed reached its reader; the rest goes nowhere."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        return False
    return True


def main() -> None:
    """The console script ``rackagent``; other packages add commands by entry point."""
    for point in entry_points(group=COMMANDS):
        point.load()(app)
    sys.exit(guarded(app))
