"""Geist, Liebert, Schleifenbauer, Gude, Enlogic, Rittal, Tripp Lite and smaller PDUs, as recorded.

Two of the families live in other folders of the corpus too (Rittal's coolers, Liebert's UPS); they
are read here with the rest of their family.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

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
COMPARED = (*MEASURED, "state")

SETTING = "a setting of the network card, not a state of the PDU"
HEADROOM = "the limit less the current: the catalogue carries both, not their difference"
NO_FACTOR = "0 beside 514 W of 551 VA: this firmware does not fill the total power factor"
KVAH = "kVAh, which the oracle calls kWh; the catalogue carries no apparent energy"
NO_STATE = "a duration in seconds that the oracle lists as a state"

LGP = "1.3.6.1.4.1.476.1.42"
SETTINGS = {f"{LGP}.2.5.{number}.0": SETTING for number in (2, 3, 4)}
CMC3 = "1.3.6.1.4.1.2606.7.4.2.2.1.11"


@dataclass(frozen=True)
class Recorded:
    """What a recording must be read as, and its rows that are left out, with the reason."""

    profile: str
    identity: tuple[str | None, str | None, str | None]
    """Model, serial and firmware; None where the device does not say."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """OID of a trusted row to why nothing, or something else, is read there."""


RECORDINGS = {
    "pdu/vertiv-pdu_mg02e4w1": Recorded(
        "vertiv-geist", ("MG02E4W1-42ITB3-3PS56B2A10-S", "ZY18120520", "3.4.0")
    ),
    "pdu/liebert": Recorded(
        "liebert-pdu",
        ("MPH-NCV27AXXD30", "DM2013JUN240015", "0-3-2-3"),
        SETTINGS | {f"{LGP}.3.8.40.20.1.150.1.{branch}": HEADROOM for branch in (1, 2, 3)},
    ),
    "pdu/liebert_mph2rg": Recorded(
        "liebert-pdu",
        ("MPHR3142", "V15E0000712", "0.4.6.29"),
        SETTINGS | {f"{LGP}.3.8.40.20.1.150.1.2": HEADROOM, f"{LGP}.3.8.30.20.1.95.1.1": NO_FACTOR},
    ),
    "power/liebert_weblbds": Recorded("liebert-lgp", (None, None, None)),
    "pdu/schleifenbauer": Recorded(
        "schleifenbauer-databus", ("SSDCHIN1307-002", "SVNL00056319", "250")
    ),
    "pdu/schleifenbauer_dpm27e": Recorded("schleifenbauer-databus", (None, "SVNL00655429", "250")),
    "pdu/conteg-pdu": Recorded("conteg-pdu", (None, None, None)),
    "pdu/gude-epc_1202": Recorded("gude-epc", ("Expert Power Control 1202-1", None, "1.13.3")),
    "pdu/gude-epc_8031": Recorded("gude-epc", ("Expert Power Control 8031-3", None, "1.6.3")),
    "pdu/enlogic-pdu_v2": Recorded("enlogic-pdu", ("EN1814", "<private>", "2.0.4.3")),
    "pdu/rittal-cmc-iii-pu_pdu-controller": Recorded(
        "rittal-cmc3",
        ("PDU-Controller", "34260505", "V7.17.30_1"),
        {f"{CMC3}.2.{number}": KVAH for number in (59, 102, 145)},
    ),
    "env/rittal-cmc-iii-pu": Recorded(
        "rittal-cmc3", ("CMCIII-PU Compact", "<private>", "V3.15.70_4")
    ),
    "cooling/rittal-lcp_cmciii-pu-lcp": Recorded(
        "rittal-cmc3",
        ("CMCIII-PU LCP", "41326588", "V3.17.10"),
        {f"{CMC3}.2.{number}": NO_STATE for number in (187, 195, 211)},
    ),
    "pdu/poweralert_pdu": Recorded("tripplite-pdu", ("PDUMV30HVNETLX", None, "20.2.1")),
    "pdu/poweralert_pdumh20atnet": Recorded("tripplite-ats", (None, None, "20.2.1")),
    "pdu/planet-pdu": Recorded("planet-pdu", ("IPM-8220", None, "1.30.4")),
    "pdu/atenpdu": Recorded("aten-pdu", (None, None, None)),
    "pdu/socomec": Recorded("socomec-pdu", ("NRT-OP-PDU1-28", "YD17190028  A", "01.09.0f")),
}

every_recording = pytest.mark.parametrize("name", RECORDINGS)


def memory(name: str) -> MemoryTransport:
    rows = read_recording(corpus() / "snmp" / f"{name}.snmprec")
    return MemoryTransport({oid: (tag, value) for oid, tag, value in rows})


def snmp_profiles() -> list[Profile]:
    return [profile for profile in library().all() if profile.protocol == "snmp"]


async def read(name: str) -> Comparison:
    return await compare(name, RECORDINGS[name].profile)


def oid_of(spelt: str) -> str:
    """The OID of a row as ``Comparison`` spells it: class, OID, description."""
    return spelt.split(" ", 2)[1].rstrip(":")


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
    unread = {oid_of(row): row for row in (*found.missing(COMPARED), *found.wrong(COMPARED))}

    assert found.rows(COMPARED), "the oracle has rows"
    assert [row for oid, row in unread.items() if oid not in reasons] == []
    assert set(reasons) <= set(unread), "a reason for a row that is read well"


async def test_all_but_a_few_rows_of_the_group_are_read() -> None:
    rows = states = unread = unread_states = 0
    for name in RECORDINGS:
        found = await read(name)
        rows += len(found.rows(MEASURED))
        unread += len(found.missing(MEASURED)) + len(found.wrong(MEASURED))
        states += len(found.rows(["state"]))
        unread_states += len(found.missing(["state"])) + len(found.wrong(["state"]))

    assert rows > 500
    assert unread <= 0.03 * rows
    assert states > 100
    assert unread_states <= 0.1 * states


@every_recording
async def test_nothing_is_doubled_and_no_sentinel_is_a_value(name: str) -> None:
    found = await read(name)

    assert found.outcome.duplicates() == []
    assert found.outcome.failures == ()
    assert found.sentinels(-9999, -2_000_000, -1_000_000) == []


async def test_a_sensor_that_is_not_there_is_not_at_zero_degrees() -> None:
    found = await read("pdu/conteg-pdu")

    internal = [r for r in found.outcome.readings if r.metric == "rack_sensor_temperature_celsius"]
    assert len(internal) == 6
    assert all(r.raw == 0 and r.value is None for r in internal)


async def test_outlets_a_model_has_not_are_not_there() -> None:
    found = await read("pdu/atenpdu")

    outlets = {r.labels["outlet"] for r in found.outcome.readings if "outlet" in r.labels}
    assert outlets == {str(number) for number in range(1, 17)}


async def test_a_rittal_phases_numbers_fit_together() -> None:
    found = await read("pdu/rittal-cmc-iii-pu_pdu-controller")

    for phase in ("L1", "L2", "L3"):
        labels = {"unit": "2", "phase": phase}
        volts = found.outcome.value("rack_phase_voltage_volts", **labels)
        amperes = found.outcome.value("rack_phase_current_amperes", **labels)
        apparent = found.outcome.value("rack_phase_apparent_power_voltamperes", **labels)
        assert isinstance(volts, float)
        assert isinstance(amperes, float)
        assert volts * amperes == pytest.approx(apparent, rel=0.01)
