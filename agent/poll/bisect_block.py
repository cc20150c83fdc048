"""Reads of register blocks without the refused registers: one bad register costs one part."""

import time
from collections.abc import Callable

from agent.model.errors import DeviceError, DeviceTimeout, DeviceUnreachable, RequestRejected
from agent.model.values import Answer, Failure, ReadRegisters, Request
from agent.plan.blocks import BlockMap, Run
from agent.poll.driver import Driver
from agent.transport.base import Transport

# Illegal function, data address, data value: some devices use the others for a bad address.
_REFUSALS = frozenset({1, 2, 3})
_BLOCKS_MAX = 256  # blocks of one device whose refusals are remembered
_PROBES_MAX = 64  # extra requests in one read, to find the refused registers
_SILENCES_MAX = 2  # timeouts in a row after which the rest of the block is not requested


class SplittingDriver:
    """A driver of one device that wraps another driver and avoids refused registers.

    A refused block is halved until each refused part is alone; the rest of it is read in the same
    cycle, and later cycles skip the refused parts.
    """

    def __init__(self, inner: Driver, clock: Callable[[], float] = time.monotonic) -> None:
        self._inner = inner
        self._clock = clock
        self._maps: dict[Request, BlockMap] = {}

    async def read(self, request: Request, transport: Transport) -> Answer:
        """Read ``request``; the answer's ``lost`` names the parts that are refused.

        Each new refusal is reported once as a Failure. Raises like ``Transport.fetch`` if nothing
        of the block could be read for another reason.
        """
        known = self._maps.get(request)
        if known is not None and isinstance(request, ReadRegisters):
            return await _Pass(self._inner, transport, request, known, self._clock()).again()
        try:
            return await self._inner.read(request, transport)
        except RequestRejected as refusal:
            splits = isinstance(request, ReadRegisters) and request.parts
            if not splits or refusal.code not in _REFUSALS or len(self._maps) >= _BLOCKS_MAX:
                raise
            assert isinstance(request, ReadRegisters)  # noqa: S101 - it has parts
            fresh = BlockMap(request.parts)
            answer = await _Pass(self._inner, transport, request, fresh, self._clock()).first(
                refusal
            )
            self._maps[request] = fresh
            return answer


class _Pass:
    """One read of one block in runs, and its results."""

    def __init__(
        self,
        inner: Driver,
        transport: Transport,
        request: ReadRegisters,
        known: BlockMap,
        now: float,
    ) -> None:
        self._inner = inner
        self._transport = transport
        self._request = request
        self._known = known
        self._now = now
        self._width = 1 if request.table in ("coil", "discrete") else 2
        self._payload = bytearray(request.count * self._width)
        self._observed_at = 0.0
        self._lost = dict(known.refused)
        self._failures: list[Failure] = []
        self._error: DeviceError | None = None
        self._silences = 0
        self._probes = 0

    async def first(self, refusal: RequestRejected) -> Answer:
        """Find the refused parts after the whole block was refused."""
        await self._refused((0, len(self._known.parts)), refusal)
        return self._answer()

    async def again(self) -> Answer:
        """Read the runs that are known to answer, and retry one refused part or cut that is due."""
        doubted = self._known.due_retry(self._now)
        for run in self._known.runs():
            await self._read(run)
        if doubted is not None:
            await self._read((doubted, doubted + 1))
            if self._known.parts[doubted] not in self._lost:
                self._known.accept(doubted)
        return self._answer()

    async def _read(self, run: Run) -> bool:
        """Read a run. Return True if its result explains the refusal of a longer run."""
        if self._silences >= _SILENCES_MAX:
            self._lose(run, "the device stopped responding")
            return True
        address, count = self._known.span(run)
        asked = ReadRegisters(self._request.table, address, count, self._request.interval_s)
        try:
            answer = await self._inner.read(asked, self._transport)
        except RequestRejected as refusal:
            self._silences = 0
            if refusal.code in _REFUSALS:
                await self._refused(run, refusal)
            else:
                self._fail(run, refusal)
            return True
        except DeviceError as error:
            self._silences += isinstance(error, DeviceTimeout | DeviceUnreachable)
            self._fail(run, error)
            return True
        assert isinstance(answer.payload, bytes)  # noqa: S101 - a register transport's answer
        self._silences = 0
        start = (address - self._request.address) * self._width
        self._payload[start : start + len(answer.payload)] = answer.payload
        self._observed_at = self._observed_at or answer.observed_at
        for part in self._known.parts[run[0] : run[1]]:
            self._lost.pop(part, None)
        return False

    async def _refused(self, run: Run, refusal: RequestRejected) -> None:
        """Halve a refused run until the refused part or the place to cut is found."""
        if run[1] - run[0] == 1:
            self._known.refuse(run[0], str(refusal), self._now)
            self._fail(run, refusal)
            return
        if self._probes >= _PROBES_MAX:
            self._lose(run, f"{refusal}; the next cycles will find the register")
            return
        self._probes += 2
        left, right = self._known.halves(run)
        blamed = await self._read(left)
        if not await self._read(right) and not blamed:
            self._known.cut(right[0], self._now)

    def _fail(self, run: Run, error: DeviceError) -> None:
        self._error = error
        self._failures.append(Failure(error.kind, str(error)))
        self._lose(run, str(error))

    def _lose(self, run: Run, reason: str) -> None:
        self._lost |= dict.fromkeys(self._known.parts[run[0] : run[1]], reason)

    def _answer(self) -> Answer:
        """Return the answer. Raises the error if it left nothing, unless parts were refused."""
        refused = isinstance(self._error, RequestRejected) and self._known.refused
        if self._error is not None and not self._observed_at and not refused:
            raise self._error
        observed_at = self._observed_at or time.time()
        return Answer(
            self._request,
            bytes(self._payload),
            observed_at,
            tuple(self._failures),
            self._lost,
        )
