"""APC rack PDUs: values typed by hand from the PowerNet MIB's definitions."""

from tests.drivers.harness import read_varbinds

PHASE = "1.3.6.1.4.1.318.1.1.26.6.3.1"
DEVICE = "1.3.6.1.4.1.318.1.1.26.4.3.1"
OUTLET = "1.3.6.1.4.1.318.1.1.26.9.4.3.1"
LOAD = "1.3.6.1.4.1.318.1.1.12.2.3.1.1"
PROBE = "1.3.6.1.4.1.318.1.1.26.10.2.2.1"


async def test_scales_differ_between_device_and_outlet() -> None:
    # 121 hundredths of a kilowatt, but 163 watts; both columns are called Power.
    outcome = await read_varbinds(
        "apc-rpdu2",
        {
            f"{DEVICE}.2.1": 1,
            f"{DEVICE}.5.1": 121,
            f"{DEVICE}.9.1": 35128,
            f"{DEVICE}.16.1": 125,
            f"{DEVICE}.17.1": 97,
            f"{OUTLET}.2.1": 1,
            f"{OUTLET}.4.1": 1,
            f"{OUTLET}.6.1": 7,
            f"{OUTLET}.7.1": 163,
            f"{OUTLET}.11.1": 42,
        },
    )

    assert outcome.value("rack_inlet_power_watts") == 1210
    assert outcome.value("rack_inlet_energy_joules_total") == 3512.8 * 3.6e6
    assert outcome.value("rack_inlet_apparent_power_voltamperes") == 1250
    assert outcome.value("rack_inlet_power_factor_ratio") == 0.97
    assert outcome.value("rack_outlet_current_amperes", outlet="1") == 0.7
    assert outcome.value("rack_outlet_power_watts", outlet="1") == 163
    assert outcome.value("rack_outlet_energy_joules_total", outlet="1") == 4.2 * 3.6e6
    assert outcome.failures == ()


async def test_a_phase_is_read_in_tenths_of_amperes_volts_and_hundredths() -> None:
    outcome = await read_varbinds(
        "apc-rpdu2",
        {
            f"{PHASE}.2.1": 1,
            f"{PHASE}.3.1": 1,
            f"{PHASE}.4.1": 3,
            f"{PHASE}.5.1": 49,
            f"{PHASE}.6.1": 242,
            f"{PHASE}.7.1": 114,
            f"{PHASE}.9.1": 96,
        },
    )

    assert outcome.value("rack_phase_current_amperes", phase="1") == 4.9
    assert outcome.value("rack_phase_voltage_volts", phase="1") == 242
    assert outcome.value("rack_phase_power_watts", phase="1") == 1140
    assert outcome.value("rack_phase_power_factor_ratio", phase="1") == 0.96
    assert outcome.value("rack_phase_state", phase="1", quantity="load") == "near_overload"


async def test_the_older_load_table_tells_phases_from_banks_and_comes_first() -> None:
    outcome = await read_varbinds(
        "apc-rpdu2",
        {
            f"{LOAD}.2.1": 49,
            f"{LOAD}.2.2": 47,
            f"{LOAD}.4.1": 1,
            f"{LOAD}.4.2": 0,
            f"{LOAD}.5.1": 0,
            f"{LOAD}.5.2": 2,
            f"{PHASE}.2.1": 1,
            f"{PHASE}.3.1": 1,
            f"{PHASE}.5.1": 50,
        },
    )

    assert outcome.value("rack_phase_current_amperes", phase="1") == 4.9
    assert outcome.value("rack_branch_current_amperes", branch="2") == 4.7
    assert outcome.duplicates() == []


async def test_a_chained_unit_carries_its_number() -> None:
    outcome = await read_varbinds(
        "apc-rpdu2",
        {f"{DEVICE}.2.1": 1, f"{DEVICE}.5.1": 100, f"{DEVICE}.2.2": 2, f"{DEVICE}.5.2": 200},
    )

    assert outcome.value("rack_inlet_power_watts") == 1000
    assert outcome.value("rack_inlet_power_watts", unit="2") == 2000


async def test_not_supported_is_not_a_number() -> None:
    outcome = await read_varbinds(
        "apc-rpdu2", {f"{DEVICE}.2.1": 1, f"{DEVICE}.5.1": -1, "1.3.6.1.4.1.318.1.1.12.1.15.0": -1}
    )

    assert outcome.value("rack_inlet_power_watts") is None
    assert outcome.value("rack_inlet_voltage_volts") is None


async def test_a_socket_without_a_probe_is_silent_and_a_lost_probe_is_bad() -> None:
    rows: dict[str, int | str] = {}
    for row, link in ((1, 1), (2, 2), (3, 3)):
        rows |= {
            f"{PROBE}.2.{row}": 1,
            f"{PROBE}.3.{row}": f"Probe {row}",
            f"{PROBE}.4.{row}": row,
            f"{PROBE}.6.{row}": link,
            f"{PROBE}.8.{row}": 235,
            f"{PROBE}.10.{row}": 41,
        }
    outcome = await read_varbinds("apc-rpdu2", rows)

    metric = "rack_air_temperature_celsius"
    assert len([r for r in outcome.readings if r.metric == metric]) == 2
    assert outcome.value(metric, sensor="2", name="Probe 2") == 23.5
    assert outcome.value(metric, sensor="3", name="Probe 3") is None
    assert outcome.value("rack_relative_humidity_ratio", sensor="2", name="Probe 2") == 0.41


async def test_a_leak_rope_is_a_leak_and_a_door_is_not() -> None:
    contact = "1.3.6.1.4.1.318.1.1.26.10.4.2.1"
    rows: dict[str, int | str] = {}
    for row, kind, alarm in ((1, 7, 2), (2, 2, 1)):
        rows |= {
            f"{contact}.2.{row}": 1,
            f"{contact}.3.{row}": "",
            f"{contact}.4.{row}": row,
            f"{contact}.5.{row}": kind,
            f"{contact}.6.{row}": 2,
            f"{contact}.7.{row}": 2,
            f"{contact}.8.{row}": alarm,
        }
    outcome = await read_varbinds("apc-rpdu2", rows)

    assert outcome.value("rack_leak_detected", sensor="1") == 1
    assert outcome.value("rack_alarm_active", sensor="2", alarm="door") == 0
    assert outcome.value("rack_sensor_state", sensor="2", quantity="door") == "closed"


async def test_on_and_off_have_opposite_numbers_in_the_two_trees() -> None:
    switched = "1.3.6.1.4.1.318.1.1.26.9.2.3.1"
    older = "1.3.6.1.4.1.318.1.1.4.4.2.1.3"
    outcome = await read_varbinds(
        "apc-rpdu2",
        {f"{switched}.2.1": 1, f"{switched}.4.1": 1, f"{switched}.5.1": 2, f"{older}.2": 2},
    )

    assert outcome.value("rack_outlet_state", outlet="1") == "on"
    assert outcome.value("rack_outlet_state", outlet="2") == "off"
