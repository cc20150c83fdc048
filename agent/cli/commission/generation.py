"""``rackagent generation``: the requirements of a kind of rack, and how it is judged."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli import console
from agent.cli.options import Format, Output
from agent.cli.status import Status
from agent.commission.spec.diff import differences
from agent.commission.spec.generation import (
    Generation,
    find_generations,
    load_generation,
    open_generation,
)
from agent.commission.spec.models import (
    AlarmCheck,
    AttachmentCheck,
    Check,
    EqualsCheck,
    Measured,
    PlanCheck,
    PluginCheck,
)
from agent.model.errors import ConfigError

_HASH_DIGITS = 12
_SHOWN_MAX = 60  # characters of a value in a table; JSON has all
_SOURCE_MAX = 40

generation_app = typer.Typer(
    help="List, show and compare generations: the requirements of a kind of rack.",
    no_args_is_help=True,
)

Folder = Annotated[
    Path | None, typer.Option("--generations", help="Folder with your own generations.")
]
GenerationName = Annotated[
    str, typer.Argument(help="Name of a generation, or its YAML file.", show_default=False)
]


@generation_app.command("list")
def list_generations(generations: Folder = None, output: Output = Format.TABLE) -> None:
    """List every generation: version, hash, devices, checks and stages."""
    paths = find_generations(generations)
    found = [load_generation(path, paths) for path in paths.values()]
    shown = [generation for generation in found if not generation.spec.abstract]
    if output is Format.JSON:
        console.out_json([_head(generation) for generation in shown])
        return
    console.print_table(
        ("generation", "version", "sha256", "devices", "checks", "stages", "title"),
        [
            (
                *(each.name, each.spec.version, each.digest[:_HASH_DIGITS]),
                *(str(len(each.roles)), str(len(each.spec.checks))),
                *(", ".join(each.spec.stages), each.spec.title),
            )
            for each in shown
        ],
        right=("devices", "checks"),
    )


@generation_app.command("show")
def show_generation(
    name: GenerationName,
    stage: Annotated[str | None, typer.Option(help="Show only the checks of this stage.")] = None,
    generations: Folder = None,
    output: Output = Format.TABLE,
) -> None:
    """Show one generation: its checks with limit, unit and source."""
    generation = open_generation(name, generations)
    checks = generation.spec.checks if stage is None else generation.checks(stage)
    if output is Format.JSON:
        spec = generation.spec.model_dump(mode="json", exclude_unset=True)
        spec["checks"] = {key: spec["checks"][key] for key in checks}
        console.out_json({**_head(generation), "spec": spec})
        return
    console.out(f"{generation.name} {generation.spec.version}: {generation.spec.title}")
    console.out(f"sha256 {generation.digest}")
    for stage_name, steps in generation.spec.stages.items():
        console.out(f"{stage_name}: {', '.join(steps)}")
    rows = sorted(checks.items(), key=lambda pair: pair[1].number)
    console.print_table(
        ("no", "check", "kind", "during", "limit", "what", "source"),
        [
            (
                *(str(check.number), key, check.kind, check.during),
                *(_limit(check), check.title, _cut(check.source, _SOURCE_MAX)),
            )
            for key, check in rows
        ],
        right=("no",),
    )
    for each in generation.spec.not_applicable.values():
        console.out(f"{each.number} does not apply: {each.why}")


@generation_app.command("check")
def check_generation(
    file: Annotated[Path, typer.Argument(help="Generation (YAML).", show_default=False)],
    generations: Folder = None,
) -> None:
    """Check a generation you are writing; every problem is named with its line."""
    if file.suffix not in (".yaml", ".yml"):
        raise ConfigError(f"{file} is not a YAML file")
    generation = open_generation(str(file), generations)
    console.out(
        f"{file}: {generation.name} {generation.spec.version}: {len(generation.spec.checks)} checks"
        f" of {len(generation.spec.signals)} signals, sha256 {generation.digest}"
    )


@generation_app.command("diff")
def diff_generations(
    one: GenerationName,
    other: GenerationName,
    generations: Folder = None,
    output: Output = Format.TABLE,
) -> None:
    """Show the differences of two generations, key by key. The exit status is 1 if they differ."""
    found = differences(open_generation(one, generations), open_generation(other, generations))
    if output is Format.JSON:
        console.out_json(
            [{"key": each.key, "before": each.before, "after": each.after} for each in found]
        )
    else:
        rows = [(each.key, _short(each.before), _short(each.after)) for each in found]
        console.print_table(("key", one, other), rows)
    if found:
        raise typer.Exit(Status.CHECK_FAILED)


def _head(generation: Generation) -> dict[str, Any]:
    return {
        "generation": generation.name,
        "version": generation.spec.version,
        "title": generation.spec.title,
        "sha256": generation.digest,
        "devices": list(generation.roles),
        "checks": len(generation.spec.checks),
        "stages": generation.spec.stages,
    }


def _short(value: Any) -> str:
    if value is None:
        return "-"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _cut(text, _SHOWN_MAX)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _limit(check: Check) -> str:
    """Return the limits of a check as text."""
    if isinstance(check, AlarmCheck):
        return check.expect
    if isinstance(check, EqualsCheck):
        return f"is {' or '.join(map(str, check.one_of))}"
    if isinstance(check, PlanCheck):
        return check.what
    if isinstance(check, AttachmentCheck):
        return check.needs
    if isinstance(check, PluginCheck):
        return f"as {check.plugin} judges"
    return _numbers(check)


def _numbers(check: Measured) -> str:
    unit = f" {check.unit}" if check.unit else ""
    spec = check.model_dump()
    if spec.get("ratio") is not None:
        return f">= {spec['ratio']:g} within {spec['within']:g} s"
    low = spec.get("at_least", spec.get("low"))
    high = spec.get("at_most", spec.get("high"))
    ends = [f">= {low:g}{unit}"] if low is not None else []
    ends += [f"<= {high:g}{unit}"] if high is not None else []
    within = f" within {spec['within']:g} s" if "within" in spec else ""
    reduce = "" if spec.get("reduce", "worst") == "worst" else f"{spec['reduce']} "
    return f"{reduce}{', '.join(ends)}{within}"
