"""Agents that answer GETBULK wrongly or not at all, or nothing above some size."""

from collections.abc import Iterable
from itertools import pairwise

import pytest

from agent.model import smi
from agent.model.errors import DeviceTimeout
from agent.model.values import GetOids, VarBind, WalkColumns
from agent.protocol.snmp import message
from agent.protocol.snmp.message import Pdu, decode_message, encode_message
from agent.transport.snmp.transport import SnmpTransport
from tests.agent.transport.snmp.conftest import Peer, varbinds
from tests.agent.transport.snmp.test_walk import COLUMNS, Mib, cell, table

pytestmark = pytest.mark.moved_clock

_NAMES = tuple(cell(column, row) for column in range(1, 6) for row in range(1, 5))


class WithoutBulk(Mib):
    """An agent that answers GETBULK as ``bulk`` says."""

    bulk = "silent"

    def answer(self, version: int, pdu: Pdu) -> Pdu | None:
        if pdu.kind != message.GET_BULK:
            return super().answer(version, pdu)
        if self.bulk == "genErr":
            return Pdu(message.RESPONSE, pdu.request_id, message.GEN_ERR, 1, pdu.varbinds)
        if self.bulk == "as GET":
            missing: list[VarBind] = [(pdu.varbinds[0][0], smi.NO_SUCH_INSTANCE, None)]
            return Pdu(message.RESPONSE, pdu.request_id, 0, 0, missing)
        return None


@pytest.mark.parametrize("bulk", ["silent", "genErr", "as GET"])
async def test_a_device_without_getbulk_is_walked_with_getnext_from_then_on(
    hasty: SnmpTransport, peer: Peer, bulk: str
) -> None:
    mib = WithoutBulk(table(3))
    mib.bulk = bulk
    peer.script = mib
    await hasty.fetch(GetOids(_NAMES[:1]))
    for _ in range(2):
        mib.asked.clear()
        answer = await hasty.fetch(WalkColumns(COLUMNS))
        assert [len(column) for column in varbinds(answer)] == [3] * 5
        assert not answer.failures
    assert {pdu.kind for pdu in mib.asked} == {message.GET_NEXT}


async def test_a_device_that_answers_get_alone_is_said_to(hasty: SnmpTransport, peer: Peer) -> None:
    mib = Mib(table(3))

    def only_get(request: bytes) -> Iterable[bytes]:
        return mib(request) if decode_message(request)[2].kind == message.GET else []

    peer.script = only_get
    await hasty.fetch(GetOids(_NAMES[:1]))
    with pytest.raises(DeviceTimeout, match="to GETBULK and GETNEXT, though it answers GET"):
        await hasty.fetch(WalkColumns(COLUMNS))


@pytest.mark.parametrize("most", [1, 6, 20])
async def test_less_and_less_is_asked_until_the_device_answers(
    hasty: SnmpTransport, peer: Peer, most: int
) -> None:
    mib = Mib(table(100), silent_above=most)
    peer.script = mib
    await hasty.fetch(GetOids(_NAMES[:1]))
    for _ in range(4):
        answer = await hasty.fetch(WalkColumns(COLUMNS))
    assert [len(column) for column in varbinds(answer)] == [100] * 5
    assert not answer.failures


async def test_a_get_that_is_too_long_for_the_device_is_halved(
    hasty: SnmpTransport, peer: Peer
) -> None:
    mib = Mib(table(4), silent_above=10)
    peer.script = mib
    for _ in range(3):
        mib.asked.clear()
        answer = await hasty.fetch(GetOids(_NAMES))
        assert [name for name, _, _ in varbinds(answer)[0]] == list(_NAMES)
    assert [len(pdu.varbinds) for pdu in mib.asked] == [10, 10]


async def test_half_of_the_names_is_no_answer_to_all_of_them(
    hasty: SnmpTransport, peer: Peer
) -> None:
    def nothing(request: bytes) -> Iterable[bytes]:
        version, community, pdu = decode_message(request)
        return [encode_message(version, community, Pdu(message.RESPONSE, pdu.request_id, 0, 0, []))]

    peer.script = nothing
    with pytest.raises(Exception, match="other OIDs"):
        await hasty.fetch(GetOids(_NAMES[:1]))


async def test_a_table_that_the_agent_sorts_otherwise_is_read_whole(
    hasty: SnmpTransport, peer: Peer
) -> None:
    order = [cell(1, row) for row in (5, 9, 2, 7, 1)]
    mib = Mib(dict.fromkeys(order, 1))
    after = {COLUMNS[0]: order[0], **dict(pairwise(order))}
    mib.successor = after.get
    peer.script = mib
    answer = await hasty.fetch(WalkColumns(COLUMNS[:1]))
    assert [name for name, _, _ in varbinds(answer)[0]] == order
    assert not answer.failures
