"""'commission' on simulated racks over their sockets: verdicts, evidence, a crash."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent.commission.journal.reader import Follower, Progress, State, follow
from agent.commission.journal.samples import SampleStore
from agent.commission.journal.writer import read_journal
from agent.commission.records import Sample, Verdict
from tests.agent.commission.ocptv_reader import read_lines
from tests.end_to_end.programs import RACKAGENT, background
from tests.simulator.bench import write_site
from tests.waiting import PATIENCE_S, eventually

SMALL = """\
generation: two
version: 1.0.0
title: A feed, a pump and a switch
devices:
  pdu: {kind: pdu, roles: [pdu-a], source: (e)}
  cdu: {kind: cdu, roles: [cdu], source: (e)}
  switch: {kind: switch, roles: [switch-1], source: (e)}
signals:
  power: {of: pdu, metric: rack_inlet_power_watts}
  supply:
    {of: cdu, metric: rack_coolant_temperature_celsius, labels: {loop: technology, side: supply},
     moves: true}
  flow: {of: cdu, metric: rack_coolant_flow_liters_per_second, labels: {loop: technology}}
  drop: {of: cdu, metric: rack_coolant_differential_pressure_pascals, labels: {across: rack}}
  pump_1: {of: cdu, metric: rack_pump_speed_rpm, labels: {pump: '1'}}
  fec: {of: switch, metric: rack_port_fec_uncorrected_total, optional: true}
steps:
  full: {title: Full load, load: 1, confirm: power > 55000, within: 1m, rest: 3m, hold: 6m}
  lose_pump: {title: Stop the pump, event: stop_pump_1, confirm: pump_1 < 100, hold: 40, after: 20}
stages: {L11: [full, lose_pump]}
abort:
  hot: {when: supply > 40, says: coolant is supplied above 40 C, source: (e)}
checks:
  supply:
    {number: 19, title: Supply at its setpoint, kind: soak, during: full, measure: supply - 30,
     unit: K, low: -2, high: 2, lasting: 3m, source: (e)}
  drop:
    {number: 25, title: Pressure difference, kind: limit, during: full, measure: drop, unit: kPa,
     at_most: 100, reduce: mean, source: (e)}
  failover:
    {number: 31, title: The other pump, kind: failover, during: lose_pump, measure: flow,
     unit: L/min, ratio: 0.9, within: 30, source: (e)}
  cabling:
    {number: 36, title: Cables, kind: matches_plan, during: full, what: cabling, source: sheet}
  fec: {number: 37, title: FEC, kind: limit, during: full, measure: fec, at_most: 0, source: (e)}
"""
ROLES = {"pdu-a": "*", "cdu": "*", "switch-1": "switch"}
PASSED = {
    "supply": "PASS",
    "drop": "PASS",
    "failover": "PASS",
    "cabling": "PASS",
    "fec": "SKIP",
}


class Hall:
    """A folder with a site, its generation and its build sheet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = write_site(folder, ROLES, defaults={"timeout": "1s"})
        self.generation = folder / "two.yaml"
        self.generation.write_text(SMALL)
        self.sheet = folder / "sheet.yaml"

    def run(self, *arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
        command, env = [*RACKAGENT, *map(str, arguments)], {**os.environ, **more}
        return subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self.folder, env=env
        )

    def order(self, out: str, *more: object) -> list[str]:
        given = ("--generation", self.generation, "--stage", "L11", "--sheet", self.sheet)
        return ["commission", *map(str, (self.site, *given, "--out", out, "--simulated", *more))]

    def verdicts(self, out: str) -> dict[str, str]:
        found = json.loads((self.folder / out / "results.json").read_text())
        return {each["check"]: each["verdict"] for each in found["checks"]}


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Hall:
    made = Hall(tmp_path_factory.mktemp("hall"))
    with background("simulate", str(made.site)):

        def drafted() -> str:
            done = made.run("rack", "draft", made.site)
            return "" if done.returncode else done.stdout

        made.sheet.write_text(eventually(drafted))
    return made


@pytest.fixture(scope="module")
def passed(hall: Hall) -> str:
    """The evidence of a rack without a fault."""
    done = hall.run(*hall.order("well"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "REHEARSAL on a simulated rack: r1 two L11: PASS (4 PASS, 1 SKIP)" in done.stdout
    assert "rehearsal on a simulated rack" in done.stderr.splitlines()[0]
    return "well"


def test_a_rack_without_a_fault_passes_and_leaves_evidence(hall: Hall, passed: str) -> None:
    assert hall.verdicts(passed) == PASSED
    assert {path.name for path in (hall.folder / passed).iterdir()} == {
        *("generation.json", "journal.jsonl", "junit.xml", "ocptv.jsonl", "results.json"),
        *("manifest.dsse.json", "report.html", "samples.sqlite", "sheet.json"),
        *("configuration.json", "log.txt", "profiles"),
    }


def test_a_recorded_run_is_judged_again_byte_for_byte(hall: Hall, passed: str) -> None:
    for seed in ("1", "4294967295"):
        again = hall.run("evidence", "judge", passed, PYTHONHASHSEED=seed)
        assert (again.returncode, again.stderr) == (0, "")
        assert again.stdout.endswith("the results are the same\n")
    shutil.copytree(hall.folder / passed, hall.folder / "changed")
    results = hall.folder / "changed" / "results.json"
    results.write_text(results.read_text().replace('"SKIP"', '"PASS"'))
    changed = hall.run("evidence", "judge", "changed")
    assert changed.returncode == 1
    assert "results.json does not match the samples" in changed.stderr


def test_sealed_evidence_is_verified_and_a_changed_byte_is_named(hall: Hall, passed: str) -> None:
    well = hall.run("evidence", "verify", passed)
    assert well.returncode == 0, well.stderr
    assert well.stdout.startswith(f"{passed}: evidence intact; a rehearsal")
    for name in sorted(path.name for path in (hall.folder / passed).iterdir() if path.is_file()):
        copy = hall.folder / "tampered"
        shutil.copytree(hall.folder / passed, copy)
        content = bytearray((copy / name).read_bytes())
        content[len(content) // 2] ^= 1
        (copy / name).write_bytes(content)
        found = hall.run("evidence", "verify", "tampered")
        assert found.returncode == 1, name
        assert f"tampered/{name}: " in found.stderr
        shutil.rmtree(copy)


def test_the_lines_of_a_run_are_ocp_test_and_validation(hall: Hall, passed: str) -> None:
    roots = read_lines((hall.folder / passed / "ocptv.jsonl").read_text())
    assert [root.sequence_number for root in roots] == list(range(len(roots)))


def test_a_run_never_overwrites_another(hall: Hall, passed: str) -> None:
    refused = hall.run(*hall.order(passed))
    assert refused.returncode == 2
    assert "is not empty; a run never overwrites another" in refused.stderr
    ended = hall.run(*hall.order(passed, "--resume"))
    assert ended.returncode == 2
    assert "holds a run that has ended" in ended.stderr


def test_a_rehearsal_never_turns_into_a_run_on_the_rack(hall: Hall, passed: str) -> None:
    signed = hall.run(*hall.order("signed", "--key", "key.pem"))
    assert signed.returncode == 2
    assert "--key does not go with --simulated" in signed.stderr
    assert not (hall.folder / "signed").exists()
    left = hall.folder / "left"
    shutil.copytree(hall.folder / passed, left)
    lines = (left / "journal.jsonl").read_text().splitlines(keepends=True)
    (left / "journal.jsonl").write_text("".join(lines[:2]))
    (left / "manifest.dsse.json").unlink()
    more = ("--retest", "drop", "--of", passed)
    for order, says in (
        (hall.order("left", "--resume"), "is a rehearsal: it goes on only with --simulated"),
        (hall.order("again", *more), "a run on a real rack is no retest of it"),
    ):
        with background("simulate", str(hall.site)):
            refused = hall.run(*[word for word in order if word != "--simulated"])
        assert refused.returncode == 2
        assert says in refused.stderr


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("clog", {"drop": "FAIL"}),
        ("swap_cables:port_a=4,port_b=9", {"cabling": "FAIL"}),
        ("frozen_sensor", {"supply": "ERROR"}),
    ],
    ids=["clog", "swap", "frozen"],
)
def test_a_fault_is_seen_by_its_check_and_by_no_other(
    hall: Hall, fault: str, seen: dict[str, str]
) -> None:
    out = f"with-{fault.partition(':')[0]}"
    done = hall.run(*hall.order(out, "--fault", fault))
    assert done.returncode == 1, done.stderr
    assert hall.verdicts(out) == PASSED | seen


@pytest.mark.parametrize("fault", ["silent", "illegal_address"])
def test_an_abort_limit_that_cannot_be_watched_ends_it(hall: Hall, fault: str) -> None:
    """What was done is undone, and the pump is not stopped any more."""
    out = f"blind-{fault}"
    done = hall.run(*hall.order(out, "--fault", f"{fault}:device=cdu@300s+60s"))
    assert done.returncode == 1, done.stderr
    assert "aborted: hot: supply could not be watched for 15 s (cdu rack_coolant" in done.stderr
    assert "warning: cdu has stopped answering: " in done.stderr
    assert hall.verdicts(out) == dict.fromkeys(PASSED, "ERROR")
    events = read_journal(hall.folder / out / "journal.jsonl")
    assert [each["step"] for each in events if each["event"] == "step_began"] == ["full"]
    assert hall.run("evidence", "verify", out).returncode == 0


def test_a_gap_that_is_shorter_ends_nothing(hall: Hall) -> None:
    done = hall.run(*hall.order("gap", "--fault", "silent:device=cdu@300s+8s"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cdu answers again" in done.stderr
    assert hall.verdicts("gap") == PASSED


def test_an_abort_limit_ends_it(hall: Hall) -> None:
    done = hall.run(*hall.order("hot", "--fault", "valve_stuck:position=0.2"))
    assert done.returncode == 1
    assert "aborted: hot: coolant is supplied above 40 C" in done.stderr
    assert hall.verdicts("hot") == dict.fromkeys(PASSED, "ERROR")


def test_a_run_without_a_source_for_a_limit_or_a_confirmation_does_not_begin(hall: Hall) -> None:
    text = SMALL.replace("generation: two", "generation: bare").replace(
        "  fec: {of: switch", "  wet: {of: pdu, metric: rack_leak_detected}\n  fec: {of: switch", 1
    )
    text = text.replace("abort:\n", "abort:\n  leak: {when: wet > 0.5, says: wet, source: (e)}\n")
    text = text.replace("confirm: pump_1 < 100", "confirm: wet < 1")
    (hall.folder / "bare.yaml").write_text(text)
    order = hall.order("bare", "--generation", hall.folder / "bare.yaml")
    for again in ([], ["--resume"]):
        refused = hall.run(*order, *again)
        assert refused.returncode == 4, refused.stderr
        lacking = (
            "signal wet: pdu-a rack_leak_detected: no value; it takes a profile of pdu-a with that"
            " point, or another source for wet in a generation that extends bare"
        )
        errors = [line for line in refused.stderr.splitlines() if line.startswith("error: ")]
        limit = f"abort limit leak (wet > 0.5) cannot be watched: {lacking}"
        step = f"step lose_pump (wet < 1) cannot be confirmed: {lacking}"
        assert errors == [f"error: the run does not begin: {limit}", f"error: {step}"]
    events = [each["event"] for each in read_journal(hall.folder / "bare" / "journal.jsonl")]
    assert "step_began" not in events
    assert events[-1] == "aborted"
    ended = hall.run("evidence", "conclude", "bare")
    assert ended.returncode == 1, ended.stderr
    assert hall.verdicts("bare") == dict.fromkeys(PASSED, "ERROR")


def test_a_run_that_was_killed_goes_on_with_all_it_had(hall: Hall) -> None:
    """SIGKILL once the first step is done: what is on the disk is enough."""
    command = [sys.executable, "-m", "agent", *hall.order("killed", "--speed", "60")]
    process = subprocess.Popen(
        command, cwd=hall.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    journal = hall.folder / "killed" / "journal.jsonl"
    eventually(lambda: '"step_ended"' in journal.read_text())
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    had = sampled(hall.folder / "killed")
    assert len(had) > 100
    shutil.copytree(hall.folder / "killed", hall.folder / "given-up")
    unjudged = hall.run("evidence", "judge", "killed")
    assert unjudged.returncode == 2, "there are no results yet"
    assert "step 'lose_pump' was not done: the run ended before" in unjudged.stdout
    other = hall.run(*hall.order("killed", "--resume", "--interval", "9"))
    assert other.returncode == 2
    assert "is of another run" in other.stderr
    done = hall.run(*hall.order("killed", "--resume"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert hall.verdicts("killed") == PASSED
    events = [event["event"] for event in read_journal(journal)]
    assert events.count("step_ended") == 2
    assert hall.run("evidence", "judge", "killed").returncode == 0
    assert sampled(hall.folder / "killed")[: len(had)] == had

    ended = hall.run("evidence", "conclude", "given-up")
    assert ended.returncode == 1, ended.stderr
    assert hall.verdicts("given-up") == PASSED | {"failover": "ERROR"}
    assert sampled(hall.folder / "given-up") == had
    assert hall.run("evidence", "verify", "given-up").returncode == 0
    again = hall.run("evidence", "conclude", "given-up")
    assert (again.returncode, "is sealed already" in again.stderr) == (2, True)


def sampled(folder: Path) -> list[Sample]:
    """All that a run has read."""
    store = SampleStore(folder / "samples.sqlite", read_only=True)
    metrics = {metric for _, metric, _ in store.intervals_s}
    found = list(store.between(0, 9e12, metrics))
    store.close()
    return found


def test_a_run_that_died_before_it_was_sealed_is_sealed_by_going_on(
    hall: Hall, passed: str
) -> None:
    left = hall.folder / "unsealed"
    shutil.copytree(hall.folder / passed, left)
    for name in ("manifest.dsse.json", "results.json", "junit.xml", "ocptv.jsonl"):
        (left / name).unlink()
    done = hall.run(*hall.order("unsealed", "--resume"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert hall.verdicts("unsealed") == PASSED
    assert hall.run("evidence", "verify", "unsealed").returncode == 0


def test_a_run_is_followed_while_it_goes_on(hall: Hall) -> None:
    """Its checks tick through as their steps end; ended from outside, it is dead."""
    text = SMALL.replace("generation: two", "generation: long").replace("hold: 40", "hold: 2h")
    (hall.folder / "long.yaml").write_text(text)
    more = ("--speed", "60", "--generation", hall.folder / "long.yaml")
    command = [sys.executable, "-m", "agent", *hall.order("seen", *more)]
    process = subprocess.Popen(
        command, cwd=hall.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        states, shares = set(), [0.0]

        def judged() -> Progress | None:
            now = follow(hall.folder / "seen")
            states.add(now.state)
            shares.append(now.share)
            return now if any(each.verdict is not None for each in now.checks) else None

        now = eventually(judged)
        assert states == {State.RUNNING}
        assert shares == sorted(shares)
        assert {each.check: each.verdict for each in now.checks} == {
            **dict.fromkeys(PASSED, Verdict.PASS),
            "fec": Verdict.SKIP,
            "failover": None,
        }
        assert any(value is not None for value in now.values.values())
        process.terminate()
        assert process.wait(PATIENCE_S) == 1, "it ends by itself, everything undone"
        assert read_journal(hall.folder / "seen" / "journal.jsonl")[-1]["event"] == "interrupted"
    finally:
        process.kill()
        process.wait()
    assert Follower(hall.folder / "seen").refresh(now=9e9).state is State.DEAD


def test_a_rack_that_cannot_be_is_refused_before_anything_is_done(hall: Hall) -> None:
    order = hall.order("never")
    for given, says in (
        (["--stage", "L99"], "two has no stage 'L99'; there are: L11"),
        (["--generation", "nvl72"], "nvl72 needs devices that the rack does not have: pdu-b"),
        (["--generation", "common"], "can only be extended by others"),
        (["--rack", "r9"], "has no rack 'r9'; there are: r1"),
    ):
        refused = hall.run(*order, *given)
        assert refused.returncode == 2
        assert says in refused.stderr
    assert (
        hall.run(*[word for word in order if word != "--simulated"], "--seed", "1").returncode == 2
    )
    silent = hall.run(*[word for word in order if word != "--simulated"])
    assert silent.returncode == 3
    assert "the run does not begin: cdu: " in silent.stderr
