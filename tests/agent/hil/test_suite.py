"""The example suite: it passes on the simulator, and finds what is planted."""

import os
import sys
from pathlib import Path

import pytest

from tests.agent.hil.suite import copy_suite, run_pytest
from tests.end_to_end.ports import free_tcp_ports
from tests.end_to_end.programs import background

SHARE = "test_both_feeds_share_the_load"
TAKES_OVER = "test_feed_b_takes_over_when_feed_a_opens"
STANDBY = "test_the_standby_pump_brings_the_flow_back"
LEAK = "test_a_leak_is_reported"
PLAN = "test_every_cable_is_where_the_plan_has_it"
SWAP = "test_a_cable_swap_is_seen_as_two_mismatches"
ALL = {SHARE, TAKES_OVER, STANDBY, LEAK, PLAN, SWAP}


def test_it_passes_on_the_simulator_and_writes_what_it_saw(tmp_path: Path) -> None:
    rack = copy_suite(tmp_path)
    run = run_pytest(tmp_path, f"--rack={rack}", "--simulated")
    assert run.status == 0, run.text
    assert run.outcomes("passed") == ALL
    events = [line["event"] for line in run.log]
    assert (events[0], events[-1]) == ("run", "end")
    seen = [line for line in run.log if line["event"] == "read" and TAKES_OVER in line["test"]]
    assert {line["device"] for line in seen} >= {"pdu-a", "pdu-b"}
    assert all(line["unit"] == "W" and line["source"] for line in seen[:2])
    assert any(line["event"] == "stimulus" and line["name"] == "open_feed_a" for line in run.log)
    waited = [line for line in run.log if line["event"] == "waiting" and line["held"]]
    assert any("rack_leak_detected" in name for line in waited for name in line["seen"])


@pytest.mark.parametrize(
    ("fault", "failing", "said"),
    [
        (
            "pump_trip:pump=2",
            {STANDBY},
            "90 % of the coolant flow without pump 1 did not happen within 30 s; last seen:",
        ),
        ("leak_cable_cut", {LEAK}, "a leak sensor that reports did not happen within 600 s"),
        (
            "cable_swap:port_a=2,port_b=3",
            {PLAN},
            "not as planned: {'Ethernet2': 'node-03', 'Ethernet3': 'node-02'}",
        ),
        (
            "ct_reversed:feed=b,phase=1",
            {SHARE, TAKES_OVER},
            "feed A carries 37190 W, feed B 12400 W",
        ),
        ("silent:device=switch-1", {TAKES_OVER, PLAN, SWAP}, "switch-1"),
        ("dirty_optic", set(), ""),
    ],
)
def test_with_a_fault_planted_the_right_tests_fail(
    tmp_path: Path, fault: str, failing: set[str], said: str
) -> None:
    rack = copy_suite(tmp_path)
    run = run_pytest(tmp_path, f"--rack={rack}", "--simulated", f"--rack-fault={fault}")
    assert run.outcomes("failed") == failing, run.text
    assert run.outcomes("passed") == ALL - failing
    assert said in run.text


_ORDER = """
import json, sys, urllib.request
url, method, body = sys.argv[1:4]
request = urllib.request.Request(url, body.encode() or None, method=method)
request.add_header("Content-Type", "application/json")
urllib.request.urlopen(request, timeout=10).read()
"""


def test_the_same_tests_on_a_rack_that_is_only_there(tmp_path: Path) -> None:
    """Hardware, as far as pytest knows: another process serves it, and commands reach into it."""
    [port] = free_tcp_ports(1)
    url = f"http://127.0.0.1:{port}/faults"
    order = tmp_path / "order.py"
    order.write_text(_ORDER, encoding="utf-8")
    begin = [sys.executable, str(order), url, "POST", '{"fault": "open_feed_a"}']
    end = [sys.executable, str(order), f"{url}/1", "DELETE", ""]
    commands = f"\nstimuli:\n  open_feed_a: {begin}\n  end_open_feed_a: {end}\n"
    commands += "  stop_pump_1: ['false']\n"
    rack = copy_suite(tmp_path, commands)
    control = f"127.0.0.1:{port}"
    with background("simulate", str(rack), "--speed=10", "--control", control) as process:
        assert process.stderr is not None
        while not (said := process.stderr.readline()).startswith("control:"):
            assert said, "it ended"
        run = run_pytest(tmp_path, f"--rack={rack}", "-rs")
    assert run.outcomes("passed") == {SHARE, TAKES_OVER, PLAN}, run.text
    assert run.outcomes("failed") == {STANDBY}
    assert "stimuli.stop_pump_1: exit status 1" in run.text
    assert run.outcomes("skipped") == {LEAK, SWAP}
    assert "stimulus 'swap_cables' needs an operator" in run.text


def test_an_operator_at_the_terminal_is_asked(tmp_path: Path) -> None:
    rack = copy_suite(tmp_path)
    ours, theirs = os.openpty()
    try:
        os.write(ours, b"s\n")
        with background("simulate", str(rack)) as process:
            assert process.stderr is not None
            while not (said := process.stderr.readline()).endswith("devices served\n"):
                assert said, "it ended"
            run = run_pytest(tmp_path, f"--rack={rack}", "-k", SWAP, stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)
    assert run.outcomes("skipped") == {SWAP}, run.text
    assert "Please swap cables" in run.text
    assert "(two LLDP neighbours exchanged" in run.text
    assert "skipped by the operator: swap cables" in run.text


def test_without_a_rack_nothing_is_tested(tmp_path: Path) -> None:
    copy_suite(tmp_path)
    run = run_pytest(tmp_path)
    assert run.status == 0
    assert "needs a rack: pytest --rack CONFIG [--simulated]" in run.text
    assert run.log == []
    assert not (tmp_path / "rack-runs").exists()
