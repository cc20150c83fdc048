"""Cross checks: what cannot all be true is uncertain, with the reason, and nothing else changes."""

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.catalogue import CATALOGUE
from agent.model.series import OidSource, Series, SeriesSet
from agent.model.values import Block, Flaw, Quality, Reading
from agent.normalise.crosscheck import Blocks, CrossChecks
from agent.profile.points import Profile
from tests.agent.making import BASE, snmp_profile

Row = tuple[str, dict[str, str], float | None]
"""A metric without ``rack_``, labels, a value (None: bad)."""

PDU = snmp_profile(
    f"{{metric: rack_inlet_power_watts, oid: {BASE}.1.0, unit: W}}",
    f"{{metric: rack_outlet_power_watts, oid: {BASE}.2, index: [outlet], unit: W}}",
)
SWITCH = snmp_profile(f"{{metric: rack_uptime_seconds_total, oid: {BASE}.1.0, unit: s}}")


def blocks_of(*groups: list[Row]) -> Blocks:
    """One request per group, one block in it."""
    made = {}
    for number, rows in enumerate(groups):
        series = SeriesSet(
            Series(
                "pdu", CATALOGUE[f"rack_{name}"], tuple(sorted(labels.items())), OidSource(str(at))
            )
            for at, (name, labels, _) in enumerate(rows)
        )
        values = [value for _, _, value in rows]
        bad = Flaw(Quality.BAD, "broken")
        flaws = {at: bad for at, value in enumerate(values) if value is None}
        made[number] = (Block(series, values, [0] * len(rows), 1000.0, flaws),)
    return made


def again(blocks: Blocks, *values: float) -> Blocks:
    """The next cycle: the same series of one request, other values."""
    (block,) = blocks[0]
    return {0: (Block(block.series, values, block.raws, 1010.0),)}


def readings(blocks: Blocks) -> list[Reading]:
    return [reading for group in blocks.values() for block in group for reading in block.readings()]


def doubted(*groups: list[Row], profile: Profile = PDU) -> dict[str, str]:
    """The reasons of what became uncertain, by metric and labels."""
    after = CrossChecks(profile).apply(blocks_of(*groups))
    return {
        " ".join((r.metric.removeprefix("rack_"), *r.labels.values())): r.reason
        for r in readings(after)
        if r.quality is Quality.UNCERTAIN
    }


def product(place: str, watts: float, volts: float, amperes: float, *rest: Row) -> list[Row]:
    return [
        (f"{place}_power_watts", {}, watts),
        (f"{place}_voltage_volts", {}, volts),
        (f"{place}_current_amperes", {}, amperes),
        *rest,
    ]


# ---- voltage, current, power


def test_power_that_no_voltage_and_current_give_makes_all_three_uncertain() -> None:
    reason = "power 4000 W is more than voltage 230 V times current 2 A gives"
    assert doubted(product("phase", 4000, 230, 2)) == {
        "phase_power_watts": reason,
        "phase_voltage_volts": reason,
        "phase_current_amperes": reason,
    }


@pytest.mark.parametrize("watts", [0, 100, 460, -460, 230 * 2 * sqrt(3), 230 * 2 * 3])
def test_power_below_what_voltage_and_current_give_is_fine(watts: float) -> None:
    assert not doubted(product("inlet", watts, 230, 2))


@pytest.mark.parametrize("factor", [0.5, -0.5])
def test_power_factor_is_held_against_power_whatever_its_sign(factor: float) -> None:
    pf: Row = ("outlet_power_factor_ratio", {}, factor)
    assert not doubted(product("outlet", 1150, 230, 10, pf))
    reason = f"power 300 W is not voltage 230 V times current 10 A times power factor {factor:g}"
    assert set(doubted(product("outlet", 300, 230, 10, pf)).values()) == {reason}


def test_voltage_between_lines_and_current_of_all_phases_are_fine() -> None:
    pf: Row = ("inlet_power_factor_ratio", {}, 1.0)
    for phases in (1, sqrt(3), 1 / sqrt(3), 3):
        assert not doubted(product("inlet", 400 * 10 * phases, 400, 10, pf))


def test_direct_current_is_held_exactly() -> None:
    assert not doubted(product("psu_output", 5000, 50, 100))
    assert not doubted(product("battery", -5000, 50, 100))
    reason = "power 500 W is not voltage 50 V times current 100 A"
    assert set(doubted(product("psu_output", 500, 50, 100)).values()) == {reason}


def test_active_power_above_apparent_power_is_uncertain() -> None:
    rows: list[Row] = [("inlet_power_watts", {}, 1200)]
    assert doubted([*rows, ("inlet_apparent_power_voltamperes", {}, 1000)]) == {
        "inlet_power_watts": "power 1200 W is more than apparent power 1000 VA",
        "inlet_apparent_power_voltamperes": "power 1200 W is more than apparent power 1000 VA",
    }
    assert not doubted([*rows, ("inlet_apparent_power_voltamperes", {}, 1150)])
    assert not doubted([*rows, ("inlet_apparent_power_voltamperes", {}, 5000)])


def test_only_the_same_part_is_compared() -> None:
    rows: list[Row] = [
        ("phase_power_watts", {"phase": "1"}, 4000),
        ("phase_voltage_volts", {"phase": "2"}, 230),
        ("phase_current_amperes", {"phase": "1"}, 2),
    ]
    assert not doubted(rows)


# ---- sums


def phases(*watts: float, total: float, label: str = "phase") -> list[Row]:
    parts: list[Row] = [
        ("phase_power_watts", {label: str(number)}, each) for number, each in enumerate(watts, 1)
    ]
    return [("inlet_power_watts", {}, total), *parts]


def test_phases_must_add_up_to_their_inlet() -> None:
    assert not doubted(phases(1000, 1100, 900, total=3050))
    found = doubted(phases(1000, 1100, 900, total=1000))
    assert set(found.values()) == {"power 1000 W is not the sum of its phases, 3000 W"}
    assert len(found) == 4
    assert len(doubted(phases(1000, 1100, 900, total=1000, label="line"))) == 4


def test_an_incomplete_set_of_phases_is_not_added_up() -> None:
    assert not doubted(phases(1000, 1100, total=9000))
    pairs: list[Row] = [
        ("phase_power_watts", {"line": pair}, 500) for pair in ("L1-L2", "L2-L3", "L3-L1")
    ]
    assert not doubted([("inlet_power_watts", {}, 9000), *pairs])
    mute: list[Row] = [("phase_power_watts", {"name": name}, 500) for name in "abc"]
    assert not doubted([("inlet_power_watts", {}, 9000), *mute])


def test_phases_of_several_inlets_are_told_apart() -> None:
    rows: list[Row] = [
        ("inlet_power_watts", {"inlet": "1"}, 3000),
        ("inlet_power_watts", {"inlet": "2"}, 9000),
        *(("phase_power_watts", {"inlet": "1", "phase": p}, 1000.0) for p in "123"),
        *(("phase_power_watts", {"inlet": "2", "phase": p}, 1000.0) for p in "123"),
    ]
    assert {label.split()[1] for label in doubted(rows)} == {"2"}
    # Which inlet they are of is not said: nothing can be added up.
    nameless: list[Row] = [(m, {k: v for k, v in x.items() if k != "inlet"}, w) for m, x, w in rows]
    assert not doubted([*rows[:2], *nameless[2:5]])


def test_a_phase_of_the_inlet_is_not_its_total() -> None:
    assert not doubted([("inlet_power_watts", {"phase": "1"}, 5), *phases(9, 9, 9, total=27)[1:]])


def outlets(*watts: float, total: float, **more: str) -> list[Row]:
    parts: list[Row] = [
        ("outlet_power_watts", {"outlet": str(number), **more}, each)
        for number, each in enumerate(watts, 1)
    ]
    return [("inlet_power_watts", more, total), *parts]


def test_outlets_take_no_more_than_their_inlet() -> None:
    assert not doubted(outlets(100, 200, total=5000))
    assert not doubted(outlets(100, 200, total=290))
    found = doubted(outlets(1000, 2000, total=1500, unit="2"))
    reason = "the outlets together take 3000 W, their inlet only 1500 W"
    assert found == dict.fromkeys(
        ("inlet_power_watts 2", "outlet_power_watts 1 2", "outlet_power_watts 2 2"), reason
    )


def test_outlets_with_a_row_per_phase_are_not_added_up() -> None:
    rows: list[Row] = [
        ("outlet_power_watts", {"outlet": "1", "phase": phase}, 500) for phase in "123"
    ]
    assert not doubted([("inlet_power_watts", {}, 100), *rows])


def test_outlets_of_another_unit_do_not_count() -> None:
    rows = outlets(1000, 2000, total=1500)
    other: list[Row] = [(m, {**labels, "unit": "2"}, watts) for m, labels, watts in rows[1:]]
    assert not doubted([rows[0], *other])


def test_a_supply_puts_out_no_more_than_it_takes_in() -> None:
    def supply(taken: float, given: float) -> list[Row]:
        return [
            ("psu_input_power_watts", {"psu": "1"}, taken),
            ("psu_output_power_watts", {"psu": "1"}, given),
            ("psu_input_power_watts", {"psu": "2"}, taken),
        ]

    assert not doubted(supply(3000, 2900))
    assert not doubted(supply(3000, 3100))
    found = doubted(supply(1000, 2900))
    assert set(found) == {"psu_input_power_watts 1", "psu_output_power_watts 1"}
    assert set(found.values()) == {"the supply puts out 2900 W and takes in only 1000 W"}


# ---- what it leaves alone


def test_a_bad_reading_stays_bad_and_is_held_against_nothing() -> None:
    rows = product("phase", 4000, 230, 2)
    rows[1] = ("phase_voltage_volts", {}, None)
    before = blocks_of(rows)
    assert CrossChecks(PDU).apply(before) is before


def test_a_reading_that_is_doubted_already_is_held_against_nothing() -> None:
    ((block,),) = blocks_of(product("phase", 4000, 230, 2)).values()
    clamped = {2: Flaw(Quality.UNCERTAIN, "clamped")}
    before = {0: (Block(block.series, block.values, block.raws, 1000.0, clamped),)}
    assert CrossChecks(PDU).apply(before) is before


def test_values_series_and_other_blocks_are_the_very_same() -> None:
    wrong = product("phase", 4000, 230, 2)
    broken: Row = ("phase_peak_power_watts", {}, None)
    before = blocks_of([*wrong, broken], [("phase_voltage_volts", {"phase": "9"}, 1.0)])
    after = CrossChecks(PDU).apply(before)
    (old,), (new,) = before[0], after[0]
    assert new.series is old.series
    assert new.values is old.values
    assert new.raws is old.raws
    assert new.flaws[3].quality is Quality.BAD
    assert sorted(new.flaws) == [0, 1, 2, 3]
    assert after[1][0] is before[1][0]


def test_a_device_without_such_metrics_is_not_looked_at() -> None:
    before = blocks_of(product("phase", 4000, 230, 2))
    assert CrossChecks(SWITCH).apply(before) is before


def test_one_contradiction_is_forgiven_where_readings_take_turns() -> None:
    checks = CrossChecks(PDU, patience=2)
    first = blocks_of(product("phase", 4000, 230, 2))
    assert checks.apply(first) is first
    fine = again(first, 460, 230, 2)
    assert checks.apply(fine) is fine
    wrong = again(first, 4000, 230, 2)
    assert checks.apply(wrong) is wrong
    later = checks.apply(wrong)
    assert [r.quality for r in readings(later)] == [Quality.UNCERTAIN] * 3


def test_readings_are_examined_now_and_then_and_doubted_in_between() -> None:
    checks = CrossChecks(PDU, every_s=10.0)
    wrong = blocks_of(product("inlet", 5000.0, 230.0, 4.0))
    good = again(wrong, 920.0, 230.0, 4.0)

    def uncertain(blocks: Blocks, now: float) -> bool:
        found = {reading.quality for reading in readings(checks.apply(blocks, now))}
        return Quality.UNCERTAIN in found

    assert uncertain(wrong, 100.0)
    assert uncertain(good, 105.0), "nothing was examined yet, so the doubt stands"
    assert not uncertain(good, 110.0)
    assert not uncertain(again(wrong, 5000.0, 230.0, 4.0), 119.0)
    assert uncertain(again(wrong, 5000.0, 230.0, 4.0), 120.0)


def test_other_rows_begin_anew() -> None:
    checks = CrossChecks(PDU, patience=2)
    wrong = blocks_of(product("phase", 4000, 230, 2))
    checks.apply(wrong)
    fewer = blocks_of(product("phase", 4000, 230, 2)[:2])
    assert checks.apply(fewer) is fewer
    assert checks.apply(wrong) is wrong


def uncertain(blocks: Blocks) -> bool:
    return Quality.UNCERTAIN in {reading.quality for reading in readings(blocks)}


def test_a_doubt_outlasts_cycles_in_which_slow_requests_are_due() -> None:
    checks = CrossChecks(PDU, patience=3)
    both = blocks_of(product("phase", 4000, 230, 2), [("phase_current_limit_amperes", {}, 16.0)])
    fast = {0: both[0]}
    seen = [uncertain(checks.apply(each)) for each in (fast, fast, both, fast, both, fast)]
    assert seen == [False, False, True, True, True, True]


def test_a_doubt_outlasts_rows_that_come_elsewhere() -> None:
    checks = CrossChecks(PDU, patience=2)
    wrong = product("phase", 4000, 230, 2)
    for _ in range(2):
        checks.apply(blocks_of(wrong))
    grown = blocks_of([*wrong, ("outlet_power_watts", {"outlet": "1"}, 5.0)])
    assert uncertain(checks.apply(grown))


def test_a_reading_that_is_not_there_refutes_nothing() -> None:
    checks = CrossChecks(PDU, patience=2)
    power, *others = product("phase", 4000, 230, 2)
    whole = blocks_of([power], others)
    for _ in range(2):
        checks.apply(whole)
    assert uncertain(checks.apply({0: whole[0], 1: ()})), "the other request failed"
    assert uncertain(checks.apply(whole))


@given(
    volts=st.floats(1, 1000),
    amperes=st.floats(0, 1000),
    factor=st.floats(0, 1),
    phases=st.sampled_from([1, sqrt(3), 3]),
    error=st.floats(-0.05, 0.05),
)
def test_what_physics_allows_is_never_doubted(
    volts: float, amperes: float, factor: float, phases: float, error: float
) -> None:
    apparent = volts * amperes * phases
    watts = apparent * factor * (1 + error)
    rows = product(
        "inlet",
        watts,
        volts,
        amperes,
        ("inlet_power_factor_ratio", {}, factor),
        ("inlet_apparent_power_voltamperes", {}, apparent),
    )
    parts: list[Row] = [("phase_power_watts", {"phase": p}, watts / 3) for p in "123"]
    behind: list[Row] = [("outlet_power_watts", {"outlet": o}, watts / 12) for o in "abcdefgh"]
    assert not doubted(rows, parts, behind)


@given(watts=st.floats(10_000, 1_000_000), times=st.floats(1.5, 1000))
def test_a_wrong_scale_is_always_seen(watts: float, times: float) -> None:
    assert doubted(phases(watts / 3, watts / 3, watts / 3, total=watts * times))
    assert doubted(outlets(watts, total=watts / times))
    assert doubted(product("psu_output", watts * times, 50, watts / 50))
