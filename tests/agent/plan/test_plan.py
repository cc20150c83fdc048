"""Which requests a profile becomes, what they cost, and what a device is spared."""

from hypothesis import given
from hypothesis import strategies as st

from agent.model import smi
from agent.model.values import GetOids, ReadRegisters, WalkColumns
from agent.plan import SYS_DESCR, SYS_NAME, SYS_OBJECT_ID, SYS_UP_TIME, costs, make_plan
from tests.agent.making import BASE, modbus_profile, snmp_profile


def oid(dotted: str) -> bytes:
    return smi.oid(f"{BASE}.{dotted}")


def scalar(n: int, more: str = "") -> str:
    return f"{{metric: rack_inlet_power_watts, oid: {BASE}.1.{n}.0, unit: W{more}}}"


def current(n: int, more: str = "") -> str:
    return (
        f"{{metric: rack_branch_current_amperes, oid: {BASE}.2.1.{n}, unit: A,"
        f" index: [branch]{more}}}"
    )


def level(address: int, n: int = 0, more: str = "") -> str:
    return (
        f"{{metric: rack_coolant_level_ratio, unit: '%', address: {address},"
        f" labels: {{sensor: s{address}}}{more}}}"
    )


# ---- SNMP


def test_every_cycle_asks_for_the_uptime_and_the_scalars_in_one_get() -> None:
    plan = make_plan(snmp_profile(scalar(1), scalar(2)))
    assert plan.requests == (GetOids((SYS_UP_TIME, oid("1.1.0"), oid("1.2.0"))),)


def test_a_get_holds_no_more_than_the_device_stands() -> None:
    plan = make_plan(snmp_profile(*map(scalar, range(1, 5)), head="limits: {oids_max: 2}\n"))
    sizes = [len(request.oids) for request in plan.requests if isinstance(request, GetOids)]
    assert sizes == [2, 2, 1]


def test_the_columns_of_a_table_are_walked_side_by_side_ten_at_a_time() -> None:
    profile = snmp_profile(*map(current, range(12, 0, -1)))
    walks = [r for r in make_plan(profile).requests if isinstance(r, WalkColumns)]
    assert [len(walk.columns) for walk in walks] == [10, 2]
    assert walks[0].columns == tuple(oid(f"2.1.{n}") for n in range(1, 11))


def test_tables_are_walked_apart() -> None:
    other = f"{{metric: rack_outlet_power_watts, oid: {BASE}.3.1.1, index: [outlet], unit: W}}"
    walks = make_plan(snmp_profile(current(1), other)).requests[1:]
    assert walks == (WalkColumns((oid("2.1.1"),)), WalkColumns((oid("3.1.1"),)))


def test_what_is_wanted_seldom_is_asked_seldom_and_last() -> None:
    profile = snmp_profile(current(1, ", interval: 60"), scalar(1), scalar(2, ", interval: 60"))
    assert make_plan(profile).requests == (
        GetOids((SYS_UP_TIME, oid("1.1.0"))),
        GetOids((oid("1.2.0"),), 60),
        WalkColumns((oid("2.1.1"),), 60),
    )


def test_an_oid_that_two_points_want_is_asked_as_often_as_either() -> None:
    profile = snmp_profile(
        current(1, ", where: {branch: 1}, interval: 60"), current(1, ", where: {branch: 2}")
    )
    assert make_plan(profile).requests[1:] == (WalkColumns((oid("2.1.1"),)),)


def test_only_lookups_that_a_point_uses_are_read() -> None:
    head = f"""\
lookups:
  name: {{column: {BASE}.2.1.9}}
  mode: {{scalar: {BASE}.5.0, interval: 0}}
  letter: {{part: branch, map: {{1: A}}}}
  unused: {{column: {BASE}.2.1.10}}
"""
    labels = ", labels: {name: '{name}', line: '{mode}', inlet: '{letter}'}"
    assert make_plan(snmp_profile(current(1, labels), head=head)).requests == (
        GetOids((SYS_UP_TIME, oid("5.0"))),
        WalkColumns((oid("2.1.1"),)),
        WalkColumns((oid("2.1.9"),), 300),
    )


def test_who_the_device_is_is_asked_once() -> None:
    head = f"info: {{model: [{{column: {BASE}.4.1.2}}, {{oid: {BASE}.4.9.0}}], vendor: Acme}}\n"
    assert make_plan(snmp_profile(scalar(1), head=head)).identity == (
        GetOids((SYS_DESCR, SYS_OBJECT_ID, SYS_NAME, oid("4.9.0"))),
        WalkColumns((oid("4.1.2"),)),
    )


def test_the_column_that_chooses_rows_is_asked_beside_the_one_it_chooses_from() -> None:
    head = f"info: {{model: {{column: {BASE}.4.1.13, by: {BASE}.4.1.5, among: [3]}}}}\n"
    assert make_plan(snmp_profile(scalar(1), head=head)).identity == (
        GetOids((SYS_DESCR, SYS_OBJECT_ID, SYS_NAME)),
        WalkColumns((oid("4.1.5"), oid("4.1.13"))),
    )


# ---- Modbus


def blocks(*points: str, head: str = "") -> list[tuple[str, int, int]]:
    plan = make_plan(modbus_profile(*points, head=head))
    return [(r.table, r.address, r.count) for r in plan.requests if isinstance(r, ReadRegisters)]


def test_neighbours_are_read_together_whatever_their_order() -> None:
    assert blocks(level(12), level(10), level(11)) == [("holding", 10, 3)]


def test_registers_that_must_not_be_read_are_never_read_over() -> None:
    head = "limits: {forbidden: [[12, 13]]}\n"
    assert blocks(level(10), level(14), head=head) == [("holding", 10, 1), ("holding", 14, 1)]
    head = "limits: {forbidden: [[20, 30]]}\n"
    assert blocks(level(10), level(14), head=head) == [("holding", 10, 5)]


def test_tables_are_read_apart() -> None:
    assert blocks(level(10, more=", table: input"), level(11)) == [
        ("holding", 11, 1),
        ("input", 10, 1),
    ]


def test_a_profile_without_identity_registers_asks_for_none() -> None:
    assert make_plan(modbus_profile(level(10))).identity == ()


@given(
    st.sets(st.integers(0, 300), min_size=1, max_size=40),
    st.integers(1, 125),
    st.integers(0, 20),
)
def test_every_point_is_read_once_within_the_limits(
    addresses: set[int], registers_max: int, gap_max: int
) -> None:
    head = f"limits: {{registers_max: {registers_max}, gap_max: {gap_max}}}\n"
    found = blocks(*map(level, addresses), head=head)
    assert all(count <= registers_max for _, _, count in found)
    for address in addresses:
        assert sum(start <= address < start + count for _, start, count in found) == 1


# ---- cost


def test_what_an_snmp_cycle_costs() -> None:
    profile = snmp_profile(scalar(1), current(1), current(2))
    get, walk = costs(profile, make_plan(profile))
    assert (get.points, walk.points) == (1, 2)
    assert 0 < get.bytes_out < get.bytes_in
    assert walk.bytes_out > len(oid("2.1.1")) * 2
