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
_FAILURE = 4  # server device failure: some devices mean a register, others that they are broken
_SILENCE = 0  # no exception code: the device answers, but not this request
_SPLITS = _REFUSALS | {_FAILURE, _SILENCE}
_BLOCKS_MAX = 256  # blocks of one device whose refusals are remembered
_PROBES_MAX = 64  # extra requests in one read, to find the refused registers
_SILENCES_MAX = 2  # timeouts in a row after which the rest of the block is not requested


class SplittingDriver:
    """A driver of one device that wraps another driver and avoids refused registers.

    A block that is refused is halved until each refused part is alone; what remains of it is
    read in the same cycle, and read around the refused parts from then on. A device failure is
    taken for a refusal only where one half of a block fails and the other does not.

    Some devices do not answer at all what they refuse. Where a block not answered before meets
    silence, one register of it is read: if that is answered, the silence was a refusal.
    """

    def __init__(self, inner: Driver, clock: Callable[[], float] = time.monotonic) -> None:
        self._inner = inner
        self._clock = clock
        self._maps: dict[Request, BlockMap] = {}
        self._answered: set[Request] = set()

    async def read(self, request: Request, transport: Transport) -> Answer:
        """Read ``request``; the answer's ``lost`` names the parts that are refused.

        Each new refusal is reported once as a Failure. Raises like ``Transport.fetch`` if nothing
        of the block could be read for another reason.
        """
        known = self._maps.get(request)
        if known is not None and isinstance(request, ReadRegisters):
            return await _Pass(self._inner, transport, request, known, self._clock()).again()
        alive = _one_register(request)
        try:
            answer = await self._inner.read(request, transport)
        except RequestRejected as error:
            refusal = error
        except DeviceTimeout as silence:
            if alive is None or request in self._answered:
                raise
            await self._prove_alive(alive, transport, silence)
            assert isinstance(request, ReadRegisters)  # noqa: S101 - it has a first register
            refusal = _unanswered(request, alive)
        else:
            if len(self._answered) < _BLOCKS_MAX:
                self._answered.add(request)
            return answer
        if (
            not isinstance(request, ReadRegisters)
            or refusal.code not in _SPLITS
            or len(request.parts) < (2 if refusal.code == _FAILURE else 1)
            or len(self._maps) >= _BLOCKS_MAX
        ):
            raise refusal
        fresh = BlockMap(request.parts)
        if refusal.code != _SILENCE:
            alive = None
        reading = _Pass(self._inner, transport, request, fresh, self._clock(), alive)
        answer = await reading.first(refusal)
        self._maps[request] = fresh
        return answer

    async def _prove_alive(
        self, alive: ReadRegisters, transport: Transport, silence: DeviceTimeout
    ) -> None:
        """Raise ``silence`` where the device does not answer for one register either."""
        try:
            await self._inner.read(alive, transport)
        except RequestRejected:
            return
        except DeviceError:
            raise silence from None


def _one_register(request: Request) -> ReadRegisters | None:
    """Return a read of the first register of a longer block."""
    if not isinstance(request, ReadRegisters) or not request.parts or request.count < 2:
        return None
    return ReadRegisters(request.table, request.address, 1)


def _unanswered(asked: ReadRegisters, alive: ReadRegisters) -> RequestRejected:
    last = asked.address + asked.count - 1
    span = f"{asked.address}..{last}" if asked.count > 1 else str(last)
    return RequestRejected(
        f"the device answers {asked.table} {alive.address}, but not {span}", _SILENCE
    )


class _Pass:
    """One read of one block in runs, and its results."""

    def __init__(
        self,
        inner: Driver,
        transport: Transport,
        request: ReadRegisters,
        known: BlockMap,
        now: float,
        alive: ReadRegisters | None = None,
    ) -> None:
        """``alive`` is a register that was answered, which shows a refusal by silence."""
        self._inner = inner
        self._transport = transport
        self._request = request
        self._known = known
        self._now = now
        self._alive = alive
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

    async def _read(self, run: Run) -> None:
        """Read a run, and find out what of it is refused."""
        refusal = await self._attempt(run)
        if isinstance(refusal, RequestRejected) and refusal.code in _SPLITS:
            await self._refused(run, refusal)

    async def _attempt(self, run: Run) -> DeviceError | None:
        """Read a run as it is; return the error, which is noted unless the run can be split."""
        if self._silences >= _SILENCES_MAX:
            lost = DeviceTimeout("the device stopped responding")
            self._lose(run, str(lost))
            return lost
        address, count = self._known.span(run)
        asked = ReadRegisters(self._request.table, address, count, self._request.interval_s)
        try:
            answer = await self._inner.read(asked, self._transport)
        except RequestRejected as refusal:
            self._silences = 0
            if refusal.code not in _SPLITS:
                self._fail(run, refusal)
            return refusal
        except DeviceError as error:
            if isinstance(error, DeviceTimeout) and await self._is_alive():
                assert self._alive is not None  # noqa: S101 - it has just answered
                return _unanswered(asked, self._alive)
            self._silences += isinstance(error, DeviceTimeout | DeviceUnreachable)
            self._fail(run, error)
            return error
        assert isinstance(answer.payload, bytes)  # noqa: S101 - a register transport's answer
        self._silences = 0
        start = (address - self._request.address) * self._width
        self._payload[start : start + len(answer.payload)] = answer.payload
        self._observed_at = self._observed_at or answer.observed_at
        for part in self._known.parts[run[0] : run[1]]:
            self._lost.pop(part, None)
        return None

    async def _is_alive(self) -> bool:
        """Return whether the register that was answered before still is."""
        if self._alive is None:
            return False
        try:
            await self._inner.read(self._alive, self._transport)
        except RequestRejected:
            return True
        except DeviceError:
            return False
        return True

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
        halves = self._known.halves(run)
        errors = [await self._attempt(half) for half in halves]
        codes = [error.code if isinstance(error, RequestRejected) else None for error in errors]
        if codes == [_FAILURE, _FAILURE]:
            self._fail(run, refusal)
            return
        for half, error in zip(halves, errors, strict=True):
            if isinstance(error, RequestRejected) and error.code in _SPLITS:
                await self._refused(half, error)
        if errors == [None, None]:
            self._known.cut(halves[1][0], self._now)

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
