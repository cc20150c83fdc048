"""What is particular to recorded power systems: physics where the oracle differs, numbering."""

import pytest

from tests.drivers.harness import Comparison
from tests.drivers.recordings import read
from tests.drivers.recordings.power import ENEXUS, SMU

pytestmark = pytest.mark.corpus


def number(found: Comparison, oid: str) -> float:
    """The value of the one reading that came from ``oid``."""
    (reading,) = found.outcome.at(oid)
    assert isinstance(reading.value, int | float)
    return reading.value


def test_where_we_differ_from_the_oracle_physics_agrees_with_us() -> None:
    # load in watts over volts is the current in tenths of an ampere
    smu = read("power/huawei-smu_11b")
    volts, amperes, watts = (number(smu, f"{SMU}.6.1.{column}.0") for column in (3, 4, 5))
    assert watts == pytest.approx(volts * amperes, rel=0.03)

    # three rectifiers that give about 3 A each, and 6 per cent of 4 kW, do not give 63 A
    enexus = read("power/enexus")
    modules = [
        r.value for r in enexus.outcome.good if r.metric == "rack_psu_output_current_amperes"
    ]
    assert modules == [3.1, 3.3, 2.8]
    watts = number(enexus, f"{ENEXUS}.5.2.5.0") * number(enexus, f"{ENEXUS}.10.5.5.0")
    assert watts / 4000 == pytest.approx(number(enexus, f"{ENEXUS}.5.3.5.0"), abs=0.03)


def test_inverters_balance_power_against_voltage_and_current() -> None:
    found = read("power/cetpower")
    column = "1.3.6.1.4.1.12551.4.1.1.1.1"

    for module in (4, 5, 6):
        volts, amperes, apparent = (
            number(found, f"{column}.{which}.{module}") for which in (16, 17, 19)
        )
        assert apparent == pytest.approx(volts * amperes, rel=0.02, abs=5)


def test_meters_balance_power_against_voltage_current_and_factor() -> None:
    found = read("power/janitza-umg96_umg96")
    base = "1.3.6.1.4.1.34278.1"

    for phase in (1, 2, 3):
        volts, amperes, watts, apparent = (
            number(found, f"{base}.{which + phase}.0") for which in (0, 6, 12, 18)
        )
        assert apparent == pytest.approx(volts * amperes, rel=0.02)
        assert abs(watts) <= apparent


def test_rectifiers_give_what_the_system_says() -> None:
    found = read("power/netsure")
    modules = [r.value for r in found.outcome.good if r.metric == "rack_psu_output_current_amperes"]
    together = sum(value for value in modules if isinstance(value, int | float))

    # the oracle computes this row with a function of its own, and agrees
    assert len(modules) == 72
    assert together == pytest.approx(number(found, "1.3.6.1.4.1.885.3.2.1.6.0"), rel=0.03)
    for row in found.expected:
        if row["verdict"] == "func":
            assert number(found, row["oid"]) == pytest.approx(row["expected"])


def test_rows_of_tables_with_a_fixed_length_are_no_parts() -> None:
    for name, rectifiers in (("eaton-sc200", 3), ("eltek-webpower", 3), ("cetpower", 3)):
        found = read(f"power/{name}")
        numbers = {r.labels["psu"] for r in found.outcome.readings if "psu" in r.labels}
        assert len(numbers - {"hottest"}) == rectifiers, name


def test_rectifiers_are_numbered_by_their_names_and_not_by_their_rows() -> None:
    found = read("power/huawei-smu_11b")
    column = f"{SMU}.3.2.2.1.99"

    assert found.outcome.at(f"{column}.28677")[0].labels["psu"] == "1"
    assert found.outcome.at(f"{column}.28676")[0].labels["psu"] == "2"
