"""A run followed from its directory: while it goes on, once it ended, torn, dead or strange."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.commission.journal.reader import JOURNAL, Follower, Progress, State, follow
from agent.commission.journal.writer import RunJournal, is_written
from agent.commission.records import Verdict
from agent.model.errors import ConfigError
from tests.agent.commission.making import record

PLAN: dict[str, Any] = {
    "generation": "small",
    "version": "1.0.0",
    "title": "A small rack",
    "before_s": 40.0,
    "steps": [
        {"step": "load", "title": "Load", "seconds": 80.0, "holds": 60.0, "checks": ["power"]},
        {"step": "lose", "title": "Lose", "seconds": 80.0, "holds": 60.0, "checks": ["dark"]},
    ],
    "checks": {
        "power": {"title": "Power", "number": 7, "kind": "limit"},
        "dark": {"title": "Dark", "number": 8, "kind": "limit"},
    },
}


class Run:
    """A journal that is written as a run does, without one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = RunJournal(folder / JOURNAL)
        self.journal.write(record("run_started", rack="r1", stage="L11", operator="Ada"), 0.0)
        self.journal.write(record("plan", **PLAN), 1000.0)

    def first_step(self) -> None:
        self.journal.write(record("step_began", step="load"), 1040.0)
        self.journal.mention(record("step_confirmed", step="load"), 1050.0)
        self.journal.mention(
            record("beat", step="load", values={"total": [1.0, 2.0], "t": None}), 1080.0
        )

    def judged(self) -> None:
        self.journal.write(
            record("step_ended", step="load", began=0, confirmed=0, steady=0, ended=0), 1110.0
        )
        measured = [{"name": "worst", "value": 3.0, "unit": "kW"}]
        told = {"check": "power", "verdict": "PASS", "reason": "", "measured": measured}
        self.journal.mention(record("judged", **told), 1110.0)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    made = Run(tmp_path)
    yield made
    made.journal.close()


def test_a_run_that_goes_on(run: Run) -> None:
    follower = Follower(run.folder)
    begun = follower.refresh()
    assert (begun.rack, begun.generation, begun.stage) == ("r1", "small", "L11")
    assert (begun.state, begun.share, begun.left_s) == (State.RUNNING, 0.0, 200.0)
    run.first_step()
    now = follower.refresh()
    assert (now.step, now.left_s) == ("load", 110.0)
    assert now.share == pytest.approx(0.45)
    assert now.values == {"total": (1.0, 2.0), "t": None}
    assert [(each.step, each.begun, each.ended) for each in now.steps] == [
        ("load", True, False),
        ("lose", False, False),
    ]
    run.judged()
    later = follower.refresh()
    assert (later.step, later.left_s) == ("", 80.0)
    seen = {each.check: each.verdict for each in later.checks}
    assert seen == {"power": Verdict.PASS, "dark": None}
    assert later.checks[0].measured == ({"name": "worst", "value": 3.0, "unit": "kW"},)
    assert follow(run.folder) == later


def test_what_is_asked_of_people(run: Run) -> None:
    about = {"id": "a", "kind": "attachment", "text": "t", "check": "power", "blocks": False}
    run.journal.write(record("asked", **about), 1000.0)
    assert follow(run.folder).state is State.RUNNING, "it goes on meanwhile"
    run.journal.write(record("asked", id="load.do", kind="do", text="load it", step="load"), 1000.0)
    found = follow(run.folder)
    assert found.state is State.WAITING
    assert [(each.id, each.check, each.step) for each in found.prompts] == [
        ("a", "power", ""),
        ("load.do", "", "load"),
    ]
    run.journal.write(
        record("answered", id="load.do", who="Ada", answer="yes", text="hot here"), 1000.0
    )
    run.journal.write(record("paused", who="Bob"), 1000.0)
    found = follow(run.folder)
    assert (found.state, len(found.prompts)) == (State.PAUSED, 1)
    assert [each.text for each in found.messages] == ["Ada: hot here", "paused by Bob"]
    run.journal.write(record("continued"), 1000.0)
    assert follow(run.folder).state is State.RUNNING


def test_a_run_that_ended_was_aborted_or_died(run: Run) -> None:
    run.first_step()
    run.journal.close()
    follower = Follower(run.folder)
    assert follower.refresh().state is State.RUNNING, "it may be about to begin"
    assert follower.refresh(now=9e9).state is State.DEAD
    journal = RunJournal(run.folder / JOURNAL)
    journal.write(record("aborted", why="hot: too hot"), 1090.0)
    found = follower.refresh()
    assert (found.state, found.why, found.step) == (State.ABORTED, "hot: too hot", "")
    journal.write(record("resumed"), 0.0)
    assert follower.refresh().state is State.RUNNING
    journal.write(record("run_ended"), 1200.0)
    journal.write(record("concluded", verdict="FAIL"), 1200.0)
    journal.close()
    found = follower.refresh(now=9e9)
    assert (found.state, found.share, found.left_s) == (State.ENDED, 1.0, 0.0)
    assert found.verdict is Verdict.FAIL


def test_every_beginning_of_a_journal_can_be_followed(run: Run, tmp_path: Path) -> None:
    run.first_step()
    run.judged()
    run.journal.close()
    whole = (run.folder / JOURNAL).read_bytes()
    part = tmp_path / "part"
    part.mkdir()
    growing, shares = Follower(part), [0.0]
    for size in range(len(whole) + 1):
        (part / JOURNAL).write_bytes(whole[:size])
        if size % 7 == 0:
            found: Progress = growing.refresh()
            assert found.share >= shares[-1]
            shares.append(found.share)
    assert growing.refresh() == follow(part)
    (part / JOURNAL).write_bytes(whole[:100])
    assert growing.refresh().steps == ()


STRANGE: list[Callable[[dict[str, Any]], object]] = [
    lambda line: line.clear(),
    lambda line: line.update(at="noon"),
    lambda line: line.update(at=None, wall=[]),
    lambda line: line.update(step="other", check="other", id=[], verdict="SO-SO", values=7),
    lambda line: line.update(steps=[{}], checks=[]),
    lambda line: line.update(event=3),
    lambda line: line.update(event="_state"),
]


@pytest.mark.parametrize("spoil", STRANGE, ids=range(len(STRANGE)))
def test_what_is_strange_is_left_out(run: Run, spoil: Callable[[dict[str, Any]], object]) -> None:
    run.first_step()
    run.judged()
    run.journal.close()
    path = run.folder / JOURNAL
    lines = path.read_text().splitlines()
    for place in range(len(lines)):
        spoilt = json.loads(lines[place])
        spoil(spoilt)
        path.write_text("\n".join([*lines[:place], json.dumps(spoilt), "[]", "7", *lines[place:]]))
        assert follow(run.folder).rack == "r1"


def test_one_run_writes_a_journal(run: Run) -> None:
    path = run.folder / JOURNAL
    assert is_written(path)
    with pytest.raises(ConfigError, match="is being written by another run"):
        RunJournal(path)
    run.journal.close()
    assert not is_written(path)
    with pytest.raises(FileNotFoundError):
        follow(run.folder / "elsewhere")
