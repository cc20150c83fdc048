"""EOS: values typed by hand from RFC 3433 (ENTITY-SENSOR-MIB) and RFC 6933 (ENTITY-MIB)."""

from tests.drivers.harness import read_varbinds

SENSOR, ENTITY = "1.3.6.1.2.1.99.1.1.1", "1.3.6.1.2.1.47.1.1.1.1"


def sensor(row: int, name: str, kind: int, digits: int, value: int) -> dict[str, int | str]:
    return {
        f"{ENTITY}.2.{row}": name,
        f"{SENSOR}.1.{row}": kind,
        f"{SENSOR}.2.{row}": 9,
        f"{SENSOR}.3.{row}": digits,
        f"{SENSOR}.4.{row}": value,
        f"{SENSOR}.5.{row}": 1,
    }


async def test_a_port_without_light_gives_the_underflow() -> None:
    outcome = await read_varbinds(
        "arista-eos",
        sensor(1, "DOM RX Power Sensor for Ethernet2", 6, 7, -1_000_000_000)
        | sensor(2, "DOM TX Power Sensor for Ethernet2", 6, 7, 5890),
    )

    assert outcome.value("rack_optic_receive_power_watts", port="Ethernet2") is None
    assert outcome.value("rack_optic_transmit_power_watts", port="Ethernet2") == 0.000589


async def test_a_supplys_sensors_know_it_by_what_contains_them() -> None:
    rows = sensor(11, "Output current sensor", 5, 2, 363) | {
        f"{ENTITY}.4.11": 10,
        f"{ENTITY}.2.10": "PowerSupply2",
    }
    outcome = await read_varbinds("arista-eos", rows)

    labels = {"psu": "2", "sensor": "Output current sensor", "index": "11"}
    assert outcome.value("rack_psu_output_current_amperes", **labels) == 3.63


async def test_a_transceiver_is_in_the_inventory_by_its_serial_number() -> None:
    outcome = await read_varbinds(
        "arista-eos",
        {
            f"{ENTITY}.2.100301100": "Xcvr for Ethernet1",
            f"{ENTITY}.5.100301100": 5,
            f"{ENTITY}.11.100301100": "G1904016438",
            f"{ENTITY}.2.100302100": "Xcvr for Ethernet2",
            f"{ENTITY}.5.100302100": 5,
            f"{ENTITY}.11.100302100": "N/A",
        },
    )

    parts = [r.labels for r in outcome.readings if r.metric == "rack_component_info"]
    assert [part["component"] for part in parts] == ["Xcvr for Ethernet1"]
