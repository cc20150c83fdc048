"""Which profile fits the device that answers, and what the device says of itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent import smi
from agent.codec import decode_registers, decode_text
from agent.errors import DeviceError, RequestRejected, UnknownDevice
from agent.plan import SYS_DESCR, SYS_NAME, SYS_OBJECT_ID, Plan
from agent.profile.points import InfoField, Profile
from agent.transport.base import Transport
from agent.values import Answer, GetOids, Identity, ReadRegisters, Request, VarBind

_Cell = tuple[int, int | bytes | None]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A profile that fits, how well (higher is better) and why."""

    profile: Profile
    score: int
    why: str


@dataclass(frozen=True, slots=True)
class Identification:
    """Every profile that fits, best first, and the device's own words."""

    candidates: tuple[Candidate, ...]
    sys_object_id: str | None = None
    sys_descr: str | None = None
    sys_name: str | None = None

    @property
    def profile(self) -> Profile:
        """The best candidate's profile."""
        return self.candidates[0].profile


async def identify(
    transport: Transport, protocol: str, profiles: Iterable[Profile]
) -> Identification:
    """Ask the device who it is and match the library.

    Raises UnknownDevice when it answers but nothing fits, and what ``Transport.fetch`` raises.
    """
    fitting = [profile for profile in profiles if profile.protocol == protocol]
    found = await (_snmp if protocol == "snmp" else _modbus)(transport, fitting)
    if not found.candidates:
        said = (
            f" (sysObjectID {found.sys_object_id}, {found.sys_descr!r})" if found.sys_descr else ""
        )
        raise UnknownDevice(
            f"the device answers, but no profile fits it{said}; name one with 'profile'"
        )
    return found


async def _snmp(transport: Transport, profiles: Sequence[Profile]) -> Identification:
    answer = await transport.fetch(GetOids((SYS_OBJECT_ID, SYS_DESCR, SYS_NAME)))
    cells = _cells(answer)
    object_id = _object_id(cells.get(SYS_OBJECT_ID))
    descr = _text(cells.get(SYS_DESCR))
    candidates = []
    for profile in profiles:
        candidate = _match(profile, object_id, descr or "")
        if candidate is None:
            continue
        probe = profile.identify.probe
        if probe is not None and probe not in _cells(await transport.fetch(GetOids((probe,)))):
            continue
        candidates.append(candidate)
    candidates.sort(key=lambda candidate: (-candidate.score, candidate.profile.name))
    return Identification(
        tuple(candidates),
        sys_object_id=smi.dotted(object_id) if object_id else None,
        sys_descr=descr,
        sys_name=_text(cells.get(SYS_NAME)),
    )


def _match(profile: Profile, object_id: bytes, descr: str) -> Candidate | None:
    """A longer sysObjectID prefix beats a shorter one; sysDescr breaks the tie; fallbacks are last."""
    rule = profile.identify
    described = rule.sys_descr.search(descr) if rule.sys_descr is not None else None
    if rule.sys_descr is not None and described is None:
        return None
    prefixes = [p for p in rule.sys_object_ids if _starts(object_id, p)]
    if prefixes:
        best = max(prefixes, key=len)
        why = f"sysObjectID starts with {smi.dotted(best)}"
        if described is not None:
            why += f" and sysDescr has {described.group(0)!r}"
        return Candidate(profile, 10 * len(best) + (1 if described else 0), why)
    if rule.sys_object_ids:
        return None
    if described is not None:
        return Candidate(profile, 5, f"sysDescr has {described.group(0)!r}")
    if rule.probe is not None:
        return Candidate(profile, 3, f"it has {smi.dotted(rule.probe)}")
    if rule.fallback:
        return Candidate(profile, 0, "nothing more specific fits")
    return None


def _starts(object_id: bytes, prefix: bytes) -> bool:
    return object_id.startswith(prefix)


def _object_id(cell: _Cell | None) -> bytes:
    """The sysObjectID, also where a device sends it as text or with junk behind it."""
    if cell is None:
        return b""
    tag, octets = cell
    if not isinstance(octets, bytes):
        return b""
    if tag == smi.OBJECT_ID:
        return octets
    try:
        return smi.oid(decode_text(octets).strip())
    except ValueError:
        return b""


def _text(cell: _Cell | None) -> str | None:
    if cell is None:
        return None
    tag, value = cell
    if not isinstance(value, bytes):
        return None if value is None else str(value)
    return (smi.dotted(value) if tag == smi.OBJECT_ID else decode_text(value)) or None


def _cells(answer: Answer) -> dict[bytes, _Cell]:
    rows: Sequence[Sequence[VarBind]] = () if isinstance(answer.payload, bytes) else answer.payload
    return {o: (tag, value) for row in rows for o, tag, value in row if tag not in smi.MISSING}


async def _modbus(transport: Transport, profiles: Sequence[Profile]) -> Identification:
    candidates = []
    silent: DeviceError | None = None
    answered = False
    for profile in profiles:
        rule = profile.identify
        if rule.address is None:
            continue
        try:
            answer = await transport.fetch(ReadRegisters(rule.table, rule.address, rule.count))
        except RequestRejected:
            answered = True
            continue
        except DeviceError as error:
            if not answered:
                raise
            silent = error
            continue
        answered = True
        candidate = _probe(profile, answer)
        if candidate is not None:
            candidates.append(candidate)
    if silent is not None and not candidates:
        raise silent
    candidates.sort(key=lambda candidate: (-candidate.score, candidate.profile.name))
    return Identification(tuple(candidates))


def _probe(profile: Profile, answer: Answer) -> Candidate | None:
    rule = profile.identify
    place = f"{rule.table} register {rule.address}"
    if rule.matches is None:
        return Candidate(profile, 1, f"{place} answers")
    assert isinstance(answer.payload, bytes)  # noqa: S101 - a register transport's answer
    text = decode_text(answer.payload)
    if not rule.matches.search(text):
        return None
    return Candidate(profile, 2, f"{place} says {text!r}")


async def read_identity(
    transport: Transport, profile: Profile, plan: Plan
) -> tuple[Identity, tuple[DeviceError, ...]]:
    """Vendor, model, serial and firmware as the profile reads them; refused parts stay None.

    Raises what ``Transport.fetch`` raises, except RequestRejected.
    """
    cells: dict[bytes, _Cell] = {}
    blocks: dict[ReadRegisters, bytes] = {}
    refused: list[DeviceError] = []
    for request in plan.identity:
        try:
            answer = await transport.fetch(request)
        except RequestRejected as error:
            refused.append(error)
            continue
        if isinstance(answer.payload, bytes):
            blocks[_registers(request)] = answer.payload
        else:
            cells.update(_cells(answer))
    fields = {
        name: next((text for source in sources if (text := _field(source, cells, blocks))), None)
        for name, sources in profile.info.items()
    }
    object_id = _object_id(cells.get(SYS_OBJECT_ID))
    identity = Identity(
        vendor=fields.get("vendor"),
        model=fields.get("model"),
        serial=fields.get("serial"),
        firmware=fields.get("firmware"),
        sys_object_id=smi.dotted(object_id) if object_id else None,
        sys_descr=_text(cells.get(SYS_DESCR)),
        sys_name=_text(cells.get(SYS_NAME)),
    )
    return identity, tuple(refused)


def _registers(request: Request) -> ReadRegisters:
    assert isinstance(request, ReadRegisters)  # noqa: S101 - bytes only answer registers
    return request


def _field(
    source: InfoField, cells: dict[bytes, _Cell], blocks: dict[ReadRegisters, bytes]
) -> str | None:
    text = source.text
    if source.oid is not None and source.column:
        rows = ((o, cell) for o, cell in cells.items() if o.startswith(source.oid))
        texts = (_text(cell) for _, cell in sorted(rows, key=lambda row: smi.decode_subids(row[0])))
        text = next((found for found in texts if found), None)
    elif source.oid is not None:
        text = _text(cells.get(source.oid))
    elif source.address is not None:
        text = _register_text(source, source.address, blocks)
    if text and source.pattern is not None:
        found = source.pattern.search(text)
        text = found.group(1) if found else None
    return text.strip() or None if text else None


def _register_text(
    source: InfoField, address: int, blocks: dict[ReadRegisters, bytes]
) -> str | None:
    for request, payload in blocks.items():
        start = 2 * (address - request.address)
        inside = request.address <= address and start + 2 * source.count <= len(payload)
        if request.table == source.table and inside:
            octets = payload[start : start + 2 * source.count]
            value = decode_registers(source.data_type, source.byte_order, octets)
            return None if value is None else str(value)
    return None
