"""``rackagent commission``: take a rack through a stage, and say what it came to."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from agent import console
from agent.cli.generation import Folder
from agent.cli.options import ConfigPath
from agent.cli.rack import RackName, choose_rack
from agent.commission import evidence
from agent.commission.generation import open_generation
from agent.commission.journal import Journal
from agent.commission.records import Verdict, blocks
from agent.commission.results import Report, results_json
from agent.commission.rounds import Rounds
from agent.commission.runner import Runner, roles
from agent.commission.samples import SampleStore
from agent.commission.sealing import seal, unsound
from agent.commission.sheet import load_sheet
from agent.commission.signing import private_key, public_key
from agent.commission.stand import HallStand, Stand, simulated_stand
from agent.commission.verdicts import Facts, Waiver, load_waivers
from agent.config import Config, load_config
from agent.errors import ConfigError, DeviceUnreachable
from agent.loop import run_loop

_CHECK_FAILED = 1
_QUIET = {Verdict.PASS, Verdict.SKIP}

evidence_app = typer.Typer(help="What a commissioning run left.", no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class _Rehearsal:
    """How the rack is simulated."""

    seed: int
    speed: float
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Order:
    """One run that was asked for."""

    config: Config
    facts: Facts
    waivers: tuple[Waiver, ...]
    folder: Path
    resume: bool
    rehearsal: _Rehearsal | None


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
    order = _Order(
        config=chosen,
        facts=_with(facts, named),
        waivers=tuple(load_waivers(waivers)) if waivers is not None else (),
        folder=out or _folder(chosen.devices[0].rack, stage),
        resume=resume,
        rehearsal=_Rehearsal(seed, speed, tuple(fault or ())) if simulated else None,
    )
    run_loop(_carry_out(order))
    report = evidence.judged(order.folder)
    evidence.write_results(order.folder, report)
    seal(order.folder, report, signer)
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


def _with(facts: Facts, devices: dict[str, str]) -> Facts:
    return Facts(
        *(facts.generation, facts.stage, devices, facts.interval_s),
        sheet=facts.sheet,
    )


def _folder(rack: str, stage: str) -> Path:
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return Path("evidence") / f"{rack}-{stage}-{now}"


async def _carry_out(order: _Order) -> None:
    config, facts = order.config, order.facts
    rack = config.devices[0].rack
    done: list[str] = []
    open_step = ""
    async with contextlib.AsyncExitStack() as stack:
        stand = await stack.enter_async_context(_stand(order))
        rounds = await stack.enter_async_context(Rounds(config, facts.interval_s, stand.now))
        journal: Journal
        if order.resume:
            journal, done, open_step = evidence.resume(order.folder, facts, rack)
        else:
            tool = version("rackagent")
            journal = evidence.begin(
                *(order.folder, facts, rack, tool, Path(config.file)), order.waivers
            )
        stack.callback(journal.close)
        store = SampleStore(order.folder / evidence.SAMPLES)
        stack.callback(store.close)
        runner = Runner(facts, stand, rounds, store, journal, console.err)
        if silent := await runner.preflight():
            journal.write("aborted", stand.now(), why=f"before it began: {'; '.join(silent)}")
            raise DeviceUnreachable(f"the run does not begin: {'; '.join(silent)}")
        shows = {device: sorted(metrics) for device, metrics in rounds.shows().items()}
        journal.write("profiles", stand.now(), shows=shows)
        if open_step:
            await runner.undo(open_step)
        await runner.run(done)
        journal.write("run_ended", stand.now())


@contextlib.asynccontextmanager
async def _stand(order: _Order) -> AsyncIterator[Stand]:
    how = order.rehearsal
    if how is None:
        yield HallStand(order.config.stimuli)
        return
    made = simulated_stand(order.config, seed=how.seed, speed=how.speed, faults=how.faults)
    async with made as stand:
        yield stand


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
