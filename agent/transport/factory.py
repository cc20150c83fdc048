"""Opens the right transport for a URL, over the engines and buses that devices share."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Self

from agent.config import DeviceConfig
from agent.model.credentials import SnmpCredentials
from agent.model.limits import Limits
from agent.parse.url import Url
from agent.profile.points import Quirks
from agent.transport.base import Transport
from agent.transport.modbus.bus import BusLimits, ModbusBus
from agent.transport.modbus.transport import BusPool, ModbusTransport
from agent.transport.snmp.engine import EngineCounters, SnmpEngine
from agent.transport.snmp.native_link import native_transport

_ASCII_GAP_S = 1.0  # characters of one frame may be that far apart: V1.02, section 2.5.2
_ASCII_DATABITS = "7"  # the same section


class Transports:
    """The sockets of one daemon: one SNMP engine, one bus per gateway or line.

    Use it as an asynchronous context manager; leaving it closes everything it opened.
    """

    def __init__(self, quirks: Mapping[str, Quirks] | None = None) -> None:
        """``quirks`` is what the devices of each line need, by ``Url.line``."""
        self._quirks = quirks or {}
        self._engine: SnmpEngine | None = None
        self._opening = asyncio.Lock()
        self._pool = BusPool()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(
        self, url: Url, credentials: SnmpCredentials, limits: Limits, engine: str = "native"
    ) -> Transport:
        """A transport to ``url``; nothing is sent yet. ``engine`` is ``native`` or ``pysnmp``."""
        if url.protocol == "snmp":
            if engine == "pysnmp":
                # Imported only where it is chosen: it takes longer to load than the whole agent.
                from agent.transport.snmp.pysnmp_link import pysnmp_transport

                return pysnmp_transport(url.host, url.port, credentials, limits)
            return native_transport(await self._snmp(), url.host, url.port, credentials, limits)
        return ModbusTransport(self.bus(url), url.unit, limits)

    @contextlib.asynccontextmanager
    async def opened(
        self, url: Url, credentials: SnmpCredentials, limits: Limits, engine: str = "native"
    ) -> AsyncIterator[Transport]:
        """Open a transport while the block runs; see :meth:`open`."""
        transport = await self.open(url, credentials, limits, engine)
        try:
            yield transport
        finally:
            await transport.close()

    def expect(self, quirks: Mapping[str, Quirks]) -> None:
        """Lines opened from now on are opened with what their devices need now."""
        self._quirks = quirks

    async def close(self) -> None:
        """Close what is shared. Transports that are still open fail from now on."""
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.close()
        await self._pool.close()

    async def _snmp(self) -> SnmpEngine:
        async with self._opening:
            if self._engine is None:
                self._engine = await SnmpEngine.open()
            return self._engine

    @property
    def buses(self) -> list[ModbusBus]:
        """The buses in use."""
        return self._pool.buses

    @property
    def snmp_counters(self) -> EngineCounters:
        """What the SNMP engine did; nothing while there is none."""
        return EngineCounters() if self._engine is None else self._engine.counters

    @property
    def snmp_in_flight(self) -> int:
        """How many SNMP messages wait for an answer."""
        return 0 if self._engine is None else self._engine.in_flight

    def bus(self, url: Url) -> ModbusBus:
        """The bus that ``url`` is on, opened with what its devices need."""
        quirks = self._quirks.get(url.line, Quirks())
        limits = BusLimits(connect_pause_s=quirks.connect_pause_s, turnaround_s=quirks.delay_s)
        if url.scheme == "modbus+tcp":
            return self._pool.tcp(url.host, url.port, limits)
        if url.scheme == "modbus+rtutcp":
            return self._pool.rtu_tcp(url.host, url.port, limits)
        if url.ascii:
            limits = replace(limits, gap_s=_ASCII_GAP_S)
        if url.scheme == "modbus+asciitcp":
            return self._pool.ascii_tcp(url.host, url.port, limits)
        options = url.options
        return self._pool.serial(
            url.path,
            int(options.get("baudrate", "19200")),
            options.get("parity", "E"),
            int(options.get("stopbits", "1")),
            limits,
            databits=int(options.get("databits", _ASCII_DATABITS if url.ascii else "8")),
            ascii_mode=url.ascii,
        )


async def open_device(device: DeviceConfig, transports: Transports) -> Transport:
    """Return the transport that a device's configuration asks for."""
    limits = Limits(timeout_s=device.timeout_s, retries=device.retries)
    return await transports.open(device.url, device.credentials, limits, device.engine)
