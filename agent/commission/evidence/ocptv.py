"""A run in the format of OCP Test & Validation 2.0: JSON lines, one artifact each.

Source: ocp-diag-core, json_spec, version 2.0. A step of the run is a test step; a check has its
measurements with validators, and one diagnosis. The status of a step reports its execution, apart
from its result. A rehearsal has no result, and its rack has a different id, so that a count of
racks that passed does not include it.
"""

import json
from collections.abc import Iterator
from typing import Any

from agent.commission.evidence.results import RunReport, instant
from agent.commission.records import CheckResult, CheckStatus, Measurement, Verdict, blocks

_VERSION = {"major": 2, "minor": 0}
_DIAGNOSES = {
    Verdict.PASS: "PASS",
    Verdict.MARGINAL: "PASS",
    Verdict.WAIVED: "PASS",
    Verdict.FAIL: "FAIL",
    Verdict.ERROR: "UNKNOWN",
    Verdict.SKIP: "UNKNOWN",
}
_VALIDATORS = {"at most": "LESS_THAN_OR_EQUAL", "at least": "GREATER_THAN_OR_EQUAL"}


def ocptv_lines(report: RunReport) -> str:
    """Return the whole run as JSON lines, one artifact each, numbered from 0."""
    lines = []
    for number, (at, artifact) in enumerate(_artifacts(report)):
        line = {**artifact, "sequenceNumber": number, "timestamp": instant(at)}
        lines.append(json.dumps(line, ensure_ascii=False))
    return "\n".join(lines) + "\n"


def _artifacts(report: RunReport) -> Iterator[tuple[float, dict[str, Any]]]:
    yield report.began, {"schemaVersion": _VERSION}
    yield report.began, {"testRunArtifact": {"testRunStart": _start(report)}}
    if report.simulated:
        log = {"severity": "WARNING", "message": "rehearsal on a simulated rack, no acceptance"}
        yield report.began, {"testRunArtifact": {"log": log}}
    for number, (step, span) in enumerate(report.spans.items()):
        found = [each for each in report.results if report.check(each).during == step]
        spec = report.facts.generation.spec.steps[step]
        yield span.began, _step(number, testStepStart={"name": f"{step}: {spec.title}"})
        for result in found:
            for artifact in _check(report, result):
                yield span.ended, _step(number, **artifact)
        yield span.ended, _step(number, testStepEnd={"status": str(_step_status(found))})
    for result in report.results:
        if report.check(result).during not in report.spans:
            message = f"{result.check}: {result.reason}"
            error = {"symptom": "step-not-done", "message": message}
            yield report.ended, {"testRunArtifact": {"error": error}}
    yield report.ended, {"testRunArtifact": {"testRunEnd": _end(report)}}


def _step(number: int, **artifact: Any) -> dict[str, Any]:
    return {"testStepArtifact": {"testStepId": str(number), **artifact}}


def _start(report: RunReport) -> dict[str, Any]:
    generation, simulated = report.facts.generation, report.simulated
    rack = f"{report.rack} (simulated)" if simulated else report.rack
    return {
        "name": f"{generation.name} {report.facts.stage}{' (rehearsal)' if simulated else ''}",
        "version": generation.spec.version,
        "commandLine": f"rackagent commission{' --simulated' if simulated else ''}",
        "parameters": {
            "simulated": simulated,
            "stage": report.facts.stage,
            "interval_s": report.facts.interval_s,
            "tool": f"rackagent {report.version}",
            "sha256": {"generation": generation.digest, **report.hashes},
        },
        "dutInfo": {
            "dutInfoId": rack,
            "name": rack,
            "metadata": {"simulated": simulated},
            "hardwareInfos": [
                {"hardwareInfoId": device, "name": device, "location": role}
                for role, device in report.facts.devices.items()
            ],
        },
    }


def _check(report: RunReport, result: CheckResult) -> Iterator[dict[str, Any]]:
    for measurement in result.measurements:
        yield {"measurement": _measurement(result, measurement)}
    check = report.check(result)
    message = f"{check.title}: {result.verdict}"
    if result.reason:
        message += f": {result.reason}"
    diagnosis = {
        "verdict": f"{result.check}-{str(result.verdict).lower()}",
        "type": _DIAGNOSES[result.verdict],
        "message": message,
    }
    yield {"diagnosis": diagnosis}
    if result.status is CheckStatus.ERROR:
        yield {"error": {"symptom": "no-verdict", "message": f"{result.check}: {result.reason}"}}


def _measurement(result: CheckResult, measurement: Measurement) -> dict[str, Any]:
    name = f"{result.check} {measurement.name}"
    found: dict[str, Any] = {"name": name, "value": measurement.value}
    if measurement.unit:
        found["unit"] = measurement.unit
    comparison = _VALIDATORS.get(measurement.bound)
    same_kind = isinstance(measurement.value, str) == isinstance(measurement.limit, str)
    if comparison and measurement.limit is not None and same_kind:
        found["validators"] = [
            {"name": measurement.bound, "type": comparison, "value": measurement.limit}
        ]
    return found


def _step_status(results: list[CheckResult]) -> CheckStatus:
    statuses = {result.status for result in results}
    if CheckStatus.ERROR in statuses:
        return CheckStatus.ERROR
    return CheckStatus.SKIP if statuses == {CheckStatus.SKIP} else CheckStatus.COMPLETE


def _end(report: RunReport) -> dict[str, str]:
    verdict = report.verdict
    if verdict is Verdict.ERROR:
        return {"status": "ERROR", "result": "NOT_APPLICABLE"}
    if verdict is Verdict.SKIP:
        return {"status": "SKIP", "result": "NOT_APPLICABLE"}
    if report.simulated:
        return {"status": "COMPLETE", "result": "NOT_APPLICABLE"}
    return {"status": "COMPLETE", "result": "FAIL" if blocks(verdict) else "PASS"}
