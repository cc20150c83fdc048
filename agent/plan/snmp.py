"""Planning of SNMP requests: instances in few GETs, the columns of a table in one walk."""

from collections.abc import Iterable

from agent.model import smi
from agent.model.values import GetOids, ReadRegisters, Request, WalkColumns
from agent.plan.records import Cost
from agent.profile.points import InfoField, Profile, SnmpPoint

SYS_DESCR = smi.oid("1.3.6.1.2.1.1.1.0")
SYS_OBJECT_ID = smi.oid("1.3.6.1.2.1.1.2.0")
SYS_UP_TIME = smi.oid("1.3.6.1.2.1.1.3.0")
SYS_NAME = smi.oid("1.3.6.1.2.1.1.5.0")

_COLUMNS_MAX = 10  # columns per GETBULK; more would leave space for few rows


def _info_fields(profile: Profile) -> list[InfoField]:
    return [field for fields in profile.info.values() for field in fields]


def identity(profile: Profile) -> Iterable[Request]:
    """Return the requests that identify the device."""
    fields = _info_fields(profile)
    instances = [SYS_DESCR, SYS_OBJECT_ID, SYS_NAME]
    instances += [field.oid for field in fields if field.oid is not None and not field.column]
    columns = {field.oid for field in fields if field.oid is not None and field.column}
    columns |= {field.by for field in fields if field.by is not None}
    yield from _gets(instances, profile.limits.oids_max, 0.0)
    yield from _walks(columns, 0.0, profile.limits.repetitions_max)


def requests(profile: Profile) -> Iterable[Request]:
    """Collect each OID once, at its shortest interval."""
    instances: dict[bytes, float] = {}
    columns: dict[bytes, float] = {}

    def add(oid: bytes, interval_s: float, *, scalar: bool) -> None:
        target = instances if scalar else columns
        target[oid] = min(interval_s, target.get(oid, interval_s))

    add(SYS_UP_TIME, 0.0, scalar=True)  # shows a reboot in the cycle after it
    used: dict[str, None] = {}
    for point in profile.points:
        assert isinstance(point, SnmpPoint)  # noqa: S101 - from compile_snmp
        add(point.oid, point.interval_s, scalar=point.index is None)
        used.update(dict.fromkeys(point.lookups))
    for name in sorted(used):
        lookup = profile.lookups[name]
        if lookup.oid:
            add(lookup.oid, lookup.interval_s, scalar=lookup.scalar)
    for interval in sorted({*instances.values(), *columns.values()}):
        wanted = [oid for oid, often in instances.items() if often == interval]
        yield from _gets(wanted, profile.limits.oids_max, interval)
        walked = [oid for oid, often in columns.items() if often == interval]
        yield from _walks(walked, interval, profile.limits.repetitions_max)


def _gets(oids: Iterable[bytes], most: int, interval_s: float) -> Iterable[GetOids]:
    listed = list(dict.fromkeys(oids))
    for start in range(0, len(listed), most):
        yield GetOids(tuple(listed[start : start + most]), interval_s)


def _walks(
    columns: Iterable[bytes], interval_s: float, repetitions_max: int | None
) -> Iterable[WalkColumns]:
    """Yield walks of the columns of each table together: they have the same rows."""
    tables: dict[tuple[int, ...], list[bytes]] = {}
    for column in columns:
        tables.setdefault(smi.decode_subids(column)[:-1], []).append(column)
    for table in sorted(tables):
        members = sorted(tables[table], key=smi.decode_subids)
        for start in range(0, len(members), _COLUMNS_MAX):
            chosen = tuple(members[start : start + _COLUMNS_MAX])
            yield WalkColumns(chosen, interval_s, repetitions_max)


def costs(profile: Profile, wanted: Iterable[Request]) -> list[Cost]:
    """Return the cost of each request: the OIDs with the headers of RFC 3416, one row a column."""
    found = []
    for request in wanted:
        assert not isinstance(request, ReadRegisters)  # noqa: S101 - of an SNMP profile
        oids = request.oids if isinstance(request, GetOids) else request.columns
        points = sum(isinstance(p, SnmpPoint) and p.oid in oids for p in profile.points)
        out = 30 + sum(len(oid) + 6 for oid in oids)
        found.append(Cost(request, points, out, out + 6 * len(oids)))
    return found
