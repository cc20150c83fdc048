"""Walk of table columns, without I/O: the next request, and the evaluation of responses."""

import operator
from collections.abc import Sequence
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple

from agent.model import smi
from agent.model.errors import DeviceError, ProtocolError, RequestRejected, TableTooLarge
from agent.model.limits import Limits
from agent.model.values import Failure, VarBind
from agent.protocol.snmp import message
from agent.protocol.snmp.message import Pdu

_NO_ROW = frozenset({smi.NO_SUCH_OBJECT, smi.NO_SUCH_INSTANCE, smi.END_OF_MIB_VIEW})
_SHAPE = bytes(0x80) + b"\x01" * 0x80
_FIRST_VARBINDS = 50  # about 1,200 octets: one Ethernet frame
_MOST_VARBINDS = 400  # about 10,000 octets
_GROWTH = 1.5
_FORGET_AFTER = 1_000  # complete responses until the learned limit is tried again


class Pace:
    """The number of varbinds that one answer of this device may hold, learned from its answers.

    Starts at one Ethernet frame and grows while responses are complete. A size that the device
    refuses with tooBig, or does not answer twice while it answers half of it, is not requested
    again for the next 1,000 complete responses.
    """

    __slots__ = ("_ceiling", "_largest", "_suspect", "_whole", "varbinds")

    def __init__(self) -> None:
        self.varbinds = _FIRST_VARBINDS
        self._ceiling = _MOST_VARBINDS
        self._suspect = _MOST_VARBINDS + 1
        self._whole = 0
        self._largest = 1

    def whole(self, asked: int) -> None:
        """Note that an answer with all ``asked`` varbinds arrived."""
        self._whole += 1
        self._largest = max(self._largest, asked)
        if self._whole >= _FORGET_AFTER:
            self._whole, self._ceiling = 0, _MOST_VARBINDS
        if asked >= self._suspect:
            self._suspect = _MOST_VARBINDS + 1  # the network lost it then, not the device
        if asked * _GROWTH > self.varbinds:
            self.varbinds = min(max(int(self.varbinds * _GROWTH), 2), self._ceiling)

    def cut(self, returned: int) -> None:
        """Note that the device returned only ``returned`` varbinds where more would fit."""
        self.varbinds = max(min(self.varbinds, returned), 1)

    def too_big(self, asked: int) -> None:
        """Note that the device reported that it cannot answer ``asked`` varbinds."""
        self._ceiling = max(asked - 1, 1)
        self._whole = 0
        self.varbinds = max(min(self.varbinds, asked) // 2, 1)

    def silent(self, asked: int) -> None:
        """Note that the device answered only when it was asked for less than ``asked``."""
        if asked >= self._suspect:
            self.too_big(asked)
            self._largest = min(self._largest, asked - 1)
            self._ceiling = max(self._largest, 1)
        self._suspect = asked
        self.varbinds = max(min(self.varbinds, asked) // 2, 1)


class Care(IntEnum):
    """The size of steps while the walk searches the column that the device refuses."""

    NONE = 0
    ONE_ROW = 1
    ONE_COLUMN = 2


class Step(NamedTuple):
    """A GETNEXT or GETBULK request: its columns, and the number of rows of each."""

    columns: tuple["WalkedColumn", ...]
    repetitions: int

    @property
    def varbinds(self) -> int:
        """Number of varbinds in a complete response."""
        return len(self.columns) * self.repetitions


class WalkedColumn:
    """A column: its rows so far and the last name. ``error`` is the reason for an early end."""

    __slots__ = ("done", "error", "last", "prefix", "rows")

    def __init__(self, prefix: bytes, after: bytes = b"") -> None:
        self.prefix = prefix
        self.last = after or prefix
        self.rows: list[VarBind] = []
        self.done = False
        self.error: DeviceError | None = None

    def fail(self, error: DeviceError) -> None:
        """End the column with ``error``; its rows are kept."""
        self.done = True
        self.error = error

    def add_rows(self, rows: list[VarBind], max_rows: int) -> None:
        """Add the returned rows up to the end of the column or the first invalid row.

        The column ends with a ProtocolError if a name comes again or rows exceed ``max_rows``.
        Names that do not increase are taken as long as they are new: some agents sort a table by
        another part of its index.
        """
        last, tag, _ = rows[-1]
        if not last.startswith(self.prefix) or tag in _NO_ROW:
            self.done = True
            rows = _within(rows, self.prefix)
            if not rows:
                return
        names = [row[0] for row in rows]
        if not increasing(self.last, names):
            known = {self.prefix, *(row[0] for row in self.rows)}
            good = _new_head(known, names, self.prefix)
            if good < len(names):
                rows = rows[:good]
                bad = smi.dotted(names[good])
                self.fail(ProtocolError(f"the walk does not increase at {bad}"))
        if rows:
            self.rows += rows
            self.last = rows[-1][0]
        if len(self.rows) > max_rows:
            del self.rows[max_rows:]
            self.fail(ProtocolError(f"more than {max_rows} rows"))


class Walk:
    """The state of one walk. Call :meth:`next`, then :meth:`feed`, :meth:`refuse` or neither.

    ``bulk`` False walks with GETNEXT (v1). ``repetitions_max`` is the GETBULK limit of the device,
    if it has one. ``expected_rows`` is the number of rows of the previous walk, None before the
    first. ``octets`` counts the octets of names and values received so far.
    """

    def __init__(
        self,
        columns: Sequence[bytes],
        pace: Pace,
        limits: Limits,
        *,
        bulk: bool,
        repetitions_max: int | None = None,
        expected_rows: int | None = None,
        after: bytes = b"",
    ) -> None:
        self.columns = tuple(WalkedColumn(prefix, after) for prefix in columns)
        self._pace = pace
        self._bulk = bulk
        self._max_repetitions = max(repetitions_max or limits.max_repetitions, 1)
        self._max_columns = max(limits.max_oids, 1)
        self._limits = limits
        self._expected_rows = expected_rows
        self._care = Care.NONE
        self._cells = 0
        self.octets = 0
        self._excess = ""

    def next(self) -> Step | None:
        """Return the next request, None when every column has ended."""
        width = min(self._max_columns, self._pace.varbinds)
        if self._care is Care.ONE_COLUMN:
            width = 1
        columns: list[WalkedColumn] = []
        for column in self.columns:
            if not column.done:
                columns.append(column)
                if len(columns) == width:
                    break
        if not columns:
            return None
        if not self._bulk or self._care:
            return Step(tuple(columns), 1)
        most = min(self._max_repetitions, max(self._pace.varbinds // len(columns), 1))
        if self._expected_rows is not None:
            missing = self._expected_rows - min(len(column.rows) for column in columns)
            if missing >= 0:
                most = min(most, missing + 1)  # one more, to see the end
        return Step(tuple(columns), most)

    def smaller(self, step: Step) -> Step | None:
        """Return half of ``step``, for a device that cannot answer all of it; None if minimal."""
        if step.repetitions > 1:
            return Step(step.columns, step.repetitions // 2)
        if len(step.columns) > 1:
            return Step(step.columns[: len(step.columns) // 2], 1)
        return None

    def feed(self, step: Step, varbinds: list[VarBind], octets: int = 0) -> None:
        """Add the varbinds of a response to ``step``, encoded in so many octets.

        Raises ProtocolError for a wrong number of varbinds.
        """
        width, count = len(step.columns), len(varbinds)
        if count > step.varbinds or (not self._bulk and count != width):
            raise ProtocolError(f"{count} varbinds where {step.varbinds} were requested")
        if not varbinds:
            self.refuse(step, message.TOO_BIG, 0)
            return
        self._cells += count
        self.octets += octets
        if self._cells > self._limits.max_cells or self.octets > self._limits.max_octets:
            self._give_up()
            return
        for position, column in enumerate(step.columns[:count]):
            column.add_rows(varbinds[position::width], self._limits.max_rows)
        if count == step.varbinds:
            self._pace.whole(count)
        elif not all(column.done for column in step.columns):
            self._pace.cut(count)

    def _give_up(self) -> None:
        """End the walk without rows: a part of a table could be mistaken for all of it."""
        limits = self._limits
        self._excess = (
            f"{len(self.columns)} columns from {smi.dotted(self.columns[0].prefix)}: more than"
            f" {limits.max_cells} values or {limits.max_octets} octets; none of them is used"
        )
        for column in self.columns:
            column.rows, column.done = [], True

    def raise_if_nothing(self) -> None:
        """Raise TableTooLarge if the walk exceeded its limits.

        Raise the error of the first column if every column failed without a row.
        """
        if self._excess:
            raise TableTooLarge(self._excess)
        errors = [column.error for column in self.columns if column.error and not column.rows]
        if errors and len(errors) == len(self.columns):
            raise errors[0]

    @property
    def has_rows(self) -> bool:
        """Return whether any column has a row, or there were too many of them."""
        return bool(self._excess) or any(column.rows for column in self.columns)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Failures of the columns that ended early."""
        return tuple(
            Failure(column.error.kind, f"column {smi.dotted(column.prefix)}: {column.error}")
            for column in self.columns
            if column.error is not None
        )

    def shrunk(self, step: Step) -> None:
        """Note that ``step`` was not answered although the device answers smaller ones."""
        self._pace.silent(step.varbinds)

    def refuse(self, step: Step, status: int, index: int) -> None:
        """Find the column that caused the error with which the device answered ``step``."""
        if status == message.TOO_BIG and step.varbinds > 1:
            self._pace.too_big(step.varbinds)
            return
        named = step.columns[index - 1] if 0 < index <= len(step.columns) else None
        if status == message.NO_SUCH_NAME and not self._bulk and named is not None:
            named.done = True  # in v1 this is the end of the MIB
            return
        if step.repetitions > 1:
            self._care = Care.ONE_ROW
        elif named is None and len(step.columns) > 1:
            self._care = Care.ONE_COLUMN
        else:
            self._end(named or step.columns[0], status)
            self._care = Care.NONE

    @staticmethod
    def _end(column: WalkedColumn, status: int) -> None:
        if status == message.NO_SUCH_NAME:
            column.done = True
        else:
            text = f"the device answers {message.error_name(status)}"
            column.fail(RequestRejected(text, status))

    def answered(self, step: Step, pdu: Pdu) -> None:
        """Handle a response to ``step``. Raises ProtocolError as :meth:`feed`."""
        if pdu.error_status:
            self.refuse(step, pdu.error_status, pdu.error_index)
        else:
            self.feed(step, pdu.varbinds, pdu.octets)


def increasing(last: bytes, names: list[bytes]) -> bool:
    """Return whether OIDs (BER octets) strictly increase from ``last`` on, in RFC 3416 order.

    Octets compare like OIDs as long as all sub-identifiers are equally long on the wire, which a
    batch shows at once; only mixed batches are taken apart.
    """
    if not names or not _before(last, names[0]):
        return not names
    shape = names[0].translate(_SHAPE)
    if b"".join(names).translate(_SHAPE) == shape * len(names) and len(set(map(len, names))) == 1:
        return all(map(operator.lt, names, names[1:]))
    return all(_before(a, b) for a, b in pairwise(names))


def _before(a: bytes, b: bytes) -> bool:
    if len(a) == len(b) and a.translate(_SHAPE) == b.translate(_SHAPE):
        return a < b
    if b.startswith(a):
        return True
    return smi.decode_subids(a) < smi.decode_subids(b)


def _new_head(known: set[bytes], names: list[bytes], prefix: bytes) -> int:
    """Return how many of ``names`` are below ``prefix`` and new, up to the first that is not."""
    for count, name in enumerate(names):
        if name in known or not name.startswith(prefix):
            return count
        known.add(name)
    return len(names)


def _within(rows: list[VarBind], prefix: bytes) -> list[VarBind]:
    """Return ``rows`` without those past the end of the column, searched from the back.

    A row outside the column before one inside stays; the check of the order then refuses it.
    """
    count = len(rows)
    while count and (rows[count - 1][1] in _NO_ROW or not rows[count - 1][0].startswith(prefix)):
        count -= 1
    return rows[:count]
