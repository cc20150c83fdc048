"""Transports by URL, over the SNMP engine and Modbus buses that devices share."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Self

from agent.config import DeviceConfig
from agent.model.credentials import SnmpCredentials
from agent.model.limits import Limits
from agent.parse.url import Url
from agent.profile.spec_modbus import Quirks
from agent.transport.base import Transport
from agent.transport.modbus.bus import BusLimits, ModbusBus
from agent.transport.modbus.transport import BusPool, ModbusTransport
from agent.transport.snmp.engine import EngineCounters, SnmpEngine
from agent.transport.snmp.native_link import native_transport

_ASCII_GAP_S = 1.0  # longest time between characters of a frame: V1.02, section 2.5.2


class Transports:
    """The shared sockets of a process: one SNMP engine, and one bus per gateway or line.

    Use it as an asynchronous context manager; leaving it closes everything it opened.
    """

    def __init__(self, quirks: Mapping[str, Quirks] | None = None) -> None:
        """``quirks`` maps each ``Url.line`` to the combined quirks of its devices."""
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
        """Return a transport to ``url``; nothing is sent yet. ``engine``: ``native`` or ``pysnmp``.

        Raises ConfigError for contradictory credentials or line settings.
        """
        if url.protocol == "snmp":
            if engine == "pysnmp":
                # Imported only if chosen: it takes longer to load than the whole agent.
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

    def set_quirks(self, quirks: Mapping[str, Quirks]) -> None:
        """Set the quirks of the lines that are opened from now on, by ``Url.line``."""
        self._quirks = quirks

    async def close(self) -> None:
        """Close the engine and the buses. Transports that are still open fail from now on."""
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
        """Counters of the SNMP engine; zeros before it is opened."""
        return EngineCounters() if self._engine is None else self._engine.counters

    @property
    def snmp_in_flight(self) -> int:
        """Number of SNMP messages that wait for a response."""
        return 0 if self._engine is None else self._engine.in_flight

    def bus(self, url: Url) -> ModbusBus:
        """Return the bus of ``url``, with the quirks of its devices.

        Raises ConfigError if the bus is already in use with other settings.
        """
        quirks = self._quirks.get(url.line, Quirks())
        limits = BusLimits().serving(quirks)
        if url.scheme == "modbus+tcp":
            return self._pool.tcp(url.host, url.port, limits)
        if url.scheme == "modbus+rtutcp":
            return self._pool.rtu_tcp(url.host, url.port, limits)
        if url.ascii:
            limits = replace(limits, gap_s=_ASCII_GAP_S)
        if url.scheme == "modbus+asciitcp":
            return self._pool.ascii_tcp(url.host, url.port, limits)
        line = url.settings
        return self._pool.serial(
            *(url.path, line.baudrate, line.parity, line.stopbits, limits),
            databits=line.databits,
            ascii_mode=url.ascii,
        )


async def open_device(device: DeviceConfig, transports: Transports) -> Transport:
    """Return the transport of a configured device."""
    limits = Limits(device.timeout_s, device.retries, any_source=device.any_source)
    return await transports.open(device.url, device.credentials, limits, device.engine)
