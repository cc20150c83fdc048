"""What is particular to recorded monitors: absent probes, leaks, Fahrenheit."""

import pytest

from tests.drivers.recordings import read
from tests.drivers.recordings.env import APC

pytestmark = pytest.mark.corpus


def test_a_probe_that_is_not_there_is_silent() -> None:
    unit, modular, mesh = (
        [r for r in read(name).outcome.readings if r.metric == "rack_air_temperature_celsius"]
        for name in ("env/aos-emu2_ap9320", "env/apc_emu", "env/packetpower-eg")
    )

    assert {r.labels["sensor"] for r in unit} == {"1", "2"}
    assert {r.labels["sensor"] for r in modular} == {"1", "2", "3", "5", "6"}
    assert {r.labels["sensor"] for r in mesh} == {"B710-0000-0000-9712", "DA10-0000-0000-B88E"}
    assert sorted(str(r.value) for r in mesh) == ["14.0", "14.6", "14.8", "21.0"]


def test_settings_and_texts_in_fahrenheit_become_celsius() -> None:
    probe = read("env/aos-emu2_ap9320")
    point = read("env/siteboss550")

    # 81 and 75 degrees by the unit's setting, 77 and 65 by the point's text
    assert probe.outcome.at(f"{APC}.3.13.1.1.3.1")[0].value == pytest.approx(27.2222, abs=1e-4)
    assert point.outcome.at("1.3.6.1.4.1.3052.10.1.1.1.1.7.7.1.1")[0].value == 25.0
    assert point.outcome.at("1.3.6.1.4.1.3052.10.1.1.1.1.7.8.1.1")[0].value == pytest.approx(
        18.3333, abs=1e-4
    )


def test_what_the_oracle_counts() -> None:
    found = read("env/siteboss550")

    def value(place: str) -> object:
        return found.outcome.at(f"1.3.6.1.4.1.3052.10.1.1.1.1.7.{place}")[0].value

    assert value("15.5.2") == 153 * 3600
    assert (value("15.5.3"), value("15.5.4")) == (486, 455)


def test_a_leak_is_found_and_a_cut_cable_is_not_dry() -> None:
    wet, cut = read("env/hwg-wld_600415"), read("env/hwg-wld_wld2")

    assert wet.outcome.value("rack_leak_detected", sensor="1", name="Cafeteria") == 1
    assert wet.outcome.value("rack_leak_sensor_fault", sensor="1", name="Cafeteria") == 0
    assert cut.outcome.value("rack_leak_detected", sensor="1", name="Sonde Nord") == 0
    assert cut.outcome.value("rack_leak_detected", sensor="2", name="Water 502") is None
    assert cut.outcome.value("rack_leak_sensor_fault", sensor="2", name="Water 502") == 1
