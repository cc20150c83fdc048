"""A journal survives a crash: whole lines count, a torn one does not."""

from pathlib import Path

import pytest

from agent.commission.journal.writer import RunJournal, cut_off, read_journal, spans
from agent.commission.judge import Span
from agent.model.errors import ConfigError
from tests.agent.commission.making import record


def ended(step: str, began: float, confirmed: float | None) -> dict[str, object]:
    return {"step": step, "began": began, "confirmed": confirmed, "steady": 3.0, "ended": 4.0}


def test_steps_that_ended_are_known_and_a_repeated_one_by_its_last_time(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = RunJournal(path)
    journal.write(record("run_started", rack="r1"), 0.0)
    journal.write(record("step_ended", **ended("idle", 1.0, 2.0)), 4.0)
    journal.write(record("step_began", step="full"), 5.0)
    journal.write(record("step_ended", **ended("idle", 1.5, None)), 6.0)
    journal.close()
    assert spans(read_journal(path)) == {"idle": Span(1.5, None, 3.0, 4.0)}


def test_a_torn_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = RunJournal(path)
    journal.write(record("run_started"), 0.0)
    journal.write(record("step_began", step="idle"), 1.0)
    journal.close()
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        assert len(read_journal(path)) <= 2
    path.write_bytes(whole[:-5])
    assert [event["event"] for event in read_journal(path)] == ["run_started"]


def test_what_comes_after_a_torn_line_counts(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text('{"at": 0.0, "event": "continued"}\n{"at": 1.0, "eve')
    journal = RunJournal(path)
    journal.write(record("resumed"), 2.0)
    journal.close()
    assert [event["event"] for event in read_journal(path)] == ["continued", "resumed"]


def test_a_journal_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_journal(tmp_path / "none")
    with pytest.raises(ConfigError, match="cannot be written"):
        RunJournal(tmp_path / "none" / "journal.jsonl")


def test_the_step_that_a_run_died_in() -> None:
    def event(kind: str, step: str = "") -> dict[str, object]:
        return {"event": kind, "step": step} if step else {"event": kind}

    began, ended = event("step_began", "lose"), event("step_ended", "lose")
    assert cut_off([]) == ""
    assert cut_off([event("run_started"), began]) == "lose"
    assert cut_off([began, event("profiles")]) == "lose"
    assert cut_off([began, ended]) == ""
    assert cut_off([began, event("undone", "lose")]) == ""
    assert cut_off([began, ended, event("step_began", "idle")]) == "idle"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"event": "run_started", "at": 0}', "run_started: rack: Field required"),
        ('{"event": "step_ended", "at": 1, "step": "idle"}', "step_ended: began: Field required"),
        ('{"event": "answered", "at": 1}', "answered: id: Field required"),
        ('{"event": "judged", "at": "x"}', "judged: at: is not a number"),
        ('{"event": 7, "at": 1}', "event: is not a text"),
        ("[" * 200_000, "is nested too deeply"),
        ('{"event": "said", "at": ' + "1" * 5_000 + "}", "Exceeds the limit"),
    ],
)
def test_a_line_that_is_wrong_is_named_in_one_line(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text('{"event": "continued", "at": 1.0}\n' + line + "\n")
    with pytest.raises(ConfigError) as caught:
        read_journal(path)
    assert str(caught.value).startswith(f"{path}:2: {says}")
    assert "\n" not in str(caught.value)


def test_events_of_a_newer_version_are_left_to_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text('{"event": "danced", "at": 1.0}\n{"event": "continued", "at": 1, "how": 2}\n')
    assert [event["event"] for event in read_journal(path)] == ["danced", "continued"]
