"""The catalogue keeps its own promises: names, units, bounds."""

from agent.model.catalogue import CATALOGUE, Kind

SUFFIXES = {
    "V": "_volts",
    "A": "_amperes",
    "W": "_watts",
    "J": "_joules_total",
    "degC": "_celsius",
    "Hz": "_hertz",
    "Pa": "_pascals",
    "L/s": "_liters_per_second",
    "rpm": "_rpm",
}


def test_a_metric_ends_in_its_unit() -> None:
    assert not [
        m.name for m in CATALOGUE.values() if m.unit in SUFFIXES and SUFFIXES[m.unit] not in m.name
    ]


def test_a_counter_ends_in_total_and_never_falls_below_zero() -> None:
    counters = [m for m in CATALOGUE.values() if m.kind is Kind.COUNTER]
    assert counters
    assert all(m.name.endswith("_total") and m.low == 0 for m in counters)


def test_no_other_kind_ends_in_total() -> None:
    assert not [
        m.name
        for m in CATALOGUE.values()
        if m.kind is not Kind.COUNTER and m.name.endswith("_total")
    ]


def test_plausible_ranges_are_not_empty() -> None:
    assert all(
        m.low < m.high for m in CATALOGUE.values() if m.low is not None and m.high is not None
    )


def test_every_metric_is_found_by_its_own_name() -> None:
    assert all(name == metric.name for name, metric in CATALOGUE.items())
