"""Modbus framing without I/O: encodes queries, and decodes replies from a byte stream.

The PDU classes of pymodbus encode requests, and its framers build frames and check sums. Its
decoders are not used, because in 3.16.1 they

* keep a frame with a wrong protocol id in the buffer for ever (socket),
* drop everything after the first frame of a segment, and everything before a bad CRC (RTU),
* accept any function code and any number of registers as the answer (all).

Source of the frames: Modbus Application Protocol V1.1b3, Modbus over Serial Line V1.02, Modbus
Messaging on TCP/IP V1.0b.
"""

import struct
import time
from binascii import Error as HexError
from binascii import unhexlify
from collections import deque
from functools import lru_cache
from typing import ClassVar, Protocol

from pymodbus.framer import FramerAscii, FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadInputRegistersRequest

from agent.model.errors import DeviceError, ProtocolError
from agent.protocol.modbus.question import EXCEPTION_FLAG, Query, parse_reply

_REQUESTS: dict[str, type[ModbusPDU]] = {
    "coil": ReadCoilsRequest,
    "discrete": ReadDiscreteInputsRequest,
    "holding": ReadHoldingRegistersRequest,
    "input": ReadInputRegistersRequest,
}
_TABLES = {request.function_code: table for table, request in _REQUESTS.items()}
_MBAP = struct.Struct(">HHH")
_MBAP_LENGTH_MIN, _MBAP_LENGTH_MAX = 3, 254
_REMEMBERED = 16  # transactions whose late replies are recognised
_RTU_EXCEPTION_SIZE = 5
_RTU_EXCEPTION_MAX = 16  # with what some devices send behind the code
_RTU_BUFFER_MAX = 1024
_ASCII_BUFFER_MAX = 2048
_WRITES = (5, 6, 15, 16)


@lru_cache(maxsize=8192)
def query(unit: int, table: str, address: int, count: int) -> Query:
    """Return the read of ``count`` registers or bits; one object for the same question.

    Raises ValueError when unit, table, address or count do not fit a Modbus request.
    """
    if table not in _REQUESTS:
        raise ValueError(f"{table!r} is not a table; tables: {', '.join(_REQUESTS)}")
    if not 0 <= unit <= 255:
        raise ValueError(f"unit {unit} is not between 0 and 255")
    if address + count > 65536:
        raise ValueError(f"{count} from {address} runs past address 65535")
    request = _REQUESTS[table](address=address, count=count, dev_id=unit)
    function = request.function_code
    size = 2 * count if function > 2 else (count + 7) // 8
    pdu = bytes((function,)) + request.encode()
    head, refusal = bytes((unit, function, size)), bytes((unit, function | EXCEPTION_FLAG))
    return Query(unit, table, address, count, function, size, pdu, head, refusal)


def marker_query(asked: Query, excluded: frozenset[int] | set[int]) -> Query | None:
    """Return a one-register read by a function that is not in ``excluded``.

    Its reply cannot be confused with a late reply by an ``excluded`` function code. Returns
    None if all read functions are excluded.
    """
    for function, table in sorted(_TABLES.items(), reverse=True):
        if function not in excluded:
            return query(asked.unit, table, asked.address, 1)
    return None


class Framer(Protocol):
    """Encoder and decoder of one byte stream. One query at a time; a new one replaces the old.

    ``transactions``: replies carry the number of their query, so late replies are recognised.
    ``broken``: the frame boundaries are lost, and only a new connection helps.
    ``strays`` counts frames without a query; ``note`` describes the last one of the queried unit.
    ``hint`` is what a timeout should add: what arrived instead of a reply. ``any_transaction``
    believes any transaction number: safe only where a connection carries one request.
    """

    transactions: ClassVar[bool]
    broken: bool
    strays: int
    note: str
    hint: str
    any_transaction: bool

    @property
    def partial(self) -> bool:
        """True if the buffer holds bytes of an incomplete frame."""
        ...

    def reset(self) -> None:
        """Begin a new stream."""
        ...

    def ask(self, asked: Query) -> bytes:
        """Return the bytes to send. From now on ``feed`` looks for the answer."""
        ...

    def reply_characters(self, asked: Query) -> int:
        """Return the length of the whole reply to ``asked``, in characters on the line."""
        ...

    def withdraw(self) -> None:
        """Stop looking for the reply."""
        ...

    def feed(self, data: bytes) -> bytes | None:
        """Return the answer's payload, or None while it is not complete.

        Raises RequestRejected for an exception reply, ProtocolError for a reply that does not
        match the query.
        """
        ...


class TcpFramer:
    """MBAP framing: each reply carries its transaction number and its length.

    The length of an exception reply is not believed, because some devices state one that they do
    not send: after its function code one octet follows.
    """

    transactions: ClassVar[bool] = True

    def __init__(self) -> None:
        self._framer = FramerSocket(DecodePDU(False))
        self._asked: Query | None = None
        self._transaction = 0
        self._asked_at: deque[tuple[int, float]] = deque(maxlen=_REMEMBERED)
        self._rest = b""
        self._padding = 0
        self.any_transaction = False
        self.broken = False
        self.strays = 0
        self.note = ""
        self.hint = ""

    @property
    def partial(self) -> bool:
        """True if the buffer holds bytes of an incomplete frame."""
        return bool(self._rest)

    def reset(self) -> None:
        """Begin a new stream."""
        self._asked, self._rest, self._padding = None, b"", 0
        self.broken, self.note, self.hint = False, "", ""
        self._asked_at.clear()

    def withdraw(self) -> None:
        """Stop looking for the reply."""
        self._asked = None

    def ask(self, asked: Query) -> bytes:
        """Return the bytes to send, under the next transaction number."""
        self._asked, self.note, self.hint = asked, "", ""
        self._transaction = self._transaction % 0xFFFF + 1
        self._asked_at.append((self._transaction, time.monotonic()))
        return self._framer.encode(asked.pdu, asked.unit, self._transaction)

    def reply_characters(self, asked: Query) -> int:
        """Return the length of MBAP header, function, byte count and data."""
        return 9 + asked.size

    def feed(self, data: bytes) -> bytes | None:
        """Decode the reply, skip frames of other transactions; a bad header breaks the stream."""
        if self._rest:
            data = self._rest + data
        size, at = len(data), 0
        verdict: bytes | DeviceError | None = None
        while size - at >= 6:
            transaction, protocol, length = _MBAP.unpack_from(data, at)
            is_ours = transaction == self._transaction or self.any_transaction
            if self._padding:
                at += 0 if is_ours and not protocol else self._padding
                self._padding = 0
                continue
            asked = self._asked if is_ours else None
            if protocol or not _MBAP_LENGTH_MIN <= length <= _MBAP_LENGTH_MAX:
                self.broken = True
                break
            end = at + 6 + length
            if asked is not None and data.startswith(asked.refusal, at + 6) and size - at >= 9:
                self._padding = max(0, end - size)
                end = min(end, size)
            if end > size:
                break
            if asked is not None:
                verdict = parse_reply(asked, data[at + 6 : end])
                self._asked = None
            else:
                self._stray(transaction)
            at = end
        self._rest = b"" if self.broken else data[at:]
        if self.broken and verdict is None and self._asked is not None:
            verdict = ProtocolError(f"{self._asked}: garbage where an MBAP header should be")
            self._asked = None
        if isinstance(verdict, DeviceError):
            raise verdict
        return verdict

    def _stray(self, transaction: int) -> None:
        """Count a reply to another request than the present one, and keep what it shows."""
        self.strays += 1
        if self._asked is None:
            return
        self.hint = f"an answer came with transaction {transaction}, asked was {self._transaction}"
        asked_at = dict(self._asked_at).get(transaction)
        if asked_at is not None:
            self.hint += f", {time.monotonic() - asked_at:.1f} s after the request of that number"


class _SerialFramer:
    """Base of RTU and ASCII: without transactions, bytes older than the query are dropped.

    A two-wire RS-485 adapter may receive what it sends. Such an echo has the length and check sum
    of a reply to some reads of bits (address 0x0300, 17 to 24 bits), so the first frame that equals
    the request octet for octet is dropped before a reply is looked for.
    """

    transactions: ClassVar[bool] = False

    def __init__(self) -> None:
        self._asked: Query | None = None
        self._buffer = b""
        self._echo = b""
        self.any_transaction = False
        self.broken = False
        self.strays = 0
        self.note = ""
        self.hint = ""

    @property
    def partial(self) -> bool:
        """True if the buffer holds bytes of an incomplete frame."""
        return bool(self._buffer)

    def reset(self) -> None:
        """Begin a new stream."""
        self._asked, self._buffer, self._echo = None, b"", b""
        self.note = self.hint = ""

    def withdraw(self) -> None:
        """Stop looking for the reply."""
        self._asked, self._buffer = None, b""

    def _begin(self, asked: Query, request: bytes) -> bytes:
        """Look for the reply to ``request`` from now on, and return it."""
        self._asked, self._buffer, self._echo = asked, b"", request
        self.note = self.hint = ""
        return request

    def _drop_echo(self) -> None:
        self._echo = b""
        self.hint = "only the request itself came back"

    def _answer(self, asked: Query, frame: bytes) -> bytes | None:
        """Return the payload of ``frame`` (without check sum) if it matches, else count a stray.

        Without transactions a frame of the wrong shape may be a late reply to an older query. It is
        skipped, and reported as an error only if no other reply follows.
        """
        verdict = parse_reply(asked, frame)
        if isinstance(verdict, ProtocolError):
            self.strays += 1
            if frame[0] == asked.unit:
                self.note = str(verdict)
            return None
        self._asked, self._buffer = None, b""
        if isinstance(verdict, DeviceError):
            raise verdict
        return verdict


def _rtu_size(data: bytes, at: int) -> int:
    """Return the length of the RTU reply that may begin at ``at``; 0 if none can begin there."""
    function = data[at + 1]
    if function & EXCEPTION_FLAG:
        return _RTU_EXCEPTION_SIZE
    if function in _TABLES:
        return _RTU_EXCEPTION_SIZE + data[at + 2]
    return 8 if function in _WRITES else 0


def _exception_end(data: bytes, at: int) -> int:
    """Return where the exception reply ends that begins at ``at``, as its check sum shows."""
    ends = range(at + _RTU_EXCEPTION_SIZE, min(at + _RTU_EXCEPTION_MAX, len(data)) + 1)
    return next((end for end in ends if _crc_matches(data, at, end)), ends.start)


def _crc_matches(data: bytes, start: int, end: int) -> bool:
    return FramerRTU.compute_CRC(data[start : end - 2]).to_bytes(2, "big") == data[end - 2 : end]


class RtuFramer(_SerialFramer):
    """RTU framing: frames are found by their shape and CRC, whatever is before them."""

    def __init__(self) -> None:
        super().__init__()
        self._framer = FramerRTU(DecodePDU(False))

    def reply_characters(self, asked: Query) -> int:
        """Return the length of unit, function, byte count, data and CRC."""
        return 5 + asked.size

    def ask(self, asked: Query) -> bytes:
        """Return the bytes to send; forget what was received before."""
        return self._begin(asked, self._framer.encode(asked.pdu, asked.unit, 0))

    def feed(self, data: bytes) -> bytes | None:
        """Decode the reply; skip frames of other queries and bytes that are not a frame."""
        asked = self._asked
        if asked is None:
            self.strays += 1
            return None
        self._buffer = data = (self._buffer + data)[-_RTU_BUFFER_MAX:]
        at, kept = 0, 0
        while len(data) - at >= _RTU_EXCEPTION_SIZE:
            if self._echo and data.startswith(self._echo, at):
                at = kept = at + len(self._echo)
                self._drop_echo()
                continue
            if self._echo.startswith(data[at:]):
                break
            end = at + (_rtu_size(data, at) or len(data) + 1)
            if data.startswith(asked.refusal, at):
                end = _exception_end(data, at)
            if end <= len(data) and _crc_matches(data, at, end):
                answer = self._answer(asked, data[at : end - 2])
                if answer is not None:
                    return answer
                at = kept = end
            elif end > len(data) and data.startswith(asked.head, at):
                break
            else:
                at += 1
        self._buffer = data[kept:]
        return None


class AsciiFramer(_SerialFramer):
    """ASCII framing: a colon, pairs of hexadecimal digits, LRC, CR LF."""

    def __init__(self) -> None:
        super().__init__()
        self._framer = FramerAscii(DecodePDU(False))

    def reply_characters(self, asked: Query) -> int:
        """Return the length of colon, CR LF, and two digits for each octet (5 beside the data)."""
        return 11 + 2 * asked.size

    def ask(self, asked: Query) -> bytes:
        """Return the bytes to send; forget what was received before."""
        return self._begin(asked, self._framer.encode(asked.pdu, asked.unit, 0))

    def feed(self, data: bytes) -> bytes | None:
        """Decode the reply; skip damaged lines and replies to other queries."""
        asked = self._asked
        if asked is None:
            self.strays += 1
            return None
        data = (self._buffer + data)[-_ASCII_BUFFER_MAX:]
        *lines, rest = data.split(b"\r\n")
        self._buffer = rest
        for line in lines:
            if self._echo and line.endswith(self._echo.removesuffix(b"\r\n")):
                self._drop_echo()
                continue
            frame = _ascii_frame(line)
            if frame is None:
                self.note = f"{asked}: damaged ASCII frame of {len(line)} characters"
                continue
            answer = self._answer(asked, frame)
            if answer is not None:
                return answer
        return None


def _ascii_frame(line: bytes) -> bytes | None:
    """Return unit, function and data of an ASCII line; None if LRC or digits are wrong."""
    try:
        octets = unhexlify(line[line.rfind(b":") + 1 :])
    except (HexError, ValueError):
        return None
    if b":" not in line or len(octets) < 4:
        return None
    return octets[:-1] if FramerAscii.compute_LRC(octets[:-1]) == octets[-1] else None
