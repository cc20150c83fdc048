"""Reads blocks of registers around what the device refuses: one bad register costs one part."""

import time
from collections.abc import Callable

from agent.model.errors import DeviceError, DeviceTimeout, DeviceUnreachable, RequestRejected
from agent.model.values import Answer, Failure, ReadRegisters, Request
from agent.plan.blocks import BlockMap, Run
from agent.poll.driver import Driver
from agent.transport.base import Transport

# Illegal function, data address, data value: the second is meant, the others are misused for it.
_REFUSALS = frozenset({1, 2, 3})
_BLOCKS_MAX = 256  # blocks of one device whose refusals are remembered
_PROBES_MAX = 64  # extra requests in one read, to find out what is refused
_SILENCES_MAX = 2  # in a row, and the rest of the block is not asked for


class SplittingDriver:
    """A driver around another one, for one device.

    A block that is refused is halved until each refused part is alone; what remains of it is
    read in the same cycle, and read around the refused parts from then on.
    """

    def __init__(self, inner: Driver, clock: Callable[[], float] = time.monotonic) -> None:
        self._inner = inner
        self._clock = clock
        self._maps: dict[Request, BlockMap] = {}

    async def read(self, request: Request, transport: Transport) -> Answer:
        """Read ``request``; the answer's ``lost`` names the parts that are refused.

        Each refusal is a Failure when it is learnt. Raises what ``Transport.fetch`` raises where
        nothing of the block could be read for another reason.
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
    """One read of one block in runs, and what comes of it."""

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
        """Find out what is refused, after the whole block was."""
        await self._refused((0, len(self._known.parts)), refusal)
        return self._answer()

    async def again(self) -> Answer:
        """Read the runs that are known to answer, and one doubtful part."""
        doubted = self._known.due_retry(self._now)
        for run in self._known.runs():
            await self._read(run)
        if doubted is not None:
            await self._read((doubted, doubted + 1))
            if self._known.parts[doubted] not in self._lost:
                self._known.accept(doubted)
        return self._answer()

    async def _read(self, run: Run) -> bool:
        """Read a run. True where it shows why a longer one is refused."""
        if self._silences >= _SILENCES_MAX:
            self._lose(run, "the device fell silent before")
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
        """Halve a refused run, down to the part that is to blame or the place to cut."""
        if run[1] - run[0] == 1:
            self._known.refuse(run[0], str(refusal), self._now)
            self._fail(run, refusal)
            return
        if self._probes >= _PROBES_MAX:
            self._lose(run, f"{refusal}; which register it is will be found in the next cycles")
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
        """Return what was read. Raises the error where more than refusals left nothing."""
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
