"""The daemon behind TLS and a password, and a real Prometheus that scrapes it."""

import json
import ssl
import urllib.error
import urllib.request
from base64 import b64encode
from contextlib import ExitStack
from pathlib import Path

import bcrypt
import pytest

from tests.certificates import Authority
from tests.end_to_end.monitoring import prometheus, query
from tests.end_to_end.ports import free_tcp_ports, free_udp_ports
from tests.end_to_end.programs import background, eventually

PASSWORD = "open sesame"


def status(url: str, context: ssl.SSLContext, login: str = "") -> int:
    request = urllib.request.Request(url)
    if login:
        request.add_header("Authorization", "Basic " + b64encode(login.encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=5, context=context) as answer:
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


@pytest.mark.peer
def test_a_prometheus_scrapes_over_tls_with_a_password(tmp_path: Path) -> None:
    context = write_web(tmp_path)
    http, prom = free_tcp_ports(2)
    site = write_site(tmp_path, f"127.0.0.1:{http}", web_config="web.yml")
    secured = {
        "scheme": "https",
        "basic_auth": {"username": "prom", "password": PASSWORD},
        "tls_config": {"ca_file": str(tmp_path / "ca.pem")},
    }
    url = f"https://127.0.0.1:{http}/-/healthy"
    with ExitStack() as stack:
        agent = stack.enter_context(background("run", str(site)))
        eventually(lambda: status(url, context, f"prom:{PASSWORD}") == 200)
        assert status(url, context) == 401
        assert status(url, context, "prom:wrong") == 401
        job = {**secured, "static_configs": [{"targets": [f"127.0.0.1:{http}"]}]}
        peer = stack.enter_context(prometheus(tmp_path, job, prom))
        eventually(lambda: [r for r in query(peer, "up") if r["value"][1] == "1"])
        agent.terminate()
        out, err = agent.communicate(timeout=30)
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
        assert "HTTP is open" not in agent.communicate(timeout=30)[1]
