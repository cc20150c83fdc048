"""A feed is lost: the other carries the rack, and nothing goes down."""

from agent.hil.rack import HilRack

POWER = "rack_inlet_power_watts"
VOLTS = "rack_phase_voltage_volts"


async def test_both_feeds_share_the_load(rack: HilRack) -> None:
    a, b = [await rack.number(pdu, POWER) for pdu in ("pdu-a", "pdu-b")]
    assert abs(a - b) <= 0.05 * (a + b), f"feed A carries {a:.0f} W, feed B {b:.0f} W"


async def test_feed_b_takes_over_when_feed_a_opens(rack: HilRack) -> None:
    before = await rack.number("pdu-a", POWER) + await rack.number("pdu-b", POWER)
    await rack.stimulus("open_feed_a")
    await rack.until(
        lambda now: now.number("pdu-a", VOLTS, phase="1") < 10,
        within="10s",
        what="feed A without voltage",
    )
    await rack.until(
        lambda now: now.number("pdu-b", POWER) >= 0.97 * before,
        within="5s",
        what=f"97 % of the rack's {before:.0f} W on feed B",
    )
    for device in rack.devices:
        assert await rack.answers(device), f"{device} was lost with feed A"
    await rack.release("open_feed_a")
    await rack.until(
        lambda now: now.number("pdu-a", POWER) >= 0.45 * before,
        within="30s",
        what="feed A carrying its half again",
    )
