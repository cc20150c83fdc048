"""Judging of states and alarms: alarm, equals, attachment."""

from collections.abc import Collection

from agent.commission.judge.context import CheckContext, tracks
from agent.commission.judge.window import spelled
from agent.commission.records import CheckResult, Measurement, Verdict
from agent.commission.spec.models import AlarmCheck, AttachmentCheck, EqualsCheck
from agent.model.values import Value

_NAMED_MAX = 5


def judge_alarm(name: str, check: AlarmCheck, case: CheckContext) -> CheckResult:
    """Judge that alarms are clear all the time, or that one is raised in time."""
    raised: list[tuple[float, str]] = []
    for key, track in tracks(case, case.reaction, check.signal):
        if dict(key[2]).get("alarm") in check.ignore:
            continue
        at = [t for t, v in zip(track.times, track.values, strict=True) if _is_one(v, check.raised)]
        if at:
            raised.append((at[0], spelled(key)))
    raised.sort()
    if check.expect == "clear":
        count = float(len(raised))
        measurement = Measurement("raised", count, "", 0.0, 0.0 - count, "at most")
        verdict = Verdict.FAIL if raised else Verdict.PASS
        return CheckResult(name, verdict, (measurement,), _some([text for _, text in raised]))
    if not raised:
        return CheckResult(name, Verdict.FAIL, reason="the alarm was not raised")
    took_s = max(0.0, raised[0][0] - case.span.began)
    within = check.within
    margin = None if within is None else within - took_s
    measurement = Measurement("raised after", took_s, "s", within, margin, "at most")
    verdict = Verdict.FAIL if margin is not None and margin < 0 else Verdict.PASS
    return CheckResult(name, verdict, (measurement,), raised[0][1])


def judge_equals(name: str, check: EqualsCheck, case: CheckContext) -> CheckResult:
    """Judge that every series has one of the expected values all the time."""
    wrong, count = [], 0
    for key, track in tracks(case, case.steady, check.signal):
        count += 1
        if check.label is not None:
            shown: Collection[Value] = {dict(key[2]).get(check.label, "")}
        else:
            shown = set(track.values)
        unexpected = [value for value in shown if not _is_one(value, check.one_of)]
        if unexpected:
            wrong.append(f"{spelled(key)} is {', '.join(map(str, unexpected))}")
    expected = " or ".join(map(_word, check.one_of))
    measurement = Measurement(
        "series as expected", float(count - len(wrong)), "", float(count), 0.0 - len(wrong)
    )
    verdict = Verdict.FAIL if wrong else Verdict.PASS
    reason = f"must be {expected}: {_some(wrong)}" if wrong else ""
    return CheckResult(name, verdict, (measurement,), reason)


def judge_attachment(name: str, check: AttachmentCheck, case: CheckContext) -> CheckResult:
    """Return SKIP: the check passes only with an attachment that a person accepts."""
    return CheckResult(name, Verdict.SKIP, reason=f"needs {check.needs}")


def _is_one(value: Value, among: Collection[float | str]) -> bool:
    return any(value == each for each in among if isinstance(value, str) == isinstance(each, str))


def _word(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _some(texts: list[str]) -> str:
    more = f"; {len(texts) - _NAMED_MAX} more" if len(texts) > _NAMED_MAX else ""
    return "; ".join(texts[:_NAMED_MAX]) + more
