"""Faults of the electrical side show what they are published to show."""

import pytest

from tests.simulator.model.readings import (
    alarms,
    broken,
    mean,
    number,
    settled,
    word,
)

_AMPERES = "rack_phase_current_amperes"


def test_feed_lost() -> None:
    rack = settled()
    assert mean(rack, "shelf-8", "rack_busbar_utilization_ratio") == pytest.approx(0.45, abs=0.01)
    rack.inject("feed_lost", feed="a")
    rack.step(30)
    assert number(rack, "pdu-a", "rack_inlet_voltage_volts") == 0.0
    for phase in "123":
        assert number(rack, "pdu-a", _AMPERES, phase=phase) == 0.0
        assert mean(rack, "pdu-b", _AMPERES, phase=phase) == pytest.approx(174.0, rel=0.01)
    assert mean(rack, "shelf-8", "rack_busbar_utilization_ratio") == pytest.approx(0.91, abs=0.01)
    assert word(rack, "shelf-1", "rack_psu_state", psu="1") == "no_input"
    assert number(rack, "shelf-1", "rack_psu_outages_total", psu="1") == 1
    assert mean(rack, "rack", "rack_busbar_power_watts") == pytest.approx(120e3, rel=0.01)
    assert "phase_lost" in alarms(rack, "pdu-a")


def test_psu_dead() -> None:
    rack = broken("psu_dead", 30, shelf=3, psu=2)
    unbalance = "rack_inlet_current_unbalance_ratio"
    assert number(rack, "shelf-3", unbalance) == pytest.approx(0.4, abs=0.01)
    assert number(rack, "shelf-2", unbalance) == pytest.approx(0.0, abs=0.01)
    assert word(rack, "shelf-3", "rack_psu_state", psu="2") == "failed"
    assert number(rack, "shelf-3", "rack_psu_output_power_watts", psu="2") == 0.0
    assert "psu_failed" in alarms(rack, "shelf-3")
    assert mean(rack, "pdu-a", _AMPERES, phase="2") < mean(rack, "pdu-a", _AMPERES, phase="1")


def test_phase_lost() -> None:
    rack = broken("phase_lost", 30, feed="b", phase=2)
    assert number(rack, "pdu-b", "rack_phase_voltage_volts", phase="2") == 0.0
    assert number(rack, "pdu-b", _AMPERES, phase="2") == 0.0
    assert mean(rack, "pdu-b", _AMPERES, phase="1") > 95.0
    assert word(rack, "pdu-b", "rack_phase_state", phase="2") == "lost"
    assert word(rack, "shelf-8", "rack_psu_state", psu="2") == "no_input"
    assert number(rack, "pdu-b", "rack_inlet_voltage_unbalance_ratio") > 0.5
    assert mean(rack, "rack", "rack_busbar_power_watts") == pytest.approx(120e3, rel=0.01)


def test_ab_miswired_is_hidden_until_feed_a_opens() -> None:
    rack = broken("ab_miswired", 30, shelf_a=2)
    assert mean(rack, "pdu-a", _AMPERES, phase="1") == pytest.approx(86.5, rel=0.02)
    rack.inject("feed_lost", feed="a")
    rack.step(30)
    assert number(rack, "shelf-6", "rack_busbar_power_watts") == 0.0, "B's shelf drops"
    assert number(rack, "shelf-2", "rack_busbar_power_watts") > 1e3, "A's shelf stays"


def test_ct_reversed() -> None:
    rack = broken("ct_reversed", 5, feed="a", phase=3)
    watts = [number(rack, "pdu-a", "rack_phase_power_watts", phase=phase) for phase in "123"]
    assert watts[0] > 0 > watts[2]
    assert number(rack, "pdu-a", _AMPERES, phase="3") > 80.0
    third = watts[0]
    assert number(rack, "pdu-a", "rack_inlet_power_watts") == pytest.approx(third, rel=0.05)


def test_bad_joint_warms_with_the_square_of_the_current() -> None:
    rack = broken("bad_joint", 900, shelf=5)
    clip = "rack_busbar_temperature_celsius"
    extra = mean(rack, "shelf-5", clip) - mean(rack, "shelf-4", clip)
    assert extra > 10.0
    rack.set_load(0.5)
    rack.step(900)
    less = mean(rack, "shelf-5", clip) - mean(rack, "shelf-4", clip)
    assert less / extra == pytest.approx((72.5 / 120.0) ** 2, rel=0.05)


def test_weak_bbu_empties_early_and_takes_the_rack_with_it() -> None:
    rack = settled("orv3-rpu")
    rack.inject("weak_bbu", bbu=2, health=0.25)
    rack.step(2)
    assert number(rack, "bbu-2", "rack_battery_health_ratio", battery="1") == 0.25
    assert "battery_weak" in alarms(rack, "bbu-2")
    for feed in "ab":
        rack.inject("feed_lost", feed=feed)
    rack.step(5)
    assert mean(rack, "rack", "rack_busbar_voltage_volts") == pytest.approx(48.5, rel=0.01)
    assert word(rack, "bbu-1", "rack_battery_state", battery="1") == "discharging"
    rack.step(60)
    charges = [number(rack, f"bbu-{n}", "rack_battery_charge_ratio", battery="1") for n in (1, 2)]
    assert charges[1] < 0.1 < 0.5 < charges[0]


def test_healthy_batteries_hold_four_minutes_at_their_rating_then_recharge() -> None:
    rack = settled("orv3-rpu")
    for feed in "ab":
        rack.inject("feed_lost", feed=feed)
    rack.step(240)
    assert number(rack, "rack", "rack_busbar_power_watts") > 35e3
    rack.step(240)
    assert number(rack, "rack", "rack_busbar_power_watts") == 0.0
    rack.clear()
    rack.step(60)
    assert word(rack, "bbu-1", "rack_battery_state", battery="1") == "charging"
    rack.step(7200)
    assert number(rack, "bbu-1", "rack_battery_charge_ratio", battery="1") > 0.99


def test_outlet_off_drops_its_shelf() -> None:
    rack = broken("outlet_off", 30, feed="b", outlet=1)
    assert word(rack, "pdu-b", "rack_outlet_state", outlet="1") == "off"
    assert number(rack, "pdu-b", "rack_outlet_power_watts", outlet="1") == 0.0
    assert number(rack, "shelf-5", "rack_busbar_power_watts") == 0.0
    assert mean(rack, "rack", "rack_busbar_power_watts") == pytest.approx(120e3, rel=0.01)
