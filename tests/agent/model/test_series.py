"""A set of series, and what outlets derive from it."""

import pytest

from agent.model.catalogue import CATALOGUE
from agent.model.series import OidSource, Series, SeriesSet

POWER = CATALOGUE["rack_inlet_power_watts"]
ROWS = [Series("pdu", POWER, (("inlet", name),), OidSource("1.3.1")) for name in "ab"]


def inlets(series_set: SeriesSet) -> list[str]:
    return [text for series in series_set for _, text in series.labels]


def test_what_is_derived_is_made_once_and_belongs_to_one_set() -> None:
    both, one = SeriesSet(ROWS), SeriesSet(ROWS[:1])
    assert both.derive(inlets) == ["a", "b"]
    assert both.derive(inlets) is both.derive(inlets)
    assert one.derive(inlets) == ["a"]


class Fresh:
    """A builder that is another one at each call."""

    def __call__(self, series_set: SeriesSet) -> int:
        return len(series_set)


def test_a_builder_made_anew_at_each_call_is_found_out() -> None:
    series_set = SeriesSet(ROWS)
    for _ in range(32):
        series_set.derive(Fresh())
    with pytest.raises(RuntimeError, match="more than 32 builders"):
        series_set.derive(Fresh())


def test_the_same_rows_are_the_same_set_and_others_are_not() -> None:
    series_set = SeriesSet(ROWS)
    assert series_set.take(list(ROWS)) is series_set
    other = series_set.take(ROWS[:1])
    assert other != series_set
    assert (len(other), list(other), other[0]) == (1, ROWS[:1], ROWS[0])
    assert repr(other) == f"SeriesSet({other.rows!r})"
