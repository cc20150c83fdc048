"""A parser of recordings, as ``.snmprec`` or ``snmpwalk -On`` text, to lists of varbinds.

Values are kept as the device sent them: also a negative gauge, a sysObjectID sent as a string or a
counter that is too large. Formats: the snmpsim documentation for ``.snmprec``
(``OID|tag|value``), net-snmp's snmpcmd(1) for the other.
"""

import re
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.model import smi
from agent.model.errors import ConfigError, Problem
from agent.model.values import VarBind
from agent.parse.plain_file import read_plain

Warn = Callable[[Problem], None]
_Value = int | bytes | None

_BYTES_MAX = 256 * 1024 * 1024
_SNMPREC_ROW = re.compile(rb"\.?[0-9.]+\|")
_WALK_ROW = re.compile(rb"(?:\.[0-9.]+|[A-Za-z][\w-]*(?:::|\.)\S+) = ")
_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*", re.ASCII)
_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.|$)", re.DOTALL)
_LETTERS = dict(zip(b"abfnrtv\\'\"", b"\a\b\f\n\r\t\v\\'\"", strict=True))
_MASKED = (
    b"<private>"  # the placeholder for addresses in published recordings; such a row is skipped
)
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1  # the range of nine octets on the wire


def read_recording(path: Path, warn: Warn | None = None) -> list[VarBind]:
    """Return the rows of one recording in numeric OID order; its first row gives the format.

    Some agents answer an OID twice in a walk: the first row counts, and ``warn`` is called with
    each later one (file, line and OID).

    Raises ConfigError with every malformed line (file, line, what is wrong), or when the file
    cannot be read.
    """
    try:
        data = read_plain(path, _BYTES_MAX)
    except OSError as error:
        raise ConfigError([Problem(str(path), 0, "", f"cannot read: {error.strerror}")]) from None
    return parse_recording(data, str(path), warn)


def parse_recording(data: bytes, file: str, warn: Warn | None = None) -> list[VarBind]:
    """Parse text in memory like :func:`read_recording`; ``file`` is its name in problems."""
    lines = _lines(data)
    first = next((text for _, text in lines if text.strip() and not text.startswith(b"#")), b"")
    if _SNMPREC_ROW.match(first):
        return _collect(_snmprec_rows(lines), _snmprec_varbind, file, warn)
    if _WALK_ROW.match(first):
        return _collect(_walk_rows(lines), _walk_varbind, file, warn)
    message = "neither .snmprec rows (OID|tag|value) nor snmpwalk -On output (.OID = TYPE: value)"
    raise ConfigError([Problem(file, 0, "", message)])


@dataclass(frozen=True, slots=True)
class _Text:
    """One row as text, with the number of its first line."""

    line: int
    text: bytes


def _lines(data: bytes) -> list[tuple[int, bytes]]:
    lines = data.split(b"\n")
    if all(line.endswith(b"\r") for line in lines if line):
        # A file from Windows. If only some lines end in CR LF, the CR is the device's.
        lines = [line.removesuffix(b"\r") for line in lines]
    return list(enumerate(lines, 1))


def _collect(
    texts: Iterable[_Text],
    parse: Callable[[bytes], VarBind | None],
    file: str,
    warn: Warn | None,
) -> list[VarBind]:
    rows: list[VarBind] = []
    seen: dict[bytes, int] = {}
    problems: list[Problem] = []
    for row in texts:
        try:
            varbind = parse(row.text)
        except ValueError as error:
            problems.append(Problem(file, row.line, "", str(error)))
            continue
        if varbind is None:
            continue
        first = seen.setdefault(varbind[0], row.line)
        if first != row.line:
            if warn is not None:
                message = f"{smi.dotted(varbind[0])} is in line {first} already; that row counts"
                warn(Problem(file, row.line, "", message))
            continue
        rows.append(varbind)
    if problems:
        raise ConfigError(problems)
    return sorted(rows, key=lambda varbind: smi.decode_subids(varbind[0]))


# --- .snmprec ---------------------------------------------------------------------------------


def _snmprec_rows(lines: Iterable[tuple[int, bytes]]) -> Iterator[_Text]:
    return (_Text(n, text) for n, text in lines if text.strip() and not text.startswith(b"#"))


def _snmprec_varbind(text: bytes) -> VarBind | None:
    fields = text.split(b"|", 2)
    if len(fields) != 3:
        raise ValueError("expected OID|tag|value")
    tag_name, value = _text(fields[1]), fields[2]
    number, form = (
        (tag_name[:-1], tag_name[-1]) if tag_name.endswith(("x", "e")) else (tag_name, "")
    )
    decode = _SNMPREC_VALUES.get(number)
    if decode is None:
        known = ", ".join(_SNMPREC_VALUES)
        raise ValueError(f"unknown tag {tag_name!r}; known: {known}, each also with x or e")
    if form == "x":
        value = _hex(value)
    elif form == "e":
        value = _unescape(value)
    elif number == "64":
        if value.strip() == _MASKED:
            return None
        value = _ip_address(_text(value).strip())
    return (smi.oid(_text(fields[0])), *decode(value))


def _number(tag: int) -> Callable[[bytes], tuple[int, _Value]]:
    return lambda value: (tag, _integer(_text(value)))


def _octets(tag: int) -> Callable[[bytes], tuple[int, _Value]]:
    return lambda value: (tag, value)


def _null(value: bytes) -> tuple[int, _Value]:
    if value.strip():
        raise ValueError("a Null has no value")
    return smi.NULL, None


def _object_id(value: bytes) -> tuple[int, _Value]:
    return smi.OBJECT_ID, smi.oid(_text(value).strip())


def _address_octets(value: bytes) -> tuple[int, _Value]:
    if len(value) != 4:
        raise ValueError(f"an IpAddress has 4 octets, not {len(value)}")
    return smi.IP_ADDRESS, value


_SNMPREC_VALUES: dict[str, Callable[[bytes], tuple[int, _Value]]] = {
    "2": _number(smi.INTEGER),
    "4": _octets(smi.OCTET_STRING),
    "5": _null,
    "6": _object_id,
    "64": _address_octets,
    "65": _number(smi.COUNTER32),
    "66": _number(smi.GAUGE32),
    "67": _number(smi.TIME_TICKS),
    "68": _octets(smi.OPAQUE),
    "70": _number(smi.COUNTER64),
}


# --- snmpwalk -On -----------------------------------------------------------------------------


def _walk_rows(lines: Iterable[tuple[int, bytes]]) -> Iterator[_Text]:
    """Yield rows with their continuation lines: strings hold line feeds, long hex strings wrap."""
    start, held = 0, list[bytes]()
    for number, text in lines:
        if text == b"End of MIB":  # the last line of snmpwalk -v1
            continue
        if _WALK_ROW.match(text) or not held:
            if held:
                yield _Text(start, b"\n".join(held))
            start, held = number, [text] if text.strip() else []
        else:
            held.append(text)
    while held and not held[-1]:
        held.pop()  # what follows the last line feed of the file
    yield _Text(start, b"\n".join(held))


def _walk_varbind(text: bytes) -> VarBind | None:
    name, equals, shown = text.partition(b" = ")
    if not equals:
        raise ValueError("expected .OID = TYPE: value")
    if not name.startswith(b"."):
        raise ValueError(f"{_text(name)!r} is a name: record with snmpwalk -On")
    shown = re.sub(rb"^Wrong Type \(should be [^)]*\): ", b"", shown)
    if shown.startswith((b"No Such ", b"No more variables left")):
        return None
    oid = smi.oid(_text(name))
    if shown.strip() == b'""':
        return oid, smi.OCTET_STRING, b""
    if shown.strip() == b"NULL":
        return oid, smi.NULL, None
    kind, colon, value = shown.partition(b":")
    decode = _WALK_VALUES.get(_text(kind)) if colon else None
    if decode is None:
        known = ", ".join(_WALK_VALUES)
        raise ValueError(f"unknown type in {_text(shown)[:40]!r}; known: {known}")
    return (oid, *decode(value.removeprefix(b" ")))


def _shown_number(tag: int) -> Callable[[bytes], tuple[int, _Value]]:
    """Return a parser of ``5``, ``up(1)``, ``(17) 0:00:00.17`` or ``21 degrees``.

    It refuses 21.5, to which a display hint was applied.
    """

    def decode(value: bytes) -> tuple[int, _Value]:
        text = _text(value)
        match = re.match(r"[^()]*\((-?[0-9]+)\)|(-?[0-9]+)(?=\s|$)", text)
        if match is None:
            raise ValueError(f"{text!r} is not a number: record without MIBs (-m '')")
        return tag, _integer(match[1] or match[2])

    return decode


def _shown_string(value: bytes) -> tuple[int, _Value]:
    if not value.startswith(b'"'):
        return smi.OCTET_STRING, value  # a display hint was applied: only the text is left
    quoted = re.fullmatch(rb'"((?:[^"\\]|\\.)*)"\s*', value, re.DOTALL)
    if quoted is None:
        raise ValueError("the string does not end at a closing quote")
    return smi.OCTET_STRING, re.sub(rb"\\(.)", rb"\1", quoted[1], flags=re.DOTALL)


def _shown_bits(value: bytes) -> tuple[int, _Value]:
    leading = re.match(rb"(?:[0-9A-Fa-f]{2}(?:\s+|$))*", value)
    return smi.OCTET_STRING, _hex(leading[0] if leading else b"")


def _shown_opaque(value: bytes) -> tuple[int, _Value]:
    """Parse floats in Opaque as in net-snmp (draft-perkins-float-00); others are refused."""
    kind, _, number = _text(value).partition(": ")
    shape = {"Float": (b"\x9f\x78\x04", ">f"), "Double": (b"\x9f\x79\x08", ">d")}.get(kind)
    if shape is None:
        raise ValueError(f"Opaque {kind!r} is not supported; known: Float, Double")
    try:
        content = struct.pack(shape[1], float(number))
    except (OverflowError, ValueError):
        raise ValueError(f"{number!r} is not a {kind}") from None
    return smi.OPAQUE, shape[0] + content


_WALK_VALUES: dict[str, Callable[[bytes], tuple[int, _Value]]] = {
    "INTEGER": _shown_number(smi.INTEGER),
    "Counter32": _shown_number(smi.COUNTER32),
    "Gauge32": _shown_number(smi.GAUGE32),
    "Unsigned32": _shown_number(smi.GAUGE32),
    "Timeticks": _shown_number(smi.TIME_TICKS),
    "Counter64": _shown_number(smi.COUNTER64),
    "STRING": _shown_string,
    "Hex-STRING": lambda value: (smi.OCTET_STRING, _hex(value)),
    "BITS": _shown_bits,
    "OID": _object_id,
    "IpAddress": lambda value: (smi.IP_ADDRESS, _ip_address(_text(value).strip())),
    "Network Address": lambda value: _address_octets(_hex(value.replace(b":", b" "))),
    "Opaque": _shown_opaque,
}


# --- values -----------------------------------------------------------------------------------


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "backslashreplace")


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError(f"{text!r} is not a whole number")
    number = int(text)
    if not _SMALLEST <= number <= _LARGEST:
        raise ValueError(f"{number} does not fit nine octets")
    return number


def _hex(value: bytes) -> bytes:
    digits = _text(value).strip().removeprefix("0x")
    try:
        return bytes.fromhex(digits)
    except ValueError:
        raise ValueError(f"{digits[:40]!r} is not pairs of hexadecimal digits") from None


def _ip_address(text: str) -> bytes:
    parts = text.split(".")
    if len(parts) != 4 or not all(p.isascii() and p.isdigit() and int(p) <= 255 for p in parts):
        raise ValueError(f"{text!r} is not an IPv4 address")
    return bytes(map(int, parts))


def _unescape(value: bytes) -> bytes:
    """Decode Python's string escapes, which snmpsim writes for tags that end in ``e``."""

    def one(match: re.Match[bytes]) -> bytes:
        body = match[1]
        if body[:1] == b"x" and len(body) == 3:
            return bytes([int(body[1:], 16)])
        if body.isdigit():
            return bytes([int(body, 8) & 0xFF])
        if len(body) == 1 and body[0] in _LETTERS:
            return bytes([_LETTERS[body[0]]])
        raise ValueError(f"unknown escape {_text(match[0])!r}")

    return _ESCAPE.sub(one, value)
