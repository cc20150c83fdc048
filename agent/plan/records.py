"""What planning yields: the requests of one device, and what each of them costs."""

from dataclasses import dataclass

from agent.model.values import Request


@dataclass(frozen=True, slots=True)
class Plan:
    """What one device is asked: ``identity`` once, the rest every cycle or ``interval_s``."""

    identity: tuple[Request, ...]
    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one request costs at the least. ``points`` may be rows of a table not yet known.

    ``seconds`` is how long it takes the line (Modbus; 0 for SNMP, which shares no line).
    """

    request: Request
    points: int
    bytes_out: int
    bytes_in: int
    seconds: float = 0.0
