"""The plan of a run for its journal, and its prompts before the first and after the last step.

The plan has the expected duration of each step, so that the remaining time can be computed.
"""

from collections.abc import Iterator

from agent.commission.journal.events import PlannedCheck, PlannedStep, RunPlanned
from agent.commission.journal.reader import Prompt
from agent.commission.judge.verdicts import Facts
from agent.commission.spec.models import AttachmentCheck, StepSpec

_SEEN_INTERVALS = 2.0  # a stimulus is usually confirmed by the second round after it


BEGIN, REMARKS, WITNESS = "begin", "remarks", "witness"
"""Identifiers of the prompts that every run with an operator has."""


def opening(facts: Facts) -> Iterator[Prompt]:
    """Yield the prompts before the first step; attachments may be given until the run ends."""
    yield Prompt(BEGIN, "confirm", f"{facts.stage} may begin: nobody works on the rack")
    for name, check in facts.checks.items():
        if isinstance(check, AttachmentCheck):
            text = f"{check.title}: attach {check.needs}"
            yield Prompt(f"attach.{name}", "attachment", text, check.during, name)


def closing(witness: str) -> Iterator[Prompt]:
    """Yield the prompts after the last step."""
    yield Prompt(REMARKS, "note", "remarks on this run")
    if witness:
        yield Prompt(WITNESS, "confirm", f"{witness} has witnessed the run")


def planned(facts: Facts) -> RunPlanned:
    """Return the plan: steps with their expected durations in seconds, and their checks."""
    spec = facts.generation.spec
    return RunPlanned(
        generation=spec.generation,
        version=spec.version,
        title=spec.title,
        before_s=facts.before_s,
        steps=[
            PlannedStep(
                step=name,
                title=spec.steps[name].title,
                seconds=seconds(spec.steps[name], facts.interval_s),
                holds=spec.steps[name].hold + spec.steps[name].after,
                checks=[n for n, check in facts.checks.items() if check.during == name],
            )
            for name in facts.steps
        ],
        checks={
            name: PlannedCheck(title=check.title, number=check.number, kind=check.kind)
            for name, check in facts.checks.items()
        },
    )


def seconds(step: StepSpec, interval_s: float) -> float:
    """Return the expected duration of a step in seconds."""
    seen = min(step.within, _SEEN_INTERVALS * interval_s) if step.confirm else 0.0
    return seen + step.hold + step.after
