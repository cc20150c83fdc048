"""A commissioning run with an operator: typed through a pipe, and answered from outside."""

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from agent.commission.journal.answers import answer
from agent.commission.journal.reader import State, follow
from agent.commission.journal.writer import read_journal
from agent.model.errors import ConfigError
from tests.end_to_end.test_commission import SMALL, Hall
from tests.waiting import PATIENCE_S, eventually

ATTACHMENT = """\
  inrush:
    {number: 18, title: Inrush, kind: attachment, during: lose_pump, needs: a scope's record,
     source: (e)}
"""
SHORT = "rest: 20, hold: 60}"


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Hall:
    """A rack whose stage is short and asks for an attachment; nobody judges its cables."""
    made = Hall(tmp_path_factory.mktemp("attended"))
    text = SMALL.replace("rest: 3m, hold: 6m}", SHORT).replace("lasting: 3m", "lasting: 20")
    lines = [line for line in text.splitlines() if "cabling" not in line]
    lines = [line for line in lines if "number: 36" not in line]
    made.generation.write_text("\n".join(lines) + "\n" + ATTACHMENT)
    (made.folder / "scope.csv").write_text("t,i\n0,3\n")
    return made


def order(hall: Hall, out: str, *more: str) -> list[str]:
    given = ("--generation", str(hall.generation), "--stage", "L11", "--out", out, "--simulated")
    people = ("--operator", "Ada", *more)
    return [sys.executable, "-m", "agent", "commission", str(hall.site), *given, *people]


@pytest.fixture
def started(hall: Hall) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*order(hall, "outside", "--witness", "Bob"), "--speed", "60"],
        cwd=hall.folder,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    yield process
    process.kill()
    process.communicate()


def test_what_is_typed_answers_it(hall: Hall) -> None:
    typed = "yes\nperhaps\n/nowhere/at-all\nscope.csv\nnote pump 1 is loud\nnothing to add\n"
    done = subprocess.run(
        order(hall, "typed"), cwd=hall.folder, input=typed, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "? L11 may begin: nobody works on the rack (yes, or: no WHY)" in done.stderr
    assert "error: perhaps: is not a file" in done.stderr
    assert "error: /nowhere/at-all: is not a file" in done.stderr
    results = json.loads((hall.folder / "typed" / "results.json").read_text())
    inrush = next(each for each in results["checks"] if each["check"] == "inrush")
    assert inrush["verdict"] == "PASS"
    assert "accepted by Ada" in inrush["reason"]
    events = read_journal(hall.folder / "typed" / "journal.jsonl")
    assert (events[0]["operator"], events[0]["witness"]) == ("Ada", "")
    assert [each["text"] for each in events if each["event"] == "noted"] == ["pump 1 is loud"]
    assert [each["text"] for each in events if each.get("id") == "remarks"][1:] == [
        "nothing to add"
    ]
    assert hall.run("evidence", "verify", "typed").returncode == 0
    kept = hall.folder / "typed" / "attachments" / "attach.inrush-scope.csv"
    kept.write_text("t,i\n0,2\n")
    assert (
        "attachments/attach.inrush-scope.csv: was changed"
        in hall.run("evidence", "verify", "typed").stderr
    )


def test_it_is_answered_from_outside(hall: Hall, started: subprocess.Popen[str]) -> None:
    """By files in its directory; an operator behind no terminal waits for them."""
    folder = hall.folder / "outside"

    say = partial(answer, folder)
    wait_for(folder, State.WAITING, "attach.inrush")
    listed = hall.run("evidence", "answer", "outside")
    assert "begin          confirm" in listed.stdout
    assert "attach.inrush  attachment" in listed.stdout
    nobody = hall.run("evidence", "answer", "outside", "begin")
    assert (nobody.returncode, "give a name of at most" in nobody.stderr) == (2, True)
    say("pause", who="Bob")
    done = hall.run("evidence", "answer", "outside", "begin", "--who", "Ada", "--text", "clear")
    assert done.returncode == 0, done.stderr
    wait_for(folder, State.PAUSED)
    say("continue", who="Bob")
    wait_for(folder, State.WAITING, "witness")
    say("attach.inrush", who="Ada", yes=False, text="no scope today")
    say("remarks", who="Ada", yes=False)
    say("witness", who="Bob")
    told, _ = started.communicate(timeout=PATIENCE_S)
    assert started.returncode == 0, told
    results = json.loads((folder / "results.json").read_text())
    assert {each["check"]: each["verdict"] for each in results["checks"]}["inrush"] == "SKIP"
    assert not (folder / "answers").exists()
    with pytest.raises(ConfigError, match="is ended: it accepts no answers"):
        say("pause", who="Bob")


def wait_for(folder: Path, state: State, prompt: str = "") -> None:
    def reached() -> bool:
        found = follow(folder)
        return found.state is state and (not prompt or prompt in {p.id for p in found.prompts})

    eventually(reached)
