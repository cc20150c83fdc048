"""What a site's file becomes: every default filled in, every name resolved."""

from pathlib import Path

import pytest

from agent.config import Config, load_config
from agent.model.credentials import AuthProtocol, PrivProtocol, SnmpVersion
from agent.model.errors import ConfigError
from agent.parse.url import Url
from tests.agent.config.conftest import ENVIRONMENT, SITE


def loaded(folder: Path, text: str = SITE) -> Config:
    site = folder / "site.yaml"
    site.write_text(text)
    return load_config(site, ENVIRONMENT)


def test_every_default_is_filled_in_and_every_name_resolved(folder: Path) -> None:
    config = loaded(folder)
    pdu, rpu, spare = config.devices
    assert (config.spec.site, config.spec.http.address) == ("lab", ("::1", 9000))
    assert (pdu.rack, pdu.site, pdu.profile) == ("r1", "lab", "my-pdu")
    assert pdu.url == Url("snmp", "10.0.0.5", 161)
    assert (pdu.interval_s, pdu.timeout_s, pdu.retries, pdu.stale_after_s) == (0.5, 1.5, 3, 60)
    assert (rpu.interval_s, rpu.timeout_s, rpu.retries, rpu.stale_after_s) == (3600, 1, 0, 7200)
    assert (spare.profile, spare.engine, spare.rack) == ("auto", "pysnmp", "r2")


def test_a_device_lays_its_labels_over_its_racks(folder: Path) -> None:
    pdu, rpu, spare = loaded(folder).devices
    assert pdu.labels == {"row": "A", "feed": "B"}
    assert rpu.labels == {"row": "A", "feed": "none"}
    assert spare.labels == {}


def test_position_and_role_are_kept(folder: Path) -> None:
    pdu, rpu, spare = loaded(folder).devices
    assert pdu.position is not None
    assert (pdu.position.u, pdu.position.height, pdu.position.side) == (12, 2, "rear")
    assert pdu.role == "pdu-a"
    assert (rpu.role, spare.position) == ("cdu", None)


def test_a_series_is_stale_after_three_intervals_unless_said(folder: Path) -> None:
    (device,) = loaded(
        folder, "racks: [{name: r, devices: [{name: d, url: 'snmp://h', interval: 20}]}]"
    ).devices
    assert (device.interval_s, device.stale_after_s, device.retries) == (20, 60, 1)


def test_secrets_come_from_the_environment_a_file_or_the_text(folder: Path) -> None:
    config = loaded(folder)
    pdu, rpu, spare = config.devices
    usm = pdu.credentials
    assert (usm.version, usm.user, usm.context) == (SnmpVersion.V3, "rack", "bay")
    assert (usm.auth_protocol, usm.auth_secret) == (AuthProtocol.SHA512, "from-a-file")
    assert (usm.priv_protocol, usm.priv_secret) == (PrivProtocol.AES128, "private-words")
    assert (spare.credentials.version, spare.credentials.community) == ("2c", "from-outside")
    assert rpu.credentials.community == "public"


def test_a_secret_that_stands_in_the_file_is_warned_of_but_public_is_none(folder: Path) -> None:
    config = loaded(folder, SITE + "  - {name: r3, devices: [{name: x, url: 'snmp://h'}]}\n")
    (warning,) = config.warnings
    assert warning.endswith(
        "site.yaml:10: credentials.usm.priv.secret: the secret is written in the file;"
        " use {env: NAME} or {file: PATH}"
    )
    assert "private-words" not in warning
    text = SITE.replace("{env: COMMUNITY}", "public").replace("private-words", "{file: auth.txt}")
    assert loaded(folder, text).warnings == ()


def test_the_process_environment_counts_unless_another_is_given(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMMUNITY", "of-the-process")
    (folder / "site.yaml").write_text(SITE)
    assert load_config(folder / "site.yaml").devices[2].credentials.community == "of-the-process"


def test_credentials_can_be_had_from_a_file_without_devices(folder: Path) -> None:
    site = folder / "site.yaml"
    site.write_text("credentials: {a: {community: public}}")
    assert load_config(site, {}, need_devices=False).credentials["a"].community == "public"


def test_v1_may_be_written_as_a_number(folder: Path) -> None:
    text = "credentials: {a: {version: 1, community: public}}\n"
    text += "racks: [{name: r, devices: [{name: d, url: 'snmp://h', credentials: a}]}]"
    assert loaded(folder, text).devices[0].credentials.version is SnmpVersion.V1


CDU = """\
profile: my-cdu
title: a CDU
kind: cdu
protocol: modbus
verified: datasheet
source: a datasheet
quirks: {delay_ms: 50}
points:
  - {metric: rack_pump_speed_rpm, address: 1, unit: rpm}
"""


def test_devices_of_one_line_need_what_the_neediest_of_them_needs(folder: Path) -> None:
    (folder / "mine" / "my-cdu.yaml").write_text(CDU)
    fast = CDU.replace("my-cdu", "my-other").replace("delay_ms: 50", "connect_pause_ms: 20")
    (folder / "mine" / "my-other.yaml").write_text(fast)
    config = loaded(
        folder,
        """\
profiles: [mine]
racks:
  - name: r
    devices:
      - {name: a, url: modbus+tcp://gateway/1, profile: my-cdu}
      - {name: b, url: modbus+tcp://gateway/2, profile: my-other}
      - {name: c, url: modbus+tcp://gateway/3}
      - {name: d, url: modbus+tcp://elsewhere/1, profile: my-other}
      - {name: e, url: snmp://gateway, profile: my-pdu}
""",
    )
    lines = [device.url.line for device in config.devices]
    quirks = config.quirks()
    assert lines[0] == lines[1] == lines[2] != lines[3]
    assert set(quirks) == {lines[0], lines[3]}
    assert (quirks[lines[0]].delay_s, quirks[lines[0]].connect_pause_s) == (0.05, 0.02)
    assert quirks[lines[3]].delay_s == 0


def test_what_may_be_probed_is_told_by_address(folder: Path) -> None:
    text = "\nprobe: {networks: [10.20.0.0/16, '2001:db8::/64']}\n"
    probe = loaded(folder, SITE + text).spec.probe
    assert probe is not None
    asked = ("10.20.3.4", "10.21.0.1", "2001:db8::1", "::1")
    assert [probe.allows(address) for address in asked] == [True, False, True, False]
    assert loaded(folder).spec.probe is None


@pytest.mark.parametrize("network", ["10.20.0.1/16", "10.20", "hall-7"])
def test_what_is_no_network_is_named(folder: Path, network: str) -> None:
    with pytest.raises(ConfigError, match="is not a network such as"):
        loaded(folder, SITE + f"\nprobe: {{networks: ['{network}']}}\n")


def test_a_build_sheet_is_looked_for_beside_the_file_and_not_read(folder: Path) -> None:
    assert loaded(folder).rack("r1").sheet is None
    text = SITE.replace("model: nvl72", "sheet: plans/r1.yaml", 1)
    assert loaded(folder, text).rack("r1").sheet == folder / "plans/r1.yaml"


def test_a_network_that_is_a_number_is_named(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"probe\.networks\[0\]"):
        loaded(folder, SITE + "\nprobe: {networks: [5]}\n")
