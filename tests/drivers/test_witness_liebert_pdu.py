"""Liebert rack PDUs: values typed by hand from the definitions of LIEBERT-GP-PDU-MIB."""

from tests.drivers.harness import read_varbinds

PDU = "1.3.6.1.4.1.476.1.42.3.8"
SOURCE, LINE = f"{PDU}.30.20.1", f"{PDU}.30.40.1"
BRANCH, OUTLET, SENSOR = f"{PDU}.40.20.1", f"{PDU}.50.20.1", f"{PDU}.60.15.1"


async def test_a_source_and_its_line() -> None:
    outcome = await read_varbinds(
        "liebert-pdu",
        {
            f"{SOURCE}.50.1.1": 205,
            f"{SOURCE}.65.1.1": 2411,
            f"{SOURCE}.70.1.1": 23,
            f"{LINE}.15.1.1.2": 2,
            f"{LINE}.19.1.1.2": 2381,
            f"{LINE}.20.1.1.2": 239,
            f"{LINE}.21.1.1.2": 20,
            f"{LINE}.22.1.1.2": 204,
            f"{LINE}.39.1.1.2": 143,
            f"{LINE}.61.1.1.2": 4120,
            f"{LINE}.67.1.1.2": 91,
        },
    )

    assert outcome.value("rack_inlet_energy_joules_total", inlet="1") == 20.5 * 3.6e6
    assert outcome.value("rack_inlet_power_watts", inlet="1") == 2411
    assert outcome.value("rack_line_current_amperes", inlet="1", line="N") == 2.3
    assert outcome.value("rack_phase_voltage_volts", inlet="1", phase="L2") == 238.1
    assert outcome.value("rack_phase_current_amperes", inlet="1", phase="L2") == 2.04
    assert outcome.value("rack_phase_utilization_ratio", inlet="1", phase="L2") == 0.143
    assert outcome.value("rack_phase_voltage_volts", inlet="1", line="L2-L3") == 412
    assert outcome.value("rack_phase_power_factor_ratio", inlet="1", phase="L2") == 0.91
    assert outcome.duplicates() == []


async def test_where_only_the_coarse_columns_are_filled_they_count() -> None:
    outcome = await read_varbinds(
        "liebert-pdu",
        {
            f"{LINE}.20.1.1.1": 231,
            f"{LINE}.21.1.1.1": 37,
            f"{OUTLET}.55.1.1.4": 231,
            f"{OUTLET}.61.1.1.4": 55,
        },
    )

    assert outcome.value("rack_phase_voltage_volts", inlet="1", phase="L1") == 231
    assert outcome.value("rack_phase_current_amperes", inlet="1", phase="L1") == 3.7
    assert outcome.value("rack_outlet_current_amperes", outlet="4", branch="1") == 0.55


async def test_parts_are_called_what_is_printed_beside_them() -> None:
    outcome = await read_varbinds(
        "liebert-pdu",
        {
            f"{BRANCH}.20.2.3": "2-C",
            f"{BRANCH}.55.2.3": 4,
            f"{BRANCH}.130.2.3": 1428,
            f"{BRANCH}.160.2.3": 714,
            f"{OUTLET}.10.2.3.6": "spine 2",
            f"{OUTLET}.25.2.3.6": "2-C-6",
            f"{OUTLET}.40.2.3.6": 3,
            f"{OUTLET}.5.2.3.6": 6,
            f"{OUTLET}.60.2.3.6": 12,
            f"{OUTLET}.95.2.3.6": 3,
        },
    )

    branch = {"unit": "2", "branch": "2-C", "line": "L1-L2"}
    assert outcome.value("rack_branch_current_amperes", **branch) == 14.28
    assert outcome.value("rack_branch_utilization_ratio", **branch) == 0.714
    outlet = {"unit": "2", "branch": "2-C", "outlet": "2-C-6"}
    assert outcome.value("rack_outlet_current_amperes", **outlet) == 1.2
    assert outcome.value("rack_outlet_state", **outlet) == "on_pending"
    assert outcome.value("rack_outlet_info", name="spine 2", type="IEC C19", **outlet) == 1


async def test_the_gravest_bit_of_the_status_counts() -> None:
    status = f"{PDU}.20.1.25"
    outcome = await read_varbinds("liebert-pdu", {f"{status}.1": 1, f"{status}.2": 24})

    assert outcome.value("rack_device_state", part="pdu") == "normal"
    assert outcome.value("rack_device_state", part="pdu", unit="2") == "alarm"


async def test_a_total_power_factor_that_is_not_filled_is_no_zero() -> None:
    outcome = await read_varbinds("liebert-pdu", {f"{SOURCE}.95.1.1": 0})

    assert outcome.value("rack_inlet_power_factor_ratio", inlet="1") is None


async def test_a_sensor_is_known_by_its_serial_number() -> None:
    outcome = await read_varbinds(
        "liebert-pdu",
        {
            f"{SENSOR}.10.1.2.1": 1,
            f"{SENSOR}.35.1.2.1": "3C00",
            f"{SENSOR}.70.1.2.1": -25,
            f"{SENSOR}.10.1.3.1": 6,
            f"{SENSOR}.35.1.3.1": "41FF",
            f"{SENSOR}.165.1.3.1": 2,
        },
    )

    temperature = outcome.value("rack_air_temperature_celsius", sensor="3C00", index="2.1")
    assert temperature == -2.5
    assert outcome.value("rack_leak_state", sensor="41FF", index="3.1") == "leak"
