"""Drafts: what words and values suggest, each guess marked, on a page that the library takes."""

from pathlib import Path

import pytest

from agent.authoring.check_profile import read_recorded
from agent.authoring.draft.guess import Guess, guess, words
from agent.authoring.draft.mibs import MibObject, Mibs, read_mibs
from agent.authoring.draft.page import ProfileDraft, make_draft, slug
from agent.authoring.draft.report import known_already, summary
from agent.authoring.draft.tables import RecordedColumn, find_tables
from agent.authoring.snmprec_read import parse_recording
from agent.model import smi
from agent.model.catalogue import CATALOGUE
from agent.model.values import VarBind
from agent.profile.library import open_library
from agent.profile.points import Profile, SnmpPoint
from tests.agent.authoring.draft.acme import MIB, RECORDING
from tests.drivers.harness import library

ACME = "1.3.6.1.4.1.99"


@pytest.fixture(scope="module")
def mibs(tmp_path_factory: pytest.TempPathFactory) -> Mibs:
    file = tmp_path_factory.mktemp("mibs") / "ACME-MIB"
    file.write_text(MIB)
    return read_mibs([file])


@pytest.fixture(scope="module")
def draft(mibs: Mibs) -> ProfileDraft:
    rows = parse_recording(RECORDING.encode(), "acme.snmprec")
    return make_draft("acme-pdu", rows, mibs, "acme.snmprec", ["system", "if-mib"])


@pytest.fixture(scope="module")
def profile(draft: ProfileDraft, tmp_path_factory: pytest.TempPathFactory) -> Profile:
    file = tmp_path_factory.mktemp("drafts") / "acme-pdu.yaml"
    file.write_text(draft.text)
    return library().load(file)


def points(profile: Profile) -> dict[str, SnmpPoint]:
    return {
        smi.dotted(point.oid): point
        for point in profile.points
        if isinstance(point, SnmpPoint) and point.oid.startswith(smi.oid(ACME))
    }


# ---- the page


def test_the_draft_is_a_profile(profile: Profile) -> None:
    assert (profile.name, profile.kind, profile.verified) == ("acme-pdu", "pdu", "datasheet")
    assert profile.title == "Acme PDU v2 (don't panic)"
    assert profile.identify[0].sys_object_ids == (smi.oid(ACME),)
    assert set(profile.info) == {"model", "serial"}
    assert "rack_uptime_seconds_total" in {point.metric.name for point in profile.points}


def test_points_have_metric_scale_unit_and_labels(profile: Profile) -> None:
    current = points(profile)[f"{ACME}.10.1.4"]
    assert current.metric.name == "rack_outlet_current_amperes"
    assert (str(current.conversion.scale), current.conversion.unit) == ("1/10", "A")
    assert [part.name for part in current.index or ()] == ["unit", "outlet"]
    assert dict(current.labels)["name"] == "{acme_outlet_name}"
    assert current.absent == {65535}
    frequency = points(profile)[f"{ACME}.3.0"]
    assert (frequency.metric.name, str(frequency.conversion.scale)) == (
        "rack_inlet_frequency_hertz",
        "1/100",
    )
    state = points(profile)[f"{ACME}.10.1.5"]
    assert (state.metric.name, state.states) == ("rack_outlet_state", {0: "off", 1: "on"})
    assert points(profile)[f"{ACME}.4.0"].states == {1: "ok", 2: "in_trouble"}


def test_a_scale_that_nobody_wrote_is_guessed_from_the_values(
    profile: Profile, draft: ProfileDraft
) -> None:
    assert str(points(profile)[f"{ACME}.10.1.6"].conversion.scale) == "1/10"
    assert "0.1 because 2301 is then plausible: 230.1 V" in draft.text


def test_two_columns_of_one_metric_are_told_apart(profile: Profile) -> None:
    first, second = (points(profile)[f"{ACME}.10.1.{n}"] for n in (6, 8))
    assert first.metric is second.metric
    assert dict(second.labels)["name"] == "acme outlet voltage l2"


def test_an_index_of_text_becomes_one_label(profile: Profile, draft: ProfileDraft) -> None:
    probe = points(profile)[f"{ACME}.11.1.2"]
    assert [(part.name, part.form) for part in probe.index or ()] == [("_row", "rest")]
    assert "several units are named" in draft.text


def test_every_guess_is_marked_and_the_rest_is_listed(draft: ProfileDraft) -> None:
    guesses = draft.text.count("  # guess: acme")
    assert guesses >= len(draft.points) == 8
    assert f"# {ACME}.10.1.7 acmeOutletUpperThreshold = 16, 16: no measurement" in draft.text
    assert f"# {ACME}.77.1.1 = 5, 6: no MIB names it" in draft.text
    assert "acmeBuzzer = 2: an enumeration whose name does not mean a state" in draft.text


async def test_the_draft_reads_its_recording(profile: Profile, tmp_path: Path) -> None:
    recording = tmp_path / "acme.snmprec"
    recording.write_text(RECORDING)
    witness = await read_recorded(profile, recording, library())
    assert witness.found == "acme-pdu"
    assert witness.problems == []
    values = {(r.metric, r.labels.get("outlet")): r.value for r in witness.readings}
    assert values["rack_outlet_current_amperes", "1"] == 1.2
    assert values["rack_outlet_energy_joules_total", "2"] == 6000 * 3600


async def test_the_report_counts_what_is_covered(draft: ProfileDraft) -> None:
    rows = parse_recording(RECORDING.encode(), "acme.snmprec")
    known = await known_already(rows, library())
    assert known[0] == "recording: 29 rows, 26 of them the vendor's own"
    assert known[1].startswith("'auto' selects snmp-generic: generic fallback")
    told = summary(draft)
    assert told[0].startswith(
        "draft acme-pdu: 8 points read 14 of the 26 vendor rows (54 %), and 4"
    )
    assert "  3 columns, 5 rows: no MIB names it" in told


async def test_a_device_that_nothing_fits_is_said_so() -> None:
    rows = parse_recording(b"1.3.6.1.2.1.1.1.0|4|x\n", "x")
    lonely = open_library([])
    known = await known_already(rows, type(lonely)({}, {}, {}))
    assert known == ["recording: 1 rows, 0 of them the vendor's own", "no profile fits the device"]


def test_without_a_mib_the_shape_tells_the_tables(tmp_path: Path) -> None:
    rows = parse_recording(RECORDING.encode(), "acme.snmprec")
    draft = make_draft("shapes", rows, Mibs(), "acme.snmprec")
    assert draft.points == {}
    file = tmp_path / "shapes.yaml"
    file.write_text(draft.text)
    assert library().load(file).points == ()
    tables = {smi.dotted(t.entry): len(t.columns) for t in find_tables(rows, Mibs())}
    assert tables[f"{ACME}.10.1"] == 6
    assert tables[f"{ACME}.77.1"] == 2


def test_an_agent_of_net_snmp_is_told_by_what_it_has() -> None:
    rows = parse_recording(
        b"1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.8072.3.2.10\n1.3.6.1.4.1.99.1.0|2|1\n", "x"
    )
    text = make_draft("generic", rows, Mibs(), "x").text
    assert "identify: {sys_object_id: 1.3.6.1.4.1.8072.3.2.10, probe: 1.3.6.1.4.1.99.1.0}" in text


@pytest.mark.parametrize(
    ("text", "name"), [("My Device (2)", "my-device-2"), ("..", "draft"), ("apc_9", "apc_9")]
)
def test_a_file_gives_a_name(text: str, name: str) -> None:
    assert slug(text) == name


# ---- single guesses


def column(name: str, *values: int, **more: object) -> RecordedColumn:
    about = MibObject(name, smi.oid(f"{ACME}.1"), "M", **more)  # type: ignore[arg-type]
    cells: dict[tuple[int, ...], VarBind] = {
        (row,): (smi.oid(f"{ACME}.1.{row}"), smi.INTEGER, value)
        for row, value in enumerate(values, 1)
    }
    return RecordedColumn(about.oid, cells, about)


def guessed(name: str, *values: int, **more: object) -> Guess:
    found = guess(column(name, *values, **more), None)
    assert isinstance(found, Guess), found
    return found


@pytest.mark.parametrize(
    ("name", "more", "metric", "unit", "scale"),
    [
        ("pduBankActivePower", {"units": "Watts"}, "branch_power_watts", "W", ""),
        ("inletApparentPower", {}, "inlet_apparent_power_voltamperes", "VA", ""),
        ("phasePowerFactor", {"units": "hundredths"}, "phase_power_factor_ratio", "ratio", "0.01"),
        ("phaseVoltage", {"description": "in tenths of volts"}, "phase_voltage_volts", "V", "0.1"),
        ("outletEnergy", {"units": "0.1 kWh"}, "outlet_energy_joules_total", "kWh", "0.1"),
        ("cordPowerUtilized", {"units": "percent"}, "inlet_utilization_ratio", "%", ""),
        ("sensorHumidity", {"units": "%"}, "relative_humidity_ratio", "%", ""),
        ("waterTemp", {"units": "degrees F"}, "coolant_temperature_celsius", "degF", ""),
        ("roomDewPoint", {"units": "degrees C"}, "dew_point_celsius", "degC", ""),
        ("fanSpeed", {"units": "RPM"}, "fan_speed_rpm", "rpm", ""),
        ("rackAirFlow", {"units": "CFM"}, "airflow_liters_per_second", "cfm", ""),
        ("coolantFlow", {"units": "L/min"}, "coolant_flow_liters_per_second", "L/min", ""),
        ("rectifierCurrent", {"units": "mA"}, "psu_output_current_amperes", "mA", ""),
        ("mysteryVoltage", {"units": "V"}, "sensor_voltage_volts", "V", ""),
    ],
)
def test_words_become_metric_unit_and_scale(
    name: str, more: dict[str, object], metric: str, unit: str, scale: str
) -> None:
    found = guessed(name, 50, **more)
    assert (found.metric, found.unit, found.scale) == (f"rack_{metric}", unit, scale)


@pytest.mark.parametrize(
    ("name", "more", "why"),
    [
        ("loadPower", {"units": "apples or V"}, "UNITS says"),
        ("outletVoltage", {"writable": True}, "a setting"),
        ("voltageUpperLimit", {}, "no measurement: 'upper'"),
        ("sensorValue", {"index": ("unitIndex", "sensorType")}, "is in its index"),
        ("something", {}, "no word of its name is a quantity"),
        ("coolantFlow", {}, "no unit is named"),
        ("deviceKind", {"enums": {1: "a"}}, "name does not mean a state"),
        ("note", {"is_text": True}, "text"),
    ],
)
def test_what_cannot_be_guessed_says_why(name: str, more: dict[str, object], why: str) -> None:
    found = guess(column(name, 5, **more), None)
    assert isinstance(found, str)
    assert why in found


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("bankStatus", "rack_branch_state"),
        ("tempSensorStatus", "rack_sensor_state"),
        ("fanState", "rack_fan_state"),
        ("pumpState", "rack_pump_state"),
        ("overallHealth", "rack_device_state"),
        ("outletStatus", "rack_outlet_status"),
        ("rectifierStatus", "rack_psu_state"),
    ],
)
def test_an_enumeration_becomes_the_state_of_its_part(name: str, metric: str) -> None:
    found = guessed(name, 1, enums={1: "allOk", 2: "bad"})
    assert found.metric == metric
    assert metric in CATALOGUE
    assert found.states == {1: "all_ok", 2: "bad"}


def test_a_number_that_no_scale_makes_usual_is_pointed_at() -> None:
    found = guessed("phaseVoltage", 90_000_000, units="V")
    assert "90000000 V is unusual: check the scale" in found.reasons


def test_names_are_split_in_words() -> None:
    assert words("st4OutletActivePower") == ["st4", "outlet", "active", "power"]
    assert words("PDUName-2") == ["pdu", "name", "2"]
