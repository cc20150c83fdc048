"""Switches: values typed by hand from IF-MIB, RFC 3433 (ENTITY-SENSOR-MIB) and 802.1AB."""

from tests.drivers.harness import Outcome, read_varbinds

SENSOR, ENTITY = "1.3.6.1.2.1.99.1.1.1", "1.3.6.1.2.1.47.1.1.1.1"


def sensor(
    row: int, name: str, kind: int, scale: int, digits: int, value: int, status: int = 1
) -> dict[str, int | str]:
    return {
        f"{ENTITY}.2.{row}": name,
        f"{ENTITY}.7.{row}": name,
        f"{SENSOR}.1.{row}": kind,
        f"{SENSOR}.2.{row}": scale,
        f"{SENSOR}.3.{row}": digits,
        f"{SENSOR}.4.{row}": value,
        f"{SENSOR}.5.{row}": status,
    }


async def test_scale_and_digits_make_the_value() -> None:
    # Onyx: 5040 amperes(5) x milli(8), no digits: 5.04 A. SONiC: celsius(8) x units(9), 6 digits.
    outcome = await read_varbinds(
        "switch",
        sensor(1, "PSU 1 output current", 5, 8, 0, 5040)
        | sensor(2, "DOM Temperature Sensor for Ethernet0", 8, 9, 6, 24_039_000)
        | sensor(3, "Temp sensor 1", 8, 9, 3, 28_000)
        | sensor(4, "Fan1", 10, 9, 0, 10_393),
    )

    labels = {"psu": "1", "sensor": "PSU 1 output current", "index": "1"}
    assert outcome.value("rack_psu_output_current_amperes", **labels) == 5.04
    assert outcome.value("rack_optic_temperature_celsius", port="Ethernet0") == 24.039
    plain = {"sensor": "Temp sensor 1", "index": "3"}
    assert outcome.value("rack_sensor_temperature_celsius", **plain) == 28
    assert outcome.value("rack_fan_speed_rpm", fan="Fan1", index="4") == 10_393
    assert outcome.failures == ()


async def test_light_is_told_by_direction_port_and_lane() -> None:
    outcome = await read_varbinds(
        "switch",
        sensor(1, "DOM TX Power Sensor for Eth6/3(Port1)/2", 6, 8, 4, 5890)
        | sensor(2, "DOM RX Power Sensor for Eth6/3(Port1)/2", 6, 8, 4, 5310)
        | sensor(3, "DOM TX Bias Sensor for Eth6/3(Port1)/2", 5, 8, 3, 5436)
        | sensor(4, "DOM Voltage Sensor for Eth6/3(Port1)", 4, 9, 4, 31_100),
    )

    lane = {"port": "Eth6/3(Port1)", "lane": "2"}
    assert outcome.value("rack_optic_transmit_power_watts", **lane) == 0.000589
    assert outcome.value("rack_optic_receive_power_watts", **lane) == 0.000531
    assert outcome.value("rack_optic_bias_current_amperes", **lane) == 0.005436
    assert outcome.value("rack_optic_voltage_volts", port="Eth6/3(Port1)") == 3.11


async def test_a_sensor_that_is_not_well_has_no_value() -> None:
    outcome = await read_varbinds("switch", sensor(1, "Temp", 8, 9, 0, 0, status=2))

    assert outcome.value("rack_sensor_temperature_celsius", sensor="Temp", index="1") is None
    assert outcome.value("rack_sensor_state", sensor="Temp", index="1") == "unavailable"


async def test_underflow_is_no_value() -> None:
    # EOS says so of a port without light: -1000000000, which would be -100 W.
    name = "DOM RX Power Sensor for Ethernet2"
    outcome = await read_varbinds("switch", sensor(1, name, 6, 8, 4, -1_000_000_000))

    assert outcome.value("rack_optic_receive_power_watts", port="Ethernet2") is None


async def test_two_sensors_of_one_name_stay_apart_and_know_their_supply() -> None:
    rows = sensor(11, "Input current sensor", 5, 9, 2, 66) | sensor(
        21, "Input current sensor", 5, 9, 2, 63
    )
    rows |= {f"{ENTITY}.4.11": 10, f"{ENTITY}.4.21": 20}
    rows |= {f"{ENTITY}.2.10": "PowerSupply1", f"{ENTITY}.2.20": "PowerSupply2"}
    outcome = await read_varbinds("switch", rows)

    name = "Input current sensor"
    metric = "rack_psu_input_current_amperes"
    assert outcome.value(metric, psu="1", sensor=name, index="11") == 0.66
    assert outcome.value(metric, psu="2", sensor=name, index="21") == 0.63
    assert outcome.failures == ()


INTERFACE, EXTENDED = "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1"


async def test_ports_prefer_64_bit_counters_and_fall_back() -> None:
    outcome = await read_varbinds(
        "switch",
        {
            f"{INTERFACE}.2.1": "Ethernet1",
            f"{INTERFACE}.2.2": "old",
            f"{INTERFACE}.5.2": 100_000_000,
            f"{INTERFACE}.7.1": 1,
            f"{INTERFACE}.8.1": 2,
            f"{INTERFACE}.10.1": 7,
            f"{INTERFACE}.10.2": 1234,
            f"{EXTENDED}.1.1": "Et1",
            f"{EXTENDED}.6.1": 522_941_215_169,
            f"{EXTENDED}.15.1": 100_000,
        },
    )

    assert outcome.value("rack_port_receive_bytes_total", port="Et1") == 522_941_215_169
    assert outcome.value("rack_port_receive_bytes_total", port="old") == 1234
    assert outcome.value("rack_port_speed_bytes_per_second", port="Et1") == 12.5e9
    assert outcome.value("rack_port_speed_bytes_per_second", port="old") == 12.5e6
    assert outcome.value("rack_port_admin_state", port="Et1") == "up"
    assert outcome.value("rack_port_oper_state", port="Et1") == "down"


def neighbour(changed: int) -> dict[str, int | str]:
    remote = "1.0.8802.1.1.2.1.4.1.1"
    index = f"{changed}.3.18"
    return {
        "1.0.8802.1.1.2.1.3.7.1.3.3": "Et3",
        f"{remote}.5.{index}": "\x00\x1b\x21\x3b\x66\x6a",
        f"{remote}.6.{index}": 5,
        f"{remote}.7.{index}": "eth0",
        f"{remote}.8.{index}": "first port",
        f"{remote}.9.{index}": "node-7",
    }


async def test_a_neighbour_is_named_whatever_the_time_in_its_index() -> None:
    for changed in (0, 4711):
        outcome: Outcome = await read_varbinds("switch", neighbour(changed))
        assert (
            outcome.value(
                "rack_lldp_neighbor_info",
                port="Et3",
                remote_chassis="00:1b:21:3b:66:6a",
                remote_port="eth0",
                remote_port_name="first port",
                remote_system="node-7",
            )
            == 1
        )


async def test_a_neighbour_without_a_name_is_what_it_says_of_itself() -> None:
    description = "1.0.8802.1.1.2.1.4.1.1.10.0.3.18"
    rows = neighbour(0) | {"1.0.8802.1.1.2.1.4.1.1.9.0.3.18": "", description: "Network card X"}
    outcome = await read_varbinds("switch", rows)

    (found,) = [r.labels for r in outcome.readings if r.metric == "rack_lldp_neighbor_info"]
    assert found["remote_system"] == "Network card X"


async def test_the_inventory_lists_what_can_be_swapped() -> None:
    outcome = await read_varbinds(
        "switch",
        {
            f"{ENTITY}.5.1": 3,
            f"{ENTITY}.7.1": "Chassis",
            f"{ENTITY}.11.1": "JPE123",
            f"{ENTITY}.13.1": "DCS-7060",
            f"{ENTITY}.5.2": 8,
            f"{ENTITY}.7.2": "a sensor",
        },
    )

    found = [r.labels for r in outcome.readings if r.metric == "rack_component_info"]
    assert found == [
        {
            "index": "1",
            "component": "Chassis",
            "class": "chassis",
            "serial": "JPE123",
            "model": "DCS-7060",
        }
    ]
