"""A profile's word on how many rows its device stands in one answer reaches the wire."""

import pytest

from agent.model import smi
from agent.model.credentials import SnmpCredentials
from agent.model.limits import Limits
from agent.model.values import WalkColumns
from agent.parse.url import Url
from agent.plan import make_plan
from agent.protocol.snmp import message
from agent.transport.factory import Transports
from simulator.wire.mib_view import StaticView
from simulator.wire.snmp_responder import SnmpResponder
from tests.agent.making import BASE, snmp_profile

pytestmark = pytest.mark.moved_clock

COLUMN = smi.oid(f"{BASE}.1")


class Witness(SnmpResponder):
    """Remembers the max-repetitions of every GETBULK."""

    def __init__(self) -> None:
        rows = [(COLUMN + smi.encode_subids([n]), smi.INTEGER, n) for n in range(1, 101)]
        super().__init__(StaticView(rows))
        self.asked: list[int] = []

    def answer(self, datagram: bytes) -> bytes | None:
        _, _, pdu = message.decode_message(datagram)
        if pdu.kind == message.GET_BULK:
            self.asked.append(pdu.error_index)
        return super().answer(datagram)


@pytest.mark.parametrize("engine", ["native", "pysnmp"])
@pytest.mark.parametrize("most", [3, None])
async def test_no_answer_is_asked_to_be_larger(engine: str, most: int | None) -> None:
    device = Witness()
    url = Url("snmp", "127.0.0.1", await device.start())
    try:
        async with Transports() as transports:
            limits = Limits(max_repetitions=7)
            transport = await transports.open(url, SnmpCredentials(), limits, engine)
            answer = await transport.fetch(WalkColumns((COLUMN,), 0.0, most))
            await transport.close()
    finally:
        device.close()
    assert not isinstance(answer.payload, bytes)
    assert len(answer.payload[0]) == 100
    assert max(device.asked) == (most or 7)


def test_the_plan_carries_it() -> None:
    point = f"{{metric: rack_outlet_power_watts, oid: {BASE}.1, index: [outlet], unit: W}}"
    profile = snmp_profile(point, head="limits: {repetitions_max: 4}\n")
    walks = [r for r in make_plan(profile).requests if isinstance(r, WalkColumns)]
    assert [walk.repetitions_max for walk in walks] == [4]
