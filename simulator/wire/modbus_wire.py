"""Split a stream into Modbus requests and frame the replies: MBAP and RTU.

It shares no code with the agent's framing, so that the two cannot agree on a mistake. Source:
Modbus Application Protocol V1.1b3, Modbus over Serial Line V1.02.
"""

import struct
from collections.abc import Iterator
from typing import ClassVar, Protocol

_REQUEST_SIZES = {1: 8, 2: 8, 3: 8, 4: 8, 5: 8, 6: 8, 8: 8}
_SIZED_REQUESTS = (15, 16)


class Framing(Protocol):
    """Splits requests off the stream and frames replies."""

    def requests(self, buffer: bytearray) -> Iterator[tuple[int, int, bytes]]:
        """Remove every complete request from ``buffer``; yield (transaction, unit, pdu)."""
        ...

    def frame(self, transaction: int, unit: int, pdu: bytes) -> bytes:
        """Return the bytes of one reply."""
        ...


class Mbap:
    """Modbus TCP."""

    _HEADER: ClassVar[struct.Struct] = struct.Struct(">HHHB")

    def requests(self, buffer: bytearray) -> Iterator[tuple[int, int, bytes]]:
        """Split by the header's length; a stream without headers is dropped."""
        while len(buffer) >= 8:
            transaction, protocol, length, unit = self._HEADER.unpack_from(buffer)
            if protocol or not 2 <= length <= 254:
                buffer.clear()
                return
            if len(buffer) < 6 + length:
                return
            pdu = bytes(buffer[7 : 6 + length])
            del buffer[: 6 + length]
            yield transaction, unit, pdu

    def frame(self, transaction: int, unit: int, pdu: bytes) -> bytes:
        """Return header and PDU."""
        return self._HEADER.pack(transaction, 0, len(pdu) + 1, unit) + pdu


def _crc_table() -> tuple[int, ...]:
    table = []
    for crc in range(256):
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
        table.append(crc)
    return tuple(table)


_CRC = _crc_table()


def crc16(data: bytes | bytearray) -> bytes:
    """Return the RTU check sum, low byte first as it is sent."""
    crc = 0xFFFF
    for octet in data:
        crc = crc >> 8 ^ _CRC[(crc ^ octet) & 0xFF]
    return crc.to_bytes(2, "little")


class Rtu:
    """Modbus RTU, on serial lines and over TCP."""

    def requests(self, buffer: bytearray) -> Iterator[tuple[int, int, bytes]]:
        """Split by shape and CRC; bytes that start no request are skipped one by one."""
        while len(buffer) >= 8:
            size = _REQUEST_SIZES.get(buffer[1], 0)
            if buffer[1] in _SIZED_REQUESTS:
                size = 9 + buffer[6]
            if size > len(buffer):
                return
            if size and crc16(buffer[: size - 2]) == buffer[size - 2 : size]:
                request = bytes(buffer[: size - 2])
                del buffer[:size]
                yield 0, request[0], request[1:]
            else:
                del buffer[0]

    def frame(self, transaction: int, unit: int, pdu: bytes) -> bytes:
        """Return unit, PDU and CRC."""
        body = bytes((unit,)) + pdu
        return body + crc16(body)
