"""Kinds of check of installed packages, beside the built-in ones, and their options.

An entry point of ``rackagent.checks`` names a ``CheckKind`` (``agent.commission.judge.plugin``). A
generation uses it as ``kind: plugin`` with the entry point's name.
"""

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from pydantic import BaseModel, ValidationError

from agent.parse.yaml_errors import nearest

GROUP = "rackagent.checks"


def installed() -> dict[str, str]:
    """Return the installed kinds by name, each with its package and version."""
    return {
        point.name: f"{point.dist.name} {point.dist.version}" if point.dist else "unknown"
        for point in entry_points(group=GROUP)
    }


def find(name: str) -> Any:
    """Return a kind by name. Raises ValueError with the available kinds if it is not installed."""
    for point in entry_points(group=GROUP, name=name):
        return point.load()
    known = sorted(installed())
    close = nearest(name, known) or known
    hint = f"; there are {', '.join(close)}" if close else "; none is installed"
    raise ValueError(f"unknown kind of check {name!r}{hint}")


def options(name: str, given: Mapping[str, Any]) -> BaseModel:
    """Validate the options of a check by its kind. Raises ValueError."""
    model: type[BaseModel] = find(name).Options
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise ValueError(f"{place}: {first['msg']}" if place else first["msg"]) from None
