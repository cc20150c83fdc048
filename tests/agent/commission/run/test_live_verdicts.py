"""Verdicts while a run goes on: what cannot be judged then does not end the run."""

from pathlib import Path

from agent.commission.journal.writer import RunJournal, read_journal
from agent.commission.judge.verdicts import Facts
from agent.commission.run.live_verdicts import LiveVerdicts
from tests.agent.commission.bundle import DEVICES, LIMIT, WHOLE
from tests.agent.commission.small import generation


async def test_a_step_that_cannot_be_judged_is_said_and_nothing_else(tmp_path: Path) -> None:
    facts = Facts(generation(tmp_path, LIMIT), "L11", DEVICES, 5.0)
    journal = RunJournal(tmp_path / "journal.jsonl")
    (tmp_path / "samples.sqlite").write_text("no database")
    early = LiveVerdicts(facts, tmp_path / "samples.sqlite", (), journal, lambda: 1060.0)
    early.judge("run", WHOLE)
    await early.close()
    journal.close()
    (event,) = read_journal(journal.path)
    assert event["event"] == "said"
    assert event["text"].startswith("warning: run: not judged during the run: ")
    assert "samples.sqlite cannot be opened" in event["text"]
    assert early.known.steps == {}
