"""Results of planning: the requests of one device, and their costs."""

from dataclasses import dataclass

from agent.model.values import Request


@dataclass(frozen=True, slots=True)
class Plan:
    """Requests to one device: ``identity`` once, ``requests`` every cycle or ``interval_s``."""

    identity: tuple[Request, ...]
    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """The minimum cost of one request. ``points`` is a number of profile points, not of table rows.

    ``seconds`` is the time the line is in use (Modbus; 0 for SNMP, which shares no line).
    """

    request: Request
    points: int
    bytes_out: int
    bytes_in: int
    seconds: float = 0.0
