"""The native engine against net-snmp's own agent: every version, every protocol, both families."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from agent.model import smi
from agent.model.credentials import AuthProtocol, PrivProtocol, SnmpCredentials, SnmpVersion
from agent.model.errors import AuthenticationError, DeviceTimeout
from agent.model.limits import Limits
from agent.model.values import GetOids, WalkColumns
from agent.transport.snmp.engine import SnmpEngine
from agent.transport.snmp.native_link import native_transport
from agent.transport.snmp.transport import SnmpTransport
from tests.agent.transport.snmp.conftest import varbinds
from tests.peers import Snmpd, require, snmpd, usm_combinations, usm_credentials

pytestmark = pytest.mark.peer

NAME = smi.oid("1.3.6.1.2.1.1.5.0")
MISSING = smi.oid("1.3.6.1.2.1.1.5.1")
OR_COLUMNS = tuple(smi.oid(f"1.3.6.1.2.1.1.9.1.{column}") for column in (2, 3, 4))
LIMITS = Limits(timeout_s=2.0, retries=1)
COMMUNITIES = [SnmpCredentials(version=SnmpVersion.V1), SnmpCredentials()]
EVERYONE = [*COMMUNITIES, *(usm_credentials(*pair) for pair in usm_combinations())]
SECURE = usm_credentials(AuthProtocol.SHA256, PrivProtocol.AES128)


def device(engine: SnmpEngine, agent: Snmpd, credentials: SnmpCredentials) -> SnmpTransport:
    return native_transport(engine, agent.host, agent.port, credentials, LIMITS)


@pytest.mark.parametrize("credentials", EVERYONE, ids=lambda c: c.user or f"v{c.version}")
async def test_get_and_walk(engine: SnmpEngine, agent: Snmpd, credentials: SnmpCredentials) -> None:
    transport = device(engine, agent, credentials)
    got = await transport.fetch(GetOids((MISSING, NAME)))
    absent, name = varbinds(got)[0]
    assert name == (NAME, smi.OCTET_STRING, b"peer")
    assert (absent[0], absent[2]) == (MISSING, None)
    assert absent[1] in smi.MISSING
    table = varbinds(await transport.fetch(WalkColumns(OR_COLUMNS)))
    assert len({len(column) for column in table}) == 1
    assert len(table[0]) > 5
    for prefix, column in zip(OR_COLUMNS, table, strict=True):
        assert all(row[0].startswith(prefix) for row in column)
    assert not got.failures
    assert engine.counters.refused == 0


def snmpbulkwalk(agent: Snmpd, base: str) -> set[str]:
    """The OIDs that net-snmp's client finds below ``base``."""
    command = [require("snmpbulkwalk"), "-v2c", "-c", "public", "-Onq", "-m", ""]
    command += [f"{agent.host}:{agent.port}", base]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = printed.splitlines()
    return {line.split()[0].lstrip(".") for line in lines if line.startswith(".")}


@pytest.mark.parametrize("credentials", COMMUNITIES, ids=["v1", "v2c"])
async def test_walk_finds_what_snmpbulkwalk_finds(
    engine: SnmpEngine, agent: Snmpd, credentials: SnmpCredentials
) -> None:
    theirs = snmpbulkwalk(agent, "1.3.6.1.2.1.1") | snmpbulkwalk(agent, "1.3.6.1.2.1.2")
    columns = (smi.oid("1.3.6.1.2.1.1"), smi.oid("1.3.6.1.2.1.2"))
    answer = await device(engine, agent, credentials).fetch(WalkColumns(columns))
    ours = {smi.dotted(row[0]) for column in varbinds(answer) for row in column}
    assert len(theirs) > 50
    assert ours == theirs
    assert not answer.failures


async def test_ipv6(engine: SnmpEngine, tmp_path: Path) -> None:
    with snmpd(tmp_path, host="::1") as agent:
        for credentials in (SnmpCredentials(), SECURE):
            got = await device(engine, agent, credentials).fetch(GetOids((NAME,)))
            assert varbinds(got)[0] == [(NAME, smi.OCTET_STRING, b"peer")]


@pytest.mark.parametrize(
    ("credentials", "message"),
    [
        (replace(SECURE, user="nobody"), "user"),
        (replace(SECURE, auth_secret="another-secret"), "secret"),
        (replace(SECURE, auth_protocol=AuthProtocol.SHA512), "protocol"),
        (
            replace(
                usm_credentials(AuthProtocol.SHA256, None),
                priv_protocol=PrivProtocol.AES128,
                priv_secret="some-secret",
            ),
            "security level",
        ),
    ],
    ids=["user", "secret", "protocol", "level"],
)
async def test_refused_credentials_say_why(
    engine: SnmpEngine, agent: Snmpd, credentials: SnmpCredentials, message: str
) -> None:
    with pytest.raises(AuthenticationError, match=message):
        await device(engine, agent, credentials).fetch(GetOids((NAME,)))


async def test_wrong_privacy_secret_is_hinted_at(engine: SnmpEngine, agent: Snmpd) -> None:
    wrong = replace(SECURE, priv_secret="another-secret")
    transport = native_transport(
        engine, agent.host, agent.port, wrong, Limits(timeout_s=2.0, retries=0)
    )
    with pytest.raises(DeviceTimeout, match="privacy"):  # snmpd does not answer what it cannot read
        await transport.fetch(GetOids((NAME,)))


async def test_reboot_and_new_engine_id_lose_no_poll(engine: SnmpEngine, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    with snmpd(first) as agent:
        transport = device(engine, agent, SECURE)
        before = varbinds(await transport.fetch(GetOids((NAME,))))
    with snmpd(first, port=agent.port):  # the same engine with one boot more
        assert varbinds(await transport.fetch(GetOids((NAME,)))) == before
    with snmpd(second, port=agent.port):  # a replaced device: another engine, boots from 1
        assert varbinds(await transport.fetch(GetOids((NAME,)))) == before
        assert varbinds(await transport.fetch(WalkColumns(OR_COLUMNS)))[0]
