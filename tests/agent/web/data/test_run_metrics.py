"""Commissioning runs as metrics: the newest of a rack and stage, with what was retested."""

import asyncio
import contextlib
import os
from pathlib import Path

import pytest
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import CollectorRegistry

from agent.commission.journal.reader import JOURNAL
from agent.commission.journal.writer import Journal
from agent.web.data.run_metrics import CommissionMetrics


def write(
    folder: Path,
    began: float,
    verdicts: dict[str, str],
    retest_of: str = "",
    *,
    simulated: bool = False,
) -> None:
    """A run that has begun, and judged some of its checks."""
    folder.mkdir(parents=True)
    journal = Journal(folder / JOURNAL)
    of = {"run": retest_of} if retest_of else None
    about = {"rack": "r1", "stage": "L11", "retest_of": of, "simulated": simulated}
    journal.write("run_started", 0.0, **about)
    checks = {name: {"title": "t", "number": 1, "kind": "limit"} for name in verdicts}
    step = {"step": "full", "title": "t", "seconds": 60.0, "holds": 60.0, "checks": list(checks)}
    plan = {"generation": "g", "version": "1", "before_s": 20.0, "steps": [step], "checks": checks}
    journal.write("plan", 1000.0, **plan)
    journal.write("step_began", 1020.0, step="full")
    journal.mention("beat", 1060.0, step="full", values={})
    for check, verdict in verdicts.items():
        if verdict:
            told = {"check": check, "verdict": verdict, "reason": "", "measured": []}
            journal.mention("judged", 1060.0, **told)
    journal.close()
    text = (folder / JOURNAL).read_text()
    lines = [line.rpartition('"wall"')[0] + f'"wall": {began}}}' for line in text.splitlines()]
    (folder / JOURNAL).write_text("\n".join(lines) + "\n")


def told(metrics: CommissionMetrics) -> str:
    registry = CollectorRegistry()
    registry.register(metrics)
    lines = generate_latest(registry).decode().splitlines()
    return "\n".join(line for line in lines if not line.startswith("#"))


async def test_the_newest_run_counts_and_what_was_retested(tmp_path: Path) -> None:
    write(tmp_path / "one", 100.0, {"flow": "FAIL", "old": "PASS"})
    write(tmp_path / "two", 200.0, {"flow": "FAIL", "drop": "PASS"})
    write(tmp_path / "again", 300.0, {"flow": ""}, retest_of="two")
    (tmp_path / "no-run").mkdir()
    (tmp_path / "file").write_text("")
    metrics = CommissionMetrics(tmp_path, "hall")
    assert told(metrics) == ""
    task = asyncio.create_task(metrics.run())
    while not told(metrics):  # noqa: ASYNC110  # a scrape is all that there is to see
        await asyncio.sleep(0.01)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    where = 'generation="g",rack="r1",simulated="false",site="hall",stage="L11"'
    assert sorted(told(metrics).splitlines()) == [
        f'rack_commissioning_check_status{{check="drop",{where},verdict="PASS"}} 1.0',
        f'rack_commissioning_check_status{{check="flow",{where},verdict="PENDING"}} 1.0',
        f"rack_commissioning_last_run_timestamp_seconds{{{where}}} 300.0",
        f'rack_commissioning_progress_ratio{{{where},state="dead"}} 0.25',
    ]


def test_a_rehearsal_is_labelled_and_hides_no_run_on_the_rack(tmp_path: Path) -> None:
    write(tmp_path / "real", 100.0, {"flow": "FAIL"})
    write(tmp_path / "rehearsed", 200.0, {"flow": "PASS"}, simulated=True)
    metrics = CommissionMetrics(tmp_path, "hall")
    metrics._runs = metrics.look()
    status = [line for line in told(metrics).splitlines() if "check_status" in line]
    assert [('simulated="true"' in line, "PASS" in line) for line in status] == [
        (False, False),
        (True, True),
    ]


def test_so_many_runs_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.web.data.run_metrics._RUNS_MAX", 2)
    for number in range(4):
        write(tmp_path / f"run-{number}", 100.0 + number, {"flow": "PASS"})
        os.utime(tmp_path / f"run-{number}" / JOURNAL, (number, number))
    metrics = CommissionMetrics(tmp_path, "hall")
    assert [run.folder.name for run in metrics.look()] == ["run-2", "run-3"]
    assert CommissionMetrics(tmp_path / "none", "hall").look() == []
