"""Judging of checks whose kind is provided by an installed package."""

from typing import Any, Protocol

from pydantic import BaseModel

from agent.commission.judge.context import CheckContext
from agent.commission.judge.window import BadSample
from agent.commission.records import CheckResult
from agent.commission.spec.models import PluginCheck
from agent.commission.spec.plugins import find, options


class CheckKind(Protocol):
    """A kind of check. ``Options`` is the model of its options in a generation."""

    Options: type[BaseModel]

    def judge(self, name: str, options: Any, case: CheckContext) -> CheckResult:
        """Judge a check. This must be a pure function, so that a run can be judged again.

        May raise ``BadSample`` if samples are unusable, which gives ERROR.
        """
        ...


def judge_plugin(name: str, check: PluginCheck, case: CheckContext) -> CheckResult:
    """Judge a check by its package. Raises BadSample if the package is not installed."""
    try:
        kind: CheckKind = find(check.plugin)
        return kind.judge(name, options(check.plugin, check.options), case)
    except ValueError as error:
        raise BadSample(str(error)) from None
