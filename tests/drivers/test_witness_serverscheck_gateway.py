"""ServersCheck gateways: values typed by hand in the order of SERVERSCHECK-MIB."""

from tests.drivers.harness import read_varbinds

SENSORS = "1.3.6.1.4.1.17095.3"


async def test_a_sensor_is_what_its_name_says_or_nothing() -> None:
    outcome = await read_varbinds(
        "serverscheck-gateway",
        {
            f"{SENSORS}.1.0": "Int. Temp",
            f"{SENSORS}.2.0": "26.44",
            f"{SENSORS}.3.0": "DOWN",
            f"{SENSORS}.9.0": "Humidity B",
            f"{SENSORS}.10.0": "48.75",
            f"{SENSORS}.13.0": "Water",
            f"{SENSORS}.14.0": "1",
            f"{SENSORS}.17.0": "Ext. Temp",
            f"{SENSORS}.18.0": "-",
        },
    )

    metric = "rack_air_temperature_celsius"
    assert outcome.value(metric, sensor="1", name="Int. Temp") == 26.44
    assert outcome.value(metric, sensor="5", name="Ext. Temp") is None
    assert outcome.value("rack_relative_humidity_ratio", sensor="3", name="Humidity B") == 0.4875
    assert {r.labels.get("sensor") for r in outcome.readings} <= {None, "1", "3", "5"}
    assert outcome.failures == ()
