"""Dell rack PDU: values typed by hand from the definitions of DellrPDU-MIB."""

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.674.10903.200.2"
PDU = f"{BASE}.200"


async def test_each_table_has_its_own_scale() -> None:
    outcome = await read_varbinds(
        "dell-rpdu",
        {
            f"{BASE}.110.1.0": 4,
            f"{PDU}.110.2.1.3.1": 512,
            f"{PDU}.110.2.1.4.1": 10_007,
            f"{PDU}.110.2.1.6.1": 3,
            f"{PDU}.110.4.1.8.1": 24,
            f"{PDU}.120.2.1.2.2": 2,
            f"{PDU}.120.2.1.3.2": 4,
            f"{PDU}.120.2.1.4.2": 151,
            f"{PDU}.120.2.1.5.2": 208,
            f"{PDU}.120.2.1.6.2": 311,
            f"{PDU}.130.2.2.1.3.5": "node 5",
            f"{PDU}.130.2.2.1.4.5": 4,
            f"{PDU}.130.2.2.1.6.5": 3,
            f"{PDU}.130.2.2.1.7.5": 12,
            f"{PDU}.130.2.2.1.8.5": 622,
            f"{PDU}.130.2.2.1.11.5": 1,
            f"{PDU}.130.1.2.1.4.5": 2,
            f"{PDU}.140.1.0": 2,
        },
    )

    assert outcome.value("rack_device_state") == "non_critical"
    assert outcome.value("rack_inlet_power_watts") == 5120
    assert outcome.value("rack_inlet_energy_joules_total") == 1000.7 * 3.6e6
    assert outcome.value("rack_inlet_state", quantity="load") == "near_overload"
    assert outcome.value("rack_inlet_current_limit_amperes") == 24
    phase = {"phase": "2", "index": "2"}
    assert outcome.value("rack_phase_current_amperes", **phase) == 15.1
    assert outcome.value("rack_phase_voltage_volts", **phase) == 208
    assert outcome.value("rack_phase_power_watts", **phase) == 3110
    assert outcome.value("rack_phase_state", **phase, quantity="load") == "overload"
    outlet = {"outlet": "5", "index": "5"}
    assert outcome.value("rack_outlet_current_amperes", **outlet) == 3
    assert outcome.value("rack_outlet_power_watts", **outlet) == 622
    assert outcome.value("rack_outlet_energy_joules_total", **outlet) == 12 * 3.6e6
    assert outcome.value("rack_outlet_status", **outlet, quantity="load") == "low"
    assert outcome.value("rack_outlet_state", **outlet) == "off"
    assert outcome.value("rack_outlet_info", **outlet, name="node 5", phase="L1-L2") == 1
    assert outcome.value("rack_alarm_active", alarm="power_supply") == 1
    assert outcome.failures == ()


async def test_a_probe_that_stopped_talking_is_bad_and_an_empty_socket_silent() -> None:
    outcome = await read_varbinds(
        "dell-rpdu",
        {
            f"{PDU}.150.2.2.1.3.1": 2,
            f"{PDU}.150.2.2.1.5.1": 236,
            f"{PDU}.150.2.2.1.6.1": 5,
            f"{PDU}.150.2.2.1.3.2": 3,
            f"{PDU}.150.2.2.1.5.2": 236,
            f"{PDU}.150.2.2.1.3.3": 1,
            f"{PDU}.150.2.2.1.5.3": 0,
            f"{PDU}.150.3.2.1.3.1": 2,
            f"{PDU}.150.3.2.1.4.1": 44,
        },
    )

    assert outcome.value("rack_air_temperature_celsius", sensor="1") == 23.6
    assert outcome.value("rack_air_temperature_celsius", sensor="2") is None
    assert outcome.value("rack_relative_humidity_ratio", sensor="1") == 0.44
    state = outcome.value("rack_sensor_state", sensor="1", quantity="temperature")
    assert state == "above_high"
    assert not [r for r in outcome.readings if r.labels.get("sensor") == "3"]
