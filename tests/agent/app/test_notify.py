"""What the service manager is told: on a socket as systemd gives it, and by the daemon itself."""

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from agent.app.notify import Notifier
from agent.app.wiring import Agent
from agent.config import load_config
from agent.model.values import PollResult
from tests.end_to_end.ports import free_tcp_ports, free_udp_ports
from tests.end_to_end.programs import background

_PATIENCE_S = 30.0


@contextlib.contextmanager
def manager(address: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.settimeout(_PATIENCE_S)
        sock.bind(address)
        yield sock


@pytest.mark.parametrize("abstract", [False, True])
def test_assignments_arrive_in_one_datagram(tmp_path: Path, abstract: bool) -> None:
    name = f"rackagent-test-{os.getpid()}"
    bound = f"\0{name}" if abstract else str(tmp_path / "notify")
    given = f"@{name}" if abstract else bound
    with manager(bound) as heard:
        Notifier({"NOTIFY_SOCKET": given}).send("READY=1", "STATUS=six devices")
        assert heard.recv(1000) == b"READY=1\nSTATUS=six devices"


def test_without_a_manager_nothing_is_sent_and_nothing_fails() -> None:
    Notifier({}).send("READY=1")
    assert Notifier({"WATCHDOG_USEC": "1000000"}).watchdog_s is None


def test_a_manager_that_is_gone_is_told_of_once(tmp_path: Path) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    with capture_logs() as logs:
        notifier.send("READY=1")
        notifier.send("STOPPING=1")
    assert [each["event"] for each in logs] == ["cannot reach the service manager"]


@pytest.mark.parametrize(
    ("microseconds", "pid", "seconds"),
    [
        ("30000000", "", 30.0),
        ("30000000", "own", 30.0),
        ("30000000", "1", None),
        ("", "", None),
        ("soon", "", None),
        ("0", "", None),
    ],
)
def test_the_watchdog_is_for_this_process_or_not(
    microseconds: str, pid: str, seconds: float | None
) -> None:
    pid = (
        str(os.getpid()) if pid == "own" else pid
    )  # not in the test's name: each worker has its own
    environment = {"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": microseconds, "WATCHDOG_PID": pid}
    assert Notifier(environment).watchdog_s == seconds


async def test_the_watchdog_is_fed_only_while_polls_make_progress(tmp_path: Path) -> None:
    stuck: list[str] = []
    environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "20000"}
    with manager(environment["NOTIFY_SOCKET"]) as heard, capture_logs() as logs:
        heard.setblocking(False)
        async with Notifier(environment).watched(lambda: stuck):
            for _ in range(100):
                await asyncio.sleep(0.01)
                with contextlib.suppress(BlockingIOError):
                    assert heard.recv(100) == b"WATCHDOG=1"
                    break
            else:
                pytest.fail("the watchdog was not fed")
            stuck.append("cdu")
            await asyncio.sleep(0.05)  # what was on its way
            with contextlib.suppress(BlockingIOError):
                while heard.recv(100):
                    pass
            await asyncio.sleep(0.1)
            with pytest.raises(BlockingIOError):
                heard.recv(100)
    assert [each["devices"] for each in logs if each["log_level"] == "error"] == [["cdu"]]


def site(folder: Path) -> Path:
    [http], [port] = free_tcp_ports(1), free_udp_ports(1)
    path = folder / "site.yaml"
    path.write_text(
        f"http: {{listen: '127.0.0.1:{http}'}}\n"
        "defaults: {interval: 1s, timeout: 100ms, retries: 0}\n"
        "racks:\n  - name: r1\n    devices:\n"
        f"      - {{name: pdu, url: 'snmp://127.0.0.1:{port}', profile: apc-rpdu2}}\n",
        encoding="utf-8",
    )
    return path


def test_a_device_that_is_silent_is_not_stuck_and_a_hung_poller_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = Agent(load_config(site(tmp_path)))
    assert agent.stuck() == []
    later = time.monotonic() + 304.0
    monkeypatch.setattr("agent.app.wiring.time.monotonic", lambda: later)
    assert agent.stuck() == ["pdu"]
    agent._deliver(PollResult("pdu", False, {}, (), 0.0, 0.1))
    assert agent.stuck() == []


def test_the_daemon_says_ready_alive_and_stopping(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    environment = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "200000", "WATCHDOG_PID": ""}
    with (
        manager(address) as heard,
        background("run", str(site(tmp_path)), env=environment) as process,
    ):
        ready = heard.recv(1000).decode()
        assert ready.startswith("READY=1\nSTATUS=1 devices, http://127.0.0.1:")
        assert heard.recv(1000) == b"WATCHDOG=1"
        process.send_signal(signal.SIGTERM)
        said = b""
        while said != b"STOPPING=1":
            said = heard.recv(1000)
