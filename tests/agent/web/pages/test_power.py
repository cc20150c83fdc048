"""The power view: what a person reads of feeds, failover, supplies and batteries."""

import re

import pytest

from agent.model.values import Flaw, Quality
from agent.web.data.query import DeviceValues
from agent.web.pages.power import model
from tests.agent.web.views import EVIL, Said, View, harmless, said

FOUR = {"pdu-a": "pdu", "pdu-b": "pdu", "shelf-1": "power_shelf", "shelf-2": "power_shelf"}


def phases(*amperes: float, limit: float | None = 32.0) -> Said:
    told: Said = {}
    for number, value in enumerate(amperes, 1):
        told = {
            **told,
            **said("phase_voltage_volts", 230.0, phase=str(number)),
            **said("phase_current_amperes", value, phase=str(number)),
            **said("phase_power_watts", value * 230, phase=str(number)),
            **said("phase_power_factor_ratio", 0.98, phase=str(number)),
        }
        if limit is not None:
            told = {**told, **said("phase_current_limit_amperes", limit, phase=str(number))}
    return told


def shelf(*shares: float, state: str = "normal") -> Said:
    told: Said = {**said("busbar_voltage_volts", 50.9)}
    told = {**told, **said("busbar_voltage_volts", 48.0, window="minimum")}
    for number, share in enumerate(shares, 1):
        told = {
            **told,
            **said("psu_output_power_watts", share * 5500, psu=str(number)),
            **said("psu_input_power_watts", share * 5500 / 0.97, psu=str(number)),
            **said("psu_output_utilization_ratio", share, psu=str(number)),
            **said("psu_state", state, psu=str(number)),
        }
    return told


def test_a_rack_with_two_feeds_and_two_shelves() -> None:
    view = View(FOUR)
    view.tell("pdu-a", phases(10.0, 10.0, 11.0))
    view.tell("pdu-b", phases(10.0, 12.0, 18.0))
    view.tell("shelf-1", shelf(0.5, 0.5, 0.5))
    view.tell("shelf-2", shelf(0.25, 0.25, 0.25, state="current_limited"))
    text = view.text("power")
    assert "phase 1 230 V 10.0 A of 32.0 A 31% 2.30 kW 0.980" in text
    assert "Feed A lost (pdu-a) 91% pdu-b carries 29.0 A of 32.0 A (phase 3)" in text.replace(
        "▲ ", ""
    )
    assert "Feed B lost (pdu-b) ▲ 91% pdu-a carries 29.0 A of 32.0 A (phase 3)" in text
    assert "Balance A to B 44% : 56%" in text
    assert "One PSU of a shelf lost 75% each remaining PSU of shelf-1 carries 75%" in text
    assert "One power shelf lost 75% the other 1 carry 75% each, at equal ratings" in text
    assert "shelf-1 3 PSUs, 3 normal ● up 8.25 kW 50% 50.9 V" in text
    assert "3 PSUs, 3 current limited" in text
    assert "▲ current limited" in text
    assert "bus bar 50.90 V to 50.90 V" in text
    assert "12.8 kW AC in, 12.4 kW DC out, efficiency 97.0%" in text
    assert "Current unbalance ▲ 35.0 %" in text  # 18 A where the mean is 13.33
    assert "No battery data: no device of this rack reports any." in text


def test_bars_are_attributes_and_no_page_has_a_style() -> None:
    view = View(FOUR)
    view.tell("pdu-a", phases(8.0, 30.0, 40.0))
    cells = view.cells("power")
    assert cells["pdu-a.0.bar"] == {"width": "25.0", "data-state": "up"}
    assert cells["pdu-a.1.bar"] == {"width": "93.8", "data-state": "alarm"}
    assert cells["pdu-a.2.bar"] == {"width": "100.0", "data-state": "down"}
    assert cells["pdu-a.2.share"] == {"text": "✕ 125%", "data-state": "down"}
    html = view.html("power")
    assert 'data-live="pdu-a.0.bar" width="25.0" data-state="up"' in html
    assert " style=" not in html


def test_a_rack_that_tells_nothing_says_so() -> None:
    text = View({"switch-1": "switch"}).text("power")
    assert "No feed data: this rack has no PDU and no meter." in text
    assert "No DC data: this rack has no power shelf." in text
    assert "No battery data: no device of this rack reports any." in text


def test_a_rack_says_what_its_devices_do_not_tell() -> None:
    view = View(FOUR | {"pdu-c": "pdu"})
    view.tell("pdu-a", phases(10.0, limit=None))
    view.tell("pdu-b", said("inlet_energy_joules_total", 5.0))
    view.silence("pdu-c", "no answer from 192.0.2.9")
    view.tell("shelf-1", said("psu_output_power_watts", 900.0))
    text = view.text("power")
    assert "pdu-a does not report its current limits." in text
    assert "pdu-b does not report its input current or power." in text
    assert "pdu-c is down." in text
    assert "Feed A lost (pdu-a) – the load of pdu-b is unknown" in text
    assert "shelf-1 does not report its load." in text
    assert "Not every shelf reports its load" in text


def test_bad_values_are_not_shown() -> None:
    view = View(FOUR)
    view.tell("pdu-a", phases(10.0), flaw=Flaw(Quality.BAD, "sentinel -1"))
    text = view.text("power")
    assert "10.0 A" not in text
    assert "pdu-a does not report its input current or power." in text


def test_one_feed_alone_or_uneven_feeds_say_nothing_of_a_loss() -> None:
    one = View({"pdu-a": "pdu"})
    one.tell("pdu-a", phases(10.0))
    assert "Only one feed is known" in one.text("power")
    assert "Balance" not in one.text("power")
    uneven = View({"1-a": "pdu", "2-a": "pdu", "1-b": "pdu"})
    for name in ("1-a", "2-a", "1-b"):
        uneven.tell(name, phases(10.0))
    text = uneven.text("power")
    assert "Feeds A and B differ in their number of PDUs" in text
    assert "Balance A to B 67% : 33%" in text


def test_branches_batteries_and_meters() -> None:
    view = View({"meter": "other", "pdu-a": "pdu", "bbu": "bbu"})
    view.tell("meter", {**said("line_current_amperes", 20.0, line="L1"),
                        **said("inlet_current_limit_amperes", 40.0)})  # fmt: skip
    view.tell("pdu-a", {**phases(10.0), **said("branch_current_amperes", 12.0, branch="3"),
                        **said("branch_current_limit_amperes", 16.0, branch="3")})  # fmt: skip
    view.tell("bbu", {**said("battery_charge_ratio", 0.97), **said("battery_health_ratio", 0.9),
                      **said("battery_runtime_seconds", 240.0),
                      **said("battery_temperature_celsius", 31.0, sensor="inlet"),
                      **said("battery_temperature_celsius", 36.0, sensor="outlet"),
                      **said("battery_state", "charging")})  # fmt: skip
    text = view.text("power")
    assert "line L1 – 20.0 A of 40.0 A 50%" in text
    assert "1 branch circuits" in text
    assert "branch 3 – 12.0 A of 16.0 A 75%" in text
    assert "bbu battery charging 97.0 % 90.0 % 4.00 min 36.0 °C" in text
    assert view.cells("power")["bbu.bat0.bar"] == {"width": "97.0", "data-state": "up"}


def test_a_battery_that_is_empty_or_old_is_marked() -> None:
    view = View({"bbu": "bbu"})
    view.tell("bbu", {**said("battery_charge_ratio", 0.3, battery="2"),
                      **said("battery_health_ratio", 0.7, battery="3")})  # fmt: skip
    text = view.text("power")
    assert "bbu 2 – ▲ 30.0 %" in text
    assert "bbu 3 – – ▲ 70.0 %" in text
    assert view.cells("power")["bbu.bat0.bar"] == {"width": "30.0", "data-state": "alarm"}


def test_hostile_labels_are_text() -> None:
    view = View({"pdu-a": "pdu", "shelf": "power_shelf", "bbu": "bbu"}, {"feed": EVIL})
    view.tell("pdu-a", said("phase_current_amperes", 1.0, phase=EVIL))
    view.tell("shelf", {**said("psu_output_power_watts", 1.0, psu=EVIL),
                        **said("psu_state", EVIL, psu=EVIL)})  # fmt: skip
    view.tell("bbu", said("battery_state", EVIL, battery=EVIL))
    html = view.html("power")
    assert harmless(html)
    assert len(re.findall("&lt;script&gt;", html)) > 4


def look(told: Said) -> DeviceValues:
    found: dict[str, list[tuple[dict[str, str], object]]] = {}
    for (metric, labels), value in told.items():
        found.setdefault(metric, []).append((dict(labels), value))
    return DeviceValues({name: tuple(values) for name, values in found.items()})  # type: ignore[arg-type]


def test_twins_are_told_by_what_they_are_not_by_what_people_call_them() -> None:
    one = model.conductors(look(said("inlet_current_amperes", 10.0, inlet="1", name="left")))
    other = model.conductors(look(said("inlet_current_amperes", 5.0, inlet="1", name="right")))
    found = model.failover(one, other)
    assert found is not None
    assert (found.name, found.amperes, found.limit, found.share) == (
        "inlet 1 · right",
        15.0,
        None,
        None,
    )
    assert model.failover(one, model.conductors(look(phases(1.0)))) is None
    assert model.failover([], []) is None


def test_one_conductor_without_a_limit_hides_no_headroom() -> None:
    rows = model.conductors(
        look({**phases(20.0), **said("phase_current_amperes", 25.0, phase="2")})
    )
    found = model.failover(rows, rows)
    assert found is not None
    assert (found.amperes, found.share) == (50.0, None)


def test_a_limit_of_the_whole_inlet_counts_for_its_phases_and_for_no_other() -> None:
    told = {
        **said("phase_current_amperes", 10.0, inlet="1", phase="1"),
        **said("phase_current_amperes", 10.0, inlet="2", phase="1"),
        **said("inlet_current_limit_amperes", 40.0, inlet="1"),
    }
    assert [row.limit for row in model.conductors(look(told))] == [40.0, None]


@pytest.mark.parametrize(
    ("shares", "left"),
    [((), None), ((0.5,), None), ((0.5, None), None), ((0.5, 0.5), 1.0), ((0.2,) * 6, 0.24)],
    ids=["none", "one", "unknown", "two", "six"],
)
def test_with_one_less(shares: tuple[float | None, ...], left: float | None) -> None:
    found = model.one_less(shares)
    assert found is None if left is None else found == pytest.approx(left)


def test_currents_next_to_nothing_have_no_unbalance() -> None:
    assert model.unbalance(model.conductors(look(phases(0.1, 0.3)))) is None
    assert model.unbalance(model.conductors(look(phases(10.0)))) is None
