"""Profiles, points and answers typed in a test."""

from agent.model import smi
from agent.model.values import Answer, GetOids, ReadRegisters, VarBind, WalkColumns
from agent.parse.yaml_source import parse
from agent.profile.compile_modbus import compile_modbus
from agent.profile.compile_snmp import compile_snmp
from agent.profile.points import Profile
from agent.profile.spec import SnmpFileSpec
from agent.profile.spec_modbus import ModbusFileSpec

BASE = "1.3.6.1.4.1.99"
"""Where the devices of these tests keep what they know."""

_HEAD = "profile: p\ntitle: t\nkind: pdu\nverified: datasheet\nsource: s\n"

Written = int | str | bytes | None
Value = Written | tuple[int, Written]


def snmp_profile(*points: str, head: str = "") -> Profile:
    """The SNMP profile with these points, each a YAML flow mapping."""
    listed = "".join(f"  - {point}\n" for point in points)
    document = parse(f"{_HEAD}protocol: snmp\n{head}points:\n{listed}", "p.yaml")
    return compile_snmp(document, document.validate(SnmpFileSpec), [])


def modbus_profile(*points: str, head: str = "") -> Profile:
    """The Modbus profile with these points, each a YAML flow mapping."""
    listed = "".join(f"  - {point}\n" for point in points)
    document = parse(f"{_HEAD}protocol: modbus\n{head}points:\n{listed}", "p.yaml")
    return compile_modbus(document, document.validate(ModbusFileSpec))


def varbind(dotted: str, value: Value) -> VarBind:
    """One variable below BASE: an Integer, an OctetString, nothing there, or a tag and a value."""
    name = smi.oid(f"{BASE}.{dotted}")
    if isinstance(value, tuple):
        tag, inner = value
        return name, tag, inner.encode() if isinstance(inner, str) else inner
    if value is None:
        return name, smi.NO_SUCH_INSTANCE, None
    if isinstance(value, int):
        return name, smi.INTEGER, value
    return name, smi.OCTET_STRING, value.encode() if isinstance(value, str) else value


def column(dotted: str, rows: dict[str, Value], at: float = 1000.0) -> Answer:
    """The answer to a walk of one column below BASE: index to value."""
    oid = smi.oid(f"{BASE}.{dotted}")
    found = [varbind(f"{dotted}.{index}", value) for index, value in rows.items()]
    return Answer(WalkColumns((oid,)), [found], at)


def scalars(values: dict[str, Value], at: float = 1000.0) -> Answer:
    """The answer to a GET of instances below BASE."""
    found = [varbind(dotted, value) for dotted, value in values.items()]
    return Answer(GetOids(tuple(name for name, _, _ in found)), [found], at)


def registers(
    table: str, address: int, words: list[int], interval_s: float = 0.0, at: float = 1000.0
) -> Answer:
    """The answer to a read of registers, or of bits where the table has bits."""
    width = 1 if table in ("coil", "discrete") else 2
    payload = b"".join(word.to_bytes(width, "big") for word in words)
    return Answer(ReadRegisters(table, address, len(words), interval_s), payload, at)
