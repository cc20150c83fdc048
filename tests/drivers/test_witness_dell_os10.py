"""Dell OS10: values typed by hand from DELLEMC-OS10-CHASSIS-MIB and DELLEMC-OS10-TC-MIB."""

from tests.drivers.harness import read_varbinds

CHASSIS = "1.3.6.1.4.1.674.11000.5000.100.4.1.1"
COMPONENT = "1.3.6.1.4.1.674.11000.5000.100.4.1.2"


async def test_temperatures_are_degrees_of_the_chassis_and_its_cards() -> None:
    outcome = await read_varbinds(
        "dell-os10", {f"{CHASSIS}.3.1.11.1": 41, f"{CHASSIS}.4.1.5.1.1": 44}
    )

    metric = "rack_sensor_temperature_celsius"
    assert outcome.value(metric, unit="1", sensor="chassis") == 41
    assert outcome.value(metric, unit="1", sensor="card 1") == 44


async def test_states_are_those_of_the_common_operating_status() -> None:
    outcome = await read_varbinds(
        "dell-os10",
        {
            f"{CHASSIS}.4.1.4.1.1": 3,
            f"{COMPONENT}.1.1.4.1": 1,
            f"{COMPONENT}.1.1.4.2": 6,
            f"{COMPONENT}.2.1.4.3": 8,
        },
    )

    card = {"unit": "1", "component": "card 1", "class": "module"}
    assert outcome.value("rack_component_state", **card) == "card_problem"
    assert outcome.value("rack_psu_state", psu="1") == "up"
    assert outcome.value("rack_psu_state", psu="2") == "not_present"
    tray = {"component": "fan tray 3", "class": "fan_tray"}
    assert outcome.value("rack_component_state", **tray) == "failed"


async def test_a_fan_is_known_by_where_it_sits() -> None:
    # entity psu(1) or fanTray(2), its slot, the fan's number there
    outcome = await read_varbinds(
        "dell-os10",
        {
            f"{COMPONENT}.3.1.4.1": 1,
            f"{COMPONENT}.3.1.5.1": 2,
            f"{COMPONENT}.3.1.6.1": 1,
            f"{COMPONENT}.3.1.7.1": 2,
            f"{COMPONENT}.3.1.4.5": 2,
            f"{COMPONENT}.3.1.5.5": 3,
            f"{COMPONENT}.3.1.6.5": 1,
            f"{COMPONENT}.3.1.7.5": 1,
        },
    )

    assert outcome.value("rack_fan_state", fan="PSU 2 fan 1", index="1") == "down"
    assert outcome.value("rack_fan_state", fan="tray 3 fan 1", index="5") == "up"
