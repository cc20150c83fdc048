"""Every way a datagram takes through the SNMP decoders; only DeviceError may come out."""

from agent.model import smi
from agent.model.credentials import AuthProtocol, PrivProtocol
from agent.model.errors import DeviceError, ProtocolError
from agent.model.limits import Limits
from agent.protocol.snmp import message, v3
from agent.protocol.snmp.message import Pdu
from agent.protocol.snmp.security import CommunitySecurity, ReportPdu, Security
from agent.protocol.snmp.usm import UsmSecurity
from agent.protocol.snmp.walker import Pace, Walk
from tests.peers import usm_credentials

MESSAGE_ID = 0x40000001
_LIMITS = Limits(max_repetitions=10, max_oids=8, max_rows=50)
_COLUMNS = (b"\x2b\x06\x01", b"\x2b\x06\x02")


def swallow_snmp(data: bytes) -> None:
    """Give ``data`` to every decoder, and what it decodes to, to a walk.

    Raises whatever escapes that is not a DeviceError.
    """
    for decode in (message.decode_message, message.peek_id, v3.decode):
        try:
            decode(data)
        except ProtocolError:
            continue
    securities: tuple[Security, ...] = (
        CommunitySecurity(message.V2C, b"public"),
        UsmSecurity(usm_credentials(None, None)),
        UsmSecurity(usm_credentials(AuthProtocol.SHA256, PrivProtocol.AES128)),
    )
    for security in securities:
        try:
            reply = security.open(data, MESSAGE_ID)
            if isinstance(reply, ReportPdu):
                security.recover(reply)
                security.seal(MESSAGE_ID, message.GET, 0, 0, b"\x30\x00")
        except DeviceError:
            continue
    for decode_part in (message.decode_pdu, v3.decode_scoped):
        try:
            decoded = decode_part(data, 0, len(data))
        except ProtocolError:
            continue
        _walk(decoded if isinstance(decoded, Pdu) else decoded[2])


def _walk(pdu: Pdu) -> None:
    """Take ``pdu`` as the answer to both kinds of walk, and print what it names."""
    for bulk in (True, False):
        walk = Walk(_COLUMNS, Pace(), _LIMITS, bulk=bulk)
        for _ in range(3):
            step = walk.next()
            if step is None:
                break
            try:
                walk.answered(step, pdu)
            except ProtocolError:
                break
    for name, tag, value in pdu.varbinds:
        smi.dotted(name)
        if tag == smi.OBJECT_ID and isinstance(value, bytes):
            smi.dotted(value)
