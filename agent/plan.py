"""Profile to requests: which OIDs and registers to ask for, how often, in how few exchanges."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent import smi
from agent.profile.points import InfoField, ModbusPoint, Profile, SnmpPoint
from agent.values import GetOids, ReadRegisters, Request, WalkColumns

SYS_DESCR = smi.oid("1.3.6.1.2.1.1.1.0")
SYS_OBJECT_ID = smi.oid("1.3.6.1.2.1.1.2.0")
SYS_UP_TIME = smi.oid("1.3.6.1.2.1.1.3.0")
SYS_NAME = smi.oid("1.3.6.1.2.1.1.5.0")

_COLUMNS_MAX = 10  # GETBULK columns side by side; more would crowd out rows


@dataclass(frozen=True, slots=True)
class Plan:
    """What one device is asked: ``identity`` once, the rest every cycle or ``interval_s``."""

    identity: tuple[Request, ...]
    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one request costs at the least. ``points`` may be rows of a table not yet known."""

    request: Request
    points: int
    bytes_out: int
    bytes_in: int


def make_plan(profile: Profile) -> Plan:
    """The requests of ``profile``: fast ones first, then the slow ones."""
    if profile.protocol == "snmp":
        return Plan(tuple(_snmp_identity(profile)), tuple(_snmp_requests(profile)))
    return Plan(tuple(_modbus_identity(profile)), tuple(_modbus_requests(profile)))


def _info_fields(profile: Profile) -> list[InfoField]:
    return [field for fields in profile.info.values() for field in fields]


def _snmp_identity(profile: Profile) -> Iterable[Request]:
    fields = _info_fields(profile)
    instances = [SYS_DESCR, SYS_OBJECT_ID, SYS_NAME]
    instances += [field.oid for field in fields if field.oid is not None and not field.column]
    columns = {field.oid for field in fields if field.oid is not None and field.column}
    yield from _gets(instances, profile.limits.oids_max, 0.0)
    for column in sorted(columns):
        yield WalkColumns((column,))


def _snmp_requests(profile: Profile) -> Iterable[Request]:
    """Each OID once, as often as whoever wants it most often."""
    instances: dict[bytes, float] = {}
    columns: dict[bytes, float] = {}

    def want(oid: bytes, interval_s: float, *, scalar: bool) -> None:
        target = instances if scalar else columns
        target[oid] = min(interval_s, target.get(oid, interval_s))

    want(SYS_UP_TIME, 0.0, scalar=True)  # tells a reboot in the cycle after it
    used: dict[str, None] = {}
    for point in profile.points:
        assert isinstance(point, SnmpPoint)  # noqa: S101 - compile_snmp made them
        want(point.oid, point.interval_s, scalar=point.index is None)
        used.update(dict.fromkeys(point.lookups))
    for name in sorted(used):
        lookup = profile.lookups[name]
        if lookup.part is None:
            want(lookup.oid, lookup.interval_s, scalar=lookup.scalar)
    for interval in sorted({*instances.values(), *columns.values()}):
        wanted = [oid for oid, often in instances.items() if often == interval]
        yield from _gets(wanted, profile.limits.oids_max, interval)
        yield from _walks([oid for oid, often in columns.items() if often == interval], interval)


def _gets(oids: Iterable[bytes], most: int, interval_s: float) -> Iterable[GetOids]:
    listed = list(dict.fromkeys(oids))
    for start in range(0, len(listed), most):
        yield GetOids(tuple(listed[start : start + most]), interval_s)


def _walks(columns: Iterable[bytes], interval_s: float) -> Iterable[WalkColumns]:
    """Columns of one table side by side: they share their rows, so no answer is wasted."""
    tables: dict[tuple[int, ...], list[bytes]] = {}
    for column in columns:
        tables.setdefault(smi.decode_subids(column)[:-1], []).append(column)
    for table in sorted(tables):
        members = sorted(tables[table], key=smi.decode_subids)
        for start in range(0, len(members), _COLUMNS_MAX):
            yield WalkColumns(tuple(members[start : start + _COLUMNS_MAX]), interval_s)


def _modbus_identity(profile: Profile) -> Iterable[Request]:
    wanted = [
        (field.table, field.address, field.count)
        for field in _info_fields(profile)
        if field.address is not None
    ]
    yield from _blocks(wanted, profile, 0.0)


def _modbus_requests(profile: Profile) -> Iterable[Request]:
    intervals: dict[float, list[tuple[str, int, int]]] = {}
    for point in profile.points:
        assert isinstance(point, ModbusPoint)  # noqa: S101 - compile_modbus made them
        wanted = intervals.setdefault(point.interval_s, [])
        wanted.append((point.table, point.address, point.count))
    for interval in sorted(intervals):
        yield from _blocks(intervals[interval], profile, interval)


def _blocks(
    wanted: Sequence[tuple[str, int, int]], profile: Profile, interval_s: float
) -> Iterable[ReadRegisters]:
    """Join neighbours while the gap, the block limit and the forbidden ranges allow."""
    limits = profile.limits
    current: tuple[str, int, int] | None = None
    for table, address, count in sorted(set(wanted)):
        end = address + count
        if current is not None:
            same, first, stop = current
            gap = address - stop
            joined = max(stop, end)
            if (
                same == table
                and gap <= limits.gap_max
                and joined - first <= limits.registers_max
                and not any(low < address and high >= stop for low, high in limits.forbidden)
            ):
                current = (table, first, joined)
                continue
            yield ReadRegisters(same, first, stop - first, interval_s)
        current = (table, address, end)
    if current is not None:
        same, first, stop = current
        yield ReadRegisters(same, first, stop - first, interval_s)


def costs(profile: Profile, plan: Plan) -> list[Cost]:
    """The least each request of ``plan`` costs in bytes of payload on the wire.

    SNMP: message, PDU and varbind headers of RFC 3416 around the OIDs, one row per column.
    Modbus TCP: MBAP header (7), function, address and count; two bytes per register back.
    """
    found = []
    for request in plan.requests:
        if isinstance(request, ReadRegisters):
            span = range(request.address, request.address + request.count)
            points = sum(
                isinstance(p, ModbusPoint)
                and p.table == request.table
                and p.address in span
                and p.interval_s == request.interval_s
                for p in profile.points
            )
            found.append(Cost(request, points, 12, 9 + 2 * request.count))
            continue
        oids = request.oids if isinstance(request, GetOids) else request.columns
        points = sum(isinstance(p, SnmpPoint) and p.oid in oids for p in profile.points)
        out = 30 + sum(len(oid) + 6 for oid in oids)
        found.append(Cost(request, points, out, out + 6 * len(oids)))
    return found
