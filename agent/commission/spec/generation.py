"""Generations: loading and validation of names and expressions, and the hash of the content."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    """A complete, valid specification. ``digest`` is the SHA-256 of its content in hexadecimal.

    ``data`` is the content with everything inherited. Constants are in base units.
    """

    spec: GenerationSpec
    digest: str
    data: Mapping[str, Any]
    constants: Mapping[str, float]
    curves: Mapping[str, Curve]

    @property
    def name(self) -> str:
        """The name of the generation."""
        return self.spec.generation

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of all required devices."""
        return tuple(role for group in self.spec.devices.values() for role in group.roles)

    def assigned(self, devices: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Return device names by role, from pairs of role and name.

        Raises ConfigError for a required role without device, or with two.
        """
        found: dict[str, str] = {}
        for role, name in devices:
            if role in found and role in self.roles:
                raise ConfigError(f"{found[role]} and {name} both have the role {role}")
            found[role] = name
        missing = [role for role in self.roles if role not in found]
        if missing:
            raise ConfigError(
                f"{self.name} needs devices that the rack does not have: {', '.join(missing)}"
            )
        return found

    def members(self, of: str | list[str]) -> tuple[str, ...]:
        """Return the roles of a signal's ``of``: a group, a role, or a list of roles."""
        if isinstance(of, list):
            return tuple(of)
        group = self.spec.devices.get(of)
        return (of,) if group is None else tuple(group.roles)

    def checks(self, stage: str) -> dict[str, Check]:
        """Return the checks whose step is part of a stage. Raises ConfigError for another stage."""
        steps = self.steps(stage)
        return {name: check for name, check in self.spec.checks.items() if check.during in steps}

    def steps(self, stage: str) -> list[str]:
        """Return the steps of a stage, in order. Raises ConfigError for another stage."""
        if stage not in self.spec.stages:
            known = ", ".join(self.spec.stages) or "none"
            raise ConfigError(f"{self.name} has no stage {stage!r}; there are: {known}")
        return self.spec.stages[stage]

    def arithmetic(self, text: str) -> Expression:
        """Parse an expression with its formulas expanded. Raises ValueError."""
        return parse_arithmetic(self.filled(text), self.curves)

    def condition(self, text: str) -> Condition:
        """Parse a condition with its formulas expanded. Raises ValueError."""
        return condition(self.filled(text), self.curves)

    def filled(self, text: str, deep: int = 0) -> str:
        """Return ``text`` with formulas expanded. Raises ValueError if they nest too deep."""
        if deep > _FORMULAS_DEEP_MAX:
            raise ValueError(f"formulas are nested more than {_FORMULAS_DEEP_MAX} deep")

        def fill(match: re.Match[str]) -> str:
            formula = self.spec.formulas.get(match.group())
            return match.group() if formula is None else f"({self.filled(formula, deep + 1)})"

        return _NAME.sub(fill, text)


def shipped_folder() -> Path:
    """Return the folder of the generations that come with the program."""
    installed = Path(str(files("agent.commission"))) / "generations"
    return installed if installed.is_dir() else _CHECKOUT / "configs" / "generations"


def find_generations(folder: Path | None = None) -> dict[str, Path]:
    """Return paths of generations by name: shipped, of installed packages, and of ``folder``.

    Later ones override earlier ones. A package names its folder as an entry point of
    ``rackagent.generations``. Raises ConfigError if a folder does not exist.
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
    """Load a generation by name, or by the path of its file. Raises ConfigError."""
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
    """Load ``path`` and the generations it extends. Raises ConfigError with every problem found."""
    document = _resolved(load(path), known, ())
    name = document.data.get("generation")
    if isinstance(name, str) and name != path.stem:
        message = f"{name!r} is not the name of its file {path.name}; rename one of them"
        raise ConfigError([document.problem(("generation",), message)])
    return prove(document)


def prove(document: Document) -> Generation:
    """Validate a complete document. Raises ConfigError with every problem found."""
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
    problems += [document.problem(*pair) for pair in _problems(generation)]
    if problems:
        raise ConfigError(sorted(problems, key=lambda problem: problem.line))
    return generation


def sorted_generation(generation: Generation) -> Generation:
    """Return the generation with its keys in the order of ``canonical``.

    Verdicts then have the same order as those by the generation stored in a run's directory.
    """
    return prove(Document("", json.loads(canonical(generation.data)), {}))


def canonical(data: Mapping[str, Any]) -> bytes:
    """Return the content as canonical JSON: sorted keys, no spaces, UTF-8."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _resolved(document: Document, known: Mapping[str, Path], seen: tuple[str, ...]) -> Document:
    """Return the document merged over what it extends; a null removes an inherited entry."""
    base = document.data.get("extends")
    if not isinstance(base, str):
        return document
    if base in seen or len(seen) >= _EXTENDS_MAX:
        chain = " -> ".join((*seen, base))
        raise ConfigError(
            [
                document.problem(
                    ("extends",), f"is circular or more than {_EXTENDS_MAX} deep: {chain}"
                )
            ]
        )
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


def _problems(generation: Generation) -> Iterator[tuple[Key, str]]:
    """Yield key and message of every unknown name and every invalid expression."""
    spec, roles = generation.spec, generation.roles
    for role in _duplicates(roles):
        yield ("devices",), f"role {role!r} is in two groups"
    for name in _duplicates((*spec.signals, *spec.constants, *spec.formulas, *spec.curves)):
        yield (), f"{name!r} is defined twice"
    for name, signal in spec.signals.items():
        for member in generation.members(signal.of):
            if member not in roles:
                yield ("signals", name, "of"), f"unknown group of devices or role {member!r}"
    for key, text, is_condition in _texts(spec):
        yield from ((key, problem) for problem in _text_problems(generation, text, is_condition))
    yield from _check_problems(spec)
    yield from _step_problems(spec)
    yield from _unit_problems(generation)


def _check_problems(spec: GenerationSpec) -> Iterator[tuple[Key, str]]:
    for name, check in spec.checks.items():
        if check.during not in spec.steps:
            yield ("checks", name, "during"), f"unknown step {check.during!r}"
        if isinstance(check, PluginCheck):
            yield from (
                (("checks", name, "plugin"), problem)
                for problem in _plugin_problems(check.plugin, check.options)
            )
        if isinstance(check, AlarmCheck | EqualsCheck) and check.signal not in spec.signals:
            yield ("checks", name, "signal"), unknown_names((check.signal,), spec.signals)


def _plugin_problems(plugin: str, given: Mapping[str, Any]) -> Iterator[str]:
    try:
        options(plugin, given)
    except ValueError as error:
        yield str(error)


def _duplicates(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _step_problems(spec: GenerationSpec) -> Iterator[tuple[Key, str]]:
    for stage, steps in spec.stages.items():
        for place, step in enumerate(steps):
            if step not in spec.steps:
                yield ("stages", stage, place), f"unknown step {step!r}"


def _unit_problems(generation: Generation) -> Iterator[tuple[Key, str]]:
    for name, check in generation.spec.checks.items():
        if isinstance(check, Measured) and not any(
            _text_problems(generation, check.measure, False)
        ):
            text = generation.filled(check.measure)
            for problem in quantities.wrong_unit(generation.spec, check, text):
                yield ("checks", name, "unit"), problem


def _texts(spec: GenerationSpec) -> Iterator[tuple[Key, str, bool]]:
    """Yield key, text, and True for a condition or False for an expression, of the whole file."""
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


def _text_problems(generation: Generation, text: str, is_condition: bool) -> Iterator[str]:
    spec = generation.spec
    try:
        parsed = generation.condition(text) if is_condition else generation.arithmetic(text)
    except ValueError as error:
        yield str(error)
        return
    unknown = unknown_names(parsed.names, {*spec.signals, *spec.constants})
    if unknown:
        yield unknown
    elif not any(name in spec.signals for name in parsed.names):
        yield f"{text!r} uses no signal"
    else:
        yield from quantities.wrong(spec, generation.filled(text), is_condition)
