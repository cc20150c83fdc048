"""The directory of a run: what it was judged by, what was read, and what came of it.

Everything that verdicts rest on is in it, so they can be judged again from it alone. Nothing in it
is overwritten but what is made from the rest: results.json, junit.xml, ocptv.jsonl and the report.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.commission.evidence.ocptv import ocptv_lines
from agent.commission.evidence.results import RunReport, junit_xml, results_json
from agent.commission.journal.answers import ATTACHMENTS, sha256
from agent.commission.journal.events import RunResumed, RunStarted
from agent.commission.journal.samples import SampleStore
from agent.commission.journal.writer import (
    Event,
    RunJournal,
    cut_off,
    ended_early,
    read_journal,
    spans,
)
from agent.commission.judge.verdicts import (
    Attached,
    Facts,
    StageVerdicts,
    Waiver,
    Waivers,
    judge_stage,
    waived,
)
from agent.commission.spec.build_sheet import Sheet
from agent.commission.spec.generation import canonical, prove, sorted_generation
from agent.model.errors import ConfigError
from agent.parse.plain_file import read_plain
from agent.parse.yaml_source import Document, load_json

_RESULTS_MAX = 256 * 1024 * 1024  # bytes
JOURNAL, SAMPLES = "journal.jsonl", "samples.sqlite"
GENERATION, SHEET, WAIVERS = "generation.json", "sheet.json", "waivers.json"
RESULTS, JUNIT, OCPTV = "results.json", "junit.xml", "ocptv.jsonl"
REPORT, PDF = "report.html", "report.pdf"


def begin(
    folder: Path,
    facts: Facts,
    rack: str,
    version: str,
    config_file: Path,
    waivers: Sequence[Waiver] = (),
    about: Mapping[str, Any] | None = None,
    hear: Callable[[Event], None] = lambda _: None,
) -> RunJournal:
    """Make the directory and write down what the run is judged by. Raises ConfigError.

    ``about`` is what else its first line says; ``hear`` is told of every line of its journal.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ConfigError(f"{folder} is not empty; a run never overwrites another")
        _keep(folder / GENERATION, facts.generation.data)
        if facts.sheet is not None:
            _keep(folder / SHEET, facts.sheet.model_dump(mode="json"))
        if waivers:
            _keep(folder / WAIVERS, {"waivers": [each.model_dump(mode="json") for each in waivers]})
        digest = hashlib.sha256(config_file.read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigError(f"{error.filename or folder}: {error.strerror}") from None
    journal = RunJournal(folder / JOURNAL, hear)
    journal.write(
        RunStarted(
            rack=rack,
            tool=version,
            generation=facts.generation.digest,
            stage=facts.stage,
            devices=dict(facts.devices),
            interval_s=facts.interval_s,
            configuration=digest,
            only=sorted(facts.only),
            **about or {},
        ),
        0.0,
    )
    return journal


def resume(
    folder: Path,
    facts: Facts,
    rack: str,
    hear: Callable[[Event], None] = lambda _: None,
    *,
    simulated: bool = False,
) -> tuple[RunJournal, list[str], str]:
    """Go on in a directory: the steps that are done, and the one that the run died in, if any.

    Raises ConfigError if it is another run's.
    """
    events = read_journal(folder / JOURNAL)
    started = _started(folder, events)
    now = (rack, facts.generation.digest, facts.stage, dict(facts.devices), facts.interval_s)
    was = tuple(started[key] for key in ("rack", "generation", "stage", "devices", "interval_s"))
    if sorted(facts.only) != started.get("only", []):
        raise ConfigError(f"{folder} is of a run with other checks")
    if now != was:
        raise ConfigError(
            f"{folder} is of another run: rack, generation, stage, devices or interval differ"
        )
    if is_rehearsal(started) is not simulated:
        says = (
            "is of a real rack: --simulated cannot go on with it"
            if simulated
            else "is a rehearsal: it goes on only with --simulated"
        )
        raise ConfigError(f"{folder} {says}")
    if has_ended(events):
        raise ConfigError(f"{folder} holds a run that has ended; a retest has its own directory")
    journal = RunJournal(folder / JOURNAL, hear)
    journal.write(RunResumed(), 0.0)
    return journal, list(spans(events)), cut_off(events)


def started(folder: Path) -> Event:
    """The first line of a run's journal: what it is a run of. Raises ConfigError."""
    return _started(folder, read_journal(folder / JOURNAL))


def is_rehearsal(started: Event) -> bool:
    """Whether a run that began with this line was on a simulated rack."""
    return bool(started.get("simulated"))


def has_ended(events: list[Event]) -> bool:
    """Whether all was done that the run was to do, or as much as it could."""
    return any(event["event"] == "run_ended" for event in events)


def facts_of(folder: Path, events: list[Event]) -> tuple[Facts, dict[str, str]]:
    """What a directory's verdicts rest on beside its samples, and the hashes of it.

    Raises ConfigError.
    """
    started = _started(folder, events)
    generation = prove(load_json(folder / GENERATION))
    if generation.digest != started["generation"]:
        raise ConfigError(f"{folder / GENERATION} is not the one that the run was begun with")
    sheet = _optional(folder / SHEET)
    shows: dict[str, list[str]] = next(
        (e["shows"] for e in reversed(events) if e["event"] == "profiles"), {}
    )
    facts = Facts(
        generation=generation,
        stage=started["stage"],
        devices=started["devices"],
        interval_s=started["interval_s"],
        shows=shows,
        sheet=None if sheet is None else sheet.validate(Sheet),
        only=frozenset(started.get("only", ())),
        attached=attached(folder, events),
    )
    return facts, _hashes(started, None if sheet is None else sheet.data)


def as_kept(facts: Facts) -> Facts:
    """The facts in the order in which ``facts_of`` finds them in the directory."""
    return replace(
        facts,
        generation=sorted_generation(facts.generation),
        devices=dict(sorted(facts.devices.items())),
    )


def judged(folder: Path, known: StageVerdicts | None = None) -> RunReport:
    """The verdicts of a directory, from what was recorded in it. Raises ConfigError.

    ``known`` is what this process has judged of the run already. Without it everything is read
    from the directory alone, as a verification does.
    """
    events = read_journal(folder / JOURNAL)
    started = _started(folder, events)
    if known is None:
        facts, hashes = facts_of(folder, events)
    else:
        facts = replace(known.facts, attached=attached(folder, events))
        hashes = _hashes(started, facts.sheet and facts.sheet.model_dump(mode="json"))
    aborted = ended_early(events)
    steps = spans(events)
    store = SampleStore(folder / SAMPLES, read_only=True)
    try:
        results = judge_stage(facts, store, steps, aborted, None if known is None else known.steps)
    finally:
        store.close()
    waivers = given_waivers(folder)
    if waivers:
        last = max((span.ended for span in steps.values()), default=0.0)
        today = datetime.fromtimestamp(last, UTC).date()
        results = list(waived(results, waivers, today))
    return RunReport(
        *(facts, started["rack"], started["tool"], steps, results, hashes, aborted),
        simulated=is_rehearsal(started),
    )


def _hashes(started: Event, sheet: Any) -> dict[str, str]:
    """The SHA-256 of the configuration and of the build sheet's content, where there is one."""
    hashes = {"configuration": str(started["configuration"])}
    if sheet is not None:
        hashes["sheet"] = hashlib.sha256(canonical(sheet)).hexdigest()
    return hashes


def attached(folder: Path, events: list[Event]) -> dict[str, Attached]:
    """What was attached and accepted, by check, and whether it is still that."""
    found = {}
    for event in events:
        wanted = event["event"] == "answered" and event.get("kind") == "attachment"
        if wanted and event["answer"] == "yes":
            file, digest = event["file"], event["sha256"]
            flaw = ""
            try:
                if sha256(folder / ATTACHMENTS / file) != digest:
                    flaw = "is not what was attached"
            except (OSError, ValueError):
                flaw = "is not there any more"
            found[event["check"]] = Attached(file, digest, event["who"], event["text"], flaw)
    return found


def write_results(folder: Path, report: RunReport) -> None:
    """What is made from the rest. Raises ConfigError where it cannot be written."""
    made = {
        RESULTS: results_json(report).encode(),
        JUNIT: junit_xml(report),
        OCPTV: ocptv_lines(report).encode(),
    }
    try:
        for name, content in made.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise ConfigError(f"{error.filename}: {error.strerror}") from None


def given_waivers(folder: Path) -> list[Waiver]:
    """The waivers that the run was begun with. Raises ConfigError."""
    found = _optional(folder / WAIVERS)
    return [] if found is None else found.validate(Waivers).waivers


def _keep(path: Path, data: Any) -> None:
    path.write_bytes(canonical(data) + b"\n")


def _optional(path: Path) -> Document | None:
    return load_json(path) if path.exists() else None


def _started(folder: Path, events: list[Event]) -> Event:
    if not events or events[0].get("event") != "run_started":
        raise ConfigError(f"{folder / JOURNAL} does not begin with a run")
    return events[0]


def stored_results(folder: Path) -> str:
    """The results as they were written. Raises ConfigError."""
    try:
        return read_plain(folder / RESULTS, _RESULTS_MAX).decode("utf-8")
    except OSError as error:
        raise ConfigError(f"{folder / RESULTS}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{folder / RESULTS}: is not UTF-8 text") from None
