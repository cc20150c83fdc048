"""``rackagent profiles``: the device library, and the tools to write and check a profile."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.app.event_loop import run_loop
from agent.authoring.check_profile import Witness, check_itself, read_recorded, unsaid
from agent.authoring.draft.mibs import Mibs, read_mibs
from agent.authoring.draft.page import make_draft, slug
from agent.authoring.draft.report import known_already, summary
from agent.authoring.snmprec_read import read_recording
from agent.authoring.witness_page import read_page
from agent.authoring.witness_run import disagreements
from agent.cli import console
from agent.cli.options import Folders, Format, Output
from agent.cli.status import Status
from agent.model.errors import ConfigError
from agent.model.values import Quality
from agent.plan import make_plan
from agent.profile.library import Library, open_library
from agent.profile.points import Profile

_PROBLEMS_SHOWN = 20


profiles_app = typer.Typer(
    help="List, check, test and draft device profiles.", no_args_is_help=True
)


@profiles_app.command("list")
def list_profiles(profiles: Folders = None, output: Output = Format.TABLE) -> None:
    """List every profile: name, kind, protocol, points, how it was verified."""
    found = open_library(profiles or []).all()
    if output is Format.JSON:
        console.out_json([console.profile_json(profile) for profile in found])
    else:
        console.print_profiles(found)


@profiles_app.command("show")
def show_profile(
    name: Annotated[str, typer.Argument(help="Profile name.")],
    profiles: Folders = None,
    output: Output = Format.TABLE,
) -> None:
    """Show one profile: what it reads, from where, in which unit."""
    profile = open_library(profiles or []).get(name)
    if output is Format.JSON:
        console.out_json(console.profile_json(profile, points=True))
    else:
        console.print_profile(profile)


@profiles_app.command("check")
def check_profile(
    file: Annotated[Path, typer.Argument(help="Profile (YAML).", show_default=False)],
    witness: Annotated[
        Path | None,
        typer.Option("--witness", "-w", help="Witness page: values typed from the datasheet."),
    ] = None,
    profiles: Folders = None,
) -> None:
    """Check a profile you are writing; every problem is named with its line.

    A witness page holds answers of the device and the expected readings. The exit status is 1 if
    the readings differ, or if the profile is invalid. Warnings name what is missing before it can
    be shipped.

    Examples:
      rackagent profiles check ./acme-pdu.yaml

      rackagent profiles check ./acme-pdu.yaml --witness witnesses/acme-pdu.yaml
    """
    profile = open_library(profiles or []).load(file)
    cases = read_page(witness) if witness else ()
    problems = [f"{file}: {fault}" for fault in check_itself(profile)]
    problems += map(str, run_loop(disagreements(profile, cases)))
    requests = len(make_plan(profile).requests)
    console.out(f"{file}: {profile.name}: {len(profile.points)} points in {requests} requests")
    if witness:
        console.out(f"{witness}: {len(cases)} cases")
    for lack in unsaid(profile):
        console.err(f"warning: {lack}")
    _show_problems(problems)
    if problems:
        raise typer.Exit(Status.CHECK_FAILED)


@profiles_app.command("test")
def hold_profile(
    name: Annotated[str, typer.Argument(help="Name of a profile, or its YAML file.")],
    recording: Annotated[
        list[Path] | None,
        typer.Option(
            "--recording", "-r", help="Recording (.snmprec or snmpwalk -On output); repeatable."
        ),
    ] = None,
    profiles: Folders = None,
    output: Output = Format.TABLE,
) -> None:
    """Test a profile by itself and with recordings of devices.

    By itself: every request is within the device's limits, every conversion can be inverted. With a
    recording: readings, bad values, duplicate series, and the share of the vendor's rows that is
    used. The exit status is 1 if there are duplicates, failures or implausible values.

    Examples:
      rackagent profiles test apc-rpdu2

      rackagent profiles test ./acme-pdu.yaml --recording acme.snmprec
    """
    library = open_library(profiles or [])
    profile = _named(library, name)
    faults = check_itself(profile)
    witnesses = [
        run_loop(read_recorded(profile, file, library, console.warn)) for file in recording or ()
    ]
    if output is Format.JSON:
        console.out_json(_verdict(profile, faults, witnesses))
    else:
        _show_verdict(profile, faults, witnesses)
    if faults or any(witness.problems for witness in witnesses):
        raise typer.Exit(Status.CHECK_FAILED)


@profiles_app.command("draft")
def draft_profile(
    recording: Annotated[
        Path,
        typer.Argument(help="Recording (.snmprec or snmpwalk -On output).", show_default=False),
    ],
    mib: Annotated[
        list[Path] | None,
        typer.Option("--mib", help="MIB file, or a folder of MIB files; repeatable. Needs pysmi."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Profile to write (default: stdout)."),
    ] = None,
    profiles: Folders = None,
) -> None:
    """Draft a profile from the recording of a device, and name the profile that fits it already.

    Metrics, units, scales and states are guessed from the MIB's words and the values. Each guess is
    marked, and what could not be guessed is listed. Check everything with the datasheet.

    Examples:
      rackagent walk snmp://10.0.0.5 --out acme.snmprec

      rackagent profiles draft acme.snmprec --mib ACME-MIB --out acme-pdu.yaml

      rackagent profiles test ./acme-pdu.yaml --recording acme.snmprec
    """
    if out is not None and out.exists():
        raise ConfigError(f"{out} exists; a draft never overwrites")
    if out is not None and out.suffix != ".yaml":
        raise ConfigError(f"{out}: a profile's file is called NAME.yaml")
    library = open_library(profiles or [])
    rows = read_recording(recording, console.warn)
    mibs = read_mibs(mib) if mib else Mibs()
    for problem in mibs.problems:
        console.warn(problem)
    name = slug((out or recording).stem)
    draft = make_draft(name, rows, mibs, recording.name, library.fragments)
    report = run_loop(known_already(rows, library)) + summary(draft)
    if out is None:
        console.out(draft.text.rstrip())
    else:
        _write(out, draft.text)
    for line in report:
        (console.err if out is None else console.out)(line)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}") from None


def _named(library: Library, name: str) -> Profile:
    """Return the library's profile of this name, or the one in a file. Raises ConfigError."""
    file = Path(name)
    if file.suffix in (".yaml", ".yml") or "/" in name:
        return library.load(file)
    return library.get(name)


def _verdict(
    profile: Profile, faults: Sequence[str], witnesses: Sequence[Witness]
) -> dict[str, Any]:
    return {
        "profile": profile.name,
        "points": len(profile.points),
        "requests": len(make_plan(profile).requests),
        "problems": list(faults),
        "recordings": [
            {
                "file": witness.recording,
                "auto": witness.found,
                "readings": len(witness.readings),
                **{quality.value: witness.count(quality) for quality in Quality},
                "vendor_rows": witness.vendor_rows,
                "vendor_rows_read": witness.read_rows,
                "vendor_rows_helping": witness.helper_rows,
                "problems": witness.problems,
            }
            for witness in witnesses
        ],
    }


def _show_verdict(profile: Profile, faults: Sequence[str], witnesses: Sequence[Witness]) -> None:
    requests = len(make_plan(profile).requests)
    console.out(f"{profile.name}: {len(profile.points)} points in {requests} requests")
    if witnesses:
        counts = (
            "readings",
            "good",
            "uncertain",
            "bad",
            "failures",
            "duplicates",
            "vendor rows read",
        )
        console.print_table(("recording", *counts, "auto selects"), map(_row, witnesses), counts)
    problems = [f"{profile.name}: {fault}" for fault in faults]
    problems += [f"{w.recording}: {problem}" for w in witnesses for problem in w.problems]
    _show_problems(problems)
    for witness in witnesses:
        if witness.found != profile.name:
            taken = f"selects {witness.found}" if witness.found else "finds nothing"
            console.err(f"warning: {witness.recording}: 'auto' {taken}: check 'identify'")
    if not problems:
        console.out("no problem found")


def _show_problems(problems: Sequence[str]) -> None:
    for problem in problems[:_PROBLEMS_SHOWN]:
        console.err(f"error: {problem}")
    if len(problems) > _PROBLEMS_SHOWN:
        console.err(f"error: and {len(problems) - _PROBLEMS_SHOWN} more")


def _row(witness: Witness) -> tuple[str, ...]:
    vendor = witness.vendor_rows
    share = f" ({100 * witness.read_rows / vendor:.0f} %)" if vendor else ""
    return (
        Path(witness.recording).name,
        str(len(witness.readings)),
        *(str(witness.count(each)) for each in (Quality.GOOD, Quality.UNCERTAIN, Quality.BAD)),
        str(len(witness.failures)),
        str(len(witness.duplicates)),
        f"{witness.read_rows} of {vendor}{share}",
        witness.found or "nothing",
    )
