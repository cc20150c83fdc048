"""The command line against net-snmp's own agent: its interfaces, and honest errors."""

import json
import socket
import socketserver
import threading
from pathlib import Path
from typing import Any

import pytest

from agent.model.credentials import AuthProtocol, PrivProtocol
from tests import peers
from tests.end_to_end.ports import free_udp_ports
from tests.end_to_end.programs import rackagent, read

pytestmark = pytest.mark.peer


def interfaces(document: dict[str, Any]) -> set[str]:
    states = (r for r in document["readings"] if r["metric"] == "rack_port_oper_state")
    return {reading["labels"]["port"] for reading in states}


def names_of_this_machine() -> set[str]:
    return {name for _, name in socket.if_nameindex()}


def write_credentials(path: Path, secret: str) -> None:
    user = peers.user_name(AuthProtocol.SHA256, PrivProtocol.AES128)
    credentials = {
        "version": 3,
        "user": user,
        "auth": {"protocol": "SHA-256", "secret": secret},
        "priv": {"protocol": "AES-128", "secret": peers.PRIV_SECRET},
    }
    path.write_text(json.dumps({"credentials": {"v3": credentials}}), encoding="utf-8")


@pytest.mark.parametrize("engine", ["native", "pysnmp"])
def test_its_interfaces_are_read_over_v2c_and_v3(tmp_path: Path, engine: str) -> None:
    config = tmp_path / "credentials.yaml"
    write_credentials(config, peers.AUTH_SECRET)
    with peers.snmpd(tmp_path) as agent:
        url = f"snmp://127.0.0.1:{agent.port}"
        plain = read(url, "--engine", engine)
        private = read(url, "--engine", engine, "--credentials", "v3", "--config", str(config))
    assert interfaces(plain) == interfaces(private) == names_of_this_machine()
    assert plain["device"]["sys_object_id"] == "1.3.6.1.4.1.8072.3.2.10"


def test_a_wrong_community_and_a_wrong_password_are_told_apart(tmp_path: Path) -> None:
    config = tmp_path / "credentials.yaml"
    write_credentials(config, "not-the-secret")
    with peers.snmpd(tmp_path) as agent:
        url = f"snmp://127.0.0.1:{agent.port}"
        quick = ("--format", "json", "--timeout", "0.3", "--retries", "0")
        silent = rackagent("read", url, *quick, "--community", "wrong", status=3)
        login = ("--credentials", "v3", "--config", str(config))
        refused = rackagent("read", url, *quick, *login, status=3)
    assert json.loads(silent)["failures"][0]["kind"] == "timeout"
    failure = json.loads(refused)["failures"][0]
    assert failure["kind"] == "authentication"
    assert "not-the-secret" not in json.dumps(failure)


def test_nobody_there_and_no_such_host_are_unreachable() -> None:
    [port] = free_udp_ports(1)
    quick = ("--format", "json", "--timeout", "0.2", "--retries", "0")
    nobody = json.loads(rackagent("read", f"snmp://127.0.0.1:{port}", *quick, status=3))
    assert nobody["failures"][0]["kind"] in ("timeout", "unreachable")
    unknown = json.loads(rackagent("read", "snmp://no-such-host.invalid", *quick, status=3))
    assert unknown["failures"][0]["kind"] == "unreachable"
    assert "no-such-host.invalid" in unknown["failures"][0]["message"]


class _Nonsense(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while self.request.recv(1024):
            self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_a_device_that_answers_nonsense_is_named_and_read_as_nothing() -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), _Nonsense) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"modbus+tcp://127.0.0.1:{server.server_address[1]}/1"
            quick = ("--format", "json", "--timeout", "0.5", "--retries", "0")
            said = json.loads(rackagent("read", url, "--profile", "orv3-rpu", *quick, status=1))
        finally:
            server.shutdown()
            thread.join()
    assert said["failures"][0]["kind"] in ("timeout", "protocol", "unreachable")
    assert said["readings"] == []
