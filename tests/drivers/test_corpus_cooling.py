"""What is particular to recorded coolers: suspect rows, Fahrenheit, machines behind one board."""

import math

import pytest

from tests.drivers.recordings import read
from tests.drivers.recordings.cooling import COOLING, DCS

pytestmark = pytest.mark.corpus


def test_where_the_oracle_is_suspect_we_disagree() -> None:
    dx = read("cooling/apc_inrow-dx")
    dcs = read("cooling/vertiv-dcs")

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


def test_power_of_the_pdus_agrees_with_voltage_current_and_factor() -> None:
    found = read("cooling/vertiv-dcs")
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


def test_fahrenheit_becomes_celsius_as_the_oracle_does_it() -> None:
    """The oracle computes these rows with functions of its own, from Fahrenheit."""
    found = read("cooling/spectracool")
    own = {row["oid"]: row for row in found.expected if row["verdict"] == "func"}
    difference = "1.3.6.1.4.1.26609.2.1.8.2.0"

    assert len(own) == 4
    for oid, row in own.items():
        if oid != difference:
            (reading,) = found.outcome.at(oid)
            assert reading.value == pytest.approx(row["expected"], abs=0.01)
    # 7 degrees Fahrenheit more or less are not -13.89 degrees Celsius
    assert found.outcome.at(difference) == []


def test_nine_machines_behind_one_board_are_told_apart() -> None:
    found = read("cooling/stulz_wib8000")
    units = [
        reading.labels["unit"]
        for reading in found.outcome.good
        if reading.metric == "rack_cooling_state" and reading.labels["part"] == "unit"
    ]

    assert len(units) == len(set(units)) == 9


def test_no_alarm_is_active_on_a_machine_without_one() -> None:
    found = read("cooling/pcoweb-rittal-lcp-3311_lcp-dx-3311")
    alarms = {
        r.labels["alarm"]: r.value for r in found.outcome.good if r.metric == "rack_alarm_active"
    }

    assert len(alarms) == 20
    assert set(alarms.values()) == {0}
