"""A pump trips, and coolant leaks: the standby takes over, the sensor reports."""

from agent.hil.rack import HilRack

FLOW = "rack_coolant_flow_liters_per_second"
TECHNOLOGY = {"loop": "technology"}


async def test_the_standby_pump_brings_the_flow_back(rack: HilRack) -> None:
    before = await rack.number("cdu", FLOW, **TECHNOLOGY)
    await rack.stimulus("stop_pump_1")
    await rack.until(
        lambda now: now.number("cdu", "rack_pump_speed_rpm", pump="1") < 100,
        within="20s",
        what="pump 1 at rest",
    )
    took = await rack.until(
        lambda now: now.number("cdu", FLOW, **TECHNOLOGY) >= 0.9 * before,
        within="30s",
        what="90 % of the coolant flow without pump 1",
    )
    assert took <= 30


async def test_a_leak_is_reported(rack: HilRack) -> None:
    assert not any(reading.value for reading in await rack.all("cdu", "rack_leak_detected"))
    await rack.stimulus("leak", rate_l_min=0.5)
    await rack.until(
        lambda now: any(reading.value == 1 for reading in now.all("cdu", "rack_leak_detected")),
        within="10m",
        what="a leak sensor that reports",
    )
