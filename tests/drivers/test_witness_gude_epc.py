"""Gude: values typed by hand from the EPC1202 and EPC8031 MIBs, below several models' numbers."""

import pytest

from tests.drivers.harness import read_varbinds


def below(model: int, rows: dict[str, int | str]) -> dict[str, int | str]:
    return {f"1.3.6.1.4.1.28507.{model}.{place}": value for place, value in rows.items()}


@pytest.mark.parametrize("model", [43, 81, 62])
async def test_a_channel_is_known_by_its_place_whatever_the_model(model: int) -> None:
    channel = "1.5.1.2.1"
    outcome = await read_varbinds(
        "gude-epc",
        below(
            model,
            {
                f"{channel}.2.1": 1,
                f"{channel}.3.1": 2500,
                f"{channel}.4.1": 17,
                f"{channel}.5.1": 167,
                f"{channel}.6.1": 227,
                f"{channel}.7.1": 4999,
                f"{channel}.8.1": -464,
                f"{channel}.10.1": 38,
                f"{channel}.13.1": 1000,
                f"{channel}.24.1": 5,
                f"{channel}.100.1": "feed A",
            },
        ),
    )

    labels = {"inlet": "1", "name": "feed A"}
    assert outcome.value("rack_inlet_energy_joules_total", **labels) == 2.5 * 3.6e6
    assert outcome.value("rack_inlet_power_watts", **labels) == 17
    assert outcome.value("rack_inlet_current_amperes", **labels) == 0.167
    assert outcome.value("rack_inlet_voltage_volts", **labels) == 227
    assert outcome.value("rack_inlet_frequency_hertz", **labels) == 49.99
    assert outcome.value("rack_inlet_power_factor_ratio", **labels) == -0.464
    assert outcome.value("rack_inlet_apparent_power_voltamperes", **labels) == 38
    assert outcome.value("rack_inlet_resettable_energy_joules_total", **labels) == 3.6e6
    assert outcome.value("rack_inlet_residual_current_amperes", **labels) == 0.0005
    assert outcome.failures == ()


async def test_a_channel_that_is_not_active_gives_nothing() -> None:
    outcome = await read_varbinds(
        "gude-epc", below(81, {"1.5.1.2.1.2.1": 0, "1.5.1.2.1.4.1": 18, "1.5.2.1.2.1": 0})
    )

    assert outcome.value("rack_inlet_power_watts", inlet="1") is None
    assert outcome.value("rack_inlet_state", inlet="1", quantity="measurement") == "not_active"
    state = outcome.value("rack_inlet_state", inlet="1", quantity="overvoltage_protection")
    assert state == "failure"


async def test_ports_have_a_state_and_a_name() -> None:
    outcome = await read_varbinds(
        "gude-epc",
        below(43, {"1.3.1.2.1.2.4": "camera", "1.3.1.2.1.3.4": 0, "1.3.1.2.1.4.4": 12}),
    )

    assert outcome.value("rack_outlet_state", outlet="4") == "off"
    assert outcome.value("rack_outlet_info", outlet="4", name="camera") == 1


async def test_the_box_and_its_sensors() -> None:
    outcome = await read_varbinds(
        "gude-epc",
        below(
            81,
            {
                "1.1.2.1.0": "Expert Power Control 8031-3",
                "1.1.2.2.0": "1.6.3",
                "1.5.14.3.0": 1156,
                "1.5.14.4.0": 375,
                "1.5.15.1.0": 0,
                "1.6.1.1.2.1": 265,
                "1.6.1.1.3.1": 532,
                "1.6.1.1.5.1": 1011,
                "1.6.1.1.6.1": 162,
                "1.6.1.1.32.1": "rack 7",
            },
        ),
    )

    sensor = {"sensor": "1", "name": "rack 7"}
    assert outcome.value("rack_air_temperature_celsius", **sensor) == 26.5
    assert outcome.value("rack_relative_humidity_ratio", **sensor) == 0.532
    assert outcome.value("rack_air_pressure_pascals", **sensor) == 101_100
    assert outcome.value("rack_dew_point_celsius", **sensor) == 16.2
    assert outcome.value("rack_sensor_voltage_volts", sensor="main") == 11.56
    assert outcome.value("rack_sensor_temperature_celsius", sensor="cpu") == 37.5
    assert outcome.value("rack_device_state", part="network_time") == "no_time"
    part = {"component": "device", "class": "pdu", "firmware": "1.6.3"}
    assert outcome.value("rack_component_info", model="Expert Power Control 8031-3", **part) == 1
