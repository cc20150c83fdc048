"""Asentria SiteBoss: values typed by hand from SITEBOSS-550-STD-MIB."""

from tests.drivers.harness import read_varbinds

POINT = "1.3.6.1.4.1.3052.10.1.1.1.1"
TANK = "1.3.6.1.4.1.3052.10.1.6.1.1"


async def test_a_column_means_what_the_class_of_the_point_says() -> None:
    rows: dict[str, int | str] = {}
    points = (
        ("7.1.1", "Hall", 4, 68, "68 F"),
        ("8.1.1", "Yard", 3, 4, "4.5 C"),
        ("7.3.1", "Hall", 3, 41, "41"),
        ("1.2.1", "Door", 1, 1, "Closed"),
        ("1.2.2", "unnamed", 2, 0, "Open"),
        ("2.5.1", "Bus", 3, -541, "-54.1 Volts"),
        ("2.5.2", "Starts", 3, 4550, "455 starts"),
        ("1.6.1", "Horn", 2, 1, "Inactive/Energized"),
    )
    for place, name, state, number, text in points:
        rows |= {f"{POINT}.4.{place}": name, f"{POINT}.5.{place}": state}
        rows |= {f"{POINT}.6.{place}": number, f"{POINT}.7.{place}": text}
    outcome = await read_varbinds("asentria-siteboss", rows)

    value = outcome.value
    assert value("rack_air_temperature_celsius", sensor="7.1", name="Hall") == 20
    assert value("rack_air_temperature_celsius", sensor="8.1", name="Yard") == 4.5
    assert value("rack_relative_humidity_ratio", sensor="7.1", name="Hall") == 0.41
    assert value("rack_sensor_voltage_volts", sensor="2.1", name="Bus") == -54.1
    assert value("rack_sensor_count_value", sensor="2.2", name="Starts") == 455
    states = "rack_sensor_state"
    assert value(states, sensor="7.1", name="Hall", quantity="temperature") == "high"
    assert value(states, sensor="1.1", name="Door", quantity="event") == "event"
    assert value(states, sensor="1.1", name="Door", quantity="contact") == "closed"
    assert value(states, sensor="1.1", name="Horn", quantity="output") == "inactive"
    assert value(states, sensor="1.1", name="Horn", quantity="relay") == "energized"
    assert not [r for r in outcome.readings if r.labels.get("sensor") == "1.2"]
    assert outcome.failures == ()


async def test_a_tank_in_hundredths_of_a_per_cent() -> None:
    outcome = await read_varbinds(
        "asentria-siteboss",
        {
            f"{TANK}.2.1": "Diesel",
            f"{TANK}.3.1": "Alive",
            f"{TANK}.7.1": "8999",
            f"{TANK}.8.1": "Low",
            f"{TANK}.3.2": "Unconfigured",
            f"{TANK}.7.2": "0",
        },
    )

    assert outcome.value("rack_fuel_level_ratio", sensor="1", name="Diesel") == 0.8999
    level = outcome.value("rack_sensor_state", sensor="1", name="Diesel", quantity="fuel_level")
    assert level == "low"
    assert not [r for r in outcome.readings if r.labels.get("sensor") == "2"]
