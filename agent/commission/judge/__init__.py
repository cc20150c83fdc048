"""The kinds of check, each judged by a pure function of samples and build sheet."""

from collections.abc import Callable, Mapping
from typing import Any

from agent.commission.judge.build_sheet import judge_plan
from agent.commission.judge.context import CheckContext, InconclusiveError, LabelledSeries, Span
from agent.commission.judge.measured import judge_failover, judge_limit, judge_settle, judge_soak
from agent.commission.judge.plugin import judge_plugin
from agent.commission.judge.states import judge_alarm, judge_attachment, judge_equals
from agent.commission.judge.window import BadSample
from agent.commission.records import CheckResult, Verdict
from agent.commission.spec.models import Check

__all__ = ["CheckContext", "LabelledSeries", "Span", "judge"]

_JUDGES: Mapping[str, Callable[[str, Any, CheckContext], CheckResult]] = {
    "limit": judge_limit,
    "soak": judge_soak,
    "settle": judge_settle,
    "failover": judge_failover,
    "alarm": judge_alarm,
    "equals": judge_equals,
    "matches_plan": judge_plan,
    "attachment": judge_attachment,
    "plugin": judge_plugin,
}


def judge(name: str, check: Check, case: CheckContext) -> CheckResult:
    """Judge a check by its kind.

    Unusable samples and an unconfirmed stimulus give ERROR, a missing optional signal SKIP.
    """
    if case.span.confirmed is None:
        return CheckResult(
            name, Verdict.ERROR, reason="the stimulus was not confirmed by telemetry"
        )
    try:
        return _JUDGES[check.kind](name, check, case)
    except InconclusiveError as error:
        return CheckResult(name, Verdict.SKIP, reason=str(error))
    except BadSample as error:
        return CheckResult(name, Verdict.ERROR, reason=str(error))
