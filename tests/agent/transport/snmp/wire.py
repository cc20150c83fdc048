"""Literal packets of a v2c device with community ``public``; ``ID`` stands for the request id."""

from agent.model import smi
from agent.model.values import GetOids, VarBind
from agent.transport.snmp.transport import SnmpTransport
from tests.agent.transport.snmp.conftest import varbinds

NAME = smi.oid("1.3.6.1.2.1.1.5.0")
UPTIME = smi.oid("1.3.6.1.2.1.1.3.0")
GET_NAME = GetOids((NAME,))

HEAD = "02010104067075626c6963"  # version 2c, community public
GOOD = f"302e{HEAD}a2210204ID0201000201003013301106082b0601020101050004057064752d31"
EVIL = f"302e{HEAD}a2210204ID0201000201003013301106082b0601020101050004056576696c21"


async def name_of(device: SnmpTransport) -> VarBind:
    answer = await device.fetch(GET_NAME)
    assert not answer.failures
    (varbind,) = varbinds(answer)[0]
    return varbind
