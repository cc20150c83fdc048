"""Commands about one device: read it, identify it, record it."""

from pathlib import Path
from typing import Annotated

import typer

from agent.app.event_loop import run_loop
from agent.authoring.next_steps import is_fallback, unknown_device
from agent.cli import console
from agent.cli.options import (
    Community,
    ConfigOption,
    CredentialsName,
    DeviceUrl,
    Engine,
    Folders,
    Format,
    Output,
    Retries,
    Timeout,
    Version,
    make_target,
)
from agent.expose import json_model
from agent.model.credentials import SnmpVersion
from agent.model.errors import ConfigError
from agent.poll.read_once import identify_device, read_device, record_device
from agent.poll.snmprec_write import lines
from agent.profile.library import open_library


def read(
    url: DeviceUrl,
    profile: Annotated[
        str, typer.Option(help="Profile name, or auto to identify the device.")
    ] = "auto",
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

    The exit status is 3 if the device does not answer.

    Examples:
      rackagent read snmp://10.0.0.5 --community public

      rackagent read modbus+tcp://10.0.0.7:502/12 --profile orv3-rpu --format json
    """
    target = make_target(
        url, community, snmp_version, credentials, config, timeout, retries, engine
    )
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
    """Show the identity of the device at URL, and which profiles fit it and why."""
    target = make_target(
        url, community, snmp_version, credentials, config, timeout, retries, engine
    )
    found = run_loop(identify_device(target, open_library(profiles or [])))
    if output is Format.JSON:
        console.out_json(console.identification_json(found))
    else:
        console.print_identification(found)
    if is_fallback(found.profile):
        for line in unknown_device(url, found.sys_object_id, found.sys_descr):
            console.err(line)


def walk(
    url: DeviceUrl,
    out: Annotated[Path, typer.Option("--out", "-o", help="Recording to write (.snmprec).")],
    mask: Annotated[
        list[str] | None, typer.Option(help="Mask every text that contains this word; repeatable.")
    ] = None,
    community: Community = "public",
    snmp_version: Version = SnmpVersion.V2C,
    credentials: CredentialsName = None,
    config: ConfigOption = None,
    timeout: Timeout = 2.0,
    retries: Retries = 1,
    engine: Engine = "native",
) -> None:
    """Record all variables of an SNMP device, with names, locations, serials and addresses masked.

    The recording can be replayed ('rackagent simulate --recording') and is used to test a new
    profile. Read it before you publish it: masking covers standard MIBs, not your vendor's.
    """
    if out.exists():
        raise ConfigError(f"{out} exists; a recording is never overwritten")
    target = make_target(
        url, community, snmp_version, credentials, config, timeout, retries, engine
    )
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
