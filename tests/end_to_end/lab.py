"""A simulated rack and the agent on it, as two programs that a test may end, start and break."""

import contextlib
import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.end_to_end.ports import free_tcp_ports, free_udp_ports
from tests.end_to_end.programs import background, fetch
from tests.waiting import PATIENCE_S, eventually

INTERVAL_S = 1


class Lab:
    """The rack ``r1`` of an NVL72 with PDUs, a power shelf, a pumping unit and switches."""

    def __init__(self, folder: Path) -> None:
        snmp, tcp = free_udp_ports(4), free_tcp_ports(4)
        self.root = f"http://127.0.0.1:{tcp[0]}"
        self._control = tcp[1]
        self._stack, self._agent = ExitStack(), ExitStack()
        self.agent: subprocess.Popen[str] | None = None
        self._site = folder / "site.yaml"
        devices: list[dict[str, Any]] = [
            _device("pdu-a", f"snmp://127.0.0.1:{snmp[0]}", "apc-rpdu2", side="left"),
            _device("pdu-b", f"snmp://127.0.0.1:{snmp[1]}", "apc-rpdu2", side="right"),
            _device("shelf-1", f"modbus+tcp://127.0.0.1:{tcp[2]}/144", "orv3-hpr-psu", u=40),
            _device("cdu", f"modbus+tcp://127.0.0.1:{tcp[3]}/12", "orv3-rpu", u=1, height=4),
            _device("switch-1", f"snmp://127.0.0.1:{snmp[2]}", "switch", u=22),
            _device("switch-2", f"snmp://127.0.0.1:{snmp[3]}", "switch"),
        ]
        site = {
            "site": "lab",
            "defaults": {"interval": f"{INTERVAL_S}s", "timeout": "500ms", "retries": 0},
            "http": {"listen": f"127.0.0.1:{tcp[0]}"},
            "racks": [{"name": "r1", "model": "nvl72", "devices": devices}],
        }
        self._site.write_text(json.dumps(site), encoding="utf-8")

    def __enter__(self) -> "Lab":
        with contextlib.ExitStack() as stack:
            place = f"127.0.0.1:{self._control}"
            stack.enter_context(background("simulate", str(self._site), "--control", place))
            eventually(lambda: self._ask("GET", "state"))
            stack.callback(self.stop)
            self.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self) -> None:
        """Start the agent; it has asked every device when this returns."""
        self.agent = self._agent.enter_context(background("run", str(self._site)))
        eventually(lambda: fetch(f"{self.root}/-/ready"))

    def stop(self) -> None:
        """End the agent."""
        self._agent.close()

    @contextlib.contextmanager
    def broken(self, fault: str, **params: str | float) -> Iterator[None]:
        """Break something while the block runs."""
        made = self._ask("POST", "faults", {"fault": fault, "params": params})
        try:
            yield
        finally:
            self._ask("DELETE", f"faults/{made['id']}")

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._control}/{path}",
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return json.load(answer)


def _device(name: str, url: str, profile: str, **position: Any) -> dict[str, Any]:
    told = {"name": name, "url": url, "profile": profile}
    return {**told, "position": position} if position else told
