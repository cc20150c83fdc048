"""``rackagent commission``: take a rack through a stage, and say what it came to."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from agent import console
from agent.cli.generation import Folder
from agent.cli.options import ConfigPath
from agent.cli.rack import RackName, choose_rack
from agent.commission import evidence
from agent.commission.generation import open_generation
from agent.commission.records import Verdict, blocks
from agent.commission.results import Report, results_json
from agent.commission.run import Order, Rehearsal, carry_out, conclude
from agent.commission.runner import roles
from agent.commission.sealing import unsound
from agent.commission.sheet import load_sheet
from agent.commission.signing import private_key, public_key
from agent.commission.verdicts import Facts, load_waivers
from agent.config import load_config
from agent.errors import ConfigError
from agent.loop import run_loop

_CHECK_FAILED = 1
_QUIET = {Verdict.PASS, Verdict.SKIP}

evidence_app = typer.Typer(help="What a commissioning run left.", no_args_is_help=True)


def commission(
    config: ConfigPath,
    generation: Annotated[str, typer.Option(help="A generation's name, or its YAML file.")],
    stage: Annotated[str, typer.Option(help="L11, L12, L3, L4 or L5; as the generation has them.")],
    rack: RackName = None,
    generations: Folder = None,
    sheet: Annotated[Path | None, typer.Option(help="The build sheet: YAML or CSV.")] = None,
    cables: Annotated[
        Path | None, typer.Option(help="With a CSV of devices: the CSV of cables.")
    ] = None,
    waivers: Annotated[
        Path | None, typer.Option(help="A YAML file of waivers: check, by, why, until.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The directory for the evidence; evidence/RACK-STAGE-TIME by default."),
    ] = None,
    interval: Annotated[
        float, typer.Option(help="Seconds between two rounds of readings.", min=1, max=60)
    ] = 5.0,
    key: Annotated[
        Path | None,
        typer.Option(help="Sign the evidence with this ed25519 key (PEM, without a password)."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in --out that was cut off.")
    ] = False,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="Rehearse: serve the rack of CONFIG ourselves.")
    ] = False,
    speed: Annotated[
        float,
        typer.Option(help="Rack seconds per second, with --simulated; 0 is as fast as can be."),
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same rack.")] = 0,
    fault: Annotated[
        list[str] | None,
        typer.Option(help=r"With --simulated: NAME[:PARAM=VALUE,...]\[@AT][+FOR]; repeatable."),
    ] = None,
) -> None:
    """Take a rack through a stage of its generation, unattended, and judge it.

    Stimuli are the configuration's commands, or said so that somebody does them; either counts only
    once the data show it. Everything read and every verdict goes to the evidence directory. The
    exit status is 0 when nothing blocks, 1 when a check failed or could not be judged.

    Examples:
      rackagent commission site.yaml --generation nvl72 --stage L11 --sheet r01.yaml

      rackagent commission site.yaml --generation nvl72 --stage L11 --simulated --fault clog
    """
    if not simulated and (fault or speed or seed):
        raise ConfigError("--fault, --speed and --seed need --simulated")
    if resume and out is None:
        raise ConfigError("--resume needs --out, the directory of the run")
    signer = None if key is None else private_key(key)
    chosen = choose_rack(load_config(config), rack)
    facts = Facts(
        generation=open_generation(generation, generations),
        stage=stage,
        devices={},
        interval_s=interval,
        sheet=None if sheet is None else load_sheet(sheet, cables),
    )
    facts.generation.steps(stage)
    if facts.generation.spec.abstract:
        raise ConfigError(f"generation {generation!r} is only there to be extended")
    named = roles(facts.generation, ((d.role, d.name) for d in chosen.devices))
    order = Order(
        config=chosen,
        facts=replace(facts, devices=named),
        folder=out or _folder(chosen.devices[0].rack, stage),
        waivers=tuple(load_waivers(waivers)) if waivers is not None else (),
        resume=resume,
        rehearsal=Rehearsal(seed, speed, tuple(fault or ())) if simulated else None,
    )
    run_loop(carry_out(order, console.err))
    report = conclude(order.folder, signer)
    _show(report)
    console.out(f"evidence: {order.folder}")
    if blocks(report.verdict):
        raise typer.Exit(_CHECK_FAILED)


@evidence_app.command("judge")
def judge_again(
    folder: Annotated[Path, typer.Argument(help="The directory of a run.", show_default=False)],
) -> None:
    """Judge a recorded run again. The exit status is 1 where its results are not the same."""
    report = evidence.judged(folder)
    _show(report)
    if results_json(report) != evidence.stored_results(folder):
        console.err(f"error: {folder / evidence.RESULTS} is not what the samples give")
        raise typer.Exit(_CHECK_FAILED)
    console.out("the results are the same")


@evidence_app.command("verify")
def verify_evidence(
    folder: Annotated[Path, typer.Argument(help="The directory of a run.", show_default=False)],
    key: Annotated[
        Path | None, typer.Option(help="The public ed25519 key (PEM) that must have signed it.")
    ] = None,
) -> None:
    """Check that the evidence of a run is what was sealed, and that its samples give its results.

    Every file is held against the manifest, and every verdict is given again. The exit status is 1
    when anything was changed, is missing or was added; each is named.

    A pair of keys: openssl genpkey -algorithm ed25519 -out key.pem, then
    openssl pkey -in key.pem -pubout -out public.pem
    """
    problems, signed = unsound(folder, None if key is None else public_key(key))
    for problem in problems:
        console.err(f"error: {folder / problem}")
    if problems:
        raise typer.Exit(_CHECK_FAILED)
    if key is None:
        hint = "signed, but by whom was not looked at: name --key" if signed else "not signed"
        console.err(f"warning: {hint}")
    console.out(f"{folder}: as it was sealed")


def _folder(rack: str, stage: str) -> Path:
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return Path("evidence") / f"{rack}-{stage}-{now}"


def _show(report: Report) -> None:
    rows = []
    for result in report.results:
        if result.verdict in _QUIET:
            continue
        measured = "; ".join(f"{each.name} {_number(each.value)}" for each in result.measurements)
        said = "; ".join(filter(None, (measured, result.reason)))
        rows.append((str(result.verdict), result.check, report.check(result).title, said))
    if rows:
        console.print_table(("verdict", "check", "title", "why"), rows)
    counts = dict.fromkeys(Verdict, 0)
    for result in report.results:
        counts[result.verdict] += 1
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    generation = report.facts.generation
    console.out(f"{report.rack} {generation.name} {report.facts.stage}: {report.verdict} ({told})")


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"
