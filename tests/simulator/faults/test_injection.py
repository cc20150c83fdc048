"""Faults by name, in their place, on time, and gone again."""

from pathlib import Path

import pytest

from agent.config import load_config
from agent.model.errors import ConfigError
from simulator.faults.catalogue import ALIASES, catalogue
from simulator.faults.schedule import Planned, parse_fault
from simulator.faults.wire_faults import WIRE_FAULTS
from simulator.model import FAULTS
from simulator.site.rack_server import build
from simulator.site.site import SimulatedSite
from tests.simulator.bench import write_site

_ROLES = {"pdu-a": "apc-rpdu2", "pdu-b": "apc-rpdu2", "cdu": "orv3-rpu", "switch-2": "switch"}


@pytest.fixture
def site(tmp_path: Path) -> SimulatedSite:
    """A site that nobody serves, so that time passes when a test says so."""
    return build(load_config(write_site(tmp_path, _ROLES)))[0]


def names(site: SimulatedSite) -> list[str]:
    return [active.fault for active in site.injector.active]


def test_the_catalogue_names_every_fault_once() -> None:
    kinds = catalogue()
    assert set(kinds) == {*FAULTS, *WIRE_FAULTS, *ALIASES}
    assert len(kinds) == len(FAULTS) + len(WIRE_FAULTS) + len(ALIASES)
    assert kinds["open_feed_b"].defaults == {"feed": "b"}
    assert {kind.of for kind in kinds.values()} == {"rack", "device", "snmp", "modbus"}


def test_a_fault_begins_and_ends_when_it_is_due(site: SimulatedSite) -> None:
    site.injector.plan([parse_fault("pump_trip@60s+30s"), parse_fault("feed_lost:feed=b@70s")])
    seen = []
    for _ in range(12):
        site.advance(10.0)
        seen.append(names(site))
    assert seen[:5] == [[]] * 5
    assert seen[5:9] == [["pump_trip"], *[["pump_trip", "feed_lost"]] * 2, ["feed_lost"]]
    assert seen[-1] == ["feed_lost"]
    assert [fault.name for fault in site.rack().faults] == ["feed_lost"]


def test_one_long_step_is_cut_at_every_event(site: SimulatedSite) -> None:
    site.injector.plan([parse_fault("pump_trip@3s+4s")])
    heard: list[float] = []
    site.watchers.append(lambda: heard.append(site.elapsed_s))
    site.advance(10.5)
    assert heard == [float(second) for second in range(1, 11)]
    assert names(site) == []
    assert site.rack().elapsed_s == pytest.approx(10.5)


def test_an_alias_says_more_than_its_fault(site: SimulatedSite) -> None:
    active = site.injector.inject("open_feed_b")
    assert (active.fault, active.params, active.where) == ("feed_lost", {"feed": "b"}, "r1")
    assert site.rack().find("pdu-b", "rack_inlet_voltage_volts", {}) == 0.0
    assert site.injector.clear(active.id) == active
    assert site.rack().faults == ()


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("feed_lost:device=pdu-b", {"feed": "b"}),
        ("frozen_values:device=cdu", {"role": "cdu", "metric": "", "labels": ""}),
        ("link_down:device=switch-2,port=3", {"switch": 2, "port": 3}),
        ("link_down:device=switch-2,switch=1", {"switch": 1, "port": 1}),
    ],
)
def test_a_device_says_where_in_its_rack(
    site: SimulatedSite, text: str, params: dict[str, object]
) -> None:
    planned = parse_fault(text)
    assert site.injector.inject(planned.fault, planned.params).params == params


def test_a_second_fault_in_the_same_place_replaces_the_first(site: SimulatedSite) -> None:
    site.injector.inject("clog", {"factor": 2}, for_s=5.0)
    site.injector.inject("clog", {"factor": 4})
    assert [active.params for active in site.injector.active] == [{"factor": 4.0}]
    site.advance(20.0)
    assert names(site) == ["clog"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pump_tripp", "did you mean 'pump_trip'"),
        ("xyz", "known: ab_miswired"),
        ("pump_trip:speed=1", "unknown parameter 'speed'; known: pump"),
        ("pump_trip:pump=first", "must be a whole number"),
        ("pump_trip:pump=9", "must be 1 to 2"),
        ("pump_trip:rack=r9", "unknown rack 'r9'; known: r1"),
        ("delay", "needs device=NAME; known: pdu-a, pdu-b, cdu, switch-2"),
        ("delay:device=pdu-c", "unknown device 'pdu-c'; known: pdu-a"),
        ("delay:device=cdu,seconds=0", "seconds 0: must be more than 0"),
        ("busy:device=pdu-a", "pdu-a is not a device of modbus"),
        ("gen_err:device=cdu", "cdu is not a device of snmp"),
        ("gen_err:device=pdu-a,oid=system", "is not a numeric OID"),
        ("crc:device=cdu", "Modbus TCP, which has no check sum"),
        ("engine_id_change:device=pdu-a", "engine_id_change: pdu-a does not speak SNMP v3"),
        ("time_window:device=pdu-a", "time_window: pdu-a does not speak SNMP v3"),
        ("weak_bbu", "no battery shelves"),
    ],
)
def test_what_cannot_be_is_said_at_once_and_nothing_is_planned(
    site: SimulatedSite, text: str, said: str
) -> None:
    planned = parse_fault(text)
    with pytest.raises(ConfigError, match=said):
        site.injector.inject(planned.fault, planned.params)
    with pytest.raises(ConfigError, match=said):
        site.injector.plan([parse_fault("leak@1s"), planned])
    assert site.injector.next_due_s() is None
    assert names(site) == []


def test_the_only_modbus_device_need_not_be_named(site: SimulatedSite) -> None:
    assert site.injector.inject("busy").where == "cdu"


def test_planning_a_fault_leaves_no_trace_before_its_time(site: SimulatedSite) -> None:
    before = site.snapshot()
    boots = [item.role_view.boot.count for item in site]
    site.injector.plan([parse_fault("reboot:device=pdu-a@5s"), parse_fault("feed_lost@5s")])
    assert site.snapshot() == before
    assert [item.role_view.boot.count for item in site] == boots


def test_a_reboot_starts_counters_and_uptime_again(site: SimulatedSite) -> None:
    site.advance(100.0)
    role_view = next(item.role_view for item in site if item.device.name == "pdu-a")
    energy = role_view.value("rack_inlet_energy_joules_total", {})
    power = role_view.value("rack_inlet_power_watts", {})
    active = site.injector.inject("reboot", {"device": "pdu-a"})
    assert active.until_s == 110.0
    site.advance(15.0)
    assert names(site) == []
    after = role_view.value("rack_inlet_energy_joules_total", {})
    assert isinstance(energy, float)
    assert isinstance(after, float)
    assert isinstance(power, float)
    assert after == pytest.approx(5 * power, rel=0.05)
    assert after < energy
    assert role_view.uptime_s == pytest.approx(5.0)
    assert role_view.boot.count == 2


def test_a_snapshot_brings_back_load_and_faults(site: SimulatedSite) -> None:
    site.rack().set_load(0.9)
    site.injector.inject("pump_trip", for_s=1000.0)
    site.injector.inject("silent", {"device": "pdu-a"})
    site.advance(30.0)
    kept = site.snapshot()
    site.injector.clear(1)
    site.rack().set_load(0.1)
    site.injector.inject("leak")
    site.advance(60.0)
    site.restore(kept)
    assert site.rack().load == 0.9
    assert [(active.fault, active.where) for active in site.injector.active] == [
        ("silent", "pdu-a"),
        ("pump_trip", "r1"),
    ]
    assert site.snapshot() == kept


@pytest.mark.parametrize("wrong", [{}, {"racks": {"r2": {}}}, {"racks": {"r1": 5}}])
def test_a_foreign_snapshot_changes_nothing(site: SimulatedSite, wrong: dict[str, object]) -> None:
    before = site.snapshot()
    with pytest.raises(ConfigError):
        site.restore(wrong)
    assert site.snapshot() == before


def test_there_is_an_end_to_what_can_be_broken(site: SimulatedSite) -> None:
    for _ in range(1000):
        site.injector.inject("silent", {"device": "pdu-a"})
    with pytest.raises(ConfigError, match="1000 faults are active"):
        site.injector.inject("leak")
    with pytest.raises(ConfigError, match="faults planned"):
        site.injector.plan([Planned("leak")] * 10_001)


def test_clearing_what_is_not_there(site: SimulatedSite) -> None:
    with pytest.raises(ConfigError, match="fault 7 is not active; active: none"):
        site.injector.clear(7)
