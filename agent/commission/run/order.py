"""Orders of runs: carry them out, judge their samples and seal the evidence."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

from agent.commission.evidence import bundle
from agent.commission.evidence.provenance import keep_origins
from agent.commission.evidence.results import RunReport
from agent.commission.evidence.sealing import MANIFEST, refuse_signature, seal, signature_sentence
from agent.commission.evidence.signing import PrivateKey
from agent.commission.journal import answers
from agent.commission.journal.events import (
    ClockChecked,
    MessageLogged,
    ProfilesFound,
    RunAborted,
    RunConcluded,
    RunEnded,
)
from agent.commission.journal.samples import SampleStore, fold
from agent.commission.journal.writer import Event, RunJournal, read_journal
from agent.commission.judge.verdicts import Facts, StageVerdicts, Waiver
from agent.commission.report import write_report
from agent.commission.run.clock import clock_state
from agent.commission.run.live_verdicts import LiveVerdicts, judged_record
from agent.commission.run.prompts import Crew, People
from agent.commission.run.rig import HallRig, Rig, ShiftedRig, simulated_rig
from agent.commission.run.rounds import Rounds
from agent.commission.run.runner import Runner
from agent.config import Config
from agent.model.errors import ConfigError, DeviceUnreachable, NotCovered, RackagentError


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Settings of a simulated rack. ``speed`` is rack seconds per second; 0 is unlimited."""

    seed: int
    speed: float
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrderOutcome:
    """The outcome of an order: a report, or the error that prevented it."""

    order: "Order"
    report: RunReport | None = None
    error: RackagentError | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One run on the only rack of ``config``. ``folder`` is its evidence directory."""

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
        """The name of the rack."""
        return self.config.devices[0].rack


OnEvent = Callable[[Event], None]
"""Called with every event of a journal when it is written."""


async def carry_out_all(
    orders: Sequence[Order], key: PrivateKey | None, on_event: Callable[[Order], OnEvent]
) -> list[OrderOutcome]:
    """Carry out and conclude orders concurrently; one that fails does not stop the others."""
    return await asyncio.gather(*(_carried_out(order, key, on_event(order)) for order in orders))


async def _carried_out(order: Order, key: PrivateKey | None, on_event: OnEvent) -> OrderOutcome:
    try:
        known = await carry_out(order, on_event)
        # In a thread, so that polling of the other racks stays on time.
        report = await asyncio.to_thread(conclude, order.folder, key, on_event, known)
        return OrderOutcome(order, report)
    except RackagentError as error:
        return OrderOutcome(order, error=error)


async def carry_out(order: Order, on_event: OnEvent = lambda _: None) -> StageVerdicts | None:
    """Carry out an order, record it in its directory, and return the verdicts given so far.

    ``on_event`` is called with every event of the journal when it is written. Returns None if the
    run to resume has all its steps already.

    Raises ConfigError; DeviceUnreachable if a device does not answer before the first step; and
    NotCovered if no device reports a signal of an abort limit or confirmation.
    """
    config, facts, folder = order.config, order.facts, order.folder
    if order.resume and _only_unsealed(folder):
        return None
    async with contextlib.AsyncExitStack() as stack:
        rig = await stack.enter_async_context(_rig(order))
        rounds = await stack.enter_async_context(Rounds(config, facts.interval_s, rig.now))
        done: list[str] = []
        open_step = ""
        if order.resume:
            simulated = order.rehearsal is not None
            journal, done, open_step = bundle.resume(
                *(folder, facts, order.rack, on_event), simulated=simulated
            )
        else:
            about = {
                **asdict(order.crew),
                "retest_of": order.retest_of,
                "simulated": order.rehearsal is not None,
            }
            tool = version("rackagent")
            what = Path(config.file), order.waivers, about
            journal = bundle.begin(folder, facts, order.rack, tool, *what, on_event)
        stack.callback(journal.close)
        store = SampleStore(folder / bundle.SAMPLES)
        stack.callback(store.close)
        people = People(folder, journal, rig.now, order.crew, _answered(folder))
        stack.callback(answers.clear, folder)
        live = LiveVerdicts(facts, folder / bundle.SAMPLES, order.waivers, journal, rig.now)
        stack.push_async_callback(live.close)
        runner = Runner(facts, rig, rounds, store, journal, people, live.judge)
        if refused := await _refused(runner, done):
            why = str(refused).replace("\n", "; ")
            journal.write(RunAborted(why=why), rig.now())
            if open_step:
                await runner.release(open_step)
            raise refused
        if order.rehearsal is None:
            _mention_clock(journal, rig.now())
        shows = {device: sorted(metrics) for device, metrics in rounds.shows().items()}
        journal.write(ProfilesFound(shows=shows), rig.now())
        keep_origins(folder, config, rounds.profiles())
        live.known.facts = await asyncio.to_thread(bundle.as_kept, replace(facts, shows=shows))
        await runner.run(done, open_step)
        try:
            await live.close()
        finally:  # the run has ended even if a verdict failed
            journal.write(RunEnded(late=runner.lateness()), rig.now())
        return live.known


async def _refused(runner: Runner, done: Collection[str]) -> RackagentError | None:
    """Read the rack once; return the error that prevents the run, or None."""
    if silent := await runner.preflight():
        return DeviceUnreachable(f"the run does not begin: {'; '.join(silent)}")
    if lacking := runner.uncovered(done):
        return NotCovered("the run does not begin: " + "\n".join(lacking))
    return None


def _mention_clock(journal: RunJournal, at: float) -> None:
    """Record whether the clock of this machine is synchronised."""
    clock = clock_state()
    if clock is None or not clock.synchronised:
        journal.mention(
            MessageLogged(text="warning: the clock of this machine is not synchronised (NTP)"), at
        )
    if clock is not None:
        journal.write(
            ClockChecked(synchronised=clock.synchronised, error_s=round(clock.error_s, 6)), at
        )


def _only_unsealed(folder: Path) -> bool:
    """Return whether a run was interrupted after its last step: only its results are missing."""
    events = read_journal(folder / bundle.JOURNAL)
    return bundle.has_ended(events) and not (folder / MANIFEST).exists()


def _answered(folder: Path) -> set[str]:
    """Return the prompts for attachments that were given before the run was interrupted."""
    events = read_journal(folder / bundle.JOURNAL)
    return {f"attach.{check}" for check in bundle.attached(folder, events)}


def conclude(
    folder: Path,
    key: PrivateKey | None,
    on_event: OnEvent = lambda _: None,
    known: StageVerdicts | None = None,
) -> RunReport:
    """Judge the samples of a run, write its results and seal the directory.

    ``known`` are verdicts that ``carry_out`` returned. In a run that was interrupted, checks of
    steps not carried out are ERROR. Raises ConfigError if the directory is sealed already, if it
    cannot be read or written, or if ``key`` is given for a rehearsal.
    """
    if (folder / MANIFEST).exists():
        raise ConfigError(f"{folder} is sealed already")
    refuse_signature(key is not None and bundle.is_rehearsal(bundle.started(folder)))
    journal = RunJournal(folder / bundle.JOURNAL, on_event)
    try:
        report = _judged(folder, journal, known)
    finally:
        journal.close()
    bundle.write_results(folder, report)
    write_report(folder, report, signature_sentence(folder, key))
    seal(folder, report, key)
    return report


def _judged(folder: Path, journal: RunJournal, known: StageVerdicts | None) -> RunReport:
    fold(folder / bundle.SAMPLES)
    answers.clear(folder)
    report = bundle.judged(folder, known)
    for result in report.results:
        journal.mention(judged_record(result), report.ended)
    journal.write(RunConcluded(verdict=report.verdict), report.ended)
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
        yield ShiftedRig(rig, max(0.0, ahead_s))
