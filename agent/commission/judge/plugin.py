"""The judge of checks that a package brings."""

from typing import Any, Protocol

from pydantic import BaseModel

from agent.commission.judge.context import CheckContext
from agent.commission.judge.window import BadSample
from agent.commission.records import CheckResult
from agent.commission.spec.models import PluginCheck
from agent.commission.spec.plugins import find, options


class CheckKind(Protocol):
    """A kind of check. ``Options`` is the model of what a generation may say to it."""

    Options: type[BaseModel]

    def judge(self, name: str, options: Any, case: CheckContext) -> CheckResult:
        """How a check ends: a pure function of the case, so that it can be judged again.

        May raise ``BadSample`` where data cannot be trusted, which is an ERROR.
        """
        ...


def judge_plugin(name: str, check: PluginCheck, case: CheckContext) -> CheckResult:
    """As its package judges it. Raises BadSample where that package is not here."""
    try:
        kind: CheckKind = find(check.plugin)
        return kind.judge(name, options(check.plugin, check.options), case)
    except ValueError as error:
        raise BadSample(str(error)) from None
