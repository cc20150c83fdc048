"""Checks of a profile for its author: by itself, and with recordings of devices.

By itself: every request is within the device's limits, every conversion can be inverted. With a
recording: the recorded device is read as the agent would read it, without a socket.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from agent.authoring.snmprec_read import Warn, read_recording
from agent.model import smi
from agent.model.catalogue import Kind
from agent.model.errors import ConfigError, Problem, UnknownDevice
from agent.model.values import (
    Failure,
    GetOids,
    Quality,
    Reading,
    ReadRegisters,
    VarBind,
    WalkColumns,
)
from agent.normalise.convert import IDENTITY, convert, linear, to_native
from agent.parse.yaml_source import Key, load
from agent.plan import Plan, make_plan
from agent.poll.identify import identify
from agent.poll.reader import DeviceReader
from agent.profile.library import Library
from agent.profile.points import ModbusPoint, Profile, SnmpPoint
from agent.transport.memory import MemoryTransport

VENDORS = smi.oid("1.3.6.1.4.1")
_SAMPLES = (0, 1, 2, 3, 10, 50, 100, 230, 500, 1000, 2300, 10_000, 50_000, 230_000, 1_000_000)
_RELATIVE_ERROR = 1e-9
_SOURCE_MIN = 10  # characters; a shorter text does not name a document


@dataclass(frozen=True, slots=True)
class Witness:
    """The result of reading one recording with a profile.

    ``found`` is the profile that ``auto`` selects (None if no profile fits). Of the recording's
    ``vendor_rows`` (below 1.3.6.1.4.1), ``read_rows`` become readings and ``helper_rows`` help to
    read others: names, units, identity.
    """

    recording: str
    found: str | None
    readings: tuple[Reading, ...]
    failures: tuple[Failure, ...]
    vendor_rows: int
    read_rows: int
    helper_rows: int

    def count(self, quality: Quality) -> int:
        """Return the number of readings of this quality."""
        return sum(reading.quality is quality for reading in self.readings)

    @property
    def duplicates(self) -> list[str]:
        """Series that occur more than once."""
        keys = Counter((r.metric, tuple(sorted(r.labels.items()))) for r in self.readings)
        return [
            f"{metric}{{{', '.join(f'{name}={text}' for name, text in labels)}}}"
            for (metric, labels), count in keys.items()
            if count > 1
        ]

    @property
    def implausible(self) -> list[str]:
        """Readings that are physically impossible, by a wrong scale or an unknown sentinel."""
        return [f"{r.metric}: {r.reason}" for r in self.readings if "is implausible" in r.reason]

    @property
    def problems(self) -> list[str]:
        """The problems of the profile that this recording shows; empty without one."""
        found = [f"{failure.kind}: {failure.message}" for failure in self.failures]
        found += [f"the same series twice: {each}" for each in self.duplicates]
        found += self.implausible
        if not self.count(Quality.GOOD) and not self.count(Quality.UNCERTAIN):
            found.append("the profile reads nothing of the recording")
        return found


async def read_recorded(
    profile: Profile, recording: Path, library: Library, warn: Warn | None = None
) -> Witness:
    """Read the device that was recorded with ``profile``.

    Raises ConfigError for a file that is not a recording, or for a profile of another protocol.
    """
    if profile.protocol != "snmp":
        raise ConfigError(
            f"{profile.name} is a {profile.protocol} profile: only SNMP devices can be recorded"
        )
    rows = read_recording(recording, warn)
    transport = MemoryTransport({oid: (tag, value) for oid, tag, value in rows})
    found: str | None = None
    with suppress(UnknownDevice):
        found = (await identify(transport, "snmp", [*library.all(), profile])).profile.name
    own_library = Library({profile.name: Path(profile.file)}, {}, {profile.name: profile})
    reader = DeviceReader(str(recording), "snmp", profile.name, own_library, transport.opened)
    read = await reader.read(0.0)
    return Witness(str(recording), found, read.readings, read.failures, *shares(profile, rows))


def shares(profile: Profile, rows: Iterable[VarBind]) -> tuple[int, int, int]:
    """Return numbers of vendor rows: all, those that become readings, those that only help."""
    plan = make_plan(profile)
    points = _ends(p.oid for p in profile.points if isinstance(p, SnmpPoint) and not p.skip)
    asked = _ends(oid for request in (*plan.identity, *plan.requests) for oid in _oids(request))
    vendor = [oid for oid, tag, _ in rows if oid.startswith(VENDORS) and tag not in smi.MISSING]
    read = sum(oid.startswith(points) for oid in vendor)
    return len(vendor), read, sum(oid.startswith(asked) for oid in vendor) - read


def _ends(oids: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(oids))


def _oids(request: GetOids | WalkColumns | ReadRegisters) -> tuple[bytes, ...]:
    if isinstance(request, ReadRegisters):
        return ()
    return request.oids if isinstance(request, GetOids) else request.columns


# --- by itself ---------------------------------------------------------------------------------


def unsaid(profile: Profile) -> list[Problem]:
    """Return what is missing in a profile's file before it can be shipped."""
    file = Path(profile.file)
    document = load(file)
    found = [document.problem(key, message) for key, message in _unsaid(profile)]
    verified = file.read_text(encoding="utf-8").splitlines()[document.line(("verified",)) - 1]
    if profile.verified == "recording" and "#" not in verified:
        message = "name the models that were recorded in a comment on this line"
        found.append(document.problem(("verified",), message))
    return found


def _unsaid(profile: Profile) -> Iterator[tuple[Key, str]]:
    if len(profile.source.strip()) < _SOURCE_MIN:
        yield ("source",), "name the MIB, the register map or the datasheet"
    if not profile.title.strip():
        yield ("title",), "write the name of the device"
    if not profile.identify:
        yield ("identify",), "is missing: add a rule by which the agent recognises the device"
    for name in ("vendor", "model"):
        if name not in profile.info:
            yield ("info", name), f"is missing: write the {name}, or where to read it"
    used = {lookup for p in profile.points if isinstance(p, SnmpPoint) for lookup in p.lookups}
    for name in sorted(set(profile.lookups) - used):
        yield ("lookups", name), "is used by no point"


def check_itself(profile: Profile) -> list[str]:
    """Return the problems of the requests and conversions of ``profile``."""
    plan = make_plan(profile)
    return [*_over_limits(profile, plan), *_unasked(profile, plan), *_one_way(profile)]


def _unasked(profile: Profile, plan: Plan) -> Iterator[str]:
    """Yield the points that no request reads."""
    oids = {oid for request in plan.requests for oid in _oids(request)}
    blocks = [request for request in plan.requests if isinstance(request, ReadRegisters)]
    for point in profile.points:
        if isinstance(point, SnmpPoint):
            asked = point.oid in oids
            place = smi.dotted(point.oid)
        else:
            place = _place(point)
            asked = point.derived is not None or any(
                block.table == point.table
                and block.address <= point.address
                and point.address + point.count <= block.address + block.count
                for block in blocks
            )
        if not asked:
            yield f"{point.metric.name} from {place}: no request reads it"


def _over_limits(profile: Profile, plan: Plan) -> Iterator[str]:
    limits = profile.limits
    for request in (*plan.identity, *plan.requests):
        if isinstance(request, GetOids) and len(request.oids) > limits.oids_max:
            yield f"a GET has {len(request.oids)} OIDs, the limit is {limits.oids_max}"
        if isinstance(request, ReadRegisters):
            most = limits.bits_max if _is_bits(request) else limits.registers_max
            last = request.address + request.count - 1
            place = f"{request.table} {request.address}..{last}"
            if request.count > most:
                yield f"{place}: {request.count} in one read, the limit is {most}"
            if any(low <= last and request.address <= high for low, high in limits.forbidden):
                yield f"{place}: includes forbidden registers"


def _is_bits(request: ReadRegisters) -> bool:
    return request.table in ("coil", "discrete")


def _one_way(profile: Profile) -> Iterator[str]:
    """Yield the points whose conversion cannot be inverted or gives no value."""
    for point in profile.points:
        place = smi.dotted(point.oid) if isinstance(point, SnmpPoint) else _place(point)
        if isinstance(point, SnmpPoint) and point.skip:
            continue
        if point.metric.kind is not Kind.INFO:
            fault = _states_fault(point) if _is_mapped(point) else _number_fault(point)
            if fault:
                yield f"{point.metric.name} from {place}: {fault}"


def _place(point: ModbusPoint) -> str:
    return "other points" if point.derived is not None else f"{point.table} {point.address}"


def _is_mapped(point: SnmpPoint | ModbusPoint) -> bool:
    return point.metric.kind is Kind.STATE or point.values is not None


def _states_fault(point: SnmpPoint | ModbusPoint) -> str:
    for raw, name in (point.states or point.values or {}).items():
        if raw in point.absent:
            continue
        value, reason = convert(point, raw, IDENTITY)
        if value != name:
            return f"raw {raw!r} becomes {value!r} {reason}"
        back = to_native(point, name, IDENTITY)
        if convert(point, back, IDENTITY)[0] != name:
            return f"{name!r} cannot be converted back"
    return ""


def _number_fault(point: SnmpPoint | ModbusPoint) -> str:
    conversion = point.conversion
    if conversion.scale_lookup or conversion.digits_lookup or conversion.unit_lookup:
        return ""  # depends on the device's answers
    to_base = linear(conversion, {})
    if isinstance(to_base, str):
        return to_base
    plausible = False
    for raw in _SAMPLES:
        value, _ = convert(point, raw, to_base)
        if not isinstance(value, int | float):
            continue
        plausible = True
        back = to_native(point, value, to_base)
        if not math.isclose(float(back), raw, rel_tol=_RELATIVE_ERROR, abs_tol=1e-6):
            return f"raw {raw} becomes {value:g} {point.metric.unit}, and that {back}"
    return "" if plausible else "no raw value that was tried is plausible: check scale and unit"
