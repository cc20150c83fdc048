"""What a scraper, a program and a person get over HTTP."""

import gzip
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families as parse_text

from agent.expose.device_info import DeviceView
from agent.expose.http.api import create_app
from tests.agent.expose.rack import DEVICES, Rack, block, parse_openmetrics, poll, series


class Site:
    """A rack behind an application; ``ready`` is the test's to set."""

    def __init__(self, rack: Rack) -> None:
        self.rack = rack
        self.ready = True
        self.app = create_app(rack.store, rack.exposition, DEVICES, lambda: self.ready)


@pytest.fixture
def site() -> Site:
    return Site(Rack())


@pytest.fixture
async def client(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=site.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://agent") as client:
        yield client


async def test_metrics_are_prometheus_text_unless_asked_otherwise(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["vary"] == "Accept, Accept-Encoding"
    assert "rack_phase_voltage_volts" in {f.name for f in parse_text(answer.text)}


async def test_metrics_are_openmetrics_where_preferred(client: httpx.AsyncClient) -> None:
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
    answer = await client.get("/metrics", headers={"Accept": accept})
    content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert answer.headers["content-type"] == content_type
    assert "rack_phase_voltage_volts" in {f.name for f in parse_openmetrics(answer.text)}


async def test_metrics_survive_an_accept_header_of_nonsense(client: httpx.AsyncClient) -> None:
    accept = "application/openmetrics-text; version=abc, text/plain; version=x.y;q=;;"
    answer = await client.get("/metrics", headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("ports", [1, 2_000], ids=["small", "large"])
async def test_metrics_are_gzipped_only_where_accepted(
    site: Site, client: httpx.AsyncClient, ports: int
) -> None:
    many = tuple(
        series("cdu", "rack_port_receive_bytes_total", {"port": str(port)}) for port in range(ports)
    )
    site.rack.store.put(poll("cdu", {0: (block(many, range(ports)),)}))
    plain = await client.get("/metrics", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    request = client.build_request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
    answer = await client.send(request, stream=True)
    assert answer.headers["content-encoding"] == "gzip"
    raw = b"".join([piece async for piece in answer.aiter_raw()])
    lines = gzip.decompress(raw).decode().splitlines()
    assert [s for s in lines if s.startswith("rack_")] == [
        s for s in plain.text.splitlines() if s.startswith("rack_")
    ]


async def test_health_and_readiness(site: Site, client: httpx.AsyncClient) -> None:
    site.ready = False
    assert (await client.get("/-/healthy")).status_code == 200
    answer = await client.get("/-/ready")
    assert (answer.status_code, answer.text) == (503, "waiting for the first cycle\n")
    site.ready = True
    assert (await client.get("/-/ready")).status_code == 200


async def test_devices_say_how_their_polls_go(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/devices")
    pdu_a, pdu_b, cdu = answer.json()["devices"]
    assert pdu_a == {
        "name": "pdu-a",
        "rack": "r1",
        "site": "lab",
        "kind": "pdu",
        "profile": "apc-rpdu2",
        "url": "snmp://192.0.2.1:161",
        "labels": {"feed": "A"},
        "state": "up",
        "up": True,
        "identity": {
            "vendor": "APC",
            "model": "AP8853",
            "serial": None,
            "firmware": "v6.4",
            "sys_object_id": "1.3.6.1.4.1.318.1.3.4.6",
        },
        "last_poll": {"started_at": "2026-11-22T07:00:00Z", "duration_s": 0.25},
        "last_success_at": "2026-11-22T07:00:00Z",
        "polls": 1,
        "readings": 5,
        "failures": [],
        "failure_counts": {},
    }
    assert (pdu_b["state"], pdu_b["profile"], pdu_b["last_success_at"]) == ("down", None, None)
    assert pdu_b["failure_counts"] == {"timeout": 1}
    assert pdu_b["failures"][0]["message"] == "no answer from 192.0.2.2 within 2 s"
    assert cdu["url"] == "modbus+tcp://192.0.2.3:502/1"


async def test_secrets_in_a_url_are_shown_to_nobody(client: httpx.AsyncClient) -> None:
    for path in ("/", "/metrics", "/api/v1/devices", "/api/v1/readings", "/openapi.json"):
        assert "s3cret" not in (await client.get(path)).text
    assert "s3cret" not in repr(DEVICES)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("snmp://192.0.2.1:161", "snmp://192.0.2.1:161"),
        ("snmp://me:pw@[2001:db8::1]:161", "snmp://[2001:db8::1]:161"),
        ("snmp://pdu?community=pw&timeout=2", "snmp://pdu?timeout=2"),
        ("not a url", "not a url"),
        (
            "modbus+rtu:///dev/ttyUSB0/3?baudrate=19200&parity=N",
            "modbus+rtu:///dev/ttyUSB0/3?baudrate=19200&parity=N",
        ),
    ],
)
def test_an_address_is_the_url_without_secrets(url: str, address: str) -> None:
    assert DeviceView("pdu", "r1", "lab", "pdu", "", url).address == address


async def test_readings_have_the_documented_shape(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/readings")
    assert answer.headers["content-type"] == "application/json"
    readings = answer.json()["readings"]
    assert len(readings) == 6
    assert readings[0] == {
        "device": "pdu-a",
        "metric": "rack_phase_voltage_volts",
        "labels": {"phase": "1"},
        "value": 242.0,
        "unit": "V",
        "quality": "good",
        "observed_at": "2026-11-22T07:00:00Z",
        "source": {"oid": "1.3.6.1.4.1.318.1.1.26.6.3.1.6.1", "raw": 242},
    }
    assert (readings[1]["value"], readings[1]["reason"]) == (None, "sentinel -1")
    assert readings[5]["source"]["raw"] == [231]


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("device=cdu", [23.1]),
        ("device=pdu-b", []),
        ("metric=rack_phase_voltage_volts", [242.0, None]),
        ("device=pdu-a&metric=rack_outlet_state", ["on"]),
        ("device=cdu&metric=rack_outlet_state", []),
    ],
)
async def test_readings_can_be_filtered(
    client: httpx.AsyncClient, query: str, values: list[object]
) -> None:
    answer = await client.get(f"/api/v1/readings?{query}")
    assert [reading["value"] for reading in answer.json()["readings"]] == values


@pytest.mark.parametrize(
    ("query", "status"),
    [("device=pdu-z", 404), ("metric=rack_nonsense", 404), ("device=" + "x" * 300, 422)],
)
async def test_a_filter_that_can_match_nothing_is_an_error(
    client: httpx.AsyncClient, query: str, status: int
) -> None:
    answer = await client.get(f"/api/v1/readings?{query}")
    assert answer.status_code == status
    assert answer.json()["detail"]


async def test_many_readings_are_one_valid_document(site: Site, client: httpx.AsyncClient) -> None:
    many = tuple(
        series("cdu", "rack_port_receive_bytes_total", {"port": str(port)}) for port in range(1_201)
    )
    site.rack.store.put(poll("cdu", {0: (block(many, range(1_201)),)}))
    readings = json.loads((await client.get("/api/v1/readings?device=cdu")).text)["readings"]
    assert [reading["value"] for reading in readings] == list(range(1_201))


@pytest.mark.parametrize("path", ["/metrics", "/api/v1/devices", "/-/healthy", "/nowhere"])
async def test_every_answer_carries_security_headers(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"


async def test_the_api_describes_itself_without_a_page_from_a_cdn(
    client: httpx.AsyncClient,
) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    assert {"/metrics", "/api/v1/devices", "/api/v1/readings", "/-/ready"} <= set(paths)
    for path in ("/docs", "/redoc"):
        assert (await client.get(path)).status_code == 404
