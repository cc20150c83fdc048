"""The generations that ship: whole, sourced, and right about the simulated rack they stand for."""

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest

from agent.commission.records import Sample, Verdict
from agent.commission.spec.generation import Generation, find_generations, open_generation
from agent.model.values import Quality
from simulator.model import shipped_models
from tests.agent.commission.rack import Run, papers, rack

SEEDS = int(os.environ.get("RACKAGENT_SEEDS", "5"))
SHIPPED = ("air-cooled", "nvl72", "orv3")
WELL = {Verdict.PASS, Verdict.SKIP}


def test_three_ship_and_the_rest_is_there_to_be_extended() -> None:
    found = [open_generation(name) for name in find_generations()]
    assert tuple(each.name for each in found if not each.spec.abstract) == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_it_stands_for_a_simulated_rack(name: str) -> None:
    generation = open_generation(name)
    assert generation.spec.model in shipped_models()
    model = rack(generation)
    assert set(generation.roles) <= set(model.roles)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_number_has_a_source_and_is_marked(name: str) -> None:
    spec = open_generation(name).spec
    sourced = {**spec.constants, **spec.curves, **spec.checks, **spec.abort}
    assert all(each.source for each in sourced.values())
    numbers = Counter(check.number for check in spec.checks.values())
    assert all(1 <= number <= 44 for number in numbers)


@pytest.mark.parametrize("name", SHIPPED)
def test_each_number_of_the_catalogue_is_checked_or_does_not_apply(name: str) -> None:
    spec = open_generation(name).spec
    checked = {check.number for check in spec.checks.values()}
    spared = {each.number for each in spec.not_applicable.values()}
    assert not checked & spared
    assert checked | spared == set(range(1, 45))


def verdicts(
    generation: Generation, seed: int = 7, faults: Mapping[str, Mapping[str, object]] | None = None
) -> dict[str, Verdict]:
    sheet = papers(generation, seed)
    run = Run(generation, rack(generation, seed, faults or {}), sheet=sheet).run("L11")
    return {name: result.verdict for name, result in run.items() if result.verdict not in WELL}


@pytest.mark.parametrize(
    ("name", "seeds"),
    [("nvl72", range(SEEDS)), ("orv3", range(2)), ("air-cooled", range(2))],
    ids=["nvl72", "orv3", "air-cooled"],
)
def test_with_no_fault_nothing_fails(name: str, seeds: range) -> None:
    generation = open_generation(name)
    assert {seed: verdicts(generation, seed) for seed in seeds} == {seed: {} for seed in seeds}


UNPOWERED = "power.feed_share power.psu_count power.shelf_alarms"
LOOP_WARM = "cooling.supply cooling.supply_step cooling.alarms cooling.flow"
SEEN = {
    "feed_lost": f"{UNPOWERED} power.voltage power.frequency power.power_factor power.alarms"
    " power.n_plus_1 power.clips",
    "phase_lost": "power.voltage power.voltage_unbalance power.current_unbalance power.survivor"
    " power.feed_share power.alarms power.lose_feed_b power.shelf_unbalance power.psu_count"
    " power.psu_share power.shelf_alarms",
    "outlet_off": f"{UNPOWERED} power.outlets power.lose_feed_b power.wiring_b",
    "psu_dead": "power.shelf_unbalance power.psu_count power.psu_share power.shelf_alarms",
    "ab_miswired": "power.wiring_a power.wiring_b",
    "ct_reversed": "power.power_factor power.feed_share power.direction power.lose_feed_b"
    " power.agreement",
    "bad_joint": "power.clips",
    "pump_trip": "cooling.alarms",
    "clog": "cooling.drop",
    "exchanger_fouled": "cooling.valve",
    "valve_stuck": f"{LOOP_WARM} cooling.valve_follows",
    "facility_warm": "cooling.supply_step cooling.valve",
    "air_in_loop": "cooling.flow_steady",
    "leak": "cooling.pressure_hold cooling.leak cooling.alarms",
    "leak_cable_cut": "cooling.leak_sensor cooling.alarms",
    "supply_return_swapped": f"{LOOP_WARM} cooling.delta_t",
    "humidity_drift": "cooling.humidity",
    "dirty_optic": "network.optics_alike",
    "link_down": "network.optics network.optics_alike network.ports network.cabling",
    "cable_swap": "network.cabling",
    "wrong_identity": "identity.firmware",
    "frozen_sensor": "cooling.supply cooling.supply_step cooling.return cooling.flow"
    " cooling.delta_t cooling.approach cooling.dew_point",
    "wrong_scale": "power.feed_share power.lose_feed_a power.agreement",
    "crosstalk": "power.crosstalk",
}
"""What each physical fault must be seen by on the NVL72-class rack, and nothing else may see it."""


@pytest.mark.parametrize("fault", SEEN)
def test_a_fault_is_seen_by_those_checks_and_by_no_other(fault: str) -> None:
    found = verdicts(open_generation("nvl72"), faults={fault: {}})
    assert set(found) == set(SEEN[fault].split())


def test_a_swap_is_named() -> None:
    generation = open_generation("nvl72")
    model = rack(generation, faults={"cable_swap": {"port_a": 4, "port_b": 9}})
    results = Run(generation, model, sheet=papers(generation)).run("L4")
    assert results["network.cabling"].reason == (
        "switch-1 4: swapped with switch-1 9: node-09 eth1 and node-04 eth1 are exchanged"
    )


def test_without_a_build_sheet_there_is_no_verdict() -> None:
    generation = open_generation("nvl72")
    results = Run(generation, rack(generation)).run("L4")
    for name in ("network.ports", "network.cabling", "identity.parts"):
        assert results[name].verdict is Verdict.ERROR
        assert results[name].reason == "no build sheet to compare with"
    assert results["identity.firmware"].verdict is Verdict.SKIP


def test_without_pumps_nothing_passes_that_needs_load() -> None:
    found = verdicts(open_generation("nvl72"), faults={"pumps_lost": {}})
    assert found["cooling.flow_idle"] is Verdict.FAIL
    assert found["cooling.supply"] is Verdict.ERROR


def test_batteries_that_are_weak_are_seen() -> None:
    found = verdicts(open_generation("orv3"), faults={"weak_bbu": {}})
    assert set(found) == {"power.battery_health", "power.battery_alarms"}


def test_an_exchanger_that_is_half_fouled_is_marginal() -> None:
    found = verdicts(open_generation("nvl72"), faults={"exchanger_fouled": {}})
    assert found == {"cooling.valve": Verdict.MARGINAL}


COOLING_DATA = {
    *("cooling.supply", "cooling.supply_step", "cooling.return", "cooling.flow_setpoint"),
    *("cooling.flow_steady", "cooling.flow", "cooling.delta_t", "cooling.drop", "cooling.valve"),
}
"""Some of what cannot be judged without the cooling unit."""


@pytest.mark.parametrize("harm", ["silent", "bad", "absent", "clock"])
def test_data_that_fail_are_an_error_and_never_a_pass(harm: str) -> None:
    """The cooling unit is silent for 40 s, shows nonsense, lacks its points, or time is unknown."""

    def tamper(samples: list[Sample], seconds: float) -> list[Sample]:
        lasting = {"silent": 40, "clock": 5}.get(harm, 120)
        during = any(low <= seconds < low + lasting for low in (600, 1000, 1800))
        if harm != "absent" and not during:
            return samples
        if harm in ("silent", "absent"):
            return [sample for sample in samples if sample.device != "cdu"]
        return [
            replace(sample, value=None, quality=Quality.BAD, reason="sentinel")
            if sample.device == "cdu"
            else sample
            for sample in samples
        ]

    generation = open_generation("nvl72")
    results = Run(generation, rack(generation), tamper).run("L11")
    touched = {name: result.verdict for name, result in results.items() if name in COOLING_DATA}
    assert touched == dict.fromkeys(COOLING_DATA, Verdict.ERROR)
    assert results["power.voltage"].verdict is Verdict.PASS
