"""A device that calls itself a script in every string: text on every page, never markup."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from agent.expose.http.api import create_app
from agent.expose.http.serve import serve
from agent.expose.prometheus.exposition import PrometheusExposition
from agent.model.catalogue import CATALOGUE, Kind
from agent.model.values import Failure, Flaw, Identity, PollResult, Quality, Value
from agent.web.routes import add_pages
from tests.agent.expose.rack import NOW, block, series
from tests.agent.web.views import EVIL, View
from tests.end_to_end.browser import Sight, chromium, looking
from tests.end_to_end.ports import free_tcp_ports, free_udp_ports
from tests.end_to_end.programs import background, fetch, replay
from tests.waiting import eventually

pytestmark = [pytest.mark.peer, pytest.mark.asyncio(loop_scope="module")]

VIEWS = ("rack/r1", "rack/r1/power", "rack/r1/cooling", "rack/r1/network")
KINDS = ("pdu", "power_shelf", "bbu", "cdu", "cooling", "switch", "sensor", "other")

STRINGS = """\
1.3.6.1.2.1.1.1.0|4|{evil}
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.8072.3.2.10
1.3.6.1.2.1.1.3.0|67|12345
1.3.6.1.2.1.1.5.0|4|{evil}
1.3.6.1.2.1.2.2.1.2.1|4|{evil}
1.3.6.1.2.1.2.2.1.3.1|2|6
1.3.6.1.2.1.2.2.1.7.1|2|1
1.3.6.1.2.1.2.2.1.8.1|2|1
1.3.6.1.2.1.31.1.1.1.1.1|4|{evil}
1.3.6.1.2.1.31.1.1.1.6.1|70|1000
1.3.6.1.2.1.31.1.1.1.10.1|70|1000
1.3.6.1.2.1.31.1.1.1.15.1|66|100000
1.3.6.1.2.1.31.1.1.1.18.1|4|{evil}
1.3.6.1.2.1.47.1.1.1.1.2.1|4|{evil}
1.3.6.1.2.1.47.1.1.1.1.4.1|2|0
1.3.6.1.2.1.47.1.1.1.1.5.1|2|3
1.3.6.1.2.1.47.1.1.1.1.7.1|4|{evil}
1.3.6.1.2.1.47.1.1.1.1.9.1|4|{evil}
1.3.6.1.2.1.47.1.1.1.1.10.1|4|{evil}
1.3.6.1.2.1.47.1.1.1.1.11.1|4|{evil}
1.3.6.1.2.1.47.1.1.1.1.12.1|4|{evil}
1.3.6.1.2.1.47.1.1.1.1.13.1|4|{evil}
1.0.8802.1.1.2.1.3.7.1.2.1|2|5
1.0.8802.1.1.2.1.3.7.1.3.1|4|{evil}
1.0.8802.1.1.2.1.3.7.1.4.1|4|{evil}
1.0.8802.1.1.2.1.4.1.1.4.0.1.1|2|7
1.0.8802.1.1.2.1.4.1.1.5.0.1.1|4|{evil}
1.0.8802.1.1.2.1.4.1.1.6.0.1.1|2|5
1.0.8802.1.1.2.1.4.1.1.7.0.1.1|4|{evil}
1.0.8802.1.1.2.1.4.1.1.8.0.1.1|4|{evil}
1.0.8802.1.1.2.1.4.1.1.9.0.1.1|4|{evil}
1.0.8802.1.1.2.1.4.1.1.10.0.1.1|4|{evil}
"""

INJECTED = """
() => [...document.querySelectorAll("*")].filter((each) =>
  (each.tagName === "SCRIPT" && !/live[.]js/.test(each.getAttribute("src"))) ||
  [...each.attributes].some((one) => /[^a-z0-9-]/i.test(one.name))
).map((each) => each.outerHTML.slice(0, 200))
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


async def harmless(sight: Sight, path: str) -> str:
    """What stands on a page, once it was found that nothing of it became markup."""
    await sight.page.goto(f"{sight.root}/{path}")
    if await sight.page.title() == "Not found · rackagent":
        sight.errors.clear()  # which Chromium calls a page that there is not
        return ""
    await sight.live()
    assert await sight.page.evaluate(INJECTED) == []
    sight.clean()
    text: str = await sight.page.evaluate("document.querySelector('main').textContent")
    return text


async def test_what_comes_over_the_wire(tmp_path: Path, browser: Browser) -> None:
    recording = tmp_path / "switch.snmprec"
    recording.write_text(STRINGS.format(evil=EVIL))
    (port,), (http,) = free_udp_ports(1), free_tcp_ports(1)
    device = {"name": "switch", "url": f"snmp://127.0.0.1:{port}", "profile": "switch"}
    site = {
        "http": {"listen": f"127.0.0.1:{http}"},
        "defaults": {"interval": "1s"},
        "racks": [{"name": "r1", "labels": {"feed": EVIL}, "devices": [device]}],
    }
    (tmp_path / "site.yaml").write_text(json.dumps(site))
    with replay(recording, port), background("run", str(tmp_path / "site.yaml")):
        eventually(lambda: fetch(f"http://127.0.0.1:{http}/-/healthy"))
        async with looking(browser, f"http://127.0.0.1:{http}") as sight:
            await sight.go("device/switch")
            await sight.page.wait_for_selector('.state[data-state="up"]')
            text = await harmless(sight, "device/switch")
            assert text.count(EVIL) > 5
            for path in ("", "hall", *VIEWS):
                await harmless(sight, path)


async def test_every_label_of_every_metric(browser: Browser) -> None:
    view = View({kind: kind for kind in KINDS}, {"feed": EVIL, "note": EVIL})
    exposition = PrometheusExposition({}, clock=view.clock)
    for number, kind in enumerate(KINDS):
        view.store.put(_evil(kind, number))
    app = create_app(view.store, exposition, view.views, lambda: True)
    live = add_pages(app, view.site, lambda: True)
    async with serve(app, "127.0.0.1", 0) as (host, port):
        async with looking(browser, f"http://{host}:{port}") as sight:
            for path in ("", "hall", *VIEWS):
                await harmless(sight, path)
            for kind in KINDS:
                assert (await harmless(sight, f"device/{kind}")).count(EVIL) > 100
            assert EVIL in await harmless(sight, "rack/r1")
        live.close()


def _evil(kind: str, number: int) -> PollResult:
    """A device that tells every metric with every label, its last number a doubtful one."""
    rows, values = [], []
    for metric in CATALOGUE.values():
        value: Value = EVIL if metric.kind is Kind.STATE else 1.0
        labels = dict.fromkeys(sorted(metric.labels), EVIL)
        rows.append(series(kind, metric.name, labels, states=(EVIL,)))
        values.append(value)
    flaws = {len(rows) - 1: Flaw(Quality.UNCERTAIN, EVIL)}
    found = block(tuple(rows), values, raws=[EVIL] * len(rows), flaws=flaws)
    return PollResult(
        *(kind, True, {0: (found,)}, (Failure("protocol", EVIL),), NOW, 0.1),
        identity=Identity(EVIL, EVIL, EVIL, EVIL),
        profile=EVIL if number % 2 else "",
        kind=kind,
    )
