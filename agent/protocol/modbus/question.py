"""A query to one unit, and the decoding of its reply, independent of the framing."""

from dataclasses import dataclass

from agent.model.errors import DeviceError, ProtocolError, RequestRejected

EXCEPTION_FLAG = 0x80
ACKNOWLEDGE, BUSY, GATEWAY_NO_PATH, GATEWAY_NO_ANSWER = 5, 6, 0x0A, 0x0B
_MEANINGS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "server device failure",
    ACKNOWLEDGE: "acknowledge, still processing",
    BUSY: "server device busy",
    7: "negative acknowledge",
    8: "memory parity error",
    GATEWAY_NO_PATH: "gateway path unavailable",
    GATEWAY_NO_ANSWER: "gateway target device failed to respond",
}


@dataclass(frozen=True, slots=True)
class Query:
    """A read of one unit.

    ``count`` is in registers (holding, input) or bits (coil, discrete); ``address`` is 0-based.
    ``size`` is the number of data bytes in the reply; ``head`` holds the first bytes of a valid
    reply: unit, function, byte count; ``refusal`` those of an exception reply: unit, function.
    """

    unit: int
    table: str
    address: int
    count: int
    function: int
    size: int
    pdu: bytes
    head: bytes
    refusal: bytes

    def __str__(self) -> str:
        last = self.address + self.count - 1
        return f"unit {self.unit} {self.table} {self.address}..{last}"

    def payload(self, data: bytes) -> bytes:
        """Return the reply's data bytes as ``values.Answer`` has them: a byte per bit."""
        if self.function > 2:
            return data
        return bytes(data[bit >> 3] >> (bit & 7) & 1 for bit in range(self.count))


def _refusal(asked: Query, code: int) -> RequestRejected:
    meaning = _MEANINGS.get(code, "unknown exception")
    return RequestRejected(f"{asked}: exception {code}, {meaning}", code)


def parse_reply(asked: Query, frame: bytes) -> bytes | DeviceError:
    """Return what ``frame`` (unit, function, data) answers to the question, payload or error.

    The error is RequestRejected for an exception reply, else ProtocolError. The frame must be known
    to belong to the query. Some devices send more than the exception's code; that is not looked at.
    """
    if frame[:3] == asked.head and len(frame) == 3 + asked.size:
        return asked.payload(frame[3:])
    if frame.startswith(asked.refusal) and len(frame) >= 3:
        return _refusal(asked, frame[2])
    counted = ""
    if len(frame) == 3 + asked.size and frame[:2] == asked.head[:2]:
        counted = f", but the byte count is {frame[2]} instead of {asked.size}"
    return ProtocolError(
        f"{asked}: the reply is from unit {frame[0]}, function {frame[1]}, with "
        f"{len(frame) - 2} bytes; expected unit {asked.unit}, function {asked.function} with "
        f"{asked.size + 1}{counted}"
    )
