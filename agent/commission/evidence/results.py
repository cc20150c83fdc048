"""The results of a run as JSON and as JUnit XML. The same results give the same bytes."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from agent.commission.judge import Span
from agent.commission.judge.verdicts import Facts
from agent.commission.records import CheckResult, Measurement, Verdict, worst
from agent.commission.spec.models import Check
from agent.model.figures import short

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run that has ended.

    ``spans`` are by step, ``hashes`` are SHA-256 by source. ``aborted`` is the reason for an early
    end, empty without one. ``simulated`` marks a rehearsal, which has no data of a real rack.
    """

    facts: Facts
    rack: str
    version: str
    spans: Mapping[str, Span]
    results: Sequence[CheckResult]
    hashes: Mapping[str, str]
    aborted: str = ""
    simulated: bool = False

    @property
    def verdict(self) -> Verdict:
        """The verdict of the run: the worst of its checks."""
        return worst(result.verdict for result in self.results)

    @property
    def began(self) -> float:
        """The start of the first step (Unix seconds); 0 without steps."""
        return min((span.began for span in self.spans.values()), default=0.0)

    @property
    def ended(self) -> float:
        """The end of the last step (Unix seconds); 0 without steps."""
        return max((span.ended for span in self.spans.values()), default=0.0)

    def check(self, result: CheckResult) -> Check:
        """Return the check of a result."""
        return self.facts.generation.spec.checks[result.check]


def instant(at: float) -> str:
    """Format Unix seconds as ISO 8601 in UTC, with milliseconds."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def results_json(report: RunReport) -> str:
    """Return the whole report as JSON text."""
    generation = report.facts.generation
    document = {
        "rack": report.rack,
        "simulated": report.simulated,
        "generation": generation.name,
        "version": generation.spec.version,
        "sha256": {"generation": generation.digest, **report.hashes},
        "tool": f"rackagent {report.version}",
        "stage": report.facts.stage,
        "began": instant(report.began),
        "ended": instant(report.ended),
        "verdict": str(report.verdict),
        "aborted": report.aborted or None,
        "steps": {
            name: {
                "began": instant(span.began),
                "confirmed": None if span.confirmed is None else instant(span.confirmed),
                "steady": instant(span.steady),
                "ended": instant(span.ended),
            }
            for name, span in report.spans.items()
        },
        "checks": [_check(report, result) for result in report.results],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _check(report: RunReport, result: CheckResult) -> dict[str, Any]:
    check = report.check(result)
    return {
        "check": result.check,
        "number": check.number,
        "title": check.title,
        "kind": check.kind,
        "during": check.during,
        "source": check.source,
        "status": str(result.status),
        "verdict": str(result.verdict),
        "reason": result.reason or None,
        "measurements": [measurement_json(each) for each in result.measurements],
    }


def measurement_json(measurement: Measurement) -> dict[str, Any]:
    """Return one measurement as a JSON object."""
    margin = measurement.margin
    return {
        "name": measurement.name,
        "value": measurement.value,
        "unit": measurement.unit or None,
        "bound": measurement.bound or None,
        "limit": measurement.limit,
        # A value that never occurred has an infinite margin, which JSON cannot express.
        "margin": None if margin is None or not isfinite(margin) else margin,
    }


def junit_xml(report: RunReport) -> bytes:
    """Return the run as a JUnit test suite for CI systems; each check is a test case."""
    verdicts = [result.verdict for result in report.results]
    rehearsal = " (rehearsal on a simulated rack)" if report.simulated else ""
    suite = Element(
        "testsuite",
        name=f"{report.facts.generation.name} {report.facts.stage} {report.rack}{rehearsal}",
        tests=str(len(verdicts)),
        failures=str(verdicts.count(Verdict.FAIL)),
        errors=str(verdicts.count(Verdict.ERROR)),
        skipped=str(verdicts.count(Verdict.SKIP)),
        time=f"{report.ended - report.began:.3f}",
        timestamp=instant(report.began),
    )
    properties = SubElement(suite, "properties")
    SubElement(properties, "property", name="simulated", value=str(report.simulated).lower())
    for result in report.results:
        check = report.check(result)
        span = report.spans.get(check.during)
        case = SubElement(
            suite,
            "testcase",
            classname=f"{report.facts.generation.name}.{check.during}",
            name=result.check,
            time=f"{span.ended - span.began:.3f}" if span else "0",
        )
        details = "; ".join(filter(None, (result.reason, *map(_words, result.measurements))))
        tag = {Verdict.FAIL: "failure", Verdict.ERROR: "error", Verdict.SKIP: "skipped"}
        if result.verdict in tag:
            SubElement(case, tag[result.verdict], message=plain(details), type=str(result.verdict))
        SubElement(case, "system-out").text = plain(f"{result.verdict}: {check.title}: {details}")
    root = Element("testsuites")
    root.append(suite)
    indent(root)
    text = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _words(measurement: Measurement) -> str:
    value, limit = short(measurement.value), measurement.limit
    bound = f" ({measurement.bound} {short(limit)})" if limit is not None else ""
    return f"{measurement.name} {value} {measurement.unit}".rstrip() + bound


def plain(text: str) -> str:
    """Remove the characters that XML 1.0 does not allow; texts of devices may have some."""
    return _NOT_XML.sub("", text)
