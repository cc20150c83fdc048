"""Profiles held against themselves and against recordings."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent.authoring.check_profile import check_itself, read_recorded
from agent.model.errors import ConfigError
from agent.model.values import Quality
from agent.plan import Plan, make_plan
from agent.profile.library import Library, open_library
from agent.profile.points import Conversion, ModbusPoint, SnmpPoint
from agent.profile.spec import ProfileLimits
from tests.agent.making import BASE, modbus_profile, snmp_profile
from tests.drivers.harness import library

ACME = f"""\
profile: acme
title: t
kind: pdu
protocol: snmp
verified: datasheet
source: s
identify: {{sys_object_id: {BASE}}}
info: {{model: {{oid: {BASE}.9.0}}}}
lookups: {{who: {{column: {BASE}.3}}}}
points:
  - {{metric: rack_inlet_power_watts, oid: {BASE}.1.0, unit: kW}}
  - {{metric: rack_phase_current_amperes, oid: {BASE}.2, index: [_row], unit: A,
     labels: {{phase: '{{who}}'}}}}
"""

HEAD = f"1.3.6.1.2.1.1.1.0|4|Acme\n1.3.6.1.2.1.1.2.0|6|{BASE}.5\n{BASE}.9.0|4|BX\n"


@pytest.fixture
def mine(tmp_path: Path) -> Library:
    (tmp_path / "acme.yaml").write_text(ACME)
    return open_library([tmp_path])


def recorded(tmp_path: Path, rows: str, head: str = HEAD) -> Path:
    file = tmp_path / "device.snmprec"
    file.write_text(head + rows)
    return file


async def test_a_recording_that_is_read_well(tmp_path: Path, mine: Library) -> None:
    rows = f"{BASE}.1.0|2|3\n{BASE}.2.1|2|5\n{BASE}.3.1|4|L1\n{BASE}.4.0|2|9\n"
    witness = await read_recorded(mine.get("acme"), recorded(tmp_path, rows), mine)
    assert witness.found == "acme"
    assert witness.problems == []
    assert (witness.vendor_rows, witness.read_rows, witness.helper_rows) == (5, 2, 2)
    assert {q.value: witness.count(q) for q in Quality} == {"good": 2, "uncertain": 0, "bad": 0}


async def test_what_is_impossible_or_stands_twice_is_a_problem(
    tmp_path: Path, mine: Library
) -> None:
    rows = f"{BASE}.1.0|2|90000\n{BASE}.2.1|2|5\n{BASE}.2.2|2|6\n"
    witness = await read_recorded(mine.get("acme"), recorded(tmp_path, rows), mine)
    implausible, twice = sorted(witness.problems, reverse=True)
    assert "90000" in implausible
    assert "is implausible" in implausible
    assert twice.startswith("duplicate: ")


async def test_a_recording_of_something_else(tmp_path: Path, mine: Library) -> None:
    other = recorded(tmp_path, "", head="1.3.6.1.2.1.1.1.0|4|Other\n")
    witness = await read_recorded(mine.get("acme"), other, mine)
    assert witness.found == "snmp-generic"
    assert witness.problems == ["the profile reads nothing of the recording"]
    assert (await read_recorded(mine.get("acme"), other, Library({}, {}, {}))).found is None


async def test_only_snmp_is_recorded(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="only SNMP devices can be recorded"):
        await read_recorded(library().get("orv3-rpu"), tmp_path / "x.snmprec", library())


def test_requests_beyond_the_limits_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    profile = modbus_profile(
        "{metric: rack_pump_speed_rpm, address: 10, unit: rpm}",
        "{metric: rack_pump_duty_ratio, address: 11, unit: '%'}",
    )
    whole = make_plan(profile)
    monkeypatch.setattr("agent.authoring.check_profile.make_plan", lambda _: whole)
    tight = replace(profile, limits=ProfileLimits(registers_max=1, forbidden=((11, 20),)))
    assert check_itself(tight) == [
        "holding 10..11: 2 in one read, the limit is 1",
        "holding 10..11: includes forbidden registers",
    ]
    coils = modbus_profile("{metric: rack_leak_detected, address: 3, table: coil}")
    monkeypatch.setattr("agent.authoring.check_profile.make_plan", make_plan)
    assert check_itself(coils) == []


def test_points_that_no_request_reads_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    pump = "{metric: rack_pump_speed_rpm, address: 10, unit: rpm}"
    power = f"{{metric: rack_inlet_power_watts, oid: {BASE}.1.0, unit: W}}"
    profiles = (modbus_profile(pump), snmp_profile(power))
    monkeypatch.setattr("agent.authoring.check_profile.make_plan", lambda _: Plan((), ()))
    assert [check_itself(profile) for profile in profiles] == [
        ["rack_pump_speed_rpm from holding 10: no request reads it"],
        [f"rack_inlet_power_watts from {BASE}.1.0: no request reads it"],
    ]


def test_a_get_beyond_the_limit_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    profile = snmp_profile(f"{{metric: rack_inlet_power_watts, oid: {BASE}.1.0, unit: W}}")
    whole = make_plan(profile)
    monkeypatch.setattr("agent.authoring.check_profile.make_plan", lambda _: whole)
    tight = replace(profile, limits=ProfileLimits(oids_max=1))
    assert "a GET has 3 OIDs, the limit is 1" in check_itself(tight)


def test_a_scale_that_makes_everything_impossible_is_seen() -> None:
    profile = snmp_profile(
        f"{{metric: rack_inlet_power_factor_ratio, oid: {BASE}.1.0, unit: ratio, offset: 7}}"
    )
    (fault,) = check_itself(profile)
    assert fault.startswith(f"rack_inlet_power_factor_ratio from {BASE}.1.0: no raw value")


def test_conversions_that_do_not_lead_back_are_seen() -> None:
    profile = snmp_profile(f"{{metric: rack_inlet_power_watts, oid: {BASE}.1.0, unit: W}}")
    (point,) = profile.points
    assert isinstance(point, SnmpPoint)
    unknown = replace(point, conversion=Conversion(unit="furlong"))
    (fault,) = check_itself(replace(profile, points=(unknown,)))
    assert "names the unit 'furlong'" in fault


def test_states_that_do_not_lead_back_are_seen() -> None:
    profile = modbus_profile("{metric: rack_pump_state, address: 1, states: {1: on, 2: off}}")
    (point,) = profile.points
    assert isinstance(point, ModbusPoint)
    assert check_itself(profile) == []
    assert check_itself(replace(profile, points=(replace(point, absent=frozenset({2})),))) == []
