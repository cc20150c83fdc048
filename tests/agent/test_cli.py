"""The command line: what it prints, for people and for programs, and its exit status."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Self

import pytest

from agent import smi
from agent.cli import app, guarded
from agent.credentials import SnmpCredentials, SnmpVersion
from agent.errors import DeviceError, DeviceTimeout, RequestRejected
from agent.transport.base import Limits
from agent.transport.memory import MemoryTransport
from agent.url import Url
from tests.agent.making import BASE

PROFILE = f"""\
profile: acme-pdu
title: A PDU
kind: pdu
protocol: snmp
verified: datasheet
source: the test
notes: Beware of the cat.
identify: {{sys_object_id: {BASE}}}
info: {{vendor: Acme, model: {{oid: {BASE}.9.0}}}}
lookups: {{digits: {{column: {BASE}.2.9}}, unit: {{column: {BASE}.2.8}}}}
points:
  - {{metric: rack_inlet_power_watts, oid: {BASE}.1.0, unit: kW, scale: 0.01}}
  - {{metric: rack_phase_current_amperes, oid: {BASE}.2.1, unit: A, index: [phase], absent: [-1]}}
  - {{metric: rack_outlet_power_watts, oid: {BASE}.3.1, index: [outlet], interval: 60,
     scale: {{lookup: digits}}, unit: {{lookup: unit}}}}
"""

COOLING = """\
profile: acme-cdu
title: A cooling unit
kind: cdu
protocol: modbus
verified: datasheet
source: the test
points:
  - {metric: rack_pump_speed_rpm, address: 10, unit: rpm, data_type: uint32}
  - {metric: rack_alarm_active, address: 12, bits: {3: leak}}
"""

SITE = """\
profiles: [mine]
credentials: {rack: {version: 1, community: {env: RACK_COMMUNITY}}}
racks:
  - name: r1
    devices:
      - {name: pdu, url: snmp://10.0.0.5, profile: acme-pdu, credentials: rack}
      - {name: cdu, url: modbus+tcp://10.0.0.6/1, profile: acme-cdu, interval: 30}
      - {name: other, url: snmp://10.0.0.7}
"""

CELLS: dict[bytes, tuple[int, int | bytes | None]] = {
    smi.oid("1.3.6.1.2.1.1.1.0"): (smi.OCTET_STRING, b"Acme PDU [v2]"),
    smi.oid("1.3.6.1.2.1.1.2.0"): (smi.OBJECT_ID, smi.oid(f"{BASE}.7")),
    smi.oid("1.3.6.1.2.1.1.5.0"): (smi.OCTET_STRING, b"rack-1"),
    smi.oid(f"{BASE}.9.0"): (smi.OCTET_STRING, b"BX-1"),
    smi.oid(f"{BASE}.1.0"): (smi.GAUGE32, 57),
    smi.oid(f"{BASE}.2.1.1"): (smi.INTEGER, 5),
    smi.oid(f"{BASE}.2.1.2"): (smi.INTEGER, -1),
}


class Result(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``rackagent`` with these arguments in this process."""

    def command(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["rackagent", *map(str, arguments)])
        try:
            status: int = guarded(app)
        except SystemExit as leaving:
            status = int(leaving.code or 0)
        captured = capsys.readouterr()
        return Result(int(status), captured.out, captured.err)

    monkeypatch.setenv("COLUMNS", "200")
    return command


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "acme-pdu.yaml").write_text(PROFILE)
    (tmp_path / "mine" / "acme-cdu.yaml").write_text(COOLING)
    (tmp_path / "site.yaml").write_text(SITE)
    monkeypatch.setenv("RACK_COMMUNITY", "from-outside")
    return tmp_path / "site.yaml"


class Wires:
    """Stands in for every socket: whatever is opened leads to ``device``."""

    device = MemoryTransport()
    opened: tuple[Url, SnmpCredentials, Limits, str] | None = None

    def __init__(self, *_: object, **__: object) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def open(
        self, url: Url, credentials: SnmpCredentials, limits: Limits, engine: str, *_: object
    ) -> MemoryTransport:
        Wires.opened = (url, credentials, limits, engine)
        return self.device


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> MemoryTransport:
    """The device at the end of every URL."""
    transport = MemoryTransport(CELLS, {"holding": {10: 0, 11: 2900, 12: 0b1000}})
    monkeypatch.setattr(Wires, "device", transport)
    monkeypatch.setattr("agent.oneshot.Transports", Wires)
    return transport


# ---- check


def test_check_of_a_good_site(run: Run, site: Path) -> None:
    assert run("check", site) == (0, f"{site}: 3 devices in 1 rack, no problem found\n", "")


def test_check_warns_and_is_still_fine(run: Run, site: Path) -> None:
    site.write_text(SITE.replace("{env: RACK_COMMUNITY}", "hunter2"))
    result = run("check", site)
    assert result.status == 0
    assert result.err.startswith(f"warning: {site}:2: credentials.rack.community: a secret stands")
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
    assert run("check", missing) == (2, "", f"error: {missing}: no such file\n")


# ---- plan


def test_plan_for_programs(run: Run, site: Path) -> None:
    result = run("plan", site, "--format", "json")
    pdu, cdu, other = result.json
    assert result.status == 0
    assert (pdu["device"], pdu["profile"], pdu["interval_s"]) == ("pdu", "acme-pdu", 10)
    assert [request["kind"] for request in pdu["requests"]][:2] == ["get", "walk"]
    assert [request["interval_s"] for request in pdu["requests"]] == [10, 10, 60, 300]
    assert [request["points"] for request in pdu["requests"]] == [1, 1, 1, 0]
    assert all(request["bytes_out"] > 30 for request in pdu["requests"])
    (block,) = cdu["requests"]
    assert (block["kind"], block["what"], block["points"]) == ("read holding", "10..12 (3)", 2)
    assert (other["profile"], other["requests"]) == ("auto", [])


def test_plan_for_people_is_plain_text_when_piped(run: Run, site: Path) -> None:
    result = run("plan", site)
    assert result.status == 0
    assert "\x1b" not in result.out
    lines = [line.split() for line in result.out.splitlines()]
    assert lines[0][:4] == ["device", "profile", "every", "request"]
    assert lines[2][:5] == ["pdu", "acme-pdu", "10", "s", "walk"]
    assert ["other", "auto", "10", "s", "-", "asks", "the", "device"] in lines
    assert sum("cycle" in line for line in lines) == 2


# ---- read


def test_read_for_programs_has_the_promised_shape(
    run: Run, site: Path, device: MemoryTransport
) -> None:
    result = run("read", "snmp://10.0.0.5", "--profiles", site.parent / "mine", "-f", "json")
    assert result.status == 0
    assert result.json["device"] == {
        "profile": "acme-pdu",
        "kind": "pdu",
        "vendor": "Acme",
        "model": "BX-1",
        "serial": None,
        "firmware": None,
        "sys_object_id": f"{BASE}.7",
    }
    power, good, bad = result.json["readings"]
    assert power.pop("observed_at").endswith("Z")
    assert power == {
        "metric": "rack_inlet_power_watts",
        "labels": {},
        "value": 570.0,
        "unit": "W",
        "quality": "good",
        "source": {"oid": f"{BASE}.1.0", "raw": 57},
    }
    assert (good["labels"], good["value"]) == ({"phase": "1"}, 5)
    assert (bad["quality"], bad["value"], bad["source"]["raw"]) == ("bad", None, -1)
    assert result.json["failures"] == []
    assert device.closed


def test_read_of_registers_for_programs(run: Run, site: Path, device: MemoryTransport) -> None:
    arguments = ("--profiles", site.parent / "mine", "--profile", "acme-cdu", "--format", "json")
    result = run("read", "modbus+tcp://10.0.0.6/1", *arguments)
    pump, leak = result.json["readings"]
    assert pump["source"] == {"table": "holding", "address": 10, "count": 2, "raw": [0, 2900]}
    assert (pump["value"], leak["value"], leak["labels"]) == (2900, 1, {"alarm": "leak"})


def test_read_for_people(run: Run, site: Path, device: MemoryTransport) -> None:
    result = run("read", "snmp://10.0.0.5", "--profiles", site.parent / "mine")
    assert result.status == 0
    assert "\x1b" not in result.out
    lines = result.out.splitlines()
    assert lines[0] == "acme-pdu (pdu): Acme, BX-1"
    assert lines[2].split() == ["rack_inlet_power_watts", "570", "W", f"{BASE}.1.0", "57"]
    assert "bad" in lines[4]
    assert "the device says there is no value (-1)" in lines[4]
    assert lines[-1] == "3 readings, 1 bad, 0 failures"


def test_read_shows_what_failed(run: Run, site: Path, device: MemoryTransport) -> None:
    del device.registers["holding"][12]
    arguments = ("--profiles", site.parent / "mine", "--profile", "acme-cdu")
    result = run("read", "modbus+tcp://10.0.0.6/1", *arguments)
    assert result.status == 0
    assert "says nothing of itself" in result.out
    assert "failed: rejected: illegal data address 12 in holding" in result.out


@pytest.mark.parametrize("profile", ["auto", "acme-pdu", "acme-cdu"])
def test_read_of_a_device_that_is_silent_ends_with_3(
    run: Run, site: Path, device: MemoryTransport, profile: str
) -> None:
    device.fault = DeviceTimeout("no answer within 2 s")
    url = "modbus+tcp://10.0.0.6/1" if profile == "acme-cdu" else "snmp://10.0.0.5"
    arguments = ("--profiles", site.parent / "mine", "--profile", profile)
    result = run("read", url, *arguments, "--format", "json")
    assert result.status == 3
    assert result.json["readings"] == []
    assert {failure["kind"] for failure in result.json["failures"]} == {"timeout"}
    assert result.err == "error: timeout: no answer within 2 s\n"


def test_read_of_a_device_that_refuses_everything_is_not_unreachable(
    run: Run, site: Path, device: MemoryTransport
) -> None:
    device.fault = RequestRejected("illegal function", 1)
    arguments = ("--profiles", site.parent / "mine", "--profile", "acme-cdu")
    result = run("read", "modbus+tcp://10.0.0.6/1", *arguments)
    assert result.status == 0
    assert "failed: rejected: illegal function" in result.out


def test_read_of_a_device_that_nothing_fits_ends_with_1(run: Run, device: MemoryTransport) -> None:
    device.varbinds.clear()
    result = run("read", "modbus+tcp://10.0.0.6/1")
    assert result.status == 1
    assert result.err.startswith("error: the device answers, but no profile fits it; name one")


def test_read_takes_credentials_from_a_site(run: Run, site: Path, device: MemoryTransport) -> None:
    arguments = ("--profiles", site.parent / "mine", "--timeout", "0.5", "--retries", "3")
    result = run("read", "snmp://10.0.0.5", "--credentials", "rack", "--config", site, *arguments)
    assert result.status == 0
    assert Wires.opened is not None
    url, credentials, limits, engine = Wires.opened
    assert (url.host, engine) == ("10.0.0.5", "native")
    assert (credentials.version, credentials.community) == (SnmpVersion.V1, "from-outside")
    assert (limits.timeout_s, limits.retries) == (0.5, 3)


def test_read_takes_a_community(run: Run, site: Path, device: MemoryTransport) -> None:
    arguments = ("--profiles", site.parent / "mine", "--engine", "pysnmp")
    run("read", "snmp://h", "--community", "x", "--snmp-version", "1", *arguments)
    assert Wires.opened is not None
    assert Wires.opened[1] == SnmpCredentials(version=SnmpVersion.V1, community="x")
    assert Wires.opened[3] == "pysnmp"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("snmpp://h",), "unknown scheme 'snmpp'; use snmp://host:port"),
        (("snmp://h", "--profile", "nope-nope-nope"), "unknown profile 'nope-nope-nope'"),
        (("snmp://h", "--engine", "fast"), "--engine is native or pysnmp, not 'fast'"),
        (("snmp://h", "--snmp-version", "3"), "SNMP v3 needs --credentials NAME and --config FILE"),
        (("snmp://h", "--credentials", "a"), "--credentials needs --config FILE"),
        (
            ("snmp://h", "--credentials", "a", "--config", "SITE"),
            "unknown credentials 'a'; there are: rack",
        ),
        (("snmp://h", "--profiles", "nowhere"), "nowhere: is not a folder of profiles"),
        (("snmp://h", "--format", "xml"), "Invalid value for '--format'"),
        (("snmp://h", "--timeout", "0"), "Invalid value for '--timeout'"),
        ((), "Missing argument"),
        (("snmp://h", "--comunity", "x"), "No such option: --comunity"),
    ],
)
def test_wrong_usage_ends_with_2_and_asks_no_device(
    run: Run, site: Path, device: MemoryTransport, arguments: tuple[str, ...], says: str
) -> None:
    result = run("read", *(site if word == "SITE" else word for word in arguments))
    assert (result.status, result.out) == (2, "")
    assert says in " ".join(result.err.replace("│", " ").split())
    assert device.requests == []


# ---- identify


def test_identify_for_people(run: Run, site: Path, device: MemoryTransport) -> None:
    result = run("identify", "snmp://10.0.0.5", "--profiles", site.parent / "mine")
    assert result.status == 0
    lines = result.out.splitlines()
    assert lines[:3] == [
        f"sysObjectID: {BASE}.7",
        "sysDescr: Acme PDU [v2]",
        "sysName: rack-1",
    ]
    assert lines[4].split()[:2] == ["acme-pdu", "pdu"]
    assert f"sysObjectID starts with {BASE}" in lines[4]


def test_identify_for_programs(run: Run, site: Path, device: MemoryTransport) -> None:
    result = run("identify", "snmp://h", "--profiles", site.parent / "mine", "-f", "json")
    found = result.json
    assert (found["sys_object_id"], found["sys_name"]) == (f"{BASE}.7", "rack-1")
    best = found["candidates"][0]
    assert set(best) == {"profile", "kind", "score", "why"}
    assert (best["profile"], best["kind"]) == ("acme-pdu", "pdu")


@pytest.mark.parametrize(
    ("error", "status"), [(DeviceTimeout("no answer"), 3), (DeviceError("odd"), 3)]
)
def test_identify_of_a_device_that_cannot_be_asked(
    run: Run, device: MemoryTransport, error: DeviceError, status: int
) -> None:
    device.fault = error
    assert run("identify", "snmp://h") == (status, "", f"error: {error.kind}: {error}\n")


def test_identify_of_an_unknown_device_quotes_it(run: Run, device: MemoryTransport) -> None:
    del device.registers["holding"]
    result = run("identify", "modbus+tcp://h/1")
    assert (result.status, result.out) == (1, "")


# ---- profiles


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
    assert run("profiles", "check", path) == (0, f"{path}: acme-cdu: 2 points in 1 requests\n", "")
    path.write_text(COOLING.replace("uint32", "unit32"))
    result = run("profiles", "check", path)
    assert result.status == 2
    assert result.err == (
        f"error: {path}:8: points[0].data_type: unknown data type 'unit32'; did you mean uint32?\n"
    )


# ---- schema, help, and the rest


@pytest.mark.parametrize("what", ["config", "profile"])
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
        (("--log-format", "xml"), "--log-format is auto, console or json, not 'xml'"),
        (("--log-level", "loud"), "--log-level is debug, info, warning or error, not 'loud'"),
    ],
)
def test_run_refuses_unknown_words(
    run: Run, site: Path, arguments: tuple[str, ...], says: str
) -> None:
    assert run("run", site, *arguments) == (2, "", f"error: {says}\n")


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
