"""The HTTP control interface, as a script would use it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.config import load_config
from simulator.control.http_api import create_control
from simulator.site.rack_server import build
from simulator.site.site import SimulatedSite
from tests.simulator.bench import write_site


@pytest.fixture
def site(tmp_path: Path) -> SimulatedSite:
    roles = {"pdu-a": "apc-rpdu2", "pdu-b": "apc-rpdu2", "cdu": "orv3-rpu"}
    return build(load_config(write_site(tmp_path, roles)), speed=10.0)[0]


@pytest.fixture
async def http(site: SimulatedSite) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_control(site))
    async with httpx.AsyncClient(transport=transport, base_url="http://simulator") as client:
        yield client


async def test_the_state_of_everything(http: httpx.AsyncClient, site: SimulatedSite) -> None:
    site.advance(30.0)
    state = (await http.get("/state")).json()
    assert (state["elapsed_s"], state["speed"]) == (30.0, 10.0)
    rack = state["racks"]["r1"]
    assert rack["model"] == "nvl72"
    assert {"pdu-a", "cdu", "switch-1"} <= set(rack["roles"])
    assert rack["load_ratio"] == 0.5
    assert rack["it_power_watts"] == pytest.approx(72.5e3, rel=0.02)
    assert rack["coolant_flow_liters_per_second"] * 60 == pytest.approx(130, rel=0.03)
    assert set(state["devices"]) == {"pdu-a", "pdu-b", "cdu"}
    assert state["devices"]["cdu"]["profile"] == "orv3-rpu"
    assert state["faults"] == []


async def test_break_look_and_repair(http: httpx.AsyncClient, site: SimulatedSite) -> None:
    made = await http.post("/faults", json={"fault": "open_feed_a", "for": "2m"})
    assert made.status_code == 201
    fault = made.json()
    assert fault == {
        "id": fault["id"],
        "fault": "feed_lost",
        "params": {"feed": "a"},
        "where": "r1",
        "since_s": 0.0,
        "until_s": 120.0,
    }
    state = (await http.get("/state")).json()
    assert state["faults"] == [fault]
    assert state["racks"]["r1"]["feed_a_power_watts"] == 0.0
    assert (await http.delete(f"/faults/{fault['id']}")).json() == fault
    assert (await http.get("/state")).json()["faults"] == []
    again = await http.delete(f"/faults/{fault['id']}")
    assert again.status_code == 404
    assert "active: none" in again.json()["detail"]


async def test_the_catalogue_says_what_there_is(http: httpx.AsyncClient) -> None:
    kinds = (await http.get("/faults")).json()
    assert kinds["pump_trip"]["params"] == {"pump": 0}
    assert kinds["delay"]["of"] == "device"
    assert kinds["open_feed_a"]["alias_of"] == "feed_lost"
    assert all(kind["signature"] for kind in kinds.values())


async def test_load(http: httpx.AsyncClient, site: SimulatedSite) -> None:
    assert (await http.post("/load", json={"rack": "r1", "ratio": 0.9})).json() == {"ratio": 0.9}
    assert site.rack().load == 0.9


async def test_keep_and_put_back(http: httpx.AsyncClient, site: SimulatedSite) -> None:
    await http.post("/faults", json={"fault": "clog", "params": {"factor": 4}})
    kept = (await http.get("/snapshot")).json()
    await http.delete("/faults/1")
    site.advance(100.0)
    assert (await http.put("/snapshot", json=kept)).json() == {"racks": ["r1"]}
    assert (await http.get("/snapshot")).json() == kept
    assert [f["fault"] for f in (await http.get("/state")).json()["faults"]] == ["clog"]


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("POST", "/faults", {"fault": "pump_tripp"}, "did you mean 'pump_trip'"),
        ("POST", "/faults", {"fault": "clog", "params": {"factor": -1}}, "must be more than 0"),
        ("POST", "/faults", {"fault": "silent"}, "needs device=NAME"),
        ("POST", "/faults", {"fault": "leak", "for": "long"}, "is not a duration"),
        ("POST", "/faults", {"fault": "leak", "until": 3}, "until"),
        ("POST", "/load", {"ratio": 7}, "must be 0 to 1.1"),
        ("POST", "/load", {"rack": "r9", "ratio": 1}, "unknown rack 'r9'; known: r1"),
        ("PUT", "/snapshot", {"racks": {}}, "does not hold the racks r1"),
    ],
)
async def test_what_is_wrong_is_said(
    http: httpx.AsyncClient,
    site: SimulatedSite,
    method: str,
    path: str,
    body: dict[str, Any],
    said: str,
) -> None:
    before = site.snapshot()
    answer = await http.request(method, path, json=body)
    assert answer.status_code == 422
    assert said in answer.text
    assert site.snapshot() == before
