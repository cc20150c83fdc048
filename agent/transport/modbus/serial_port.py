"""A serial port on the event loop, by termios and two callbacks, without a thread."""

import asyncio
import errno
import fcntl
import os
import termios
from dataclasses import dataclass

from agent.model.errors import ConfigError

_PARITIES = {"N": 0, "E": termios.PARENB, "O": termios.PARENB | termios.PARODD}
_SIZES = {7: termios.CS7, 8: termios.CS8}
_READ_MAX = 4096
_UNSENT_MAX = 4096
_PTY_MAJORS = range(136, 144)


@dataclass(frozen=True, slots=True)
class SerialSettings:
    """Speed and character format of a line.

    ``parity`` is N, E or O; ``stopbits`` 1 or 2; ``databits`` 7 or 8.

    Raises ConfigError for invalid settings.
    """

    baudrate: int = 19_200
    parity: str = "E"
    stopbits: int = 1
    databits: int = 8

    def __post_init__(self) -> None:
        if not hasattr(termios, f"B{self.baudrate}") or self.baudrate <= 0:
            raise ConfigError(f"baudrate {self.baudrate} is not supported by serial ports")
        if self.parity not in _PARITIES:
            raise ConfigError(f"parity {self.parity!r} is not one of N, E, O")
        if self.stopbits not in (1, 2):
            raise ConfigError(f"stopbits {self.stopbits} is not 1 or 2")
        if self.databits not in _SIZES:
            raise ConfigError(f"databits {self.databits} is not 7 or 8")

    @property
    def character_bits(self) -> int:
        """Bits on the wire for one character: start, data, parity, stop."""
        return 1 + self.databits + (self.parity != "N") + self.stopbits


class SerialPort:
    """An open, exclusively locked serial port with the interface of an asyncio transport.

    Raises OSError if the port cannot be opened, locked or set up.
    """

    def __init__(
        self,
        path: str,
        settings: SerialSettings,
        receiver: asyncio.Protocol,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _set_up(self._fd, settings)
        except OSError:
            os.close(self._fd)
            raise
        self._receiver = receiver
        self._loop = loop
        self._unsent = b""
        self._open = True
        loop.add_reader(self._fd, self._readable)

    def write(self, data: bytes) -> None:
        """Send ``data``; bytes that the driver does not accept now are queued, up to 4096."""
        if not self._open:
            return
        if self._unsent:
            self._queue(data)
            return
        try:
            sent = os.write(self._fd, data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._lose(error)
            return
        if sent < len(data):
            self._loop.add_writer(self._fd, self._writable)
            self._queue(data[sent:])

    def abort(self) -> None:
        """Close the port now."""
        self._lose(None)

    def _queue(self, data: bytes) -> None:
        if len(self._unsent) + len(data) > _UNSENT_MAX:
            self._lose(OSError(errno.ENOBUFS, "the port does not accept more bytes"))
        else:
            self._unsent += data

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, _READ_MAX)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(error)
            return
        if data:
            self._receiver.data_received(data)
        else:
            self._lose(OSError(errno.EIO, "the port hung up"))

    def _writable(self) -> None:
        try:
            sent = os.write(self._fd, self._unsent)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(error)
            return
        self._unsent = self._unsent[sent:]
        if not self._unsent:
            self._loop.remove_writer(self._fd)

    def _lose(self, error: OSError | None) -> None:
        if not self._open:
            return
        self._open = False
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        os.close(self._fd)
        self._loop.call_soon(self._receiver.connection_lost, error)


def _set_up(fd: int, settings: SerialSettings) -> None:
    """Set raw mode without flow control; drop bytes in the buffers of the driver."""
    speed = getattr(termios, f"B{settings.baudrate}")
    base = termios.CREAD | termios.CLOCAL
    shape = _SIZES[settings.databits] | _PARITIES[settings.parity]
    stop = termios.CSTOPB if settings.stopbits == 2 else 0
    try:
        characters = termios.tcgetattr(fd)[6]
        characters[termios.VMIN], characters[termios.VTIME] = 1, 0
        mode = [0, 0, base | shape | stop, 0, speed, speed, characters]
        try:
            termios.tcsetattr(fd, termios.TCSANOW, mode)
        except termios.error:
            # A pseudo-terminal carries octets: its driver refuses parity and seven bits.
            if shape == termios.CS8 or os.major(os.fstat(fd).st_rdev) not in _PTY_MAJORS:
                raise
            mode[2] = base | termios.CS8
            termios.tcsetattr(fd, termios.TCSANOW, mode)
        termios.tcflush(fd, termios.TCIOFLUSH)
    except termios.error as error:
        raise OSError(*error.args) from error
