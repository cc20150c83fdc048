"""A run with people: what it asks, what they answer, a pause, an end, and who says nothing."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.commission.evidence.bundle import attached
from agent.commission.journal import answers
from agent.commission.journal.answers import ANSWERS, ATTACHMENTS
from agent.commission.journal.reader import State, follow
from agent.commission.journal.writer import read_journal
from agent.commission.records import Verdict
from tests.agent.commission.run import test_runner
from tests.agent.commission.run.test_runner import Bench, Make, Rack, make

__all__ = ["make"]

Said = dict[str, Any]


class Hand:
    """Answers whenever the rack lets time pass: what to say by prompt, or what to do instead."""

    def __init__(self, bench: Bench, says: Mapping[str, Said | Callable[[], Said | None]]) -> None:
        self.says = dict(says)
        self.states: list[State] = []
        self.folder = bench.journal.path.parent
        bench.rack.idled = self.look

    def look(self) -> None:
        progress = follow(self.folder)
        self.states.append(progress.state)
        for prompt in progress.prompts:
            says = self.says.pop(prompt.id, None)
            said = says() if callable(says) else says
            if said is not None:
                answers.answer(self.folder, prompt.id, **{"who": "Ada", **said})


def does(bench: Bench, what: str, says: Said | None) -> Callable[[], Said | None]:
    """Do something to the rack, and say so or nothing."""

    def act() -> Said | None:
        bench.rack.by_hand(what)
        return says

    return act


def asked(bench: Bench) -> list[tuple[str, str, str]]:
    """Who answered what."""
    return [
        (each["id"], each["answer"], each["who"])
        for each in read_journal(bench.journal.path)
        if each["event"] == "answered"
    ]


async def test_what_a_person_does_is_asked_for_and_seen(make: Make) -> None:
    bench = make(Rack(hands=True), "Ada", "Bob")
    hand = Hand(
        bench,
        {
            "begin": {},
            "load.do": does(bench, "load", {}),
            "lose.do": does(bench, "open", {"text": "by key"}),
            "lose.undo": {"text": "closed"},
            "remarks": {"text": "all well"},
            "witness": {"who": "Bob"},
        },
    )
    assert await bench.runner.run() == ""
    assert asked(bench) == [
        ("begin", "yes", "Ada"),
        ("load.do", "yes", "Ada"),
        ("lose.do", "yes", "Ada"),
        ("lose.undo", "yes", "Ada"),
        ("remarks", "yes", "Ada"),
        ("witness", "yes", "Bob"),
    ]
    assert set(hand.states) <= {State.WAITING, State.RUNNING}
    confirmed = bench.spans()["lose"].confirmed
    assert confirmed is not None
    assert confirmed - bench.spans()["lose"].began <= 10, "until then nobody had done it"
    assert bench.verdicts() == {"power": (Verdict.PASS, ""), "dark": (Verdict.PASS, "")}


async def test_what_the_data_show_need_not_be_answered(make: Make) -> None:
    bench = make(Rack(hands=True), "Ada")
    doing = {"load.do": "load", "lose.do": "open", "lose.undo": "close"}
    silent = {prompt: does(bench, what, None) for prompt, what in doing.items()}
    Hand(bench, {"begin": {}, "remarks": {"yes": False}, **silent})
    assert await bench.runner.run() == ""
    assert asked(bench) == [
        ("begin", "yes", "Ada"),
        ("load.do", "seen", ""),
        ("lose.do", "seen", ""),
        ("lose.undo", "seen", ""),
        ("remarks", "no", "Ada"),
    ]


async def test_what_a_person_will_not_do_was_not_done(make: Make) -> None:
    bench = make(Rack(hands=True), "Ada")
    no = {"yes": False, "text": "not today"}
    Hand(bench, {"begin": {}, "load.do": no, "lose.do": no, "lose.undo": {}, "remarks": no})
    assert await bench.runner.run() == ""
    assert (bench.spans()["load"].confirmed, bench.spans()["lose"].confirmed) == (None, None)
    assert {verdict for verdict, _ in bench.verdicts().values()} == {Verdict.ERROR}


async def test_who_does_not_let_it_begin(make: Make) -> None:
    bench = make(Rack(), "Ada")
    Hand(bench, {"begin": {"yes": False, "text": "somebody is in the aisle"}})
    assert await bench.runner.run() == "start refused by Ada: somebody is in the aisle"
    assert bench.spans() == {}
    assert bench.rack.events == []


async def test_nobody_is_waited_for_without_end(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.commission.run.runner.ANSWER_WAIT_S", 60.0)
    bench = make(Rack(hands=True), "Ada")
    assert await bench.runner.run() == "nobody confirmed the start"
    assert asked(bench) == [("begin", "expired", "")]
    assert bench.rack.now() == 1060


async def test_a_pause_comes_between_steps_with_limits_watched(make: Make) -> None:
    bench = make(Rack())
    folder = bench.journal.path.parent
    (folder / ANSWERS).mkdir()
    (folder / ANSWERS / "pause.json").write_text('{"who": "Bob"}')
    states: list[State] = []

    def idled() -> None:
        states.append(follow(folder).state)
        if len(states) == 50:
            answers.answer(folder, "note", who="Bob", text="a pump was noisy")
            answers.answer(folder, "continue", who="Bob")

    bench.rack.idled = idled
    assert await bench.runner.run() == ""
    assert set(states) == {State.PAUSED}
    events = [(each["event"], each["at"]) for each in bench.told]
    [paused] = [at for event, at in events if event == "paused"]
    [continued] = [at for event, at in events if event == "continued"]
    assert paused == bench.spans()["idle"].ended
    assert 20 < continued - paused < 30
    assert bench.spans()["load"].began == continued
    assert "Bob: a pump was noisy" in [each.text for each in follow(folder).messages]


async def test_a_limit_ends_a_pause_and_a_person_ends_a_run(make: Make) -> None:
    bench = make(Rack(hot_after=1100.0))
    folder = bench.journal.path.parent
    (folder / ANSWERS).mkdir()
    (folder / ANSWERS / "pause.json").write_text('{"who": "Bob"}')
    assert await bench.runner.run() == "hot: too hot"
    bench.journal.close()
    other = make(Rack())
    (folder / ANSWERS / "abort.json").write_text('{"who": "Bob", "text": "fire drill"}')
    assert await other.runner.run() == "ended by Bob: fire drill"


async def test_an_attachment_is_what_a_check_ends_by(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = (
        "  scope: {kind: attachment, needs: a scope, number: 1, title: t, during: idle, source: s}"
    )
    monkeypatch.setattr(test_runner, "STEPS", f"{test_runner.STEPS}{scope}\n")
    paper = tmp_path / "scope.txt"
    paper.write_text("inrush 3 A")
    bench = make(Rack(), "Ada")
    said: dict[str, Said] = {
        "attach.scope": {"file": paper, "text": "3 A"},
        "remarks": {"yes": False},
    }
    hand = Hand(bench, {"begin": {}, "lose.do": {}, **said})
    assert await bench.runner.run() == ""
    events = read_journal(bench.journal.path)
    found = attached(hand.folder, events)
    digest = hashlib.sha256(b"inrush 3 A").hexdigest()
    result = found["scope"].result("scope")
    assert (result.verdict, found["scope"].sha256) == (Verdict.PASS, digest)
    assert result.reason == f"attach.scope-scope.txt (SHA-256 {digest}) accepted by Ada: 3 A"
    kept = hand.folder / ATTACHMENTS / "attach.scope-scope.txt"
    kept.write_text("inrush 9 A")
    assert attached(hand.folder, events)["scope"].result("scope").verdict is Verdict.ERROR
    kept.unlink()
    assert attached(hand.folder, events)["scope"].result("scope").verdict is Verdict.ERROR
