"""The cooling view: what a person reads of loops, margins, leaks and air."""

import pytest

from agent.model.values import Flaw, Quality
from agent.web.data.query import DeviceValues
from agent.web.pages.cooling import model
from tests.agent.expose.rack import NOW
from tests.agent.web.views import EVIL, Said, View, harmless, said


def whole(supply: float = 30.0, flow: float = 2.0) -> Said:
    told: Said = {}
    for loop, side, celsius, pascals in (
        ("technology", "supply", supply, 260_000.0),
        ("technology", "return", supply + 10, 160_000.0),
        ("facility", "supply", 22.0, 300_000.0),
        ("facility", "return", 37.0, 280_000.0),
    ):
        told = {
            **told,
            **said("coolant_temperature_celsius", celsius, loop=loop, side=side),
            **said("coolant_pressure_pascals", pascals, loop=loop, side=side),
        }
    return {
        **told,
        **said("coolant_flow_liters_per_second", flow, loop="technology"),
        **said("coolant_flow_liters_per_second", 1.0, loop="facility"),
        **said("coolant_differential_pressure_pascals", 89_000.0, loop="technology", across="rack"),
        **said("heat_removed_watts", 80_000.0, loop="technology"),
        **said("heat_removed_watts", 79_200.0, loop="facility"),
        **said("pump_speed_rpm", 3240.0, pump="1"),
        **said("pump_speed_rpm", 0.0, pump="2"),
        **said("pump_state", "running", pump="1"),
        **said("pump_state", "standby", pump="2"),
        **said("valve_position_ratio", 0.41, loop="facility", valve="1"),
        **said("dew_point_celsius", 11.0),
    }


def cdu(told: Said) -> View:
    view = View({"pdu-a": "pdu", "cdu": "cdu"})
    view.tell("pdu-a", said("inlet_power_watts", 100_000.0))
    view.tell("cdu", told)
    return view


def test_a_loop_with_all_its_figures() -> None:
    view = cdu(whole())
    text = view.text("cooling")
    assert "Coolant 30.0 °C → 40.0 °C" in text
    assert "Heat removed 80.0 kW" in text
    assert "Liquid-cooled share 80% of 100 kW" in text
    assert "ΔT (return − supply) 10.0 K" in text
    assert "Dew-point margin 19.0 K" in text
    assert "Heat to facility water 79.2 kW (99%)" in text
    assert "Approach temperature 8.00 K" in text
    assert "Rack ΔP 89.0 kPa" in text
    assert "41% open" in text
    assert "Pump 1 3 240 running" in text.replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert "Pump 2 0 standby" in text
    assert "ΔP 89.0 kPa" in text
    cells = view.cells("cooling")
    assert cells["cdu.pump0"] == {"data-state": "up"}
    assert cells["cdu.t.supply"]["stroke-dasharray"] == "none"
    assert cells["cdu.t.supply"]["stroke"] != cells["cdu.t.return"]["stroke"]


def test_heat_is_reckoned_where_nobody_tells_it() -> None:
    told = {key: value for key, value in whole().items() if "heat" not in key[0]}
    text = cdu(told).text("cooling")
    assert "Heat removed (calculated) 80.3 kW" in text  # 2 L/s, 10 K, 4.015 kJ/LK
    assert "Heat to facility water 62.4 kW" in text  # 1 L/s, 15 K, 4.159 kJ/LK


def test_a_supply_near_the_dew_point_is_marked() -> None:
    view = cdu({**whole(supply=12.0), **said("air_temperature_celsius", 24.0)})
    assert view.cells("cooling")["cdu.figure.margin"] == {
        "text": "▲ 1.00\N{NO-BREAK SPACE}K", "data-state": "alarm"}  # fmt: skip


def test_a_flow_that_stands_is_dashed() -> None:
    cells = cdu(whole(flow=0.0)).cells("cooling")
    assert cells["cdu.t.supply"]["stroke-dasharray"] == "5 6"
    assert cells["cdu.f.supply"]["stroke-dasharray"] == "none"


def test_a_rear_door_has_only_the_facilitys_water() -> None:
    view = View({"door": "cooling"})
    view.tell("door", {**said("coolant_temperature_celsius", 18.0, side="supply"),
                       **said("air_temperature_celsius", 24.0, side="supply")})  # fmt: skip
    text = view.text("cooling")
    assert "rack air" in text
    assert "Facility supply 18.0 °C" in text
    assert "door supply 24.0 °C" in text


def test_a_rack_without_cooling_says_so() -> None:
    text = View({"pdu-a": "pdu"}).text("cooling")
    for what in ("coolant", "leak", "air"):
        assert f"No {what} data: no device of this rack reports any." in text


def test_what_a_unit_does_not_tell_is_said() -> None:
    view = cdu(said("coolant_temperature_celsius", 30.0, loop="technology", side="supply"))
    text = view.text("cooling")
    assert "cdu does not report the return temperature and flow of its loop." in text
    assert "cdu does not report the facility water." in text
    view.tell("cdu", said("pump_runtime_seconds_total", 5.0))
    assert "cdu does not report its coolant loops." in view.text("cooling")
    view.silence("cdu", "no answer from 192.0.2.3")
    assert "cdu is down." in view.text("cooling")


def test_bad_values_are_not_shown() -> None:
    view = View({"cdu": "cdu"})
    view.tell("cdu", whole(), flaw=Flaw(Quality.BAD, "sentinel"))
    text = view.text("cooling")
    assert "30.0 °C" not in text
    assert "cdu does not report its coolant loops." in text


def test_leaks_broken_sensors_and_dry_ones() -> None:
    view = View({"cdu": "cdu", "rope": "sensor"})
    view.tell("cdu", {**said("leak_detected", 0.0, sensor="rack_pan"),
                      **said("leak_sensor_fault", 1.0, sensor="rack_pan"),
                      **said("leak_state", "no_leak", sensor="2")})  # fmt: skip
    text = view.text("cooling")
    assert "cdu rack pan ▲ leak sensor fault" in text
    assert "cdu 2 ● no leak" in text
    assert "Leak sensors ▲ 1 of 2: leak sensor fault" in text
    view.tell("rope", said("leak_detected", 1.0, zone="floor"))
    text = view.text("cooling")
    assert "Leak sensors ✕ 1 of 3: leak" in text
    assert "rope zone floor ✕ leak" in text


def test_air_fans_and_many_places() -> None:
    view = View({"room": "sensor", "cdu": "cdu"})
    told: Said = {**said("airflow_liters_per_second", 1500.0, side="supply")}
    for number in range(11):
        told = {**told, **said("sensor_temperature_celsius", 20.0 + number, sensor=str(number))}
    told = {**told, **said("relative_humidity_ratio", 0.45, sensor="3")}
    view.tell("room", told)
    view.tell("cdu", {**said("sensor_temperature_celsius", 61.0, sensor="board"),
                      **said("fan_speed_rpm", 3000.0, fan="1"),
                      **said("fan_speed_rpm", 0.0, fan="2"),
                      **said("fan_state", "failed", fan="2")})  # fmt: skip
    text = view.text("cooling").replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert "room sensor 3 23.0 °C 45.0 % –" in text
    assert "4 more places" in text
    assert "5 400 m³/h" in text
    assert "61.0" not in text
    assert "2 fans, 3 000 rpm, 1 stopped, 1 failed" in text


def test_the_last_minutes_are_drawn() -> None:
    view = View({"cdu": "cdu"})
    for step in range(3):
        view.clock.now = NOW + 10 * step
        view.tell("cdu", whole(supply=30.0 + step), at=view.clock.now)
    cells = view.cells("cooling")
    assert cells["cdu.spark.supply"]["d"].startswith("M2.0 22.0L")
    assert cells["cdu.spark.facility"]["d"].count("L") == 2


def test_hostile_labels_are_text() -> None:
    view = View({"cdu": "cdu"})
    view.tell("cdu", {**whole(), **said("pump_speed_rpm", 1.0, pump=EVIL),
                      **said("pump_state", EVIL, pump=EVIL),
                      **said("leak_state", EVIL, sensor=EVIL),
                      **said("air_temperature_celsius", 20.0, sensor=EVIL),
                      **said("fan_state", EVIL, fan=EVIL)})  # fmt: skip
    assert harmless(view.html("cooling"))


@pytest.mark.parametrize(
    ("celsius", "humidity", "dew"),
    [(24.0, 0.45, 11.3), (20.0, 1.0, 20.0), (24.0, 0.0, None)],
    ids=["office", "fog", "dry"],
)
def test_dew_point_by_magnus(celsius: float, humidity: float, dew: float | None) -> None:
    seen = DeviceValues({
        "rack_air_temperature_celsius": (({}, celsius),),
        "rack_relative_humidity_ratio": (({}, humidity),),
    })  # fmt: skip
    found = model.dew_point(seen)
    assert found is None if dew is None else found == pytest.approx(dew, abs=0.05)


def test_the_named_loop_goes_before_one_without_a_name() -> None:
    seen = DeviceValues({
        "rack_coolant_temperature_celsius": (
            ({"side": "supply"}, 1.0),
            ({"side": "supply", "loop": "technology", "sensor": "2"}, 2.0),
            ({"side": "supply", "loop": "technology"}, 3.0),
        )
    })  # fmt: skip
    assert model.loop(seen, ("technology", "")).supply == 3.0
    assert model.loop(seen, ("facility",)).known is False
