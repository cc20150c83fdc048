"""A recorded device: what it said, replayable, and without its owner's names."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent.authoring.snmprec_read import parse_recording
from agent.model import smi
from agent.model.errors import DeviceTimeout, RequestRejected
from agent.model.values import Answer, Failure, Request, VarBind, WalkColumns
from agent.poll.snmprec_write import MASK, lines, record
from agent.transport.memory import MemoryTransport
from tests.end_to_end.ports import free_udp_ports
from tests.end_to_end.programs import rackagent, replay

DEVICE: list[VarBind] = [
    (smi.oid("1.0.8802.1.1.2.1.4.1.1.9.0.1.1"), smi.OCTET_STRING, b"leaf-7.example.com"),
    (smi.oid("1.3.6.1.2.1.1.1.0"), smi.OCTET_STRING, b"PDU of ACME, hall 3"),
    (smi.oid("1.3.6.1.2.1.1.2.0"), smi.OBJECT_ID, smi.oid("1.3.6.1.4.1.318.1.3.4.6")),
    (smi.oid("1.3.6.1.2.1.1.5.0"), smi.OCTET_STRING, b"acme-pdu-1"),
    (smi.oid("1.3.6.1.2.1.2.2.1.6.1"), smi.OCTET_STRING, bytes.fromhex("00c0b7aabbcc")),
    (smi.oid("1.3.6.1.2.1.4.20.1.1.10.0.0.5"), smi.IP_ADDRESS, bytes([10, 0, 0, 5])),
    (smi.oid("1.3.6.1.4.1.318.1.1.12.1.6.0"), smi.OCTET_STRING, b"ZA1234567890"),
    (smi.oid("1.3.6.1.4.1.318.1.1.12.1.15.0"), smi.INTEGER, -1),
    (smi.oid("1.3.6.1.4.1.318.9.1"), smi.IP_ADDRESS, bytes([192, 0, 2, 1])),
    (smi.oid("1.3.6.1.4.1.318.9.2"), smi.OCTET_STRING, b" padded "),
    (smi.oid("1.3.6.1.4.1.318.9.3"), smi.NO_SUCH_INSTANCE, None),
]


async def test_a_walk_brings_everything_lldp_included() -> None:
    found = await record(MemoryTransport({oid: (tag, value) for oid, tag, value in DEVICE[:-1]}))
    assert list(found.varbinds) == DEVICE[:-1]
    assert found.failures == ()


class Faulty(MemoryTransport):
    """Answers genErr to whatever would come next from one OID on, in the subtree of its table."""

    def __init__(self, fault: str) -> None:
        super().__init__({oid: (tag, value) for oid, tag, value in DEVICE[:-1]})
        self.at = smi.oid(fault)

    async def fetch(self, request: Request) -> Answer:
        answer = await super().fetch(request)
        assert isinstance(request, WalkColumns)
        assert not isinstance(answer.payload, bytes)
        rows = answer.payload[0]
        names = [name for name, _, _ in rows]
        if self.at not in names:
            return answer
        before = rows[: names.index(self.at)]
        if not before:
            raise RequestRejected("the device answers genErr", 5)
        failed = Failure("rejected", "the device answers genErr")
        return replace(answer, payload=[before], failures=(failed,))


@pytest.mark.parametrize(
    ("fault", "lost"),
    [
        ("1.3.6.1.4.1.318.1.1.12.1.15.0", {"1.3.6.1.4.1.318.1.1.12.1.15.0"}),
        ("1.3.6.1.2.1.1.5.0", {"1.3.6.1.2.1.1.5.0"}),
    ],
)
async def test_a_walk_goes_on_behind_a_fault_and_names_it(fault: str, lost: set[str]) -> None:
    found = await record(Faulty(fault))
    missing = {name for name, _, _ in DEVICE[:-1]} - {name for name, _, _ in found.varbinds}
    assert {smi.dotted(name) for name in missing} >= lost
    assert (smi.oid("1.3.6.1.4.1.318.9.2"), smi.OCTET_STRING, b" padded ") in found.varbinds
    assert any("genErr" in failure.message for failure in found.failures)


async def test_a_silent_device_is_no_empty_recording() -> None:
    transport = MemoryTransport()
    transport.fault = DeviceTimeout("no answer")
    with pytest.raises(DeviceTimeout):
        await record(transport)


def test_names_serials_and_words_are_masked_and_addresses_left_out() -> None:
    serial = smi.oid("1.3.6.1.4.1.318.1.1.12.1.6")
    text = list(lines(DEVICE, words=["acme", ""], serials=[serial]))
    assert text == [
        f"1.0.8802.1.1.2.1.4.1.1.9.0.1.1|4|{MASK}",
        f"1.3.6.1.2.1.1.1.0|4|{MASK}",
        "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.318.1.3.4.6",
        f"1.3.6.1.2.1.1.5.0|4|{MASK}",
        "1.3.6.1.2.1.2.2.1.6.1|4x|00c0b7aabbcc",
        f"1.3.6.1.4.1.318.1.1.12.1.6.0|4|{MASK}",
        "1.3.6.1.4.1.318.1.1.12.1.15.0|2|-1",
        "1.3.6.1.4.1.318.9.1|64|192.0.2.1",
        "1.3.6.1.4.1.318.9.2|4x|2070616464656420",
    ]


def test_a_recording_reads_back_as_what_was_recorded() -> None:
    kept = [row for row in DEVICE[:-1] if b"10.0.0" not in row[0] and row[1] != smi.IP_ADDRESS]
    text = "".join(f"{line}\n" for line in lines(kept))
    back = {oid: (tag, value) for oid, tag, value in parse_recording(text.encode(), "x.snmprec")}
    for oid, tag, value in kept:
        if back[oid][1] != MASK.encode():
            assert back[oid] == (tag, value)


def test_walk_writes_a_file_that_can_be_replayed_and_never_overwrites(tmp_path: Path) -> None:
    device, copy = tmp_path / "device.snmprec", tmp_path / "copy.snmprec"
    device.write_text("".join(f"{line}\n" for line in lines(DEVICE)), encoding="ascii")
    [port] = free_udp_ports(1)
    with replay(device, port):
        url = f"snmp://127.0.0.1:{port}"
        said = rackagent("walk", url, "--out", str(copy))
        assert said == f"{copy}: 9 rows\n"
        rackagent("walk", url, "--out", str(copy), status=2)
    masked = "1.3.6.1.4.1.318.1.1.12.1.6.0|4|"
    before, after = device.read_text().splitlines(), copy.read_text().splitlines()
    assert [row for row in before if not row.startswith(masked)] == [
        row for row in after if not row.startswith(masked)
    ]
    assert f"{masked}{MASK}" in after, "the library knows where this vendor keeps serials"
