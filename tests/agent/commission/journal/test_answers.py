"""Answers to a run: what is taken, what is refused, and that nothing outside is reached."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.commission.journal import answers
from agent.commission.journal.answers import ANSWERS, ATTACHMENTS, GivenAnswer, answer, collect
from agent.commission.journal.reader import JOURNAL
from agent.commission.journal.writer import RunJournal
from agent.model.errors import ConfigError
from tests.agent.commission.making import record


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Path]:
    """A run that asks for three things."""
    folder = tmp_path / "run"
    folder.mkdir()
    journal = RunJournal(folder / JOURNAL)
    journal.write(record("run_started", rack="r1", stage="L11"), 0.0)
    for kind in ("confirm", "note", "attachment"):
        journal.write(record("asked", id=f"a.{kind}", kind=kind, text="t", step="", check=""), 1.0)
    yield folder
    journal.close()


def test_an_answer_is_taken_once(run: Path) -> None:
    answer(run, "a.confirm", who="Ada")
    with pytest.raises(ConfigError, match="has been answered"):
        answer(run, "a.confirm", who="Bob")
    answer(run, "a.note", who="Bob", text="warm")
    answer(run, "pause", who="Bob")
    assert list(collect(run)) == [
        GivenAnswer("a.confirm", "Ada", yes=True),
        GivenAnswer("a.note", "Bob", yes=True, text="warm"),
        GivenAnswer("pause", "Bob", yes=True),
    ]
    assert list(collect(run)) == []
    assert list((run / ANSWERS).iterdir()) == []
    answers.clear(run)
    assert not (run / ANSWERS).exists()
    assert list(collect(run)) == []


def test_answers_are_taken_in_the_order_of_time(run: Path) -> None:
    """A run that is paused and continued within one look goes on."""
    for command in ("pause", "continue"):
        answer(run, command, who="Ada")
    os.utime(run / ANSWERS / "pause.json", ns=(1_000, 1_000))
    os.utime(run / ANSWERS / "continue.json", ns=(2_000, 2_000))
    assert [found.id for found in collect(run) if isinstance(found, GivenAnswer)] == [
        "pause",
        "continue",
    ]


def test_texts_have_no_control_characters(run: Path) -> None:
    """Answers are printed on the terminal of a run."""
    answer(run, "a.note", who="Ada", text="one\x1b[2J\x1b]0;pwn\x07\r\ntwo\u202e\x9b\u2028three\n")
    [found] = collect(run)
    assert isinstance(found, GivenAnswer)
    assert found.text == "one\ufffd[2J\ufffd]0;pwn\ufffd\ntwo\ufffd\ufffd\nthree"
    forged = {"who": "Ada\x1b[2J", "text": "x"}
    (run / ANSWERS / "a.note.json").write_text(json.dumps(forged), encoding="utf-8")
    [refused] = collect(run)
    assert isinstance(refused, str)
    assert "not the name of a person" in refused


def test_a_pipe_is_no_answer(run: Path) -> None:
    (run / ANSWERS).mkdir()
    os.mkfifo(run / ANSWERS / "a.note.json")
    assert list(collect(run)) == ["an answer was ignored: a.note.json: is not a plain file"]


def test_an_attachment_is_copied_with_its_hash(run: Path, tmp_path: Path) -> None:
    paper = tmp_path / "-..scope of r1.pdf"
    paper.write_bytes(b"x")
    answer(run, "a.attachment", who="Ada", file=paper, text="scope 7")
    [first] = collect(run)
    assert isinstance(first, GivenAnswer)
    assert first.file == "a.attachment-scope_of_r1.pdf"
    assert first.sha256 == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    paper.write_bytes(b"y")
    answer(run, "a.attachment", who="Ada", file=paper)
    [second] = collect(run)
    assert isinstance(second, GivenAnswer)
    assert second.file == "a.attachment-2-scope_of_r1.pdf"
    assert (run / ATTACHMENTS / first.file).read_bytes() == b"x"


@pytest.mark.parametrize(
    ("prompt", "given", "says"),
    [
        ("a.other", {}, "does not ask for 'a.other'; it asks for a.confirm, a.note, a.attachment"),
        ("../x", {}, "does not ask for"),
        ("a.attachment", {}, "needs a file"),
        ("a.attachment", {"file": Path("/nowhere/at-all")}, "is not a file"),
        ("a.confirm", {"file": Path(__file__)}, "does not accept a file"),
        ("a.confirm", {"who": " "}, "give a name of at most"),
        ("a.confirm", {"who": "A\nB"}, "give a name of at most"),
        ("a.confirm", {"text": "x" * 2001}, "at most 2000 characters, not 2001"),
        ("note", {}, "a note needs a text"),
        ("a.note", {}, "a note needs a text"),
    ],
)
def test_what_is_refused(run: Path, prompt: str, given: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        answer(run, prompt, **{"who": "Ada", **given})  # type: ignore[arg-type]
    assert list(collect(run)) == []


def test_a_file_that_is_too_large(run: Path, tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(answers.ATTACHMENT_MAX + 1)
    with pytest.raises(ConfigError, match="larger than 20,000,000 bytes"):
        answer(run, "a.attachment", who="Ada", file=large)


def test_nobody_answers_a_run_that_has_ended(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no run"):
        answer(tmp_path / "none", "pause", who="Ada")
    path = run / JOURNAL
    path.write_text(path.read_text() + '{"event": "run_ended", "at": 1.0}\n')
    with pytest.raises(ConfigError, match="is ended: it accepts no answers"):
        answer(run, "pause", who="Ada")


GIVEN = {"who": "Ada", "answer": "yes"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", "{"),
        ("a.json", "[]"),
        ("a.json", json.dumps({**GIVEN, "who": ""})),
        ("a.json", json.dumps({**GIVEN, "answer": "perhaps"})),
        ("a.json", json.dumps({**GIVEN, "more": 1})),
        ("a.json", json.dumps({**GIVEN, "file": "../journal.jsonl"})),
        ("a.json", json.dumps({**GIVEN, "file": "link"})),
        ("a.json", json.dumps({**GIVEN, "file": "missing"})),
        ("a.json", " " * 20_000),
        ("-.json", json.dumps(GIVEN)),
    ],
    ids=range(10),
)
def test_what_comes_from_elsewhere_is_believed_only_if_whole(
    run: Path, name: str, content: str
) -> None:
    (run / ATTACHMENTS).mkdir()
    (run / ATTACHMENTS / "link").symlink_to("/etc/hostname")
    (run / ANSWERS).mkdir()
    (run / ANSWERS / name).write_text(content)
    (run / ANSWERS / ".part").write_text("half")
    [said] = collect(run)
    assert isinstance(said, str)
    assert said.startswith("an answer was ignored: ")
    assert list(collect(run)) == []
