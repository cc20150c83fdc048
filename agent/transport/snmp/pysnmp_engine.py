"""The second SNMP engine: pysnmp behind the Transport protocol, for exotic agents and for doubt.

More than ten times slower than the native engine, and the first request to a device costs about
70 ms of building tables: meant for few devices.
"""

import time
from collections.abc import Sequence

from agent.model import smi
from agent.model.credentials import SnmpCredentials, SnmpVersion
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
from agent.transport.snmp.pysnmp_link import PysnmpLink

_MAX_KNOWN_TABLES = 256


class PysnmpTransport:
    """One device over a pysnmp engine of its own.

    Raises ConfigError where the credentials contradict themselves.
    """

    def __init__(self, host: str, port: int, credentials: SnmpCredentials, limits: Limits) -> None:
        self._link = PysnmpLink(host, port, credentials, limits)
        self._limits = limits
        self._bulk = credentials.version is not SnmpVersion.V1
        self._pace = Pace()
        self._row_counts: dict[tuple[bytes, ...], int] = {}
        self._closed = False

    async def fetch(self, request: Request) -> Answer:
        """Carry out a GetOids or WalkColumns; see :class:`agent.transport.base.Transport`."""
        if self._closed:
            raise DeviceUnreachable("the transport is closed")
        match request:
            case GetOids(oids):
                row, failures = await self._get(oids)
                return Answer(request, [row], time.time(), failures)
            case WalkColumns(columns, _, repetitions_max):
                walk = await self._walk(columns, repetitions_max)
                rows = [column.rows for column in walk.columns]
                return Answer(request, rows, time.time(), walk.failures, octets=walk.octets)
            case ReadRegisters():
                raise TypeError("an SNMP device has no registers")

    async def close(self) -> None:
        """Give pysnmp's socket and timer task back; a second call does nothing."""
        self._closed = True
        await self._link.close()

    async def _get(self, oids: Sequence[bytes]) -> tuple[list[VarBind], tuple[Failure, ...]]:
        """The varbinds in the order asked, without those that the device refused."""
        width = max(self._limits.max_oids, 1)
        chunks = [tuple(oids[start : start + width]) for start in range(0, len(oids), width)]
        found: dict[bytes, VarBind] = {}
        refusals: list[RequestRejected] = []
        failures: list[Failure] = []
        while chunks:
            names = chunks.pop(0)
            try:
                pdu = await self._link.request(message.GET, names)
                _check_names(pdu, names)
            except DeviceError as error:
                if not found:
                    raise
                failures.append(Failure(error.kind, f"{len(names)} OIDs: {error}"))
                if isinstance(error, DeviceTimeout | DeviceUnreachable):
                    break  # silent now: the other chunks would only wait as long again
                continue
            if not pdu.error_status:
                found.update((varbind[0], varbind) for varbind in pdu.varbinds)
                continue
            again, culprit = _without_culprit(names, pdu.error_status, pdu.error_index)
            chunks = again + chunks
            if culprit is None:
                continue
            if pdu.error_status == message.NO_SUCH_NAME:  # v1 for "missing": RFC 3584 4.2.2
                found[culprit] = (culprit, smi.NO_SUCH_INSTANCE, None)
            else:
                refusals.append(_refusal(culprit, pdu.error_status))
        if oids and not found and refusals:
            raise refusals[0]
        failures += [Failure(refusal.kind, str(refusal)) for refusal in refusals]
        return [found[oid] for oid in oids if oid in found], tuple(failures)

    async def _walk(self, prefixes: tuple[bytes, ...], repetitions_max: int | None) -> Walk:
        """Walk the columns and return the walk that has ended.

        Raises what the first request raises, and TableTooLarge where it brings too much; later
        failures end the columns still open.
        """
        walk = Walk(
            prefixes,
            self._pace,
            self._limits,
            bulk=self._bulk,
            repetitions_max=repetitions_max,
            expected_rows=self._row_counts.get(prefixes, 0),
        )
        answered = False
        while (step := walk.next()) is not None:
            try:
                await self._step(walk, step)
            except DeviceError as error:
                if not answered:
                    raise
                for column in walk.columns:
                    if not column.done:
                        column.fail(error)
                break
            answered = True
        if prefixes in self._row_counts or len(self._row_counts) < _MAX_KNOWN_TABLES:
            self._row_counts[prefixes] = max((len(c.rows) for c in walk.columns), default=0)
        walk.raise_if_nothing()
        return walk

    async def _step(self, walk: Walk, step: Step) -> None:
        kind = message.GET_BULK if self._bulk else message.GET_NEXT
        names = tuple(column.last for column in step.columns)
        pdu = await self._link.request(kind, names, step.repetitions)
        walk.answered(step, pdu)


def _check_names(pdu: Pdu, names: Sequence[bytes]) -> None:
    if not pdu.error_status and {varbind[0] for varbind in pdu.varbinds} != set(names):
        raise ProtocolError("the answer holds other OIDs than those asked for")


def _without_culprit(
    names: tuple[bytes, ...], status: int, index: int
) -> tuple[list[tuple[bytes, ...]], bytes | None]:
    """What to ask again after an error-status, and the name that is to blame if that is known."""
    if len(names) == 1:
        return [], names[0]
    if 0 < index <= len(names) and status != message.TOO_BIG:
        return [names[: index - 1] + names[index:]], names[index - 1]
    middle = len(names) // 2
    return [names[:middle], names[middle:]], None


def _refusal(oid: bytes, status: int) -> RequestRejected:
    text = f"{smi.dotted(oid)}: the device answers {message.error_name(status)}"
    return RequestRejected(text, status)
