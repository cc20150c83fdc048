"""The responder read by net-snmp's tools, and the corners those do not reach by literal PDUs."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.authoring.snmprec_read import parse_recording, read_recording
from agent.model import smi
from agent.model.errors import ConfigError
from agent.model.values import VarBind
from agent.protocol.snmp import message
from agent.protocol.snmp.message import Pdu
from simulator.wire.mib_view import LiveView, MibView, StaticView
from simulator.wire.snmp_responder import SnmpResponder
from tests.agent.authoring.test_snmprec_read import CORPUS
from tests.peers import require

SYSTEM: list[VarBind] = [
    (smi.oid("1.0.8802.1.1.2.1.3.3.0"), smi.OCTET_STRING, b"switch-a"),
    (smi.oid("1.3.6.1.2.1.1.1.0"), smi.OCTET_STRING, b'a "quoted" \\ text\nsecond line'),
    (smi.oid("1.3.6.1.2.1.1.2.0"), smi.OBJECT_ID, smi.oid("1.3.6.1.4.1.318.1.3.4.6")),
    (smi.oid("1.3.6.1.2.1.1.3.0"), smi.TIME_TICKS, 123_456),
    (smi.oid("1.3.6.1.2.1.2.2.1.10.127"), smi.COUNTER32, 2**32 - 1),
    (smi.oid("1.3.6.1.2.1.2.2.1.10.128"), smi.COUNTER32, 128),
    (smi.oid("1.3.6.1.2.1.2.2.1.10.16383"), smi.COUNTER32, 16383),
    (smi.oid("1.3.6.1.2.1.2.2.1.10.16384"), smi.COUNTER32, 16384),
    (smi.oid("1.3.6.1.2.1.31.1.1.1.6.1"), smi.COUNTER64, 2**64 - 1),
    (smi.oid("1.3.6.1.2.1.31.1.1.1.6.2"), smi.COUNTER64, 0),
    (smi.oid("1.3.6.1.4.1.9999.1.0"), smi.INTEGER, -273),
    (smi.oid("1.3.6.1.4.1.9999.2.0"), smi.IP_ADDRESS, bytes([10, 0, 0, 1])),
    (smi.oid("1.3.6.1.4.1.9999.3.0"), smi.OCTET_STRING, b""),
    (smi.oid("1.3.6.1.4.1.9999.4294967295.0"), smi.GAUGE32, 2**32 - 1),
]
UPTIME = smi.oid("1.3.6.1.2.1.1.3.0")
OCTETS = smi.oid("1.3.6.1.2.1.2.2.1.10")
HC_OCTETS = smi.oid("1.3.6.1.2.1.31.1.1.1.6")


@asynccontextmanager
async def serving(
    view: MibView, community: str | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[str]:
    """A responder; the address as net-snmp writes it."""
    responder = SnmpResponder(view, community)
    port = await responder.start(host, 0)
    try:
        yield f"udp6:[{host}]:{port}" if ":" in host else f"udp:{host}:{port}"
    finally:
        responder.close()


async def tool(program: str, *arguments: str) -> str:
    """What a net-snmp program prints, errors included."""
    process = await asyncio.create_subprocess_exec(
        require(program),
        *arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={"MIBS": "", "PATH": ""},
    )
    output, _ = await process.communicate()
    return output.decode("latin-1")


async def walked(program: str, version: str, address: str, root: str = ".1") -> list[VarBind]:
    """The rows net-snmp read; strings in hex, so that every octet shows."""
    output = await tool(program, f"-v{version}", "-c", "public", "-Onxe", address, root)
    return parse_recording(output.encode("latin-1"), program)


def asked(kind: int, oids: Sequence[bytes], first: int = 0, second: int = 0) -> Pdu:
    return Pdu(kind, 77, first, second, [(oid, smi.NULL, None) for oid in oids])


def answered(responder: SnmpResponder, pdu: Pdu, version: int = message.V2C) -> Pdu:
    datagram = responder.answer(message.encode_message(version, b"public", pdu))
    assert datagram is not None
    echoed_version, community, response = message.decode_message(datagram)
    assert (echoed_version, community) == (version, b"public")
    assert (response.kind, response.request_id) == (message.RESPONSE, 77)
    return response._replace(octets=0)


@pytest.fixture
def responder() -> SnmpResponder:
    return SnmpResponder(StaticView(SYSTEM))


@pytest.mark.peer
@pytest.mark.parametrize(
    ("program", "version"), [("snmpbulkwalk", "2c"), ("snmpwalk", "2c"), ("snmpwalk", "1")]
)
@pytest.mark.parametrize("shuffled", [False, True], ids=["sorted", "shuffled"])
async def test_net_snmp_walks_every_row(program: str, version: str, shuffled: bool) -> None:
    view = StaticView(SYSTEM[::-1] if shuffled else SYSTEM)
    expected = [row for row in SYSTEM if version != "1" or row[1] != smi.COUNTER64]
    async with serving(view) as address:
        assert await walked(program, version, address) == expected


@pytest.mark.peer
async def test_plain_walk_output_is_read_back_too() -> None:
    async with serving(StaticView(SYSTEM)) as address:
        output = await tool("snmpbulkwalk", "-v2c", "-cpublic", "-One", address, ".1")
    assert parse_recording(output.encode("latin-1"), "walk") == SYSTEM


@pytest.mark.peer
@pytest.mark.corpus
@pytest.mark.parametrize(
    "name",
    [
        "pdu/apc_ap8853",
        "pdu/raritan-pdu_px3",
        "pdu/sentry4",
        "switch/edgecos_dcs203",
        "switch/cumulus_bgp",
    ],
)
async def test_net_snmp_reads_exactly_what_was_recorded(name: str) -> None:
    path = CORPUS / "snmp" / f"{name}.snmprec"
    if not path.exists():
        pytest.skip(f"{path} is absent")
    rows = read_recording(path)
    async with serving(StaticView(rows)) as address:
        assert await walked("snmpbulkwalk", "2c", address) == rows
        if len(rows) < 1000:
            assert await walked("snmpwalk", "2c", address) == rows
            v1_rows = [row for row in rows if row[1] != smi.COUNTER64]
            assert await walked("snmpwalk", "1", address) == v1_rows


@pytest.mark.peer
async def test_net_snmp_over_ipv6() -> None:
    try:
        async with serving(StaticView(SYSTEM), host="::1") as address:
            assert await walked("snmpbulkwalk", "2c", address) == SYSTEM
    except ConfigError as error:
        pytest.skip(str(error))


@pytest.mark.peer
async def test_single_requests_of_net_snmp() -> None:
    async with serving(StaticView(SYSTEM)) as address:
        options = ("-v2c", "-cpublic", "-One", address)
        assert await tool("snmpget", *options, ".1.3.6.1.4.1.9999.1.0") == (
            ".1.3.6.1.4.1.9999.1.0 = INTEGER: -273\n"
        )
        after = await tool("snmpgetnext", *options, ".1.3.6.1.4.1.9999.3.0")
        assert after == ".1.3.6.1.4.1.9999.4294967295.0 = Gauge32: 4294967295\n"
        assert "No Such Instance" in await tool("snmpget", *options, ".1.3.6.1.4.1.9999.1.1")
        assert "No Such Object" in await tool("snmpget", *options, ".1.3.6.1.4.1.9998.1.1")
        refused = await tool("snmpset", *options, ".1.3.6.1.4.1.9999.1.0", "i", "5")
        assert "notWritable" in refused


@pytest.mark.peer
async def test_wrong_community_meets_silence() -> None:
    async with serving(StaticView(SYSTEM), community="secret") as address:
        silent = await tool("snmpget", "-v2c", "-cpublic", "-t0.2", "-r0", address, ".1.3.6")
        assert "Timeout" in silent
        heard = await tool("snmpget", "-v2c", "-csecret", "-One", address, ".1.3.6.1.2.1.1.3.0")
        assert "(123456)" in heard


@pytest.mark.peer
async def test_responders_side_by_side_do_not_mix() -> None:
    one: list[VarBind] = [(UPTIME, smi.TIME_TICKS, 1)]
    two: list[VarBind] = [(UPTIME, smi.TIME_TICKS, 2)]
    async with serving(StaticView(one)) as first, serving(StaticView(two)) as second:
        assert await walked("snmpwalk", "2c", first) == one
        assert await walked("snmpwalk", "2c", second) == two


async def test_occupied_port_is_our_fault_and_close_gives_it_back() -> None:
    responder = SnmpResponder(StaticView(SYSTEM))
    port = await responder.start("127.0.0.1", 0)
    second = SnmpResponder(StaticView(SYSTEM))
    with pytest.raises(ConfigError, match=f"127.0.0.1 port {port}"):
        await second.start("127.0.0.1", port)
    responder.close()
    responder.close()
    await asyncio.sleep(0)
    assert await second.start("127.0.0.1", port) == port
    second.close()


def test_getbulk_takes_non_repeaters_once(responder: SnmpResponder) -> None:
    first = smi.oid("1.3.6.1.2.1.1.2.0")
    response = answered(responder, asked(message.GET_BULK, [first, OCTETS, HC_OCTETS], 1, 2))
    assert [smi.dotted(oid) for oid, _, _ in response.varbinds] == [
        "1.3.6.1.2.1.1.3.0",
        "1.3.6.1.2.1.2.2.1.10.127",
        "1.3.6.1.2.1.31.1.1.1.6.1",
        "1.3.6.1.2.1.2.2.1.10.128",
        "1.3.6.1.2.1.31.1.1.1.6.2",
    ]


def test_getbulk_ends_with_the_view(responder: SnmpResponder) -> None:
    last = SYSTEM[-1][0]
    response = answered(responder, asked(message.GET_BULK, [last, SYSTEM[-2][0]], 0, 2**31 - 1))
    assert response.varbinds == [
        (last, smi.END_OF_MIB_VIEW, None),
        SYSTEM[-1],
        (last, smi.END_OF_MIB_VIEW, None),
        (last, smi.END_OF_MIB_VIEW, None),
    ]


@pytest.mark.parametrize("repetitions", [0, 2**31 - 1])
def test_getbulk_of_nothing_is_nothing(responder: SnmpResponder, repetitions: int) -> None:
    response = answered(responder, asked(message.GET_BULK, [], 0, repetitions))
    assert response == Pdu(message.RESPONSE, 77, 0, 0, [])


def test_getbulk_is_cut_to_the_largest_datagram() -> None:
    column = smi.oid("1.3.6.1.4.1.9999.7")
    rows: list[VarBind] = [
        (column + smi.encode_subids([row]), smi.OCTET_STRING, bytes(1000)) for row in range(200)
    ]
    responder = SnmpResponder(StaticView(rows))
    request = message.encode_message(
        message.V2C, b"public", asked(message.GET_BULK, [column], 0, 200)
    )
    datagram = responder.answer(request)
    assert datagram is not None
    assert 64_000 < len(datagram) <= 65_507
    _, _, response = message.decode_message(datagram)
    assert response.varbinds == rows[: len(response.varbinds)]


@pytest.mark.parametrize("kind", [message.GET, message.GET_NEXT, message.GET_BULK])
def test_what_does_not_fit_is_too_big(kind: int) -> None:
    row: VarBind = (smi.oid("1.3.6.1.4.1.9999.7.1"), smi.OCTET_STRING, bytes(2000))
    before = smi.oid("1.3.6.1.4.1.9999.7")
    responder = SnmpResponder(StaticView([row]), max_size=1472)
    name = row[0] if kind == message.GET else before
    pdu = asked(kind, [name], 0, 1 if kind == message.GET_BULK else 0)
    assert answered(responder, pdu) == Pdu(message.RESPONSE, 77, message.TOO_BIG, 0, [])


def test_v1_misses_fail_the_request_and_name_the_culprit(responder: SnmpResponder) -> None:
    counter64 = HC_OCTETS + b"\x01"
    for kind, culprit in [
        (message.GET, smi.oid("1.3.6.1.4.1.1.0")),
        (message.GET, counter64),
        (message.GET_NEXT, SYSTEM[-1][0]),
    ]:
        pdu = asked(kind, [UPTIME, culprit])
        expected = pdu._replace(
            kind=message.RESPONSE, error_status=message.NO_SUCH_NAME, error_index=2
        )
        assert answered(responder, pdu, message.V1) == expected


def test_v1_walk_steps_over_counter64(responder: SnmpResponder) -> None:
    response = answered(responder, asked(message.GET_NEXT, [HC_OCTETS]), message.V1)
    assert response.varbinds == [SYSTEM[10]]


@pytest.mark.parametrize(("version", "status"), [(message.V1, 4), (message.V2C, 17)])
def test_set_is_refused(responder: SnmpResponder, version: int, status: int) -> None:
    pdu = Pdu(message.SET, 77, 0, 0, [(UPTIME, smi.TIME_TICKS, 5)])
    response = answered(responder, pdu, version)
    assert response == Pdu(message.RESPONSE, 77, status, 1, pdu.varbinds)


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        (message.V1, message.GET_BULK),
        (message.V2C, message.RESPONSE),
        (message.V2C, message.TRAP2),
        (message.V2C, message.INFORM),
    ],
)
def test_what_is_no_request_meets_silence(
    responder: SnmpResponder, version: int, kind: int
) -> None:
    datagram = message.encode_message(version, b"public", asked(kind, [UPTIME]))
    assert responder.answer(datagram) is None


@pytest.mark.parametrize(
    "datagram", [b"", b"\x30", b"\x30\x80\x00\x00", b"GET / HTTP/1.1", bytes(99)]
)
def test_garbage_meets_silence(responder: SnmpResponder, datagram: bytes) -> None:
    assert responder.answer(datagram) is None


def test_absurd_names_are_answered(responder: SnmpResponder) -> None:
    names = [b"\xff" * 200 + b"\x7f", b"\x00", b"\x80\x80\x05", b"\x2c" + b"\x80" * 90 + b"\x06"]
    response = answered(responder, asked(message.GET, names))
    assert [tag for _, tag, _ in response.varbinds] == [smi.NO_SUCH_OBJECT] * 4
    answered(responder, asked(message.GET_NEXT, names))


@given(
    st.lists(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=6).map(tuple), unique=True),
    st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=6),
)
def test_next_is_the_smallest_greater_name(names: list[tuple[int, ...]], start: list[int]) -> None:
    view = StaticView((smi.encode_subids(name), smi.INTEGER, 1) for name in names)
    found = view.next(smi.encode_subids(start))
    expected = min((name for name in names if name > tuple(start)), default=None)
    assert (smi.decode_subids(found.oid) if found else None) == expected


@given(st.binary(max_size=40), st.integers(0, 45))
def test_damaged_requests_never_break_it(noise: bytes, position: int) -> None:
    responder = SnmpResponder(StaticView(SYSTEM))
    request = message.encode_message(
        message.V2C, b"public", asked(message.GET_BULK, [OCTETS], 0, 9)
    )
    responder.answer(noise)
    responder.answer(request[:position] + noise + request[position + len(noise) :])


def test_live_rows_appear_change_and_go() -> None:
    view = LiveView([(UPTIME, smi.TIME_TICKS, 1)])
    responder = SnmpResponder(view)
    ticks = iter([10, 20])
    view.set(UPTIME, smi.TIME_TICKS, lambda: next(ticks))
    pdu = asked(message.GET, [UPTIME])
    assert answered(responder, pdu).varbinds == [(UPTIME, smi.TIME_TICKS, 10)]
    assert answered(responder, pdu).varbinds == [(UPTIME, smi.TIME_TICKS, 20)]
    name = smi.oid("1.3.6.1.2.1.1.5.0")
    view.set(UPTIME, smi.TIME_TICKS, 30)
    view.set(name, smi.OCTET_STRING, b"rack")
    bulk = asked(message.GET_BULK, [b"\x2b"], 0, 2)
    assert answered(responder, bulk).varbinds == [
        (UPTIME, smi.TIME_TICKS, 30),
        (name, smi.OCTET_STRING, b"rack"),
    ]
    view.remove(UPTIME)
    view.remove(UPTIME)
    assert len(view) == 1
    assert answered(responder, pdu).varbinds == [(UPTIME, smi.NO_SUCH_OBJECT, None)]
