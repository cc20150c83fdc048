"""'check' and 'plan': what they print, for people and for programs, and their exit status."""

from pathlib import Path

from tests.agent.cli.conftest import COOLING, SITE, Run


def test_check_of_a_good_site(run: Run, site: Path) -> None:
    assert run("check", site) == (0, f"{site}: 3 devices in 1 rack, no problem found\n", "")


def test_check_warns_and_is_still_fine(run: Run, site: Path) -> None:
    site.write_text(SITE.replace("{env: RACK_COMMUNITY}", "hunter2"))
    result = run("check", site)
    assert result.status == 0
    assert result.err.startswith(
        f"warning: {site}:2: credentials.rack.community: the secret is written"
    )
    assert "hunter2" not in result.err


def test_check_names_every_problem_on_a_line_of_its_own(run: Run, site: Path) -> None:
    site.write_text(SITE.replace("name: cdu", "nam: cdu").replace("acme-pdu,", "acme-pud,"))
    result = run("check", site)
    assert (result.status, result.out) == (2, "")
    assert result.err.splitlines() == [
        f"error: {site}:6: racks[0].devices[0].profile: unknown profile 'acme-pud'; did you mean"
        " acme-pdu?",
        f"error: {site}:7: racks[0].devices[1].nam: unknown key 'nam'; did you mean 'name'?",
    ]


def test_check_looks_at_profiles_nobody_uses_too(run: Run, site: Path) -> None:
    broken = site.parent / "mine" / "spare.yaml"
    broken.write_text(COOLING.replace("acme-cdu", "spare").replace("unit: rpm", "unit: rpn"))
    result = run("check", site)
    assert result.status == 2
    assert result.err.startswith(f"error: {broken}:8: points[0].unit: unknown unit 'rpn'; did you")


def test_check_of_a_file_that_is_not_there(run: Run, tmp_path: Path) -> None:
    missing = tmp_path / "none.yaml"
    assert run("check", missing) == (2, "", f"error: {missing}: the file does not exist\n")


def test_plan_for_programs(run: Run, site: Path) -> None:
    result = run("plan", site, "--format", "json")
    pdu, cdu, other = result.json["devices"]
    assert result.status == 0
    assert (pdu["device"], pdu["profile"], pdu["interval_s"]) == ("pdu", "acme-pdu", 10)
    assert [request["kind"] for request in pdu["requests"]][:2] == ["get", "walk"]
    assert [request["interval_s"] for request in pdu["requests"]] == [10, 10, 60, 300]
    assert [request["points"] for request in pdu["requests"]] == [1, 1, 1, 0]
    assert all(request["bytes_out"] > 30 for request in pdu["requests"])
    (block,) = cdu["requests"]
    assert (block["kind"], block["what"], block["points"]) == ("read holding", "10..12 (3)", 2)
    assert (other["profile"], other["requests"]) == ("auto", None)


def test_plan_for_people_is_plain_text_when_piped(run: Run, site: Path) -> None:
    result = run("plan", site)
    assert result.status == 0
    assert "\x1b" not in result.out
    lines = [line.split() for line in result.out.splitlines()]
    assert lines[0][:4] == ["device", "profile", "every", "request"]
    assert lines[2][:5] == ["pdu", "acme-pdu", "10", "s", "walk"]
    assert ["other", "auto", "10", "s", "-", "asks", "the", "device"] in lines
    assert sum("cycle" in line for line in lines) == 2
