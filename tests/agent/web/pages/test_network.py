"""The network view: ports, what loses packets, optics, and cables against the build sheet."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent.app.wiring import Agent
from agent.commission.spec.build_sheet import Sheet, load_sheet
from agent.config import load_config
from agent.model.values import Flaw, Quality
from agent.web.data import cables
from agent.web.data.cables import CableComparison, CablePlan
from agent.web.pages.network import model
from tests.agent.expose.rack import NOW
from tests.agent.web.views import EVIL, Said, View, harmless, said

SHEET = """
cables:
  - {a: {device: leaf, port: Eth1}, b: {device: node-1, port: eth0}, speed: 400 Gbit/s}
  - {a: {device: leaf, port: Eth2}, b: {device: node-2, port: eth0}}
  - {a: {device: node-3, port: eth0}, b: {device: leaf, port: Eth10}}
  - {a: {device: leaf, port: Eth4}, b: {device: node-4, port: eth0}}
  - {a: {device: spine, port: Eth1}, b: {device: node-9, port: eth0}}
"""


def port(name: str, oper: str = "up", *, admin: str = "up", to: str = "", **errors: float) -> Said:
    told = {
        **said("port_oper_state", oper, port=name),
        **said("port_admin_state", admin, port=name),
    }
    if oper == "up":
        told |= said("port_speed_bytes_per_second", 50e9, port=name)
    if to:
        told |= said("lldp_neighbor_info", 1, port=name, remote_system=to, remote_port="eth0")
    for kind, many in errors.items():
        told |= said(f"port_{kind}_total", many, port=name)
    return told


def switch(*told: Said, sheet: Path | None = None) -> View:
    view = View({"switch-1": "switch"})
    if sheet is not None:
        where = CablePlan(sheet, {"leaf": "switch-1"})
        view.site = replace(view.site, plan=lambda _: where)
        view.pages = type(view.pages)(view.site, lambda: True)
    view.tell("switch-1", {key: value for each in told for key, value in each.items()})
    return view


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "r1-sheet.yaml"
    path.write_text(SHEET)
    return path


def test_ports_in_the_order_of_their_numbers() -> None:
    view = switch(
        port("Eth10", to="node-3"), port("Eth2", "down"), port("Eth1"),
        port("Eth3", "down", admin="down"), port("Eth4", receive_errors=7.0),
    )  # fmt: skip
    text = view.text("network")
    assert "switch-1 3 of 5 ports up, 1 disabled" in text
    assert "1 ○2 ○3 4 10" in text
    assert "3 × 400 Gbit/s" in text
    assert "Eth4 7 receive errors none recently" in text
    html = view.html("network")
    assert 'aria-label="Eth10: up, 400\N{NO-BREAK SPACE}Gbit/s, to node-3 eth0"' in html
    assert 'aria-label="Eth3: down, administratively down"' in html
    assert 'href="../../device/switch-1?filter=Eth10"' in html


def test_errors_that_come_now_are_marked_and_stand_first() -> None:
    view = switch(port("Eth1", receive_errors=5000.0), port("Eth2", transmit_discards=1.0))
    later = {**port("Eth1", receive_errors=5000.0), **port("Eth2", transmit_discards=4.0)}
    view.tell("switch-1", later, at=NOW + 5)
    text = view.text("network").replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert "Eth2 4 transmit discards ▲ 3 more recently Eth1 5 000 receive errors" in text
    assert view.cells("network")["switch-1.port1"]["data-state"] == "alarm"
    view.tell("switch-1", port("Eth1", receive_errors=2.0), at=NOW + 10)
    assert model.rising(view.site.history, "switch-1") == {}


def test_optics_are_told_in_dbm_by_their_darkest_lane() -> None:
    view = switch(
        port("Eth1"),
        said("optic_receive_power_watts", 0.001, port="Eth1", lane="1"),
        said("optic_receive_power_watts", 0.0001, port="Eth1", lane="2"),
        said("optic_receive_power_watts", 0.0, port="Eth3", lane="1"),
        said("optic_transmit_power_dbm", 1.5, port="Eth1"),
        said("optic_temperature_celsius", 42.0, port="Eth1"),
        said("optic_temperature_celsius", 51.0, port="Eth2"),
    )
    text = view.text("network")
    assert "2 optics, lowest Rx power −10.0 dBm on Eth1, highest temperature 51.0 °C" in text
    assert "Eth1 −10.0 dBm 1.50 dBm 42.0 °C" in text
    assert "Eth2 – – 51.0 °C" in text


def test_every_cable_as_planned(sheet: Path) -> None:
    sheet.write_text(SHEET.replace("  - {a: {device: spine, port: Eth1}", "#"))
    pairs = ((1, 1), (2, 2), (10, 3), (4, 4))
    view = switch(*(port(f"Eth{n}", to=f"node-{far}") for n, far in pairs), sheet=sheet)
    text = view.text("network")
    assert "Cables 4 as planned" in text
    assert "Every cable is as planned." in text
    assert "switch-1 Eth10 ● node-3 eth0" in text


def test_cables_that_are_not_as_planned(sheet: Path) -> None:
    view = switch(
        port("Eth1", to="node-2"), port("Eth2", to="node-1"), port("Eth10", to="node-8"),
        port("Eth4", "down"), port("Eth5", to="node-7"), sheet=sheet,
    )  # fmt: skip
    text = view.text("network")
    assert "Cables 1 missing, 1 wrong, 2 swapped, 1 not planned, 1 not reported" in text
    assert (
        "switch-1 Eth4 node-4 eth0 ✕ missing no LLDP neighbour, expected node-4 eth0; is down"
        in text
    )
    wrong = "switch-1 Eth10 node-3 eth0 ✕ wrong neighbour is node-8 eth0; expected node-3 eth0"
    assert wrong in text
    assert "switch-1 Eth1 node-1 eth0 ▲ swapped swapped with switch-1 Eth2" in text
    assert "switch-1 Eth2 node-2 eth0 ▲ swapped swapped with switch-1 Eth1" in text
    assert "switch-1 Eth5 no cable ▲ not planned neighbour is node-7 eth0, none is planned" in text
    assert "○ not reported" in text
    states = [view.cells("network")[f"switch-1.port{n}"]["data-state"] for n in range(5)]
    assert states == ["alarm", "alarm", "down", "alarm", "down"]  # Eth1, 2, 4, 5, 10


def test_a_port_of_a_right_cable_that_is_too_slow(sheet: Path) -> None:
    slow = said("port_speed_bytes_per_second", 25e9, port="Eth1")
    view = switch(port("Eth1", to="node-1"), slow, sheet=sheet)
    assert "▲ port not as planned speed is 200 Gbit/s, expected 400 Gbit/s" in view.text("network")


def test_a_changed_sheet_is_read_again_and_nothing_else_is(
    sheet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[Path] = []

    def load(path: Path) -> Sheet:
        reads.append(path)
        return load_sheet(path)

    monkeypatch.setattr(cables, "load_sheet", load)
    view = switch(port("Eth1", to="node-1"), sheet=sheet)

    def compared() -> CableComparison:
        where = view.site.plan("r1")
        assert where is not None
        return view.site.plans.compared(where, [view.store.device("switch-1")], NOW)

    first = compared()
    assert compared() is first
    view.tell("switch-1", port("Eth1", to="node-5"))
    assert compared() != first
    assert len(reads) == 1
    sheet.write_text("cables: [{a: {device: leaf, port: Eth1}, b: {device: node-5, port: eth0}}]")
    assert "Cables 1 as planned" in view.text("network")
    assert len(reads) == 2


@pytest.mark.parametrize(
    ("written", "problem"),
    [("cables: [", "r1-sheet.yaml:2"), ("cabels: []", "cabels"), ("rack: r1", "lists no cables"),
     (None, "No such file"), ("#" * 300_000, "larger than 256 KiB"),
     (f"cables: '{EVIL}'".replace("'>'", "''>'"), "r1-sheet.yaml:1")],
    ids=["syntax", "key", "empty", "absent", "large", "hostile"],
)  # fmt: skip
def test_a_sheet_that_cannot_be_used_is_named(
    sheet: Path, written: str | None, problem: str
) -> None:
    sheet.unlink()
    if written is not None:
        sheet.write_text(written)
    view = switch(port("Eth1"), sheet=sheet)
    text = view.text("network")
    assert "The build sheet cannot be used: " in text
    assert problem in text
    assert "<script>alert" not in view.html("network")


def test_without_a_sheet_the_page_says_how_to_name_one() -> None:
    text = switch(port("Eth1")).text("network")
    assert "This rack has no build sheet" in text
    assert "- name: r1 sheet: r1-sheet.yaml" in text


def test_a_rack_that_tells_nothing_of_its_network_says_so() -> None:
    text = View({"pdu-a": "pdu"}).text("network")
    assert "No port data: no device of this rack reports any." in text
    view = View({"switch-1": "switch"})
    view.tell("switch-1", said("uptime_seconds_total", 5.0))
    assert "switch-1 does not report its ports." in view.text("network")
    assert "switch-1 does not report LLDP neighbours." in view.text("network")
    view.silence("switch-1", "no answer from 192.0.2.7")
    assert "switch-1 is down." in view.text("network")


def test_bad_values_are_not_shown() -> None:
    view = View({"switch-1": "switch"})
    view.tell("switch-1", port("Eth1", to="node-1"), flaw=Flaw(Quality.BAD, "sentinel"))
    text = view.text("network")
    assert "node-1" not in text
    assert "switch-1 does not report its ports." in text


def test_hostile_labels_are_text(sheet: Path) -> None:
    light = said("optic_temperature_celsius", 40.0, port=EVIL)
    hostile = port(EVIL, to=EVIL, receive_errors=1.0)
    view = switch(hostile, light, port("Eth1", to=EVIL), sheet=sheet)
    html = view.html("network")
    assert harmless(html)
    assert "?filter=%3Cscript%3Ealert" in html


def test_the_agent_says_where_a_racks_sheet_is_and_who_has_which_role(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text("""
racks:
  - name: r1
    sheet: plans/r1.yaml
    devices: [{name: switch-1, role: leaf, url: snmp://192.0.2.1}]
  - name: r2
    devices: [{name: switch-2, url: snmp://192.0.2.2}]
""")
    agent = Agent(load_config(site))
    assert agent.plan("r1") == CablePlan(tmp_path / "plans/r1.yaml", {"leaf": "switch-1"})
    assert agent.plan("r2") is None


def test_more_ports_than_can_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.web.pages.network.view.PORTS_MAX", 3)
    text = switch(*(port(f"Eth{n}") for n in range(5))).text("network")
    assert "2 more ports are listed on the page of the device." in text
    assert "5 of 5 ports up" in text
