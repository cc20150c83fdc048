"""HW group Poseidon: values typed by hand from POSEIDON-MIB."""

from tests.drivers.harness import read_varbinds

SENSOR = "1.3.6.1.4.1.21796.3.3.3.1"
INPUT = "1.3.6.1.4.1.21796.3.3.1.1"


async def test_a_row_is_what_its_unit_says() -> None:
    kinds = (
        (0, "C", 285, 1),
        (1, "F", 680, 3),
        (3, "%RH", 296, 1),
        (5, "mA", 123, 1),
        (11, "hPa", 10130, 1),
        (9, "C", 55, 1),
        (0, "C", -9999, 0),
        (11, "?", 10130, 1),
    )
    rows: dict[str, int | str] = {}
    for row, (unit, text, value, state) in enumerate(kinds, 1):
        rows |= {f"{SENSOR}.4.{row}": state, f"{SENSOR}.6.{row}": value}
        rows |= {f"{SENSOR}.9.{row}": unit, f"{SENSOR}.10.{row}": text}
    rows |= {f"{INPUT}.2.1": 1, f"{INPUT}.5.1": 1}
    outcome = await read_varbinds("hwg-poseidon", rows)

    assert outcome.value("rack_air_temperature_celsius", sensor="1") == 28.5
    assert outcome.value("rack_air_temperature_celsius", sensor="2") == 20
    assert outcome.value("rack_relative_humidity_ratio", sensor="3") == 0.296
    assert outcome.value("rack_sensor_current_amperes", sensor="4") == 0.0123
    assert outcome.value("rack_air_pressure_pascals", sensor="5") == 101_300
    assert outcome.value("rack_dew_point_celsius", sensor="6") == 5.5
    assert outcome.value("rack_air_temperature_celsius", sensor="7") is None
    assert not [r for r in outcome.good if r.metric == "rack_air_pressure_pascals"][1:]
    assert outcome.value("rack_sensor_state", sensor="2", quantity="alarm") == "alarm"
    assert outcome.value("rack_sensor_state", port="1", quantity="contact") == "closed"
    assert outcome.value("rack_sensor_state", port="1", quantity="alarm") == "alarm"
