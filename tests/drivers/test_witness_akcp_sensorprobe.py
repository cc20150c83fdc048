"""AKCP sensorProbe: values typed by hand from HHMSAGENT-MIB and SPAGENT-MIB."""

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.3854.1.2.2.1"


async def test_only_sensors_that_are_online_are_read_each_in_its_scale() -> None:
    rows: dict[str, int | str] = {}
    #        degrees status online scale tenths
    table = ((20, 2, 1, 1, 199), (68, 3, 1, 0, 200), (0, 0, 2, 0, 0), (21, 2, 1, 1, 2))
    for row, (degrees, status, online, scale, tenths) in enumerate(table):
        rows |= {f"{BASE}.16.1.3.{row}": degrees, f"{BASE}.16.1.4.{row}": status}
        rows |= {f"{BASE}.16.1.5.{row}": online, f"{BASE}.16.1.12.{row}": scale}
        rows |= {f"{BASE}.16.1.14.{row}": tenths}
    outcome = await read_varbinds("akcp-sensorprobe", rows)

    metric = "rack_air_temperature_celsius"
    assert [outcome.value(metric, sensor=n) for n in "013"] == [19.9, 20, 21]
    assert len([r for r in outcome.readings if r.metric == metric]) == 3
    state = outcome.value("rack_sensor_state", sensor="1", quantity="temperature")
    assert state == "high_warning"


async def test_a_raw_count_of_an_empty_socket_is_no_humidity() -> None:
    rows: dict[str, int | str] = {}
    for row, (percent, status, online, raw) in enumerate(((42, 2, 1, 0), (0, 0, 2, 830))):
        rows |= {f"{BASE}.17.1.3.{row}": percent, f"{BASE}.17.1.4.{row}": status}
        rows |= {f"{BASE}.17.1.5.{row}": online, f"{BASE}.17.1.13.{row}": raw}
    rows |= {f"{BASE}.18.1.3.0": 4, f"{BASE}.18.1.3.1": 1}
    outcome = await read_varbinds("akcp-sensorprobe", rows)

    humidity = "rack_relative_humidity_ratio"
    assert outcome.value(humidity, sensor="0") == 0.42
    assert len([r for r in outcome.readings if r.metric == humidity]) == 1
    assert outcome.value("rack_sensor_state", port="0", quantity="contact") == "critical"
    assert outcome.value("rack_sensor_state", port="1", quantity="contact") == "no_status"
