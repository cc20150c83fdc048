"""Plans as a check: what is no verdict, approved firmware, and signals that do not apply."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from agent.commission.judge import CheckContext, Span, judge
from agent.commission.judge.window import Window
from agent.commission.records import CheckResult, Sample, Verdict
from agent.commission.spec.build_sheet import Sheet
from agent.commission.spec.inventory import identity_sample
from agent.model.values import Identity
from tests.agent.commission.making import START, samples
from tests.agent.commission.small import TEXT, generation

FIRMWARE = TEXT.replace("roles: [meter-1..2]", "roles: [meter-1..2], firmware: ['1.0', '1.1']")
SHEET = Sheet.model_validate({"devices": [{"device": "meter-1", "serial": "S1"}]})


def who(device: str, at: float = START + 55, **said: str) -> Sample:
    return identity_sample(device, Identity(**said), at)


def judged(
    folder: Path,
    check: str,
    rows: list[Sample],
    *,
    sheet: Sheet | None = None,
    text: str = TEXT,
    shows: Mapping[str, frozenset[str]] | None = None,
) -> CheckResult:
    found = generation(folder, f"it: {check}", text=text)
    window, span = Window(rows, START, START + 60), Span(START, START, START, START + 60)
    devices = {role: role for role in found.roles}
    case = CheckContext(found, window, span, devices, sheet=sheet)
    case = case if shows is None else replace(case, shows=shows)
    return judge("it", found.spec.checks["it"], case)


def plan(what: str) -> str:
    return f"{{kind: matches_plan, what: {what}}}"


def test_a_serial_as_planned_and_not(tmp_path: Path) -> None:
    right = judged(tmp_path, plan("identity"), [who("meter-1", serial="S1")], sheet=SHEET)
    assert right.verdict is Verdict.PASS
    wrong = judged(tmp_path, plan("identity"), [who("meter-1", serial="S2")], sheet=SHEET)
    assert (wrong.verdict, wrong.reason) == (
        Verdict.FAIL,
        "meter-1: serial is S2, expected S1",
    )


@pytest.mark.parametrize(
    ("what", "rows", "sheet", "says"),
    [
        ("identity", [who("meter-1", serial="S1")], None, "no build sheet"),
        ("cabling", [who("meter-1", serial="S1")], SHEET, "has no data on cabling"),
        ("identity", [], SHEET, "meter-1: does not answer"),
        ("identity", [who("meter-1", START, serial="S1")], SHEET, "meter-1: does not answer"),
    ],
    ids=["no sheet", "nothing planned", "nothing said", "silent since"],
)
def test_what_is_no_verdict(
    tmp_path: Path, what: str, rows: list[Sample], sheet: Sheet | None, says: str
) -> None:
    result = judged(tmp_path, plan(what), rows, sheet=sheet)
    assert result.verdict is Verdict.ERROR
    assert says in result.reason


@pytest.mark.parametrize(
    ("firmware", "verdict", "says"),
    [
        (("1.0", "1.1"), Verdict.PASS, ""),
        (("1.0", "0.9"), Verdict.FAIL, "meter-2: firmware is 0.9, approved is 1.0 or 1.1"),
        (("1.0",), Verdict.ERROR, "meter-2 reports no identity"),
    ],
)
def test_approved_firmware(
    tmp_path: Path, firmware: tuple[str, ...], verdict: Verdict, says: str
) -> None:
    rows = [who(f"meter-{number}", firmware=each) for number, each in enumerate(firmware, 1)]
    result = judged(tmp_path, plan("firmware"), rows, text=FIRMWARE)
    assert (result.verdict, result.reason) == (verdict, says)


def test_nothing_approved_and_nothing_planned_is_skipped(tmp_path: Path) -> None:
    result = judged(tmp_path, plan("firmware"), [who("meter-1", firmware="1.0")])
    assert result.verdict is Verdict.SKIP


@pytest.mark.parametrize(
    ("shows", "verdict"),
    [
        ({"cdu": frozenset({"rack_pump_state"})}, Verdict.SKIP),
        ({"cdu": frozenset({"rack_alarm_active"})}, Verdict.ERROR),
        ({}, Verdict.ERROR),
    ],
    ids=["its profile has none", "its profile has it", "nobody knows"],
)
def test_only_what_a_profile_does_not_have_is_skipped(
    tmp_path: Path, shows: dict[str, frozenset[str]], verdict: Verdict
) -> None:
    text = TEXT.replace("metric: rack_alarm_active", "metric: rack_alarm_active, optional: true")
    rows = samples(["running"] * 13, metric="rack_pump_state")
    check = "{kind: alarm, signal: alarms}"
    assert judged(tmp_path, check, rows, text=text, shows=shows).verdict is verdict
