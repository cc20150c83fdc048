"""``rackagent commission``: take a rack through a stage and judge it."""

import asyncio
import contextlib
import json
import re
import sys
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.app.event_loop import run_loop, stopping
from agent.cli import console
from agent.cli.commission.evidence import show
from agent.cli.commission.generation import Folder
from agent.cli.commission.operator import Operator
from agent.cli.commission.progress import Bars, Display, JsonLines, Lines
from agent.cli.commission.rack import choose_rack
from agent.cli.options import ConfigPath, Format, Output
from agent.cli.status import Status, status_of
from agent.commission.evidence.retest import retested
from agent.commission.evidence.signing import PrivateKey, private_key
from agent.commission.journal.answers import check_name
from agent.commission.journal.writer import Event
from agent.commission.judge.verdicts import Facts, load_waivers
from agent.commission.records import blocks
from agent.commission.run.order import OnEvent, Order, OrderOutcome, Rehearsal, carry_out_all
from agent.commission.run.prompts import Crew
from agent.commission.spec.build_sheet import Sheet, load_sheet
from agent.commission.spec.generation import Generation, find_generations, open_generation
from agent.config import Config, load_config
from agent.model.errors import ConfigError

_RACKS_MAX = 64
_RACK = "{rack}"
_WORD = re.compile(r"(?:rack|device)=[\w.-]+")


def commission(
    config: ConfigPath,
    stage: Annotated[str, typer.Option(help="Stage of the generation, for example L11.")],
    generation: Annotated[
        str | None,
        typer.Option(help="Name of a generation, or its YAML file; by default that of the rack."),
    ] = None,
    rack: Annotated[
        list[str] | None,
        typer.Option(help="Rack of CONFIG; may be left out if there is only one; repeatable."),
    ] = None,
    all_racks: Annotated[
        bool, typer.Option("--all-racks", help="Run on every rack of CONFIG at the same time.")
    ] = False,
    generations: Folder = None,
    sheet: Annotated[
        Path | None,
        typer.Option(
            help="Build sheet (YAML or CSV), by default that of the rack; {rack} is replaced by the"
            " name of the rack."
        ),
    ] = None,
    cables: Annotated[
        Path | None, typer.Option(help="Cables (CSV), if --sheet is a CSV of devices.")
    ] = None,
    waivers: Annotated[
        Path | None, typer.Option(help="Waivers (YAML): check, by, why, until.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Directory for the evidence; with several racks OUT/RACK;"
            " evidence/RACK-STAGE-TIME by default."
        ),
    ] = None,
    interval: Annotated[
        float, typer.Option(help="Polling interval in seconds.", min=1, max=60)
    ] = 5.0,
    key: Annotated[
        Path | None,
        typer.Option(
            help="Sign the evidence with this ed25519 key (PEM, without a password);"
            " not allowed with --simulated."
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the interrupted run in --out.")
    ] = False,
    retest: Annotated[
        str,
        typer.Option(
            help="Repeat only these checks of the earlier run --of, in a new directory.",
            metavar="CHECK,...",
        ),
    ] = "",
    of: Annotated[
        Path | None,
        typer.Option(help="Evidence directory of the earlier run that --retest repeats."),
    ] = None,
    operator: Annotated[
        str,
        typer.Option(
            help="Name of the operator, who is prompted; without it, nobody is prompted.",
            metavar="NAME",
        ),
    ] = "",
    witness: Annotated[
        str, typer.Option(help="Name of the witness, with --operator.", metavar="NAME")
    ] = "",
    simulated: Annotated[
        bool,
        typer.Option("--simulated", help="Rehearse on a simulated rack instead of the devices."),
    ] = False,
    speed: Annotated[
        float,
        typer.Option(help="Rack seconds per second, with --simulated; 0 is as fast as possible."),
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Random seed: the same seed gives the same rack.")] = 0,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help=r"With --simulated: fault to inject, as in 'rackagent simulate'; repeatable."
        ),
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """Take a rack through a stage of its generation, and judge it.

    Stimuli are commands of the configuration, or instructions to a person; either counts only when
    telemetry confirms it. With --operator the run prompts for manual steps, confirmations and
    attachments, and waits; answers are typed, or given with 'rackagent evidence answer'.

    All readings and verdicts are written to the evidence directory. The exit status is 0 when
    nothing blocks, 1 when a check failed or could not be judged. A run does not begin when a device
    does not answer (3), or when none gives what an abort limit or a step's confirmation needs (4).
    Of several racks, the status is the highest.

    Examples:
      rackagent commission site.yaml --stage L11 --generation nvl72 --sheet r01.yaml

      rackagent commission site.yaml --stage L11 --simulated --fault clog

      rackagent commission site.yaml --stage L11 --all-racks --sheet {rack}.yaml

      rackagent commission site.yaml --stage L11 --retest cooling.flow --of DIR
    """
    wrong = {
        "--fault, --speed and --seed need --simulated": not simulated and (fault or speed or seed),
        "--key does not go with --simulated: a rehearsal is no acceptance and is not signed": key
        and simulated,
        "--witness needs --operator": witness and not operator,
        "--resume needs --out, the directory of the run": resume and out is None,
        "--retest CHECKS and --of DIR, the run that they were in, go together": bool(retest)
        != bool(of),
    }
    for said in (said for said, is_so in wrong.items() if is_so):
        raise ConfigError(said)
    for name in filter(None, (operator, witness)):
        check_name(name)
    signer = None if key is None else private_key(key)
    site = load_config(config)
    racks = _racks(site, rack or [], all_racks=all_racks)
    ordered = partial(
        Order,
        waivers=tuple(load_waivers(waivers)) if waivers is not None else (),
        resume=resume,
        crew=Crew(operator, witness),
        rehearsal=Rehearsal(seed, speed, tuple(fault or ())) if simulated else None,
    )
    orders = []
    for name in racks:
        judged = _generation(site, name, generation, generations)
        judged.steps(stage)
        planned = _sheet(sheet or site.rack(name).sheet, cables, name)
        facts = Facts(judged, stage, {}, interval, sheet=planned)
        folder = _folder(out, name, stage, len(racks))
        order = ordered(config=choose_rack(site, name), facts=facts, folder=folder)
        orders.append(_for_one_rack(order, site, several=len(racks) > 1))
    if of is not None:
        orders = [_again(order, retest, of) for order in orders]
    outcomes = _carry_out(orders, signer, output)
    if len(orders) == 1 and outcomes[0].error is not None:
        raise outcomes[0].error
    _tell(outcomes, output)
    if status := max(_status(outcome) for outcome in outcomes):
        raise typer.Exit(status)


def _generation(site: Config, rack: str, given: str | None, folder: Path | None) -> Generation:
    """Return the generation that judges a rack: ``given``, or its own. Raises ConfigError."""
    name = given or site.rack(rack).generation
    if name is None:
        said = f"is missing; add it, or give --generation ({', '.join(find_generations(folder))})"
        raise ConfigError([site.rack_problem(rack, "generation", said)])
    try:
        loaded = open_generation(name, folder)
    except ConfigError as error:
        if given or error.problems:
            raise
        said = f"{error}. What the simulator runs is the rack's 'model'"
        raise ConfigError([site.rack_problem(rack, "generation", said)]) from None
    if loaded.spec.abstract:
        raise ConfigError(f"generation {name!r} can only be extended by others")
    return loaded


def _for_one_rack(order: Order, site: Config, *, several: bool) -> Order:
    """Return the order with its devices by role and only its own faults. Raises ConfigError.

    Of several racks, some may not have begun when the run was interrupted.
    """
    named = order.facts.generation.assigned((d.role, d.name) for d in order.config.devices)
    rehearsal = order.rehearsal
    if rehearsal is not None:
        elsewhere = {
            *(f"rack={device.rack}" for device in site.devices if device.rack != order.rack),
            *(f"device={each.name}" for each in site.devices if each.rack != order.rack),
        }
        faults = [each for each in rehearsal.faults if not elsewhere & set(_WORD.findall(each))]
        rehearsal = replace(rehearsal, faults=tuple(faults))
    return replace(
        order,
        rehearsal=rehearsal,
        facts=replace(order.facts, devices=named),
        resume=order.resume and (order.folder.exists() or not several),
    )


def _again(order: Order, checks: str, of: Path) -> Order:
    """Return the order as a retest. Raises ConfigError."""
    names = [each.strip() for each in checks.split(",")]
    facts, retest = retested(
        *(order.facts, order.rack, names, of), simulated=order.rehearsal is not None
    )
    return replace(order, facts=facts, retest_of=retest)


def _racks(site: Config, names: list[str], *, all_racks: bool) -> list[str]:
    """Return the selected racks. Raises ConfigError."""
    known = list(dict.fromkeys(device.rack for device in site.devices))
    if all_racks and names:
        raise ConfigError("--all-racks and --rack exclude each other")
    wanted = known if all_racks else list(dict.fromkeys(names)) or [""]
    if len(wanted) > _RACKS_MAX:
        raise ConfigError(f"at most {_RACKS_MAX} racks in one run, not {len(wanted)}")
    return [choose_rack(site, name or None).devices[0].rack for name in wanted]


def _sheet(path: Path | None, cables: Path | None, rack: str) -> Sheet | None:
    """Return the build sheet of a rack. Raises ConfigError."""
    if path is None:
        return None
    own = [
        None if each is None else Path(str(each).replace(_RACK, rack)) for each in (path, cables)
    ]
    return load_sheet(own[0] or path, own[1])


def _folder(out: Path | None, rack: str, stage: str, racks: int) -> Path:
    if out is not None:
        return out / rack if racks > 1 else out
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return Path("evidence") / f"{rack}-{stage}-{now}"


def _carry_out(orders: list[Order], key: PrivateKey | None, output: Format) -> list[OrderOutcome]:
    several = len(orders) > 1
    display: Display
    if output is Format.JSON:
        display = JsonLines()
    else:
        display = Bars(several=several) if sys.stderr.isatty() else Lines(several=several)
    who = orders[0].crew.operator
    operator = Operator(who, display.say, several=several) if who else None

    def on_event(order: Order) -> OnEvent:
        def forward(event: Event) -> None:
            display.on_event(order, event)
            if operator is not None:
                operator.on_event(order, event)

        return forward

    async def all_of_them() -> list[OrderOutcome]:
        stop = asyncio.Event()
        typed = operator.listening() if operator is not None else contextlib.nullcontext()
        with stopping(stop), typed:
            return await _until(stop, carry_out_all(orders, key, on_event))

    try:
        return run_loop(all_of_them())
    except asyncio.CancelledError:
        display.say("error: interrupted, its commands undone; continue with --resume --out DIR")
        raise typer.Exit(Status.CHECK_FAILED) from None
    finally:
        display.close()


async def _until(
    stop: asyncio.Event, runs: Coroutine[Any, Any, list[OrderOutcome]]
) -> list[OrderOutcome]:
    """Return the outcomes of the runs. Cancels them on ``stop``, so that they undo stimuli."""
    working = asyncio.create_task(runs, name="runs")
    stopped = asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if stop.is_set():
        working.cancel()
    return await working


def _status(outcome: OrderOutcome) -> Status:
    """Return the exit status for one rack."""
    if outcome.error is not None:
        return status_of(outcome.error)
    blocked = outcome.report is None or blocks(outcome.report.verdict)
    return Status.CHECK_FAILED if blocked else Status.SUCCESS


def _tell(outcomes: list[OrderOutcome], output: Format) -> None:
    if output is Format.JSON:
        for outcome in outcomes:
            console.out(json.dumps(_summary(outcome), ensure_ascii=False))
        return
    for outcome in outcomes:
        if outcome.report is not None:
            show(outcome.report)
            console.out(f"evidence: {outcome.order.folder}")
        else:
            console.err(f"error: {outcome.order.rack}: {outcome.error}")
    if len(outcomes) > 1:
        found = [_summary(outcome) for outcome in outcomes]
        rows = [[str(each[key]) for key in ("rack", "verdict", "evidence")] for each in found]
        console.print_table(("rack", "verdict", "evidence"), rows)


def _summary(outcome: OrderOutcome) -> dict[str, object]:
    report = outcome.report
    return {
        "event": "verdict",
        "rack": outcome.order.rack,
        "evidence": str(outcome.order.folder),
        "simulated": outcome.order.rehearsal is not None,
        "verdict": "not done" if report is None else str(report.verdict),
        "why": "" if report is None else report.aborted,
        "error": None if outcome.error is None else str(outcome.error),
        "status": _status(outcome),
    }
