"""APC NetShelter Advanced: values typed by hand from PowerNet-MIB's 318.1.1.32 definitions."""

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.318.1.1.32"


async def test_units_phases_breakers_and_outlets() -> None:
    outcome = await read_varbinds(
        "apc-cpdu",
        {
            f"{BASE}.2.4.1.3.1": 2,
            f"{BASE}.2.4.1.4.1": 2480,
            f"{BASE}.2.4.1.5.1": 2602,
            f"{BASE}.2.4.1.9.1": 12_345,
            f"{BASE}.2.4.1.13.1": 95,
            f"{BASE}.2.4.1.4.2": 31,
            f"{BASE}.3.4.1.5.1.2": 1131,
            f"{BASE}.3.4.1.6.1.2": 230,
            f"{BASE}.3.4.1.11.1.2": 398,
            f"{BASE}.4.4.1.3.1.4": "CB4",
            f"{BASE}.4.4.1.4.1.4": 6,
            f"{BASE}.4.4.1.5.1.4": 0,
            f"{BASE}.5.9.1.2.1.7": 7,
            f"{BASE}.5.9.1.3.1.7": "node 7",
            f"{BASE}.5.9.1.4.1.7": 5,
            f"{BASE}.5.9.1.5.1.7": 209,
            f"{BASE}.5.9.1.6.1.7": 471,
            f"{BASE}.5.9.1.7.1.7": 98,
            f"{BASE}.5.9.1.11.1.7": 250,
            f"{BASE}.5.4.1.2.1.7": 7,
            f"{BASE}.5.4.1.4.1.7": 0,
        },
    )

    assert outcome.value("rack_inlet_state", quantity="power") == "above_upper_warning"
    assert outcome.value("rack_inlet_power_watts") == 2480
    assert outcome.value("rack_inlet_power_watts", unit="2") == 31
    assert outcome.value("rack_inlet_apparent_power_voltamperes") == 2602
    assert outcome.value("rack_inlet_energy_joules_total") == 1234.5 * 3.6e6
    assert outcome.value("rack_inlet_power_factor_ratio") == 0.95
    assert outcome.value("rack_phase_current_amperes", phase="2") == 11.31
    assert outcome.value("rack_phase_voltage_volts", phase="2") == 230
    assert outcome.value("rack_phase_voltage_volts", line="L2-L3") == 398
    assert outcome.value("rack_branch_state", branch="CB4", quantity="current") == "off"
    assert outcome.value("rack_outlet_current_amperes", outlet="7") == 2.09
    assert outcome.value("rack_outlet_power_watts", outlet="7") == 471
    assert outcome.value("rack_outlet_power_factor_ratio", outlet="7") == 0.98
    assert outcome.value("rack_outlet_energy_joules_total", outlet="7") == 25 * 3.6e6
    assert outcome.value("rack_outlet_state", outlet="7") == "off"
    assert outcome.value("rack_outlet_status", outlet="7", quantity="load") == "normal"
    assert outcome.failures == ()


async def test_spare_outlet_rows_are_no_outlets() -> None:
    outcome = await read_varbinds(
        "apc-cpdu",
        {
            f"{BASE}.5.9.1.2.1.48": 0,
            f"{BASE}.5.9.1.4.1.48": 0,
            f"{BASE}.5.9.1.5.1.48": 0,
            f"{BASE}.5.4.1.2.1.48": 0,
            f"{BASE}.5.4.1.4.1.48": 0,
        },
    )

    assert outcome.readings == ()


async def test_sensors_by_type_unit_and_link() -> None:
    names, kinds, units = {1: "top", 2: "rh", 3: "floor", 4: "gone"}, (1, 2, 6, 1), (2, 3, 0, 1)
    rows: dict[str, int | str] = {f"{BASE}.6.4.1.2.1.{n}": name for n, name in names.items()}
    rows |= {f"{BASE}.6.2.1.6.1.{n}": kind for n, kind in enumerate(kinds, 1)}
    rows |= {f"{BASE}.6.2.1.7.1.{n}": unit for n, unit in enumerate(units, 1)}
    rows |= {f"{BASE}.6.4.1.3.1.{n}": link for n, link in enumerate((2, 2, 2, 3), 1)}
    rows |= {f"{BASE}.6.4.1.4.1.{n}": 2 if n != 3 else 1 for n in names}
    rows |= {f"{BASE}.6.4.1.5.1.1": 77, f"{BASE}.6.4.1.5.1.2": 41, f"{BASE}.6.4.1.5.1.4": 20}
    rows |= {f"{BASE}.6.4.1.7.1.1": 770, f"{BASE}.6.4.1.7.1.4": 200}

    outcome = await read_varbinds("apc-cpdu", rows)

    assert outcome.value("rack_air_temperature_celsius", sensor="1", name="top") == 25.0
    assert outcome.value("rack_relative_humidity_ratio", sensor="2", name="rh") == 0.41
    assert outcome.value("rack_leak_detected", sensor="3", name="floor") == 1
    assert outcome.value("rack_air_temperature_celsius", sensor="4", name="gone") is None
