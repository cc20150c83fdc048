"""SNMPv3 traps of simulated devices, as net-snmp's snmptrapd and the agent receive them."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.app.wiring import running
from agent.config import load_config
from simulator.site.rack_server import build, serving
from tests.end_to_end.ports import free_tcp_ports, free_udp_ports
from tests.peers import AUTH_SECRET, PRIV_SECRET, require
from tests.simulator.bench import write_site
from tests.waiting import PATIENCE_S, eventually, until

_ROLES = {"pdu-a": "apc-rpdu2"}
_OPEN: dict[str, Any] = {"version": "3", "user": "reader"}
_SIGNED = {**_OPEN, "auth": {"protocol": "SHA-256", "secret": AUTH_SECRET}}
_SECURE = {**_SIGNED, "priv": {"protocol": "AES-128", "secret": PRIV_SECRET}}
_SECURE_KEYS = f"SHA-256 {AUTH_SECRET} AES {PRIV_SECRET}"


@contextmanager
def snmptrapd(folder: Path, port: int, engine_id: bytes, keys: str, level: str) -> Iterator[Path]:
    """net-snmp's receiver with one user of one sender; yields the file that it writes."""
    conf, log = folder / "trapd.conf", folder / "trapd.log"
    user = f"createUser -e 0x{engine_id.hex()} reader {keys}"
    conf.write_text(f"{user}\nauthUser log reader {level}\n", encoding="utf-8")
    log.write_text("", encoding="utf-8")
    process = subprocess.Popen(
        [
            *(require("snmptrapd"), "-f", "-C", "-c", str(conf), "-On", "-Lf", str(log)),
            f"udp:127.0.0.1:{port}",
        ],
        env={**os.environ, "SNMP_PERSISTENT_DIR": str(folder / "state"), "MIBS": ""},
    )
    try:
        eventually(lambda: "NET-SNMP" in log.read_text(encoding="utf-8"))
        yield log
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE_S)


async def heard_by_net_snmp(
    folder: Path, credentials: dict[str, Any], keys: str, level: str, *, taken: bool = True
) -> str:
    """What snmptrapd writes of an outlet that is switched off; a second's worth if not taken."""
    [port] = free_udp_ports(1)
    listen = {"listen": f"127.0.0.1:{port}"}
    config = load_config(write_site(folder, _ROLES, credentials=credentials, traps=listen))
    _, [host] = build(config)
    usm = getattr(host, "responder").usm  # noqa: B009 - hosts of two kinds, this one is SNMP's
    with snmptrapd(folder, port, usm.engine_id, keys, level) as log:
        async with serving(config) as site:
            site.advance(2.0)
            site.injector.inject("outlet_off", {"feed": "a", "outlet": 3})
            site.advance(2.0)
            if taken:
                await until(lambda: b"outlet 3" in log.read_bytes())
            else:
                await asyncio.sleep(1.0)
            return log.read_text(encoding="utf-8", errors="replace")


@pytest.mark.peer
@pytest.mark.parametrize(
    ("credentials", "keys", "level"),
    [
        (_OPEN, "", "noauth"),
        (_SIGNED, f"SHA-256 {AUTH_SECRET}", "auth"),
        (_SECURE, _SECURE_KEYS, "priv"),
    ],
    ids=["noAuthNoPriv", "authNoPriv", "authPriv"],
)
async def test_net_snmp_takes_them(
    tmp_path: Path, credentials: dict[str, Any], keys: str, level: str
) -> None:
    text = await heard_by_net_snmp(tmp_path, credentials, keys, level)
    assert "outlet 3: off" in text
    assert ".1.3.6.1.6.3.1.1.4.1.0 = OID: .1.3.6.1.4.1.318.1.3.4" in text


@pytest.mark.peer
@pytest.mark.parametrize(
    "keys",
    [
        _SECURE_KEYS.replace(AUTH_SECRET, "another-secret"),
        f"SHA-256 {AUTH_SECRET} AES wrong-priv-1",
    ],
    ids=["authentication", "privacy"],
)
async def test_a_wrong_secret_is_refused(tmp_path: Path, keys: str) -> None:
    text = await heard_by_net_snmp(tmp_path, _SECURE, keys, "priv", taken=False)
    assert "outlet 3" not in text


async def test_the_agent_counts_them(tmp_path: Path) -> None:
    [trap_port], [http] = free_udp_ports(1), free_tcp_ports(1)
    path = write_site(
        tmp_path,
        _ROLES,
        credentials=_SECURE,
        traps={"listen": f"127.0.0.1:{trap_port}"},
        http={"listen": f"127.0.0.1:{http}"},
    )
    config = load_config(path)
    async with serving(config) as site, running(config) as current:

        def counted() -> bool:
            number = site.injector.inject("outlet_off", {"feed": "a", "outlet": 3}).id
            site.advance(1.0)
            site.injector.clear(number)
            site.advance(1.0)
            lines = current.agent.exposition.render().decode().splitlines()
            traps = [line for line in lines if line.startswith("rackagent_traps_total{")]
            return any('device="pdu-a"' in line for line in traps)

        await until(counted)


async def test_a_device_of_v1_sends_none(tmp_path: Path) -> None:
    [port] = free_udp_ports(1)
    old = {"version": "1", "community": "public"}
    listen = {"listen": f"127.0.0.1:{port}"}
    config = load_config(write_site(tmp_path, _ROLES, credentials=old, traps=listen))
    sent: list[bytes] = []

    class Kept(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            sent.append(data)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Kept, local_addr=("127.0.0.1", port))
    try:
        async with serving(config) as site:
            site.advance(2.0)
            site.injector.inject("outlet_off", {"feed": "a", "outlet": 3})
            site.advance(2.0)
            await asyncio.sleep(0.05)
        assert not sent
    finally:
        transport.close()
