"""``/probe``: a device that is not configured, read because a scrape asks for it."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.app import probe as probe_module
from agent.app import resolve
from agent.app.wiring import running
from agent.config import load_config
from agent.expose.http.probe_route import _within_s
from simulator.site.rack_server import serving
from tests.agent.expose.rack import parse_openmetrics
from tests.end_to_end.ports import free_tcp_ports, free_udp_ports
from tests.simulator.bench import write_site
from tests.waiting import PATIENCE_S

pytestmark = [pytest.mark.moved_clock, pytest.mark.usefixtures("polls_by_the_loop")]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """An agent that knows one silent device, and may probe 127.0.0.0/8 but not ::1."""
    [http], [port] = free_tcp_ports(1), free_udp_ports(1)
    silent = {"name": "other", "url": f"snmp://127.0.0.1:{port}", "profile": "apc-rpdu2"}
    path = tmp_path / "agent.yaml"
    site: dict[str, Any] = {
        "http": {"listen": f"127.0.0.1:{http}"},
        "probe": {"networks": ["127.0.0.0/8"]},
        "credentials": {"hall": {"version": "2c", "community": "hall-7-secret"}},
        "racks": [{"name": "r1", "devices": [silent]}],
    }
    path.write_text(json.dumps(site), encoding="utf-8")
    async with (
        running(load_config(path)) as current,
        httpx.AsyncClient(base_url=current.url, timeout=30) as found,
    ):
        yield found


async def test_a_pdu_and_a_cdu_are_read_by_their_urls(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    roles = {"pdu-a": "apc-rpdu2", "cdu": "orv3-rpu"}
    config = load_config(write_site(tmp_path, roles))
    async with serving(config) as site:
        site.advance(60.0)
        pdu, cdu = (str(device.url) for device in config.devices)
        text = (await client.get("/probe", params={"target": pdu})).text
        assert f'rackagent_device_up{{device="{pdu}"}} 1' in text
        assert "rack_phase_current_amperes{" in text
        assert 'profile="apc-rpdu2"' in text
        assert "process_" not in text  # the agent's own stand at /metrics
        asked = {"target": cdu, "profile": "orv3-rpu"}
        accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
        answer = await client.get("/probe", params=asked, headers=accept)
        names = {family.name for family in parse_openmetrics(answer.text)}
        assert "rack_coolant_flow_liters_per_second" in names


async def test_a_silent_device_is_down_within_the_scrapers_time(client: httpx.AsyncClient) -> None:
    [port] = free_udp_ports(1)
    target = f"snmp://localhost:{port}"
    answer = await client.get(
        "/probe",
        params={"target": target, "profile": "apc-rpdu2"},
        headers={"X-Prometheus-Scrape-Timeout-Seconds": "0.7"},
    )
    assert answer.status_code == 200
    assert f'rackagent_device_up{{device="{target}"}} 0' in answer.text
    failures = f'rackagent_poll_failures_total{{device="{target}",kind="timeout"}} 1'
    assert failures in answer.text


@pytest.mark.parametrize(
    ("params", "status", "said"),
    [
        ({"target": "snmp://192.0.2.7"}, 403, "not in the networks"),
        ({"target": "snmp://[::1]:161"}, 403, "not in the networks"),
        ({"target": "modbus+rtu:///dev/ttyS0/1"}, 403, "a serial line cannot be probed"),
        ({"target": "127.0.0.1"}, 400, "the scheme is missing"),
        ({"target": "snmp://nowhere.invalid"}, 400, "does not resolve"),
        ({"target": "snmp://127.0.0.1", "profile": "apc-rpdu"}, 400, "did you mean"),
        ({"target": "snmp://127.0.0.1", "profile": "orv3-rpu"}, 400, "speaks modbus"),
        ({"target": "snmp://127.0.0.1", "credentials": "x"}, 400, "there are: hall"),
        ({}, 422, "target"),
        ({"target": "s" * 300}, 422, "256"),
    ],
)
async def test_what_cannot_be_asked_is_said(
    client: httpx.AsyncClient, params: dict[str, str], status: int, said: str
) -> None:
    answer = await client.get("/probe", params=params)
    assert answer.status_code == status
    assert said in answer.text
    assert "hall-7-secret" not in answer.text


async def test_a_few_at_once_and_no_more(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe_module, "_AT_ONCE", 2)
    [port] = free_udp_ports(1)
    asked = {"target": f"snmp://127.0.0.1:{port}", "profile": "apc-rpdu2", "credentials": "hall"}
    hurry = {"X-Prometheus-Scrape-Timeout-Seconds": "1.5"}
    answers = await asyncio.gather(
        *(client.get("/probe", params=asked, headers=hurry) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 200, 429, 429]
    after = await client.get("/probe", params=asked, headers=hurry)
    assert after.status_code == 200


async def test_names_that_do_not_resolve_in_time_delay_no_others(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look-up cannot be cancelled: those that hang count until they have ended."""
    answered, started = threading.Event(), []
    direct = resolve._lookup

    def lookup(host: str, port: int, flags: int) -> list[str]:
        if host.startswith("slow") and not flags:
            started.append(host)
            answered.wait(PATIENCE_S)
        return direct(host, port, flags)

    monkeypatch.setattr(resolve, "_lookup", lookup)
    hurry = {"X-Prometheus-Scrape-Timeout-Seconds": "0.7"}
    try:
        slow = await asyncio.gather(
            *(client.get("/probe", params={"target": f"snmp://slow{n}.invalid"}, headers=hurry)
              for n in range(12))
        )  # fmt: skip
        assert sorted(answer.status_code for answer in slow) == [400] * 8 + [429] * 4
        assert "did not resolve within 0.2 s" in "".join(answer.text for answer in slow)
        again = await client.get(
            "/probe", params={"target": "snmp://slow99.invalid"}, headers=hurry
        )
        assert again.status_code == 429
        [port] = free_udp_ports(1)
        target = {"target": f"snmp://127.0.0.1:{port}", "profile": "apc-rpdu2"}
        by_address = await client.get("/probe", params=target, headers=hurry)
        assert by_address.status_code == 200
        assert len(started) == 8
    finally:
        answered.set()


async def test_nothing_is_probed_where_no_network_is_named(tmp_path: Path) -> None:
    [http] = free_tcp_ports(1)
    path = write_site(tmp_path, {"pdu-a": "apc-rpdu2"}, http={"listen": f"127.0.0.1:{http}"})
    async with (
        running(load_config(path)) as current,
        httpx.AsyncClient(base_url=current.url) as client,
    ):
        answer = await client.get("/probe", params={"target": "snmp://127.0.0.1"})
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10", 9.5), ("0.2", 10.0), ("", 10.0), ("soon", 10.0), ("nan", 10.0), ("inf", 10.0)],
)
def test_the_scrapers_time_is_kept(text: str, seconds: float) -> None:
    assert _within_s(text) == seconds
