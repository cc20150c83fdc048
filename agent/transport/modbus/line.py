"""The lines of a Modbus bus, TCP and serial: how to open them, and their timing."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from agent.transport.modbus.serial_port import SerialPort, SerialSettings

_SILENCE_CHARACTERS = 3.5
_FAST_BAUDRATE = 19_200
_FAST_SILENCE_S = 0.001_75


class Wire(Protocol):
    """An open line. ``abort`` closes it at once; ``connection_lost`` is called later."""

    def write(self, data: bytes) -> None:
        """Send or queue ``data``."""
        ...

    def abort(self) -> None:
        """Close without waiting for unsent bytes."""
        ...


class BusLine(Protocol):
    """A line to open. ``character_s`` is the time of one character on it (0 for a network).

    ``silence_s`` is the minimum silence between two frames.
    """

    @property
    def name(self) -> str:
        """Name of the line in messages."""
        ...

    @property
    def character_s(self) -> float:
        """Time of one character in seconds."""
        ...

    @property
    def silence_s(self) -> float:
        """Silence between frames in seconds."""
        ...

    async def open(self, receiver: asyncio.Protocol) -> Wire:
        """Open the line. Raises OSError, or ConfigError for invalid settings."""
        ...


@dataclass(frozen=True, slots=True)
class TcpLine:
    """A TCP connection to a device or gateway."""

    host: str
    port: int
    character_s: float = 0.0
    silence_s: float = 0.0

    @property
    def name(self) -> str:
        """``host:port``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    async def open(self, receiver: asyncio.Protocol) -> Wire:
        """Connect. The caller limits the time."""
        loop = asyncio.get_running_loop()
        wire, _ = await loop.create_connection(lambda: receiver, self.host, self.port)
        return wire


@dataclass(frozen=True, slots=True)
class TtyLine:
    """A local serial port or pseudo-terminal."""

    path: str
    settings: SerialSettings

    @property
    def name(self) -> str:
        """The path of the port."""
        return self.path

    @property
    def character_s(self) -> float:
        """Time of start, data, parity and stop bits in seconds."""
        return self.settings.character_bits / self.settings.baudrate

    @property
    def silence_s(self) -> float:
        """Time of 3.5 characters; 1.75 ms above 19,200 baud (Serial Line V1.02, 2.5.1.1)."""
        if self.settings.baudrate > _FAST_BAUDRATE:
            return _FAST_SILENCE_S
        return _SILENCE_CHARACTERS * self.character_s

    async def open(self, receiver: asyncio.Protocol) -> Wire:
        """Open, lock and set up the port."""
        return SerialPort(self.path, self.settings, receiver, asyncio.get_running_loop())
