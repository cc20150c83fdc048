"""A small site, and what is said of it when it is wrong."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from agent.config import load_config
from agent.model.errors import ConfigError

SITE = """\
site: lab
profiles: [mine]
credentials:
  community:
    community: {env: COMMUNITY}
  usm:
    version: 3
    user: rack
    auth: {protocol: SHA-512, secret: {file: auth.txt}}
    priv: {secret: private-words}
    context: bay
defaults: {interval: 500ms, timeout: 1.5, retries: 3, stale_after: 1m}
http: {listen: '[::1]:9000'}
racks:
  - name: r1
    model: nvl72
    labels: {row: A, feed: none}
    devices:
      - name: pdu-a
        url: snmp://10.0.0.5
        profile: my-pdu
        credentials: usm
        position: {u: 12, height: 2, side: rear}
        labels: {feed: B}
      - {name: rpu, url: modbus+tcp://10.0.0.7/12, interval: 1h, timeout: 1, retries: 0, stale_after: 2h, role: cdu}
  - name: r2
    devices:
      - {name: spare, url: snmp://10.0.0.6, credentials: community, engine: pysnmp}
"""  # noqa: E501

PDU = """\
profile: my-pdu
title: a PDU
kind: pdu
protocol: snmp
verified: datasheet
source: a datasheet
points:
  - {metric: rack_inlet_power_watts, oid: 1.3.6.1.4.1.99.1.0, unit: W}
"""

ENVIRONMENT = {"COMMUNITY": "from-outside"}
Check = Callable[..., list[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "my-pdu.yaml").write_text(PDU)
    (tmp_path / "auth.txt").write_text("from-a-file\n")
    return tmp_path


@pytest.fixture
def problems(folder: Path) -> Check:
    """What is said of a site, without its file's name."""

    def check(text: str, environment: Mapping[str, str] = ENVIRONMENT) -> list[str]:
        site = folder / "site.yaml"
        site.write_text(text)
        with pytest.raises(ConfigError) as caught:
            load_config(site, environment)
        return [line.removeprefix(str(site)) for line in str(caught.value).splitlines()]

    return check
