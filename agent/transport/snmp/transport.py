"""The SNMP transport: carries out requests over a link of either engine."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from agent.model import smi
from agent.model.errors import (
    DeviceError,
    DeviceTimeout,
    DeviceUnreachable,
    ProtocolError,
    RequestRejected,
)
from agent.model.limits import Limits
from agent.model.values import (
    Answer,
    Failure,
    GetOids,
    ReadRegisters,
    Request,
    VarBind,
    WalkColumns,
)
from agent.protocol.snmp import message
from agent.protocol.snmp.message import Pdu
from agent.protocol.snmp.walker import Pace, Step, Walk

_MAX_KNOWN_TABLES = 256
_MAX_KNOWN_NAMES = 64


class RequestPdu(NamedTuple):
    """A request PDU: kind, names, the names as an encoded VarBindList, max-repetitions."""

    kind: int
    names: tuple[bytes, ...]
    varbinds: bytes
    repetitions: int = 0


class SnmpLink(Protocol):
    """The exchange of single PDUs with one device: the part that depends on the SNMP engine.

    ``exchange`` returns the response to ``request``, error-status included, and the request that
    it answers. The last of several tries sends ``smaller`` instead, for a device that drops large
    responses. ``check`` raises DeviceError for an invalid response. Ends within
    ``timeout_s * (retries + 1)``; raises DeviceTimeout, DeviceUnreachable, AuthenticationError or
    ProtocolError. ``close`` may be called twice.
    """

    async def exchange(
        self,
        request: RequestPdu,
        smaller: RequestPdu | None = None,
        check: Callable[[Pdu], None] | None = None,
    ) -> tuple[Pdu, RequestPdu]:
        """Send a request and return its response."""
        ...

    async def close(self) -> None:
        """Close the sockets and tasks of this link."""
        ...


class SnmpTransport:
    """Access to one device over ``link``. ``bulk`` False walks with GETNEXT, as for SNMPv1.

    A device that answers, but to whose tables GETBULK brings no row where GETNEXT does, is walked
    with GETNEXT from then on. One that drops large answers is asked for less and less.
    """

    def __init__(self, link: SnmpLink, limits: Limits, *, bulk: bool) -> None:
        self._link = link
        self._limits = limits
        self._bulk = bulk
        self._bulk_works = False
        self._answers = False  # as of the latest exchange
        self._oids_max = max(limits.max_oids, 1)
        self._halved = 0  # GETs in a row that were answered only in halves
        self._pace = Pace()
        self._row_counts: dict[tuple[bytes, ...], int] = {}
        self._encoded_names: dict[tuple[bytes, ...], bytes] = {}
        self._closed = False

    async def fetch(self, request: Request) -> Answer:
        """Carry out a GetOids or WalkColumns; see :class:`agent.transport.base.Transport`."""
        if self._closed:
            raise DeviceUnreachable("the transport is closed")
        match request:
            case GetOids(oids):
                row, failures = await self._get(oids)
                unread = frozenset(oids).difference(varbind[0] for varbind in row)
                return Answer(request, [row], time.time(), failures, unread=unread)
            case WalkColumns():
                walk = await self._walk(request)
                rows = [column.rows for column in walk.columns]
                return Answer(
                    *(request, rows, time.time(), walk.failures),
                    octets=walk.octets,
                    unread=frozenset(c.prefix for c in walk.columns if c.error is not None),
                )
            case ReadRegisters():
                raise TypeError("an SNMP device has no registers")

    async def close(self) -> None:
        """Refuse further requests and close the link."""
        self._closed = True
        await self._link.close()

    async def _get(self, oids: Sequence[bytes]) -> tuple[list[VarBind], tuple[Failure, ...]]:
        """Return the varbinds of ``oids`` in this order, and the failures of refused names.

        A refused name does not affect the others: it is left out and reported as a Failure. Raises
        RequestRejected if all names are refused.
        """
        width = self._oids_max
        todo = [tuple(oids[start : start + width]) for start in range(0, len(oids), width)]
        todo.reverse()
        found: dict[bytes, VarBind] = {}
        failures: list[Failure] = []
        status = message.NO_ERROR
        while todo:
            names = todo.pop()
            try:
                pdu, answered = await self._get_once(names)
            except DeviceError as error:
                self._answers = self._answers and not isinstance(error, DeviceTimeout)
                if not found:
                    raise
                failures.append(Failure(error.kind, f"{len(names)} OIDs: {error}"))
                if isinstance(error, DeviceTimeout | DeviceUnreachable):
                    break  # not answering now: do not wait again for each further chunk
                continue
            self._answers = True
            if len(answered) < len(names):
                todo.append(names[len(answered) :])
                names = answered
            if not pdu.error_status:
                found.update((varbind[0], varbind) for varbind in pdu.varbinds)
                continue
            status = pdu.error_status
            rest, refused = _split(names, status, pdu.error_index)
            todo += rest
            if refused is None:
                continue
            if status == message.NO_SUCH_NAME:  # noSuchInstance in v1 (RFC 3584 4.2.2)
                found[refused] = (refused, smi.NO_SUCH_INSTANCE, None)
            else:
                text = f"{smi.dotted(refused)}: the device answers {message.error_name(status)}"
                failures.append(Failure(RequestRejected.kind, text))
        if oids and not found:
            raise RequestRejected(failures[0].message, status)
        return [found[name] for name in oids if name in found], tuple(failures)

    async def _get_once(self, names: tuple[bytes, ...]) -> tuple[Pdu, tuple[bytes, ...]]:
        """Return the response and the names that it answers: all, or their first half.

        The last try asks for half of them, as some agents drop what is too long for them.
        """
        half = names[: len(names) // 2]
        wanted = (set(names), set(half or names))

        def check(pdu: Pdu) -> None:
            if not pdu.error_status and {varbind[0] for varbind in pdu.varbinds} not in wanted:
                raise ProtocolError("the response has other OIDs than the request")

        whole = RequestPdu(message.GET, names, self._encoded(names))
        smaller = RequestPdu(message.GET, half, self._encoded(half)) if half else None
        pdu, answered = await self._link.exchange(whole, smaller, check=check)
        if answered is smaller:
            self._halved += 1
            if self._halved > 1:  # the network lost it the first time
                self._oids_max = min(self._oids_max, len(half))
        elif len(names) == self._oids_max:
            self._halved = 0
        return pdu, answered.names

    async def _walk(self, wanted: WalkColumns) -> Walk:
        """Walk the columns and return the finished walk.

        Raises the errors of the first request, and TableTooLarge beyond the limits of the table; a
        later error ends the open columns.
        """
        unproven = self._bulk and not self._bulk_works
        try:
            walk = await self._walk_by(wanted, bulk=self._bulk)
        except DeviceTimeout as error:
            if not (unproven and self._answers):
                self._answers = False
                raise
            walk = await self._walk_next(wanted, error)
            self._bulk = False
        else:
            if unproven and not walk.has_rows:
                other = await self._walk_by(wanted, bulk=False)
                self._bulk = not other.has_rows
                walk = walk if other.failures and not other.has_rows else other
            self._bulk_works = self._bulk and (self._bulk_works or walk.has_rows)
        walk.raise_if_nothing()
        prefixes = wanted.columns
        if prefixes in self._row_counts or len(self._row_counts) < _MAX_KNOWN_TABLES:
            self._row_counts[prefixes] = max((len(c.rows) for c in walk.columns), default=0)
        return walk

    async def _walk_next(self, wanted: WalkColumns, silence: DeviceTimeout) -> Walk:
        """Walk with GETNEXT a device that answers, but not to GETBULK. Raises DeviceTimeout."""
        try:
            return await self._walk_by(wanted, bulk=False)
        except DeviceTimeout:
            self._answers = False
            text = f"{silence} to GETBULK and GETNEXT, though it answers GET"
            raise DeviceTimeout(text) from None

    async def _walk_by(self, wanted: WalkColumns, *, bulk: bool) -> Walk:
        walk = Walk(
            wanted.columns,
            self._pace,
            self._limits,
            bulk=bulk,
            repetitions_max=wanted.repetitions_max,
            expected_rows=self._row_counts.get(wanted.columns),
            after=wanted.after,
        )
        answered = False
        while (step := walk.next()) is not None:
            try:
                await self._walk_once(walk, step, bulk=bulk)
            except DeviceError as error:
                silent = isinstance(error, DeviceTimeout)
                if silent and (answered or self._answers):
                    walk.shrunk(step)
                if silent and not answered and self._answers and (half := walk.smaller(step)):
                    walk.shrunk(half)  # the last try asked for it, in vain
                    continue
                if not answered:
                    raise
                for column in walk.columns:
                    if not column.done:
                        column.fail(error)
                break
            answered = self._answers = True
        return walk

    async def _walk_once(self, walk: Walk, step: Step, *, bulk: bool) -> None:
        smaller = walk.smaller(step)
        at_start = step.columns[0].last == step.columns[0].prefix
        whole = self._request(step, cached=at_start, bulk=bulk)
        half = None if smaller is None else self._request(smaller, cached=False, bulk=bulk)
        pdu, answered = await self._link.exchange(whole, half)
        if smaller is not None and answered is half:
            walk.shrunk(step)
            step = smaller
        walk.answered(step, pdu)

    def _request(self, step: Step, *, cached: bool, bulk: bool) -> RequestPdu:
        names = tuple(column.last for column in step.columns)
        encoded = self._encoded(names) if cached else message.encode_names(names)
        if bulk:
            return RequestPdu(message.GET_BULK, names, encoded, step.repetitions)
        return RequestPdu(message.GET_NEXT, names, encoded)

    def _encoded(self, names: tuple[bytes, ...]) -> bytes:
        """Encode names; those of every cycle only once."""
        encoded = self._encoded_names.get(names)
        if encoded is None:
            encoded = message.encode_names(names)
            if len(self._encoded_names) < _MAX_KNOWN_NAMES:
                self._encoded_names[names] = encoded
        return encoded


def _split(
    names: tuple[bytes, ...], status: int, index: int
) -> tuple[list[tuple[bytes, ...]], bytes | None]:
    """Return the lists of names to request again after an error-status, and the refused name."""
    if len(names) == 1:
        return [], names[0]
    if 0 < index <= len(names) and status != message.TOO_BIG:
        return [names[: index - 1] + names[index:]], names[index - 1]
    middle = len(names) // 2
    return [names[middle:], names[:middle]], None
