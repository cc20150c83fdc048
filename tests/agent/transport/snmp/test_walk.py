"""Walks and GETs against a device that misbehaves in one way at a time."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import smi
from agent.model.credentials import SnmpCredentials, SnmpVersion
from agent.model.errors import DeviceTimeout, ProtocolError, RequestRejected
from agent.model.limits import Limits
from agent.model.values import GetOids, VarBind, WalkColumns
from agent.protocol.snmp import message
from agent.protocol.snmp.message import Pdu, decode_message, encode_message
from agent.protocol.snmp.walker import increasing
from agent.transport.snmp.engine import SnmpEngine
from agent.transport.snmp.native_link import native_transport
from agent.transport.snmp.transport import SnmpTransport
from tests.agent.transport.snmp.conftest import PATIENT, Peer, varbinds

pytestmark = pytest.mark.moved_clock

TABLE = "1.3.6.1.4.1.318.1.1"
COLUMNS = tuple(smi.oid(f"{TABLE}.{column}") for column in range(1, 6))
AFTER = smi.oid("1.3.6.1.4.1.318.2.0")


def cell(column: int, row: int) -> bytes:
    return smi.oid(f"{TABLE}.{column}.{row}")


def table(rows: int, columns: int = 5) -> dict[bytes, int]:
    cells = {cell(c, r): 1000 * c + r for c in range(1, columns + 1) for r in range(1, rows + 1)}
    return {**cells, AFTER: 7}


@dataclass
class Mib:
    """A small agent: GET, GETNEXT and GETBULK over ``cells``, with faults to switch on."""

    cells: dict[bytes, int]
    max_varbinds: int = 10_000
    says_too_big: bool = False
    silent_above: int = 10_000
    error_at: dict[bytes, int] = field(default_factory=dict)
    names_index: bool = True
    successor: Callable[[bytes], bytes | None] | None = None
    asked: list[Pdu] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.order = sorted((smi.decode_subids(name), name) for name in self.cells)

    def __call__(self, request: bytes) -> Iterable[bytes]:
        version, community, pdu = decode_message(request)
        self.asked.append(pdu)
        answer = self.answer(version, pdu)
        return [] if answer is None else [encode_message(version, community, answer)]

    def answer(self, version: int, pdu: Pdu) -> Pdu | None:
        found: list[VarBind] = []
        names = [varbind[0] for varbind in pdu.varbinds]
        rows = pdu.error_index if pdu.kind == message.GET_BULK else 1
        if len(names) * rows > self.silent_above:
            return None
        for _ in range(rows):
            for index, name in enumerate(names):
                target = name if pdu.kind == message.GET else self.next_of(name)
                status = self.error_at.get(target or b"", 0)
                if version == message.V1 and target not in self.cells and not status:
                    status = message.NO_SUCH_NAME
                if status:
                    where = index + 1 if self.names_index else 0
                    return Pdu(message.RESPONSE, pdu.request_id, status, where, pdu.varbinds)
                if target not in self.cells:
                    missing = (
                        smi.NO_SUCH_INSTANCE if pdu.kind == message.GET else smi.END_OF_MIB_VIEW
                    )
                    found.append((name, missing, None))
                    continue
                found.append((target, smi.GAUGE32, self.cells[target]))
                names[index] = target
        if len(found) > self.max_varbinds:
            if self.says_too_big:
                return Pdu(message.RESPONSE, pdu.request_id, message.TOO_BIG, 0, [])
            found = found[: self.max_varbinds]
        return Pdu(message.RESPONSE, pdu.request_id, 0, 0, found)

    def next_of(self, name: bytes) -> bytes | None:
        if self.successor is not None:
            return self.successor(name)
        position = bisect_right(self.order, (smi.decode_subids(name), name))
        return self.order[position][1] if position < len(self.order) else None


@pytest.fixture(params=[SnmpVersion.V1, SnmpVersion.V2C], ids=["v1", "v2c"])
def either(request: pytest.FixtureRequest, engine: SnmpEngine, peer: Peer) -> SnmpTransport:
    credentials = SnmpCredentials(version=request.param)
    return native_transport(engine, peer.host, peer.port, credentials, PATIENT)


def rows_of(column: list[VarBind]) -> list[int]:
    return [smi.decode_subids(name)[-1] for name, _, _ in column]


@pytest.mark.parametrize("rows", [0, 1, 7, 25, 26, 150])
async def test_columns_come_side_by_side(either: SnmpTransport, peer: Peer, rows: int) -> None:
    peer.script = Mib(table(rows))
    for _ in range(2):
        answer = await either.fetch(WalkColumns(COLUMNS))
        for number, column in enumerate(varbinds(answer), start=1):
            expected = [(cell(number, r), 0x42, 1000 * number + r) for r in range(1, rows + 1)]
            assert column == expected
        assert not answer.failures


async def test_end_of_the_mib_ends_the_walk(either: SnmpTransport, peer: Peer) -> None:
    cells = table(30)
    del cells[AFTER]
    peer.script = Mib(cells)
    answer = await either.fetch(WalkColumns(COLUMNS))
    assert [len(column) for column in varbinds(answer)] == [30] * 5
    assert not answer.failures


async def test_ragged_columns_keep_their_own_rows(either: SnmpTransport, peer: Peer) -> None:
    cells = table(40)
    for row in (2, 3, 17, 40):
        del cells[cell(2, row)]
    for row in range(6, 41):
        del cells[cell(4, row)]
    peer.script = Mib(cells)
    columns = varbinds(await either.fetch(WalkColumns(COLUMNS)))
    assert rows_of(columns[0]) == rows_of(columns[2]) == list(range(1, 41))
    assert rows_of(columns[1]) == [r for r in range(1, 40) if r not in (2, 3, 17)]
    assert rows_of(columns[3]) == [1, 2, 3, 4, 5]


async def test_five_columns_share_one_request(device: SnmpTransport, peer: Peer) -> None:
    mib = Mib(table(8))
    peer.script = mib
    await device.fetch(WalkColumns(COLUMNS))
    assert [pdu.kind for pdu in mib.asked] == [message.GET_BULK]
    assert len(mib.asked[0].varbinds) == 5
    mib.asked.clear()
    await device.fetch(WalkColumns(COLUMNS))
    assert [pdu.error_index for pdu in mib.asked] == [9]  # the rows known, and one to see the end


@pytest.mark.parametrize("says_too_big", [True, False], ids=["tooBig", "cut"])
@pytest.mark.parametrize("most", [1, 3, 12, 49])
async def test_small_messages_still_bring_everything(
    device: SnmpTransport, peer: Peer, most: int, says_too_big: bool
) -> None:
    mib = Mib(table(60), max_varbinds=most, says_too_big=says_too_big)
    peer.script = mib
    for _ in range(3):
        answer = await device.fetch(WalkColumns(COLUMNS))
        assert [len(column) for column in varbinds(answer)] == [60] * 5
        assert not answer.failures
    mib.asked.clear()
    await device.fetch(WalkColumns(COLUMNS))
    assert len(mib.asked) <= 2 * 300 / most + 60


async def test_silence_on_large_answers_is_learned(hasty: SnmpTransport, peer: Peer) -> None:
    mib = Mib(table(100), silent_above=30)
    peer.script = mib
    for _ in range(4):
        answer = await hasty.fetch(WalkColumns(COLUMNS))
        assert [len(column) for column in varbinds(answer)] == [100] * 5
        assert not answer.failures
    mib.asked.clear()
    await hasty.fetch(WalkColumns(COLUMNS))
    too_large = [p for p in mib.asked if len(p.varbinds) * p.error_index > 30]
    assert len(too_large) <= 1


async def test_too_big_for_one_varbind_is_a_rejection(either: SnmpTransport, peer: Peer) -> None:
    peer.script = Mib(table(3), max_varbinds=0, says_too_big=True)
    with pytest.raises(RequestRejected, match="tooBig"):
        await either.fetch(WalkColumns(COLUMNS))
    with pytest.raises(RequestRejected, match="tooBig"):
        await either.fetch(GetOids((AFTER,)))


@pytest.mark.parametrize("names_index", [True, False], ids=["index", "no index"])
async def test_gen_err_in_one_column_costs_that_column(
    either: SnmpTransport, peer: Peer, names_index: bool
) -> None:
    peer.script = Mib(table(30), error_at={cell(3, 11): 5}, names_index=names_index)
    answer = await either.fetch(WalkColumns(COLUMNS))
    columns = varbinds(answer)
    assert [len(column) for column in columns] == [30, 30, 10, 30, 30]
    (failure,) = answer.failures
    assert failure.kind == "rejected"
    assert "genErr" in failure.message
    assert f"{TABLE}.3" in failure.message


async def test_gen_err_everywhere_is_a_rejection(either: SnmpTransport, peer: Peer) -> None:
    peer.script = Mib(table(3), error_at=dict.fromkeys(table(3), 5))
    with pytest.raises(RequestRejected, match="genErr") as caught:
        await either.fetch(WalkColumns(COLUMNS))
    assert caught.value.code == 5


@pytest.mark.parametrize("names_index", [True, False], ids=["index", "no index"])
async def test_gen_err_on_one_of_ten_costs_one(
    either: SnmpTransport, peer: Peer, names_index: bool
) -> None:
    names = tuple(cell(1, row) for row in range(1, 11))
    peer.script = Mib(table(10), error_at={names[6]: 5}, names_index=names_index)
    answer = await either.fetch(GetOids(names))
    assert rows_of(varbinds(answer)[0]) == [1, 2, 3, 4, 5, 6, 8, 9, 10]
    (failure,) = answer.failures
    assert failure.kind == "rejected"
    assert smi.dotted(names[6]) in failure.message


async def test_missing_names_are_no_failures(either: SnmpTransport, peer: Peer) -> None:
    cells = table(10)
    names = tuple(cell(1, row) for row in range(1, 11))
    for missing in (names[0], names[4], names[9]):
        del cells[missing]
    peer.script = Mib(cells)
    answer = await either.fetch(GetOids(names))
    (row,) = varbinds(answer)
    assert [varbind[0] for varbind in row] == list(names)
    assert [i for i, varbind in enumerate(row) if varbind[1] in smi.MISSING] == [0, 4, 9]
    assert not answer.failures


async def test_long_gets_are_split_and_too_big_halves(either: SnmpTransport, peer: Peer) -> None:
    mib = Mib(table(60), max_varbinds=7, says_too_big=True)
    peer.script = mib
    names = tuple(cell(1, row) for row in range(1, 61))
    answer = await either.fetch(GetOids(names))
    assert rows_of(varbinds(answer)[0]) == list(range(1, 61))
    assert max(len(pdu.varbinds) for pdu in mib.asked) == PATIENT.max_oids


async def test_empty_get_asks_nothing(device: SnmpTransport, peer: Peer) -> None:
    assert varbinds(await device.fetch(GetOids(()))) == [[]]
    assert varbinds(await device.fetch(WalkColumns(()))) == []
    assert not peer.requests


BAD_STEPS: dict[str, Callable[[bytes], bytes | None]] = {
    "stands still": lambda name: cell(1, 3) if name >= cell(1, 3) else Mib(table(9)).next_of(name),
    "loops": lambda name: cell(1, 1) if name == cell(1, 5) else Mib(table(9)).next_of(name),
    "one back": lambda name: cell(1, 4) if name == cell(1, 5) else Mib(table(9)).next_of(name),
}


@pytest.mark.parametrize("step", BAD_STEPS.values(), ids=BAD_STEPS.keys())
async def test_walk_that_does_not_increase_stops(
    either: SnmpTransport, peer: Peer, step: Callable[[bytes], bytes | None]
) -> None:
    mib = Mib(table(9), successor=step)
    peer.script = mib
    answer = await either.fetch(WalkColumns((COLUMNS[0],)))
    (failure,) = answer.failures
    assert failure.kind == ProtocolError.kind
    assert "increase" in failure.message
    assert rows_of(varbinds(answer)[0]) in ([1, 2, 3], [1, 2, 3, 4, 5])
    assert len(mib.asked) < 10


def one_more(name: bytes) -> bytes:
    subids = smi.decode_subids(name)
    deeper = name in COLUMNS
    return name + b"\x01" if deeper else smi.encode_subids([*subids[:-1], subids[-1] + 1])


class Endless(dict[bytes, int]):
    """Every cell that is asked for."""

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: bytes) -> int:
        return 1


async def test_endless_walk_is_cut(engine: SnmpEngine, peer: Peer) -> None:
    limits = Limits(timeout_s=1, retries=0, max_rows=500)
    device = native_transport(engine, peer.host, peer.port, SnmpCredentials(), limits)
    peer.script = Mib(Endless(), successor=one_more)
    answer = await device.fetch(WalkColumns((COLUMNS[0],)))
    assert rows_of(varbinds(answer)[0]) == list(range(1, 501))
    assert "500 rows" in answer.failures[0].message


@pytest.mark.parametrize(
    ("limits", "answers_max"),
    [(Limits(max_cells=1_000), 20), (Limits(max_octets=20_000), 30)],
    ids=["values", "octets"],
)
async def test_an_endless_table_fails_whole_and_soon(
    engine: SnmpEngine, peer: Peer, limits: Limits, answers_max: int
) -> None:
    device = native_transport(engine, peer.host, peer.port, SnmpCredentials(), limits)
    mib = peer.script = Mib(Endless(), successor=one_more)
    says = (
        f"5 columns from {smi.dotted(COLUMNS[0])}: more than {limits.max_cells} values or"
        f" {limits.max_octets} octets; none of them is used"
    )
    with pytest.raises(ProtocolError, match=says):
        await device.fetch(WalkColumns(COLUMNS))
    assert len(mib.asked) <= answers_max
    peer.script = Mib(table(20))
    answer = await device.fetch(WalkColumns(COLUMNS))
    assert [len(column) for column in varbinds(answer)] == [20] * 5
    assert not answer.failures
    assert answer.octets >= 5 * 20 * len(cell(1, 1))


async def test_more_varbinds_than_asked_is_a_protocol_error(
    device: SnmpTransport, peer: Peer
) -> None:
    class Generous(Mib):
        def answer(self, version: int, pdu: Pdu) -> Pdu | None:
            return super().answer(version, pdu._replace(error_index=pdu.error_index + 5))

    peer.script = Generous(table(100))
    with pytest.raises(ProtocolError, match="varbinds"):
        await device.fetch(WalkColumns(COLUMNS))


async def test_device_that_falls_silent_leaves_the_rows_so_far(
    hasty: SnmpTransport, peer: Peer
) -> None:
    mib = Mib(table(60))
    peer.script = lambda request: mib(request) if len(mib.asked) < 2 else []
    answer = await hasty.fetch(WalkColumns(COLUMNS))
    assert {failure.kind for failure in answer.failures} == {DeviceTimeout.kind}
    assert 0 < len(varbinds(answer)[0]) < 60


async def test_wide_indexes_count_as_increasing(device: SnmpTransport, peer: Peer) -> None:
    rows = [1, 127, 128, 129, 16_383, 16_384, 2_097_151, 2_097_152, 151_060_481, 2**32 - 1]
    cells = {smi.oid(f"{TABLE}.1.{row}"): 1 for row in rows}
    peer.script = Mib({**cells, AFTER: 1})
    answer = await device.fetch(WalkColumns((COLUMNS[0],)))
    assert rows_of(varbinds(answer)[0]) == rows
    assert not answer.failures


SUBIDS = st.integers(0, 300) | st.integers(16_000, 17_000) | st.integers(0, 2**32 - 1)
NAMES = st.lists(st.tuples(*[SUBIDS] * 2) | st.tuples(SUBIDS), min_size=2, max_size=8)


@given(names=NAMES, sort=st.booleans())
def test_increasing_is_the_order_of_subidentifiers(
    names: list[tuple[int, ...]], sort: bool
) -> None:
    if sort:
        names = sorted(names)
    expected = all(a < b for a, b in pairwise(names))
    encoded = [smi.encode_subids((43, 6, *name)) for name in names]
    assert increasing(encoded[0], encoded[1:]) is expected
