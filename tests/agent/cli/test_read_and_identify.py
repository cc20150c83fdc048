"""'read' and 'identify': their promised JSON, their plain text, and how they fail."""

from pathlib import Path

import pytest

from agent.model import smi
from agent.model.credentials import SnmpCredentials, SnmpVersion
from agent.model.errors import DeviceError, DeviceTimeout, RequestRejected
from agent.transport.memory import MemoryTransport
from tests.agent.cli.conftest import Run, Wires
from tests.agent.making import BASE


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


LIKE_MARKUP = (
    "rack[spare]-[link=http://evil.example]7[/link]",
    "[/bold]x",
    "uplink :warning: 1",
    r"back\[slash]",
)


@pytest.mark.parametrize("name", LIKE_MARKUP)
def test_read_prints_labels_as_the_device_has_them(
    run: Run, device: MemoryTransport, name: str
) -> None:
    text = (smi.OCTET_STRING, name.encode())
    device.varbinds = {
        smi.oid("1.3.6.1.2.1.1.5.0"): (smi.OCTET_STRING, b"sw[spare]"),
        smi.oid("1.3.6.1.2.1.2.2.1.2.1"): text,
        smi.oid("1.3.6.1.2.1.2.2.1.8.1"): (smi.INTEGER, 1),
        smi.oid("1.3.6.1.2.1.31.1.1.1.1.1"): text,
        smi.oid("1.3.6.1.2.1.31.1.1.1.6.1"): (smi.COUNTER64, 123),
    }
    result = run("read", "snmp://10.0.0.5", "--profile", "switch")
    assert (result.status, result.err) == (0, "")
    assert f"port={name} " in result.out


def test_read_shows_what_failed(run: Run, site: Path, device: MemoryTransport) -> None:
    del device.registers["holding"][12]
    arguments = ("--profiles", site.parent / "mine", "--profile", "acme-cdu")
    result = run("read", "modbus+tcp://10.0.0.6/1", *arguments)
    assert result.status == 0
    assert "no identity reported" in result.out
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
    assert Wires.way is not None
    url, credentials, limits, engine = Wires.way
    assert (url.host, engine) == ("10.0.0.5", "native")
    assert (credentials.version, credentials.community) == (SnmpVersion.V1, "from-outside")
    assert (limits.timeout_s, limits.retries) == (0.5, 3)


def test_read_takes_a_community(run: Run, site: Path, device: MemoryTransport) -> None:
    arguments = ("--profiles", site.parent / "mine", "--engine", "pysnmp")
    run("read", "snmp://h", "--community", "x", "--snmp-version", "1", *arguments)
    assert Wires.way is not None
    assert Wires.way[1] == SnmpCredentials(version=SnmpVersion.V1, community="x")
    assert Wires.way[3] == "pysnmp"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("snmpp://h",), "unknown scheme 'snmpp'; use snmp://host:port"),
        (("snmp://h", "--profile", "nope-nope-nope"), "unknown profile 'nope-nope-nope'"),
        (("snmp://h", "--engine", "fast"), "'fast' is not one of 'native', 'pysnmp'"),
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


@pytest.mark.parametrize("name", LIKE_MARKUP)
def test_identify_prints_what_the_device_says_of_itself(
    run: Run, site: Path, device: MemoryTransport, name: str
) -> None:
    device.varbinds[smi.oid("1.3.6.1.2.1.1.1.0")] = (smi.OCTET_STRING, name.encode())
    device.varbinds[smi.oid("1.3.6.1.2.1.1.5.0")] = (smi.OCTET_STRING, name.encode())
    result = run("identify", "snmp://10.0.0.5", "--profiles", site.parent / "mine")
    assert result.status == 0
    assert result.out.splitlines()[1:3] == [f"sysDescr: {name}", f"sysName: {name}"]


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
