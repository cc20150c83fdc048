"""Physical faults: name, parameters, and functions that apply one to a rack and undo it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.model.errors import ConfigError
from simulator.model.observe.points import Board
from simulator.model.physics.machine import Machine

Param = float | str
Params = dict[str, Param]


@dataclass(frozen=True, slots=True)
class Bench:
    """The parts of a rack that a fault may change."""

    machine: Machine
    board: Board


Act = Callable[[Bench, Params], None]


@dataclass(frozen=True, slots=True)
class RackFault:
    """One kind of fault. ``defaults`` gives its parameters, their types and usual values.

    ``place`` names the parameters of its location: a second fault in the same place replaces the
    first. ``apply`` may be called again with the same parameters and then changes nothing.
    """

    name: str
    signature: str
    defaults: Mapping[str, Param]
    place: tuple[str, ...]
    apply: Act
    undo: Act

    def parameters(self, given: Mapping[str, object]) -> Params:
        """Return the defaults with the given values. Raises ConfigError."""
        return complete(self.name, self.defaults, given)


def complete(name: str, defaults: Mapping[str, Param], given: Mapping[str, object]) -> Params:
    """Return ``defaults`` of the fault ``name`` with the given values; numbers may come as text.

    Raises ConfigError for an unknown parameter, or one of another type.
    """
    unknown = sorted(set(given) - set(defaults))
    if unknown:
        known = ", ".join(defaults) or "none"
        raise ConfigError(f"fault {name}: unknown parameter {unknown[0]!r}; known: {known}")
    return {**defaults, **{key: _typed(name, key, defaults[key], given[key]) for key in given}}


def _typed(fault: str, name: str, default: Param, value: object) -> Param:
    kind = type(default)
    try:
        return kind(str(value))
    except ValueError:
        what = "a whole number" if kind is int else "a number"
        raise ConfigError(f"fault {fault}: {name} must be {what}, not {value!r}") from None


def number(params: Params, name: str) -> float:
    """Return a parameter as a number."""
    return float(params[name])


def index(params: Params, name: str, count: int) -> int:
    """Return a parameter that counts from 1 as one that counts from 0. Raises ConfigError."""
    number = int(float(params[name]))
    if not 1 <= number <= count:
        raise ConfigError(f"{name} {number}: must be 1 to {count}")
    return number - 1


def positive(params: Params, name: str) -> float:
    """Return a parameter that must be more than 0. Raises ConfigError."""
    value = number(params, name)
    if not 0.0 < value < 1e6:
        raise ConfigError(f"{name} {value:g}: must be more than 0")
    return value
