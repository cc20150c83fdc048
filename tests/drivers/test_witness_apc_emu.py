"""APC environmental units: values typed by hand from PowerNet-MIB's definitions."""

from tests.drivers.harness import read_varbinds

OLD = "1.3.6.1.4.1.318.1.1.10.3"
NEW = "1.3.6.1.4.1.318.1.1.10.4"


async def test_only_connected_probes_are_read_in_the_scale_that_is_set() -> None:
    rows: dict[str, int | str] = {f"{OLD}.12.2.0": 2, f"{OLD}.12.11.0": 2}
    for row, link in ((1, 2), (2, 1), (3, 3)):
        rows |= {
            f"{OLD}.13.1.1.2.{row}": f"Probe {row}",
            f"{OLD}.13.1.1.3.{row}": 68,
            f"{OLD}.13.1.1.6.{row}": 41,
            f"{OLD}.13.1.1.10.{row}": link,
            f"{OLD}.13.1.1.11.{row}": 0x0202,
        }
    outcome = await read_varbinds("apc-emu", rows)

    metric = "rack_air_temperature_celsius"
    assert outcome.value("rack_device_state", part="communication") == "ok"
    assert outcome.value(metric, sensor="1", name="Probe 1") == 20
    assert outcome.value(metric, sensor="3", name="Probe 3") is None
    assert len([r for r in outcome.readings if r.metric == metric]) == 2
    assert outcome.value("rack_relative_humidity_ratio", sensor="1", name="Probe 1") == 0.41
    on = {r.labels["alarm"] for r in outcome.good if r.metric == "rack_alarm_active" and r.value}
    assert on == {"temperature_high", "humidity_high"}


async def test_the_newer_tree_replaces_the_row_of_the_older_one() -> None:
    outcome = await read_varbinds(
        "apc-emu",
        {
            f"{OLD}.13.1.1.3.1": 21,
            f"{OLD}.13.1.1.10.1": 2,
            f"{OLD}.13.1.1.3.9": 30,
            f"{OLD}.13.1.1.10.9": 2,
            f"{NEW}.2.1.0": 1,
            f"{NEW}.2.3.1.3.0.1": "Aisle",
            f"{NEW}.2.3.1.5.0.1": 21,
            f"{NEW}.2.3.1.6.0.1": -1,
            f"{NEW}.2.3.1.7.0.1": 2,
            f"{NEW}.2.3.1.9.0.1": 214,
            f"{NEW}.2.3.1.3.2.1": "Far",
            f"{NEW}.2.3.1.5.2.1": 19,
            f"{NEW}.2.3.1.7.2.1": 2,
            f"{NEW}.2.3.1.8.2.1": 3,
            f"{NEW}.2.3.1.9.2.1": -1,
        },
    )

    metric = "rack_air_temperature_celsius"
    assert outcome.value(metric, sensor="1", name="Aisle") == 21.4
    assert outcome.value(metric, sensor="1", name="Far", unit="2") == 19
    assert outcome.value(metric, sensor="9") == 30
    assert len([r for r in outcome.readings if r.metric == metric]) == 3
    assert outcome.value("rack_relative_humidity_ratio", sensor="1", name="Aisle") is None
    state = outcome.value(
        "rack_sensor_state", sensor="1", name="Far", unit="2", quantity="alarm"
    )  # fmt: skip
    assert state == "critical"
    assert outcome.failures == ()


async def test_on_is_one_in_the_older_tree_and_two_in_the_newer_one() -> None:
    outcome = await read_varbinds(
        "apc-emu",
        {
            f"{OLD}.16.1.1.3.1": 1,
            f"{OLD}.16.1.1.3.2": 1,
            f"{OLD}.15.1.1.3.1": 1,
            f"{OLD}.14.1.1.3.4": 2,
            f"{NEW}.5.2.1.5.0.2": 1,
        },
    )

    assert outcome.value("rack_outlet_state", outlet="1") == "on"
    assert outcome.value("rack_outlet_state", outlet="2") == "off"
    assert outcome.value("rack_sensor_state", port="1", quantity="relay") == "closed"
    assert outcome.value("rack_sensor_state", port="4", quantity="contact") == "open"
