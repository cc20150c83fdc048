"""The directory of a run: its specification, its samples and its results.

It holds everything that the verdicts depend on, so the run can be judged again from it alone. Only
files that are generated from the others are overwritten: results.json, junit.xml, ocptv.jsonl and
the report.
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
    on_event: Callable[[Event], None] = lambda _: None,
) -> RunJournal:
    """Create the directory of a run and store what the run is judged by.

    ``about`` are further fields of the first line of the journal. ``on_event`` is called with every
    line of the journal. Raises ConfigError if the directory is not empty or cannot be written.
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
    journal = RunJournal(folder / JOURNAL, on_event)
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
    on_event: Callable[[Event], None] = lambda _: None,
    *,
    simulated: bool = False,
) -> tuple[RunJournal, list[str], str]:
    """Resume a run in its directory.

    Returns its journal, the names of the steps that are done, and the name of the step that was
    interrupted (empty if none was). Raises ConfigError if the directory is of another run, or of a
    run that has ended.
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
            "is of a real rack: it cannot be resumed with --simulated"
            if simulated
            else "is a rehearsal: it is resumed only with --simulated"
        )
        raise ConfigError(f"{folder} {says}")
    if has_ended(events):
        raise ConfigError(f"{folder} holds a run that has ended; a retest has its own directory")
    journal = RunJournal(folder / JOURNAL, on_event)
    journal.write(RunResumed(), 0.0)
    return journal, list(spans(events)), cut_off(events)


def started(folder: Path) -> Event:
    """Return the first line of a run's journal, which describes the run. Raises ConfigError."""
    return _started(folder, read_journal(folder / JOURNAL))


def is_rehearsal(started: Event) -> bool:
    """Return True if the first line of a journal is of a run on a simulated rack."""
    return bool(started.get("simulated"))


def has_ended(events: list[Event]) -> bool:
    """Return True if the run has ended, completely or early."""
    return any(event["event"] == "run_ended" for event in events)


def read_facts(folder: Path, events: list[Event]) -> tuple[Facts, dict[str, str]]:
    """Read what the verdicts of a directory depend on besides its samples.

    Returns the facts and the SHA-256 hashes of their sources by name. Raises ConfigError.
    """
    started = _started(folder, events)
    generation = prove(load_json(folder / GENERATION))
    if generation.digest != started["generation"]:
        raise ConfigError(f"{folder / GENERATION} is not the generation that the run started with")
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
    """Return the facts in the order in which ``read_facts`` reads them from the directory."""
    return replace(
        facts,
        generation=sorted_generation(facts.generation),
        devices=dict(sorted(facts.devices.items())),
    )


def judged(folder: Path, known: StageVerdicts | None = None) -> RunReport:
    """Judge the run in a directory from its recorded samples. Raises ConfigError.

    ``known`` are the verdicts that this process has computed during the run. Without them
    everything is read from the directory, as verification does.
    """
    events = read_journal(folder / JOURNAL)
    started = _started(folder, events)
    if known is None:
        facts, hashes = read_facts(folder, events)
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
    """Return the SHA-256 of the configuration and, where given, of the build sheet's content."""
    hashes = {"configuration": str(started["configuration"])}
    if sheet is not None:
        hashes["sheet"] = hashlib.sha256(canonical(sheet)).hexdigest()
    return hashes


def attached(folder: Path, events: list[Event]) -> dict[str, Attached]:
    """Return the accepted attachments by check, each compared with its recorded hash."""
    found = {}
    for event in events:
        wanted = event["event"] == "answered" and event.get("kind") == "attachment"
        if wanted and event["answer"] == "yes":
            file, digest = event["file"], event["sha256"]
            flaw = ""
            try:
                if sha256(folder / ATTACHMENTS / file) != digest:
                    flaw = "was changed after it was attached"
            except (OSError, ValueError):
                flaw = "is missing"
            found[event["check"]] = Attached(file, digest, event["who"], event["text"], flaw)
    return found


def write_results(folder: Path, report: RunReport) -> None:
    """Write the files that are generated from a report. Raises ConfigError if that fails."""
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
    """Read the waivers that the run started with. Raises ConfigError."""
    found = _optional(folder / WAIVERS)
    return [] if found is None else found.validate(Waivers).waivers


def _keep(path: Path, data: Any) -> None:
    path.write_bytes(canonical(data) + b"\n")


def _optional(path: Path) -> Document | None:
    return load_json(path) if path.exists() else None


def _started(folder: Path, events: list[Event]) -> Event:
    if not events or events[0].get("event") != "run_started":
        raise ConfigError(f"{folder / JOURNAL} does not begin with run_started")
    return events[0]


def stored_results(folder: Path) -> str:
    """Read the results as text, as they were written. Raises ConfigError."""
    try:
        return read_plain(folder / RESULTS, _RESULTS_MAX).decode("utf-8")
    except OSError as error:
        raise ConfigError(f"{folder / RESULTS}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{folder / RESULTS}: is not UTF-8 text") from None
