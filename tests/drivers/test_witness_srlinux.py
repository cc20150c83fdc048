"""SR Linux: values typed by hand from TIMETRA-CHASSIS-MIB."""

from tests.drivers.harness import read_varbinds

HARDWARE = "1.3.6.1.4.1.6527.3.1.2.2.1.8.1"
FAN = "1.3.6.1.4.1.6527.3.1.2.2.1.24.1.1"


async def test_temperatures_by_class_and_minus_128_is_none() -> None:
    # powerSupply(5), cpmModule(9), ioModule(8)
    outcome = await read_varbinds(
        "srlinux",
        {
            f"{HARDWARE}.7.1.83886081": 5,
            f"{HARDWARE}.8.1.83886081": "1",
            f"{HARDWARE}.18.1.83886081": 27,
            f"{HARDWARE}.7.1.150995105": 9,
            f"{HARDWARE}.8.1.150995105": "A",
            f"{HARDWARE}.18.1.150995105": 46,
            f"{HARDWARE}.7.1.134217729": 8,
            f"{HARDWARE}.8.1.134217729": "1",
            f"{HARDWARE}.18.1.134217729": -128,
        },
    )

    assert outcome.value("rack_psu_temperature_celsius", psu="1", index="83886081") == 27
    control = {"sensor": "control_module A", "index": "150995105"}
    assert outcome.value("rack_sensor_temperature_celsius", **control) == 46
    card = {"sensor": "line_card 1", "index": "134217729"}
    assert outcome.value("rack_sensor_temperature_celsius", **card) is None


async def test_parts_and_fans_say_how_they_are() -> None:
    outcome = await read_varbinds(
        "srlinux",
        {
            f"{HARDWARE}.7.1.83886082": 5,
            f"{HARDWARE}.8.1.83886082": "2",
            f"{HARDWARE}.16.1.83886082": 5,
            f"{HARDWARE}.7.1.50331649": 3,
            f"{HARDWARE}.8.1.50331649": "chassis",
            f"{HARDWARE}.16.1.50331649": 2,
            f"{FAN}.2.3.1.4": 4,
            f"{FAN}.5.3.1.4": 46,
        },
    )

    assert outcome.value("rack_psu_state", psu="2", index="83886082") == "failed"
    chassis = {"component": "chassis", "class": "chassis", "index": "50331649"}
    assert outcome.value("rack_component_state", **chassis) == "in_service"
    fan = {"unit": "1", "fan": "4", "index": "3"}
    assert outcome.value("rack_fan_state", **fan) == "failed"
    assert outcome.value("rack_fan_duty_ratio", **fan) == 0.46


async def test_not_available_is_no_serial_number() -> None:
    outcome = await read_varbinds(
        "srlinux",
        {
            f"{HARDWARE}.3.1.9": "fan-b",
            f"{HARDWARE}.5.1.9": "N/A",
            f"{HARDWARE}.7.1.9": 6,
            f"{HARDWARE}.8.1.9": "1",
        },
    )

    (part,) = [r.labels for r in outcome.readings if r.metric == "rack_component_info"]
    assert part == {"index": "9", "component": "1", "class": "fan", "model": "fan-b"}
