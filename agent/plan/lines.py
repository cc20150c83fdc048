"""Utilisation of each Modbus line by the requests of all its devices."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.config import Config
from agent.plan import costs as request_costs
from agent.plan import make_plan
from agent.plan.records import Cost
from agent.plan.wire import wire_cost

BUSY_SHARE = 0.8
"""Above this utilisation a line has no time left for retries."""


@dataclass(frozen=True, slots=True)
class Load:
    """The requests of one device that is polled every ``cycle_s`` seconds.

    ``line`` is its Modbus line, empty for SNMP. ``costs`` is None for profile ``auto``, which is
    known only after the device has answered.
    """

    device: str
    profile: str
    line: str
    cycle_s: float
    costs: Sequence[Cost] | None

    @property
    def cycle(self) -> list[Cost]:
        """Costs of the requests of every cycle."""
        return [cost for cost in self.costs or () if not cost.request.interval_s]

    @property
    def share(self) -> float:
        """Share of the time that the line is in use for this device."""
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
    """Sums over the devices of one line. Seconds, bytes and requests are per cycle."""

    line: str
    devices: tuple[str, ...]
    unknown: tuple[str, ...]
    """Devices with profile ``auto``, which are not in the sums."""
    requests: int
    bytes_out: int
    bytes_in: int
    seconds: float
    share: float

    @property
    def warning(self) -> str:
        """Warning for an overloaded line; otherwise empty."""
        if self.share > 1:
            return (
                f"{self.line}: cannot carry its intervals: its devices need {self.share:.0%}"
                " of the time; make intervals longer"
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
