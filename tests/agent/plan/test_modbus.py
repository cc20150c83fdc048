"""Blocks of registers: no plan takes the line less time, and every limit of the device is kept."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.model.values import Part, ReadRegisters
from agent.plan import Plan, WireCost, costs, make_plan
from agent.profile.points import Profile
from tests.agent.making import modbus_profile
from tests.drivers.harness import library

CHEAP_REQUESTS = WireCost(request_s=0.0, byte_s=1.0, frame_out=0, frame_in=0)
DEAR_REQUESTS = WireCost(request_s=1000.0, byte_s=1.0, frame_out=8, frame_in=5)
LINE = WireCost(request_s=7.0, byte_s=1.0, frame_out=8, frame_in=5)
"""In characters: RTU below 19,200 baud."""


def level(address: int, more: str = "") -> str:
    return (
        f"{{metric: rack_coolant_level_ratio, unit: '%', address: {address},"
        f" labels: {{sensor: s{address}}}{more}}}"
    )


def reads(profile: Profile, wire: WireCost = LINE, cycle_s: float = 10) -> list[ReadRegisters]:
    requests = make_plan(profile, wire, cycle_s).requests
    return [request for request in requests if isinstance(request, ReadRegisters)]


def blocks(*points: str, head: str = "", wire: WireCost = LINE) -> list[tuple[int, int, float]]:
    found = reads(modbus_profile(*points, head=head), wire)
    return [(read.address, read.count, read.interval_s) for read in found]


def test_a_gap_is_read_over_where_a_request_of_its_own_costs_more() -> None:
    # 20 characters a request, 2 a register: a gap of ten costs the same, and then fewer is better
    assert blocks(level(10), level(21)) == [(10, 12, 0)]
    assert blocks(level(10), level(22)) == [(10, 1, 0), (22, 1, 0)]
    assert blocks(level(10), level(26), wire=DEAR_REQUESTS) == [(10, 17, 0)]
    assert blocks(level(10), level(12), wire=CHEAP_REQUESTS) == [(10, 1, 0), (12, 1, 0)]


def test_no_gap_is_read_over_that_the_map_forbids() -> None:
    assert blocks(level(10), level(28), wire=DEAR_REQUESTS) == [(10, 1, 0), (28, 1, 0)]
    head = "limits: {gap_max: 0}\n"
    assert blocks(level(10), level(12), head=head, wire=DEAR_REQUESTS) == [(10, 1, 0), (12, 1, 0)]
    head = "limits: {forbidden: [[12, 13]]}\n"
    assert blocks(level(10), level(14), head=head, wire=DEAR_REQUESTS) == [(10, 1, 0), (14, 1, 0)]
    head = "limits: {forbidden: [[11, 11]]}\n"
    assert blocks(level(10), level(12), head=head, wire=DEAR_REQUESTS) == [(10, 1, 0), (12, 1, 0)]
    head = "limits: {forbidden: [[15, 30], [1, 9]]}\n"
    assert blocks(level(10), level(14), head=head, wire=DEAR_REQUESTS) == [(10, 5, 0)]


def test_a_block_is_no_longer_than_the_device_stands() -> None:
    head = "limits: {registers_max: 3}\n"
    counts = [count for _, count, _ in blocks(*map(level, range(10, 14)), head=head)]
    assert sorted(counts) in ([1, 3], [2, 2])
    coil = "{{metric: rack_leak_detected, table: coil, address: {}, labels: {{sensor: s{}}}}}"
    coils = [coil.format(n, n) for n in range(400)]
    assert blocks(*coils) == [(0, 400, 0)]
    assert len(blocks(*coils, head="limits: {bits_max: 100}\n")) == 4


def test_what_is_wanted_seldom_rides_along_where_that_is_cheaper() -> None:
    slow = ", interval: 60"
    assert blocks(level(11), level(12, slow)) == [(11, 2, 0)]
    # 100 characters every 10 s for nothing are dearer than 120 every 60 s
    many = [level(address, slow) for address in range(12, 62)]
    assert blocks(level(11), *many) == [(11, 1, 0), (12, 50, 60)]
    assert blocks(level(11), level(12, slow), level(14)) == [(11, 4, 0)]


def test_slow_blocks_are_joined_across_a_fast_one() -> None:
    slow = [level(address, ", interval: 600") for address in (*range(10, 40), *range(41, 71))]
    found = blocks(*slow, level(40))
    assert (40, 1, 0) in found
    assert (10, 61, 600) in found
    assert len(found) == 2


def test_each_value_is_wanted_of_one_request_only() -> None:
    slow = [level(address, ", interval: 600") for address in (10, 12, 30, 50)]
    profile = modbus_profile(*slow, *map(level, (11, 13, 31)))
    wanted = [part for read in reads(profile) for part in read.parts]
    assert sorted(wanted) == [(address, 1) for address in (10, 11, 12, 13, 30, 31, 50)]


def test_a_group_is_never_torn() -> None:
    energy = ", group: energy"
    points = [level(address, energy) for address in (10, 60)]
    assert blocks(*points, wire=CHEAP_REQUESTS) == [(10, 51, 0)]
    assert blocks(*points, level(35)) == [(10, 51, 0)]
    profile = modbus_profile(*points, level(35))
    assert reads(profile)[0].parts == ((10, 51), (35, 1))


def test_a_group_is_read_as_often_as_its_fastest_point() -> None:
    points = [level(10, ", group: a"), level(12, ", group: a, interval: 60")]
    assert blocks(*points) == [(10, 3, 0)]


def test_a_value_is_read_with_its_scale_register() -> None:
    assert blocks(level(10, ", scale_register: 40")) == [(10, 31, 0)]
    assert blocks(level(40, ", scale_register: 10")) == [(10, 31, 0)]


def test_derived_points_ask_for_nothing_but_what_they_are_derived_from() -> None:
    derived = (
        "{metric: rack_coolant_level_ratio, labels: {sensor: mean}, derive: (a + b) / 2, unit: '%'}"
    )
    named = [level(10, ", name: a, interval: 60"), level(90, ", name: b, interval: 60")]
    assert blocks(*named) == [(10, 1, 60), (90, 1, 60)]
    assert blocks(*named, derived) == [(10, 1, 0), (90, 1, 0)]


def test_tables_are_read_apart_and_what_is_fast_first() -> None:
    found = reads(
        modbus_profile(
            level(10, ", table: input"), level(11), level(900, ", interval: 60"), level(9)
        )
    )
    assert [(r.table, r.address, r.interval_s) for r in found] == [
        ("holding", 9, 0),
        ("input", 10, 0),
        ("holding", 900, 60),
    ]


def test_who_the_device_is_is_read_once_in_parts() -> None:
    head = "info: {vendor: A, model: {address: 4, count: 2}, serial: {address: 6, count: 2}}\n"
    plan = make_plan(modbus_profile(level(10), head=head))
    assert plan.identity == (ReadRegisters("holding", 4, 4, parts=((4, 2), (6, 2))),)


def test_what_a_cycle_costs() -> None:
    profile = modbus_profile(level(10), level(12), level(40), level(41, ", interval: 60"))
    first, second = costs(profile, make_plan(profile, LINE), LINE)
    assert (first.points, first.bytes_out, first.bytes_in, first.seconds) == (2, 8, 11, 26)
    assert (second.points, second.seconds) == (2, 24)
    derived = "{metric: rack_coolant_level_ratio, derive: a * 2}"
    profile = modbus_profile(level(10, ", name: a"), derived)
    assert [cost.points for cost in costs(profile, make_plan(profile))] == [1]


def test_the_pumping_units_whole_map_takes_half_a_second() -> None:
    # 243 registers of the published map: 243 requests and 3.13 s one by one, 0.51 s at the best
    profile = library().get("orv3-rpu")
    plan = make_plan(profile)
    whole = costs(profile, plan) + costs(profile, Plan((), plan.identity))
    assert len(whole) <= 14
    assert sum(cost.seconds for cost in whole) <= 0.51


def test_a_power_supply_is_read_in_two_requests_at_most() -> None:
    profile = library().get("orv3-hpr-psu")
    plan = make_plan(profile)
    assert len(plan.requests) + len(plan.identity) <= 4
    assert len(plan.requests) <= 2


# ---- beside every plan there is


@st.composite
def maps(draw: st.DrawFn, intervals: Sequence[float]) -> tuple[dict[Part, float], str]:
    """Up to six values at growing addresses, and the limits of their device."""
    parts: dict[Part, float] = {}
    address = 0
    for _ in range(draw(st.integers(1, 6))):
        address += draw(st.integers(0, 14))
        count = draw(st.sampled_from([1, 2, 4]))
        parts[address, count] = draw(st.sampled_from(intervals))
        address += count
    limits = {
        "registers_max": draw(st.sampled_from([10, 20, 40])),
        "gap_max": draw(st.sampled_from([0, 4, 16])),
    }
    return parts, f"limits: {{{', '.join(f'{key}: {value}' for key, value in limits.items())}}}\n"


TYPES = {1: "uint16", 2: "uint32", 4: "uint64"}


def profile_of(parts: Mapping[Part, float], head: str) -> Profile:
    points = [
        level(address, f", data_type: {TYPES[count]}" + (f", interval: {each}" if each else ""))
        for (address, count), each in parts.items()
    ]
    return modbus_profile(*points, head=head)


def cuts(parts: Sequence[Part], profile: Profile) -> Iterator[list[Sequence[Part]]]:
    """Every way to cut the parts into runs that the device stands."""
    limits = profile.limits
    for size in range(len(parts)):
        for places in combinations(range(1, len(parts)), size):
            edges = [0, *places, len(parts)]
            runs = [parts[low:high] for low, high in pairwise(edges)]
            if all(stands(run, limits.registers_max, limits.gap_max) for run in runs):
                yield runs


def stands(run: Sequence[Part], most: int, gap_max: int) -> bool:
    gaps = [after - before - count for (before, count), (after, _) in pairwise(run)]
    return sum(run[-1]) - run[0][0] <= most and all(gap <= gap_max for gap in gaps)


def cheapest(parts: Sequence[Part], profile: Profile) -> float:
    """The least seconds in which one interval's parts can be read."""
    found = [
        sum(LINE.seconds("holding", sum(run[-1]) - run[0][0]) for run in runs)
        for runs in cuts(parts, profile)
    ]
    return min(found, default=0.0)


def load(profile: Profile) -> float:
    return sum(
        LINE.seconds("holding", read.count) / max(10, read.interval_s) for read in reads(profile)
    )


@given(maps([0.0]))
def test_no_plan_of_one_interval_is_cheaper(given_map: tuple[dict[Part, float], str]) -> None:
    profile = profile_of(*given_map)
    best = cheapest(sorted(given_map[0]), profile) / 10
    assert load(profile) == pytest.approx(best, rel=1e-9)


@settings(max_examples=60)
@given(maps([0.0, 60.0, 300.0]))
def test_hardly_any_plan_of_several_intervals_is_cheaper(
    given_map: tuple[dict[Part, float], str],
) -> None:
    parts, _ = given_map
    profile = profile_of(*given_map)
    listed, classes = sorted(parts), sorted(set(parts.values()))
    choices = [[each for each in classes if each <= parts[part]] for part in listed]
    best = min(
        sum(
            cheapest([p for p, at in zip(listed, chosen, strict=True) if at == each], profile)
            / max(10, each)
            for each in classes
        )
        for chosen in product(*choices)
    )
    assert load(profile) <= best * 1.02


@given(maps([0.0, 60.0]))
def test_every_value_is_read_within_the_limits_as_often_as_wanted(
    given_map: tuple[dict[Part, float], str],
) -> None:
    parts, _ = given_map
    profile = profile_of(*given_map)
    found = reads(profile)
    assert all(read.count <= profile.limits.registers_max for read in found)
    for part, interval_s in parts.items():
        (read,) = [read for read in found if part in read.parts]
        assert read.interval_s <= interval_s
        assert read.address <= part[0]
        assert sum(part) <= read.address + read.count
