"""How busy each Modbus line is: what all of its devices ask for, and whether it can carry that."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.config import Config
from agent.plan import costs as request_costs
from agent.plan import make_plan
from agent.plan.records import Cost
from agent.plan.wire import wire_cost

BUSY_SHARE = 0.8
"""A line that is used more than this has no time left for retries."""


@dataclass(frozen=True, slots=True)
class Load:
    """One device's plan: polled every ``cycle_s`` seconds at ``costs``.

    ``line`` is the Modbus line it shares with others, empty over SNMP. ``costs`` is None where the
    profile is known only when the device answers.
    """

    device: str
    profile: str
    line: str
    cycle_s: float
    costs: Sequence[Cost] | None

    @property
    def cycle(self) -> list[Cost]:
        """What is asked in every cycle."""
        return [cost for cost in self.costs or () if not cost.request.interval_s]

    @property
    def share(self) -> float:
        """The share of its time that the line is taken."""
        periods = ((c, max(self.cycle_s, c.request.interval_s)) for c in self.costs or ())
        return sum(cost.seconds / period_s for cost, period_s in periods)


def loads(config: Config) -> list[Load]:
    """Return the plan of every device of ``config``."""
    found = []
    for device in config.devices:
        line = device.url.line if device.url.protocol == "modbus" else ""
        costs = None
        if device.profile != "auto":
            profile = config.library.get(device.profile)
            wire = wire_cost(device.url, profile)
            plan = make_plan(profile, wire, device.interval_s)
            costs = request_costs(profile, plan, wire)
        found.append(Load(device.name, device.profile, line, device.interval_s, costs))
    return found


@dataclass(frozen=True, slots=True)
class LineLoad:
    """All devices of one line together. Seconds, bytes and requests are of one cycle of each."""

    line: str
    devices: tuple[str, ...]
    unknown: tuple[str, ...]
    """Devices whose share is not in the sums."""
    requests: int
    bytes_out: int
    bytes_in: int
    seconds: float
    share: float

    @property
    def warning(self) -> str:
        """What to say of a line that is asked too much; empty where it is not."""
        if self.share > 1:
            return (
                f"{self.line}: cannot carry its intervals: its devices need"
                f" {self.share:.0%} of the time there is"
            )
        if self.share > BUSY_SHARE:
            return f"{self.line}: is used {self.share:.0%} of the time; retries will be late"
        return ""


def line_loads(members: Iterable[Load]) -> list[LineLoad]:
    """Return the sums by line, in the order of the first device of each."""
    lines: dict[str, list[Load]] = {}
    for load in members:
        if load.line:
            lines.setdefault(load.line, []).append(load)
    return [_sum(line, sharing) for line, sharing in lines.items()]


def _sum(line: str, members: Sequence[Load]) -> LineLoad:
    cycle = [cost for load in members for cost in load.cycle]
    return LineLoad(
        line=line,
        devices=tuple(load.device for load in members),
        unknown=tuple(load.device for load in members if load.costs is None),
        requests=len(cycle),
        bytes_out=sum(cost.bytes_out for cost in cycle),
        bytes_in=sum(cost.bytes_in for cost in cycle),
        seconds=sum(cost.seconds for cost in cycle),
        share=sum(load.share for load in members),
    )
