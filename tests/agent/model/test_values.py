"""Blocks unfold into one record per value."""

from agent.model.catalogue import CATALOGUE
from agent.model.series import OidSource, Series, SeriesSet
from agent.model.values import Block, Flaw, Quality, Reading

POWER = CATALOGUE["rack_inlet_power_watts"]


def test_a_block_unfolds_into_readings_with_quality_and_source() -> None:
    series = tuple(
        Series("pdu", POWER, (("inlet", name),), OidSource(f"1.3.{n}"))
        for n, name in enumerate("ab")
    )
    block = Block(
        SeriesSet(series), [230.5, None], [2305, -1], 12.0, {1: Flaw(Quality.BAD, "sentinel")}
    )
    good, bad = block.readings()
    assert good == Reading(
        "pdu",
        "rack_inlet_power_watts",
        {"inlet": "a"},
        230.5,
        "W",
        Quality.GOOD,
        "",
        12.0,
        OidSource("1.3.0"),
        2305,
    )
    assert (bad.value, bad.quality, bad.reason, bad.raw) == (None, Quality.BAD, "sentinel", -1)


def test_a_series_is_the_same_wherever_it_is_read_from() -> None:
    one = Series("pdu", POWER, (), OidSource("1.3.1"))
    other = Series("pdu", POWER, (), OidSource("1.3.2"))
    assert one != other
    assert one.key == other.key == ("pdu", "rack_inlet_power_watts", ())
