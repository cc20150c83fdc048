"""Environment monitors and leak detectors, as recorded."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from agent.identify import identify, read_identity
from agent.plan import make_plan
from agent.transport.memory import MemoryTransport
from simulator.recording import read_recording
from tests.drivers.harness import UNITS, Comparison, compare, corpus, library

pytestmark = pytest.mark.corpus

CLASSES = (*UNITS, "state")

UNPLUGGED = (
    "the row is offline and its status 0: no sensor is plugged in; the column (a test value in the"
    " MIB) is 0 in the rows that have one, whose humidity of 42 % is read from its own column"
)
TWICE = "the main module's sensor stands in both trees; the newer tree is read, with the same value"
SETTING = "which way a contact rests is a setting, not a state"
DIFFERENCE = "a difference of two temperatures is none; both of them are read"
UNIT_TEXT = "the oracle takes the unit column ('1', no unit) for the state; the value is read: 0"


@dataclass(frozen=True)
class Recorded:
    """What a recording must be read as, and its rows that are left out, with the reason."""

    profile: str
    identity: tuple[str | None, str | None, str | None]
    """Model, serial and firmware; None where the device does not say."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Start of a trusted row's OID to why nothing is read there."""


APC = "1.3.6.1.4.1.318.1.1.10"
RECORDINGS = {
    "akcp_serverprobe8": Recorded(
        "akcp-sensorprobe",
        ("SP8406i", None, "280110"),
        {"1.3.6.1.4.1.3854.1.2.2.1.17.1.13.": UNPLUGGED},
    ),
    "aos-emu2_ap9320": Recorded("apc-emu", ("AP9320", "ZA0604022112", "v2.6.7")),
    "apc-netbotz_netbotz750": Recorded(
        "apc-netbotz", ("NetBotz Rack Monitor 750", "QA1234123456", "5.4.0.11")
    ),
    "apc_emu": Recorded(
        "apc-emu",
        ("AP9340", "ZA0808014362", "v3.5.6"),
        {f"{APC}.3.13.1.1.": TWICE, f"{APC}.4.3.4.1.7.": SETTING},
    ),
    "apc_environmental-manager": Recorded("apc-emu", ("NBRK0200", None, "v3.5.6")),
    "avtech_roomalert12s": Recorded("avtech-roomalert", ("RoomAlert 12S", None, None)),
    "avtech_roomalert32s": Recorded("avtech-roomalert", ("RoomAlert 32S", None, None)),
    "gude-esb_7213-13": Recorded(
        "gude-esb",
        ("Expert Sensor Box 7213-13", None, None),
        {"1.3.6.1.4.1.28507.66.1.6.1.1.7.": DIFFERENCE},
    ),
    "gude-esb_7214-12": Recorded(
        "gude-esb",
        ("Expert Sensor Box 7214-12", None, None),
        {"1.3.6.1.4.1.28507.67.1.6.1.1.7.": DIFFERENCE},
    ),
    "hwg-poseidon": Recorded("hwg-poseidon", ("Poseidon 4002", None, "2.0.15")),
    "hwg-ste2": Recorded("hwg-ste", ("STE2 r2", None, "1.5.5_2394")),
    "hwg-wld_600415": Recorded("hwg-wld", ("HWg-WLD", None, None)),
    "hwg-wld_wld2": Recorded("hwg-wld", ("WLD2", None, "1.4.3")),
    "packetpower-eg": Recorded(
        "packetpower-eg",
        ("EG4 Ethernet Gateway", "86E4-0000-0000-16DD", None),
        {"1.3.6.1.4.1.33688.4.1.1.13.": UNIT_TEXT},
    ),
    "panduit-eagle": Recorded("panduit-eagle", ("Eagle-i", None, "1.10.08")),
    "sensatronics-em1": Recorded("sensatronics-em1", ("EM1", None, None)),
    "serverscheck_sc-ts01": Recorded("serverscheck-gateway", ("SC-TS01", None, "2.11")),
    "siteboss550": Recorded("asentria-siteboss", ("SiteBoss 550", None, "2.11.280")),
}

every_recording = pytest.mark.parametrize("name", RECORDINGS)


async def read(name: str) -> Comparison:
    return await compare(f"env/{name}", RECORDINGS[name].profile)


@every_recording
async def test_the_right_profile_is_found_and_who_it_is(name: str) -> None:
    rows = read_recording(corpus() / "snmp" / "env" / f"{name}.snmprec")
    transport = MemoryTransport({oid: (tag, value) for oid, tag, value in rows})
    profiles = [profile for profile in library().all() if profile.protocol == "snmp"]

    found = await identify(transport, "snmp", profiles)
    identity, refused = await read_identity(transport, found.profile, make_plan(found.profile))

    assert found.profile.name == RECORDINGS[name].profile
    assert (identity.model, identity.serial, identity.firmware) == RECORDINGS[name].identity
    assert refused == ()


@every_recording
async def test_every_trusted_row_is_read_or_left_out_for_a_reason(name: str) -> None:
    found = await read(name)
    missing = [spelt.split(" ", 2)[1] for spelt in found.missing(CLASSES)]
    reasons = tuple(RECORDINGS[name].left_out)

    assert found.rows(CLASSES), "the oracle has rows"
    assert found.wrong(CLASSES) == []
    assert [oid for oid in missing if not oid.startswith(reasons)] == []
    assert [
        reason for reason in reasons if not any(oid.startswith(reason) for oid in missing)
    ] == []


async def test_nine_of_ten_are_read() -> None:
    rows = unread = states = stateless = 0
    for name, recorded in RECORDINGS.items():
        found = await read(name)
        disproved = [start for start, why in recorded.left_out.items() if why is UNPLUGGED]
        missing = [spelt.split(" ", 2)[1] for spelt in found.missing(UNITS)]
        doubted = [oid for oid in missing if oid.startswith(tuple(disproved))]
        rows += len(found.rows(UNITS)) - len(doubted)
        unread += len(missing) - len(doubted)
        states += len(found.rows(["state"]))
        stateless += len(found.missing(["state"]))

    assert rows - unread >= 0.9 * rows
    assert states - stateless >= 0.9 * states


@every_recording
async def test_nothing_is_doubled_or_frozen(name: str) -> None:
    found = await read(name)

    assert found.outcome.duplicates() == []
    assert found.outcome.failures == ()
    assert found.sentinels(-1, -2999, -3000) == []


async def test_a_probe_that_is_not_there_is_silent() -> None:
    unit, modular, mesh = [
        {r.labels["sensor"] for r in (await read(name)).outcome.readings if r.metric == temperature}
        for temperature in ("rack_air_temperature_celsius",)
        for name in ("aos-emu2_ap9320", "apc_emu", "packetpower-eg")
    ]

    assert unit == {"1", "2"}
    assert modular == {"1", "2", "3", "5", "6"}
    assert mesh == {"B710-0000-0000-9712", "DA10-0000-0000-B88E"}
    thermometers = [
        r.value for r in (await read("packetpower-eg")).outcome.readings
        if r.metric == "rack_air_temperature_celsius"
    ]  # fmt: skip
    assert sorted(map(str, thermometers)) == ["14.0", "14.6", "14.8", "21.0"]


async def test_settings_and_texts_in_fahrenheit_become_celsius() -> None:
    probe = await read("aos-emu2_ap9320")
    point = await read("siteboss550")

    # 81 and 75 degrees by the unit's setting, 77 and 65 by the point's text
    assert probe.outcome.at(f"{APC}.3.13.1.1.3.1")[0].value == pytest.approx(27.2222, abs=1e-4)
    assert point.outcome.at("1.3.6.1.4.1.3052.10.1.1.1.1.7.7.1.1")[0].value == 25.0
    assert point.outcome.at("1.3.6.1.4.1.3052.10.1.1.1.1.7.8.1.1")[0].value == pytest.approx(
        18.3333, abs=1e-4
    )


async def test_what_the_oracle_counts() -> None:
    found = await read("siteboss550")

    def value(place: str) -> object:
        return found.outcome.at(f"1.3.6.1.4.1.3052.10.1.1.1.1.7.{place}")[0].value

    assert value("15.5.2") == 153 * 3600
    assert (value("15.5.3"), value("15.5.4")) == (486, 455)


async def test_a_leak_is_found_and_a_cut_cable_is_not_dry() -> None:
    wet, cut = await read("hwg-wld_600415"), await read("hwg-wld_wld2")

    assert wet.outcome.value("rack_leak_detected", sensor="1", name="Cafeteria") == 1
    assert wet.outcome.value("rack_leak_sensor_fault", sensor="1", name="Cafeteria") == 0
    assert cut.outcome.value("rack_leak_detected", sensor="1", name="Sonde Nord") == 0
    assert cut.outcome.value("rack_leak_detected", sensor="2", name="Water 502") is None
    assert cut.outcome.value("rack_leak_sensor_fault", sensor="2", name="Water 502") == 1


STATES = {
    "akcp_serverprobe8": {
        "3854.1.1.2.0": "normal",
        "3854.1.2.2.1.18.1.3.0": "no_status",
        "3854.1.2.2.1.18.1.3.1": "normal",
    },
    "aos-emu2_ap9320": {
        "318.1.1.10.3.14.1.1.3.1": "open",
        "318.1.1.10.3.14.1.1.3.8": "closed",
        "318.1.1.10.3.15.1.1.3.1": "open",
        "318.1.1.10.3.16.1.1.3.1": "off",
    },
    "apc-netbotz_netbotz750": {"52674.500.4.2.12.1.2.6158": "no_smoke"},
    "apc_emu": {
        "318.1.1.10.4.3.2.1.7.0.1": "critical",
        "318.1.1.10.4.2.3.1.7.0.1": "ok",
        "318.1.1.10.4.2.3.1.8.0.1": "normal",
        "318.1.1.10.3.3.1.1.3.1": "off",
        "318.1.1.10.3.2.1.1.3.1": "open",
    },
    "avtech_roomalert12s": {"20916.1.12.1.3.1.0": "open", "20916.1.12.1.1.3.1.0": "off"},
    "avtech_roomalert32s": {
        "20916.1.11.1.3.1.0": "closed",
        "20916.1.11.1.1.3.1.0": "mains",
        "20916.1.11.1.1.6.1.0": "off",
    },
    "gude-esb_7213-13": {"28507.66.1.5.10.0": "available"},
    "gude-esb_7214-12": {
        "28507.67.1.5.6.2.1.2.1": "low",
        "28507.67.1.3.1.2.1.3.1": "off",
    },
    "hwg-poseidon": {
        "21796.3.3.1.1.5.1": "normal",
        "21796.3.3.1.1.2.1": "open",
        "21796.3.3.3.1.4.1": "normal",
    },
    "hwg-ste2": {"21796.4.9.1.1.4.1": "normal", "21796.4.9.3.1.3.1": "normal"},
    "hwg-wld_600415": {"21796.4.5.4.1.3.1": "alarm"},
    "packetpower-eg": {
        "33688.4.1.1.12.46864.0.0.38674.211": "closed",
        "33688.4.1.1.12.46864.0.0.38674.300": "ok",
        "33688.4.1.1.12.34532.0.0.5853.457": "ok",
    },
    "siteboss550": {"3052.10.1.1.1.1.5.1.2.1": "normal", "3052.10.1.6.1.1.8.1": "normal"},
}
"""What the states of the recordings mean, by the enumerations of their MIBs."""


@pytest.mark.parametrize("name", STATES)
async def test_states_have_the_meaning_of_the_mib(name: str) -> None:
    found = await read(name)

    said = {oid: found.outcome.at(f"1.3.6.1.4.1.{oid}")[0].value for oid in STATES[name]}

    assert said == STATES[name]
