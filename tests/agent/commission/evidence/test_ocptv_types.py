"""The lines of a run in the package's own types, and back again without a loss."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ocptv.output import objects

from agent.commission.evidence import bundle as evidence
from tests.agent.commission.bundle import LIMIT, SOAK, WHOLE, bundle
from tests.agent.commission.making import samples
from tests.agent.commission.ocptv_reader import Unreadable, read_lines, written

CHECKS = [
    *(LIMIT, SOAK),
    "hot: {kind: limit, measure: supply, unit: degC, at_most: 20}",
    "none: {kind: limit, measure: flow, unit: L/min, at_least: 10}",
    "paper: {kind: attachment, needs: a certificate}",
]


def plain(found: Any) -> Any:
    """Without empty lists, which stand for what is absent, and times in one spelling."""
    if isinstance(found, dict):
        return {k: plain(v) for k, v in found.items() if v != [] and k != "timestamp"}
    return [plain(each) for each in found] if isinstance(found, list) else found


@pytest.mark.parametrize("simulated", [True, False])
@pytest.mark.parametrize("done", [True, False])
def test_every_line_goes_through_the_types_of_the_package(
    tmp_path: Path, done: bool, simulated: bool
) -> None:
    about = {"simulated": simulated}
    run = bundle(tmp_path, CHECKS, about=about, span=WHOLE if done else None)
    text = (run / evidence.OCPTV).read_text()
    roots = read_lines(text)
    assert [plain(written(root)) for root in roots] == [
        plain(json.loads(line)) for line in text.splitlines()
    ]
    assert isinstance(roots[0].impl, objects.SchemaVersion)
    last = roots[-1].impl
    assert isinstance(last, objects.RunArtifact)
    assert isinstance(last.impl, objects.RunEnd)
    assert last.impl.status is (objects.TestStatus.COMPLETE if done else objects.TestStatus.ERROR)


@pytest.mark.corpus
def test_every_line_of_a_directory_is_valid(tmp_path: Path, schema: Draft202012Validator) -> None:
    for line in (bundle(tmp_path, CHECKS) / evidence.OCPTV).read_text().splitlines():
        schema.validate(json.loads(line))


def test_measurements_and_diagnoses_are_what_was_judged(tmp_path: Path) -> None:
    run = bundle(tmp_path, CHECKS, samples([30.0, 30.1] * 7))
    steps = [
        root.impl.impl
        for root in read_lines((run / evidence.OCPTV).read_text())
        if isinstance(root.impl, objects.StepArtifact)
    ]
    measured = {each.name: each for each in steps if isinstance(each, objects.Measurement)}
    hot = measured["hot cdu"]
    assert (hot.value, hot.unit) == (30.1, "degC")
    assert [(each.type, each.value) for each in hot.validators] == [
        (objects.ValidatorType.LESS_THAN_OR_EQUAL, 20.0)
    ]
    diagnoses = {each.verdict: each.type for each in steps if isinstance(each, objects.Diagnosis)}
    assert diagnoses["hot-fail"] is objects.DiagnosisType.FAIL
    assert diagnoses["supply-pass"] is objects.DiagnosisType.PASS


def test_the_reader_is_strict() -> None:
    for line in (
        '{"schemaVersion": {"major": 2, "minor": 0}, "sequenceNumber": 0}',
        '{"schemaVersion": {"major": 2, "minor": 0}, "sequenceNumber": 0, "timestamp": 1.0,'
        ' "x": 1}',
        '{"testRunArtifact": {"testRunEnd": {"status": "COMPLETE"}}, "sequenceNumber": 0,'
        ' "timestamp": 1.0}',
    ):
        with pytest.raises(Unreadable):
            read_lines(line)
