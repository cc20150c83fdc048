"""Both engines through one door, against net-snmp's agent: what a transport promises, both keep."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from agent.model import smi
from agent.model.credentials import AuthProtocol, PrivProtocol, SnmpCredentials, SnmpVersion
from agent.model.errors import AuthenticationError, DeviceError, DeviceTimeout, DeviceUnreachable
from agent.model.limits import Limits
from agent.model.values import Answer, GetOids, Request, VarBind, WalkColumns
from agent.parse.url import Url, parse_url
from agent.transport.base import Transport
from agent.transport.factory import Transports
from tests.peers import Snmpd, free_udp_port, require, snmpd, usm_combinations, usm_credentials

pytestmark = pytest.mark.peer

ENGINES = ("native", "pysnmp")
V1 = SnmpCredentials(version=SnmpVersion.V1)
V2C = SnmpCredentials()
SECURE = usm_credentials(AuthProtocol.SHA256, PrivProtocol.AES128)
EVERYONE = [V1, V2C, *(usm_credentials(*pair) for pair in usm_combinations())]

PATIENT = Limits(timeout_s=5.0, retries=1)
QUICK = Limits(timeout_s=0.3, retries=0)

SYS_NAME = smi.oid("1.3.6.1.2.1.1.5.0")
SYS_LOCATION = smi.oid("1.3.6.1.2.1.1.6.0")
NO_SUCH_ROW = smi.oid("1.3.6.1.2.1.1.5.7")
NO_SUCH_TREE = smi.oid("1.3.6.1.4.1.9999.1.0")
OR_TABLE = tuple(smi.oid(f"1.3.6.1.2.1.1.9.1.{column}") for column in (2, 3, 4))
SYSTEM = smi.oid("1.3.6.1.2.1.1")
INTERFACES = smi.oid("1.3.6.1.2.1.2")
SYS_SERVICES = smi.oid("1.3.6.1.2.1.1.7")
IF_NAMES = smi.oid("1.3.6.1.2.1.2.2.1.2")
IF_TYPES = smi.oid("1.3.6.1.2.1.2.2.1.3")
SNMP_COUNTERS = smi.oid("1.3.6.1.2.1.11")


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snmpd]:
    with snmpd(tmp_path_factory.mktemp("snmpd")) as running:
        yield running


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def url(agent: Snmpd) -> Url:
    host = f"[{agent.host}]" if ":" in agent.host else agent.host
    return parse_url(f"snmp://{host}:{agent.port}")


@asynccontextmanager
async def transport(
    engine: str, agent: Snmpd, credentials: SnmpCredentials, limits: Limits = PATIENT
) -> AsyncIterator[Transport]:
    """A transport that must give every task back."""
    before = asyncio.all_tasks()
    async with Transports() as transports:
        opened = await transports.open(url(agent), credentials, limits, engine)
        try:
            yield opened
        finally:
            await opened.close()
    assert asyncio.all_tasks() == before


async def ask(
    engine: str,
    agent: Snmpd,
    credentials: SnmpCredentials,
    request: Request,
    limits: Limits = PATIENT,
) -> Answer:
    async with transport(engine, agent, credentials, limits) as opened:
        return await opened.fetch(request)


def columns(answer: Answer) -> list[list[VarBind]]:
    assert not isinstance(answer.payload, bytes)
    return [list(column) for column in answer.payload]


@pytest.mark.parametrize("credentials", EVERYONE, ids=lambda c: c.user or f"v{c.version}")
async def test_every_version_and_every_protocol(
    engine: str, agent: Snmpd, credentials: SnmpCredentials
) -> None:
    async with transport(engine, agent, credentials) as opened:
        got = await opened.fetch(GetOids((SYS_NAME, SYS_LOCATION)))
        walked = await opened.fetch(WalkColumns(OR_TABLE))
    assert columns(got) == [
        [
            (SYS_NAME, smi.OCTET_STRING, b"peer"),
            (SYS_LOCATION, smi.OCTET_STRING, b"rack 12"),
        ]
    ]
    kinds = [{tag for _, tag, _ in column} for column in columns(walked)]
    assert kinds == [{smi.OBJECT_ID}, {smi.OCTET_STRING}, {smi.TIME_TICKS}]
    assert len({len(column) for column in columns(walked)}) == 1
    assert got.failures == walked.failures == ()


@pytest.mark.parametrize("credentials", [V1, V2C, SECURE], ids=["v1", "v2c", "v3"])
async def test_what_is_missing_says_so_beside_what_is_there(
    engine: str, agent: Snmpd, credentials: SnmpCredentials
) -> None:
    wanted = (NO_SUCH_TREE, SYS_NAME, NO_SUCH_ROW)
    answer = await ask(engine, agent, credentials, GetOids(wanted))
    [row] = columns(answer)
    assert [name for name, _, _ in row] == list(wanted)
    first, found, last = row
    assert found == (SYS_NAME, smi.OCTET_STRING, b"peer")
    assert first[1] in smi.MISSING
    assert last[1:] == (smi.NO_SUCH_INSTANCE, None)
    assert answer.failures == ()


@pytest.mark.parametrize("credentials", [V1, V2C, SECURE], ids=["v1", "v2c", "v3"])
async def test_an_empty_subtree_is_an_empty_column(
    engine: str, agent: Snmpd, credentials: SnmpCredentials
) -> None:
    answer = await ask(engine, agent, credentials, WalkColumns((NO_SUCH_TREE, OR_TABLE[0])))
    empty, full = columns(answer)
    assert empty == []
    assert len(full) > 5
    assert answer.failures == ()


def snmpbulkwalk(agent: Snmpd, base: bytes) -> list[str]:
    """The OIDs that net-snmp's own client finds below ``base``, in its order."""
    command = [require("snmpbulkwalk"), "-v2c", "-c", "public", "-Onq", "-m", ""]
    command += [f"{agent.host}:{agent.port}", smi.dotted(base)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [line.split()[0].lstrip(".") for line in printed.splitlines() if line.startswith(".")]


@pytest.mark.parametrize("credentials", [V1, V2C, SECURE], ids=["v1", "v2c", "v3"])
async def test_walks_find_what_snmpbulkwalk_finds(
    engine: str, agent: Snmpd, credentials: SnmpCredentials
) -> None:
    trees = (SYSTEM, INTERFACES, SNMP_COUNTERS)
    theirs = [snmpbulkwalk(agent, tree) for tree in trees]
    assert sum(map(len, theirs)) > 80
    answer = await ask(engine, agent, credentials, WalkColumns(trees))
    assert [[smi.dotted(row[0]) for row in column] for column in columns(answer)] == theirs
    assert answer.failures == ()


async def test_both_engines_give_the_same_varbinds(agent: Snmpd) -> None:
    asked: list[Request] = [
        WalkColumns(OR_TABLE),
        WalkColumns((SYS_SERVICES, IF_TYPES, IF_NAMES)),
        GetOids((SYS_NAME, NO_SUCH_ROW, NO_SUCH_TREE, OR_TABLE[0] + b"\x01")),
    ]
    for credentials in (V1, V2C, SECURE):
        for request in asked:
            native, pysnmp = [
                columns(await ask(name, agent, credentials, request)) for name in ENGINES
            ]
            assert native == pysnmp


async def test_ipv6(engine: str, tmp_path: Path) -> None:
    with snmpd(tmp_path, host="::1") as agent:
        for credentials in (V1, V2C, SECURE):
            answer = await ask(engine, agent, credentials, GetOids((SYS_NAME,)))
            assert columns(answer) == [[(SYS_NAME, smi.OCTET_STRING, b"peer")]]


REFUSED: dict[str, tuple[SnmpCredentials, type[DeviceError]]] = {
    "community": (SnmpCredentials(community="wrong"), DeviceTimeout),
    "community of v1": (replace(V1, community="wrong"), DeviceTimeout),
    "user": (replace(SECURE, user="nobody"), AuthenticationError),
    "auth secret": (replace(SECURE, auth_secret="another-secret"), AuthenticationError),
    "auth protocol": (replace(SECURE, auth_protocol=AuthProtocol.SHA512), AuthenticationError),
    "priv secret": (replace(SECURE, priv_secret="another-secret"), DeviceTimeout),
    "level": (
        replace(
            usm_credentials(AuthProtocol.SHA256, None),
            priv_protocol=PrivProtocol.AES128,
            priv_secret="some-secret-1",
        ),
        AuthenticationError,
    ),
}
"""What the credentials have wrong, and how it shows: snmpd is silent where it cannot say why."""


@pytest.mark.parametrize("wrong", REFUSED)
async def test_wrong_credentials(engine: str, agent: Snmpd, wrong: str) -> None:
    credentials, outcome = REFUSED[wrong]
    limits = QUICK if outcome is DeviceTimeout else PATIENT
    for request in (GetOids((SYS_NAME,)), WalkColumns(OR_TABLE)):
        with pytest.raises(outcome):
            await ask(engine, agent, credentials, request, limits)


@pytest.mark.parametrize("credentials", [V2C, SECURE], ids=["v2c", "v3"])
async def test_nobody_there(engine: str, credentials: SnmpCredentials) -> None:
    nobody = Snmpd("127.0.0.1", free_udp_port())
    with pytest.raises((DeviceTimeout, DeviceUnreachable)):
        await ask(engine, nobody, credentials, GetOids((SYS_NAME,)), QUICK)


@pytest.mark.parametrize("credentials", [V2C, SECURE], ids=["v2c", "v3"])
async def test_a_reboot_and_a_new_engine_lose_no_poll(
    engine: str, tmp_path: Path, credentials: SnmpCredentials
) -> None:
    first, other = tmp_path / "first", tmp_path / "other"
    first.mkdir()
    other.mkdir()
    place = Snmpd("127.0.0.1", free_udp_port())
    limits = Limits(timeout_s=5.0, retries=2)
    async with transport(engine, place, credentials, limits) as device:
        for directory in (first, first, other):
            with snmpd(directory, port=place.port):
                answer = await device.fetch(GetOids((SYS_NAME,)))
                assert columns(answer) == [[(SYS_NAME, smi.OCTET_STRING, b"peer")]]


async def test_cancelling_leaves_the_transport_usable(engine: str, agent: Snmpd) -> None:
    async with transport(engine, agent, SECURE) as device:
        task = asyncio.create_task(device.fetch(WalkColumns((SYSTEM, INTERFACES))))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
        assert columns(await device.fetch(GetOids((SYS_NAME,)))) == [
            [(SYS_NAME, smi.OCTET_STRING, b"peer")]
        ]


async def test_many_at_once_do_not_mix(engine: str, agent: Snmpd) -> None:
    wanted = [SYS_NAME, SYS_LOCATION] * 8
    async with transport(engine, agent, V2C) as device:
        answers = await asyncio.gather(*(device.fetch(GetOids((oid,))) for oid in wanted))
    assert [columns(answer)[0][0][0] for answer in answers] == wanted


async def test_the_same_directory_is_a_reboot_of_the_same_engine(tmp_path: Path) -> None:
    engine_id, boots = smi.oid("1.3.6.1.6.3.10.2.1.1.0"), smi.oid("1.3.6.1.6.3.10.2.1.2.0")
    seen = []
    for _ in range(2):
        with snmpd(tmp_path) as agent:
            [row] = columns(await ask("native", agent, V2C, GetOids((engine_id, boots))))
            seen.append((row[0][2], row[1][2]))
    (first_id, first_boots), (second_id, second_boots) = seen
    assert first_id == second_id
    assert isinstance(first_boots, int)
    assert second_boots == first_boots + 1
