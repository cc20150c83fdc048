"""'generation': list, show, check and diff, for people and for programs."""

from pathlib import Path

from tests.agent.cli.conftest import Run

MINE = """\
generation: mine
extends: nvl72
version: 1.0.1
title: The racks of hall 2
constants: {supply_setpoint: {value: 32, source: hall 2}}
checks: {cooling.return: {at_most: 60}}
"""


def test_list(run: Run) -> None:
    result = run("generation", "list")
    assert result.status == 0
    assert [line.split()[0] for line in result.out.splitlines()] == [
        *("generation", "air-cooled", "nvl72", "orv3")
    ]
    assert [each["generation"] for each in run("generation", "list", "-f", "json").json] == [
        *("air-cooled", "nvl72", "orv3")
    ]


def test_show_one_stage(run: Run) -> None:
    result = run("generation", "show", "nvl72", "--stage", "L3")
    assert result.status == 0
    assert "sha256 " in result.out
    assert "cooling.setpoint" in result.out
    assert "cooling.supply " not in result.out
    whole = run("generation", "show", "nvl72", "-f", "json").json
    assert whole["spec"]["checks"]["cooling.return"]["at_most"] == 65
    assert len(whole["sha256"]) == 64
    refused = run("generation", "show", "nvl72", "--stage", "L99")
    assert (refused.status, refused.out) == (2, "")
    assert "nvl72 has no stage 'L99'; there are: L11, L12, L3, L4, L5" in refused.err


def test_limits_are_shown_as_people_write_them(run: Run) -> None:
    out = run("generation", "show", "nvl72").out
    lines = {line.split()[1]: " ".join(line.split()) for line in out.splitlines()[8:]}
    assert "limit soak <= 65 degC Return temperature NVL72 max 65 C (q)" in lines["cooling.return"]
    assert "soak soak >= -2 K, <= 2 K" in lines["cooling.supply"]
    assert "settle full >= -1 K, <= 1 K within 300 s" in lines["cooling.supply_step"]
    assert "failover lose_pump >= 0.9 within 30 s" in lines["cooling.pump_failover"]
    assert "limit soak mean >= 90 %" in lines["cooling.flow_setpoint"]
    assert "alarm soak clear" in lines["cooling.leak"]
    assert "equals full is normal" in lines["power.psu_count"]
    assert "attachment idle lab certificate (attachment)" in lines["cooling.chemistry"]


def test_check_and_diff_of_ones_own(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE)
    result = run("generation", "check", path)
    assert result.status == 0
    assert result.out.startswith(f"{path}: mine 1.0.1: ")
    differ = run("generation", "diff", "nvl72", path, "-f", "json")
    assert differ.status == 1
    assert differ.json == [
        {"key": "constants.supply_setpoint.source", "before": "site (e)", "after": "hall 2"},
        {"key": "constants.supply_setpoint.value", "before": 30.0, "after": 32.0},
        {"key": "checks.cooling.return.at_most", "before": 65.0, "after": 60.0},
    ]
    assert "checks.cooling.return.at_most" in run("generation", "diff", "nvl72", path).out
    assert run("generation", "diff", "nvl72", "nvl72").status == 0


def test_a_wrong_one_is_refused_with_its_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE.replace("at_most: 60", "measure: retrun"))
    result = run("generation", "check", path)
    assert result.status == 2
    assert result.err.startswith(
        f"error: {path}:6: checks.cooling.return.measure: unknown signal or constant 'retrun'"
    )
    assert run("generation", "check", tmp_path).status == 2
    assert run("generation", "show", "nvl7").status == 2
