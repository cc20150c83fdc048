"""The Prometheus configuration that ships: it loads, its alerts are tested, its metrics exist."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.model.catalogue import CATALOGUE
from docs.own_metrics import families
from tests.house import ROOT
from tests.peers import require

FOLDER = ROOT / "configs" / "prometheus"
RULES = ("recording.yml", "alerts.yml")


def rules(*names: str) -> list[dict[str, Any]]:
    documents = [yaml.safe_load((FOLDER / name).read_text(encoding="utf-8")) for name in names]
    return [rule for each in documents for group in each["groups"] for rule in group["rules"]]


def promtool(*arguments: str, folder: Path = FOLDER) -> str:
    done = subprocess.run(
        [require("promtool"), *arguments], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.peer
def test_promtool_accepts_the_configuration() -> None:
    assert f"{len(rules('alerts.yml'))} rules found" in promtool(
        "check", "config", "prometheus.yml"
    )


@pytest.mark.peer
def test_each_alert_fires_on_its_sign_and_on_no_other() -> None:
    assert "FAILED" not in promtool("test", "rules", "alerts_test.yml")


@pytest.mark.peer
def test_a_limit_that_is_moved_is_noticed(tmp_path: Path) -> None:
    for path in FOLDER.glob("*.yml"):
        text = path.read_text(encoding="utf-8")
        moved = text.replace("ratio > 0.8", "ratio > 0.9") if path.name == "alerts.yml" else text
        (tmp_path / path.name).write_text(moved, encoding="utf-8")
    with pytest.raises(AssertionError, match="RackBreakerLoad"):
        promtool("test", "rules", "alerts_test.yml", folder=tmp_path)


def test_every_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    text = (FOLDER / "alerts_test.yml").read_text(encoding="utf-8")
    cases = [
        (case["alertname"], bool(case.get("exp_alerts")))
        for test in yaml.safe_load(text)["tests"]
        for case in test["alert_rule_test"]
    ]
    for rule in rules("alerts.yml"):
        assert {(rule["alert"], True), (rule["alert"], False)} <= set(cases)


def known_metrics() -> set[str]:
    """The catalogue, what the agent says of itself, and what is recorded of both."""
    own = {family.name for family in families()}
    return own | set(CATALOGUE) | {rule["record"] for rule in rules("recording.yml")}


def test_every_metric_that_rules_name_exists() -> None:
    known = known_metrics()
    named = {
        name
        for rule in rules(*RULES)
        for name in re.findall(r"\brack(?:agent)?[_:][\w:]+", rule["expr"])
    }
    assert named
    assert named <= known


def test_every_alert_says_how_grave_it_is_and_what_it_is_about() -> None:
    for rule in rules("alerts.yml"):
        assert rule["labels"]["severity"] in ("critical", "warning"), rule["alert"]
        assert "{{" in rule["annotations"]["summary"], rule["alert"]
