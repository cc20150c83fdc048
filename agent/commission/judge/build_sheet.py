"""Judging of plans: build sheet and approved firmware against what devices report."""

from agent.commission.judge.compare_sheet import Aspect, compare
from agent.commission.judge.context import CheckContext
from agent.commission.judge.window import BadSample
from agent.commission.records import CheckResult, Measurement, Verdict
from agent.commission.spec.inventory import (
    IDENTITY,
    NEIGHBOR,
    ONE_WALK_S,
    PLAN_METRICS,
    PORT_STATE,
    Seen,
    inventory,
)
from agent.commission.spec.models import PlanCheck

_NAMED_MAX = 5


def judge_plan(name: str, check: PlanCheck, case: CheckContext) -> CheckResult:
    """Judge that devices are as planned.

    Raises BadSample without a plan, or if no device reports what is compared.
    """
    window = case.reaction
    silent_now = set(window.silent(window.devices))
    seen = inventory(list(window.newest(PLAN_METRICS, ONE_WALK_S)), window.devices - silent_now)
    if check.what == "firmware" and case.sheet is None:
        return _decided(name, *_approved(case, seen))
    if case.sheet is None:
        raise BadSample("no build sheet to compare with")
    what = Aspect(check.what)
    comparison = compare(case.sheet, seen, case.devices)
    count = comparison.compared[what]
    if not count:
        raise BadSample(f"the build sheet has no data on {check.what}")
    silent = comparison.of(Aspect.SILENT)
    if silent:
        raise BadSample("; ".join(map(str, silent[:_NAMED_MAX])))
    findings = [str(each) for each in comparison.of(what)]
    if what is Aspect.FIRMWARE:
        more, others = _approved(case, seen)
        findings, count = [*findings, *more], max(count, others)
    metric = {Aspect.CABLING: NEIGHBOR, Aspect.PORTS: PORT_STATE}.get(what, IDENTITY)
    if not case.reaction.shows(metric):
        raise BadSample(f"no device reports its {metric}")
    return _decided(name, findings, count)


def _approved(case: CheckContext, seen: Seen) -> tuple[list[str], int]:
    """Return a text per device with firmware that is not approved, and the number compared."""
    wrong, count = [], 0
    for group in case.generation.spec.devices.values():
        for role in group.roles if group.firmware else ():
            if role not in case.devices:
                raise BadSample(f"the rack has no {role}")
            device = case.devices[role]
            identity = seen.identity.get((device, ""))
            if identity is None:
                raise BadSample(f"{device} reports no identity")
            count += 1
            if identity.get("firmware", "") not in group.firmware:
                approved = " or ".join(group.firmware)
                wrong.append(
                    f"{device}: firmware is {identity.get('firmware')}, approved is {approved}"
                )
    return wrong, count


def _decided(name: str, findings: list[str], count: int) -> CheckResult:
    number = float(len(findings))
    measurement = Measurement("not as planned", number, "", 0.0, 0.0 - number, "at most")
    more = f"; {len(findings) - _NAMED_MAX} more" if len(findings) > _NAMED_MAX else ""
    reason = "; ".join(findings[:_NAMED_MAX]) + more
    if not count:
        return CheckResult(name, Verdict.SKIP, reason="nothing is approved or planned")
    verdict = Verdict.FAIL if findings else Verdict.PASS
    return CheckResult(name, verdict, (measurement,), reason)
