"""Rules for every fault: it can be cleared, overlaps others, and refuses what cannot be."""

import pytest

from agent.model.errors import ConfigError
from simulator.model import FAULTS
from tests.simulator.model.readings import (
    DIFFERENCE,
    RETURN,
    TEMPERATURE,
    alarms,
    mean,
    settled,
    word,
)


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_cleared_fault_leaves_no_trace(name: str) -> None:
    rack = settled("orv3-rpu" if name == "weak_bbu" else "nvl72")
    rack.inject(name)
    assert [active.name for active in rack.faults] == [name]
    rack.step(20)
    assert rack.clear(name) == 1
    assert rack.faults == ()
    rack.step(1800)
    sound = settled(rack.spec.name)
    assert mean(rack, "rack", "rack_busbar_power_watts") == pytest.approx(
        mean(sound, "rack", "rack_busbar_power_watts"), rel=0.01
    )
    assert mean(rack, "cdu", TEMPERATURE, **RETURN) == pytest.approx(
        mean(sound, "cdu", TEMPERATURE, **RETURN), abs=0.2
    )
    assert alarms(rack, "cdu") == set()


def test_clearing_one_of_two_overlapping_faults_leaves_the_other() -> None:
    rack = settled()
    rack.inject("pumps_lost")
    rack.inject("pump_trip", pump=1)
    assert rack.clear("pumps_lost") == 1
    rack.step(60)
    assert word(rack, "cdu", "rack_pump_state", pump="1") == "failed"
    assert word(rack, "cdu", "rack_pump_state", pump="2") == "running"


def test_a_second_fault_in_the_same_place_replaces_the_first() -> None:
    rack = settled()
    rack.inject("clog", factor=4)
    rack.inject("clog", factor="2")
    assert [dict(active.params) for active in rack.faults] == [{"factor": 2.0}]
    rack.step(600)
    assert mean(rack, "cdu", DIFFERENCE, across="rack") == pytest.approx(158e3, rel=0.02)


def test_clear_picks_by_parameters() -> None:
    rack = settled()
    for psu in (1, 2, 3):
        rack.inject("psu_dead", shelf=1, psu=psu)
    assert rack.clear("psu_dead", psu="2") == 1
    assert [active.params["psu"] for active in rack.faults] == [1, 3]
    assert rack.clear("psu_dead", psu=2) == 0
    assert rack.clear() == 2


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("meteorite", {}, "unknown fault 'meteorite'"),
        ("clog", {"size": 3}, "unknown parameter 'size'"),
        ("clog", {"factor": "much"}, "must be a number"),
        ("clog", {"factor": -1}, "more than 0"),
        ("psu_dead", {"shelf": 9}, "1 to 8"),
        ("psu_dead", {"psu": "1.5"}, "whole number"),
        ("feed_lost", {"feed": "c"}, "must be a or b"),
        ("valve_stuck", {"position": 2}, "0 to 1"),
        ("weak_bbu", {}, "no battery shelves"),
        ("cable_swap", {"port_a": 32}, "must have a cable"),
        ("frozen_sensor", {"role": "toaster"}, "role"),
        ("frozen_sensor", {"metric": "rack_air_velocity_meters_per_second"}, "shows no"),
        ("crosstalk", {"target": "toaster"}, "roles must be"),
        ("wrong_identity", {"role": "rack"}, "has no identity"),
    ],
)
def test_what_cannot_be_broken_is_said(name: str, params: dict[str, object], message: str) -> None:
    rack = settled()
    before = rack.state
    with pytest.raises(ConfigError, match=message):
        rack.inject(name, **params)
    assert rack.state == before


def test_cooling_faults_need_a_loop() -> None:
    rack = settled("air-rdhx")
    with pytest.raises(ConfigError, match="no coolant loop"):
        rack.inject("pump_trip")
