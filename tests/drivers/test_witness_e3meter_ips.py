"""E3METER: values typed by hand from the definitions of NETTRACK-E3METER-SNMP-MIB."""

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.21695.1.10.7"


async def test_channels_groups_and_residual_current() -> None:
    outcome = await read_varbinds(
        "e3meter-ips",
        {
            f"{BASE}.2.1.2.2": 89_074,
            f"{BASE}.2.1.5.2": 812,
            f"{BASE}.2.1.6.2": -53,
            f"{BASE}.2.1.7.2": 815,
            f"{BASE}.2.1.8.2": 229_507,
            f"{BASE}.2.1.9.2": 3_551,
            f"{BASE}.2.1.10.2": 49_954,
            f"{BASE}.2.1.11.2": "L3",
            f"{BASE}.2.1.12.2": 0,
            f"{BASE}.2.1.8.3": 0,
            f"{BASE}.2.1.9.3": 1_393,
            f"{BASE}.2.1.11.3": "N",
            f"{BASE}.2.1.12.3": 1,
            f"{BASE}.4.1.2.0": "Total",
            f"{BASE}.4.1.3.0": 7,
            f"{BASE}.4.1.7.0": 812,
            f"{BASE}.7.1.4.0": 1,
            f"{BASE}.7.1.5.0": 4,
            f"{BASE}.7.1.6.0": 2,
        },
    )

    live = {"phase": "L3", "index": "2"}
    assert outcome.value("rack_phase_voltage_volts", **live) == 229.507
    assert outcome.value("rack_phase_current_amperes", **live) == 3.551
    assert outcome.value("rack_phase_power_watts", **live) == 812
    assert outcome.value("rack_phase_reactive_power_voltamperes_reactive", **live) == -53
    assert outcome.value("rack_phase_apparent_power_voltamperes", **live) == 815
    assert outcome.value("rack_phase_frequency_hertz", **live) == 49.954
    assert outcome.value("rack_phase_energy_joules_total", **live) == 89_074 * 3600
    assert outcome.value("rack_phase_current_amperes", phase="N", index="3") == 1.393
    assert outcome.value("rack_branch_power_watts", branch="Total", index="0") == 812
    assert outcome.value("rack_inlet_residual_current_amperes", type="AC") == 0.004
    assert outcome.value("rack_inlet_residual_current_amperes", type="DC") == 0.002
    # a neutral has a current and nothing else
    voltages = [r for r in outcome.readings if r.metric == "rack_phase_voltage_volts"]
    assert len(voltages) == 1
    assert outcome.failures == ()


async def test_sensors_and_alarms() -> None:
    outcome = await read_varbinds(
        "e3meter-ips",
        {
            f"{BASE}.3.1.2.0": 1,
            f"{BASE}.3.1.4.0": 314,
            f"{BASE}.3.1.2.1": 2,
            f"{BASE}.3.1.4.1": 238,
            f"{BASE}.3.1.5.1": 415,
            f"{BASE}.3.1.2.2": 0,
            f"{BASE}.3.1.4.2": 0,
            f"{BASE}.6.1.2.3": 4,
        },
    )

    assert outcome.value("rack_sensor_temperature_celsius", sensor="0") == 31.4
    assert outcome.value("rack_air_temperature_celsius", sensor="1") == 23.8
    assert outcome.value("rack_relative_humidity_ratio", sensor="1") == 0.415
    alarm = {"sensor": "N", "index": "3", "quantity": "threshold"}
    assert outcome.value("rack_sensor_state", **alarm) == "above_upper_critical"
    assert not [r for r in outcome.readings if r.labels.get("sensor") == "2"]
