"""Secrets that are planted everywhere come out nowhere: logs, pages, metrics, errors, records."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import bcrypt
import httpx
import pytest

from tests.end_to_end.ports import free_tcp_ports, free_udp_ports
from tests.end_to_end.programs import RACKAGENT, background
from tests.waiting import eventually

COMMUNITY = "planted-community-4711"
AUTH = "planted-auth-secret-4712"
PRIV = "planted-priv-secret-4713"
INLINE = "planted-inline-secret-4714"
PASSWORD = "planted-password-4715"
PLANTED = (COMMUNITY, AUTH, PRIV, INLINE, PASSWORD)


class Site:
    """A rack behind a password, with a community from the environment and a v3 user from files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "site.yaml"
        (folder / "auth").write_text(AUTH)
        (folder / "priv").write_text(f"{PRIV}\n")
        hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
        self.planted = (*PLANTED, hashed)
        web = {"basic_auth_users": {"scraper": hashed}}
        (folder / "web.yml").write_text(json.dumps(web), encoding="utf-8")
        [http], [control] = free_tcp_ports(1), free_tcp_ports(1)
        self.url, self.control = f"http://127.0.0.1:{http}", f"127.0.0.1:{control}"
        ports = free_udp_ports(4)
        usm = {
            "version": "3",
            "user": "reader",
            "auth": {"protocol": "SHA-256", "secret": {"file": "auth"}},
            "priv": {"protocol": "AES-128", "secret": {"file": "priv"}},
        }
        devices = [
            {"name": "pdu-a", "credentials": "from-outside"},
            {"name": "pdu-b", "credentials": "user"},
            {"name": "pdu-c", "role": "pdu-a", "credentials": "in-the-file"},
        ]
        for device, port in zip(devices, ports, strict=False):
            device |= {"url": f"snmp://127.0.0.1:{port}", "profile": "apc-rpdu2"}
        self.site: dict[str, Any] = {
            "http": {"listen": f"127.0.0.1:{http}", "web_config": "web.yml"},
            "reload": {"http": True},
            "probe": {"networks": ["127.0.0.0/8"]},
            "traps": {"listen": f"127.0.0.1:{ports[3]}"},
            "defaults": {"interval": "300ms", "timeout": "200ms", "retries": 0},
            "credentials": {
                "from-outside": {"community": {"env": "PLANTED"}},
                "in-the-file": {"community": INLINE},
                "user": usm,
            },
            "racks": [{"name": "r1", "model": "nvl72", "devices": devices}],
        }
        self.write()
        self.targets = [str(device["url"]) for device in devices]

    def write(self, **changes: object) -> Path:
        self.path.write_text(json.dumps({**self.site, **changes}), encoding="utf-8")
        return self.path


ENVIRONMENT = {"PLANTED": COMMUNITY}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def said(*arguments: str, env: Mapping[str, str] = ENVIRONMENT) -> str:
    """Everything that a command prints, however it ends."""
    done = subprocess.run(
        [*RACKAGENT, *arguments], capture_output=True, text=True, timeout=60,
        env={**os.environ, **env},
    )  # fmt: skip
    return done.stdout + done.stderr


PATHS = ("/", "/metrics", "/-/ready", "/openapi.json", "/api/v1/devices", "/api/v1/events", "/sd")
PAGES = ("/hall", "/rack/r1/power", "/rack/r1/network", "/device/pdu-a", "/device/pdu-b")


def answers(site: Site) -> Iterator[str]:
    """Every page and answer, of good questions and bad ones."""
    right = httpx.BasicAuth("scraper", PASSWORD)
    for auth in (right, httpx.BasicAuth("scraper", f"{PASSWORD}x"), None):
        with httpx.Client(base_url=site.url, auth=auth, timeout=30) as client:
            for path in (*PATHS, *PAGES, "/commissioning", "/device/none"):
                yield str(client.get(path).headers) + client.get(path).text
            yield client.get("/api/v1/readings").text
            yield client.post("/-/reload").text
            for name, target in zip(site.site["credentials"], site.targets, strict=True):
                asked = {"target": target, "profile": "apc-rpdu2", "credentials": name}
                yield client.get("/probe", params=asked).text
            yield client.get(
                "/probe", params={"target": "snmp://127.0.0.1", "credentials": "?"}
            ).text


def test_nothing_that_is_planted_comes_out(site: Site) -> None:
    record = site.folder / "record.jsonl"
    out: list[str] = []
    with (
        background(
            *("simulate", str(site.path), "--record", str(record), "--control", site.control),
            *("--fault", "outlet_off:feed=a,outlet=3@2s+2s"),
            env=ENVIRONMENT,
        ) as simulated,
        background(
            *("run", str(site.path), "--log-level", "debug", "--log-format", "json"),
            env=ENVIRONMENT,
        ) as agent,
    ):
        with httpx.Client(auth=httpx.BasicAuth("scraper", PASSWORD)) as client:
            eventually(lambda: _ready(client, f"{site.url}/-/ready"))
            up = eventually(lambda: _up(client, f"{site.url}/api/v1/devices"))
        assert up == 3  # each way of having a secret was really used
        out += answers(site)
        site.write(raks=[], http={"listen": "127.0.0.1:1"})  # refused, and logged
        out += answers(site)
        site.write()
        out.append(httpx.get(f"http://{site.control}/state").text)
        for target in site.targets:
            for command in ("read", "identify"):
                config = ("--config", str(site.path), "--credentials", "in-the-file")
                out.append(said(command, target, *config))
    out += [text for process in (agent, simulated) for text in process.communicate()]
    out.append(record.read_text(encoding="utf-8"))
    assert "configuration refused" in "".join(out)
    leaks = [(secret, text[:200]) for secret in site.planted for text in out if secret in text]
    assert not leaks


def test_no_error_and_no_listing_repeats_one(site: Site) -> None:
    out = [
        said("check", str(site.path)),
        said("plan", str(site.path)),
        said("check", str(site.path), env={"PLANTED": ""}),
        said("check", str(site.write(credentials={"x": {"community": INLINE, "user": AUTH}}))),
        said("check", str(site.write(credentials={"x": {"community": [INLINE]}}))),
        said("check", str(site.write(credentials={"x": {"communitty": INLINE}}))),
        said("check", str(site.write(credentials={"x": {"version": 3, "user": "u",
             "auth": {"protocol": "SHA-3", "secret": AUTH}}}))),
        said("check", str(site.write(credentials=INLINE))),
        said("check", str(site.write(credentials=[PRIV]))),
        said("check", str(site.write(credentials={"x": INLINE}))),
        said("check", str(site.write(credentials={"x": {"auth": AUTH, "priv": [PRIV]}}))),
        said("read", f"snmp://user:{PRIV}@127.0.0.1"),
    ]  # fmt: skip
    assert all(out)
    leaks = [(secret, text[:400]) for secret in site.planted for text in out if secret in text]
    assert not leaks


def _ready(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(url).status_code == 200
    except httpx.TransportError:
        return False


def _up(client: httpx.Client, url: str) -> int:
    devices = client.get(url).json()["devices"]
    up = sum(device["up"] for device in devices)
    return up if up == len(devices) else 0
