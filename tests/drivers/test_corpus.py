"""Shipped profiles against every recording of a real device: who it is, and each trusted row."""

import math

import pytest

from agent.model.catalogue import CATALOGUE, Kind
from agent.model.values import Reading
from tests.corpus_report import by_folder, examine, judged_recordings
from tests.drivers.harness import UNITS, compare, corpus
from tests.drivers.recorded import NOT_CARRIED, SAME, SENTINELS, covers, electrical, replay, share
from tests.drivers.recordings import RECORDINGS, read

pytestmark = pytest.mark.corpus

each = pytest.mark.parametrize("name", RECORDINGS)

SHARES = {
    "pdu": (0.97, 1188),
    "pdu states": (0.90, 401),
    "cooling": (0.97, 276),
    "cooling states": (0.90, 182),
    "switch": (0.97, 828),
    "switch states": (0.90, 128),
    "env": (0.90, 98),
    "env states": (0.90, 196),
    "power": (0.90, 362),
    "power states": (0.90, 158),
}
"""What part of a folder's trusted rows must be read at least, and of how many."""


def number(reading: Reading) -> float:
    assert isinstance(reading.value, int | float), reading
    return reading.value


def test_every_judged_recording_is_in_the_corpus() -> None:
    found = {f"{path.parent.name}/{path.stem}" for path in corpus().glob("snmp/*/*.snmprec")}

    assert found >= set(RECORDINGS)


@each
def test_the_right_profile_is_found_and_who_it_is(name: str) -> None:
    recorded = RECORDINGS[name]
    found = replay(name, recorded.profile)
    who, oracle = found.identity, found.oracle["identity"]
    model, serial, firmware = recorded.identity

    assert found.profile == recorded.profile
    assert (who.model, who.firmware) == (model, firmware)
    assert who.serial == (oracle["serial"] if serial == SAME else serial)
    assert who.serial or serial is None, "the oracle has no serial either"
    assert recorded.vendor in (None, who.vendor)
    assert found.refused == ()


@each
def test_the_oracle_says_the_same_of_model_and_serial(name: str) -> None:
    recorded = RECORDINGS[name]
    oracle = replay(name, recorded.profile).oracle["identity"]
    model, serial, _ = recorded.identity

    if oracle["hardware"] and model:
        assert (model in oracle["hardware"]) is not bool(recorded.hardware)
    if oracle["serial"] and serial not in (None, SAME):
        assert serial in oracle["serial"]


@each
def test_every_trusted_row_is_read_or_left_out_for_a_reason(name: str) -> None:
    recorded, found = RECORDINGS[name], read(name)
    carried = {row["cls"] for row in found.rows()} - set(NOT_CARRIED)
    unread = found.unread(carried)

    assert carried, "the oracle has rows"
    assert carried <= {*UNITS, "state"}
    assert [row for row in found.rows(carried) if recorded.reason(row) is not None] == unread
    for key in recorded.left_out:
        assert any(covers(key, row) for row in unread), f"{key} is read well"
    assert bool(found.wrong(carried)) == recorded.otherwise


@each
def test_most_rows_are_read(name: str) -> None:
    recorded, found = RECORDINGS[name], read(name)

    assert share(found) >= recorded.least
    assert share(found, "state") >= recorded.least_states


async def test_each_folder_is_read_as_far_as_it_must_be_and_nothing_is_wrong() -> None:
    """As a user reads: each recording served over UDP, its profile found by the agent."""
    devices = await examine(judged_recordings())

    for device in devices:
        assert device.profile == RECORDINGS[device.name].profile
        assert device.duplicates == 0
    folders = by_folder(devices)
    assert set(folders) == set(SHARES)
    for folder, (least, rows) in SHARES.items():
        tally = folders[folder]
        assert tally.wrong == []
        assert tally.missing == []
        assert tally.total >= rows
        assert tally.share_of_right() >= least, folder
        assert tally.share() >= least, folder


@each
def test_nothing_is_doubled_and_no_sentinel_is_a_value(name: str) -> None:
    found = read(name)

    assert found.outcome.duplicates() == []
    assert found.outcome.failures == ()
    assert found.sentinels(*SENTINELS) == []


@each
def test_nothing_is_impossible(name: str) -> None:
    for reading in read(name).outcome.good:
        metric = CATALOGUE[reading.metric]
        if metric.kind is Kind.GAUGE and isinstance(reading.value, int | float):
            assert metric.low is None or reading.value >= metric.low
            assert metric.high is None or reading.value <= metric.high
        if reading.metric.endswith("_temperature_celsius"):
            assert -40 < number(reading) < RECORDINGS[name].hottest, reading
        elif reading.metric == "rack_busbar_voltage_volts":
            assert 0 <= number(reading) < 500, reading
        elif reading.metric == "rack_optic_bias_current_amperes":
            assert number(reading) < 0.5, "a laser takes milliamperes"


@each
def test_power_is_that_of_voltage_and_current(name: str) -> None:
    unbalanced = set(RECORDINGS[name].unbalanced)

    odd = set()
    for (kind, labels), series in electrical(read(name)).items():
        volts, amperes, watts = (series.get(word) for word in ("voltage", "current", "power"))
        if not volts or amperes is None or watts is None:
            continue
        # half an ampere and half a volt of rounding, and one per cent of its own
        fits = watts <= 1.01 * (volts + 0.5) * (amperes + 0.5)
        factor = series.get("power_factor")
        if watts and factor and amperes > 0.5:
            real = volts * amperes * abs(factor)
            fits = fits and math.isclose(watts, real, rel_tol=0.1, abs_tol=30)
        if not fits:
            odd.add((kind, ",".join(sorted(labels))))

    assert odd == unbalanced


@each
def test_its_parts_are_listed_once(name: str) -> None:
    parts = [r for r in read(name).outcome.good if r.metric == "rack_component_info"]
    junk = {"n/a", "na", "default", "builtin", "none"}

    assert len(parts) == RECORDINGS[name].parts
    assert not [p.labels for p in parts if p.labels.get("serial", "").lower() in junk]


@pytest.mark.parametrize("name", [name for name, it in RECORDINGS.items() if it.states])
def test_states_have_the_meaning_of_the_mib(name: str) -> None:
    found, states = read(name), RECORDINGS[name].states

    said = {oid: found.outcome.at(f"1.3.6.1.4.1.{oid}")[0].value for oid in states}

    assert said == states


@each
def test_every_neighbour_that_the_oracle_knows_is_found(name: str) -> None:
    recorded = RECORDINGS[name]
    links = replay(name, recorded.profile).oracle["lldp_links"]
    neighbours = [
        r.labels for r in read(name).outcome.good if r.metric == "rack_lldp_neighbor_info"
    ]

    assert len(links) == recorded.links
    for link in links:
        remote = link["remote_port"].removesuffix("()").strip()  # it adds an empty description
        at_port = [n for n in neighbours if n.get("port") == link["ifName"]]
        assert at_port, link
        systems = [n.get("remote_system") for n in at_port if remote in ("", n.get("remote_port"))]
        assert link["remote_hostname"] in systems, (link, at_port)


@each
async def test_the_generic_profile_reads_nothing_wrong(name: str) -> None:
    found = await compare(name, "snmp-generic")

    assert found.wrong() == []
    assert found.outcome.duplicates() == []
    assert found.outcome.failures == ()
