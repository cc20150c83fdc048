"""The daemon behind TLS and a password, and a real Prometheus that scrapes it.

``RACKAGENT_SCRAPE_S`` sets how long it scrapes a rack (4 s by default, every second; from a minute
on every 5 s; beyond four give pytest ``-o faulthandler_timeout=900``).
"""

import json
import os
import re
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from base64 import b64encode
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import bcrypt
import pytest

from tests.agent.expose.rack import parse_openmetrics
from tests.certificates import Authority
from tests.end_to_end.monitoring import prometheus, query
from tests.end_to_end.ports import free_tcp_ports, free_udp_ports
from tests.end_to_end.programs import background, fetch
from tests.peers import require
from tests.simulator import bench
from tests.waiting import PATIENCE_S, eventually

PASSWORD = "open sesame"
SCRAPE_S = int(os.environ.get("RACKAGENT_SCRAPE_S", "4"))
EVERY_S = 5 if SCRAPE_S >= 60 else 1
ROLES = {"pdu-a": "apc-rpdu2", "cdu": "orv3-rpu", "switch-1": "arista-eos"}
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def asking(url: str, login: str = "") -> urllib.request.Request:
    request = urllib.request.Request(url)
    if login:
        request.add_header("Authorization", "Basic " + b64encode(login.encode()).decode())
    return request


def status(url: str, context: ssl.SSLContext, login: str = "") -> int:
    request = asking(url, login)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S, context=context) as answer:
            code: int = answer.status
            return code
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def write_site(folder: Path, listen: str, **http: str) -> Path:
    """A site of one device that never answers."""
    device = {"name": "d", "url": f"snmp://127.0.0.1:{free_udp_ports(1)[0]}", "profile": "auto"}
    site = {"http": {"listen": listen, **http}, "racks": [{"name": "r", "devices": [device]}]}
    (folder / "site.yaml").write_text(json.dumps(site))
    return folder / "site.yaml"


def write_web(folder: Path) -> ssl.SSLContext:
    """``web.yml`` with TLS and a user; gives a context that trusts it."""
    authority = Authority(folder)
    authority.issue("web")
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(10)).decode()
    web = {
        "tls_server_config": {"cert_file": "web.crt", "key_file": "web.key"},
        "basic_auth_users": {"prom": hashed},
        "http_server_config": {"headers": {"Strict-Transport-Security": "max-age=60"}},
    }
    (folder / "web.yml").write_text(json.dumps(web))
    return ssl.create_default_context(cafile=str(authority.file))


def secured(folder: Path, port: int) -> dict[str, Any]:
    """What Prometheus must know to scrape the agent on ``port``."""
    return {
        "scheme": "https",
        "basic_auth": {"username": "prom", "password": PASSWORD},
        "tls_config": {"ca_file": str(folder / "ca.pem")},
        "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
    }


@pytest.mark.peer
def test_no_scrape_fails_and_nothing_scraped_is_doubted(tmp_path: Path) -> None:
    context = write_web(tmp_path)
    http, prom = free_tcp_ports(2)
    site = bench.write_site(
        tmp_path,
        ROLES,
        site="lab",
        http={"listen": f"127.0.0.1:{http}", "web_config": "web.yml"},
        defaults={"interval": "1s", "timeout": "1s"},
    )
    login, url = f"prom:{PASSWORD}", f"https://127.0.0.1:{http}"
    with (
        background("simulate", str(site)),
        background("run", str(site)),
        ExitStack() as stack,
    ):
        eventually(lambda: status(f"{url}/-/ready", context, login) == 200)
        peer = stack.enter_context(prometheus(tmp_path, secured(tmp_path, http), prom, EVERY_S))
        eventually(lambda: query(peer, f"sum(rackagent_device_up) == {len(ROLES)}"))
        time.sleep(SCRAPE_S)
        [up] = query(peer, f"up[{SCRAPE_S + 60}s]")
        asked = asking(f"{url}/metrics", login)
        asked.add_header("Accept", "text/plain;version=0.0.4")
        with urllib.request.urlopen(asked, timeout=PATIENCE_S, context=context) as answer:
            text = answer.read()
        asked.remove_header("Accept")
        asked.add_header("Accept", OPENMETRICS)
        with urllib.request.urlopen(asked, timeout=PATIENCE_S, context=context) as answer:
            assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
            families = list(parse_openmetrics(answer.read().decode()))
        own = fetch(f"{peer}/metrics")
        log = (tmp_path / "prometheus.log").read_text(encoding="utf-8")  # its end warns of itself
    assert len(up["values"]) >= SCRAPE_S // EVERY_S
    assert {value for _, value in up["values"]} == {"1"}
    assert not re.findall(r"^.*level=(?:warn|error).*$", log, re.MULTILINE | re.IGNORECASE)
    doubts = re.findall(r"^(prometheus_target_scrapes_\w+_total) ([1-9].*)$", own, re.MULTILINE)
    assert not doubts
    assert any(family.name.startswith("rack_coolant_") for family in families)
    found = subprocess.run(
        [require("promtool"), "check", "metrics"], input=text, capture_output=True, timeout=30
    )
    said = (found.stdout + found.stderr).decode().splitlines()
    assert (found.returncode, said) == (0, [])


@pytest.mark.peer
def test_a_prometheus_scrapes_over_tls_with_a_password(tmp_path: Path) -> None:
    context = write_web(tmp_path)
    http, prom = free_tcp_ports(2)
    site = write_site(tmp_path, f"127.0.0.1:{http}", web_config="web.yml")
    url = f"https://127.0.0.1:{http}/-/healthy"
    with ExitStack() as stack:
        agent = stack.enter_context(background("run", str(site)))
        eventually(lambda: status(url, context, f"prom:{PASSWORD}") == 200)
        assert status(url, context) == 401
        assert status(url, context, "prom:wrong") == 401
        peer = stack.enter_context(prometheus(tmp_path, secured(tmp_path, http), prom))
        eventually(lambda: [r for r in query(peer, "up") if r["value"][1] == "1"])
        agent.terminate()
        out, err = agent.communicate(timeout=PATIENCE_S)
    assert f"rackagent serves https://127.0.0.1:{http} " in err
    assert "HTTP is open" not in err
    assert not any(secret in out + err for secret in (PASSWORD, "$2b$"))


def test_an_open_address_is_warned_of_and_the_command_line_closes_it(tmp_path: Path) -> None:
    context = write_web(tmp_path)
    (port,) = free_tcp_ports(1)
    site = write_site(tmp_path, f"0.0.0.0:{port}")
    with background("run", str(site)) as agent:
        assert agent.stderr is not None
        first = [agent.stderr.readline()]
        while "rackagent serves" not in first[-1]:
            first.append(agent.stderr.readline())
        assert "HTTP is open" in "".join(first)
    with background("run", str(site), "--web-config", str(tmp_path / "web.yml")) as agent:
        url = f"https://127.0.0.1:{port}/metrics"
        eventually(lambda: status(url, context, f"prom:{PASSWORD}") == 200)
        assert status(url, context) == 401
        agent.terminate()
        assert "HTTP is open" not in agent.communicate(timeout=PATIENCE_S)[1]
