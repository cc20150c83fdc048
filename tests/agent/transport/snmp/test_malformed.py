"""Broken BER and odd values, as literal packets, and what the user gets to see."""

import os

import pytest

from agent.model import smi
from agent.model.errors import DeviceTimeout, ProtocolError
from agent.transport.snmp.engine import SnmpEngine
from agent.transport.snmp.transport import SnmpTransport
from tests.agent.transport.snmp.conftest import (
    Peer,
    literal,
)
from tests.agent.transport.snmp.wire import GOOD, HEAD, name_of

pytestmark = pytest.mark.moved_clock

MALFORMED = {
    "truncated": GOOD[:-2],
    "cut in the header": f"302e{HEAD}a2210204ID02",
    "message too long": GOOD.replace("302e", "302f"),
    "pdu too long": GOOD.replace("a221", "a222"),
    "list too long": GOOD.replace("3013", "3014"),
    "list too short": GOOD.replace("3013", "3012"),
    "varbind too long": GOOD.replace("3011", "3012"),
    "varbind too short": GOOD.replace("3011", "3010"),
    "value too long": GOOD.replace("04057064", "04067064"),
    "value too short": GOOD.replace("04057064", "04047064"),
    "value of 4 GiB": GOOD.replace("04057064752d31", "0484ffffffff31"),
    "name too long": GOOD.replace("06082b", "06092b"),
    "name of 4 GiB": GOOD.replace("06082b0601", "0684ffffffff"),
    "name empty": GOOD.replace("06082b06010201010500", "0600" + "04060405060708ff"),
    "name ends inside a number": GOOD.replace("010500", "010580"),
    "indefinite message": GOOD.replace("302e", "3080") + "0000",
    "indefinite list": GOOD.replace("3013", "3080"),
    "indefinite varbind": GOOD.replace("3011", "3080"),
    "indefinite value": GOOD.replace("04057064", "04807064"),
    "length of 127 octets": GOOD.replace("302e", "30ff"),
    "varbind is no sequence": GOOD.replace("3011", "3111"),
    "name is no oid": GOOD.replace("0608", "0408"),
    "request-id of 9 octets": f"3033{HEAD}a2260209ID0000000001" + GOOD[36:],
    "negative error-status": GOOD.replace("020100020100", "0201ff020100"),
    "empty error-status": f"302d{HEAD}a2200204ID0200020100" + GOOD[48:],
    "nested garbage": f"302e{HEAD}a2210204ID020100020100"
    "30133011300f300d300b30093007300530033001ff30",
}


@pytest.mark.parametrize("packet", MALFORMED.values(), ids=MALFORMED.keys())
async def test_malformed_is_no_answer(
    device: SnmpTransport, hasty: SnmpTransport, peer: Peer, engine: SnmpEngine, packet: str
) -> None:
    peer.script = literal(packet, GOOD)
    assert (await name_of(device))[2] == b"pdu-1"
    assert engine.counters.refused + engine.counters.unmatched == 1
    peer.script = literal(packet)
    with pytest.raises((ProtocolError, DeviceTimeout)):
        await name_of(hasty)


async def test_garbage_of_every_size_harms_nobody(
    device: SnmpTransport, peer: Peer, engine: SnmpEngine
) -> None:
    huge = [os.urandom(65_507), bytes(65_507), b"\x30\x83\x00\xff\xdf" + b"\x30\x80" * 32_000, b""]

    def script(request: bytes) -> list[bytes]:
        return [*huge, *literal("30", "3000", "30020201", GOOD)(request)]

    peer.script = script
    assert (await name_of(device))[2] == b"pdu-1"


async def test_padded_lengths_are_read(device: SnmpTransport, peer: Peer) -> None:
    padded = (
        f"30820036{HEAD}a28200270204ID020100020100 30820017 30820013 0608 2b06010201010500"
        "04820005 7064752d31"
    )
    peer.script = literal(padded)
    assert (await name_of(device))[2] == b"pdu-1"


VALUES = {
    "Counter32 FF FF FF FF": ("302d", "20", "3012", "3010", "4104ffffffff", (0x41, 2**32 - 1)),
    "Counter32 with zero": ("302e", "21", "3013", "3011", "410500ffffffff", (0x41, 2**32 - 1)),
    "negative Gauge32": ("302a", "1d", "300f", "300d", "4201ff", (0x42, 2**32 - 1)),
    "Counter64 of 8 FF": ("3031", "24", "3016", "3014", "4608" + "ff" * 8, (0x46, 2**64 - 1)),
    "INTEGER -5": ("302a", "1d", "300f", "300d", "0201fb", (0x02, -5)),
    "padded INTEGER": ("302d", "20", "3012", "3010", "020400000005", (0x02, 5)),
    "padded -1": ("302d", "20", "3012", "3010", "0204ffffffff", (0x02, -1)),
    "Gauge32 of 33 bits": ("302e", "21", "3013", "3011", "42050100000000", (smi.GAUGE32, None)),
    "empty INTEGER": ("3029", "1c", "300e", "300c", "0200", (smi.INTEGER, None)),
    "empty Counter32": ("3029", "1c", "300e", "300c", "4100", (smi.COUNTER32, None)),
    "OID value cut": ("302d", "20", "3012", "3010", "06042b060181", (smi.OBJECT_ID, None)),
    "unknown tag": ("302d", "20", "3012", "3010", "4704000000ff", (0x47, b"\0\0\0\xff")),
    "noSuchInstance": ("3029", "1c", "300e", "300c", "8100", (smi.NO_SUCH_INSTANCE, None)),
}


@pytest.mark.parametrize("case", VALUES.values(), ids=VALUES.keys())
async def test_odd_values(
    device: SnmpTransport, peer: Peer, case: tuple[str, str, str, str, str, tuple[int, object]]
) -> None:
    whole, pdu, list_, varbind, value, expected = case
    name = "06082b06010201010500"
    peer.script = literal(f"{whole}{HEAD}a2{pdu}0204ID020100020100{list_}{varbind}{name}{value}")
    assert (await name_of(device))[1:] == expected
