"""Profiles and configuration in the directory of a run, and no secret among them."""

import json
from pathlib import Path

import pytest

from agent.commission.evidence.provenance import (
    CONFIGURATION,
    PROFILES,
    REDACTED,
    keep_origins,
    redacted,
)
from agent.config import load_config
from agent.model.errors import ConfigError

SITE = """\
credentials:
  old: {version: 2c, community: topsecret}
  new:
    version: 3
    user: agent
    auth: {protocol: SHA-256, secret: {env: AUTH_SECRET}}
    priv: {protocol: AES-128, secret: private-secret}
mqtt: {url: "mqtt://127.0.0.1", username: agent, password: mqtt-secret, outbox: {path: box}}
stimuli:
  load: [/bin/load, --token, argument-secret]
racks:
  - name: topsecret
    devices:
      - {name: pdu, url: "snmp://10.0.0.5", profile: raritan-px1, credentials: old}
      - {name: cdu, url: "snmp://10.0.0.6", credentials: new}
"""


def test_what_is_kept_has_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH_SECRET", "outside-secret")
    site = tmp_path / "site.yaml"
    site.write_text(SITE)
    config = load_config(site)
    run = tmp_path / "run"
    run.mkdir()
    profile = "raritan-px1"
    keep_origins(run, config, [profile, profile])
    text = (run / CONFIGURATION).read_text()
    for secret in ("topsecret", "outside", "private-secret", "mqtt-secret", "argument-secret"):
        assert secret not in text
    kept = json.loads(text)
    assert kept["credentials"]["old"] == {"version": "2c", "community": REDACTED}
    assert kept["credentials"]["new"]["auth"]["secret"] == {"env": "AUTH_SECRET"}
    assert kept["stimuli"]["load"] == ["/bin/load", REDACTED, REDACTED]
    assert kept["racks"][0]["name"] == REDACTED, "it equals a secret"
    assert kept["racks"][0]["devices"][0]["url"] == "snmp://10.0.0.5"
    source = config.library.profiles[profile]
    assert (run / PROFILES / f"{profile}.yaml").read_bytes() == source.read_bytes()


def test_fragments_come_along_and_nothing_is_overwritten(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    (mine / "fragments").mkdir(parents=True)
    (mine / "fragments" / "part.yaml").write_text("fragment: part\npoints: []\n")
    (mine / "a.yaml").write_text("profile: a\ninclude: [part]\n")
    (mine / "b.yaml").write_text("profile: b\ninclude: [{fragment: part, at: 100}]\n")
    site = tmp_path / "site.yaml"
    site.write_text("profiles: [mine]\n")
    config = load_config(site, need_devices=False)
    run = tmp_path / "run"
    run.mkdir()
    keep_origins(run, config, ["a", "b"])
    keep_origins(run, config, ["a", "b"])
    names = ["profiles/a.yaml", "profiles/b.yaml", "profiles/fragments/part.yaml"]
    assert found(run) == ["configuration.json", *names]
    (mine / "a.yaml").write_text("profile: a\ninclude: []\n")
    keep_origins(run, config, ["a"])
    assert found(run) == ["configuration.json", "profiles/a-2.yaml", *names]
    (mine / "b.yaml").unlink()
    with pytest.raises(ConfigError, match=r"b\.yaml"):
        keep_origins(run, config, ["b"])


def found(run: Path) -> list[str]:
    return sorted(p.relative_to(run).as_posix() for p in run.rglob("*") if p.is_file())


def test_lists_and_numbers_of_secrets_are_secrets() -> None:
    given = {
        "password": [1, "a"],
        "stimuli": {"w": {"write": {"value": 3}}},
        "deep": [{"token": 1}],
    }
    assert redacted(given, frozenset()) == {
        "password": [REDACTED, REDACTED],
        "stimuli": {"w": {"write": {"value": 3}}},
        "deep": [{"token": REDACTED}],
    }
