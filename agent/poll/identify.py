"""Identification of a device: the profiles that fit it, and the identity it reports."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agent.model import smi
from agent.model.errors import DeviceError, RequestRejected, TableTooLarge, UnknownDevice
from agent.model.values import Answer, GetOids, Identity, ReadRegisters, Request, VarBind
from agent.normalise.codec import decode_registers, decode_text
from agent.plan import SYS_DESCR, SYS_NAME, SYS_OBJECT_ID, Plan
from agent.poll.driver import DefaultDriver, Driver
from agent.profile.points import Identify, InfoField, Profile
from agent.transport.base import Transport

_Cell = tuple[int, int | bytes | None]

_MATCHED = 10  # for registers whose text matches, plus the length of the match
_FURTHER = 300  # for each further register that fits: more than the longest text
_UNIT = 3  # for a unit id that the profile names: less than for any text


@dataclass(frozen=True, slots=True)
class Candidate:
    """A profile that fits, with a score (higher is better) and the reason."""

    profile: Profile
    score: int
    why: str


@dataclass(frozen=True, slots=True)
class Identification:
    """Every profile that fits, best first, and the device's sysObjectID and sysDescr."""

    candidates: tuple[Candidate, ...]
    sys_object_id: str | None = None
    sys_descr: str | None = None
    sys_name: str | None = None

    @property
    def profile(self) -> Profile:
        """The best candidate's profile."""
        return self.candidates[0].profile


async def identify(
    transport: Transport, protocol: str, profiles: Iterable[Profile], unit: int | None = None
) -> Identification:
    """Read what identifies the device and match it with the profiles.

    ``unit`` is the Modbus unit id that it answers at, where that is known.
    Raises UnknownDevice if it answers but no profile fits, and like ``Transport.fetch``.
    """
    fitting = [profile for profile in profiles if profile.protocol == protocol]
    if protocol == "snmp":
        found = await _snmp(transport, fitting)
    else:
        found = await _modbus(transport, fitting, unit)
    if not found.candidates:
        reported = (
            f" (sysObjectID {found.sys_object_id}, {found.sys_descr!r})" if found.sys_descr else ""
        )
        raise UnknownDevice(
            f"the device answers, but no profile fits it{reported}; name one with 'profile'"
        )
    return found


async def _snmp(transport: Transport, profiles: Sequence[Profile]) -> Identification:
    cells = _cells(await transport.fetch(GetOids((SYS_OBJECT_ID, SYS_DESCR, SYS_NAME))))
    object_id = _object_id(cells.get(SYS_OBJECT_ID))
    descr = _text(cells.get(SYS_DESCR))
    matches = [
        (rule, candidate)
        for profile in profiles
        for rule in profile.identify
        if (candidate := _match(profile, rule, object_id, descr or "")) is not None
    ]
    probes = tuple(dict.fromkeys(rule.probe for rule, _ in matches if rule.probe is not None))
    present = _cells(await transport.fetch(GetOids(probes))) if probes else {}
    fitting = [match for rule, match in matches if rule.probe is None or rule.probe in present]
    return Identification(
        _ranked(fitting),
        sys_object_id=smi.dotted(object_id) if object_id else None,
        sys_descr=descr,
        sys_name=_text(cells.get(SYS_NAME)),
    )


def _ranked(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Return the candidates by their best rule, best first; equals stay in the given order."""
    ordered = sorted(candidates, key=lambda candidate: -candidate.score)
    best: dict[str, Candidate] = {}
    for candidate in ordered:
        best.setdefault(candidate.profile.name, candidate)
    return tuple(best.values())


def _match(profile: Profile, rule: Identify, object_id: bytes, descr: str) -> Candidate | None:
    """Match a rule: the longer sysObjectID prefix wins, then sysDescr; fallbacks are last."""
    described = rule.sys_descr.search(descr) if rule.sys_descr is not None else None
    if rule.sys_descr is not None and described is None:
        return None
    prefixes = [prefix for prefix in rule.sys_object_ids if object_id.startswith(prefix)]
    if rule.sys_object_ids and not prefixes:
        return None
    reasons = []
    score = 0
    if prefixes:
        best = max(prefixes, key=len)
        score += 10 * len(best)
        reasons.append(f"sysObjectID starts with {smi.dotted(best)}")
    if described is not None:
        score += 5
        reasons.append(f"sysDescr has {described.group(0)!r}")
    if rule.probe is not None:
        score += 3
        reasons.append(f"it has {smi.dotted(rule.probe)}")
    if not reasons:
        return Candidate(profile, 0, "generic fallback") if rule.fallback else None
    return Candidate(profile, score, " and ".join(reasons))


def _object_id(cell: _Cell | None) -> bytes:
    """Return the sysObjectID, also if a device sends it as text or with trailing garbage."""
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
    return {o: (tag, value) for row in rows for o, tag, value in row if value is not None}


async def _modbus(
    transport: Transport, profiles: Sequence[Profile], unit: int | None
) -> Identification:
    """Read the profiles' probe registers; a timeout ends it if nothing has answered yet.

    Profiles that name this unit id come first. If the text of one of them matches, the others are
    compared with what was read and no more is requested: each probe takes time on a slow line, and
    one that a device does not support can cost a timeout.
    """
    answers: dict[ReadRegisters, Answer | None] = {}
    at_home = [profile for profile in profiles if _at_home(profile, unit)]
    others = [profile for profile in profiles if not _at_home(profile, unit)]
    found = await _probed(transport, at_home, unit, answers)
    settled = any(candidate.score > _MATCHED for candidate in found)
    found += await _probed(None if settled else transport, others, unit, answers)
    return Identification(_ranked(found))


async def _probed(
    transport: Transport | None,
    profiles: Sequence[Profile],
    unit: int | None,
    answers: dict[ReadRegisters, Answer | None],
) -> list[Candidate]:
    """Return the profiles that fit; ``answers`` has earlier probes and gets the new ones.

    Without a transport no request is made.
    """
    candidates = []
    for profile in profiles:
        for rule in profile.identify:
            if rule.address is None or not _may_fit(profile, rule, unit):
                continue
            candidate: Candidate | None = None
            for part in (rule, *rule.also):
                answer = await _answered(transport, part, answers)
                found = None if answer is None else _fits(profile, part, answer, unit)
                candidate = found if part is rule or found is None else _both(candidate, found)
                if candidate is None:
                    break
            if candidate is not None:
                candidates.append(candidate)
    return candidates


async def _answered(
    transport: Transport | None, rule: Identify, answers: dict[ReadRegisters, Answer | None]
) -> Answer | None:
    """Return the answer to a rule's probe, which is asked once; None where there is no answer."""
    assert rule.address is not None  # noqa: S101 - the caller and the spec ask for it
    probe = ReadRegisters(rule.table, rule.address, rule.count)
    if probe not in answers and transport is not None:
        answers[probe] = await _ask(transport, probe, known=bool(answers))
    return answers.get(probe)


def _both(one: Candidate | None, other: Candidate) -> Candidate | None:
    """Return a candidate that fits in two ways, which counts more than any one of them."""
    if one is None:
        return None
    score = one.score + other.score + _FURTHER
    return Candidate(one.profile, score, f"{one.why} and {other.why}")


def _at_home(profile: Profile, unit: int | None) -> bool:
    """Return whether the profile names this unit id."""
    return unit is not None and any(low <= unit <= high for low, high in profile.serial.units)


def _may_fit(profile: Profile, rule: Identify, unit: int | None) -> bool:
    """Return whether a rule counts: a bare answer does only at the profile's unit ids."""
    named = unit is not None and bool(profile.serial.units)
    return rule.matches is not None or not named or _at_home(profile, unit)


async def _ask(transport: Transport, probe: ReadRegisters, *, known: bool) -> Answer | None:
    """Return the answer to a probe; None if a device that is ``known`` to answer does not."""
    try:
        return await transport.fetch(probe)
    except RequestRejected:
        return None
    except DeviceError:
        if not known:
            raise
        return None


def _fits(profile: Profile, rule: Identify, answer: Answer, unit: int | None) -> Candidate | None:
    """Score an answer: longer text wins, any text beats bare registers, then the unit id."""
    place = f"{rule.table} register {rule.address}"
    score = _UNIT if _at_home(profile, unit) else 0
    home = f" at a unit id of its own, {unit}" if score else ""
    if rule.matches is None:
        return Candidate(profile, score + 1, f"{place} answers{home}")
    assert isinstance(answer.payload, bytes)  # noqa: S101 - a register transport's answer
    if rule.data_type is None:
        text = decode_text(answer.payload)
    else:
        text = str(decode_registers(rule.data_type, "ABCD", answer.payload))
    found = rule.matches.search(text)
    if found is None:
        return None
    score += _MATCHED + len(found.group(0))
    return Candidate(profile, score, f"{place} says {text!r}{home}")


async def read_identity(
    transport: Transport, profile: Profile, plan: Plan, driver: Driver | None = None
) -> tuple[Identity, tuple[DeviceError, ...]]:
    """Read vendor, model, serial and firmware as the profile defines; refused parts stay None.

    Raises like ``Transport.fetch``, except RequestRejected and TableTooLarge.
    """
    cells: dict[bytes, _Cell] = {}
    blocks: dict[ReadRegisters, Answer] = {}
    refused: list[DeviceError] = []
    for request in plan.identity:
        try:
            answer = await (driver or DefaultDriver()).read(request, transport)
        except (RequestRejected, TableTooLarge) as error:
            refused.append(error)
            continue
        if isinstance(answer.payload, bytes):
            blocks[_registers(request)] = answer
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
    source: InfoField, cells: dict[bytes, _Cell], blocks: Mapping[ReadRegisters, Answer]
) -> str | None:
    text = source.text
    if source.oid is not None and source.column:
        texts = (_text(cell) for cell in _column(source, source.oid, cells))
        text = next((found for found in texts if found), None)
    elif source.oid is not None:
        text = _text(cells.get(source.oid))
    elif source.address is not None:
        text = _register_text(source, source.address, blocks)
    if text and source.pattern is not None:
        found = source.pattern.search(text)
        text = found.group(1) if found else None
    return text.strip() or None if text else None


def _column(source: InfoField, column: bytes, cells: Mapping[bytes, _Cell]) -> Sequence[_Cell]:
    """Return the cells of the selected rows, the preferred first, else by index."""
    ranked: list[tuple[int, tuple[int, ...], _Cell]] = []
    for name, cell in cells.items():
        if not name.startswith(column):
            continue
        rank = 0
        if source.by is not None:
            beside = _text(cells.get(source.by + name[len(column) :]))
            if beside not in source.among:
                continue
            rank = source.among.index(beside)
        ranked.append((rank, tuple(smi.decode_subids(name)), cell))
    return [cell for _, _, cell in sorted(ranked, key=lambda row: row[:2])]


def _register_text(
    source: InfoField, address: int, blocks: Mapping[ReadRegisters, Answer]
) -> str | None:
    part = (address, source.count)
    for request, answer in blocks.items():
        if request.table == source.table and part in request.parts and part not in answer.lost:
            assert isinstance(answer.payload, bytes)  # noqa: S101 - a register transport's answer
            start = 2 * (address - request.address)
            octets = answer.payload[start : start + 2 * source.count]
            value = decode_registers(source.data_type, source.byte_order, octets)
            return None if value is None else str(value)
    return None
