"""``rackagent rack``: compare a rack with its build sheet."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
import yaml

from agent.app.event_loop import run_loop
from agent.cli import console
from agent.cli.options import ConfigPath, Format, Output
from agent.cli.status import Status
from agent.commission.judge.compare_sheet import Aspect, SheetComparison, compare
from agent.commission.records import Sample
from agent.commission.spec.build_sheet import load_sheet
from agent.commission.spec.build_sheet_draft import draft_sheet
from agent.commission.spec.inventory import Seen, identity_sample, newest_inventory
from agent.config import Config, load_config
from agent.model.errors import ConfigError
from agent.poll.rack_reader import read_devices
from agent.poll.reader import DeviceRead

rack_app = typer.Typer(help="Compare a rack with its build sheet.", no_args_is_help=True)

RackName = Annotated[
    str | None, typer.Option("--rack", help="Rack of CONFIG; may be left out if there is only one.")
]


@rack_app.command("verify")
def verify(
    config: ConfigPath,
    sheet: Annotated[
        Path | None,
        typer.Option(
            help="Build sheet: YAML, a CSV of devices, or NetBox's export of devices; by default"
            " that of the rack."
        ),
    ] = None,
    cables: Annotated[
        Path | None,
        typer.Option(
            help="Cables, if --sheet is a CSV of devices: CSV, or NetBox's export of cables."
        ),
    ] = None,
    rack: RackName = None,
    output: Output = Format.TABLE,
) -> None:
    """Compare the devices of a rack with its build sheet.

    Serials, parts, firmware and MACs; every cable at both ends, as far as LLDP shows it; ports
    and their speed. Two cables that are exchanged are named as a swap. The exit status is 1 when
    something is not as planned, 3 when a device does not answer.

    Examples:
      rackagent rack verify site.yaml --sheet r01.yaml

      rackagent rack verify site.yaml --sheet devices.csv --cables cables.csv
    """
    chosen = choose_rack(load_config(config), rack)
    name = chosen.devices[0].rack
    path = sheet or chosen.rack(name).sheet
    if path is None:
        said = "is missing; add it, or give --sheet"
        raise ConfigError([chosen.rack_problem(name, "sheet", said)])
    plan = load_sheet(path, cables)
    seen = _seen(run_loop(read_devices(chosen)))
    found = compare(plan, seen, {device.role: device.name for device in chosen.devices})
    if output is Format.JSON:
        console.out_json(_document(found))
    else:
        _show(found)
    if any(each.what is not Aspect.SILENT for each in found.findings):
        raise typer.Exit(Status.CHECK_FAILED)
    if found.findings:
        raise typer.Exit(Status.UNREACHABLE)


@rack_app.command("draft")
def draft(config: ConfigPath, rack: RackName = None) -> None:
    """Draft a build sheet from a rack that is known to be right.

    Compare the draft with the documents of the rack before you use it.
    """
    chosen = choose_rack(load_config(config), rack)
    looks = run_loop(read_devices(chosen))
    for name, each in looks.items():
        if each.error is not None:
            raise type(each.error)(f"{name}: {each.error}")
    data = draft_sheet(_seen(looks), chosen.devices[0].rack)
    console.out(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100).rstrip())


def choose_rack(config: Config, name: str | None) -> Config:
    """Return the configuration with one rack only. Raises ConfigError."""
    racks = list(dict.fromkeys(device.rack for device in config.devices))
    if name is None and len(racks) > 1:
        raise ConfigError(f"{config.file} has several racks; name one: {', '.join(racks)}")
    if name is not None and name not in racks:
        raise ConfigError(f"{config.file} has no rack {name!r}; there are: {', '.join(racks)}")
    chosen = name or racks[0]
    return replace(
        config, devices=tuple(device for device in config.devices if device.rack == chosen)
    )


def _seen(looks: Mapping[str, DeviceRead]) -> Seen:
    now = time.time()
    samples = []
    for name, each in looks.items():
        samples += [replace(Sample.of(reading), device=name) for reading in each.readings]
        if each.identity is not None:
            samples.append(identity_sample(name, each.identity, now))
    return newest_inventory(samples, [name for name, each in looks.items() if each.readings])


def _show(found: SheetComparison) -> None:
    for what, count in found.compared.items():
        wrong = len([each for each in found.findings if each.what is what])
        console.out(f"{what}: {count} compared, {wrong} not as planned")
    if found.findings:
        rows = [(each.what, each.where, each.says) for each in found.findings]
        console.print_table(("what", "where", "says"), rows)


def _document(found: SheetComparison) -> dict[str, object]:
    return {
        "compared": {str(what): count for what, count in found.compared.items()},
        "findings": [
            {
                "what": str(each.what),
                "where": each.where,
                "planned": each.planned,
                "found": each.found,
                "says": each.says,
            }
            for each in found.findings
        ],
    }
