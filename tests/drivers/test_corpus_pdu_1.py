"""APC, Raritan, Server Technology, Eaton, HPE, Dell, Panduit and smaller PDUs, as recorded."""

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
    "load",
    "percent",
)

NO_PHASE = "the device has one phase: this row's index column is 0, and so is everything else"
WIRING = "how the inlet is wired is a property of the model, not a state"
NO_POWER = "the PDU measures no power; the oracle multiplies the current with a nominal 230 V"


@dataclass(frozen=True)
class Recorded:
    """What a recording must be read as, and its rows that are left out, with the reason."""

    profile: str
    identity: tuple[str | None, str | None, str | None]
    """Model, serial and firmware; None where the device does not say."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Class and OID of a trusted row to why nothing is read there, or something else is."""


MAPDU = "1.3.6.1.4.1.232.165.11.2"
RECORDINGS = {
    "apc_ap7900b": Recorded("apc-rpdu2", ("AP7900B", "ZA1732000177", "v6.8.0")),
    "apc_apdu9959eu3": Recorded("apc-rpdu2", ("APDU9959EU3", "ZA2315013350", "v2.5.0.6")),
    "apc_isx-pdu": Recorded("apc-xpdu", (None, None, "v3.7.3")),
    "apc_ats": Recorded("apc-ats", ("AP4423", "<private>", "4.1.9")),
    "apc-cpdu": Recorded("apc-cpdu", ("APDU10150SM", "5A1234Y56789", "2.0.8.2")),
    "apc-epdu_epdu1116s": Recorded("apc-epdu", ("EPDU1116S", "506255602541", "11.10")),
    "sentry3": Recorded("servertech-sentry3", ("CW-24V2C458C1", "ADLH0001862", "7.1a")),
    "sentry3_3phase": Recorded("servertech-sentry3", ("CS-24V4-P32MA", "KAXV1234567", "7.1f")),
    "sentry3_switched": Recorded("servertech-sentry3", ("CWG-30VDE455/CB", "ADFC0001714", "7.1f")),
    "eatonpdu_2": Recorded("eaton-epdu", ("EMA114-10", "H619P44058", "05.01.0002")),
    "hpe-mapdu_pdu3": Recorded(
        "hpe-mapdu",
        ("P9S18A", "<private>", "2.0.0.J"),
        {
            f"power {MAPDU}.2.1.20.1.2": NO_PHASE,
            f"power {MAPDU}.2.1.20.1.3": NO_PHASE,
            f"state {MAPDU}.1.1.1.1": WIRING,
        },
    ),
    "hpe-pdumm": Recorded("hpe-pdumm", ("PDU Management Module", None, "1.00.16")),
    "dell-rpdu": Recorded("dell-rpdu", ("DELL6606", "IN1A234B5678912CD345E67", "v5.1.2")),
    "panduit": Recorded("panduit-g5", ("P42D04M", "CN187D6053", "2.3.21")),
    "panduit_g5-p32g13m": Recorded("panduit-g5", ("P32G13M", None, "3.3.6")),
    "raritan-pdu": Recorded("raritan-px1", ("Dominion PX", None, "010507-11172")),
    "raritan-pdu_px2": Recorded("raritan-pdu2", ("PX2", None, "030004")),
    "raritan-pdu_px2-temp": Recorded("raritan-pdu2", ("PX2", None, "030400")),
    "cyberpower_pdu81005": Recorded("cyberpower-pdu", ("PDU81005", "NKVQV2000013", "1.3.4")),
    "digipower": Recorded(
        "digipower-pdu",
        ("SWV-1623K-24N1", None, "s4.82-091002-1cb24s"),
        {"power 1.3.6.1.4.1.17420.1.2.9.1.11.0": NO_POWER},
    ),
    "e3meter": Recorded("e3meter-ips", ("E3METER IPS 1290", "027676", "4.8")),
}

every_recording = pytest.mark.parametrize("name", RECORDINGS)


def memory(name: str) -> MemoryTransport:
    rows = read_recording(corpus() / "snmp" / "pdu" / f"{name}.snmprec")
    return MemoryTransport({oid: (tag, value) for oid, tag, value in rows})


def snmp_profiles() -> list[Profile]:
    return [profile for profile in library().all() if profile.protocol == "snmp"]


async def read(name: str) -> Comparison:
    return await compare(f"pdu/{name}", RECORDINGS[name].profile)


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
    unread = {key(row): row for row in (*found.missing(), *found.wrong())}

    assert found.rows(), "the oracle has rows"
    assert [row for spelt, row in unread.items() if spelt not in reasons] == []
    assert set(reasons) <= set(unread), "a reason for a row that is read well"


@every_recording
async def test_most_rows_are_read(name: str) -> None:
    found = await read(name)
    rows, states = found.rows(MEASURED), found.rows(["state"])
    unread = len(found.missing(MEASURED)) + len(found.wrong(MEASURED))

    least = 0.66 if name == "digipower" else 0.97  # two of its three rows; see NO_POWER
    assert len(rows) - unread >= least * len(rows)
    assert len(found.missing(["state"])) <= 0.1 * len(states)


@every_recording
async def test_nothing_is_doubled_frozen_or_impossible(name: str) -> None:
    found = await read(name)

    assert found.outcome.duplicates() == []
    assert found.outcome.failures == ()
    assert found.sentinels(-1) == []
    for series in _electrical(found):
        volts, amperes, watts = (series.get(word) for word in ("voltage", "current", "power"))
        if volts and amperes is not None and watts is not None:
            # half an ampere and half a volt of rounding, and one per cent of its own
            assert watts <= 1.01 * (volts + 0.5) * (amperes + 0.5)
        factor = series.get("power_factor")
        if volts and amperes and watts and factor and amperes > 0.5:
            assert math.isclose(watts, volts * amperes * abs(factor), rel_tol=0.1, abs_tol=30)


def _electrical(found: Comparison) -> list[dict[str, float]]:
    """Voltage, current, power and power factor of each place that has them."""
    places: dict[tuple[str, tuple[tuple[str, str], ...]], dict[str, float]] = {}
    for reading in found.outcome.good:
        for suffix in ("voltage_volts", "current_amperes", "power_watts", "power_factor_ratio"):
            place = reading.metric.removesuffix(f"_{suffix}")
            if place in ("rack_inlet", "rack_phase", "rack_branch", "rack_outlet"):
                labels = tuple(sorted(reading.labels.items()))
                word = suffix.rpartition("_")[0]
                assert isinstance(reading.value, int | float)
                places.setdefault((place, labels), {})[word] = reading.value
    return list(places.values())


async def test_where_the_oracle_is_suspect_we_disagree() -> None:
    three_phase = await read("sentry3_3phase")
    fahrenheit = await read("sentry3")

    # somebody entered this power factor, as 100
    assert three_phase.outcome.at("1.3.6.1.4.1.1718.3.1.10.0") == []
    (temperature,) = fahrenheit.outcome.at("1.3.6.1.4.1.1718.3.2.5.1.6.1.1")
    assert temperature.value == 20.0
    # a sensor that is not there says -1
    assert fahrenheit.outcome.at("1.3.6.1.4.1.1718.3.2.5.1.6.2.1") == []


async def test_rows_of_tables_with_a_fixed_length_are_no_parts() -> None:
    for name, outlets in (("apc-cpdu", 40), ("hpe-mapdu_pdu3", 24), ("panduit_g5-p32g13m", 1)):
        found = await read(name)
        numbers = {r.labels["outlet"] for r in found.outcome.readings if "outlet" in r.labels}
        assert len(numbers) == outlets, name


STATES = {
    "apc_ap7900b": {
        "318.1.1.26.4.3.1.4.1": "not_supported",
        "318.1.1.26.6.3.1.4.1": "normal",
        "318.1.1.4.4.2.1.3.1": "on",
    },
    "apc_isx-pdu": {
        "318.1.1.15.7.1.0": "armed",
        "318.1.1.15.4.1.2.1.3.1": "closed",
        "318.1.1.15.4.1.2.1.3.4": "open",
        "318.1.1.15.7.2.0": "normal",
    },
    "apc_ats": {
        "318.1.1.8.5.1.14.0": "in_sync",
        "318.1.1.8.5.1.3.0": "redundant",
        "318.1.1.8.5.1.2.0": "source_a",
        "318.1.1.8.5.1.12.0": "ok",
        "318.1.1.18.1.2.2.0": "ready",
        "318.1.1.17.4.1.2.0": "closed",
        "318.1.1.17.4.1.4.0": "good",
        "318.1.1.17.4.2.2.0": "open",
        "318.1.1.17.4.2.4.0": "low_voltage",
        "318.1.1.17.3.1.4.0": "stop",
        "318.1.1.17.3.1.2.0": "automatic",
        "318.1.1.17.3.1.1.0": "source_1",
        "318.1.1.17.5.2.2.0": "start_test_passed",
        "318.1.1.17.5.1.2.0": "none",
    },
    "apc-cpdu": {
        "318.1.1.32.2.4.1.3.1": "normal",
        "318.1.1.32.5.4.1.4.1.1": "on",
        "318.1.1.32.5.9.1.4.1.1": "normal",
    },
    "hpe-mapdu_pdu3": {"232.165.11.5.2.1.1.1.1": "on"},
    "hpe-pdumm": {"232.165.2.1.2.1.8.1": "ok"},
    "dell-rpdu": {
        "674.10903.200.2.200.110.2.1.6.1": "normal",
        "674.10903.200.2.200.120.2.1.3.1": "near_overload",
        "674.10903.200.2.200.130.2.2.1.11.1": "normal",
    },
    "panduit": {"19536.10.1.3.1.1.26.1.1": "on"},
}
"""What the states of the recordings mean, by the enumerations of their MIBs."""


@pytest.mark.parametrize("name", STATES)
async def test_states_have_the_meaning_of_the_mib(name: str) -> None:
    found = await read(name)

    said = {oid: found.outcome.at(f"1.3.6.1.4.1.{oid}")[0].value for oid in STATES[name]}

    assert said == STATES[name]


@every_recording
def test_the_oracle_says_the_same_of_the_model(name: str) -> None:
    text = (corpus() / "snmp" / "pdu" / f"{name}.expected.json").read_text(encoding="utf-8")
    expected: dict[str, Any] = json.loads(text)["identity"]
    model, serial, _ = RECORDINGS[name].identity

    if expected["hardware"] and model:
        assert model in expected["hardware"] or name in ("e3meter",)
    if serial and expected["serial"]:
        assert serial == expected["serial"]
