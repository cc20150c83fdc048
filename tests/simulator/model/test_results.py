"""The NVL72-class rack against the published figures, and balances that close at every load."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.model import RackModel, load_model, shipped_models
from tests.simulator.model.readings import (
    DIFFERENCE,
    FLOW,
    PRESSURE,
    RETURN,
    SUPPLY,
    TEMPERATURE,
    mean,
    number,
    series,
    settled,
)

FULL = 1.0
_72_KW = 47.0 / 95.0


def test_full_load_flow_temperatures_and_pressure() -> None:
    rack = settled(load=FULL)
    assert mean(rack, "rack", "rack_busbar_power_watts") == pytest.approx(120e3, rel=0.02)
    assert mean(rack, "cdu", FLOW, loop="technology") * 60 == pytest.approx(130.0, rel=0.02)
    rise = mean(rack, "cdu", TEMPERATURE, **RETURN) - mean(rack, "cdu", TEMPERATURE, **SUPPLY)
    assert rise == pytest.approx(12.0, rel=0.02)
    assert mean(rack, "cdu", DIFFERENCE, across="rack") == pytest.approx(89e3, rel=0.02)


def test_full_load_currents() -> None:
    rack = settled(load=FULL)
    shelves = [role for role in rack.roles if role.startswith("shelf-")]
    bar = sum(mean(rack, role, "rack_busbar_current_amperes") for role in shelves)
    assert bar == pytest.approx(2363.0, rel=0.02)
    assert mean(rack, "rack", "rack_busbar_current_amperes") == pytest.approx(2363.0, rel=0.02)
    for role in ("pdu-a", "pdu-b"):
        for phase in "123":
            amperes = mean(rack, role, "rack_phase_current_amperes", phase=phase)
            assert amperes == pytest.approx(86.5, rel=0.02)


def test_step_of_load_overshoots_and_settles_as_published() -> None:
    rack = settled(load=_72_KW)
    rack.set_load(FULL)
    thermal = rack.machine.heat.state.thermal
    errors = []
    for _ in range(600):
        rack.step()
        errors.append(thermal.supply_c - 30.0)
    assert max(errors) == pytest.approx(1.05, rel=0.1)
    settle_s = max(second for second, error in enumerate(errors, 1) if abs(error) > 0.5)
    assert settle_s == pytest.approx(100, rel=0.1)


def test_step_of_load_is_seen_by_the_supply_sensor() -> None:
    rack = settled(load=_72_KW)
    rack.set_load(FULL)
    seen = series(rack, "cdu", TEMPERATURE, 600, **SUPPLY)
    assert max(seen) - 30.0 == pytest.approx(1.05, abs=0.25)


def test_duty_pump_trip_dips_and_recovers_as_published() -> None:
    rack = settled(load=FULL)
    rack.inject("pump_trip")
    flows = [60 * value for value in series(rack, "cdu", FLOW, 60, loop="technology")]
    assert min(flows) == pytest.approx(46.0, rel=0.1)
    below = [second for second, flow in enumerate(flows) if flow < 0.9 * 130.0]
    assert len(below) == pytest.approx(8, rel=0.1)
    assert below == list(range(below[0], below[0] + len(below)))


@pytest.mark.parametrize("name", shipped_models())
@settings(max_examples=15, deadline=None)
@given(load=st.floats(0.0, 1.1), seed=st.integers(0, 1000))
def test_energy_balances_close_in_every_steady_state(name: str, load: float, seed: int) -> None:
    rack = RackModel(load_model(name), seed, load=load)
    rack.step(1200)
    machine = rack.machine
    thermal, power = machine.heat.state.thermal, machine.power
    drawn = sum(power.feed_kw(feed, phase) for feed in (0, 1) for phase in range(3))
    air = machine.heat.state.air.heat_kw
    hot = thermal.hot_kw_k
    if machine.loop is None:
        # The door gives the room what it did not take out of the air.
        left = hot * (thermal.supply_c - machine.heat.state.air.room_c)
        assert thermal.removed_kw + left == pytest.approx(drawn, rel=0.01)
        assert air == pytest.approx(drawn, rel=0.01)
    else:
        assert thermal.removed_kw + air == pytest.approx(drawn, rel=0.01)
        coolant = hot * (thermal.outlet_c - thermal.supply_c)
        assert coolant == pytest.approx(thermal.removed_kw, rel=0.01)
    cold = machine.heat.cold_kw_k * (thermal.cold_outlet_c - thermal.cold_inlet_c)
    assert cold == pytest.approx(thermal.removed_kw, rel=0.01)


@settings(max_examples=10, deadline=None)
@given(load=st.floats(0.0, 1.1), lost=st.sampled_from(["", "feed_lost", "psu_dead", "phase_lost"]))
def test_power_balances_close_on_the_meters(load: float, lost: str) -> None:
    rack = settled(load=load)
    if lost:
        rack.inject(lost)
        rack.step(60)
    shelves = [role for role in rack.roles if role.startswith("shelf-")]
    feeds = sum(mean(rack, role, "rack_inlet_power_watts") for role in ("pdu-a", "pdu-b"))
    supplies = sum(mean(rack, role, "rack_inlet_power_watts") for role in shelves)
    assert supplies == pytest.approx(feeds, rel=0.01)
    given_w = sum(mean(rack, role, "rack_busbar_power_watts") for role in shelves)
    bar = mean(rack, "rack", "rack_busbar_power_watts")
    assert given_w == pytest.approx(bar, rel=0.01)
    assert 0.93 < bar / feeds < 0.98


@settings(max_examples=10, deadline=None)
@given(rate=st.floats(0.05, 5.0), seconds=st.integers(60, 3600))
def test_coolant_that_leaked_is_missing_in_the_reservoir(rate: float, seconds: int) -> None:
    rack = settled()
    rack.inject("leak", rate_l_min=rate)
    loop = rack.machine.loop
    assert loop is not None
    spilt_l = 0.0
    for _ in range(seconds):
        # Through a hole the flow goes with the root of the pressure behind it.
        behind = number(rack, "cdu", PRESSURE, **RETURN) / (1e3 * loop.spec.static_kpa)
        spilt_l += rate / 60 * max(0.0, behind) ** 0.5
        rack.step()
    filled_l = number(rack, "cdu", "rack_coolant_level_ratio") * loop.spec.reserve_l
    assert filled_l + min(spilt_l, loop.spec.reserve_l) == pytest.approx(
        loop.spec.reserve_l, rel=0.01
    )


def test_energy_meters_count_what_the_power_meters_show() -> None:
    rack = settled(load=FULL)
    meter = "rack_inlet_energy_joules_total"
    before = number(rack, "pdu-a", meter)
    watts = series(rack, "pdu-a", "rack_inlet_power_watts", 600)
    after = number(rack, "pdu-a", meter)
    assert after - before == pytest.approx(sum(watts), rel=0.01)
    phases = sum(number(rack, "pdu-a", "rack_phase_energy_joules_total", phase=p) for p in "123")
    assert phases == pytest.approx(after)
