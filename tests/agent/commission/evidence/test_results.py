"""A run as JSON, JUnit XML and OCP Test & Validation lines, each read by somebody else's reader."""

import json
from datetime import date
from math import inf
from pathlib import Path
from typing import Any

import junitparser
import pytest
from jsonschema import Draft202012Validator

from agent.commission.evidence.ocptv import ocptv_lines
from agent.commission.evidence.results import RunReport, junit_xml, results_json
from agent.commission.judge import Span
from agent.commission.judge.verdicts import Facts, Waiver, load_waivers, waived
from agent.commission.records import CheckResult, Measurement, Verdict
from agent.model.errors import ConfigError
from tests.agent.commission.small import generation

CHECKS = [f"{name}: {{kind: limit, measure: supply, at_most: 65, unit: degC}}" for name in "abcde"]
HOT = Measurement("cdu", 70.5, "degC", 65.0, -5.5, "at most")
NEVER = Measurement("cdu settles", "never", "s", 30.0, -inf, "at most")
RESULTS = [
    CheckResult("a", Verdict.PASS, (Measurement("cdu", 42.0, "degC", 65.0, 23.0, "at most"),)),
    CheckResult("b", Verdict.FAIL, (HOT, NEVER), "outside: x\x00\x1b[31m & <y>"),
    CheckResult("c", Verdict.ERROR, reason="no value for 70 s"),
    CheckResult("d", Verdict.SKIP, reason="needs a certificate"),
    CheckResult("e", Verdict.MARGINAL, (Measurement("series", 3.0, "", 4.0, -1.0),)),
]


def report(
    folder: Path, results: list[CheckResult], done: bool = True, *, simulated: bool = False
) -> RunReport:
    facts = Facts(generation(folder, *CHECKS), "L11", {"cdu": "cdu-1"}, 5.0)
    spans = {"run": Span(1_000_000, 1_000_010, 1_000_010, 1_000_070)} if done else {}
    return RunReport(
        facts, "r1", "0.1", spans, results, {"configuration": "00"}, simulated=simulated
    )


def test_json_has_everything_and_is_the_same_each_time(tmp_path: Path) -> None:
    text = results_json(report(tmp_path, RESULTS))
    found = json.loads(text)
    assert (found["verdict"], found["rack"], found["stage"]) == ("FAIL", "r1", "L11")
    assert found["steps"]["run"]["began"] == "1970-01-12T13:46:40.000+00:00"
    assert [each["status"] for each in found["checks"]] == [
        *("COMPLETE", "COMPLETE", "ERROR", "SKIP", "COMPLETE")
    ]
    assert found["checks"][1]["measurements"][1]["margin"] is None
    assert results_json(report(tmp_path, RESULTS)) == text


def test_junit_is_read_by_junitparser(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    path.write_bytes(junit_xml(report(tmp_path, RESULTS)))
    (suite,) = junitparser.JUnitXml.fromfile(str(path))
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (5, 1, 1, 1)
    cases = {case.name: [type(each).__name__ for each in case.result] for case in suite}
    assert cases == {"a": [], "b": ["Failure"], "c": ["Error"], "d": ["Skipped"], "e": []}
    failing = next(case for case in suite if case.name == "b")
    assert failing.result[0].message == (
        "outside: x[31m & <y>; cdu 70.5 degC (at most 65); cdu settles never s (at most 30)"
    )


@pytest.mark.corpus
@pytest.mark.parametrize("simulated", [True, False])
@pytest.mark.parametrize("done", [True, False])
def test_every_line_is_valid_ocp_test_and_validation(
    tmp_path: Path, schema: Draft202012Validator, done: bool, simulated: bool
) -> None:
    text = ocptv_lines(report(tmp_path, RESULTS, done, simulated=simulated))
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        schema.validate(line)
    assert [line["sequenceNumber"] for line in lines] == list(range(len(lines)))
    assert not schema.is_valid({**lines[1], "testRunArtifact": {"testRunStart": {}}})


def artifacts(
    folder: Path, results: list[CheckResult], *, simulated: bool = False
) -> list[dict[str, Any]]:
    text = ocptv_lines(report(folder, results, simulated=simulated))
    lines = map(json.loads, text.splitlines())
    return [line.get("testRunArtifact") or line.get("testStepArtifact") or {} for line in lines]


def test_a_check_is_measurements_with_validators_and_a_diagnosis(tmp_path: Path) -> None:
    found = artifacts(tmp_path, RESULTS)
    measured = [each["measurement"] for each in found if "measurement" in each]
    assert measured[1] == {
        "name": "b cdu",
        "value": 70.5,
        "unit": "degC",
        "validators": [{"name": "at most", "type": "LESS_THAN_OR_EQUAL", "value": 65.0}],
    }
    assert "validators" not in measured[2], "a word cannot be held against a number"
    diagnoses = {
        each["diagnosis"]["verdict"]: each["diagnosis"]["type"]
        for each in found
        if "diagnosis" in each
    }
    assert diagnoses == {
        "a-pass": "PASS",
        "b-fail": "FAIL",
        "c-error": "UNKNOWN",
        "d-skip": "UNKNOWN",
        "e-marginal": "PASS",
    }


@pytest.mark.parametrize(
    ("chosen", "status", "result"),
    [
        ("ad", "COMPLETE", "PASS"),
        ("ae", "COMPLETE", "PASS"),
        ("ab", "COMPLETE", "FAIL"),
        ("ac", "ERROR", "NOT_APPLICABLE"),
        ("bc", "COMPLETE", "FAIL"),
        ("d", "SKIP", "NOT_APPLICABLE"),
    ],
)
def test_status_is_apart_from_result(tmp_path: Path, chosen: str, status: str, result: str) -> None:
    found = artifacts(tmp_path, [each for each in RESULTS if each.check in chosen])
    assert found[-1]["testRunEnd"] == {"status": status, "result": result}


@pytest.mark.parametrize("chosen", ["ad", "ab"])
def test_a_rehearsal_has_no_result_and_a_device_of_its_own(tmp_path: Path, chosen: str) -> None:
    wanted = [each for each in RESULTS if each.check in chosen]
    found = artifacts(tmp_path, wanted, simulated=True)
    start = next(each["testRunStart"] for each in found if "testRunStart" in each)
    assert start["name"] == "small L11 (rehearsal)"
    assert start["parameters"]["simulated"] is True
    assert (start["dutInfo"]["dutInfoId"], start["dutInfo"]["metadata"]) == (
        *("r1 (simulated)", {"simulated": True}),
    )
    logs = [each["log"] for each in found if "log" in each]
    assert [(log["severity"], "rehearsal" in log["message"]) for log in logs] == [("WARNING", True)]
    assert found[-1]["testRunEnd"] == {"status": "COMPLETE", "result": "NOT_APPLICABLE"}
    real = artifacts(tmp_path, wanted)[1]["testRunStart"]
    assert (real["name"], real["parameters"]["simulated"]) == ("small L11", False)
    assert real["dutInfo"]["dutInfoId"] == "r1"


@pytest.mark.parametrize(
    ("simulated", "name"),
    [(True, "small L11 r1 (rehearsal on a simulated rack)"), (False, "small L11 r1")],
)
def test_json_and_junit_say_whether_it_was_a_rehearsal(
    tmp_path: Path, simulated: bool, name: str
) -> None:
    made = report(tmp_path, RESULTS, simulated=simulated)
    assert json.loads(results_json(made))["simulated"] is simulated
    suite = next(iter(junitparser.JUnitXml.fromstring(junit_xml(made))))
    assert suite.name == name
    value = str(simulated).lower()
    assert f'<property name="simulated" value="{value}" />' in junit_xml(made).decode()


WAIVERS = """\
waivers:
  - {check: b, by: M. Weber, why: replaced on Monday, until: 2026-12-31}
  - {check: c, by: M. Weber, why: old, until: 2026-01-01}
  - {check: a, by: M. Weber, why: needless, until: 2026-12-31}
"""


def test_waivers_say_who_why_and_until_when(tmp_path: Path) -> None:
    path = tmp_path / "waivers.yaml"
    path.write_text(WAIVERS)
    found = list(waived(RESULTS, load_waivers(path), date(2026, 12, 31)))
    assert [each.verdict for each in found[:3]] == [Verdict.PASS, Verdict.WAIVED, Verdict.ERROR]
    assert found[1].reason.startswith(
        "waived by M. Weber until 2026-12-31: replaced on Monday (was FAIL: outside"
    )
    assert found[1].measurements == RESULTS[1].measurements
    late = list(waived(RESULTS, load_waivers(path), date(2027, 1, 1)))
    assert [each.verdict for each in late] == [each.verdict for each in RESULTS]


@pytest.mark.parametrize("old", ["by: M. Weber, ", "why: old, ", ", until: 2026-01-01"])
def test_a_waiver_without_who_why_or_until_is_none(tmp_path: Path, old: str) -> None:
    path = tmp_path / "waivers.yaml"
    path.write_text(WAIVERS.replace(old, "", 1))
    with pytest.raises(ConfigError, match="is missing"):
        load_waivers(path)
    assert Waiver(check="a", by="b", why="c", until=date(2026, 1, 1)).check == "a"
