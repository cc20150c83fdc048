"""The rack as a whole: deterministic, saved and restored, looked up as profiles ask."""

import json

import pytest

from agent.model.catalogue import CATALOGUE, Kind
from agent.model.errors import ConfigError
from simulator.model import RackModel, RackModelSpec, load_model, shipped_models
from tests.simulator.model.readings import FLOW, TEMPERATURE, number, series, settled


@pytest.fixture(scope="module")
def nvl72() -> RackModelSpec:
    return load_model("nvl72")


def _everything(rack: RackModel) -> dict[str, object]:
    return {role: rack.observe(role) for role in rack.roles}


def test_same_seed_same_rack(nvl72: RackModelSpec) -> None:
    one, two, other = (RackModel(nvl72, seed) for seed in (3, 3, 4))
    for rack in (one, two, other):
        rack.inject("leak")
        rack.step(30)
    assert _everything(one) == _everything(two)
    assert _everything(one) != _everything(other)


def test_reading_changes_nothing_and_repeats_within_a_second(nvl72: RackModelSpec) -> None:
    watched, alone = RackModel(nvl72), RackModel(nvl72)
    for _ in range(20):
        watched.step()
        assert _everything(watched) == _everything(watched)
    alone.step(20)
    assert watched.state == alone.state
    assert _everything(watched) == _everything(alone)


@pytest.mark.parametrize("dt_s", [0.1, 0.25, 2.5, 10.0])
def test_size_of_a_step_does_not_matter(nvl72: RackModelSpec, dt_s: float) -> None:
    whole, pieces = RackModel(nvl72), RackModel(nvl72)
    for rack in (whole, pieces):
        rack.set_load(1.0)
    whole.step(60)
    for _ in range(round(60 / dt_s)):
        pieces.step(dt_s)
    assert _everything(pieces) == _everything(whole)
    assert pieces.elapsed_s == pytest.approx(60.0)


@pytest.mark.parametrize("name", shipped_models())
def test_a_rack_goes_on_from_its_json_as_if_nothing_had_happened(name: str) -> None:
    spec = load_model(name)
    rack = RackModel(spec, 5)
    rack.inject("feed_lost")
    rack.inject("frozen_sensor", labels="loop=facility") if name != "orv3-rpu" else None
    rack.inject("dirty_optic", port=3)
    rack.step(45)
    copy = RackModel.from_state(spec, json.loads(json.dumps(rack.state)))
    assert _everything(copy) == _everything(rack)
    for each in (rack, copy):
        each.step(30)
        each.clear()
        each.step(100)
    assert _everything(copy) == _everything(rack)
    assert copy.state == rack.state


def test_points_stay_valid_over_a_restore(nvl72: RackModelSpec) -> None:
    rack = RackModel(nvl72)
    saved = rack.state
    point = rack.point("cdu", FLOW, {"loop": "technology"})
    assert point is not None
    before = point.value()
    rack.inject("pumps_lost")
    rack.step(60)
    assert point.value() == pytest.approx(0.0, abs=1e-6)
    rack.restore(saved)
    assert point.value() == before
    assert rack.faults == ()


def test_a_foreign_state_is_refused_and_changes_nothing(nvl72: RackModelSpec) -> None:
    rack = RackModel(nvl72)
    before = rack.state
    foreign = RackModel(load_model("orv3-rpu")).state
    with pytest.raises(ConfigError, match="orv3-rpu"):
        rack.restore(foreign)
    with pytest.raises(ConfigError):
        rack.restore({**foreign, "model": "nvl72"})
    damaged = json.loads(json.dumps(before))
    damaged["machine"]["power"]["bus_v"] = "much"
    with pytest.raises(ConfigError, match="bus_v"):
        rack.restore(damaged)
    assert rack.state == before


@pytest.mark.parametrize("name", shipped_models())
@pytest.mark.parametrize("fault", ["", "feed_lost", "pumps_lost", "leak"])
def test_observations_speak_the_catalogue_and_stay_plausible(name: str, fault: str) -> None:
    rack = RackModel(load_model(name), load=1.0)
    if fault and (rack.machine.loop or fault == "feed_lost"):
        rack.inject(fault)
    rack.step(1800)
    for role in rack.roles:
        for (metric, labels), value in rack.observe(role).items():
            known = CATALOGUE[metric]
            assert {label for label, _ in labels} <= known.labels, (role, metric, labels)
            assert isinstance(value, str) == (known.kind is Kind.STATE), (role, metric)
            if not isinstance(value, str):
                assert known.low is None or value >= known.low, (role, metric, value)
                assert known.high is None or value <= known.high, (role, metric, value)


def test_counters_never_fall_and_count_under_load() -> None:
    rack = settled()
    counters = [
        (role, metric, labels)
        for role in rack.roles
        for metric, labels in rack.observe(role)
        if CATALOGUE[metric].kind is Kind.COUNTER
    ]
    before = {key: number(rack, key[0], key[1], **dict(key[2])) for key in counters}
    for fault in ("feed_lost", "psu_dead", "dirty_optic", "link_down", "pump_trip"):
        rack.inject(fault)
        rack.step(30)
        rack.clear(fault)
        rack.step(30)
        now = {key: number(rack, key[0], key[1], **dict(key[2])) for key in counters}
        assert [key for key in counters if now[key] < before[key]] == []
        before = now
    octets = "rack_port_receive_bytes_total"
    assert len(set(series(rack, "switch-1", octets, 10, port="2"))) == 10


def test_port_counters_wrap_at_64_bits() -> None:
    rack = settled()
    switch = rack.machine.switches[0]
    switch.fold(0)
    switch.state.ports[0].receive_b = (1 << 64) - 1000
    rack.step(10)
    assert 0 < number(rack, "switch-1", "rack_port_receive_bytes_total", port="1") < 1e12


def test_lookup_prefers_exact_labels_and_refuses_contradictions(nvl72: RackModelSpec) -> None:
    rack = RackModel(nvl72)
    find = rack.find
    amperes = "rack_branch_current_amperes"
    exact = find("pdu-a", amperes, {"branch": "2", "phase": "3"})
    assert exact == rack.observe("pdu-a")[amperes, (("branch", "2"), ("phase", "3"))]
    assert find("pdu-a", amperes, {"branch": "2"}) != exact
    assert find("pdu-a", amperes, {"branch": "99"}) is None
    # A label that the model does not speak of stands in nobody's way.
    phase = find("pdu-a", "rack_phase_voltage_volts", {"phase": "2"})
    assert find("pdu-a", "rack_phase_voltage_volts", {"phase": "2", "inlet": "1"}) == phase
    assert find("pdu-a", "rack_phase_voltage_volts", {"line": "L2-L3"}) == phase
    supply = find("cdu", TEMPERATURE, {"loop": "technology", "side": "supply"})
    assert find("cdu", TEMPERATURE, {"side": "supply"}) == supply
    assert find("cdu", "rack_battery_charge_ratio", {}) is None
    with pytest.raises(KeyError):
        find("toaster", TEMPERATURE, {})


def test_bus_minimum_stays_latched_until_reset(nvl72: RackModelSpec) -> None:
    rack = settled()
    latch = {"window": "minimum"}
    rack.inject("feed_lost")
    rack.step(5)
    rack.clear()
    rack.step(60)
    lowest = number(rack, "shelf-1", "rack_busbar_voltage_volts", **latch)
    assert lowest < number(rack, "shelf-1", "rack_busbar_voltage_volts") - 0.5
    rack.reset_latches()
    assert number(rack, "shelf-1", "rack_busbar_voltage_volts", **latch) > lowest


@pytest.mark.parametrize("ratio", [-0.1, 1.2, float("nan")])
def test_an_impossible_load_is_refused(nvl72: RackModelSpec, ratio: float) -> None:
    rack = RackModel(nvl72)
    with pytest.raises(ConfigError, match="load"):
        rack.set_load(ratio)


@pytest.mark.parametrize("dt_s", [-1.0, float("nan"), float("inf"), 1e9])
def test_an_impossible_step_is_a_bug(nvl72: RackModelSpec, dt_s: float) -> None:
    with pytest.raises(ValueError, match="step"):
        RackModel(nvl72).step(dt_s)


def test_devices_on_a_dead_bus_do_not_answer(nvl72: RackModelSpec) -> None:
    rack = settled()
    rack.inject("feed_lost", feed="a")
    rack.inject("feed_lost", feed="b")
    rack.step(5)
    assert number(rack, "rack", "rack_busbar_voltage_volts") == 0.0
    assert not rack.powered("switch-1")
    assert rack.powered("pdu-a")
    rack.clear()
    rack.step(300)
    assert rack.powered("switch-1")
    assert number(rack, "rack", "rack_busbar_power_watts") == pytest.approx(120e3, rel=0.02)


def test_serial_numbers_differ_between_devices_and_seeds(nvl72: RackModelSpec) -> None:
    found = set()
    for seed in (1, 2):
        rack = RackModel(nvl72, seed)
        for role in rack.roles:
            for metric, labels in rack.observe(role):
                if metric in ("rack_device_info", "rack_component_info"):
                    found.add(dict(labels)["serial"])
    assert len(found) == 2 * (13 + 48)
