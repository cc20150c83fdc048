"""``rackagent profiles test`` and ``draft``, and what is said of a device nobody knows."""

from pathlib import Path

import pytest

from agent.authoring.next_steps import standards, unknown_device
from agent.model import smi
from agent.model.catalogue import CATALOGUE
from agent.model.series import OidSource, RegisterSource, Series, SeriesSet, Source
from agent.model.values import Block, Quality
from agent.transport.memory import MemoryTransport
from tests.agent.authoring.draft.acme import MIB, RECORDING
from tests.agent.authoring.test_check_profile import ACME, HEAD
from tests.agent.cli.conftest import Run, Wires
from tests.agent.making import BASE


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile, recordings and a MIB in the folder that commands are run in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acme.yaml").write_text(ACME)
    (tmp_path / "good.snmprec").write_text(f"{HEAD}{BASE}.1.0|2|3\n{BASE}.8.0|2|3\n")
    (tmp_path / "bad.snmprec").write_text(f"{HEAD}{BASE}.1.0|2|90000\n")
    (tmp_path / "acme-device.snmprec").write_text(RECORDING)
    (tmp_path / "ACME-MIB").write_text(MIB)


# ---- check


PAGE = f"""\
source: ACME-MIB
oids: {{acme: {BASE}}}
cases:
- name: power and phases
  varbinds: {{acme.1.0: 3, acme.2.1: 16, acme.3.1: L1}}
  expect:
    rack_inlet_power_watts: 3 kW
    rack_phase_current_amperes{{phase=L1}}: 16
"""


def test_a_profile_is_held_against_a_witness_page(run: Run, tmp_path: Path) -> None:
    (tmp_path / "page.yaml").write_text(PAGE)
    result = run("profiles", "check", "acme.yaml", "--witness", "page.yaml")
    assert result.status == 0
    assert result.out.splitlines()[-1] == "page.yaml: 1 cases"


def test_a_profile_that_says_something_else_than_its_page_ends_with_1(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "page.yaml").write_text(PAGE.replace("3 kW", "3 W"))
    result = run("profiles", "check", "acme.yaml", "--witness", "page.yaml")
    assert result.status == 1
    assert result.err.splitlines()[-1] == (
        "error: page.yaml:7: cases[0].expect.rack_inlet_power_watts:"
        " 'power and phases': is 3000 W, not 3 W"
    )


def test_a_page_that_cannot_be_read_is_usage(run: Run, tmp_path: Path) -> None:
    (tmp_path / "page.yaml").write_text(PAGE.replace("expect", "expects"))
    result = run("profiles", "check", "acme.yaml", "--witness", "page.yaml")
    assert result.status == 2
    assert "page.yaml:6: cases[0].expects: unknown key 'expects'" in result.err


def test_what_a_profile_does_not_say_of_itself_is_a_warning(run: Run, tmp_path: Path) -> None:
    text = ACME.replace("lookups: {", f"lookups: {{other: {{column: {BASE}.7}}, ")
    text = text.replace(f"identify: {{sys_object_id: {BASE}}}\n", "")
    text = text.replace("title: t", "title: ''").replace(": datasheet", ": recording")
    (tmp_path / "acme.yaml").write_text(text)
    result = run("profiles", "check", "acme.yaml")
    assert result.status == 0
    assert [line.partition("acme.yaml:")[2] for line in result.err.splitlines()] == [
        "6: source: name the MIB, the register map or the datasheet",
        "2: title: write the name of the device",
        "1: identify: is missing: add a rule by which the agent recognises the device",
        "7: info.vendor: is missing: write the vendor, or where to read it",
        "8: lookups.other: is used by no point",
        "5: verified: name the models that were recorded in a comment on this line",
    ]


# ---- test


def test_a_shipped_profile_holds_against_itself(run: Run) -> None:
    result = run("profiles", "test", "orv3-rpu")
    assert result.status == 0
    assert result.out.splitlines()[-1] == "no problem found"


def test_a_file_is_held_against_a_recording(run: Run) -> None:
    result = run("profiles", "test", "acme.yaml", "--recording", "good.snmprec")
    assert result.status == 0
    row = result.out.splitlines()[2].split()
    assert row[:7] == ["good.snmprec", "1", "1", "0", "0", "0", "0"]
    assert " ".join(row[7:11]) == "1 of 3 (33"
    assert result.err == "" or "auto" in result.err


def test_an_impossible_value_ends_with_1(run: Run) -> None:
    result = run("profiles", "test", "acme.yaml", "-r", "good.snmprec", "-r", "bad.snmprec")
    assert result.status == 1
    assert "error: bad.snmprec: rack_inlet_power_watts: 9e+07 W is implausible" in result.err
    assert "no problem found" not in result.out


def test_a_recording_of_another_device_is_pointed_out(run: Run) -> None:
    result = run("profiles", "test", "apc-rpdu2", "-r", "good.snmprec")
    assert result.status == 1
    assert "the profile reads nothing of the recording" in result.err
    assert "warning: good.snmprec: 'auto' selects snmp-generic" in result.err


def test_the_verdict_for_programs(run: Run) -> None:
    result = run("profiles", "test", "acme.yaml", "-r", "bad.snmprec", "--format", "json")
    assert result.status == 1
    (witness,) = result.json["recordings"]
    assert (witness["readings"], witness["bad"], witness["vendor_rows_read"]) == (1, 1, 1)
    assert len(witness["problems"]) == 2
    assert result.json["problems"] == []


def test_many_problems_are_counted_not_listed(run: Run, tmp_path: Path) -> None:
    rows = "".join(f"{BASE}.2.{row}|2|{10**9}\n" for row in range(1, 40))
    names = "".join(f"{BASE}.3.{row}|4|p{row}\n" for row in range(1, 40))
    (tmp_path / "many.snmprec").write_text(HEAD + rows + names)
    result = run("profiles", "test", "acme.yaml", "-r", "many.snmprec")
    assert result.err.count("is implausible") == 20
    assert "error: and 20 more" in result.err


def test_an_unknown_profile_and_no_recording_are_usage(run: Run) -> None:
    assert run("profiles", "test", "apc-rpdu").status == 2
    assert run("profiles", "test", "apc-rpdu2", "-r", "none.snmprec").status == 2


# ---- draft


def test_a_draft_is_written_checked_and_tested(run: Run) -> None:
    drafted = run(
        "profiles", "draft", "acme-device.snmprec", "--mib", "ACME-MIB", "--out", "my-acme.yaml"
    )
    assert drafted.status == 0
    assert drafted.out.splitlines()[1].startswith("'auto' selects snmp-generic")
    assert "draft my-acme: 8 points read 14 of the 26 vendor rows" in drafted.out
    assert "my-acme: 9 points in" in run("profiles", "check", "my-acme.yaml").out
    tested = run("profiles", "test", "my-acme.yaml", "-r", "acme-device.snmprec")
    assert (tested.status, tested.err) == (0, "")


def test_a_draft_without_a_file_goes_to_stdout_and_its_report_to_stderr(run: Run) -> None:
    drafted = run("profiles", "draft", "acme-device.snmprec")
    assert drafted.out.startswith("# Drafted from acme-device.snmprec.")
    assert "profile: acme-device" in drafted.out
    assert "draft acme-device: 0 points" in drafted.err


def test_a_broken_mib_is_a_warning(run: Run, tmp_path: Path) -> None:
    (tmp_path / "BROKEN-MIB").write_text("BROKEN-MIB DEFINITIONS ::= BEGIN\n!\nEND\n")
    drafted = run("profiles", "draft", "acme-device.snmprec", "--mib", "BROKEN-MIB")
    assert drafted.status == 0
    assert drafted.err.startswith("warning: BROKEN-MIB:")


@pytest.mark.parametrize(
    ("out", "says"),
    [
        ("acme.yaml", "acme.yaml exists; a draft never overwrites"),
        ("acme.txt", "acme.txt: a profile's file is called NAME.yaml"),
        ("nowhere/acme.yaml", "nowhere/acme.yaml cannot be written: No such file or directory"),
    ],
)
def test_a_draft_that_cannot_be_written(run: Run, out: str, says: str) -> None:
    result = run("profiles", "draft", "acme-device.snmprec", "--out", out)
    assert (result.status, result.err) == (2, f"error: {says}\n")


# ---- a device that nobody knows


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch) -> MemoryTransport:
    transport = MemoryTransport(
        {
            smi.oid("1.3.6.1.2.1.1.1.0"): (smi.OCTET_STRING, b"Unheard\r\nof"),
            smi.oid("1.3.6.1.2.1.1.2.0"): (smi.OBJECT_ID, smi.oid("1.3.6.1.4.1.4242.1")),
            smi.oid("1.3.6.1.2.1.1.3.0"): (smi.TIME_TICKS, 100),
        }
    )
    monkeypatch.setattr(Wires, "device", transport)
    monkeypatch.setattr("agent.poll.read_once.Transports", Wires)
    return transport


def test_read_says_that_nobody_knows_it(run: Run, stranger: MemoryTransport) -> None:
    result = run("read", "snmp://10.0.0.9", "--format", "json")
    assert result.json["device"]["profile"] == "snmp-generic"
    assert result.err.splitlines() == [
        "note: no profile fits this device; it reports: sysObjectID 1.3.6.1.4.1.4242.1,"
        " sysDescr 'Unheard of'",
        "note: only standard MIBs were read (number of readings): SNMPv2-MIB (1)",
        "note: to write a profile, record it: rackagent walk snmp://10.0.0.9 --out device.snmprec",
        "note: and draft: rackagent profiles draft device.snmprec --mib FILE",
    ]
    stranger.closed = False
    chosen = run("read", "snmp://10.0.0.9", "--profile", "snmp-generic")
    assert chosen.err == ""


def test_identify_says_that_nobody_knows_it(run: Run, stranger: MemoryTransport) -> None:
    result = run("identify", "snmp://10.0.0.9")
    assert result.status == 0
    assert "no profile fits this device" in result.err
    assert "standard MIBs were read" not in result.err
    stranger.varbinds[smi.oid("1.3.6.1.2.1.1.2.0")] = (
        smi.OBJECT_ID,
        smi.oid("1.3.6.1.4.1.318.1.3.4.6"),
    )
    stranger.closed = False
    assert run("identify", "snmp://10.0.0.9").err == ""


def test_a_device_that_says_nothing() -> None:
    (first, second, *_) = unknown_device("snmp://h", None, None, [])
    assert first.endswith("it reports: no identity")
    assert second.endswith("(number of readings): none")


def test_standards_are_counted_by_their_trees() -> None:
    metric = CATALOGUE["rack_inlet_power_watts"]
    sources: list[Source] = [
        OidSource("1.3.6.1.2.1.2.2.1.8.1"),
        OidSource("1.3.6.1.2.1.31.1.1.1.6.1"),
        OidSource("1.3.6.1.4.1.5.1"),
        RegisterSource("holding", 1, 1),
    ]
    series = tuple(Series("d", metric, (), source) for source in sources)
    readings = Block(SeriesSet(series), [1, 2, 3, 4], [1, 2, 3, 4], 0.0).readings()
    assert standards(readings) == {"IF-MIB": 2, "others": 1}


# ---- what cannot all be true


def test_an_uncertain_reading_keeps_its_value_and_says_why(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "acme.yaml").write_text(
        ACME.replace("unit: kW", "unit: W")
        + f"  - {{metric: rack_inlet_apparent_power_voltamperes, oid: {BASE}.6.0, unit: VA}}\n"
    )
    device = MemoryTransport(
        {
            smi.oid("1.3.6.1.2.1.1.2.0"): (smi.OBJECT_ID, smi.oid(f"{BASE}.1")),
            smi.oid(f"{BASE}.1.0"): (smi.INTEGER, 5000),
            smi.oid(f"{BASE}.6.0"): (smi.INTEGER, 500),
        }
    )
    monkeypatch.setattr(Wires, "device", device)
    monkeypatch.setattr("agent.poll.read_once.Transports", Wires)
    reason = "power 5000 W is more than apparent power 500 VA"
    shown = run("read", "snmp://h", "--profiles", ".")
    assert f"W uncertain: {reason}" in shown.out
    assert shown.out.splitlines()[-1] == "2 readings, 2 uncertain, 0 bad, 0 failures"
    device.closed = False
    told = run("read", "snmp://h", "--profiles", ".", "--format", "json").json["readings"]
    assert [(r["value"], r["quality"], r["reason"]) for r in told] == [
        (5000, Quality.UNCERTAIN.value, reason),
        (500, Quality.UNCERTAIN.value, reason),
    ]
