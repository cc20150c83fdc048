"""The device library, the schemas, the help, and what a shell expects of any program."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.agent.cli.conftest import COOLING, Run
from tests.agent.making import BASE


def test_the_library_for_people_and_for_programs(run: Run, site: Path) -> None:
    folder = site.parent / "mine"
    result = run("profiles", "list", "--profiles", folder)
    assert result.status == 0
    rows = {line.split()[0]: line.split() for line in result.out.splitlines()[1:]}
    assert rows["acme-pdu"][:5] == ["acme-pdu", "pdu", "snmp", "3", "datasheet"]
    assert {"apc-rpdu2", "orv3-rpu"} <= set(rows)
    listed = run("profiles", "list", "--profiles", folder, "--format", "json").json
    (mine,) = (item for item in listed if item["profile"] == "acme-pdu")
    assert mine == {
        "profile": "acme-pdu",
        "title": "A PDU",
        "kind": "pdu",
        "protocol": "snmp",
        "verified": "datasheet",
        "source": "the test",
        "file": str(folder / "acme-pdu.yaml"),
        "points": 3,
    }


def test_one_profile_for_people(run: Run, site: Path) -> None:
    result = run("profiles", "show", "acme-pdu", "--profiles", site.parent / "mine")
    assert result.status == 0
    assert "Beware of the cat." in result.out
    assert "snmp, verified by datasheet" in result.out
    assert any(
        line.split() == ["rack_inlet_power_watts", f"{BASE}.1.0", "1/100", "kW"]
        for line in result.out.splitlines()
    )
    assert "by unit" in result.out
    cooling = run("profiles", "show", "acme-cdu", "--profiles", site.parent / "mine")
    assert "holding 12 uint16 bit 3" in cooling.out


def test_one_profile_for_programs(run: Run, site: Path) -> None:
    folder = site.parent / "mine"
    points = run("profiles", "show", "acme-pdu", "--profiles", folder, "-f", "json").json["points"]
    assert points[0] == {
        "metric": "rack_inlet_power_watts",
        "labels": {},
        "oid": f"{BASE}.1.0",
        "unit": "kW",
        "interval_s": 0.0,
    }
    first = run("profiles", "show", "acme-cdu", "--profiles", folder, "-f", "json").json["points"][
        0
    ]
    assert (first["table"], first["address"], first["data_type"]) == ("holding", 10, "uint32")


def test_an_unknown_profile_is_a_usage_error(run: Run) -> None:
    result = run("profiles", "show", "apc-rpdu3")
    assert result.status == 2
    assert result.err.startswith("error: unknown profile 'apc-rpdu3'; did you mean apc-rpdu2")


def test_a_profile_that_is_being_written_is_checked(run: Run, site: Path) -> None:
    path = site.parent / "mine" / "acme-cdu.yaml"
    result = run("profiles", "check", path)
    assert (result.status, result.out) == (0, f"{path}: acme-cdu: 2 points in 1 requests\n")
    path.write_text(COOLING.replace("uint32", "unit32"))
    result = run("profiles", "check", path)
    assert result.status == 2
    assert result.err == (
        f"error: {path}:8: points[0].data_type: unknown data type 'unit32'; did you mean uint32?\n"
    )


# ---- schema, help, and the rest


@pytest.mark.parametrize("what", ["config", "profile", "witness"])
def test_the_schema_is_json_schema(run: Run, what: str) -> None:
    result = run("schema", what)
    assert result.status == 0
    assert "$defs" in result.json
    models = [result.json, *result.json.get("oneOf", ())]
    assert any("additionalProperties" in model for model in models)


def test_every_reference_of_the_schemas_leads_somewhere(run: Run) -> None:
    for what in ("config", "profile"):
        text = run("schema", what).out
        schema = json.loads(text)
        wanted = {part.split('"')[0] for part in text.split('"#/$defs/')[1:]}
        assert wanted <= set(schema["$defs"])


@pytest.mark.parametrize(
    "arguments", [("--help",), ("read", "-h"), ("profiles", "--help"), ("schema", "--help")]
)
def test_help_is_fine(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.status == 0
    assert "Usage:" in result.out


@pytest.mark.parametrize("command", [("commission",), ("simulate",), ("evidence", "answer")])
def test_help_fills_the_width_of_the_terminal(command: tuple[str, ...]) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "agent", *command, "--help"],
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    text, _, parameters = shown.partition("Arguments")
    sentences = [line.strip() for line in text.splitlines() if line[1:].strip()]
    short = [each for each in sentences if len(each) < 100 and each.endswith((",", " the", " in"))]
    assert not short
    assert "<bool>" not in parameters


def test_no_argument_at_all_shows_the_help(run: Run) -> None:
    result = run()
    assert result.status == 2
    assert "rackagent demo" in result.out + result.err


def test_the_version(run: Run) -> None:
    result = run("--version")
    assert result.status == 0
    assert result.out.startswith("rackagent 0.")


def test_an_unknown_command_is_a_usage_error(run: Run) -> None:
    assert run("rad").status == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--log-format", "xml"), "'xml' is not one of 'auto', 'console', 'json'"),
        (("--log-level", "loud"), "'loud' is not one of 'debug', 'info', 'warning', 'error'"),
    ],
)
def test_run_refuses_unknown_words(
    run: Run, site: Path, arguments: tuple[str, ...], says: str
) -> None:
    result = run("run", site, *arguments)
    assert result.status == 2
    assert says in " ".join(result.err.replace("│", " ").split())


def test_run_refuses_a_broken_site_before_anything_starts(run: Run, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("rack: []\n")
    result = run("run", tmp_path / "s.yaml")
    assert result.status == 2
    assert "unknown key 'rack'; did you mean 'racks'?" in result.err


@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize("command", [("schema", "config"), ("profiles", "list"), ("--version",)])
def test_a_reader_that_goes_away_is_no_error(command: tuple[str, ...], buffered: bool) -> None:
    environment = {**os.environ, "PYTHONUNBUFFERED": "" if buffered else "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "agent", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.close()
        told = program.stderr.read()
        assert (program.wait(timeout=60), told) == (0, b"")


def test_commands_of_other_packages_are_added() -> None:
    command = [sys.executable, "-m", "agent", "--help"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "simulate" in result.stdout
    assert "demo" in result.stdout
