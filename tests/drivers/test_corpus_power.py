"""DC power systems, inverters and power analysers, as recorded."""

import json
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
    "load",
    "percent",
    "charge",
)

TENTHS_BY_SETTING = "a setting says tenths of an ampere (MIB), which the oracle does not ask"
TENTHS = "the MIB says tenths; so do watts and volts (179 W at 53.5 V)"
SETTING = "how the device is set up, not what it measures"
UNKNOWN_UNIT = "ampere-hours or per cent by a setting the agent does not tell, and never amperes"
COUNT = "how many rectifiers there are is a number and not a state"
NO_TEST = "0 until a battery test has been made; the alarm for it is off"
UNWATCHED = "0 while the temperature monitor is off; the sensor itself says something else"
DEVIATION = "how far a tap is from what it should be, and its monitor says 'error'"
REACTIVE = "reactive energy is not energy"


@dataclass(frozen=True)
class Recorded:
    """What a recording must be read as, and its rows that are left out, with the reason."""

    profile: str
    identity: tuple[str | None, str | None, str | None]
    """Model, serial and firmware; None where the device does not say."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Class and OID of a trusted row to why nothing is read there, or something else is."""
    least: float = 0.9
    """The part of the measured rows that must be read as the oracle reads them."""


WEBPOWER = "1.3.6.1.4.1.12148.9"
ENEXUS = "1.3.6.1.4.1.12148.10"
SMU = "1.3.6.1.4.1.2011.6.164.1"
JANITZA = "1.3.6.1.4.1.34278"
RECORDINGS = {
    "cetpower": Recorded("cet-t2s", ("TSI Inverter", "1295", "7.4.0")),
    "deltaorion_deltaorion": Recorded("delta-orion", ("Orion", None, "B8.35Build03")),
    "eaton-sc200": Recorded("eaton-sc200", ("SY106769", "315646", "4.04")),
    "eltek-webpower": Recorded(
        "eltek-webpower",
        ("WebPower(402414.003)", "142308329523", "4.11"),
        {
            f"current {WEBPOWER}.3.20.2.0": UNKNOWN_UNIT,
            f"current {WEBPOWER}.3.20.3.0": UNKNOWN_UNIT,
            f"percent {WEBPOWER}.3.20.5.0": NO_TEST,
            f"state {WEBPOWER}.5.1.0": COUNT,
            f"state {WEBPOWER}.5.2.0": COUNT,
        },
        least=0.84,
    ),
    "enexus": Recorded(
        "eltek-enexus",
        ("Micropack System", "<private>", "2.7.4"),
        {
            f"current {ENEXUS}.5.2.5.0": TENTHS_BY_SETTING,
            f"current {ENEXUS}.9.2.5.0": TENTHS_BY_SETTING,
            f"load {ENEXUS}.10.12.5.0": NO_TEST,
            f"temperature {ENEXUS}.10.7.5.0": UNWATCHED,
        },
        least=0.77,
    ),
    "enexus_enexus": Recorded(
        "eltek-enexus",
        ("SmartPack2", "163209001523", "2.8.1"),
        {
            f"load {ENEXUS}.10.12.5.0": NO_TEST,
            f"temperature {ENEXUS}.10.7.5.0": UNWATCHED,
            **{f"voltage {ENEXUS}.10.19.6.1.7.1.{tap}": DEVIATION for tap in (1, 2, 3, 4)},
        },
        least=0.81,
    ),
    "enexus_sp2touch": Recorded(
        "eltek-enexus",
        ("SmartPack2 Touch", "<serial>", "1.5"),
        {f"load {ENEXUS}.10.12.5.0": NO_TEST},
        least=0.88,
    ),
    "enexus_eltek-smartpack2-syst": Recorded(
        "eltek-enexus", ("SmartPack2 Syst.", "<private>", "2.3")
    ),
    "huawei-smu_11b": Recorded(
        "huawei-smu",
        ("SMU11B", None, "SMU11B_X V500R003C00SPC036"),
        {
            f"current {SMU}.3.1.3.0": TENTHS,
            f"current {SMU}.6.1.4.0": TENTHS,
            f"current {SMU}.6.2.1.1.5.1": TENTHS,
            f"voltage {SMU}.3.1.5.0": SETTING,
            f"voltage {SMU}.3.1.6.0": SETTING,
            f"voltage {SMU}.7.2.1.1.5.3": SETTING,
        },
        least=0.45,
    ),
    "ict-mps": Recorded("ict-mps", ("Modular Power Series 48V", None, "1.04")),
    "janitza_generic": Recorded(
        "janitza-umg", (None, None, None), {f"power_consumed {JANITZA}.5.2.0": REACTIVE}
    ),
    "janitza-umg96_umg96": Recorded(
        "janitza-umg96",
        ("UMG96RM-E-RCM-1738-3497", None, None),
        {f"power_consumed {JANITZA}.4.2.0": REACTIVE},
    ),
    "netsure": Recorded("netsure-vec", ("Vortex Power System", None, "4.0.0.1")),
    "valere": Recorded("eltek-valere", ("BC2000", None, "4.01.40")),
}

every_recording = pytest.mark.parametrize("name", RECORDINGS)


def memory(name: str) -> MemoryTransport:
    rows = read_recording(corpus() / "snmp" / "power" / f"{name}.snmprec")
    return MemoryTransport({oid: (tag, value) for oid, tag, value in rows})


def snmp_profiles() -> list[Profile]:
    return [profile for profile in library().all() if profile.protocol == "snmp"]


async def read(name: str) -> Comparison:
    return await compare(f"power/{name}", RECORDINGS[name].profile)


def key(spelt: str) -> str:
    """Class and OID of a row as ``Comparison`` spells it."""
    return " ".join(spelt.split(" ", 2)[:2])


def number(found: Comparison, oid: str) -> float:
    """The value of the one reading that came from ``oid``."""
    (reading,) = found.outcome.at(oid)
    assert isinstance(reading.value, int | float)
    return reading.value


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


@every_recording
async def test_most_rows_are_read(name: str) -> None:
    found = await read(name)
    rows = found.rows(MEASURED)
    unread = len(found.missing(MEASURED)) + len(found.wrong(MEASURED))

    assert len(rows) - unread >= RECORDINGS[name].least * len(rows)


async def test_most_rows_of_the_group_are_read() -> None:
    rows = unread = states = unread_states = 0
    for name in RECORDINGS:
        found = await read(name)
        rows += len(found.rows(MEASURED))
        unread += len(found.missing(MEASURED)) + len(found.wrong(MEASURED))
        states += len(found.rows(["state"]))
        unread_states += len(found.missing(["state"]))

    assert rows - unread >= 0.9 * rows
    assert unread_states <= 0.1 * states
    assert (rows, states) >= (300, 140)


@every_recording
async def test_nothing_is_doubled_frozen_or_impossible(name: str) -> None:
    found = await read(name)

    assert found.outcome.duplicates() == []
    assert found.outcome.failures == ()
    assert found.sentinels(2147483647) == []
    for reading in found.outcome.good:
        value = reading.value
        if reading.metric.endswith("_temperature_celsius"):
            assert isinstance(value, int | float)
            assert -40 < value < 90, reading
        if reading.metric == "rack_busbar_voltage_volts":
            assert isinstance(value, int | float)
            assert 0 <= value < 500, reading


async def test_where_we_differ_from_the_oracle_physics_agrees_with_us() -> None:
    # load in watts over volts is the current in tenths of an ampere
    smu = await read("huawei-smu_11b")
    volts, amperes, watts = (number(smu, f"{SMU}.6.1.{column}.0") for column in (3, 4, 5))
    assert watts == pytest.approx(volts * amperes, rel=0.03)

    # three rectifiers that give about 3 A each, and 6 per cent of 4 kW, do not give 63 A
    enexus = await read("enexus")
    modules = [
        r.value for r in enexus.outcome.good if r.metric == "rack_psu_output_current_amperes"
    ]
    assert modules == [3.1, 3.3, 2.8]
    watts = number(enexus, f"{ENEXUS}.5.2.5.0") * number(enexus, f"{ENEXUS}.10.5.5.0")
    assert watts / 4000 == pytest.approx(number(enexus, f"{ENEXUS}.5.3.5.0"), abs=0.03)


async def test_inverters_balance_power_against_voltage_and_current() -> None:
    found = await read("cetpower")
    column = "1.3.6.1.4.1.12551.4.1.1.1.1"

    for module in (4, 5, 6):
        volts, amperes, apparent = (
            number(found, f"{column}.{which}.{module}") for which in (16, 17, 19)
        )
        assert apparent == pytest.approx(volts * amperes, rel=0.02, abs=5)


async def test_meters_balance_power_against_voltage_current_and_factor() -> None:
    found = await read("janitza-umg96_umg96")
    base = "1.3.6.1.4.1.34278.1"

    for phase in (1, 2, 3):
        volts, amperes, watts, apparent = (
            number(found, f"{base}.{which + phase}.0") for which in (0, 6, 12, 18)
        )
        assert apparent == pytest.approx(volts * amperes, rel=0.02)
        assert abs(watts) <= apparent


async def test_rectifiers_give_what_the_system_says() -> None:
    found = await read("netsure")
    modules = [r.value for r in found.outcome.good if r.metric == "rack_psu_output_current_amperes"]
    together = sum(value for value in modules if isinstance(value, int | float))

    # the oracle computes this row with a function of its own, and agrees
    assert len(modules) == 72
    assert together == pytest.approx(number(found, "1.3.6.1.4.1.885.3.2.1.6.0"), rel=0.03)
    for row in found.expected:
        if row["verdict"] == "func":
            assert number(found, row["oid"]) == pytest.approx(row["expected"])


async def test_rows_of_tables_with_a_fixed_length_are_no_parts() -> None:
    for name, rectifiers in (("eaton-sc200", 3), ("eltek-webpower", 3), ("cetpower", 3)):
        found = await read(name)
        numbers = {r.labels["psu"] for r in found.outcome.readings if "psu" in r.labels}
        assert len(numbers - {"hottest"}) == rectifiers, name


async def test_rectifiers_are_numbered_by_their_names_and_not_by_their_rows() -> None:
    found = await read("huawei-smu_11b")
    column = f"{SMU}.3.2.2.1.99"

    assert found.outcome.at(f"{column}.28677")[0].labels["psu"] == "1"
    assert found.outcome.at(f"{column}.28676")[0].labels["psu"] == "2"


STATES = {
    "deltaorion_deltaorion": {"20246.2.3.1.1.1.2.10.1.1.3.1": "active"},
    "eaton-sc200": {
        "1918.2.13.10.60.30.1.120.1": "registered",
        "1918.2.13.10.90.40.1.20.5": "active_minor",
        "1918.2.13.10.90.40.1.30.5": "open",
    },
    "eltek-webpower": {
        "12148.9.2.2.0": "float_temperature_compensated",
        "12148.9.3.17.1.0": "connected",
        "12148.9.5.5.2.1.2.0": "normal",
    },
    "enexus": {
        "12148.10.2.3.0": "float",
        "12148.10.10.18.5.1.2.1.1": "disabled",
        "12148.10.12.2.1.2.1.4": "connected",
    },
    "huawei-smu_11b": {
        "2011.6.164.1.2.2.1.1.11.1": "automatic",
        "2011.6.164.1.4.2.3.0": "float_charge",
        "2011.6.164.1.3.1.8.0": "on",
    },
    "ict-mps": {
        "39145.13.9.0": "enabled",
        "39145.13.10.1.2.5": "not_installed",
        "39145.13.10.1.3.4": "battery",
    },
    "netsure": {"885.3.2.1.10.0": "normal"},
    "valere": {"13858.2.3.6.0": "inactive", "13858.2.1.6.1.5.1.1": "ok"},
}
"""What the states of the recordings mean, by the enumerations of their MIBs."""


@pytest.mark.parametrize("name", STATES)
async def test_states_have_the_meaning_of_the_mib(name: str) -> None:
    found = await read(name)

    said = {oid: found.outcome.at(f"1.3.6.1.4.1.{oid}")[0].value for oid in STATES[name]}

    assert said == STATES[name]


@every_recording
def test_the_oracle_says_the_same_of_the_model(name: str) -> None:
    text = (corpus() / "snmp" / "power" / f"{name}.expected.json").read_text(encoding="utf-8")
    expected: dict[str, Any] = json.loads(text)["identity"]
    model, serial, _ = RECORDINGS[name].identity

    # behind the WebPower adapter the oracle names the controller
    if expected["hardware"] and model and name != "eltek-webpower":
        assert model in expected["hardware"]
    if serial and expected["serial"]:
        assert serial in expected["serial"]
