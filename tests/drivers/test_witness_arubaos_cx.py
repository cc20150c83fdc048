"""Aruba CX: values typed by hand from the ARUBAWIRED-* MIBs and RFC 3433."""

from tests.drivers.harness import read_varbinds

CHASSIS = "1.3.6.1.4.1.47196.4.1.1.3.11"
OPTIC = "1.3.6.1.4.1.47196.4.1.1.3.27.1.2"
SENSOR, ENTITY = "1.3.6.1.2.1.99.1.1.1", "1.3.6.1.2.1.47.1.1.1.1"
NAME = "1.3.6.1.2.1.31.1.1.1.1"


def tachometer(row: int, name: str, value: int) -> dict[str, int | str]:
    rows: dict[str, int | str] = {f"{ENTITY}.7.{row}": name, f"{ENTITY}.2.{row}": name}
    return rows | {
        f"{SENSOR}.1.{row}": 10,
        f"{SENSOR}.2.{row}": 9,
        f"{SENSOR}.3.{row}": 0,
        f"{SENSOR}.4.{row}": value,
        f"{SENSOR}.5.{row}": 1,
    }


async def test_supplies_give_watts_and_states() -> None:
    outcome = await read_varbinds(
        "arubaos-cx",
        {
            f"{CHASSIS}.2.1.1.7.1.2": 55,
            f"{CHASSIS}.2.1.1.9.1.2": 3,
            f"{CHASSIS}.2.1.1.11.1.2": 3,
        },
    )

    assert outcome.value("rack_psu_output_power_watts", psu="1/2") == 55
    assert outcome.value("rack_psu_faults_total", psu="1/2") == 3
    assert outcome.value("rack_psu_state", psu="1/2") == "input_fault"


async def test_temperatures_are_thousandths_and_their_states_words() -> None:
    row = "1.4.1.2"
    outcome = await read_varbinds(
        "arubaos-cx",
        {
            f"{CHASSIS}.3.1.1.5.{row}": "1/1-CPU",
            f"{CHASSIS}.3.1.1.6.{row}": "normal",
            f"{CHASSIS}.3.1.1.7.{row}": 63_625,
        },
    )

    labels = {"sensor": "1/1-CPU", "index": row}
    assert outcome.value("rack_sensor_temperature_celsius", **labels) == 63.625
    assert outcome.value("rack_sensor_state", **labels, quantity="temperature") == "normal"


async def test_a_fan_whose_row_a_supply_has_named_does_not_take_its_name() -> None:
    rows = tachometer(7102, "RPM sensor for fan Tray-1/1/2", 5130)
    rows |= tachometer(7301, "Power sensor for power supply 1/1", 5765)
    outcome = await read_varbinds("arubaos-cx", rows)

    assert outcome.value("rack_fan_speed_rpm", fan="1/1/2") == 5130
    assert outcome.value("rack_fan_speed_rpm", index="7301") == 5765


async def test_the_fan_table_fills_what_the_sensors_lack_and_doubles_nothing() -> None:
    outcome = await read_varbinds(
        "arubaos-cx",
        tachometer(7102, "RPM sensor for fan Tray-1/1/2", 5130)
        | {
            f"{CHASSIS}.5.1.1.8.1.1.2": 5120,
            f"{CHASSIS}.5.1.1.8.1.3.1": 5765,
            f"{CHASSIS}.5.1.1.10.1.3.1": 5,
            f"{CHASSIS}.4.1.1.8.1.3": 5,
        },
    )

    speeds = {r.labels["fan"]: r.value for r in outcome.readings if r.metric.endswith("_rpm")}
    assert speeds == {"1/1/2": 5130, "1/3/1": 5765}
    assert outcome.value("rack_fan_state", fan="1/3/1") == "fault"
    tray = {"component": "fan tray 1/3", "class": "fan_tray"}
    assert outcome.value("rack_component_state", **tray) == "down"


async def test_optics_are_text_in_milliwatts_and_milliamperes() -> None:
    outcome = await read_varbinds(
        "arubaos-cx",
        {
            f"{NAME}.36": "1/1/36",
            f"{OPTIC}.1.1.2.36": "43.4258",
            f"{OPTIC}.1.1.11.36": "3.3089",
            f"{OPTIC}.2.1.2.36.4": "7.5000",
            f"{OPTIC}.2.1.7.36.4": "1.1499",
            f"{OPTIC}.2.1.12.36.4": "1.1003",
        },
    )

    lane = {"port": "1/1/36", "lane": "4"}
    assert outcome.value("rack_optic_temperature_celsius", port="1/1/36") == 43.4258
    assert outcome.value("rack_optic_voltage_volts", port="1/1/36") == 3.3089
    assert outcome.value("rack_optic_bias_current_amperes", **lane) == 0.0075
    assert outcome.value("rack_optic_transmit_power_watts", **lane) == 0.0011499
    assert outcome.value("rack_optic_receive_power_watts", **lane) == 0.0011003


async def test_the_vsx_link() -> None:
    outcome = await read_varbinds("arubaos-cx", {"1.3.6.1.4.1.47196.4.1.1.3.7.2.1.1.0": 2})

    assert outcome.value("rack_device_state", part="VSX inter-switch link") == "out_of_sync"
