"""The pysnmp engine against net-snmp's snmpd, against recordings, and against bad manners."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest

from agent.authoring.snmprec_read import read_recording
from agent.model import smi
from agent.model.credentials import AuthProtocol, PrivProtocol, SnmpCredentials, SnmpVersion
from agent.model.errors import (
    AuthenticationError,
    ConfigError,
    DeviceTimeout,
    DeviceUnreachable,
    ProtocolError,
    RequestRejected,
)
from agent.model.limits import Limits
from agent.model.values import Answer, GetOids, ReadRegisters, VarBind, WalkColumns
from agent.protocol.snmp import message
from agent.protocol.snmp.message import Pdu
from agent.transport.snmp.pysnmp_link import pysnmp_transport
from agent.transport.snmp.transport import SnmpTransport
from simulator.wire.mib_view import StaticView
from simulator.wire.snmp_responder import SnmpResponder
from tests.agent.authoring.test_snmprec_read import CORPUS
from tests.peers import Snmpd, snmpd, usm_credentials

V1 = SnmpCredentials(version=SnmpVersion.V1)
V2C = SnmpCredentials()
SHA256_AES = usm_credentials(AuthProtocol.SHA256, PrivProtocol.AES128)

PATIENT = Limits(timeout_s=5.0, retries=1)
QUICK = Limits(timeout_s=0.2, retries=0)

SYS_NAME = smi.oid("1.3.6.1.2.1.1.5.0")
ABSENT = smi.oid("1.3.6.1.2.1.1.77.0")
SYS_LOCATION = smi.oid("1.3.6.1.2.1.1.6.0")
OR_DESCR = smi.oid("1.3.6.1.2.1.1.9.1.3")
OR_UP_TIME = smi.oid("1.3.6.1.2.1.1.9.1.4")
COLUMN_A = smi.oid("1.3.6.1.4.1.9999.1.1")
COLUMN_B = smi.oid("1.3.6.1.4.1.9999.1.2")

TABLE: list[VarBind] = [
    (column + smi.encode_subids([index]), smi.GAUGE32, index * 10)
    for column in (COLUMN_A, COLUMN_B)
    for index in (1, 2, 127, 128, 16383, 16384)
]

Refusal = Callable[[Pdu], Pdu | None]


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snmpd]:
    with snmpd(tmp_path_factory.mktemp("snmpd")) as running:
        yield running


@asynccontextmanager
async def transport(
    host: str, port: int, credentials: SnmpCredentials = V2C, limits: Limits = PATIENT
) -> AsyncIterator[SnmpTransport]:
    """A transport that must give every task back."""
    before = asyncio.all_tasks()
    made = pysnmp_transport(host, port, credentials, limits)
    try:
        yield made
    finally:
        await made.close()
        await made.close()
    assert asyncio.all_tasks() == before


class Moody(SnmpResponder):
    """A responder whose ``mood`` may answer a request in its place; None leaves it alone."""

    def __init__(self, rows: list[VarBind], mood: Refusal = lambda pdu: None) -> None:
        super().__init__(StaticView(rows))
        self.mood = mood
        self.drop = 0
        self.asked: list[Pdu] = []
        self.was_asked = asyncio.Event()

    def answer(self, datagram: bytes) -> bytes | None:
        version, community, pdu = message.decode_message(datagram)
        self.asked.append(pdu)
        self.was_asked.set()
        if self.drop:
            self.drop -= 1
            return None
        response = self.mood(pdu)
        if response is None:
            return super().answer(datagram)
        return message.encode_message(version, community, response)


@asynccontextmanager
async def device(
    responder: SnmpResponder, credentials: SnmpCredentials = V2C, limits: Limits = PATIENT
) -> AsyncIterator[SnmpTransport]:
    port = await responder.start("127.0.0.1", 0)
    try:
        async with transport("127.0.0.1", port, credentials, limits) as made:
            yield made
    finally:
        responder.close()
        await asyncio.sleep(0)


def refuse(pdu: Pdu, status: int, index: int) -> Pdu:
    return pdu._replace(kind=message.RESPONSE, error_status=status, error_index=index)


def row_of(answer: Answer) -> list[VarBind]:
    [row] = answer.payload
    assert not isinstance(row, int)
    return list(row)


def columns_of(answer: Answer) -> list[list[VarBind]]:
    return [list(column) for column in answer.payload if not isinstance(column, int)]


@pytest.mark.peer
async def test_wrong_community_is_a_timeout(agent: Snmpd) -> None:
    wrong = SnmpCredentials.with_community("wrong")
    async with transport(agent.host, agent.port, wrong, QUICK) as device:
        with pytest.raises(DeviceTimeout, match=f"{agent.port}"):
            await device.fetch(GetOids((SYS_NAME,)))


@pytest.mark.peer
@pytest.mark.parametrize(
    "credentials",
    [
        dataclasses.replace(SHA256_AES, user="nobody"),
        dataclasses.replace(SHA256_AES, auth_secret="not-the-secret"),
    ],
    ids=["user", "secret"],
)
async def test_wrong_user_and_secret_are_told(agent: Snmpd, credentials: SnmpCredentials) -> None:
    async with transport(agent.host, agent.port, credentials) as device:
        with pytest.raises(AuthenticationError):
            await device.fetch(GetOids((SYS_NAME,)))


@pytest.mark.peer
async def test_wrong_privacy_secret_is_hinted_at(agent: Snmpd) -> None:
    credentials = dataclasses.replace(SHA256_AES, priv_secret="not-the-secret")
    limits = Limits(timeout_s=1.0, retries=0)
    async with transport(agent.host, agent.port, credentials, limits) as device:
        with pytest.raises((DeviceTimeout, AuthenticationError), match=r"privacy|decrypt"):
            await device.fetch(GetOids((SYS_NAME,)))


@pytest.mark.peer
async def test_user_without_rights_is_refused(agent: Snmpd) -> None:
    bare = dataclasses.replace(
        usm_credentials(AuthProtocol.SHA1, None), auth_protocol=None, auth_secret=""
    )
    async with transport(agent.host, agent.port, bare) as device:
        with pytest.raises(RequestRejected, match="authorizationError") as caught:
            await device.fetch(GetOids((SYS_NAME,)))
        assert caught.value.code == 16


@pytest.mark.parametrize("credentials", [V1, V2C], ids=["v1", "v2c"])
async def test_values_arrive_as_they_were_sent(credentials: SnmpCredentials) -> None:
    prefix = smi.oid("1.3.6.1.4.1.9999.7")
    values: list[tuple[int, int | bytes]] = [
        (smi.INTEGER, -(2**31)),
        (smi.OCTET_STRING, b""),
        (smi.OCTET_STRING, bytes(range(256))),
        (smi.OBJECT_ID, smi.oid("0.0")),
        (smi.OBJECT_ID, smi.oid("1.3.6.1.4.1.4294967295.1")),
        (smi.IP_ADDRESS, bytes([10, 0, 0, 255])),
        (smi.COUNTER32, 2**32 - 1),
        (smi.GAUGE32, 2**31),
        (smi.TIME_TICKS, 0),
        (smi.OPAQUE, bytes.fromhex("9f780442f60000")),
    ]
    if credentials is V2C:
        values.append((smi.COUNTER64, 2**64 - 1))
    rows = [(prefix + bytes([index]), tag, value) for index, (tag, value) in enumerate(values)]
    async with device(SnmpResponder(StaticView(rows)), credentials) as made:
        assert columns_of(await made.fetch(WalkColumns((prefix,)))) == [rows]
        names = tuple(name for name, _, _ in reversed(rows))
        assert row_of(await made.fetch(GetOids(names))) == rows[::-1]


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["pdu/apc_ap8853", "pdu/sentry4", "pdu/hpe-mapdu_pdu3"])
async def test_recording_is_read_as_recorded(name: str) -> None:
    path = CORPUS / "snmp" / f"{name}.snmprec"
    if not path.exists():
        pytest.skip(f"{path} is absent")
    rows = read_recording(path)
    roots = (smi.oid("1.0"), smi.oid("1.3"))
    async with device(SnmpResponder(StaticView(rows))) as made:
        walked = columns_of(await made.fetch(WalkColumns(roots)))
        assert walked == [[r for r in rows if r[0].startswith(root)] for root in roots]


async def test_missing_values_say_so() -> None:
    async with device(SnmpResponder(StaticView(TABLE))) as made:
        sibling, stranger = COLUMN_A + b"\x09", ABSENT
        answer = await made.fetch(GetOids((sibling, TABLE[0][0], stranger)))
        assert row_of(answer) == [
            (sibling, smi.NO_SUCH_INSTANCE, None),
            TABLE[0],
            (stranger, smi.NO_SUCH_OBJECT, None),
        ]
        assert answer.failures == ()


async def test_missing_values_cost_v1_only_themselves() -> None:
    async with device(SnmpResponder(StaticView(TABLE)), V1) as made:
        answer = await made.fetch(GetOids((TABLE[0][0], ABSENT, TABLE[1][0])))
        assert row_of(answer) == [TABLE[0], (ABSENT, smi.NO_SUCH_INSTANCE, None), TABLE[1]]


@pytest.mark.parametrize("blames", [True, False], ids=["error-index", "no index"])
async def test_one_refused_name_of_ten_costs_one(blames: bool) -> None:
    culprit = TABLE[4][0]

    def gen_err(pdu: Pdu) -> Pdu | None:
        names = [name for name, _, _ in pdu.varbinds]
        if culprit not in names:
            return None
        return refuse(pdu, message.GEN_ERR, names.index(culprit) + 1 if blames else 0)

    async with device(Moody(TABLE, gen_err)) as made:
        names = tuple(name for name, _, _ in TABLE[:10])
        answer = await made.fetch(GetOids(names))
        assert row_of(answer) == [row for row in TABLE[:10] if row[0] != culprit]
        [failure] = answer.failures
        assert failure.kind == "rejected"
        assert smi.dotted(culprit) in failure.message
        assert "genErr" in failure.message
        with pytest.raises(RequestRejected) as caught:
            await made.fetch(GetOids((culprit,)))
        assert caught.value.code == message.GEN_ERR


async def test_long_requests_go_out_in_pieces() -> None:
    responder = Moody(TABLE)
    async with device(responder, limits=Limits(timeout_s=5.0, max_oids=5)) as made:
        answer = await made.fetch(GetOids(tuple(name for name, _, _ in TABLE)))
        assert row_of(answer) == TABLE
        assert [len(pdu.varbinds) for pdu in responder.asked] == [5, 5, 2]


async def test_too_big_halves_the_request() -> None:
    rows: list[VarBind] = [
        (COLUMN_A + smi.encode_subids([index]), smi.OCTET_STRING, bytes(300)) for index in range(9)
    ]
    async with device(SnmpResponder(StaticView(rows), max_size=800)) as made:
        assert row_of(await made.fetch(GetOids(tuple(name for name, _, _ in rows)))) == rows
        assert columns_of(await made.fetch(WalkColumns((COLUMN_A,)))) == [rows]


async def test_answer_to_another_question_is_refused() -> None:
    def other(pdu: Pdu) -> Pdu:
        return refuse(pdu, 0, 0)._replace(varbinds=[TABLE[0]])

    async with device(Moody(TABLE, other)) as made:
        with pytest.raises(ProtocolError, match="other OIDs"):
            await made.fetch(GetOids((TABLE[1][0],)))


@pytest.mark.parametrize("credentials", [V1, V2C], ids=["v1", "v2c"])
async def test_columns_of_a_walk_stay_apart(credentials: SnmpCredentials) -> None:
    async with device(SnmpResponder(StaticView(TABLE)), credentials) as made:
        request = WalkColumns((COLUMN_A, smi.oid("1.3.6.1.4.1.9999.9"), COLUMN_B))
        answer = await made.fetch(request)
        assert columns_of(answer) == [TABLE[:6], [], TABLE[6:]]
        assert answer.request is request
        assert answer.failures == ()


async def test_walk_that_does_not_increase_keeps_its_rows() -> None:
    first, second = TABLE[0], TABLE[1]
    after = {COLUMN_A: first, first[0]: second, second[0]: first}

    def loop(pdu: Pdu) -> Pdu:
        name = pdu.varbinds[0][0]
        rows = [after[name]]
        for _ in range(pdu.error_index - 1):
            rows.append(after[rows[-1][0]])
        return refuse(pdu, 0, 0)._replace(varbinds=rows)

    async with device(Moody(TABLE, loop)) as made:
        answer = await made.fetch(WalkColumns((COLUMN_A,)))
        assert columns_of(answer) == [[first, second]]
        [failure] = answer.failures
        assert failure.kind == "protocol"
        assert smi.dotted(COLUMN_A) in failure.message


async def test_endless_walk_is_cut() -> None:
    limits = Limits(timeout_s=5.0, max_rows=4)
    async with device(SnmpResponder(StaticView(TABLE)), limits=limits) as made:
        answer = await made.fetch(WalkColumns((COLUMN_A,)))
        assert columns_of(answer) == [TABLE[:4]]
        [failure] = answer.failures
        assert failure.kind == "protocol"
        assert "4 rows" in failure.message


@pytest.mark.parametrize("limits", [Limits(max_cells=10), Limits(max_octets=100)])
async def test_a_table_that_is_too_large_fails_whole(limits: Limits) -> None:
    async with device(SnmpResponder(StaticView(TABLE)), limits=limits) as made:
        says = f"more than {limits.max_cells} values or {limits.max_octets} octets"
        with pytest.raises(ProtocolError, match=says):
            await made.fetch(WalkColumns((COLUMN_A, COLUMN_B)))


async def test_silence_in_the_middle_of_a_walk_keeps_its_rows() -> None:
    responder = Moody(TABLE)

    def then_silent(pdu: Pdu) -> None:
        responder.drop = 99

    responder.mood = then_silent
    limits = Limits(timeout_s=3.0, retries=0, max_repetitions=2)
    async with device(responder, limits=limits) as made:
        answer = await made.fetch(WalkColumns((COLUMN_A,)))
        [rows] = columns_of(answer)
        assert rows
        assert rows == TABLE[: len(rows)]
        assert [failure.kind for failure in answer.failures] == ["timeout"]


async def test_lost_request_is_sent_again() -> None:
    responder = Moody(TABLE)
    responder.drop = 1
    async with device(responder, limits=Limits(timeout_s=2.0, retries=1)) as made:
        assert row_of(await made.fetch(GetOids((TABLE[0][0],)))) == [TABLE[0]]
        assert len(responder.asked) == 2


async def test_unknown_name_is_unreachable() -> None:
    async with transport("no-such-host.invalid", 161) as device:
        with pytest.raises(DeviceUnreachable, match=r"no-such-host\.invalid"):
            await device.fetch(GetOids((SYS_NAME,)))


async def test_ipv6() -> None:
    responder = SnmpResponder(StaticView(TABLE))
    try:
        port = await responder.start("::1", 0)
    except ConfigError as error:
        pytest.skip(str(error))
    async with transport("::1", port) as device:
        assert row_of(await device.fetch(GetOids((TABLE[0][0],)))) == [TABLE[0]]
    responder.close()
    await asyncio.sleep(0)


async def test_cancelled_request_leaves_the_transport_usable() -> None:
    responder = Moody(TABLE)
    responder.drop = 1
    async with device(responder) as made:
        waiting = asyncio.create_task(made.fetch(GetOids((TABLE[0][0],))))
        await responder.was_asked.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert row_of(await made.fetch(GetOids((TABLE[1][0],)))) == [TABLE[1]]


async def test_closed_transport_refuses() -> None:
    made = pysnmp_transport("127.0.0.1", 161, V2C, QUICK)
    await made.close()
    with pytest.raises(DeviceUnreachable, match="closed"):
        await made.fetch(GetOids((SYS_NAME,)))


async def test_registers_are_a_bug() -> None:
    async with transport("127.0.0.1", 161) as device:
        with pytest.raises(TypeError):
            await device.fetch(ReadRegisters("holding", 0, 1))


def test_privacy_without_authentication_is_our_fault() -> None:
    credentials = SnmpCredentials(
        version=SnmpVersion.V3, user="u", priv_protocol=PrivProtocol.AES128, priv_secret="x" * 8
    )
    with pytest.raises(ConfigError, match="needs authentication"):
        pysnmp_transport("127.0.0.1", 161, credentials, QUICK)
