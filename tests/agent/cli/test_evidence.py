"""'evidence': what is made of the directory of a run, for people and for programs."""

from pathlib import Path

from cryptography.hazmat.primitives.serialization import NoEncryption

from tests.agent.cli.conftest import Run
from tests.agent.commission.bundle import LIMIT, bundle
from tests.agent.commission.evidence.test_sealing import KEY, PEM
from tests.agent.commission.making import samples


def test_report_is_made_again_outside_the_seal(run: Run, tmp_path: Path) -> None:
    folder = bundle(tmp_path)
    made = run("evidence", "report", folder)
    page = tmp_path / "run-report.html"
    assert (made.status, made.out) == (0, f"report: {page}\n")
    assert page.read_bytes() == (folder / "report.html").read_bytes()
    assert run("evidence", "verify", folder).status == 0
    inside = run("evidence", "report", folder, "--out", folder / "again.html")
    assert inside.status == 2
    assert "is in the sealed directory; choose another with --out" in inside.err
    nowhere = run("evidence", "report", folder, "--out", tmp_path / "no" / "page.html")
    assert nowhere.status == 2
    assert "No such file" in nowhere.err


def test_a_pdf_that_was_asked_for_and_cannot_be_made(run: Run, tmp_path: Path) -> None:
    refused = run("evidence", "report", bundle(tmp_path), "--pdf")
    assert refused.status == 2
    assert "a PDF needs Chromium or Chrome; neither is installed" in refused.err


def test_compare_for_people_and_for_programs(run: Run, tmp_path: Path) -> None:
    one = bundle(tmp_path, name="one")
    two = bundle(tmp_path, [LIMIT], samples([80.0, 80.1] * 7), name="two")
    table = run("evidence", "compare", one, two)
    assert table.status == 0
    assert "warning: the runs are of different generations" in table.err
    lines = [line.split() for line in table.out.splitlines()]
    assert lines[1] == ["verdict", "PASS", "FAIL"]
    assert "FAIL 80.1 °C !" in table.out.replace("\xa0", " ")
    assert "soak" in table.out
    assert "soak" not in run("evidence", "compare", one, two, "--differences").out
    assert run("evidence", "compare", one, two, "-f", "json").json["runs"][1]["verdict"] == "FAIL"
    page = run("evidence", "compare", one, two, "-f", "html", "--differences").out
    assert page.startswith("<!doctype html>")
    assert "lines on which the runs agree are not shown" in page
    assert run("evidence", "compare", one).status == 2


def test_a_rehearsal_is_called_so_wherever_it_is_looked_at(run: Run, tmp_path: Path) -> None:
    real = bundle(tmp_path, name="real")
    rehearsed = bundle(tmp_path, name="rehearsed", about={"simulated": True})
    verified = run("evidence", "verify", rehearsed)
    assert (verified.status, verified.err) == (0, "")
    no = "a rehearsal on a simulated rack, no acceptance"
    assert verified.out == f"{rehearsed}: evidence intact; {no}\n"
    assert run("evidence", "verify", real).out == f"{real}: evidence intact\n"
    judged = run("evidence", "judge", rehearsed)
    assert judged.out.startswith("REHEARSAL on a simulated rack: r1 small L11: PASS")
    assert run("evidence", "judge", real).out.startswith("r1 small L11: PASS")
    compared = run("evidence", "compare", real, rehearsed)
    assert compared.out.splitlines()[0].endswith("rehearsed (rehearsal)")
    assert "rehearsed is a rehearsal on a simulated rack" in compared.err
    page = run("evidence", "compare", real, rehearsed, "-f", "html").out
    assert page.count("<strong>rehearsal</strong>") == 1


def test_a_rehearsal_is_not_signed_later(run: Run, tmp_path: Path) -> None:
    folder = bundle(tmp_path, about={"simulated": True})
    (folder / "manifest.dsse.json").unlink()
    key = tmp_path / "key.pem"
    key.write_bytes(KEY.private_bytes(*PEM, NoEncryption()))
    refused = run("evidence", "conclude", folder, "--key", key)
    assert refused.status == 2
    assert "a rehearsal on a simulated rack is no acceptance and is not signed" in refused.err
    assert run("evidence", "conclude", folder).status == 0


def test_export_of_samples(run: Run, tmp_path: Path) -> None:
    folder = bundle(tmp_path)
    table = tmp_path / "samples.csv"
    told = run("evidence", "export", folder, "--csv", table, "--unit", "degF")
    assert (told.status, told.out) == (0, f"13 samples: {table}\n")
    lines = table.read_text().splitlines()
    assert (len(lines), lines[0].split(",")[0]) == (14, "time")
    assert ",86.0,degF,good," in lines[1]
    assert run("evidence", "export", folder, "--csv", "-").out.count("\n") == 14
    refused = run("evidence", "export", folder, "--csv", table, "--unit", "furlong")
    assert refused.status == 2
    assert "--unit: unknown unit 'furlong'" in refused.err
    assert run("evidence", "export", folder, "--csv", tmp_path / "no" / "where").status == 2
    assert run("evidence", "verify", folder).status == 0, "nothing was written to it"
