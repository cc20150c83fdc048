"""Commissioning runs as metrics: the newest of a rack and stage, with what was retested."""

from pathlib import Path

from prometheus_client.exposition import generate_latest
from prometheus_client.registry import CollectorRegistry

from agent.commission.journal.reader import JOURNAL
from agent.commission.journal.run_index import RunIndex
from agent.commission.journal.writer import RunJournal
from agent.web.data.run_metrics import CommissionMetrics
from tests.agent.commission.making import record


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
    journal = RunJournal(folder / JOURNAL)
    of = {"run": retest_of} if retest_of else None
    journal.write(record("run_started", retest_of=of, simulated=simulated), 0.0)
    checks = {name: {"title": "t", "number": 1, "kind": "limit"} for name in verdicts}
    step = {"step": "full", "title": "t", "seconds": 60.0, "holds": 60.0, "checks": list(checks)}
    about = {"generation": "g", "version": "1", "title": "t", "before_s": 20.0}
    journal.write(record("plan", **about, steps=[step], checks=checks), 1000.0)
    journal.write(record("step_began", step="full"), 1020.0)
    journal.mention(record("beat", step="full", values={}), 1060.0)
    for check, verdict in verdicts.items():
        if verdict:
            told = {"check": check, "verdict": verdict, "reason": "", "measured": []}
            journal.mention(record("judged", **told), 1060.0)
    journal.close()
    text = (folder / JOURNAL).read_text()
    lines = [line.rpartition('"wall"')[0] + f'"wall": {began}}}' for line in text.splitlines()]
    (folder / JOURNAL).write_text("\n".join(lines) + "\n")


def told(metrics: CommissionMetrics) -> str:
    registry = CollectorRegistry()
    registry.register(metrics)
    lines = generate_latest(registry).decode().splitlines()
    return "\n".join(line for line in lines if not line.startswith("#"))


def test_the_newest_run_counts_and_what_was_retested(tmp_path: Path) -> None:
    write(tmp_path / "one", 100.0, {"flow": "FAIL", "old": "PASS"})
    write(tmp_path / "two", 200.0, {"flow": "FAIL", "drop": "PASS"})
    write(tmp_path / "again", 300.0, {"flow": ""}, retest_of="two")
    (tmp_path / "no-run").mkdir()
    (tmp_path / "file").write_text("")
    index = RunIndex(tmp_path)
    metrics = CommissionMetrics(index, "hall")
    assert told(metrics) == ""
    index.read_all()
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
    index = RunIndex(tmp_path)
    index.read_all()
    metrics = CommissionMetrics(index, "hall")
    status = [line for line in told(metrics).splitlines() if "check_status" in line]
    assert [('simulated="true"' in line, "PASS" in line) for line in status] == [
        (False, False),
        (True, True),
    ]
