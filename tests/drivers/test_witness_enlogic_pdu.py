"""Enlogic: values typed by hand from the definitions of ENLOGIC-PDU-MIB and ENLOGIC-PDU2-MIB."""

import pytest

from agent.model import smi
from agent.plan import make_plan
from agent.poll.identify import read_identity
from agent.transport.memory import MemoryTransport
from tests.drivers.harness import library, read_varbinds

PDU = "1.3.6.1.4.1.38446.1"
UNIT, PHASE, BREAKER = f"{PDU}.2.4.1", f"{PDU}.3.4.1", f"{PDU}.4.4.1"
OUTLET, PLATE, SENSOR = f"{PDU}.5.9.1", f"{PDU}.6.2.1", f"{PDU}.6.4.1"


async def test_a_unit_and_its_phases() -> None:
    outcome = await read_varbinds(
        "enlogic-pdu",
        {
            f"{UNIT}.3.1": 2,
            f"{UNIT}.4.1": 1120,
            f"{UNIT}.9.1": 25,
            f"{PHASE}.3.1.2": 5,
            f"{PHASE}.5.1.2": 472,
            f"{PHASE}.6.1.2": 205,
            f"{PHASE}.7.1.2": 599,
            f"{PHASE}.9.1.2": 91,
            f"{UNIT}.4.2": 40,
            f"{PHASE}.6.1.4": 355,
            f"{PHASE}.7.1.4": 1037,
        },
    )

    assert outcome.value("rack_inlet_state", quantity="load") == "above_upper_warning"
    assert outcome.value("rack_inlet_power_watts") == 1120
    assert outcome.value("rack_inlet_power_watts", unit="2") == 40
    assert outcome.value("rack_inlet_energy_joules_total") == 2.5 * 3.6e6
    assert outcome.value("rack_phase_state", phase="L2", quantity="current") == "normal"
    assert outcome.value("rack_phase_current_amperes", phase="L2") == 4.72
    assert outcome.value("rack_phase_voltage_volts", phase="L2") == 205
    assert outcome.value("rack_phase_power_watts", phase="L2") == 599
    assert outcome.value("rack_phase_power_factor_ratio", phase="L2") == 0.91
    assert outcome.value("rack_phase_voltage_volts", line="L1-L2") == 355
    assert len([r for r in outcome.readings if r.metric == "rack_phase_power_watts"]) == 1


async def test_rows_that_only_fill_the_table_are_left_out() -> None:
    outcome = await read_varbinds(
        "enlogic-pdu",
        {
            f"{BREAKER}.3.1.1": "B1",
            f"{BREAKER}.4.1.1": 6,
            f"{BREAKER}.5.1.1": 277,
            f"{PDU}.4.3.1.3.1.1": 4,
            f"{PDU}.4.3.1.4.1.1": 16,
            f"{BREAKER}.3.1.2": "NA",
            f"{BREAKER}.4.1.2": 0,
            f"{BREAKER}.5.1.2": 0,
        },
    )

    labels = {"branch": "B1", "line": "L1-L2"}
    assert outcome.value("rack_branch_current_amperes", **labels) == 2.77
    assert outcome.value("rack_branch_state", quantity="load", **labels) == "off"
    assert {r.labels["branch"] for r in outcome.readings if "branch" in r.labels} == {"B1"}


async def test_a_metered_outlet() -> None:
    outcome = await read_varbinds(
        "enlogic-pdu",
        {
            f"{OUTLET}.3.1.9": "storage",
            f"{OUTLET}.5.1.9": 105,
            f"{OUTLET}.6.1.9": 230,
            f"{OUTLET}.7.1.9": 97,
            f"{OUTLET}.11.1.9": 123,
            f"{PDU}.5.8.1.4.1.9": 3,
            f"{PDU}.5.8.1.5.1.9": 2,
            f"{PDU}.5.4.1.4.1.9": 1,
        },
    )

    labels = {"outlet": "9", "phase": "L3", "branch": "2"}
    assert outcome.value("rack_outlet_current_amperes", **labels) == 1.05
    assert outcome.value("rack_outlet_power_watts", **labels) == 230
    assert outcome.value("rack_outlet_power_factor_ratio", **labels) == 0.97
    assert outcome.value("rack_outlet_resettable_energy_joules_total", **labels) == 12.3 * 3.6e6
    assert outcome.value("rack_outlet_state", outlet="9") == "on"
    assert outcome.value("rack_outlet_info", outlet="9", name="storage") == 1


async def test_a_sensor_names_its_unit_and_a_lost_one_is_bad() -> None:
    rows: dict[str, int | str] = {}
    for row, kind, unit, link in (
        (1, 1, 2, 2),
        (2, 2, 3, 2),
        (3, 1, 1, 3),
        (4, 5, 0, 2),
        (5, 1, 1, 1),
    ):
        rows |= {
            f"{PLATE}.6.1.{row}": kind,
            f"{PLATE}.7.1.{row}": unit,
            f"{SENSOR}.4.1.{row}": link,
            f"{SENSOR}.5.1.{row}": 1,
            f"{SENSOR}.6.1.{row}": 50,
        }
    rows |= {f"{SENSOR}.3.1.1": 2, f"{SENSOR}.8.1.1": 770}
    outcome = await read_varbinds("enlogic-pdu", rows)

    assert outcome.value("rack_air_temperature_celsius", sensor="1", side="cold") == 25
    assert outcome.value("rack_relative_humidity_ratio", sensor="2") == 0.5
    assert outcome.value("rack_air_temperature_celsius", sensor="3") is None
    assert outcome.value("rack_leak_detected", sensor="4") == 1
    assert [r for r in outcome.readings if r.labels.get("sensor") == "5"] == []


@pytest.mark.parametrize(
    ("plate", "identity"),
    [
        (
            {10: "EN2810", 11: "SN1", 12: "01/31/2015", 13: "1.6.1", 14: "2016/02/01 10:00:00"},
            ("EN2810", "SN1", "1.6.1"),
        ),
        (
            {11: "EN1814", 12: "SN2", 13: "01/31/2018", 14: "2.0.4.3"},
            ("EN1814", "SN2", "2.0.4.3"),
        ),
    ],
)
async def test_the_name_plate_has_moved(
    plate: dict[int, str], identity: tuple[str, str, str]
) -> None:
    profile = library().get("enlogic-pdu")
    rows = {
        smi.oid(f"{PDU}.1.2.1.{column}.1"): (smi.OCTET_STRING, text.encode())
        for column, text in plate.items()
    }

    found, _ = await read_identity(MemoryTransport(rows), profile, make_plan(profile))

    assert (found.model, found.serial, found.firmware) == identity
