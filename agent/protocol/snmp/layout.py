"""Fast decoding of responses that differ from an earlier one only in their values.

The responses of one device to one request are similar in every poll: the same names, and values
that mostly keep their length. The octets around the values are compared as one number, and the
values are unpacked with one struct, instead of reading hundreds of TLVs. A response that differs in
any other bit is decoded TLV by TLV, so the result is always that of ``decode_varbinds``.
"""

import struct
from typing import NamedTuple

from agent.model import smi
from agent.model.values import VarBind
from agent.protocol.snmp import ber, message

_MAX_LAYOUTS = 64  # of one device; a walk of a large table has several responses
_FEWEST_OCTETS = 128  # decoding shorter responses this way is not faster
_WAIT_AFTER_FAILURE = 16  # responses of the same size until a layout that soon failed is retried
_SOON = 8  # hits

_SIGNED = {1: "b", 2: "h", 4: "i", 8: "q"}
_UNSIGNED = {1: "B", 2: "H", 4: "I", 8: "Q"}
_SIZES_32 = 5  # octets of a Counter32 with its leading zero
_SIZES_64 = 9

_Key = tuple[bytes, int]


class _Field(NamedTuple):
    """The decoding of one value: its struct code, and the bits that must stay the same.

    ``first_kept`` and ``last_kept`` are the masks of these bits in the first and last octet.
    ``wide`` marks a number of a length for which struct has no code.
    """

    code: str
    first_kept: int = 0
    last_kept: int = 0
    wide: bool = False


class DatagramLayout:
    """The constant octets of one response and the positions of its values."""

    __slots__ = ("_frame", "_mask", "_missing", "_names", "_tags", "_unpack", "_wide", "hits")

    def __init__(
        self, body: bytes, mask: bytes, code: str, places: list[tuple[bytes, int]]
    ) -> None:
        self.hits = 0
        self._mask = int.from_bytes(mask, "big")
        self._frame = int.from_bytes(body, "big") & self._mask
        self._unpack = struct.Struct(code).unpack
        self._names = tuple(name for name, _ in places)
        self._tags = bytes(tag for _, tag in places)
        self._missing = tuple(i for i, (_, tag) in enumerate(places) if tag in smi.MISSING)
        self._wide: tuple[int, ...] = ()

    def widen(self, wide: list[int]) -> None:
        """Find the numbers whose length struct does not support."""
        self._wide = tuple(wide)

    def decode(self, body: bytes) -> list[VarBind] | None:
        """Return the varbinds of ``body``; None if it is unlike the one this was learned from."""
        if int.from_bytes(body, "big") & self._mask != self._frame:
            return None
        values = self._unpack(body)
        if self._wide or self._missing:
            edited = list(values)
            for place in self._wide:
                edited[place] = int.from_bytes(edited[place], "big", signed=True)
            for place in self._missing:
                edited[place] = None
            return list(zip(self._names, self._tags, edited, strict=True))
        return list(zip(self._names, self._tags, values, strict=True))


class Layouts:
    """The layouts of one device's responses, by their size and first name. At most 64."""

    def __init__(self) -> None:
        self._known: dict[_Key, DatagramLayout] = {}
        self._wait: dict[_Key, int] = {}

    def decode(self, data: bytes, start: int, stop: int) -> list[VarBind]:
        """Return what :func:`message.decode_varbinds` returns, and raise what it raises."""
        if stop - start < _FEWEST_OCTETS:
            return message.decode_varbinds(data, start, stop)
        body = data[start:stop]
        key = (body[: 4 + body[3]], stop - start)
        layout = self._known.get(key)
        if layout is not None:
            varbinds = layout.decode(body)
            if varbinds is not None:
                layout.hits += 1
                return varbinds
            del self._known[key]
            self._wait[key] = 1 if layout.hits >= _SOON else _WAIT_AFTER_FAILURE
        varbinds = message.decode_varbinds(data, start, stop)
        self._consider(key, body, varbinds)
        return varbinds

    def _consider(self, key: _Key, body: bytes, varbinds: list[VarBind]) -> None:
        """Learn the layout of a response that arrived for the second time."""
        left = self._wait.get(key, 1)
        if len(self._wait) >= _MAX_LAYOUTS:
            self._wait.clear()
        if left > 0:
            self._wait[key] = left - 1
            return
        layout = learn(body)
        if layout is None or layout.decode(body) != varbinds:
            self._wait[key] = _WAIT_AFTER_FAILURE
            return
        if len(self._known) >= _MAX_LAYOUTS:
            del self._known[next(iter(self._known))]
        self._known[key] = layout


def learn(body: bytes) -> DatagramLayout | None:
    """Return the layout of a decoded VarBindList's content; None where it has oddities."""
    mask = bytearray(b"\xff" * len(body))
    codes, wide = [">"], list[int]()
    places: list[tuple[bytes, int]] = []
    offset = done = 0
    while offset < len(body):
        start, stop = ber.expect(body, offset, len(body), ber.SEQUENCE)
        name_start, name_stop = ber.expect(body, start, stop, smi.OBJECT_ID)
        tag, begin, end = ber.read_tlv(body, name_stop, stop)
        field = _field(tag, body[begin:end])
        if field is None:
            return None
        if begin < end:
            mask[begin:end] = bytes(end - begin)
            mask[begin] |= field.first_kept
            mask[end - 1] |= field.last_kept
        if field.wide:
            wide.append(len(places))
        codes.append(f"{begin - done}x{field.code}")
        places.append((body[name_start:name_stop], tag))
        offset, done = stop, end
    layout = DatagramLayout(body, bytes(mask), "".join(codes), places)
    layout.widen(wide)
    return layout


def _field(tag: int, octets: bytes) -> _Field | None:
    """Return how to decode a value like this one; None if it has to be decoded each time."""
    size = len(octets)
    if tag in smi.MISSING:
        return None if octets else _Field("0s")
    if tag not in smi.NUMBERS:
        last_kept = 0x80 if tag == smi.OBJECT_ID and octets else 0
        return _Field(f"{size}s", last_kept=last_kept)
    if not size:
        return None
    if tag == smi.INTEGER:
        if size >= _SIZES_64:
            return None
        return _Field(_SIGNED[size]) if size in _SIGNED else _Field(f"{size}s", wide=True)
    if size > (_SIZES_64 if tag == smi.COUNTER64 else _SIZES_32) or octets[0] >= 0x80:
        return None
    if octets[0] == 0 and size - 1 in _UNSIGNED:
        return _Field(f"x{_UNSIGNED[size - 1]}", first_kept=0xFF)
    if size in _UNSIGNED:
        return _Field(_UNSIGNED[size], first_kept=0x80)
    if size == _SIZES_64 or (size == _SIZES_32 and tag != smi.COUNTER64):
        return None
    return _Field(f"{size}s", first_kept=0x80, wide=True)
