"""Directories of small runs that nobody ran: samples typed here, judged, reported and sealed."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.commission.evidence import bundle as evidence
from agent.commission.evidence.signing import PrivateKey
from agent.commission.journal.samples import SampleStore
from agent.commission.judge import Span
from agent.commission.judge.verdicts import Facts, Waiver
from agent.commission.records import Sample
from agent.commission.run.order import conclude
from agent.commission.spec.inventory import IDENTITY
from agent.commission.spec.models import POLLS
from agent.model.values import Quality
from tests.agent.commission.making import START, record, samples
from tests.agent.commission.small import generation

WARM = [30.0, 30.1, 30.3, 30.2] * 3 + [30.0]
LIMIT = "supply: {kind: limit, measure: supply, unit: degC, at_most: 65, guard: 5}"
SOAK = "soak: {kind: soak, measure: supply - setpoint, unit: K, low: -2, high: 2, lasting: 60}"
WHOLE = Span(START, START, START, START + 60)
DEVICES = {"cdu": "cdu", "meter-1": "m1", "meter-2": "m2"}


def identity_sample(device: str, **said: str) -> Sample:
    """What a device says it is."""
    labels = tuple(sorted(said.items()))
    return Sample(device, IDENTITY, labels, 1.0, Quality.GOOD, START)


def polls(device: str, answered: Iterable[bool], start: float = START) -> list[Sample]:
    """Whether each poll was answered, every 5 s."""
    return samples([float(each) for each in answered], device, POLLS, start=start)


def bundle(
    folder: Path,
    checks: Sequence[str] = (LIMIT, SOAK),
    found: Iterable[Sample] | None = None,
    *,
    name: str = "run",
    rack: str = "r1",
    stage: str = "L11",
    waivers: Sequence[Waiver] = (),
    events: Sequence[Mapping[str, Any]] = (),
    span: Span | None = WHOLE,
    key: PrivateKey | None = None,
    about: Mapping[str, Any] | None = None,
) -> Path:
    """The directory of a run of one step over the small rack; WARM coolant if nothing is given."""
    facts = Facts(generation(folder, *checks), stage, DEVICES, 5.0)
    site = folder / "site.yaml"
    site.write_text("racks: []\n")
    run = folder / name
    journal = evidence.begin(run, facts, rack, "0.1", site, waivers, about)
    for event in events:
        journal.write(record(**event), START)
    if span is not None:
        journal.write(
            record(
                "step_ended",
                step="run",
                began=span.began,
                confirmed=span.confirmed,
                steady=span.steady,
                ended=span.ended,
            ),
            span.ended,
        )
    journal.write(record("run_ended"), START + 60)
    journal.close()
    store = SampleStore(run / evidence.SAMPLES)
    store.add([(each, 5.0) for each in (samples(WARM) if found is None else found)])
    store.close()
    conclude(run, key)
    return run
