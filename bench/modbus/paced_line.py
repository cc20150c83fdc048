"""A serial device on a pseudo-terminal that keeps the timing of its baud rate to microseconds.

Usage: paced_line.py BAUDRATE PARITY. Prints the path, serves until its input closes, then prints
how long the line was idle before each request, in seconds from the last byte of the reply before,
as a JSON list. Every reply begins 3.5 characters (1.75 ms above 19,200 baud) after the last bit of
its request, as the fastest device that keeps the standard would, and its bytes arrive in groups as
from the FIFO of a UART.
"""

import json
import os
import select
import sys
import time
import tty

from simulator.wire.modbus_server import answer
from simulator.wire.modbus_wire import Rtu

_FIFO = 16
_SPIN_S = 0.000_5


class _Counting:
    """A device whose register n holds n."""

    def read(self, table: str, address: int, count: int) -> range:
        return range(address, address + count)


def _until(moment: float) -> None:
    """Sleep until shortly before ``moment``, then spin: kernel timers are too coarse."""
    if (rest := moment - time.perf_counter() - _SPIN_S) > 0:
        time.sleep(rest)
    while time.perf_counter() < moment:
        pass


def serve(baudrate: int, character_bits: int) -> None:
    """Answer every request on the line until standard input ends."""
    character_s = character_bits / baudrate
    silence_s = 0.001_75 if baudrate > 19_200 else 3.5 * character_s
    master, slave = os.openpty()
    tty.setraw(slave)
    print(os.ttyname(slave), flush=True)
    rtu, bank, buffer = Rtu(), _Counting(), bytearray()
    idle_s: list[float] = []
    ended = time.perf_counter()
    while True:
        ready, _, _ = select.select([master, 0], [], [])
        if 0 in ready:
            print(json.dumps(idle_s), flush=True)
            return
        begun = time.perf_counter()
        buffer += os.read(master, 4096)
        for _, unit, pdu in rtu.requests(buffer):
            frame = rtu.frame(0, unit, answer(bank, pdu))
            idle_s.append(begun - ended)
            moment = begun + character_s * (len(pdu) + 3) + silence_s
            for start in range(0, len(frame), _FIFO):
                group = frame[start : start + _FIFO]
                moment += character_s * len(group)
                _until(moment)
                os.write(master, group)
            ended = time.perf_counter()


if __name__ == "__main__":
    serve(int(sys.argv[1]), 10 if sys.argv[2] == "N" else 11)
