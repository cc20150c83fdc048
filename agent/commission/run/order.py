"""Carries out one run that was ordered, and makes of what it read verdicts and sealed evidence."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

from agent.commission.evidence import bundle
from agent.commission.evidence.provenance import keep_origins
from agent.commission.evidence.results import Report
from agent.commission.evidence.sealing import MANIFEST, refuse_signature, seal, signed_by
from agent.commission.evidence.signing import PrivateKey
from agent.commission.journal import answers
from agent.commission.journal.samples import SampleStore, fold
from agent.commission.journal.writer import Event, Journal, read_journal
from agent.commission.judge.verdicts import Facts, Waiver
from agent.commission.report import write_report
from agent.commission.run.clock import kept
from agent.commission.run.live_verdicts import Early, told
from agent.commission.run.prompts import Crew, People
from agent.commission.run.rig import HallRig, Later, Rig, simulated_rig
from agent.commission.run.rounds import Rounds
from agent.commission.run.runner import Runner
from agent.config import Config
from agent.model.errors import ConfigError, DeviceUnreachable, NotCovered, RackagentError


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How a rack is simulated. ``speed`` is rack seconds per second, 0 as many as can be."""

    seed: int
    speed: float
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an order: a report, or why there is none."""

    order: "Order"
    report: Report | None = None
    error: RackagentError | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One run that was asked for, over the one rack of ``config``."""

    config: Config
    facts: Facts
    folder: Path
    waivers: tuple[Waiver, ...] = ()
    resume: bool = False
    rehearsal: Rehearsal | None = None
    crew: Crew = field(default_factory=Crew)
    retest_of: Mapping[str, str] | None = None

    @property
    def rack(self) -> str:
        """The rack that it is about."""
        return self.config.devices[0].rack


Hear = Callable[[Event], None]
"""Is told of every line of a journal as it is written."""


async def carry_out_all(
    orders: Sequence[Order], key: PrivateKey | None, hear: Callable[[Order], Hear]
) -> list[Outcome]:
    """Carry out and conclude several orders side by side; one that cannot be stops no other."""
    return await asyncio.gather(*(_carried_out(order, key, hear(order)) for order in orders))


async def _carried_out(order: Order, key: PrivateKey | None, hear: Hear) -> Outcome:
    try:
        await carry_out(order, hear)
        # In a thread: the other racks are read on time meanwhile.
        return Outcome(order, await asyncio.to_thread(conclude, order.folder, key, hear))
    except RackagentError as error:
        return Outcome(order, error=error)


async def carry_out(order: Order, hear: Hear = lambda _: None) -> None:
    """Do what the order says, and keep all of it in its directory.

    ``hear`` is told of every line of the journal as it is written.

    Raises ConfigError, DeviceUnreachable where a device does not answer before the first step, and
    NotCovered where no device gives what abort limits and confirmations need.
    """
    config, facts, folder = order.config, order.facts, order.folder
    if order.resume and _only_unsealed(folder):
        return
    async with contextlib.AsyncExitStack() as stack:
        rig = await stack.enter_async_context(_rig(order))
        rounds = await stack.enter_async_context(Rounds(config, facts.interval_s, rig.now))
        done: list[str] = []
        open_step = ""
        if order.resume:
            simulated = order.rehearsal is not None
            journal, done, open_step = bundle.resume(
                *(folder, facts, order.rack, hear), simulated=simulated
            )
        else:
            about = {
                **asdict(order.crew),
                "retest_of": order.retest_of,
                "simulated": order.rehearsal is not None,
            }
            tool = version("rackagent")
            what = Path(config.file), order.waivers, about
            journal = bundle.begin(folder, facts, order.rack, tool, *what, hear)
        stack.callback(journal.close)
        store = SampleStore(folder / bundle.SAMPLES)
        stack.callback(store.close)
        people = People(folder, journal, rig.now, order.crew, _answered(folder))
        stack.callback(answers.clear, folder)
        early = Early(facts, folder / bundle.SAMPLES, order.waivers, journal, rig.now)
        stack.push_async_callback(early.close)
        runner = Runner(facts, rig, rounds, store, journal, people, early.judge)
        if refused := await _refused(runner, done):
            why = str(refused).replace("\n", "; ")
            journal.write("aborted", rig.now(), why=why)
            if open_step:
                await runner.release(open_step)
            raise refused
        if order.rehearsal is None:
            _mention_clock(journal, rig.now())
        shows = {device: sorted(metrics) for device, metrics in rounds.shows().items()}
        journal.write("profiles", rig.now(), shows=shows)
        keep_origins(folder, config, rounds.profiles())
        early.facts = replace(facts, shows=shows)
        await runner.run(done, open_step)
        try:
            await early.close()
        finally:  # a verdict that could not be given takes nothing from what was done
            journal.write("run_ended", rig.now(), late=runner.lateness())


async def _refused(runner: Runner, done: Collection[str]) -> RackagentError | None:
    """Why a run may not begin; None if it may. Reads the rack once."""
    if silent := await runner.preflight():
        return DeviceUnreachable(f"the run does not begin: {'; '.join(silent)}")
    if lacking := runner.uncovered(done):
        return NotCovered("the run does not begin: " + "\n".join(lacking))
    return None


def _mention_clock(journal: Journal, at: float) -> None:
    """Write down whether this machine's clock is kept right, which evidence rests on."""
    clock = kept()
    if clock is None or not clock.synchronised:
        journal.mention("said", at, text="warning: nothing keeps this machine's clock right (NTP)")
    if clock is not None:
        journal.write("clock", at, synchronised=clock.synchronised, error_s=round(clock.error_s, 6))


def _only_unsealed(folder: Path) -> bool:
    """Whether a run died after its last step, so that only its results are missing."""
    events = read_journal(folder / bundle.JOURNAL)
    return bundle.has_ended(events) and not (folder / MANIFEST).exists()


def _answered(folder: Path) -> set[str]:
    """What was attached before a run was cut off, and need not be asked for again."""
    events = read_journal(folder / bundle.JOURNAL)
    return {f"attach.{check}" for check in bundle.attached(folder, events)}


def conclude(folder: Path, key: PrivateKey | None, hear: Hear = lambda _: None) -> Report:
    """Judge what a run recorded, write its results and seal them.

    A run that died is concluded as it stands: what it did not come to is an ERROR. Raises
    ConfigError, also where ``key`` would sign a rehearsal.
    """
    if (folder / MANIFEST).exists():
        raise ConfigError(f"{folder} is sealed already")
    refuse_signature(key is not None and bundle.is_rehearsal(bundle.started(folder)))
    journal = Journal(folder / bundle.JOURNAL, hear)
    try:
        report = _judged(folder, journal)
    finally:
        journal.close()
    bundle.write_results(folder, report)
    write_report(folder, report, signed_by(folder, key))
    seal(folder, report, key)
    return report


def _judged(folder: Path, journal: Journal) -> Report:
    fold(folder / bundle.SAMPLES)
    answers.clear(folder)
    report = bundle.judged(folder)
    for result in report.results:
        journal.mention("judged", report.ended, **told(result))
    journal.write("concluded", report.ended, verdict=str(report.verdict))
    return report


@contextlib.asynccontextmanager
async def _rig(order: Order) -> AsyncIterator[Rig]:
    how = order.rehearsal
    if how is None:
        yield HallRig(order.config.stimuli)
        return
    made = simulated_rig(order.config, seed=how.seed, speed=how.speed, faults=how.faults)
    async with made as rig:
        if not order.resume:
            yield rig
            return
        store = SampleStore(order.folder / bundle.SAMPLES, read_only=True)
        ahead_s = store.latest() + order.facts.interval_s - rig.now()
        store.close()
        yield Later(rig, max(0.0, ahead_s))
