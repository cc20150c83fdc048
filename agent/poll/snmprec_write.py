"""Recordings of SNMP devices as ``.snmprec`` lines; data that identify the owner are masked.

The format is the one of snmpsim: ``OID|tag|value``, the tag with an ``x`` where the value is in
hexadecimal. ``rackagent simulate --recording`` replays a recording, and ``rackagent profiles test``
tests a new profile with it.
"""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agent.model import smi
from agent.model.errors import DeviceError, DeviceTimeout, RequestRejected
from agent.model.values import Answer, Failure, VarBind, WalkColumns
from agent.transport.base import Transport

_FAULTS_MAX = 100  # of one root
_ARC_MAX = 2**32 - 1
MASK = "<private>"
_ROOTS = (smi.oid("1.0"), smi.oid("1.2"), smi.oid("1.3"))  # the LLDP MIB is below 1.0
_MASKED = tuple(
    smi.oid(dotted)
    for dotted in (
        "1.3.6.1.2.1.1.4",  # sysContact
        "1.3.6.1.2.1.1.5",  # sysName
        "1.3.6.1.2.1.1.6",  # sysLocation
        "1.3.6.1.2.1.47.1.1.1.1.11",  # entPhysicalSerialNum
        "1.0.8802.1.1.2.1.4.1.1.9",  # lldpRemSysName
    )
)
_LEFT_OUT = tuple(
    smi.oid(dotted)
    for dotted in (
        "1.3.6.1.2.1.3",  # addresses, routes and neighbours
        "1.3.6.1.2.1.4",
        "1.3.6.1.2.1.6",  # TCP and UDP peers
        "1.3.6.1.2.1.7",
        "1.3.6.1.6.3.15",  # USM users
        "1.3.6.1.6.3.16",  # access control (VACM)
    )
)


@dataclass(frozen=True, slots=True)
class Recording:
    """The variables of a device in the order of their OIDs, and the failures of the walk."""

    varbinds: tuple[VarBind, ...]
    failures: tuple[Failure, ...]


async def record(transport: Transport) -> Recording:
    """Walk all variables. Raises like ``Transport.fetch`` if nothing answers.

    At a fault the walk goes on behind it: behind the smallest subtree that holds the last row, then
    behind larger ones, and behind the whole tree where recordings leave it out.
    """
    varbinds: list[VarBind] = []
    failures: list[Failure] = []
    for root in _ROOTS:
        answer = await transport.fetch(WalkColumns((root,)))
        level = 0
        for _ in range(_FAULTS_MAX):
            assert not isinstance(answer.payload, bytes)  # noqa: S101 - bytes answer registers
            rows = answer.payload[0]
            varbinds += rows
            where = f", behind {smi.dotted(varbinds[-1][0])}" if varbinds else ""
            failures += [Failure(each.kind, f"{each.message}{where}") for each in answer.failures]
            level = 0 if rows else level + 1
            after = _behind(varbinds[-1][0], level, root) if varbinds else b""
            if not (answer.failures and after) or answer.failures[0].kind == DeviceTimeout.kind:
                break
            try:
                answer = await transport.fetch(WalkColumns((root,), after=after))
            except RequestRejected as error:
                answer = Answer(answer.request, [()], answer.observed_at, answer.failures)
                failures.append(Failure(error.kind, f"behind {smi.dotted(after)}: {error}"))
            except DeviceError as error:
                failures.append(Failure(error.kind, f"behind {smi.dotted(after)}: {error}"))
                break
    varbinds.sort(key=lambda varbind: smi.decode_subids(varbind[0]))
    return Recording(tuple(varbinds), tuple(dict.fromkeys(failures)))


def _behind(name: bytes, level: int, root: bytes) -> bytes:
    """Return the end of a subtree that holds ``name``, larger with each level; empty for all."""
    left_out = next((tree for tree in _LEFT_OUT if name.startswith(tree)), None)
    if left_out is not None and level == 0:
        name = left_out
    arcs = smi.decode_subids(name)
    arcs = arcs[: len(arcs) - level]
    if len(arcs) <= len(smi.decode_subids(root)) or arcs[-1] == _ARC_MAX:
        return b""
    return smi.encode_subids([*arcs[:-1], arcs[-1] + 1])


def lines(
    varbinds: Iterable[VarBind], words: Iterable[str] = (), serials: Iterable[bytes] = ()
) -> Iterator[str]:
    """Yield ``varbinds`` as lines of a recording, without line ends.

    Names, places, ``serials`` (OIDs known to hold serial numbers) and every text that holds one of
    ``words`` (a site's name, say) are masked. Tables of routes, peers and users are left out.
    """
    private = (*_MASKED, *serials)
    secret = tuple(word.lower() for word in words if word)
    for oid, tag, value in varbinds:
        if value is None or oid.startswith(_LEFT_OUT):
            continue
        masked = oid.startswith(private) or _holds(value, secret)
        text = f"{smi.OCTET_STRING}|{MASK}" if masked else _value(tag, value)
        yield f"{smi.dotted(oid)}|{text}"


def _holds(value: int | bytes | None, words: tuple[str, ...]) -> bool:
    if not isinstance(value, bytes) or not words:
        return False
    text = value.decode("utf-8", "replace").lower()
    return any(word in text for word in words)


def _value(tag: int, value: int | bytes | None) -> str:
    if not isinstance(value, bytes):
        return f"{tag}|{value}"
    if tag == smi.OBJECT_ID:
        return f"{tag}|{smi.dotted(value)}"
    if tag == smi.IP_ADDRESS and len(value) == 4:
        return f"{tag}|{ipaddress.IPv4Address(value)}"
    try:
        text = value.decode("ascii")
    except UnicodeDecodeError:
        return f"{tag}x|{value.hex()}"
    if text.isprintable() and text == text.strip():
        return f"{tag}|{text}"
    return f"{tag}x|{value.hex()}"
