"""The native engine against pysnmp's agent, which knows both variants of the longer AES keys."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pysnmp.carrier.asyncio.dgram import udp, udp6
from pysnmp.entity import config
from pysnmp.entity.engine import SnmpEngine as PysnmpEngine
from pysnmp.entity.rfc3413 import cmdrsp, context

from agent.model import smi
from agent.model.credentials import AuthProtocol, PrivProtocol, SnmpCredentials
from agent.model.limits import Limits
from agent.model.values import GetOids, WalkColumns
from agent.transport.snmp.engine import SnmpEngine
from agent.transport.snmp.native_link import native_transport
from tests.agent.transport.snmp.conftest import varbinds
from tests.peers import AUTH_SECRET, PRIV_SECRET, free_udp_port, usm_credentials

pytestmark = pytest.mark.moved_clock

NAME = smi.oid("1.3.6.1.2.1.1.5.0")
DESCRIPTION = smi.oid("1.3.6.1.2.1.1.1.0")

PATIENT = Limits(timeout_s=0.3, retries=20)  # the agent binds its port a moment later

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
def pysnmp_agent(users: list[SnmpCredentials], host: str = "127.0.0.1") -> Iterator[int]:
    """pysnmp's agent with these users, in this event loop; gives its port."""
    agent = PysnmpEngine()
    port = free_udp_port(host)
    module = udp6 if ":" in host else udp
    transport = (udp6.Udp6AsyncioTransport if ":" in host else udp.UdpAsyncioTransport)()
    config.add_transport(agent, module.DOMAIN_NAME, transport.open_server_mode((host, port)))
    for user in users:
        assert user.auth_protocol is not None
        assert user.priv_protocol is not None
        auth, priv = AUTH[user.auth_protocol], PRIV[user.priv_protocol]
        config.add_v3_user(agent, user.user, auth, AUTH_SECRET, priv, PRIV_SECRET)
        config.add_vacm_user(agent, 3, user.user, "authPriv", (1, 3, 6, 1))
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
async def test_get_and_walk_with_every_digest(engine: SnmpEngine, priv: PrivProtocol) -> None:
    users = [usm_credentials(auth, priv) for auth in AUTH]
    with pysnmp_agent(users) as port:
        for user in users:
            device = native_transport(engine, "127.0.0.1", port, user, PATIENT)
            got = varbinds(await device.fetch(GetOids((DESCRIPTION, NAME))))[0]
            assert [varbind[0] for varbind in got] == [DESCRIPTION, NAME]
            assert isinstance(got[0][2], bytes)
            assert b"PySNMP" in got[0][2]
            walked = await device.fetch(WalkColumns((DESCRIPTION[:-1],)))
            assert varbinds(walked) == [[got[0]]]
            assert not walked.failures


async def test_ipv6(engine: SnmpEngine) -> None:
    user = usm_credentials(AuthProtocol.SHA512, PrivProtocol.AES256C)
    with pysnmp_agent([user], "::1") as port:
        device = native_transport(engine, "::1", port, user, PATIENT)
        assert len(varbinds(await device.fetch(GetOids((NAME,))))[0]) == 1
