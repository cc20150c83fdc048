"""The frozen records that flow through the agent: request, raw answer, block of readings, result.

Answers of a table are kept as columns, not as an object per cell: a ``Block`` pairs the set of
series it describes (compiled once, shared between polls) with this poll's values.
``Block.readings()`` unfolds it where a person or a JSON document wants one record per value.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from agent.model.series import SeriesSet, Source

VarBind = tuple[bytes, int, int | bytes | None]
"""One SNMP variable: OID (BER content octets), ASN.1 tag, value (INTEGER types as int)."""

Raw = int | float | str | bytes | tuple[int, ...] | None
"""The raw value of one reading as received: an SNMP value or the registers."""

Value = float | int | str | None
"""A normalised value: a number in the base unit, a state name, or None if the quality is bad."""


class Quality(StrEnum):
    """The trustworthiness of a reading."""

    GOOD = "good"
    UNCERTAIN = "uncertain"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class GetOids:
    """Read single SNMP instances in one GET. OIDs are BER content octets."""

    oids: tuple[bytes, ...]
    interval_s: float = 0.0


@dataclass(frozen=True, slots=True)
class WalkColumns:
    """Walk SNMP table columns side by side with GETBULK. OIDs are BER content octets.

    ``repetitions_max`` limits the rows of one answer; None leaves it to the transport.
    """

    columns: tuple[bytes, ...]
    interval_s: float = 0.0
    repetitions_max: int | None = None


Part = tuple[int, int]
"""Registers (or bits) that are read or lost together: 0-based address and count."""


@dataclass(frozen=True, slots=True)
class ReadRegisters:
    """Read one block of Modbus registers or bits (``table``: holding, input, coil, discrete).

    ``address`` is 0-based as on the wire; ``count`` is in registers (or bits). ``parts`` are
    the needed parts of the block, sorted; without any, the whole block is needed.
    """

    table: str
    address: int
    count: int
    interval_s: float = 0.0
    parts: tuple[Part, ...] = ()


Request = GetOids | WalkColumns | ReadRegisters
"""One exchange with a device. ``interval_s`` 0 means every cycle."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The reason why something was not read; ``kind`` is a DeviceError kind or ``decode``."""

    kind: str
    message: str


_NOTHING_LOST: Mapping[Part, str] = {}


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one request.

    ``payload`` is one list of varbinds per walked column (one list for a GET), or the register
    bytes, two per register, high byte first (one byte per bit for coils and discrete inputs).
    ``failures`` lists parts that failed while the rest arrived. ``lost`` gives, by part of a block,
    the reason why its registers are missing (ignore their bytes in the payload).
    ``observed_at`` is Unix time in seconds. ``octets`` is the size of the names and values of a
    walk.
    """

    request: Request
    payload: Sequence[Sequence[VarBind]] | bytes
    observed_at: float
    failures: tuple[Failure, ...] = ()
    lost: Mapping[Part, str] = field(default_factory=lambda: _NOTHING_LOST)
    octets: int = 0

    @property
    def has_content(self) -> bool:
        """True if any part of it came from the device."""
        parts = self.request.parts if isinstance(self.request, ReadRegisters) else ()
        return not self.lost or len(self.lost) < len(parts)


@dataclass(frozen=True, slots=True)
class Flaw:
    """The quality of a value that is not good, and the reason."""

    quality: Quality
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one series, with its quality and where it came from."""

    device: str
    metric: str
    labels: Mapping[str, str]
    value: Value
    unit: str
    quality: Quality
    reason: str
    observed_at: float
    source: Source
    raw: Raw


_NO_FLAWS: Mapping[int, Flaw] = {}


@dataclass(frozen=True, slots=True)
class Block:
    """The readings of one answer, as columns: ``series[i]`` read ``raws[i]``, worth ``values[i]``.

    ``flaws`` holds the few positions whose quality is not good.
    """

    series: SeriesSet
    values: Sequence[Value]
    raws: Sequence[Raw]
    observed_at: float
    flaws: Mapping[int, Flaw] = field(default_factory=lambda: _NO_FLAWS)

    def readings(self) -> Iterator[Reading]:
        """Yield every value as a record of its own."""
        for position, series in enumerate(self.series):
            flaw = self.flaws.get(position)
            yield Reading(
                device=series.device,
                metric=series.metric.name,
                labels=dict(series.labels),
                value=self.values[position],
                unit=series.metric.unit,
                quality=flaw.quality if flaw else Quality.GOOD,
                reason=flaw.reason if flaw else "",
                observed_at=self.observed_at,
                source=series.source,
                raw=self.raws[position],
            )


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity that a device reports; None for what it does not report."""

    vendor: str | None = None
    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    sys_object_id: str | None = None
    sys_descr: str | None = None
    sys_name: str | None = None


@dataclass(frozen=True, slots=True)
class PollResult:
    """One poll cycle of one device.

    ``blocks`` maps the position of each request in the plan to its readings. ``up`` is False if
    nothing answered. ``intervals_s`` gives, by position, the interval of a request; 0 means every
    cycle. ``late_s`` is the delay of its start. Times are in Unix seconds and seconds.
    """

    device: str
    up: bool
    blocks: Mapping[int, tuple[Block, ...]]
    failures: tuple[Failure, ...]
    started_at: float
    duration_s: float
    identity: Identity | None = None
    profile: str = ""
    kind: str = ""
    intervals_s: tuple[float, ...] = ()
    late_s: float = 0.0
