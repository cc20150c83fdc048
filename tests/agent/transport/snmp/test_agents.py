"""The native engine against pysnmp's agent, which knows both variants of the longer AES keys."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pysnmp.carrier.asyncio.dgram import udp, udp6
from pysnmp.entity import config
from pysnmp.entity.engine import SnmpEngine as PysnmpEngine
from pysnmp.entity.rfc3413 import cmdrsp, context

from agent import smi
from agent.credentials import AuthProtocol, PrivProtocol, SnmpCredentials
from agent.transport.base import Limits
from agent.transport.snmp.engine import SnmpEngine
from agent.transport.snmp.native import NativeTransport
from agent.values import GetOids, WalkColumns
from tests.agent.transport.snmp.conftest import varbinds
from tests.peers import AUTH_SECRET, PRIV_SECRET, free_udp_port, usm_credentials

NAME = smi.oid("1.3.6.1.2.1.1.5.0")
DESCRIPTION = smi.oid("1.3.6.1.2.1.1.1.0")

AUTH = {
    AuthProtocol.MD5: config.USM_AUTH_HMAC96_MD5,
    AuthProtocol.SHA1: config.USM_AUTH_HMAC96_SHA,
    AuthProtocol.SHA224: config.USM_AUTH_HMAC128_SHA224,
    AuthProtocol.SHA256: config.USM_AUTH_HMAC192_SHA256,
    AuthProtocol.SHA384: config.USM_AUTH_HMAC256_SHA384,
    AuthProtocol.SHA512: config.USM_AUTH_HMAC384_SHA512,
}
PRIV = {
    PrivProtocol.AES128: config.USM_PRIV_CFB128_AES,
    PrivProtocol.AES192: config.USM_PRIV_CFB192_AES_BLUMENTHAL,
    PrivProtocol.AES256: config.USM_PRIV_CFB256_AES_BLUMENTHAL,
    PrivProtocol.AES192C: config.USM_PRIV_CFB192_AES,
    PrivProtocol.AES256C: config.USM_PRIV_CFB256_AES,
}


@contextmanager
def pysnmp_agent(credentials: SnmpCredentials, host: str = "127.0.0.1") -> Iterator[int]:
    """pysnmp's agent with one user, in this event loop; gives its port."""
    agent = PysnmpEngine()
    port = free_udp_port(host)
    module = udp6 if ":" in host else udp
    transport = (udp6.Udp6AsyncioTransport if ":" in host else udp.UdpAsyncioTransport)()
    config.add_transport(agent, module.DOMAIN_NAME, transport.open_server_mode((host, port)))
    auth, priv = credentials.auth_protocol, credentials.priv_protocol
    assert auth is not None
    assert priv is not None
    config.add_v3_user(agent, credentials.user, AUTH[auth], AUTH_SECRET, PRIV[priv], PRIV_SECRET)
    config.add_vacm_user(agent, 3, credentials.user, "authPriv", (1, 3, 6, 1))
    served = context.SnmpContext(agent)
    for responder in (
        cmdrsp.GetCommandResponder,
        cmdrsp.NextCommandResponder,
        cmdrsp.BulkCommandResponder,
    ):
        responder(agent, served)
    try:
        yield port
    finally:
        agent.close_dispatcher()


@pytest.mark.parametrize("priv", PRIV, ids=lambda priv: priv.value)
@pytest.mark.parametrize("auth", AUTH, ids=lambda auth: auth.value)
async def test_get_and_walk(engine: SnmpEngine, auth: AuthProtocol, priv: PrivProtocol) -> None:
    credentials = usm_credentials(auth, priv)
    with pysnmp_agent(credentials) as port:
        device = NativeTransport(engine, "127.0.0.1", port, credentials, Limits(timeout_s=5))
        got = varbinds(await device.fetch(GetOids((DESCRIPTION, NAME))))[0]
        assert [varbind[0] for varbind in got] == [DESCRIPTION, NAME]
        assert got[0][1] == smi.OCTET_STRING
        assert isinstance(got[0][2], bytes)
        assert b"PySNMP" in got[0][2]
        walked = await device.fetch(WalkColumns((smi.oid("1.3.6.1.2.1.1"),)))
        assert varbinds(walked)[0][0] == got[0]
        assert not walked.failures


async def test_ipv6(engine: SnmpEngine) -> None:
    credentials = usm_credentials(AuthProtocol.SHA512, PrivProtocol.AES256C)
    with pysnmp_agent(credentials, "::1") as port:
        device = NativeTransport(engine, "::1", port, credentials, Limits(timeout_s=5))
        assert len(varbinds(await device.fetch(GetOids((NAME,))))[0]) == 1
