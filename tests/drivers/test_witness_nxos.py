"""NX-OS: values typed by hand from CISCO-ENTITY-SENSOR-MIB, -ENTITY-FRU-CONTROL-MIB and -RF-MIB."""

from tests.drivers.harness import read_varbinds

ENTITY, CISCO = "1.3.6.1.2.1.47.1.1.1.1", "1.3.6.1.4.1.9.9.91.1.1.1.1"
FRU, REDUNDANCY = "1.3.6.1.4.1.9.9.117.1", "1.3.6.1.4.1.9.9.176.1.1"


def sensor(row: int, name: str, kind: int, scale: int, value: int) -> dict[str, int | str]:
    return {
        f"{ENTITY}.2.{row}": name,
        f"{ENTITY}.7.{row}": name,
        f"{CISCO}.1.{row}": kind,
        f"{CISCO}.2.{row}": scale,
        f"{CISCO}.3.{row}": 0,
        f"{CISCO}.4.{row}": value,
        f"{CISCO}.5.{row}": 1,
    }


async def test_optics_come_from_ciscos_table_in_dbm() -> None:
    # dBm(14) x milli(8); amperes(5) x micro(7)
    lane_1 = "Ethernet1/25 Lane 1 Transceiver"
    outcome = await read_varbinds(
        "nxos",
        sensor(300, f"{lane_1} Receive Power Sensor", 14, 8, -2345)
        | sensor(301, f"{lane_1} Transmit Power Sensor", 14, 8, -1500)
        | sensor(302, f"{lane_1} Bias Current Sensor", 5, 7, 6500),
    )

    lane = {"port": "Ethernet1/25", "lane": "1"}
    assert outcome.value("rack_optic_receive_power_dbm", **lane) == -2.345
    assert outcome.value("rack_optic_transmit_power_dbm", **lane) == -1.5
    assert outcome.value("rack_optic_bias_current_amperes", **lane) == 0.0065


async def test_a_sensor_that_is_not_operational_has_no_value() -> None:
    rows = sensor(400, "module-1 FRONT", 8, 9, 31) | {f"{CISCO}.5.400": 3}
    outcome = await read_varbinds("nxos", rows)

    labels = {"sensor": "module-1 FRONT", "index": "400"}
    assert outcome.value("rack_sensor_temperature_celsius", **labels) is None


async def test_modules_supplies_fans_and_the_supervisor_say_how_they_are() -> None:
    outcome = await read_varbinds(
        "nxos",
        {
            f"{ENTITY}.7.22": "Module-1",
            f"{ENTITY}.7.470": "PowerSupply-1",
            f"{ENTITY}.7.534": "Fan Module-1",
            f"{FRU}.2.1.1.2.22": 14,
            f"{FRU}.1.2.1.2.470": 8,
            f"{FRU}.4.1.1.1.534": 4,
            f"{REDUNDANCY}.2.0": 14,
            f"{REDUNDANCY}.4.0": 9,
        },
    )

    module = {"component": "Module-1", "index": "22", "class": "module"}
    assert outcome.value("rack_component_state", **module) == "out_of_service_temperature"
    assert outcome.value("rack_psu_state", psu="1", index="470") == "failed"
    assert outcome.value("rack_fan_state", fan="Fan Module-1", index="534") == "warning"
    assert outcome.value("rack_device_state", part="supervisor") == "active"
    assert outcome.value("rack_device_state", part="peer supervisor") == "standby_hot"
