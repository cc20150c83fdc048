"""Geist Watchdog: values typed by hand from the definitions of GEIST-V4-MIB."""

from tests.drivers.harness import read_varbinds

V4 = "1.3.6.1.4.1.21239.5.1"


async def test_tenths_of_the_degree_that_is_set() -> None:
    rows: dict[str, int | str] = {
        f"{V4}.2.1.3.1": "Row 3",
        f"{V4}.2.1.4.1": 1,
        f"{V4}.2.1.5.1": 680,
        f"{V4}.2.1.6.1": 41,
    }
    outcome = await read_varbinds("geist-watchdog", rows | {f"{V4}.1.7.0": 0})

    labels = {"sensor": "internal-1", "name": "Row 3"}
    assert outcome.value("rack_air_temperature_celsius", **labels) == 20
    assert outcome.value("rack_relative_humidity_ratio", **labels) == 0.41


async def test_a_remote_power_meter_has_scales_of_its_own() -> None:
    outcome = await read_varbinds(
        "geist-watchdog",
        {
            f"{V4}.10.1.3.1": "RPM",
            f"{V4}.10.1.4.1": 1,
            f"{V4}.10.1.5.1": 12,
            f"{V4}.10.1.6.1": 119,
            f"{V4}.10.1.10.1": 37,
            f"{V4}.10.1.13.1": 97,
            f"{V4}.10.1.14.1": 1,
            f"{V4}.10.1.15.1": 0,
        },
    )

    labels = {"branch": "rpm-1", "name": "RPM"}
    assert outcome.value("rack_branch_energy_joules_total", **labels) == 12 * 3.6e6
    assert outcome.value("rack_branch_voltage_volts", **labels) == 119
    assert outcome.value("rack_branch_current_amperes", **labels) == 3.7
    assert outcome.value("rack_branch_power_factor_ratio", **labels) == 0.97
    assert outcome.value("rack_outlet_state", outlet="1", **labels) == "on"
    assert outcome.value("rack_outlet_state", outlet="2", **labels) == "off"


async def test_a_sensor_that_is_gone_gives_nothing() -> None:
    outcome = await read_varbinds(
        "geist-watchdog", {f"{V4}.1.7.0": 1, f"{V4}.4.1.4.2": 0, f"{V4}.4.1.5.2": 231}
    )

    assert outcome.value("rack_air_temperature_celsius", sensor="temp-2") is None
