"""Cables are where the plan has them, and a swap is noticed."""

from agent.hil.rack import HilRack, neighbors

PLAN = {f"Ethernet{port}": f"node-{port:02d}" for port in range(1, 19)}
INFO = "rack_lldp_neighbor_info"


def misplaced(found: dict[str, str]) -> dict[str, str]:
    """Ports whose neighbour is not the planned one, and who is there instead."""
    return {port: found.get(port, "nobody") for port in PLAN if found.get(port) != PLAN[port]}


async def test_every_cable_is_where_the_plan_has_it(rack: HilRack) -> None:
    wrong = misplaced(neighbors(await rack.all("switch-1", INFO)))
    assert not wrong, f"not as planned: {wrong}"


async def test_a_cable_swap_is_seen_as_two_mismatches(rack: HilRack) -> None:
    before = misplaced(neighbors(await rack.all("switch-1", INFO)))
    await rack.stimulus("swap_cables", port_a=4, port_b=9)
    await rack.until(
        lambda now: (
            set(misplaced(neighbors(now.all("switch-1", INFO)))) - set(before)
            >= {"Ethernet4", "Ethernet9"}
        ),
        within="60s",
        what="the neighbours of ports 4 and 9 exchanged",
    )
