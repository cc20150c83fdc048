"""Row coolers, rack coolers and enclosure air conditioners, as recorded."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from agent.identify import identify, read_identity
from agent.plan import make_plan
from agent.profile.points import Profile
from agent.transport.memory import MemoryTransport
from simulator.recording import read_recording
from tests.drivers.harness import Comparison, compare, corpus, library

pytestmark = pytest.mark.corpus

MEASURED = (
    "voltage",
    "current",
    "power",
    "power_consumed",
    "power_factor",
    "frequency",
    "temperature",
    "humidity",
    "fanspeed",
    "waterflow",
    "airflow",
    "pressure",
    "load",
    "percent",
    "charge",
)

PERCENTAGE = "the row's unit is per cent: a duty, not a speed"
HUNDREDTHS = "the MIB says hundredths of a kilowatt-hour; the oracle divides by a thousand"


@dataclass(frozen=True)
class Recorded:
    """What a recording must be read as, and its rows that are left out, with the reason."""

    profile: str
    identity: tuple[str | None, str | None, str | None]
    """Model, serial and firmware; None where the device does not say."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Class and OID of a trusted row to why nothing is read there, or something else is."""


COOLING = "1.3.6.1.4.1.318.1.1.27.1.4.1.2.1.3.1"
DCS = "1.3.6.1.4.1.13400.3"
RECORDINGS = {
    "apc-inrow": Recorded("apc-inrow", ("ACRC103", "JK1323004050", "7.5.0")),
    "apc_inrow-dx": Recorded(
        "apc-cooling",
        ("InRow DX 300mm", "JK1905001111", "v6.6.9.b"),
        {f"fanspeed {COOLING}.66": PERCENTAGE},
    ),
    "dantherm-os": Recorded("dantherm-cc3000", ("CC3000", "2046094045", "1.55")),
    "spectracool": Recorded("nvent-spectracool", ("00000N111116G160", "0000025011111-27-B", "Ki")),
    "pcoweb-rittal-lcp-3311_lcp-dx-3311": Recorded("rittal-lcp-3311", ("LCP DX 3311", None, None)),
    "stulz_wib8000": Recorded("stulz-wib8000", ("WIB8000", None, None)),
    "vertiv-dcs": Recorded(
        "vertiv-dcs",
        ("DCS", None, "TMKv1.03.08R"),
        {
            f"power_consumed {DCS}.2.225.1.1.13.1": HUNDREDTHS,
            f"power_consumed {DCS}.2.225.1.1.13.2": HUNDREDTHS,
        },
    ),
}

every_recording = pytest.mark.parametrize("name", RECORDINGS)


def memory(name: str) -> MemoryTransport:
    rows = read_recording(corpus() / "snmp" / "cooling" / f"{name}.snmprec")
    return MemoryTransport({oid: (tag, value) for oid, tag, value in rows})


def snmp_profiles() -> list[Profile]:
    return [profile for profile in library().all() if profile.protocol == "snmp"]


async def read(name: str) -> Comparison:
    return await compare(f"cooling/{name}", RECORDINGS[name].profile)


def key(spelt: str) -> str:
    """Class and OID of a row as ``Comparison`` spells it."""
    return " ".join(spelt.split(" ", 2)[:2])


@every_recording
async def test_the_right_profile_is_found_and_who_it_is(name: str) -> None:
    recorded = RECORDINGS[name]
    transport = memory(name)

    found = await identify(transport, "snmp", snmp_profiles())
    identity, refused = await read_identity(transport, found.profile, make_plan(found.profile))

    assert found.profile.name == recorded.profile
    assert (identity.model, identity.serial, identity.firmware) == recorded.identity
    assert refused == ()


@every_recording
async def test_every_trusted_row_is_read_or_left_out_for_a_reason(name: str) -> None:
    found = await read(name)
    reasons = RECORDINGS[name].left_out
    kinds = (*MEASURED, "state")
    unread = {key(row): row for row in (*found.missing(kinds), *found.wrong(kinds))}

    assert found.rows(kinds), "the oracle has rows"
    assert [row for spelt, row in unread.items() if spelt not in reasons] == []
    assert set(reasons) <= set(unread), "a reason for a row that is read well"


async def test_most_rows_of_the_group_are_read() -> None:
    rows = unread = states = unread_states = 0
    for name in RECORDINGS:
        found = await read(name)
        rows += len(found.rows(MEASURED))
        unread += len(found.missing(MEASURED)) + len(found.wrong(MEASURED))
        states += len(found.rows(["state"]))
        unread_states += len(found.missing(["state"]))

    assert rows - unread >= 0.97 * rows
    assert unread_states == 0
    assert (rows, states) >= (240, 165)


@every_recording
async def test_nothing_is_doubled_frozen_or_impossible(name: str) -> None:
    found = await read(name)

    assert found.outcome.duplicates() == []
    assert found.outcome.failures == ()
    for reading in found.outcome.good:
        if reading.metric.endswith("_temperature_celsius"):
            assert isinstance(reading.value, int | float)
            assert -40 < reading.value < 120, reading


async def test_marks_of_nothing_are_no_values() -> None:
    assert (await read("apc-inrow")).sentinels(-1) == []
    assert (await read("dantherm-os")).sentinels(-41) == []
    assert (await read("vertiv-dcs")).sentinels(9999) == []
    assert (await read("pcoweb-rittal-lcp-3311_lcp-dx-3311")).sentinels(-858993460, -13108) == []


async def test_where_the_oracle_is_suspect_we_disagree() -> None:
    dx = await read("apc_inrow-dx")
    dcs = await read("vertiv-dcs")

    # kilowatts of a table that says so, which the oracle takes for watts
    (demand,) = dx.outcome.at(f"{COOLING}.24")
    assert (demand.metric, demand.value) == ("rack_cooling_demand_watts", 11000)
    (output,) = dx.outcome.at(f"{COOLING}.25")
    assert (output.metric, output.value) == ("rack_heat_removed_watts", 10800)
    # sums of the group, which every unit of the group repeats
    assert dx.outcome.at(f"{COOLING}.7") == dx.outcome.at(f"{COOLING}.8") == []
    # probes that are not plugged in
    for probe in (34, 36, 40):
        assert [r.value for r in dx.outcome.at(f"{COOLING}.{probe}") if r.value is not None] == []
    # V*I*PF of the two PDUs
    (first,) = dcs.outcome.at(f"{DCS}.2.225.1.1.8.1")
    (second,) = dcs.outcome.at(f"{DCS}.2.225.1.1.8.2")
    assert (first.value, second.value) == (350, 630)
    for row in dcs.expected:
        if row["verdict"].startswith("suspect:sentinel"):
            (reading,) = dcs.outcome.at(row["oid"])
            assert reading.value is None


async def test_power_of_the_pdus_agrees_with_voltage_current_and_factor() -> None:
    found = await read("vertiv-dcs")
    column = f"{DCS}.2.225.1.1"

    for row in (1, 2):
        volts, amperes, watts, factor = (
            found.outcome.at(f"{column}.{number}.{row}")[0].value for number in (3, 4, 8, 10)
        )
        assert isinstance(volts, int | float)
        assert isinstance(amperes, int | float)
        assert isinstance(watts, int | float)
        assert isinstance(factor, int | float)
        assert math.isclose(watts, volts * amperes * factor, rel_tol=0.05)


async def test_fahrenheit_becomes_celsius_as_the_oracle_does_it() -> None:
    """The oracle computes these rows with functions of its own, from Fahrenheit."""
    found = await read("spectracool")
    own = {row["oid"]: row for row in found.expected if row["verdict"] == "func"}
    difference = "1.3.6.1.4.1.26609.2.1.8.2.0"

    assert len(own) == 4
    for oid, row in own.items():
        if oid != difference:
            (reading,) = found.outcome.at(oid)
            assert reading.value == pytest.approx(row["expected"], abs=0.01)
    # 7 degrees Fahrenheit more or less are not -13.89 degrees Celsius
    assert found.outcome.at(difference) == []


STATES = {
    "apc-inrow": {
        "318.1.1.13.3.2.2.2.17.0": "open",
        "318.1.1.13.3.2.2.2.19.0": "source_b",
        "318.1.1.13.3.2.1.1.9.0": "not_applicable",
    },
    "apc_inrow-dx": {"318.1.1.27.1.4.2.2.1.4.1.2": "active"},
    "dantherm-os": {
        "46651.1.1.25.0": "inactive",
        "46651.1.1.27.0": "free_cooling",
        "46651.1.1.18.0": "on",
        "46651.1.1.20.0": "closed",
    },
    "pcoweb-rittal-lcp-3311_lcp-dx-3311": {
        "9839.2606.2.1.3.13.0": "on",
        "9839.2606.2.1.3.2.0": "stop",
        "9839.2606.2.1.3.3.0": "ok",
    },
    "vertiv-dcs": {
        "13400.3.4.491.1.1.75.1": "utility",
        "13400.3.5.541.1.1.4.1": "closed",
        "13400.3.2.225.1.1.52.1": "on",
    },
}
"""What the states of the recordings mean, by the enumerations of their MIBs."""


@pytest.mark.parametrize("name", STATES)
async def test_states_have_the_meaning_of_the_mib(name: str) -> None:
    found = await read(name)

    said = {oid: found.outcome.at(f"1.3.6.1.4.1.{oid}")[0].value for oid in STATES[name]}

    assert said == STATES[name]


async def test_nine_machines_behind_one_board_are_told_apart() -> None:
    found = await read("stulz_wib8000")
    units = [
        reading.labels["unit"]
        for reading in found.outcome.good
        if reading.metric == "rack_cooling_state" and reading.labels["part"] == "unit"
    ]

    assert len(units) == len(set(units)) == 9


async def test_no_alarm_is_active_on_a_machine_without_one() -> None:
    found = await read("pcoweb-rittal-lcp-3311_lcp-dx-3311")
    alarms = {
        r.labels["alarm"]: r.value for r in found.outcome.good if r.metric == "rack_alarm_active"
    }

    assert len(alarms) == 20
    assert set(alarms.values()) == {0}


@every_recording
def test_the_oracle_says_the_same_of_the_model(name: str) -> None:
    text = (corpus() / "snmp" / "cooling" / f"{name}.expected.json").read_text(encoding="utf-8")
    expected: dict[str, Any] = json.loads(text)["identity"]
    model, serial, _ = RECORDINGS[name].identity

    if expected["hardware"] and model:
        assert model in expected["hardware"]
    if serial and expected["serial"]:
        assert serial == expected["serial"]
