"""Hold the rows an SNMP responder serves: in numeric OID order, fixed or computed when read."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple, Protocol

from agent.model import smi
from agent.model.values import VarBind
from agent.protocol.snmp import ber

Value = int | bytes | None
LiveValue = Value | Callable[[], Value]
"""A value, or a function that is called at every read; if it returns None, the row is absent."""

_SEARCHES_KEPT = 1024  # start OIDs of walks; a poller uses the same few again and again
_LONG_SUBID = re.compile(rb"[\x80-\xff]+[\x00-\x7f]")


class MibRow(NamedTuple):
    """One variable ready to send: ``encoded`` is the whole VarBind in BER."""

    oid: bytes
    tag: int
    encoded: bytes


class MibView(Protocol):
    """The variables of one device. OIDs are BER content octets."""

    def get(self, oid: bytes) -> MibRow | None:
        """Return the variable with exactly this name, or None."""
        ...

    def next(self, oid: bytes) -> MibRow | None:
        """Return the first variable after this name, or None at the end of the view."""
        ...


class StaticView:
    """Rows that never change, encoded once; one view may serve many responders.

    If several rows have the same OID, the last one is used.
    """

    def __init__(self, varbinds: Iterable[VarBind]) -> None:
        rows = {oid: encode_row(oid, tag, value) for oid, tag, value in varbinds}
        self._rows = rows
        self._order = _OidOrder(rows)

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, oid: bytes) -> MibRow | None:
        """Return the variable with exactly this name, or None."""
        return self._rows.get(oid)

    def next(self, oid: bytes) -> MibRow | None:
        """Return the first variable after this name, or None at the end of the view."""
        found = self._order.after(oid)
        return None if found is None else self._rows[found]


class LiveView:
    """Rows that may be set, removed, or computed when they are read."""

    def __init__(self, varbinds: Iterable[tuple[bytes, int, LiveValue]] = ()) -> None:
        self._cells: dict[bytes, tuple[int, LiveValue]] = {
            oid: (tag, value) for oid, tag, value in varbinds
        }
        self._order: _OidOrder | None = None

    def __len__(self) -> int:
        return len(self._cells)

    def set(self, oid: bytes, tag: int, value: LiveValue) -> None:
        """Add or replace one variable."""
        if oid not in self._cells:
            self._order = None
        self._cells[oid] = (tag, value)

    def remove(self, oid: bytes) -> None:
        """Remove one variable, if the view has it."""
        if self._cells.pop(oid, None) is not None:
            self._order = None

    def get(self, oid: bytes) -> MibRow | None:
        """Return the variable with exactly this name and its current value, or None."""
        cell = self._cells.get(oid)
        if cell is None:
            return None
        tag, value = cell
        if not callable(value):
            return encode_row(oid, tag, value)
        now = value()
        return None if now is None else encode_row(oid, tag, now)

    def next(self, oid: bytes) -> MibRow | None:
        """Return the first variable after this name, or None at the end of the view."""
        if self._order is None:
            self._order = _OidOrder(self._cells)
        found = self._order.after(oid)
        while found is not None and (row := self.get(found)) is None:
            found = self._order.after(found)
        return None if found is None else row


def encode_row(oid: bytes, tag: int, value: Value) -> MibRow:
    """Encode one variable as a row."""
    name = ber.tlv(smi.OBJECT_ID, oid)
    return MibRow(oid, tag, ber.tlv(ber.SEQUENCE, name + ber.value(tag, value)))


class _OidOrder:
    """OIDs in numeric order; finds the one after any OID, whether that OID is among them or not."""

    def __init__(self, oids: Iterable[bytes]) -> None:
        self._oids: list[bytes] = sorted(oids, key=_order_key)
        self._keys = [_order_key(oid) for oid in self._oids]
        self._after = dict(zip(self._oids, [*self._oids[1:], None], strict=False))
        self._search = lru_cache(_SEARCHES_KEPT)(self._bisect)

    def after(self, oid: bytes) -> bytes | None:
        try:
            return self._after[oid]
        except KeyError:
            return self._search(oid)

    def _bisect(self, oid: bytes) -> bytes | None:
        position = bisect_right(self._keys, _order_key(oid))
        return self._oids[position] if position < len(self._oids) else None


def _order_key(oid: bytes) -> bytes:
    """Return octets that sort in the numeric order of the OID.

    A sub-identifier of several octets gets its octet count in front: the octets of 16383 (FF 7F)
    are greater than those of 16384 (81 80 00), but with their counts they compare correctly.
    """
    return _LONG_SUBID.sub(_with_count, oid)


def _with_count(match: re.Match[bytes]) -> bytes:
    octets = match[0].lstrip(b"\x80")
    return bytes((0x7F + min(len(octets), 0x80),)) + octets if len(octets) > 1 else octets
