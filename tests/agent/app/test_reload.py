"""A configuration that changes while the agent runs: who starts anew, and who must not notice."""

import asyncio
import json
import signal
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.app import reload as reload_module
from agent.app.reload import check_fixed
from agent.app.wiring import Running, running
from agent.config import load_config
from agent.model.errors import ConfigError
from simulator.site.rack_server import serving
from simulator.wire.modbus_server import ModbusServer
from tests.end_to_end.ports import free_tcp_ports, free_udp_ports
from tests.end_to_end.programs import background, fetch
from tests.waiting import PATIENCE_S, eventually, until

pytestmark = [pytest.mark.moved_clock, pytest.mark.usefixtures("polls_by_the_loop")]

_COUNT = 20


class Place:
    """A site's file with twenty devices that nobody serves unless a test does."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "site.yaml"
        [http] = free_tcp_ports(1)
        self.url = f"http://127.0.0.1:{http}"
        self.site: dict[str, Any] = {
            "http": {"listen": f"127.0.0.1:{http}"},
            "reload": {"http": True},
            "defaults": {"interval": "100ms", "timeout": "50ms", "retries": 0},
            "racks": [{"name": "r1", "model": "nvl72", "devices": []}],
        }
        ports = free_udp_ports(_COUNT)
        self.devices: list[dict[str, Any]] = self.site["racks"][0]["devices"]
        for number, port in enumerate(ports):
            self.devices.append(
                {
                    "name": f"pdu-{number}",
                    "role": "pdu-a",
                    "url": f"snmp://127.0.0.1:{port}",
                    "profile": "apc-rpdu2",
                }
            )
        self.write()

    def write(self) -> None:
        self.path.write_text(json.dumps(self.site), encoding="utf-8")

    @asynccontextmanager
    async def run(self) -> AsyncIterator[Running]:
        async with running(load_config(self.path), lambda: load_config(self.path)) as current:
            await until(lambda: current.agent.ready)
            yield current


class _Ones:
    """A unit whose registers all hold 1."""

    def read(self, table: str, address: int, count: int) -> list[int]:
        return [1] * count


def tasks(current: Running) -> dict[str, asyncio.Task[None]]:
    return dict(current.agent._tasks)


def own_lines(current: Running, name: str) -> list[str]:
    lines = current.agent.exposition.render().decode().splitlines()
    return [line for line in lines if line.startswith(name)]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def test_one_device_of_twenty_changes_and_the_others_poll_on(place: Place) -> None:
    async with serving(load_config(place.path)), place.run() as current:
        before, digest = tasks(current), own_lines(current, "rackagent_config_info")
        polls = {name: current.agent.store.device(name).polls for name in before}
        began, history = time.time(), current.agent.history
        assert list(history.tracks("pdu-7"))
        place.devices[7]["interval"] = "200ms"
        place.write()
        outcome = await current.reloader.reload()
        assert (outcome.done, outcome.text) == (True, "0 added, 1 changed, 0 removed, 19 kept")
        after = tasks(current)
        assert {name for name in after if after[name] is not before[name]} == {"pdu-7"}
        assert before["pdu-7"].cancelled()
        store = current.agent.store
        assert all(store.device(n).polls >= polls[n] for n in after if n != "pdu-7")
        assert all(store.device(n).up for n in after if n != "pdu-7")
        await until(lambda: store.device("pdu-7").up)
        assert all(track.times[0] >= began for _, track in history.tracks("pdu-7"))
        assert own_lines(current, "rackagent_config_info") != digest
        assert own_lines(current, "rackagent_config_last_reload_successful ") == [
            "rackagent_config_last_reload_successful 1.0"
        ]


async def test_the_same_file_again_restarts_nobody(place: Place) -> None:
    async with serving(load_config(place.path)), place.run() as current:
        before = tasks(current)
        assert (await current.reloader.reload()).text.endswith("20 kept")
        assert tasks(current) == before


async def test_devices_come_and_go_with_their_series(place: Place) -> None:
    gone = place.devices.pop()
    place.write()
    place.devices.append(gone)
    later = place.devices[0]
    async with place.run() as current:
        place.devices.remove(later)
        place.write()
        assert (await current.reloader.reload()).text.startswith("1 added, 0 changed, 1 removed")
        await until(lambda: current.agent.store.device("pdu-19").polls)
        text = current.agent.exposition.render().decode()
        assert 'device="pdu-19"' in text
        assert 'device="pdu-0"' not in text
        names = [view.name for view in current.agent.views]
        assert names == [f"pdu-{number}" for number in range(1, 20)]
        assert current.agent.stuck() == []


async def test_every_device_may_change_at_once(place: Place) -> None:
    async with place.run() as current:
        for device in place.devices:
            device["labels"] = {"row": "B"}
        place.write()
        assert (await current.reloader.reload()).text.startswith("0 added, 20 changed")
        await until(lambda: 'row="B"' in current.agent.exposition.render().decode())
        assert not current.polling.done()


async def test_a_device_without_a_profile_yet_asks_again(place: Place) -> None:
    place.devices[0]["profile"] = "auto"
    place.write()
    async with place.run() as current:
        assert (await current.reloader.reload()).text.endswith("1 changed, 0 removed, 19 kept")


async def test_a_profile_that_changes_restarts_its_devices(place: Place, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    page = (
        "profile: mine\ntitle: t\nkind: pdu\nprotocol: snmp\nverified: datasheet\nsource: s\n"
        "points:\n"
        "  - {metric: rack_inlet_power_watts, oid: 1.3.6.1.4.1.99.1.0, unit: W, scale: SCALE}\n"
    )
    (mine / "mine.yaml").write_text(page.replace("SCALE", "1"), encoding="utf-8")
    place.site["profiles"] = ["mine"]
    place.devices[3]["profile"] = "mine"
    place.write()
    async with place.run() as current:
        assert (await current.reloader.reload()).text.endswith("20 kept")
        (mine / "mine.yaml").write_text(page.replace("SCALE", "10"), encoding="utf-8")
        assert (await current.reloader.reload()).text.endswith("1 changed, 0 removed, 19 kept")


async def test_quirks_that_change_reopen_the_whole_line(place: Place, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    page = (
        "profile: NAME\ntitle: t\nkind: pdu\nprotocol: modbus\nverified: datasheet\nsource: s\n"
        "quirks: {delay_ms: DELAY}\n"
        "points: [{metric: rack_inlet_power_watts, address: 1, unit: W}]\n"
    )

    def write(name: str, delay_ms: int) -> None:
        text = page.replace("NAME", name).replace("DELAY", str(delay_ms))
        (mine / f"{name}.yaml").write_text(text, encoding="utf-8")

    def reading(current: Running) -> set[str]:
        lines = own_lines(current, "rack_inlet_power_watts{")
        return {line.split('device="')[1].split('"')[0] for line in lines}

    write("quick", 0)
    write("slow", 1)
    server = ModbusServer({unit: _Ones() for unit in (1, 2)})
    url = f"modbus+tcp://127.0.0.1:{await server.start_tcp()}"
    place.site["profiles"] = ["mine"]
    place.devices.append({"name": "meter-1", "url": f"{url}/1", "profile": "quick"})
    place.write()
    async with place.run() as current:
        await until(lambda: reading(current) == {"meter-1"})
        place.devices.append({"name": "meter-2", "url": f"{url}/2", "profile": "slow"})
        place.write()
        outcome = await current.reloader.reload()
        assert outcome.text == "1 added, 1 changed, 0 removed, 20 kept"
        await until(lambda: reading(current) == {"meter-1", "meter-2"})
        write("slow", 2)
        assert (await current.reloader.reload()).text.endswith("2 changed, 0 removed, 20 kept")
        await until(lambda: reading(current) == {"meter-1", "meter-2"})
        place.devices[-2]["url"] = place.devices[-2]["url"].replace("+tcp", "+rtutcp")
        place.write()
        outcome = await current.reloader.reload()
        assert not outcome.done
        assert "meter-2 uses 127.0.0.1:" in outcome.text
        await until(lambda: reading(current) == {"meter-1", "meter-2"})
    await server.close()


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("http", {"listen": "127.0.0.1:1"}, "http.listen cannot change"),
        ("traps", {"listen": "127.0.0.1:1"}, "traps cannot change"),
        ("reload", {"watch": True}, "reload cannot change"),
        ("events", {"max_events": 20}, "events cannot change"),
        ("site", "other", "site cannot change"),
        ("racks", [], "has no 'racks'"),
        ("raks", [], "raks"),
    ],
)
async def test_a_bad_file_changes_nothing(place: Place, key: str, value: object, said: str) -> None:
    async with place.run() as current:
        before, digest = tasks(current), own_lines(current, "rackagent_config_info")
        place.site[key] = value
        place.write()
        outcome = await current.reloader.reload()
        assert not outcome.done
        assert said in outcome.text
        assert tasks(current) == before
        assert own_lines(current, "rackagent_config_info") == digest
        assert own_lines(current, "rackagent_config_last_reload_successful ") == [
            "rackagent_config_last_reload_successful 0.0"
        ]


async def test_a_file_that_is_nested_too_deeply_is_refused(place: Place) -> None:
    async with place.run() as current:
        before = tasks(current)
        place.path.write_text("racks: " + "[" * 40_000, encoding="utf-8")
        outcome = await current.reloader.reload()
        assert not outcome.done
        assert outcome.text.startswith(f"{place.path}:1: is nested more than 100 levels deep")
        assert tasks(current) == before


def test_a_new_password_of_the_broker_needs_a_restart(place: Place) -> None:
    config = load_config(place.path)
    with pytest.raises(ConfigError, match=r"mqtt\.password cannot change"):
        check_fixed(config, replace(config, mqtt_password="other"))


async def test_a_watched_file_is_taken_over_when_it_is_whole(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload_module, "_LOOK_EVERY_S", 0.05)
    async with place.run() as current:
        watching = asyncio.create_task(current.reloader.watch())
        await asyncio.sleep(0)  # it has seen the first file
        place.path.unlink()  # as editors do it
        await asyncio.sleep(0.1)
        place.devices.pop()
        place.write()
        await until(lambda: len(current.agent.views) == 19)
        watching.cancel()
        await asyncio.wait([watching])


def post(url: str, **headers: str) -> tuple[int, str]:
    order = urllib.request.Request(f"{url}/-/reload", b"", headers, method="POST")
    try:
        with urllib.request.urlopen(order, timeout=PATIENCE_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_running_daemon_reloads_on_a_signal_and_over_http(place: Place) -> None:
    with background("run", str(place.path)) as process:
        eventually(lambda: "healthy" in fetch(f"{place.url}/-/healthy"))
        place.devices.pop()
        place.write()
        process.send_signal(signal.SIGHUP)
        eventually(lambda: fetch(f"{place.url}/api/v1/devices").count('"rack"') == 19)
        assert post(place.url) == (200, "0 added, 0 changed, 0 removed, 19 kept\n")
        for foreign in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Origin": "http://evil.example"},  # over plain HTTP the only header of a browser
            {"Origin": "null"},
        ):
            assert post(place.url, **foreign)[0] == 403
        assert post(place.url, Origin=place.url)[0] == 200
        place.path.write_text("racks: [", encoding="utf-8")
        status, text = post(place.url)
        assert status == 409
        assert "site.yaml:2: is not YAML" in text
        assert fetch(f"{place.url}/api/v1/devices").count('"rack"') == 19


def test_reload_over_http_is_offered_only_where_it_is_wanted(place: Place) -> None:
    place.site["reload"] = {"watch": True}
    place.write()
    with background("run", str(place.path)):
        eventually(lambda: "healthy" in fetch(f"{place.url}/-/healthy"))
        assert post(place.url)[0] == 404
        place.devices.pop()
        place.write()
        eventually(lambda: fetch(f"{place.url}/api/v1/devices").count('"rack"') == 19)
