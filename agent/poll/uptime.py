"""sysUpTime of an SNMP agent: what an answer says of it, and whether it started anew."""

from agent.model import smi
from agent.model.values import Answer, GetOids
from agent.plan import SYS_UP_TIME

TICKS_PER_S = 100
"""TimeTicks, RFC 2578 section 7.1.8."""
_TICKS_MAX = 2**32
_WRAP_SLACK_TICKS = 600 * TICKS_PER_S


def uptime_ticks(answer: Answer) -> int | None:
    """Return sysUpTime in hundredths of a second where ``answer`` holds it."""
    if not isinstance(answer.request, GetOids) or SYS_UP_TIME not in answer.request.oids:
        return None
    assert not isinstance(answer.payload, bytes)  # noqa: S101 - bytes only answer registers
    for name, tag, value in answer.payload[0]:
        if name == SYS_UP_TIME and tag == smi.TIME_TICKS and isinstance(value, int):
            return value
    return None


def went_back(ticks: int, before_ticks: int, elapsed_s: float) -> bool:
    """Return whether sysUpTime says that the agent started anew in the last ``elapsed_s``.

    The turn over after 2^32 ticks (497 days), where ``before_ticks`` was near it, is no restart.
    """
    reached = before_ticks + elapsed_s * TICKS_PER_S + _WRAP_SLACK_TICKS
    return ticks < before_ticks and reached < _TICKS_MAX
