"""What a person gets over HTTP: the pages as they are fetched, and what keeps them true."""

import json
import re
from collections.abc import AsyncIterator

import bcrypt
import httpx
import pytest
from fastapi import FastAPI

from agent.commission.journal.run_index import RunIndex
from agent.config.web import Web
from agent.expose.device_info import DeviceView
from agent.expose.http.api import create_app
from agent.model.values import Failure, Identity
from agent.store.history import History
from agent.web import live
from agent.web.data.runs import Runs
from agent.web.data.site import Site
from agent.web.draw.screen import Screen
from agent.web.live import Live, TooManyViewers
from agent.web.not_found import NotFound
from agent.web.pages.rack.view import rack_page
from agent.web.routes import add_pages
from tests.agent.expose.rack import DEVICES, LOOP, NOW, Rack, block, poll, series

EVIL = """<script>alert(1)</script>"'>"""


class Served:
    """A rack behind the pages; ``ready`` and ``views`` are the test's to set."""

    def __init__(
        self,
        rack: Rack,
        views: list[DeviceView] | None = None,
        web: Web | None = None,
        runs: Runs | None = None,
    ) -> None:
        self.rack = rack
        self.ready = True
        self.views = list(DEVICES) if views is None else views
        history = History()
        self.rack.store.subscribe(history.observe)
        self.site = Site(
            *(rack.store, self.views, history, lambda _: None), runs=runs or Runs(RunIndex(None))
        )
        self.app: FastAPI = create_app(
            rack.store, rack.exposition, self.views, lambda: self.ready, web
        )
        add_pages(self.app, self.site, lambda: self.ready, web.users if web else {})
        rack.fill()


@pytest.fixture
def served() -> Served:
    return Served(Rack(filled=False))


@pytest.fixture
async def client(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=served.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://agent") as client:
        yield client


async def text(client: httpx.AsyncClient, path: str) -> str:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer.text


async def test_one_rack_is_the_start_page(client: httpx.AsyncClient) -> None:
    page = await text(client, "/")
    assert "Rack r1" in page
    assert "2 of 3 up · 1 down" in page
    assert "≥ 1.23\N{NO-BREAK SPACE}kW" in page  # pdu-b does not say what it carries
    assert "no answer from 192.0.2.2 within 2 s" in page
    assert "Rack r1" in await text(client, "/rack/r1")


async def test_many_racks_are_a_hall_that_leads_to_each(
    served: Served, client: httpx.AsyncClient
) -> None:
    served.views[2] = DeviceView("cdu", "r2", "lab", "cdu", "orv3-rpu", "modbus+tcp://192.0.2.3")
    page = await text(client, "/")
    for name in ("r1", "r2"):
        assert f'href="rack/{name}"' in page
        await text(client, f"/rack/{name}")
    assert 'aria-label="pdu-b: down, no answer from 192.0.2.2 within 2 s"' in page


async def test_a_device_shows_values_in_peoples_units_with_their_trace(
    client: httpx.AsyncClient,
) -> None:
    page = await text(client, "/device/pdu-a")
    assert "APC" in page
    assert "242.0\N{NO-BREAK SPACE}V" in page
    assert "1.230\N{NO-BREAK SPACE}kW" in page
    assert "bad: sentinel -1" in page
    assert "OID 1.3.6.1.4.1.318.1.1.26.6.3.1.6.1" in page
    cooling = await text(client, "/device/cdu")
    assert "23.10\N{NO-BREAK SPACE}°C" in cooling
    assert "holding registers 36865 (from 0; 0x9001)" in cooling
    assert "231 (0x 00E7)" in cooling


async def test_what_is_stale_or_gone_shows_no_number(
    served: Served, client: httpx.AsyncClient
) -> None:
    served.rack.clock.now += 31
    page = await text(client, "/device/cdu")
    assert "23.10" not in page
    assert "not reported" in page
    served.rack.store.put(poll("pdu-a", up=False, failures=(Failure("timeout", "no answer"),)))
    page = await text(client, "/device/pdu-a")
    assert "242.0" not in page
    assert "no answer" in page


async def test_a_limit_that_the_device_tells_stands_beside_the_value(
    served: Served, client: httpx.AsyncClient
) -> None:
    both = (
        series("pdu-a", "rack_phase_current_amperes", {"phase": "1"}),
        series("pdu-a", "rack_phase_current_limit_amperes", {"phase": "1"}),
    )
    served.rack.store.put(poll("pdu-a", {0: (block(both, [24.0, 32.0]),)}))
    assert "75% of 32.0\N{NO-BREAK SPACE}A" in await text(client, "/device/pdu-a")


async def test_an_alarm_is_shown_on_the_spot(served: Served, client: httpx.AsyncClient) -> None:
    alarm = series("cdu", "rack_alarm_active", {"alarm": "pump_1_fault", "severity": "major"})
    leak = series("cdu", "rack_leak_detected", {"sensor": "1"})
    served.rack.store.put(poll("cdu", {0: (block((alarm, leak), [1, 1]),)}))
    page = await text(client, "/")
    assert "pump 1 fault, major" in page
    assert "leak (sensor 1)" in page
    assert 'aria-label="cdu: alarm, pump 1 fault, major, leak (sensor 1)"' in page


async def test_a_page_loads_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    for path in ("/", "/hall", "/device/pdu-a"):
        answer = await client.get(path)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'")
        assert "unsafe" not in policy
        assert not re.findall(r"""(?:src|href|action)=["'](?:https?:)?//""", answer.text)
        assert " style=" not in answer.text
        for name in re.findall(r'(?:src|href)="([^"]*static/[^"]+)"', answer.text):
            asset = await client.get(httpx.URL(f"http://agent{path}").join(name))
            assert asset.status_code == 200
            assert "immutable" in asset.headers["cache-control"]


async def test_what_a_device_says_of_itself_cannot_become_markup(
    served: Served, client: httpx.AsyncClient
) -> None:
    said = (
        series("cdu", "rack_alarm_active", {"alarm": EVIL, "severity": EVIL}),
        series("cdu", "rack_pump_state", {"pump": EVIL}, states=(EVIL,)),
    )
    found = poll(
        "cdu",
        {0: (block(said, [1, EVIL]),)},
        identity=Identity(EVIL, EVIL, EVIL, EVIL),
        failures=(Failure("protocol", EVIL),),
    )
    served.rack.store.put(found)
    for path in ("/", "/hall", "/device/cdu"):
        page = await text(client, path)
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page
        assert """"'>""" not in page.replace("&#34;", "")


@pytest.mark.parametrize("path", ["/", "/hall", "/device/cdu", "/static/live.js", "/live"])
async def test_every_page_is_behind_the_password(path: str) -> None:
    hashed = bcrypt.hashpw(b"open sesame", bcrypt.gensalt(4)).decode()
    closed = Served(Rack(filled=False), web=Web(users={"ada": hashed}))
    transport = httpx.ASGITransport(app=closed.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://agent") as client:
        assert (await client.get(path)).status_code == 401
        if path != "/live":  # which never ends
            answer = await client.get(path, auth=("ada", b"open sesame"))
            assert answer.status_code == 200


async def test_before_the_first_cycle_a_page_says_so(
    served: Served, client: httpx.AsyncClient
) -> None:
    served.ready = False
    early = await text(client, "/")
    assert "first poll cycle is still running" in early
    served.ready = True
    live_again = await text(client, "/hall")
    assert "first poll cycle is still running" not in live_again


async def test_without_devices_the_page_says_so() -> None:
    empty = Served(Rack(filled=False), [])
    transport = httpx.ASGITransport(app=empty.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://agent") as client:
        assert "No devices are configured." in await text(client, "/")


@pytest.mark.parametrize("path", ["/rack/nowhere", "/device/nobody", "/rack/r1/nothing"])
async def test_what_is_not_there_is_a_page_that_leads_back(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert "All racks" in answer.text
    assert (await client.get("/static/secret.txt")).status_code == 404
    assert (await client.get("/live", params={"page": path.strip("/")})).status_code == 404


def event(told: bytes) -> dict[str, dict[str, str]]:
    cells: dict[str, dict[str, str]] = json.loads(told.removeprefix(b"data: "))["cells"]
    return cells


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PERIOD_S", 0.01)
    monkeypatch.setattr(live, "_FRESH_S", 0.0)


@pytest.mark.usefixtures("quick")
async def test_a_browser_is_told_everything_once_and_then_what_changes(served: Served) -> None:
    screens = Live(lambda _: _rack_screen(served), served.rack.store.now)
    shape = screens.moment("").screen.shape
    events = aiter(screens.watch("", shape))
    first = event(await anext(events))
    assert first["d.cdu.key"]["text"] == "23.1\N{NO-BREAK SPACE}°C"
    served.rack.store.put(poll("cdu", {0: (block(LOOP, [24.5], at=NOW + 1),)}, at=NOW + 1))
    second = event(await anext(events))
    assert second["d.cdu.key"]["text"] == "24.5\N{NO-BREAK SPACE}°C"
    assert "d.pdu-a.key" not in second
    served.rack.store.put(poll("cdu", up=False, failures=(Failure("timeout", "no answer"),)))
    assert await anext(events) == _shape(screens.moment("").screen.shape)
    with pytest.raises(StopAsyncIteration):
        await anext(events)
    assert screens.viewers == 0


@pytest.mark.usefixtures("quick")
async def test_a_browser_is_not_told_what_it_holds_already(served: Served) -> None:
    screens = Live(lambda _: _rack_screen(served), served.rack.store.now)
    held = screens.moment("")
    served.rack.store.put(poll("cdu", {0: (block(LOOP, [24.5], at=NOW + 1),)}, at=NOW + 1))
    shape = held.screen.shape
    first = event(await anext(aiter(screens.watch("", shape, held.name))))
    assert first["d.cdu.key"] == {"text": "24.5\N{NO-BREAK SPACE}°C"}
    assert not any("pdu" in key for key in first)
    for name in ("", "of another start"):
        everything = event(await anext(aiter(screens.watch("", shape, name))))
        assert everything.keys() == held.screen.cells.keys()


@pytest.mark.usefixtures("quick")
async def test_streams_end_when_the_pages_are_closed(served: Served) -> None:
    screens = Live(lambda _: _rack_screen(served), served.rack.store.now)
    screens.close()  # nobody looks: nothing to end
    events = aiter(screens.watch("", screens.moment("").screen.shape))
    await anext(events)
    screens.close()
    assert [each async for each in events] == []
    assert screens.viewers == 0


@pytest.mark.usefixtures("quick")
async def test_a_page_that_goes_while_it_is_looked_at(served: Served) -> None:
    screens = Live(lambda _: _rack_screen(served), served.rack.store.now)
    events = aiter(screens.watch("", screens.moment("").screen.shape))
    await anext(events)
    served.views.clear()
    assert await anext(events) == _shape("gone")


async def test_viewers_are_bounded(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "VIEWERS_MAX", 1)
    screens = Live(lambda _: _rack_screen(served), served.rack.store.now)
    shape = screens.moment("").screen.shape
    one, other = screens.watch("", shape), screens.watch("", shape)
    await anext(aiter(one))
    assert [each async for each in other] == []
    with pytest.raises(TooManyViewers, match="1 pages are open"):
        screens.watch("", shape)
    await one.aclose()
    assert screens.viewers == 0


async def test_a_screen_serves_all_who_ask_at_once(served: Served) -> None:
    made: list[str] = []

    def render(path: str) -> Screen:
        made.append(path)
        return _rack_screen(served)

    screens = Live(render, served.rack.store.now)
    assert screens.moment("a") is screens.moment("a")
    for number in range(40):
        screens.moment(str(number))
    screens.moment("a")
    assert made.count("a") == 2


def _shape(name: str) -> bytes:
    return f"event: shape\ndata: {name}\n\n".encode()


def _rack_screen(served: Served) -> Screen:
    return rack_page(served.site, "r1")


def test_what_is_not_there_raises(served: Served) -> None:
    with pytest.raises(NotFound, match="no device 'x'"):
        served.site.device("x")


async def test_of_many_alarms_the_rest_is_counted(
    served: Served, client: httpx.AsyncClient
) -> None:
    many = tuple(series("cdu", "rack_alarm_active", {"alarm": f"a{n}"}) for n in range(80))
    served.rack.store.put(poll("cdu", {0: (block(many, [1] * 80),)}))
    page = await text(client, "/")
    assert page.count('data-live="w.') == 60
    assert "and 21 more" in page  # pdu-b is silent, too
