"""``rackagent commission``: take a rack through a stage, and say what it came to."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from agent import console
from agent.cli.evidence import show
from agent.cli.generation import Folder
from agent.cli.operator import Operator
from agent.cli.options import ConfigPath
from agent.cli.progress import Lines
from agent.cli.rack import RackName, choose_rack
from agent.commission.answers import check_name
from agent.commission.generation import open_generation
from agent.commission.journal import Event
from agent.commission.people import Crew
from agent.commission.records import blocks
from agent.commission.run import Order, Rehearsal, carry_out, conclude
from agent.commission.runner import roles
from agent.commission.sheet import load_sheet
from agent.commission.signing import private_key
from agent.commission.verdicts import Facts, load_waivers
from agent.config import load_config
from agent.errors import ConfigError
from agent.loop import run_loop

_CHECK_FAILED = 1


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
    operator: Annotated[
        str,
        typer.Option(help="Who carries it out, and is asked; without, nobody is.", metavar="NAME"),
    ] = "",
    witness: Annotated[
        str, typer.Option(help="Who sees it, with --operator.", metavar="NAME")
    ] = "",
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
    """Take a rack through a stage of its generation, and judge it.

    Stimuli are the configuration's commands, or said so that somebody does them; either counts only
    once the data show it. With --operator the run asks for what a person has to do, confirm or
    attach, and waits; answers are typed, or given with 'rackagent evidence answer'.

    Everything read and every verdict goes to the evidence directory. The exit status is 0 when
    nothing blocks, 1 when a check failed or could not be judged.

    Examples:
      rackagent commission site.yaml --generation nvl72 --stage L11 --sheet r01.yaml

      rackagent commission site.yaml --generation nvl72 --stage L11 --simulated --fault clog
    """
    if not simulated and (fault or speed or seed):
        raise ConfigError("--fault, --speed and --seed need --simulated")
    for name in filter(None, (operator, witness)):
        check_name(name)
    if witness and not operator:
        raise ConfigError("--witness needs --operator")
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
        crew=Crew(operator, witness),
        rehearsal=Rehearsal(seed, speed, tuple(fault or ())) if simulated else None,
    )
    lines = Lines()
    run_loop(_attended(order, lines) if operator else carry_out(order, lines.hear))
    report = conclude(order.folder, signer, lines.hear)
    show(report)
    console.out(f"evidence: {order.folder}")
    if blocks(report.verdict):
        raise typer.Exit(_CHECK_FAILED)


async def _attended(order: Order, lines: Lines) -> None:
    asked = Operator(order.folder, order.crew.operator)

    def hear(event: Event) -> None:
        lines.hear(event)
        asked.hear(event)

    with asked.listening():
        await carry_out(order, hear)


def _folder(rack: str, stage: str) -> Path:
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return Path("evidence") / f"{rack}-{stage}-{now}"
