"""Faults of cables, optics and sensors show what they are published to show."""

import pytest

from simulator.model import RackModel
from tests.simulator.model.readings import (
    RETURN,
    SUPPLY,
    TEMPERATURE,
    broken,
    mean,
    number,
    series,
    settled,
    spread,
    word,
)


def test_wrong_scale() -> None:
    rack = settled()
    before = mean(rack, "pdu-a", "rack_inlet_power_watts")
    rack.inject("wrong_scale", role="pdu-a", metric="rack_inlet_power_watts")
    after = mean(rack, "pdu-a", "rack_inlet_power_watts")
    assert after == pytest.approx(10 * before, rel=0.01)
    shelves = sum(mean(rack, f"shelf-{n}", "rack_inlet_power_watts") for n in range(1, 5))
    assert shelves == pytest.approx(before, rel=0.01)


def test_frozen_sensor_has_no_variance_while_its_neighbours_have() -> None:
    rack = settled(load=0.5)
    rack.inject("frozen_sensor", role="cdu", labels="loop=technology,side=return")
    rack.set_load(1.0)
    assert spread(rack, "cdu", TEMPERATURE, **RETURN) == 0.0
    assert spread(rack, "cdu", TEMPERATURE, **SUPPLY) > 0.01
    rack.clear("frozen_sensor")
    rack.step(300)
    assert mean(rack, "cdu", TEMPERATURE, **RETURN) == pytest.approx(42.0, abs=0.5)


def _neighbors(rack: RackModel, switch: str) -> dict[str, str]:
    observed = (dict(labels) for metric, labels in rack.observe(switch) if "lldp" in metric)
    return {labels["port"]: labels["remote_system"] for labels in observed}


def test_cable_swap_is_two_mismatches_with_both_links_up() -> None:
    rack = settled()
    plan = {port: peer.system for port, peer in rack.cable_plan()["switch-2"].items()}
    assert _neighbors(rack, "switch-2") == plan
    rack.inject("cable_swap", switch=2, port_a=4, port_b=9)
    found = _neighbors(rack, "switch-2")
    assert {port for port in plan if found[port] != plan[port]} == {"4", "9"}
    assert found["4"] == plan["9"]
    for port in ("4", "9"):
        assert word(rack, "switch-2", "rack_port_oper_state", port=port) == "up"
    rack.clear("cable_swap")
    assert _neighbors(rack, "switch-2") == plan


def test_dirty_optic_loses_3_db_and_stays_up() -> None:
    rack = settled()
    light = "rack_optic_receive_power_dbm"
    corrected = "rack_port_fec_corrected_total"

    def rate() -> float:
        before = number(rack, "switch-1", corrected, port="5")
        rack.step(60)
        return number(rack, "switch-1", corrected, port="5") - before

    before, clean = mean(rack, "switch-1", light, port="5"), rate()
    rack.inject("dirty_optic", switch=1, port=5)
    assert mean(rack, "switch-1", light, port="5") == pytest.approx(before - 3.0, abs=0.1)
    watts = mean(rack, "switch-1", "rack_optic_receive_power_watts", port="5")
    assert watts == pytest.approx(0.4e-3, rel=0.02)
    assert word(rack, "switch-1", "rack_port_oper_state", port="5") == "up"
    assert rate() > 50 * clean
    assert mean(rack, "switch-1", light, port="6") == pytest.approx(before, abs=0.1)


def test_link_down() -> None:
    rack = broken("link_down", 5, switch=1, port=3)
    assert word(rack, "switch-1", "rack_port_oper_state", port="3") == "down"
    assert word(rack, "switch-1", "rack_port_admin_state", port="3") == "up"
    assert number(rack, "switch-1", "rack_optic_receive_power_dbm", port="3") < -39.0
    assert "3" not in _neighbors(rack, "switch-1")
    octets = series(rack, "switch-1", "rack_port_receive_bytes_total", 10, port="3")
    assert len(set(octets)) == 1


def _identity(rack: RackModel, role: str, metric: str = "rack_device_info") -> dict[str, str]:
    return next(dict(labels) for name, labels in rack.observe(role) if name == metric)


def test_wrong_firmware_or_serial() -> None:
    rack = settled()
    own = _identity(rack, "switch-1")
    rack.inject("wrong_identity", role="switch-1", firmware="0.1.2")
    assert _identity(rack, "switch-1") == {**own, "firmware": "0.1.2"}
    rack.inject("wrong_identity", role="shelf-2", part="psu-1", serial="OTHER", firmware="")
    assert _identity(rack, "shelf-2", "rack_component_info")["serial"] == "OTHER"
    rack.clear()
    assert _identity(rack, "switch-1") == own


def test_crosstalk_makes_two_devices_identical() -> None:
    rack = settled()

    def differing() -> int:
        one, two = (rack.observe(role) for role in ("shelf-1", "shelf-2"))
        shown = [key for key in one if "info" not in key[0]]
        return sum(one[key] != two[key] for key in shown)

    assert differing() > 50
    rack.inject("crosstalk", source="shelf-1", target="shelf-2")
    for _ in range(5):
        rack.step()
        assert differing() == 0
    rack.clear("crosstalk")
    assert differing() > 50
