"""The formulas against values from tables and limiting cases."""

from statistics import fmean, pstdev

import pytest

from simulator.model.physics.formulas import (
    dew_point_c,
    effectiveness,
    gaussian,
    pg25_heat_kj_l_k,
    psu_efficiency,
    unbalance_ratio,
)


def test_coolant_matches_the_data_sheet_at_both_temperatures() -> None:
    assert pg25_heat_kj_l_k(30.0) == pytest.approx(3.94 * 1.0192)
    assert pg25_heat_kj_l_k(40.0) == pytest.approx(3.96 * 1.0143)


@pytest.mark.parametrize(
    ("temperature", "humidity", "dew_point"),
    [(20.0, 0.5, 9.3), (25.0, 0.6, 16.7), (24.0, 1.0, 24.0)],
)
def test_dew_point_matches_psychrometric_tables(
    temperature: float, humidity: float, dew_point: float
) -> None:
    assert dew_point_c(temperature, humidity) == pytest.approx(dew_point, abs=0.1)


def test_exchanger_meets_its_limiting_cases() -> None:
    # One stream without end: 1 - exp(-NTU). Balanced streams: NTU / (1 + NTU).
    assert effectiveness(2.0, 1.0, 1e9) == pytest.approx(0.8647, abs=1e-4)
    assert effectiveness(2.0, 1.0, 1.0) == pytest.approx(2.0 / 3.0)
    assert effectiveness(2.0, 1.0, 1.002) == pytest.approx(2.0 / 3.0, abs=1e-3)


def test_supplies_are_efficient_in_the_middle_and_poor_at_little_load() -> None:
    assert psu_efficiency(0.45) == pytest.approx(0.9749, abs=1e-4)
    assert psu_efficiency(0.91) == pytest.approx(0.9701, abs=1e-4)
    assert psu_efficiency(0.02) < 0.955


def test_unbalance_of_one_dead_supply_of_six_is_forty_percent() -> None:
    assert unbalance_ratio((1.0, 2.0, 2.0)) == pytest.approx(0.4)
    assert unbalance_ratio((0.0, 0.0, 0.0)) == 0.0


def test_noise_is_centred_has_unit_deviation_and_repeats_itself() -> None:
    values = [gaussian(12345, tick) for tick in range(5000)]
    assert fmean(values) == pytest.approx(0.0, abs=0.05)
    assert pstdev(values) == pytest.approx(1.0, abs=0.05)
    assert max(map(abs, values)) < 3.5
    assert values[:10] == [gaussian(12345, tick) for tick in range(10)]
    assert values != [gaussian(12346, tick) for tick in range(5000)]
