"""Request planning: which OIDs and registers to read, how often, in how few requests."""

from agent.plan import modbus, snmp
from agent.plan.records import Cost, Plan
from agent.plan.snmp import SYS_DESCR, SYS_NAME, SYS_OBJECT_ID, SYS_UP_TIME
from agent.plan.wire import CYCLE_S, WireCost, serial_cost, wire_cost
from agent.profile.points import Profile

__all__ = [
    "CYCLE_S",
    "SYS_DESCR",
    "SYS_NAME",
    "SYS_OBJECT_ID",
    "SYS_UP_TIME",
    "Cost",
    "Plan",
    "WireCost",
    "costs",
    "make_plan",
    "wire_cost",
]


def make_plan(profile: Profile, wire: WireCost | None = None, cycle_s: float = CYCLE_S) -> Plan:
    """Return the requests of ``profile``: fast ones first, then the slow ones.

    ``wire`` is the cost of the line (default: a serial line with the settings of the profile):
    registers are read in the blocks that use it for the least time. ``cycle_s`` is the poll
    interval of the device in seconds.
    """
    if profile.protocol == "snmp":
        return Plan(tuple(snmp.identity(profile)), tuple(snmp.requests(profile)))
    cost = wire or serial_cost(profile)
    return Plan(
        tuple(modbus.identity(profile, cost)), tuple(modbus.requests(profile, cost, cycle_s))
    )


def costs(profile: Profile, plan: Plan, wire: WireCost | None = None) -> list[Cost]:
    """Return the least that each request costs in bytes and, over Modbus, in time on ``wire``."""
    if profile.protocol == "snmp":
        return snmp.costs(profile, plan.requests)
    return modbus.costs(profile, plan.requests, wire or serial_cost(profile))
