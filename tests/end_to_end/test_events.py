"""Events of a running agent on a simulated rack: raised once, and remembered over a restart."""

import asyncio
from pathlib import Path
from typing import Any

import httpx

from agent.app.wiring import Running, running
from agent.config import Config, load_config
from agent.model.values import PollResult
from simulator.site.rack_server import serving
from tests.end_to_end.ports import free_tcp_ports
from tests.simulator.bench import write_site
from tests.waiting import until


def site(folder: Path, roles: dict[str, str] | None = None) -> Config:
    [http] = free_tcp_ports(1)
    path = write_site(
        folder,
        roles or {"cdu": "orv3-rpu", "pdu-a": "apc-rpdu2"},
        http={"listen": f"127.0.0.1:{http}"},
        events={"path": "events.db"},
        defaults={"interval": "100ms", "timeout": "500ms", "retries": 1},
    )
    return load_config(path)


async def events(current: Running, **params: Any) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(base_url=current.url) as client:
        answer = await client.get("/api/v1/events", params=params)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["events"]
        return found


async def reported(current: Running, what: Any, **params: Any) -> list[dict[str, Any]]:
    async def found() -> list[dict[str, Any]]:
        return [each for each in await events(current, **params) if what(each)]

    happened: list[dict[str, Any]] = await until(found)
    return happened


async def polled(current: Running, device: str, times: int) -> None:
    """Until a device was polled so many times more."""
    more = asyncio.Semaphore(0)

    def count(_: object, result: PollResult) -> None:
        if result.device == device:
            more.release()

    current.agent.store.subscribe(count)
    for _ in range(times):
        await more.acquire()


def leak(event: dict[str, Any]) -> bool:
    return bool(event["metric"] == "rack_leak_detected")


def metric(current: Running, start: str) -> list[str]:
    lines = current.agent.exposition.render().decode().splitlines()
    return [line for line in lines if line.startswith(start)]


async def test_a_leak_is_raised_once_and_cleared_over_a_restart(tmp_path: Path) -> None:
    config = site(tmp_path)
    async with serving(config, live=False) as rack:
        rack.advance(5.0)
        async with running(config) as current:
            fault = rack.injector.inject("leak", {})
            rack.advance(600.0)
            [raised] = await reported(current, leak)
            assert (raised["action"], raised["standing"]) == ("raised", True)
            assert raised["source"]["table"]
            await polled(current, "cdu", 5)
            assert len([each for each in await events(current) if leak(each)]) == 1
            assert [each["id"] for each in await events(current, standing=True)] == [raised["id"]]
            assert metric(current, 'rackagent_events_standing{kind="alarm"} ') == [
                'rackagent_events_standing{kind="alarm"} 1.0'
            ]
        rack.injector.clear(fault.id)
        rack.advance(3600.0)
        async with running(config) as current:
            found = await reported(current, lambda each: leak(each) and each["action"] == "cleared")
            assert len(found) == 1
            assert raised["id"] in [each["id"] for each in await events(current) if leak(each)]
            assert await events(current, standing=True) == []


async def test_a_silent_device_and_one_that_is_no_longer_configured(tmp_path: Path) -> None:
    config = site(tmp_path)
    async with running(config) as current:  # nobody serves: both are silent
        found = await reported(current, lambda each: each["device"] == "pdu-a")
        assert (found[0]["kind"], found[0]["action"]) == ("device", "raised")
        assert found[0]["reason"]
        await reported(current, lambda each: each["device"] == "cdu")
    later = site(tmp_path, {"cdu": "orv3-rpu"})
    async with running(later) as current:
        [gone] = await reported(current, lambda each: each["action"] == "cleared")
        assert (gone["device"], gone["reason"]) == ("pdu-a", "no longer configured")


async def test_what_cannot_be_asked(tmp_path: Path) -> None:
    async with (
        running(site(tmp_path)) as current,
        httpx.AsyncClient(base_url=current.url) as client,
    ):
        for params, status in (
            ({"device": "nobody"}, 404),
            ({"after": -1}, 422),
            ({"limit": 1001}, 422),
            ({"after": 2**60}, 422),
        ):
            assert (await client.get("/api/v1/events", params=params)).status_code == status
