"""A generation, loaded and proved: names resolve, expressions parse, and it has a hash."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any

from agent.commission.spec import quantities
from agent.commission.spec.expression import Condition, Curve, Expression, condition, unknown_names
from agent.commission.spec.expression import arithmetic as parse_arithmetic
from agent.commission.spec.models import (
    AlarmCheck,
    Check,
    EqualsCheck,
    GenerationSpec,
    Measured,
    PluginCheck,
    to_base,
)
from agent.commission.spec.plugins import options
from agent.model.errors import ConfigError, Problem
from agent.parse.yaml_source import Document, Key, load, nearest

ENTRY_POINTS = "rackagent.generations"
_CHECKOUT = Path(__file__).parents[3]
_EXTENDS_MAX = 5
_FORMULAS_DEEP_MAX = 8
_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Generation:
    """A specification that is whole. ``digest`` is the SHA-256 of everything it says.

    ``data`` is all of that, with what it extends in its place.
    """

    spec: GenerationSpec
    digest: str
    data: Mapping[str, Any]
    constants: Mapping[str, float]
    curves: Mapping[str, Curve]

    @property
    def name(self) -> str:
        """What it is called."""
        return self.spec.generation

    @property
    def roles(self) -> tuple[str, ...]:
        """Every device that must be there."""
        return tuple(role for group in self.spec.devices.values() for role in group.roles)

    def members(self, of: str | list[str]) -> tuple[str, ...]:
        """The roles that a signal's ``of`` means."""
        if isinstance(of, list):
            return tuple(of)
        group = self.spec.devices.get(of)
        return (of,) if group is None else tuple(group.roles)

    def checks(self, stage: str) -> dict[str, Check]:
        """The checks of a stage: those whose step is part of it. Raises ConfigError."""
        steps = self.steps(stage)
        return {name: check for name, check in self.spec.checks.items() if check.during in steps}

    def steps(self, stage: str) -> list[str]:
        """The steps of a stage, in order. Raises ConfigError naming those there are."""
        if stage not in self.spec.stages:
            known = ", ".join(self.spec.stages) or "none"
            raise ConfigError(f"{self.name} has no stage {stage!r}; there are: {known}")
        return self.spec.stages[stage]

    def arithmetic(self, text: str) -> Expression:
        """An expression with its formulas filled in. Raises ValueError."""
        return parse_arithmetic(self.filled(text), self.curves)

    def condition(self, text: str) -> Condition:
        """A condition with its formulas filled in. Raises ValueError."""
        return condition(self.filled(text), self.curves)

    def filled(self, text: str, deep: int = 0) -> str:
        """``text`` with every formula in place of its name."""
        if deep > _FORMULAS_DEEP_MAX:
            raise ValueError(f"formulas stand in each other more than {_FORMULAS_DEEP_MAX} deep")

        def fill(match: re.Match[str]) -> str:
            formula = self.spec.formulas.get(match.group())
            return match.group() if formula is None else f"({self.filled(formula, deep + 1)})"

        return _NAME.sub(fill, text)


def shipped_folder() -> Path:
    """Where the generations are that come with the program."""
    installed = Path(str(files("agent.commission"))) / "generations"
    return installed if installed.is_dir() else _CHECKOUT / "configs" / "generations"


def find_generations(folder: Path | None = None) -> dict[str, Path]:
    """Generations by name: those that ship, of installed packages, and of ``folder``.

    The later ones win. A package names its folder as an entry point of ``rackagent.generations``.
    Raises ConfigError where a folder does not exist.
    """
    found: dict[str, Path] = {}
    theirs = (Path(str(files(point.value))) for point in entry_points(group=ENTRY_POINTS))
    for place in (shipped_folder(), *theirs, folder):
        if place is not None:
            if not place.is_dir():
                raise ConfigError([Problem(str(place), 0, "", "is not a folder of generations")])
            found |= {path.stem: path for path in sorted(place.glob("*.yaml"))}
    return found


def open_generation(name: str, folder: Path | None = None) -> Generation:
    """A generation by name, or by the path of its file. Raises ConfigError."""
    known = find_generations(folder)
    if name in known:
        return load_generation(known[name], known)
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        beside = {each.stem: each for each in sorted(path.parent.glob("*.yaml"))}
        return load_generation(path, {**known, **beside})
    close = nearest(name, known) or sorted(known)
    raise ConfigError(f"unknown generation {name!r}; there are {', '.join(close) or 'none'}")


def load_generation(path: Path, known: Mapping[str, Path]) -> Generation:
    """Read ``path`` and what it extends. Raises ConfigError with every problem found."""
    document = _resolved(load(path), known, ())
    name = document.data.get("generation")
    if isinstance(name, str) and name != path.stem:
        message = f"{name!r} stands in {path.name}: files are found by their names"
        raise ConfigError([document.problem(("generation",), message)])
    return prove(document)


def prove(document: Document) -> Generation:
    """The generation that a whole document is. Raises ConfigError with every problem found."""
    spec = document.validate(GenerationSpec)
    problems = []
    curves: dict[str, Curve] = {}
    for name, given in spec.curves.items():
        try:
            curves[name] = Curve(
                (to_base(x, given.x), to_base(y, given.y)) for x, y in given.points
            )
        except ValueError as error:
            problems.append(document.problem(("curves", name, "points"), str(error)))
            curves[name] = Curve([(0, 0), (1, 1)])
    generation = Generation(
        spec=spec,
        digest=hashlib.sha256(canonical(document.data)).hexdigest(),
        data=document.data,
        constants={n: to_base(given.value, given.unit) for n, given in spec.constants.items()},
        curves=curves,
    )
    problems += [document.problem(*pair) for pair in _proof(generation)]
    if problems:
        raise ConfigError(sorted(problems, key=lambda problem: problem.line))
    return generation


def sorted_generation(generation: Generation) -> Generation:
    """The generation with its keys in the order in which ``canonical`` writes them.

    What is judged by it reads as what is judged by the generation that a run has kept.
    """
    return prove(Document("", json.loads(canonical(generation.data)), {}))


def canonical(data: Mapping[str, Any]) -> bytes:
    """The same bytes for the same content, however it was written."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _resolved(document: Document, known: Mapping[str, Path], seen: tuple[str, ...]) -> Document:
    """The document with what it extends under it; a null takes an inherited entry away."""
    base = document.data.get("extends")
    if not isinstance(base, str):
        return document
    if base in seen or len(seen) >= _EXTENDS_MAX:
        chain = " -> ".join((*seen, base))
        raise ConfigError([document.problem(("extends",), f"goes round or too deep: {chain}")])
    if base not in known:
        close = ", ".join(nearest(base, known) or sorted(known))
        message = f"unknown generation {base!r}; there are {close}"
        raise ConfigError([document.problem(("extends",), message)])
    under = _resolved(load(known[base]), known, (*seen, base))
    under.validate(GenerationSpec)
    inherited = {key: value for key, value in under.data.items() if key != "abstract"}
    return replace(document, data=_merged(inherited, document.data))


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        if value is None and key in merged:
            del merged[key]
        elif isinstance(value, dict) and isinstance(below, dict):
            merged[key] = _merged(below, value)
        else:
            merged[key] = value
    return merged


def _proof(generation: Generation) -> Iterator[tuple[Key, str]]:
    """Every name that nothing has, and every text that is no expression."""
    spec, roles = generation.spec, generation.roles
    for role in _twice(roles):
        yield ("devices",), f"role {role!r} is in two groups"
    for name in _twice((*spec.signals, *spec.constants, *spec.formulas, *spec.curves)):
        yield (), f"{name!r} names two things"
    for name, signal in spec.signals.items():
        for member in generation.members(signal.of):
            if member not in roles:
                yield ("signals", name, "of"), f"no group of devices and no role is {member!r}"
    for key, text, is_condition in _texts(spec):
        yield from ((key, said) for said in _wrong(generation, text, is_condition))
    yield from _strange_checks(spec)
    yield from _strange_steps(spec)
    yield from _strange_units(generation)


def _strange_checks(spec: GenerationSpec) -> Iterator[tuple[Key, str]]:
    for name, check in spec.checks.items():
        if check.during not in spec.steps:
            yield ("checks", name, "during"), f"no step is {check.during!r}"
        if isinstance(check, PluginCheck):
            yield from (
                (("checks", name, "plugin"), said) for said in _unfit(check.plugin, check.options)
            )
        if isinstance(check, AlarmCheck | EqualsCheck) and check.signal not in spec.signals:
            yield ("checks", name, "signal"), unknown_names((check.signal,), spec.signals)


def _unfit(plugin: str, given: Mapping[str, Any]) -> Iterator[str]:
    try:
        options(plugin, given)
    except ValueError as error:
        yield str(error)


def _twice(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _strange_steps(spec: GenerationSpec) -> Iterator[tuple[Key, str]]:
    for stage, steps in spec.stages.items():
        for place, step in enumerate(steps):
            if step not in spec.steps:
                yield ("stages", stage, place), f"no step is {step!r}"


def _strange_units(generation: Generation) -> Iterator[tuple[Key, str]]:
    for name, check in generation.spec.checks.items():
        if isinstance(check, Measured) and not any(_wrong(generation, check.measure, False)):
            text = generation.filled(check.measure)
            for said in quantities.wrong_unit(generation.spec, check, text):
                yield ("checks", name, "unit"), said


def _texts(spec: GenerationSpec) -> Iterator[tuple[Key, str, bool]]:
    """Every expression (False) and condition (True) of the file, and where it stands."""
    for name, formula in spec.formulas.items():
        yield ("formulas", name), formula, False
    for name, step in spec.steps.items():
        if step.confirm:
            yield ("steps", name, "confirm"), step.confirm, True
    for name, abort in spec.abort.items():
        yield ("abort", name, "when"), abort.when, True
    for name, check in spec.checks.items():
        if isinstance(check, Measured):
            yield ("checks", name, "measure"), check.measure, False
            if check.when:
                yield ("checks", name, "when"), check.when, True


def _wrong(generation: Generation, text: str, is_condition: bool) -> Iterator[str]:
    spec = generation.spec
    try:
        parsed = generation.condition(text) if is_condition else generation.arithmetic(text)
    except ValueError as error:
        yield str(error)
        return
    said = unknown_names(parsed.names, {*spec.signals, *spec.constants})
    if said:
        yield said
    elif not any(name in spec.signals for name in parsed.names):
        yield f"{text!r} looks at no signal"
    else:
        yield from quantities.wrong(spec, generation.filled(text), is_condition)
