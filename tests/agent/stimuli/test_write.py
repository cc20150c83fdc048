"""Confirmed writes against agents and servers that nobody here wrote."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.pdu import ModbusPDU
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from agent.commission.run.rig import HallRig
from agent.config import Config, load_config
from agent.model.errors import ConfigError
from tests.peers import AUTH_SECRET, PRIV_SECRET, Snmpd, free_udp_port, snmpd

NAME = "1.3.6.1.2.1.1.5.0"  # sysName
STUCK = "1.3.6.1.4.1.8072.9999.1.0"
OUTLET = "1.3.6.1.4.1.8072.9999.2.0"

PASS = """\
#!/bin/sh
# net-snmp's "pass" protocol: an outlet that keeps what is set, and one that stays at 7.
case "$1 $2" in
    "-s .{outlet}") echo "$4" >"{kept}" ;;
    "-s .{stuck}") echo set >>"{sets}" ;;
    "-g .{outlet}") echo "$2"; echo integer; cat "{kept}" ;;
    "-g .{stuck}") echo "$2"; echo integer; echo 7 ;;
esac
"""


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Snmpd]:
    script = tmp_path / "outlet"
    (tmp_path / "kept").write_text("1\n")
    script.write_text(
        PASS.format(outlet=OUTLET, stuck=STUCK, kept=tmp_path / "kept", sets=tmp_path / "sets")
    )
    script.chmod(0o700)
    extra = "\n".join(
        [
            "rwcommunity writer",
            f'createUser keeper SHA-256 "{AUTH_SECRET}" AES "{PRIV_SECRET}"',
            "rwuser keeper priv",
            f"pass .1.3.6.1.4.1.8072.9999 {script}",
        ]
    )
    with snmpd(tmp_path, extra) as peer:
        yield peer


def configured(folder: Path, url: str, writes: Mapping[str, str], who: str = "rw") -> Config:
    """A site of one device with these confirmed writes."""
    entries = "".join(
        f"  {name}: {{write: {{device: d, {write}}}, confirmed: true}}\n"
        for name, write in writes.items()
    )
    known = f", credentials: {who}" if url.startswith("snmp") else ""
    site = folder / "site.yaml"
    site.write_text(
        "credentials:\n"
        "  rw: {version: 2c, community: {env: WRITER}}\n"
        "  old: {version: 1, community: {env: WRITER}}\n"
        "  ro: {version: 2c, community: public}\n"
        "  usm: {version: 3, user: keeper, auth: {protocol: SHA-256, secret: {env: AUTH}},"
        " priv: {protocol: AES-128, secret: {env: PRIV}}}\n"
        f"stimuli:\n{entries}"
        f"racks: [{{name: r, devices: [{{name: d, url: '{url}', timeout: 1s{known}}}]}}]\n"
    )
    environment = {"WRITER": "writer", "AUTH": AUTH_SECRET, "PRIV": PRIV_SECRET}
    return load_config(site, environment)


@pytest.mark.peer
@pytest.mark.parametrize("who", ["rw", "old", "usm"])
async def test_snmpd_is_written_and_written_back(tmp_path: Path, agent: Snmpd, who: str) -> None:
    writes = {
        "outlet_off": f"oid: {OUTLET}, type: integer, value: 2",
        "end_outlet_off": f"oid: {OUTLET}, type: integer, value: 1",
    }
    config = configured(tmp_path, f"snmp://127.0.0.1:{agent.port}", writes, who)
    stand = HallRig(config.stimuli)
    await stand.begin("outlet_off", {})
    assert (tmp_path / "kept").read_text() == "2\n"
    await stand.end("outlet_off")
    assert (tmp_path / "kept").read_text() == "1\n"


async def refused(config: Config, params: Mapping[str, object] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        await HallRig(config.stimuli).begin("do", params or {})
    assert "writer" not in str(caught.value)
    return str(caught.value)


@pytest.mark.peer
async def test_what_snmpd_does_not_take(tmp_path: Path, agent: Snmpd) -> None:
    url = f"snmp://127.0.0.1:{agent.port}"
    rename = f"oid: {NAME}, type: string, value: peer-2"  # the configuration of snmpd sets it
    said = await refused(configured(tmp_path, url, {"do": rename}))
    assert said == f"stimuli.do: d {NAME}: the write: the device answers notWritable"
    outlet = f"oid: {OUTLET}, type: integer, value: 2"
    said = await refused(configured(tmp_path, url, {"do": outlet}, "ro"))
    assert said == f"stimuli.do: d {OUTLET}: the write: the device answers noAccess"
    assert (tmp_path / "kept").read_text() == "1\n"


@pytest.mark.peer
async def test_a_value_that_does_not_stay_is_told(tmp_path: Path, agent: Snmpd) -> None:
    stuck = f"oid: {STUCK}, type: integer, value: 2"
    said = await refused(configured(tmp_path, f"snmp://127.0.0.1:{agent.port}", {"do": stuck}))
    assert said == f"stimuli.do: d {STUCK}: wrote 2, but it reads back 7"
    assert (tmp_path / "sets").read_text() == "set\n"  # once


async def test_nobody_answers(tmp_path: Path, unused_tcp_port: int) -> None:
    outlet = f"oid: {OUTLET}, type: integer, value: 2"
    url = f"snmp://127.0.0.1:{free_udp_port()}"
    assert f"d {OUTLET}: the write: " in await refused(configured(tmp_path, url, {"do": outlet}))
    url = f"modbus+tcp://127.0.0.1:{unused_tcp_port}/7"
    said = await refused(configured(tmp_path, url, {"do": "register: 1, value: 1"}))
    assert said == f"stimuli.do: d register 1: no connection to 127.0.0.1:{unused_tcp_port}"


@asynccontextmanager
async def pumps(port: int, sticky: bool = False) -> AsyncIterator[list[tuple[int, int]]]:
    """pymodbus' server with registers 40000 to 40199 on unit 7; what it is asked, in order.

    A sticky one takes writes and shows 9 all the same.
    """
    asked: list[tuple[int, int]] = []

    async def show(
        function: int,
        start: int,
        address: int,
        count: int,
        now: list[int],
        new: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        if sticky and new is None:
            now[address - start] = 9
        return None

    def heard(sending: bool, pdu: ModbusPDU) -> ModbusPDU:
        # Requests as they came: the action above runs twice for one write.
        if not sending:
            asked.append((pdu.function_code, pdu.address))
        return pdu

    block = [SimData(40000, values=[0] * 200, datatype=DataType.REGISTERS)]
    server = ModbusTcpServer(
        SimDevice(7, simdata=block, action=show),
        framer=FramerType.SOCKET,
        address=("127.0.0.1", port),
        trace_pdu=heard,
    )
    await server.serve_forever(background=True)
    try:
        yield asked
    finally:
        server.close()
        await asyncio.sleep(0.01)


async def test_a_register_of_pymodbus_is_written_once(tmp_path: Path, unused_tcp_port: int) -> None:
    url = f"modbus+tcp://127.0.0.1:{unused_tcp_port}/7"
    writes = {"do": "register: 40100, value: 1", "end_do": "register: 40100, value: 0"}
    stand = HallRig(configured(tmp_path, url, writes).stimuli)
    async with pumps(unused_tcp_port) as asked:
        await stand.begin("do", {})
        assert asked == [(6, 40100), (3, 40100)]
        await stand.end("do")
        assert asked[2:] == [(6, 40100), (3, 40100)]


async def test_what_a_modbus_server_does_not_take(tmp_path: Path, unused_tcp_port: int) -> None:
    url = f"modbus+tcp://127.0.0.1:{unused_tcp_port}/7"
    async with pumps(unused_tcp_port):
        said = await refused(configured(tmp_path, url, {"do": "register: 5, value: 1"}))
    assert said == "stimuli.do: d register 5: the write: the device answers exception 2"


async def test_a_register_that_shows_another_value(tmp_path: Path, unused_tcp_port: int) -> None:
    url = f"modbus+tcp://127.0.0.1:{unused_tcp_port}/7"
    async with pumps(unused_tcp_port, sticky=True) as asked:
        said = await refused(configured(tmp_path, url, {"do": "register: 40100, value: 1"}))
    assert said == "stimuli.do: d register 40100: wrote 1, but it reads back 9"
    assert [function for function, _ in asked].count(6) == 1


async def test_a_write_takes_nothing_from_a_test(tmp_path: Path, unused_tcp_port: int) -> None:
    url = f"modbus+tcp://127.0.0.1:{unused_tcp_port}/7"
    config = configured(tmp_path, url, {"do": "register: 1, value: 1"})
    said = await refused(config, {"outlet": 3})
    assert said == "stimuli.do: a write takes no parameters, but has outlet"
