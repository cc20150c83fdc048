"""A transport without sockets that answers from dictionaries, for tests and dry runs."""

import time
from collections.abc import Mapping
from typing import Self

from agent.model import smi
from agent.model.errors import DeviceError, DeviceTimeout, RequestRejected
from agent.model.values import Answer, GetOids, ReadRegisters, Request, VarBind, WalkColumns


class MemoryTransport:
    """A device in memory: ``varbinds`` (OID octets to tag and value), ``registers`` (by table).

    While ``fault`` is set, every fetch raises it. ``requests`` collects all requests.
    """

    def __init__(
        self,
        varbinds: Mapping[bytes, tuple[int, int | bytes | None]] | None = None,
        registers: Mapping[str, Mapping[int, int]] | None = None,
    ) -> None:
        self.varbinds = dict(varbinds or {})
        self.registers = {table: dict(words) for table, words in (registers or {}).items()}
        self.fault: DeviceError | None = None
        self.requests: list[Request] = []
        self.closed = False

    async def opened(self) -> Self:
        """Return this transport, where one is to be opened."""
        return self

    async def fetch(self, request: Request) -> Answer:
        """Answer from memory.

        An unknown OID is noSuchInstance. Raises RequestRejected (code 2) for an unknown register.
        """
        self.requests.append(request)
        if self.closed:
            raise DeviceTimeout("transport is closed")
        if self.fault is not None:
            raise self.fault
        match request:
            case GetOids(oids):
                missing = (smi.NO_SUCH_INSTANCE, None)
                row: list[VarBind] = [(o, *self.varbinds.get(o, missing)) for o in oids]
                return Answer(request, [row], time.time())
            case WalkColumns(columns):
                rows = [self._column(column, request.after) for column in columns]
                return Answer(request, rows, time.time())
            case ReadRegisters(table, address, count):
                return Answer(request, self._words(table, address, count), time.time())

    async def close(self) -> None:
        """Refuse further requests."""
        self.closed = True

    def _column(self, column: bytes, after: bytes) -> list[VarBind]:
        first = smi.decode_subids(after)
        instances = (o for o in self.varbinds if o.startswith(column) and len(o) > len(column))
        ordered = sorted(instances, key=smi.decode_subids)
        return [(o, *self.varbinds[o]) for o in ordered if smi.decode_subids(o) > first]

    def _words(self, table: str, address: int, count: int) -> bytes:
        words = self.registers.get(table, {})
        try:
            block = [words[address + offset] for offset in range(count)]
        except KeyError as missing:
            raise RequestRejected(f"illegal data address {missing} in {table}", 2) from None
        width = 1 if table in ("coil", "discrete") else 2
        return b"".join(word.to_bytes(width, "big") for word in block)
