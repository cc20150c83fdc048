"""Every way to get a site's file wrong, told with file, line and key."""

from pathlib import Path

import pytest

from tests.agent.config.conftest import PDU, SITE, Check


def one(key: str) -> str:
    """A site of one device with ``key`` in line 5."""
    device = f"{{name: d, url: 'snmp://h',\n         {key}}}"
    return f"racks:\n  - name: r\n    devices:\n      - {device}\n"


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("profil: x", "profil: unknown key 'profil'; did you mean 'profile'?"),
        ("interval: soon", "interval: 'soon' is not a duration; write 500ms, 10s, 5m or 1h"),
        ("interval: true", "interval: must be a duration such as 10s"),
        ("interval: [1]", "interval: must be a duration such as 10s"),
        ("interval: 10ms", "interval: must be at least 0.1, not '10ms'"),
        ("interval: 2d", "interval: must be at most 86400, not '2d'"),
        ("interval: 0", "interval: must be at least 0.1, not 0"),
        ("retries: many", "retries: must be a whole number, not 'many'"),
        ("retries: 11", "retries: must be at most 10, not 11"),
        ("engine: netsnmp", "engine: must be 'native' or 'pysnmp', not 'netsnmp'"),
        ("position: {u: 0}", "position.u: must be at least 1, not 0"),
        ("position: 12", "position: must be a mapping, not 12"),
        (
            "position: {side: top}",
            "position.side: must be 'front', 'rear', 'left' or 'right', not 'top'",
        ),
        ("labels: {floor: 3}", "labels.floor: must be text, not 3; put it in quotes"),
        (
            "labels: {Floor: x}",
            "labels.Floor: 'Floor' is not a label's name: lower-case letters, digits and '_'",
        ),
        ("labels: [a]", "labels: must be a mapping, not a list"),
        ("credentials: v3", "credentials: unknown credentials 'v3'; none are defined"),
        ("credentials: 3", "credentials: must be text, not 3; put it in quotes"),
        (
            "profile: something-else-entirely",
            "profile: unknown profile 'something-else-entirely'; see 'rackagent profiles list'",
        ),
        ("profile: [a]", "profile: must be text, not a list"),
        (
            "profile: orv3-rpu",
            "profile: orv3-rpu speaks modbus, but the URL is snmp",
        ),
    ],
)
def test_a_mistake_in_a_device(problems: Check, key: str, says: str) -> None:
    assert problems(one(key)) == [f":5: racks[0].devices[0].{says}"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("site: 5", ":1: site: must be text, not 5; put it in quotes"),
        (
            "site: two words",
            ":1: site: 'two words' is not a name: letters, digits, '.', '_' and '-', at most 63 of"
            " them, a letter or a digit first",
        ),
        ("rack: []", ":1: rack: unknown key 'rack'; did you mean 'racks'?"),
        ("http: {listen: 9847}", ":1: http.listen: must be text, not 9847; put it in quotes"),
        (
            "http: {listen: localhost}",
            ":1: http.listen: 'localhost' is not HOST:PORT, for example 127.0.0.1:9847",
        ),
        ("http:", ":1: http: must be a mapping, but nothing is there"),
        ("profiles: mine", ":1: profiles: must be a list, not 'mine'"),
        ("profiles: [3]", ":1: profiles[0]: must be a path, not 3"),
        ("credentials: [a]", ":1: credentials: must be a mapping, not a list"),
        ("credentials: {a: {}}", ":1: credentials.a: SNMP v1 and v2c need a 'community'"),
        (
            "credentials: {a: {community: 5}}",
            ":1: credentials.a.community: must be text or a mapping (env, file), not a number",
        ),
        (
            "credentials: {a: {community: {evn: X}}}",
            ":1: credentials.a.community.evn: unknown key 'evn'; did you mean 'env'?",
        ),
        (
            "credentials: {a: {community: {}}}",
            ":1: credentials.a.community: give either 'env' or 'file'",
        ),
        (
            "credentials: {a: {community: {env: A, file: b}}}",
            ":1: credentials.a.community: give either 'env' or 'file'",
        ),
        (
            "credentials: {a: {version: 4, community: x}}",
            ":1: credentials.a.version: must be '1', '2c', '3', 1 or 3, not 4",
        ),
        ("credentials: {a: {version: 3}}", ":1: credentials.a: SNMP v3 needs a 'user'"),
        (
            "credentials: {a: {version: 3, user: u, community: x}}",
            ":1: credentials.a: SNMP v3 has no 'community'; give 'user', 'auth' and 'priv'",
        ),
        (
            "credentials: {a: {version: 3, user: u, priv: {secret: 12345678a}}}",
            ":1: credentials.a: privacy without authentication is not possible; add 'auth'",
        ),
        (
            "credentials: {a: {community: x, user: u}}",
            ":1: credentials.a: 'user', 'auth' and 'priv' belong to version 3",
        ),
        (
            "credentials: {a: {version: 3, user: u, auth: {secret: short}}}",
            ":1: credentials.a.auth.secret: SNMP v3 secrets have at least 8 characters",
        ),
        (
            "credentials: {a: {version: 3, user: u, auth: {}}}",
            ":1: credentials.a.auth: required key 'secret' is missing",
        ),
        (
            "credentials: {a: {version: 3, user: u, auth: {protocol: SHA256, secret: long-one}}}",
            ":1: credentials.a.auth.protocol: must be 'MD5', 'SHA-1', 'SHA-224', 'SHA-256',"
            " 'SHA-384' or 'SHA-512', not 'SHA256'",
        ),
        (
            "credentials: {a: {community: {env: UNSET}}}",
            ":1: credentials.a.community.env: environment variable UNSET is not set",
        ),
        (
            "credentials: {a: {community: {env: EMPTY}}}",
            ":1: credentials.a.community.env: environment variable EMPTY is empty",
        ),
    ],
)
def test_a_mistake_outside_the_racks(problems: Check, text: str, says: str) -> None:
    racks = "\nracks: [{name: r, devices: [{name: d, url: 'snmp://h'}]}]"
    assert problems(text + racks, {"EMPTY": ""}) == [says]


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"\xff\xfe", "cannot be read: not UTF-8 text"),
        (b"\n", "is empty"),
    ],
)
def test_a_secret_file_that_gives_no_secret(
    folder: Path, problems: Check, write: bytes | None, says: str
) -> None:
    if write is not None:
        (folder / "s").write_bytes(write)
    found = problems(
        "credentials: {a: {community: {file: s}}}\n"
        "racks: [{name: r, devices: [{name: d, url: 'snmp://h'}]}]"
    )
    assert found == [f":1: credentials.a.community.file: secret file {folder}/s {says}"]


def test_a_folder_of_profiles_that_is_not_there(folder: Path, problems: Check) -> None:
    found = problems(
        "profiles:\n  - mine\n  - other\nracks: [{name: r, devices: [{name: d, url: 'snmp://h'}]}]"
    )
    assert found == [
        f":3: profiles[1]: 'other' is not a folder; profiles are read from {folder}/other"
    ]


@pytest.mark.parametrize("text", ["site: lab\n", "racks: []\n"])
def test_a_site_without_racks_would_poll_nothing(problems: Check, text: str) -> None:
    assert problems(text) == [":1: has no 'racks': nothing would be polled"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("racks: [{name: r, devices: []}]", ":1: racks[0].devices: must not be empty"),
        ("racks: [{name: r}]", ":1: racks[0]: required key 'devices' is missing"),
        ("racks: {name: r}", ":1: racks: must be a list, not a mapping"),
        ("racks: [r]", ":1: racks[0]: must be a mapping, not 'r'"),
        (
            "racks: [{name: r, devices: [{name: 5, url: 'snmp://h'}]}]",
            ":1: racks[0].devices[0].name: must be text, not 5; put it in quotes",
        ),
        ("racks: [{name: r, devices: [d]}]", ":1: racks[0].devices[0]: must be a mapping, not 'd'"),
        (
            "racks: [{name: r, devices: [{name: d}]}]",
            ":1: racks[0].devices[0]: required key 'url' is missing",
        ),
        (
            "racks: [{name: r, devices: [{name: d, url: 10.0.0.5}]}]",
            ":1: racks[0].devices[0].url: '10.0.0.5': the scheme is missing; use snmp or modbus+tcp"
            " or modbus+rtutcp or modbus+asciitcp or modbus+rtu or modbus+ascii://host:port",
        ),
        (
            "racks: [{name: r, devices: [{name: d, url: x, profile: orv3-rpu}]}]",
            ":1: racks[0].devices[0].url: 'x': the scheme is missing; use snmp or modbus+tcp"
            " or modbus+rtutcp or modbus+asciitcp or modbus+rtu or modbus+ascii://host:port",
        ),
    ],
)
def test_a_mistake_in_the_racks(problems: Check, text: str, says: str) -> None:
    assert problems(text) == [says]


@pytest.mark.parametrize("name", ["rack", "kind", "quality", "state"])
def test_a_label_of_the_agent_is_refused_before_it_runs(problems: Check, name: str) -> None:
    assert problems(one(f"labels: {{{name}: x}}")) == [
        f":5: racks[0].devices[0].labels.{name}: label {name!r} is reserved; choose another name"
    ]


def test_a_device_name_stands_once_in_the_whole_site(problems: Check) -> None:
    text = SITE.replace("name: spare", "name: pdu-a")
    assert problems(text) == [
        ":28: racks[1].devices[0].name: duplicate device name 'pdu-a', first defined in line 19"
    ]


def test_two_devices_of_one_name_in_one_line(problems: Check) -> None:
    text = "racks: [{name: r, devices: [{name: d, url: 'snmp://h'}, {name: d, url: 'snmp://i'}]}]"
    assert problems(text) == [
        ":1: racks[0].devices[1].name: duplicate device name 'd', first defined in line 1"
    ]


def test_a_rack_name_stands_once(problems: Check) -> None:
    assert problems(SITE.replace("name: r2", "name: r1")) == [
        ":26: racks[1].name: duplicate rack name 'r1', first defined in line 15"
    ]


def test_known_credentials_are_offered(problems: Check) -> None:
    assert problems(SITE.replace("credentials: usm", "credentials: ums")) == [
        ":22: racks[0].devices[0].credentials: unknown credentials 'ums'; there are: community, usm"
    ]


def test_the_nearest_profile_is_offered(problems: Check) -> None:
    assert problems(SITE.replace("profile: my-pdu", "profile: my-pdo")) == [
        ":21: racks[0].devices[0].profile: unknown profile 'my-pdo'; did you mean my-pdu?"
    ]


def test_a_broken_profile_is_told_in_its_own_file_and_once(folder: Path, problems: Check) -> None:
    (folder / "mine" / "my-pdu.yaml").write_text(PDU.replace("unit: W", "unit: w"))
    twice = SITE.replace("modbus+tcp://10.0.0.7/12", "snmp://i, profile: my-pdu")
    (line,) = problems(twice)
    assert line.startswith(f"{folder}/mine/my-pdu.yaml:8: points[0].unit: unknown unit 'w'")


def test_everything_that_is_wrong_is_told_at_once(problems: Check) -> None:
    found = problems(
        """\
site: [lab]
profiles: [nowhere]
credentials:
  a: {community: {env: UNSET}}
  b: {comunity: x}
racks:
  - name: r
    colour: red
    devices:
      - {name: d, url: snmp:/h, profile: apc-rpdu}
      - {name: d, url: snmp://h, interval: soon, credentials: c}
      - {name: e, labels: {site: x}}
"""
    )
    assert [line.split(":")[1:3] for line in found] == [
        ["1", " site"],
        ["2", " profiles[0]"],
        ["4", " credentials.a.community.env"],
        ["5", " credentials.b.comunity"],
        ["8", " racks[0].colour"],
        ["10", " racks[0].devices[0].url"],
        ["10", " racks[0].devices[0].profile"],
        ["11", " racks[0].devices[1].interval"],
        ["11", " racks[0].devices[1].name"],
        ["11", " racks[0].devices[1].credentials"],
        ["12", " racks[0].devices[2]"],
        ["12", " racks[0].devices[2].labels.site"],
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("credentials: planted", "credentials: must be a mapping, not text"),
        ("credentials: {a: planted}", "credentials.a: must be a mapping, not text"),
        ("credentials: {a: {version: 3, user: u, auth: planted}}", "must be a mapping, not text"),
        (
            "credentials: {a: {community: 4711}}",
            "community: must be text or a mapping (env, file), not a number",
        ),
        (
            "credentials: {a: {community: {planted: 1}}}",
            "must be text, {env: NAME} or {file: PATH}",
        ),
        (
            "credentials: {a: {version: 3, user: u, auth: {secret: {planted: 1}}}}",
            "auth.secret: must be text, {env: NAME} or {file: PATH}",
        ),
        ("credentials: {a: {community: !!int planted}}", "the value cannot be read as int"),
        ("credentials: {a: {version: planted}}", "a.version: must be '1', '2c', '3', 1 or 3"),
        (
            "credentials: {a: {community: {env: planted}}}",
            "the environment variable that it names is not set",
        ),
    ],
)
def test_what_may_be_a_secret_is_not_repeated(problems: Check, text: str, said: str) -> None:
    found = [line for line in problems(text) if "credentials" in line]
    assert any(said in line for line in found), found
    assert not [line for line in found if "planted" in line or "4711" in line]


METER = """\
profile: {name}
title: a meter
kind: pdu
protocol: modbus
verified: datasheet
source: a datasheet
serial: {{baudrate: {baudrate}, parity: {parity}}}
points: [{{metric: rack_inlet_power_watts, address: 1, unit: W}}]
"""


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        (
            "modbus+rtu:///dev/ttyUSB0/1', profile: slow",
            "modbus+rtu:///dev/ttyUSB0/2', profile: fast",
            "b uses /dev/ttyUSB0 as modbus+rtu with 19200 baud, 8E1, but a uses it as modbus+rtu"
            " with 9600 baud, 8N1; devices of one line share its settings: write them into both"
            " URLs (?baudrate=19200&parity=E&stopbits=1)",
        ),
        (
            "modbus+rtu:///dev/ttyUSB0/1?baudrate=9600', profile: fast",
            "modbus+ascii:///dev/ttyUSB0/2?baudrate=9600",
            "b uses /dev/ttyUSB0 as modbus+ascii with 9600 baud, 7E1, but a uses it as modbus+rtu"
            " with 9600 baud, 8E1; devices of one line share its settings: write them into both"
            " URLs (?baudrate=19200&parity=E&stopbits=1)",
        ),
        (
            "modbus+tcp://gateway/1",
            "modbus+rtutcp://gateway/2",
            "b uses gateway:502 as modbus+rtutcp, but a uses it as modbus+tcp; devices of one line"
            " share its settings",
        ),
    ],
)
def test_two_devices_use_one_line_in_two_ways(
    folder: Path, problems: Check, first: str, second: str, says: str
) -> None:
    for name, baudrate, parity in (("slow", 9600, "N"), ("fast", 19200, "E")):
        page = METER.format(name=name, baudrate=baudrate, parity=parity)
        (folder / "mine" / f"{name}.yaml").write_text(page)
    close = {True: "", False: "'"}
    text = (
        "profiles: [mine]\nracks:\n  - name: r\n    devices:\n"
        f"      - {{name: a, url: '{first}{close['profile' in first]}}}\n"
        f"      - {{name: b, url: '{second}{close['profile' in second]}}}\n"
    )
    assert problems(text) == [f":6: racks[0].devices[1].url: {says}"]
