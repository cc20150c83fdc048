"""The Modbus transport of one unit, and the pool of buses that units share."""

import time
from collections.abc import Callable

from agent.model.errors import ConfigError, DeviceUnreachable
from agent.model.limits import Limits
from agent.model.values import Answer, ReadRegisters, Request
from agent.profile.spec_modbus import Quirks
from agent.protocol.modbus.framing import query
from agent.transport.modbus.bus import BusLimits, ModbusBus


class ModbusTransport:
    """The transport of one unit. Its bus closes with the last transport that uses it."""

    def __init__(self, bus: ModbusBus, unit: int, limits: Limits | None = None) -> None:
        if not 0 <= unit <= 255:
            raise ConfigError(f"unit {unit} is not between 0 and 255")
        self._bus = bus
        self._unit = unit
        self._limits = limits or Limits()
        self._closed = False
        bus.users += 1

    async def fetch(self, request: Request) -> Answer:
        """Read one block of one table.

        Raises DeviceTimeout, DeviceUnreachable, ProtocolError or RequestRejected (``code`` is the
        Modbus exception code); ValueError for a block that a Modbus request cannot express.
        """
        if not isinstance(request, ReadRegisters):
            raise TypeError(f"Modbus cannot carry {type(request).__name__}")
        if self._closed:
            raise DeviceUnreachable(f"{self._bus.name}: the transport was closed")
        asked = query(self._unit, request.table, request.address, request.count)
        payload = await self._bus.read(asked, self._limits)
        return Answer(request, payload, time.time())

    def serve(self, quirks: Quirks) -> None:
        """Take the quirks of the device into account, once it is known which one it is."""
        self._bus.serve(quirks)

    def end_cycle(self) -> None:
        """Say that the cycle of this device is over."""
        self._bus.end_cycle()

    async def close(self) -> None:
        """Stop using the bus; the last user closes it."""
        if self._closed:
            return
        self._closed = True
        self._bus.users -= 1
        if not self._bus.users:
            await self._bus.close()


class BusPool:
    """The buses by endpoint: all units behind one gateway or on one line share a bus."""

    def __init__(self) -> None:
        self._buses: dict[tuple[str, ...], tuple[tuple[object, ...], ModbusBus]] = {}

    @property
    def buses(self) -> list[ModbusBus]:
        """The buses in use."""
        return [bus for _, bus in self._buses.values() if not bus.closed]

    def tcp(self, host: str, port: int = 502, limits: BusLimits | None = None) -> ModbusBus:
        """Return the Modbus TCP bus of this endpoint."""
        return self._share(
            ("net", host, str(port)), ("tcp", limits), lambda: ModbusBus.tcp(host, port, limits)
        )

    def rtu_tcp(self, host: str, port: int = 502, limits: BusLimits | None = None) -> ModbusBus:
        """Return the RTU over TCP bus of this endpoint."""
        return self._share(
            ("net", host, str(port)),
            ("rtu_tcp", limits),
            lambda: ModbusBus.rtu_tcp(host, port, limits),
        )

    def ascii_tcp(self, host: str, port: int = 502, limits: BusLimits | None = None) -> ModbusBus:
        """Return the ASCII over TCP bus of this endpoint."""
        return self._share(
            ("net", host, str(port)),
            ("ascii_tcp", limits),
            lambda: ModbusBus.ascii_tcp(host, port, limits),
        )

    def serial(
        self,
        path: str,
        baudrate: int = 19_200,
        parity: str = "E",
        stopbits: int = 1,
        limits: BusLimits | None = None,
        *,
        databits: int = 8,
        ascii_mode: bool = False,
    ) -> ModbusBus:
        """Return the bus of this serial port."""
        return self._share(
            ("serial", path),
            (baudrate, parity, stopbits, databits, ascii_mode, limits),
            lambda: ModbusBus.serial(
                *(path, baudrate, parity, stopbits, limits),
                databits=databits,
                ascii_mode=ascii_mode,
            ),
        )

    async def close(self) -> None:
        """Close every bus."""
        buses = [bus for _, bus in self._buses.values()]
        self._buses.clear()
        for bus in buses:
            await bus.close()

    def _share(
        self,
        key: tuple[str, ...],
        settings: tuple[object, ...],
        make: Callable[[], ModbusBus],
    ) -> ModbusBus:
        """Return the bus of ``key``. Raises ConfigError if it is in use with other settings."""
        before = self._buses.get(key)
        if before is not None and not before[1].closed:
            if before[0] != settings:
                raise ConfigError(
                    f"{before[1].name} is used with two different settings:"
                    f" {before[0]} and {settings}"
                )
            return before[1]
        bus = make()
        self._buses[key] = (settings, bus)
        return bus
