"""The only way to write to a device: one value that the configuration names and confirms.

It is sent once and never repeated, because a repetition may have another effect (an outlet that
toggles); then it is read back until it has the value, a few times at most. The agent only reads.
"""

import asyncio

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

from agent.config.stimuli import RegisterWrite, SnmpWrite
from agent.model import smi
from agent.model.errors import DeviceError, DeviceUnreachable, ProtocolError, RequestRejected
from agent.model.limits import Limits
from agent.protocol.snmp import message
from agent.protocol.snmp.message import Pdu
from agent.transport.snmp.engine import SnmpEngine
from agent.transport.snmp.native_link import NativeLink, security_of
from agent.transport.snmp.transport import RequestPdu

_LOOKS = 4  # a relay takes a moment to switch
_BETWEEN_LOOKS_S = 0.5


class NotWritten(DeviceError):
    """The device accepted the write, but reads back another value."""

    kind = "not_written"


async def perform(write: SnmpWrite | RegisterWrite) -> None:
    """Write, read back, compare. Raises DeviceError, which names the OID or register."""
    if isinstance(write, SnmpWrite):
        await _snmp(write)
    else:
        await _register(write)


async def _snmp(write: SnmpWrite) -> None:
    place = f"{write.device} {smi.dotted(write.oid)}"
    engine = await SnmpEngine.open()
    try:
        link = NativeLink(
            engine,
            write.url.host,
            write.url.port,
            security_of(write.credentials),
            Limits(timeout_s=write.timeout_s, retries=0),
        )
        names = (write.oid,)
        varbinds = message.encode_varbinds([(write.oid, write.tag, write.value)])
        await _answered(link, place, RequestPdu(message.SET, names, varbinds))
        question = RequestPdu(message.GET, names, message.encode_names(names))
        for look in range(_LOOKS):
            if look:
                await asyncio.sleep(_BETWEEN_LOOKS_S)
            pdu = await _answered(link, place, question)
            if pdu.varbinds[:1] == [(write.oid, write.tag, write.value)]:
                return
        shown = pdu.varbinds[0][2] if pdu.varbinds else None
        raise NotWritten(f"{place}: wrote {write.value!r}, but it reads back {shown!r}")
    finally:
        await engine.close()


async def _answered(link: NativeLink, place: str, ask: RequestPdu) -> Pdu:
    """Return the response if it has no error-status. Raises DeviceError."""
    what = "the write" if ask.kind == message.SET else "reading it back"
    try:
        pdu, _ = await link.exchange(ask)
    except DeviceError as error:
        raise type(error)(f"{place}: {what}: {error}") from None
    if pdu.error_status:
        meaning = message.error_name(pdu.error_status)
        raise RequestRejected(f"{place}: {what}: the device answers {meaning}", pdu.error_status)
    return pdu


async def _register(write: RegisterWrite) -> None:
    url = write.url
    place = f"{write.device} register {write.register}"
    client = AsyncModbusTcpClient(
        url.host, port=url.port, timeout=write.timeout_s, retries=0, reconnect_delay=0
    )
    try:
        what = "connecting"
        if not await client.connect():
            raise DeviceUnreachable(f"{place}: no connection to {url.line}")
        what = "the write"
        reply = await client.write_register(write.register, write.value, device_id=url.unit)
        _accepted(reply, f"{place}: {what}")
        what = "reading it back"
        for look in range(_LOOKS):
            if look:
                await asyncio.sleep(_BETWEEN_LOOKS_S)
            reply = await client.read_holding_registers(write.register, device_id=url.unit)
            _accepted(reply, f"{place}: {what}")
            if reply.registers[:1] == [write.value]:
                return
        raise NotWritten(f"{place}: wrote {write.value}, but it reads back {reply.registers[0]}")
    except ModbusException as error:
        raise ProtocolError(f"{place}: {what}: {error}") from None
    finally:
        client.close()


def _accepted(reply: ModbusPDU, place: str) -> None:
    if reply.isError():
        code = reply.exception_code
        raise RequestRejected(f"{place}: the device answers exception {code}", code)
