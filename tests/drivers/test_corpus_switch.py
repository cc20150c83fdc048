"""Switches as recorded: each finds its profile, its sensors, its neighbours and its parts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from agent.catalogue import CATALOGUE, Kind
from agent.identify import identify, read_identity
from agent.plan import make_plan
from agent.profile.points import Profile
from agent.transport.memory import MemoryTransport
from simulator.recording import read_recording
from tests.drivers.harness import Comparison, compare, corpus, library

pytestmark = pytest.mark.corpus

MEASURED = ("voltage", "current", "power", "temperature", "fanspeed", "percent", "dbm")

MILLIAMPERES = "the MIB gives the bias current in mA, and no laser takes 7 A; the oracle says A"
ROUTING = "the state of a BGP session, which is no part of the hardware; not in the catalogue"


@dataclass(frozen=True)
class Recorded:
    """What a recording must be read as, and its rows that are left out, with the reason."""

    profile: str
    identity: tuple[str, str | None, str | None, str | None]
    """Vendor, model, serial and firmware; None where the device does not say."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Class and beginning of the OID of trusted rows to why they are not read, or differ."""
    parts: int = 0
    """How many parts its inventory lists."""


OPTICS = "1.3.6.1.4.1.6027.3.11.1.3.1.1"
RECORDINGS = {
    "arista-mos_metamux48-c-0-16": Recorded(
        "arista-mos", ("Arista Networks", "MetaMux 48 with C-Series", None, "0.16.5")
    ),
    "arista_eos": Recorded(
        "arista-eos", ("Arista Networks", "DCS-7050TX-128", "JPE00000000", "4.15.3F"), parts=21
    ),
    "arista_eos_vrf": Recorded(
        "arista-eos", ("Arista Networks", "DCS-7150S-24", "serial", "4.20.12.1M"), parts=33
    ),
    "arubaos-cx_100gb": Recorded(
        "arubaos-cx", ("HPE Aruba Networking", "JL717C", "SG39LXXXXX", "LL.10.16.1006")
    ),
    "arubaos-cx_8360": Recorded(
        "arubaos-cx", ("HPE Aruba Networking", "JL721C", "SG45L5N009", "LL.10.13.1040"), parts=10
    ),
    "cumulus_bgp": Recorded(
        "switch", ("Mellanox", "MSN4600-VS2FC", "MTSERIALNUMER01", "5.9.2"), parts=8
    ),
    "cumulus_edgecore-as4610-54p": Recorded(
        "switch", ("Cumulus Networks", "FP1ZZ5654001A", "EC1713000000", "3.5.3"), parts=4
    ),
    "dell-os10": Recorded("dell-os10", ("Dell", "S4128F-ON", "CWTQXC2", None), parts=9),
    "dell-os10_s4128ton-psu": Recorded(
        "dell-os10", ("Dell", "S4128T-ON", "TEST-SERVICE-TAG-1", "10.6.1.0")
    ),
    "dnos_s4048": Recorded(
        "dell-dnos",
        ("Dell", "S4048-ON", "FXXXXX2", "9.9(0.0P9)"),
        {f"current {OPTICS}.{column}.": MILLIAMPERES for column in (18, 19, 20, 21)},
        parts=20,
    ),
    "edgecos_dcs203": Recorded(
        "switch",
        (
            "Accton",
            "Accton-AS7326-56X",
            None,
            "SONiC.Edgecore-SONiC_20230706_055328_ec202111_453",
        ),
        parts=18,
    ),
    "edgecos_ecs4120-28fv2": Recorded(
        "edgecore-ecs", ("Edgecore", "ECS4120-28Fv2", "EC2117000645", "124.2.06.3"), parts=1
    ),
    "fs-switch-dc_fs-switch-dc": Recorded(
        "fs-switch", ("FS", "N5860-48SC", "G1RL71S000193", "N5860_FSOS 11.0(5)B9P124"), parts=22
    ),
    "junos_qfx5130-32cd-evo": Recorded(
        "junos", ("Juniper Networks", "QFX5130-32CD", "YR3624060106", "22.2R3-S1.3-EVO"), parts=14
    ),
    "nxos_n9k-c93180yc-fx3": Recorded(
        "nxos", ("Cisco Systems", "N9K-C93180YC-FX3", "FDO2750P", "10.5(2)"), parts=29
    ),
    "srlinux": Recorded(
        "srlinux",
        ("Nokia", "7220 IXR-D2L", "SERIAL", "v24.10.1-492-gf8858c5836"),
        {"state 1.3.6.1.4.1.6527.3.1.2.14.4.7.1.59.": ROUTING},
        parts=11,
    ),
}

every_recording = pytest.mark.parametrize("name", RECORDINGS)


def memory(name: str) -> MemoryTransport:
    rows = read_recording(corpus() / "snmp" / "switch" / f"{name}.snmprec")
    return MemoryTransport({oid: (tag, value) for oid, tag, value in rows})


def snmp_profiles() -> list[Profile]:
    return [profile for profile in library().all() if profile.protocol == "snmp"]


async def read(name: str) -> Comparison:
    return await compare(f"switch/{name}", RECORDINGS[name].profile)


def expected(name: str) -> dict[str, Any]:
    path = corpus() / "snmp" / "switch" / f"{name}.expected.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


@every_recording
async def test_the_right_profile_is_found_and_who_it_is(name: str) -> None:
    recorded = RECORDINGS[name]
    transport = memory(name)

    found = await identify(transport, "snmp", snmp_profiles())
    who, refused = await read_identity(transport, found.profile, make_plan(found.profile))

    assert found.profile.name == recorded.profile
    assert (who.vendor, who.model, who.serial, who.firmware) == recorded.identity
    assert refused == ()


@every_recording
async def test_every_trusted_row_is_read_or_left_out_for_a_reason(name: str) -> None:
    found = await read(name)
    reasons = RECORDINGS[name].left_out
    unread = (*found.missing(), *found.wrong())

    assert found.rows(), "the oracle has rows"
    assert [row for row in unread if not row.startswith(tuple(reasons))] == []
    for reason in reasons:
        assert any(row.startswith(reason) for row in unread), f"{reason} is read well"


async def test_most_rows_of_all_are_read() -> None:
    found = [await read(name) for name in RECORDINGS]

    def share(*classes: str) -> float:
        rows = sum(len(each.rows(classes)) for each in found)
        unread = sum(len(each.missing(classes)) + len(each.wrong(classes)) for each in found)
        return 1 - unread / rows

    assert share(*MEASURED) >= 0.97
    assert share("state") >= 0.9


@every_recording
async def test_nothing_is_doubled_frozen_or_impossible(name: str) -> None:
    found = await read(name)

    assert found.outcome.duplicates() == []
    assert found.outcome.failures == ()
    # underflow, overflow, unsigned negatives, no such lane, no such thermometer
    sentinels = (-1_000_000_000, 1_000_000_000, 4_294_944_255, -10_000, -255, -273, -128)
    assert found.sentinels(*sentinels) == []
    for reading in found.outcome.good:
        metric = CATALOGUE[reading.metric]
        if metric.kind is Kind.GAUGE and isinstance(reading.value, int | float):
            assert metric.low is None or reading.value >= metric.low
            assert metric.high is None or reading.value <= metric.high
        if reading.metric == "rack_optic_bias_current_amperes":
            assert isinstance(reading.value, int | float)
            assert reading.value < 0.5, "a laser takes milliamperes"


@every_recording
async def test_its_parts_are_listed_once(name: str) -> None:
    found = await read(name)
    parts = [r for r in found.outcome.good if r.metric == "rack_component_info"]
    junk = {"n/a", "na", "default", "builtin", "none"}

    assert len(parts) == RECORDINGS[name].parts
    assert not [p.labels for p in parts if p.labels.get("serial", "").lower() in junk]


@pytest.mark.parametrize("name", ["arubaos-cx_8360", "edgecos_dcs203"])
async def test_every_neighbour_that_the_oracle_knows_is_found(name: str) -> None:
    links = expected(name)["lldp_links"]
    found = await read(name)
    neighbours = [
        reading.labels
        for reading in found.outcome.good
        if reading.metric == "rack_lldp_neighbor_info"
    ]

    assert links
    for link in links:
        remote = link["remote_port"].removesuffix("()").strip()  # it adds an empty description
        at_port = [n for n in neighbours if n.get("port") == link["ifName"]]
        assert at_port, link
        systems = [n.get("remote_system") for n in at_port if remote in ("", n.get("remote_port"))]
        assert link["remote_hostname"] in systems, (link, at_port)


STATES: Mapping[str, Mapping[str, object]] = {
    "arubaos-cx_8360": {
        "47196.4.1.1.3.11.2.1.1.11.1.1": "ok",
        "47196.4.1.1.3.7.2.1.1.0": "in_sync",
    },
    "dell-os10": {"674.11000.5000.100.4.1.2.3.1.7.1": "up"},
    "dell-os10_s4128ton-psu": {
        "674.11000.5000.100.4.1.2.1.1.4.1": "not_present",
        "674.11000.5000.100.4.1.2.3.1.7.1": "not_present",
    },
    "dnos_s4048": {"6027.3.26.1.4.6.1.4.2.1.1": "up", "6027.3.26.1.3.4.1.8.1": "ok"},
    "edgecos_ecs4120-28fv2": {"259.10.1.45.1.1.9.1.3.1.1": "ok"},
    "fs-switch-dc_fs-switch-dc": {
        "52642.1.1.10.2.1.1.41.1.3.1.1": "normal",
        "52642.1.1.10.2.105.1.1.1.18.1": "ok",
        "52642.1.1.10.2.105.1.1.1.34.10": "alarm",  # no light
    },
    "junos_qfx5130-32cd-evo": {
        "2636.3.1.15.1.8.4.1.0.0": "online",
        "2636.3.1.13.1.6.1.0.0.0": "running",
        "2636.3.4.2.2.1.0": 1,  # a yellow alarm is on
        "2636.3.4.2.3.1.0": 0,
    },
    "nxos_n9k-c93180yc-fx3": {
        "9.9.117.1.1.2.1.2.470": "on",
        "9.9.117.1.4.1.1.1.534": "up",
        "9.9.176.1.1.2.0": "active",
        "9.9.176.1.1.4.0": "not_known",
    },
    "srlinux": {
        "6527.3.1.2.2.1.24.1.1.2.3.1.1": "ok",
        "6527.3.1.2.2.1.8.1.16.1.83886081": "in_service",
    },
}
"""What the states of the recordings mean, by the enumerations of their MIBs."""


@pytest.mark.parametrize("name", STATES)
async def test_states_have_the_meaning_of_the_mib(name: str) -> None:
    found = await read(name)

    said = {oid: found.outcome.at(f"1.3.6.1.4.1.{oid}")[0].value for oid in STATES[name]}

    assert said == STATES[name]


@pytest.mark.parametrize(
    ("name", "metric", "least"),
    [
        ("edgecos_dcs203", "rack_port_receive_bytes_total", 50),
        ("edgecos_dcs203", "rack_optic_receive_power_watts", 20),
        ("cumulus_bgp", "rack_port_oper_state", 60),
        ("arista_eos", "rack_optic_transmit_power_watts", 30),
        ("arubaos-cx_100gb", "rack_optic_receive_power_watts", 4),
        ("dnos_s4048", "rack_psu_input_power_watts", 2),
        ("fs-switch-dc_fs-switch-dc", "rack_optic_bias_current_amperes", 18),
    ],
)
async def test_what_the_oracle_does_not_list_is_read_too(
    name: str, metric: str, least: int
) -> None:
    found = await read(name)

    assert len([r for r in found.outcome.good if r.metric == metric]) >= least


async def test_the_oracles_dbm_are_the_watts_that_the_device_gives() -> None:
    found = await read("arubaos-cx_100gb")
    rows = [row for row in found.expected if row["cls"] == "dbm"]

    assert rows
    for row in rows:
        (reading,) = found.outcome.at(row["oid"])
        assert isinstance(reading.value, float)
        assert reading.value == pytest.approx(10 ** (row["expected"] / 10) / 1000)


@every_recording
async def test_the_generic_profile_reads_less_and_nothing_wrong(name: str) -> None:
    found = await compare(f"switch/{name}", "snmp-generic")

    assert found.wrong() == []
    assert found.outcome.duplicates() == []
    assert found.outcome.failures == ()


async def test_the_generic_profile_reads_a_switch_like_the_switch_profile() -> None:
    own = await compare("switch/cumulus_bgp", "switch")
    generic = await compare("switch/cumulus_bgp", "snmp-generic")

    assert len(generic.outcome.readings) == len(own.outcome.readings)
