"""What is particular to some recorded PDUs: empty places, suspect rows, phases that must fit."""

import pytest

from tests.drivers.recordings import read

pytestmark = pytest.mark.corpus


def test_raritan_px3_is_read_but_for_what_the_device_calls_unavailable() -> None:
    found = read("pdu/raritan-pdu_px3")

    measured = {row["cls"] for row in found.rows()} - {"power_factor", "state"}
    assert len(found.rows(measured)) == 129
    assert found.missing(measured) == []
    assert found.wrong(measured) == []
    # 15 idle outlets have no power factor: state -1 (unavailable). The oracle reads 0.
    unavailable = found.wrong(["power_factor"])
    assert len(unavailable) == 15
    assert all("is -1" in row for row in unavailable)
    assert found.missing(["power_factor"]) == []
    # States stand in column 3; the oracle reads the value column 4, which is 0 for all of them.
    values = found.missing(["state"])
    assert len(values) == len(found.rows(["state"])) == 30
    for row in found.rows(["state"]):
        column_3 = row["oid"].replace(".3.1.4.", ".3.1.3.")
        assert [r.value is not None for r in found.outcome.at(column_3)] == [True]


def test_raritan_px3_gives_its_digits_and_what_the_oracle_does_not_list() -> None:
    found = read("pdu/raritan-pdu_px3")

    assert found.outcome.value("rack_inlet_power_factor_ratio", inlet="I1") == 0.98
    assert len([r for r in found.outcome.good if r.metric == "rack_outlet_state"]) >= 24


def test_where_the_oracle_is_suspect_we_disagree() -> None:
    three_phase = read("pdu/sentry3_3phase")
    fahrenheit = read("pdu/sentry3")

    # somebody entered this power factor, as 100
    assert three_phase.outcome.at("1.3.6.1.4.1.1718.3.1.10.0") == []
    (temperature,) = fahrenheit.outcome.at("1.3.6.1.4.1.1718.3.2.5.1.6.1.1")
    assert temperature.value == 20.0
    # a sensor that is not there says -1
    assert fahrenheit.outcome.at("1.3.6.1.4.1.1718.3.2.5.1.6.2.1") == []


@pytest.mark.parametrize(
    ("name", "outlets"),
    [("apc-cpdu", 40), ("hpe-mapdu_pdu3", 24), ("panduit_g5-p32g13m", 1)],
)
def test_rows_of_tables_with_a_fixed_length_are_no_outlets(name: str, outlets: int) -> None:
    readings = read(f"pdu/{name}").outcome.readings

    assert len({r.labels["outlet"] for r in readings if "outlet" in r.labels}) == outlets


def test_outlets_a_model_has_not_are_not_there() -> None:
    found = read("pdu/atenpdu")

    outlets = {r.labels["outlet"] for r in found.outcome.readings if "outlet" in r.labels}
    assert outlets == {str(number) for number in range(1, 17)}


def test_a_sensor_that_is_not_there_is_not_at_zero_degrees() -> None:
    found = read("pdu/conteg-pdu")

    internal = [r for r in found.outcome.readings if r.metric == "rack_sensor_temperature_celsius"]
    assert len(internal) == 6
    assert all(r.raw == 0 and r.value is None for r in internal)


def test_a_rittal_phases_numbers_fit_together() -> None:
    found = read("pdu/rittal-cmc-iii-pu_pdu-controller")

    for phase in ("L1", "L2", "L3"):
        labels = {"unit": "2", "phase": phase}
        volts = found.outcome.value("rack_phase_voltage_volts", **labels)
        amperes = found.outcome.value("rack_phase_current_amperes", **labels)
        apparent = found.outcome.value("rack_phase_apparent_power_voltamperes", **labels)
        assert isinstance(volts, float)
        assert isinstance(amperes, float)
        assert volts * amperes == pytest.approx(apparent, rel=0.01)
