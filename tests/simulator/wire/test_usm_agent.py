"""SNMPv3 of simulated devices, read by net-snmp and by the agent's own engine."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.model import smi
from agent.model.credentials import AuthProtocol, PrivProtocol, SnmpCredentials
from agent.model.errors import AuthenticationError, DeviceTimeout
from agent.model.limits import Limits
from agent.model.values import Answer, GetOids, VarBind
from agent.protocol.snmp import message, usm, v3
from agent.protocol.snmp.security import ReportPdu
from agent.protocol.snmp.usm import UsmSecurity
from agent.transport.snmp.engine import SnmpEngine
from agent.transport.snmp.native_link import native_transport
from agent.transport.snmp.transport import SnmpTransport
from simulator.wire.mib_view import StaticView
from simulator.wire.snmp_responder import SnmpResponder
from simulator.wire.usm_agent import UsmAgent
from tests import peers
from tests.simulator.bench import bench

pytestmark = pytest.mark.moved_clock

NAME = smi.oid("1.3.6.1.2.1.1.5.0")
ROWS: list[VarBind] = [
    (NAME, smi.OCTET_STRING, b"pdu-1"),
    *((smi.oid(f"1.3.6.1.4.1.9.{n}"), smi.INTEGER, n) for n in range(1, 200)),
]
SHA_AES = (AuthProtocol.SHA256, PrivProtocol.AES128)
EXTENDED = [
    (AuthProtocol.SHA256, PrivProtocol.AES192C),
    (AuthProtocol.SHA512, PrivProtocol.AES256C),
]


@asynccontextmanager
async def served(
    credentials: SnmpCredentials,
) -> AsyncIterator[tuple[int, UsmAgent]]:
    agent = UsmAgent(credentials, "pdu-1")
    responder = SnmpResponder(StaticView(ROWS), usm=agent)
    port = await responder.start()
    try:
        yield port, agent
    finally:
        responder.close()


@asynccontextmanager
async def client(port: int, credentials: SnmpCredentials) -> AsyncIterator[SnmpTransport]:
    engine = await SnmpEngine.open()
    limits = Limits(timeout_s=0.5, retries=1)
    try:
        yield native_transport(engine, "127.0.0.1", port, credentials, limits)
    finally:
        await engine.close()


async def name_of(device: SnmpTransport) -> object:
    answer: Answer = await device.fetch(GetOids((NAME,)))
    assert not isinstance(answer.payload, bytes)
    return answer.payload[0][0][2]


@pytest.mark.parametrize(("auth", "priv"), [*peers.usm_combinations(), *EXTENDED])
async def test_our_engine_reads_every_combination(
    auth: AuthProtocol | None, priv: PrivProtocol | None
) -> None:
    credentials = peers.usm_credentials(auth, priv)
    async with served(credentials) as (port, _), client(port, credentials) as device:
        assert await name_of(device) == b"pdu-1"


def _options(auth: AuthProtocol | None, priv: PrivProtocol | None) -> list[str]:
    level = "authPriv" if priv else "authNoPriv" if auth else "noAuthNoPriv"
    options = ["-v3", "-On", "-t1", "-r1", "-u", peers.user_name(auth, priv), "-l", level]
    if auth:
        options += ["-a", peers.SNMPD_AUTH[auth], "-A", peers.AUTH_SECRET]
    if priv:
        options += ["-x", peers.SNMPD_PRIV[priv], "-X", peers.PRIV_SECRET]
    return options


async def run(program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """net-snmp's program beside our event loop; its own configuration is not read."""
    command = [peers.require(program), *arguments]
    environment = {"SNMPCONFPATH": "/nonexistent", "MIBS": "", "PATH": "/usr/bin:/bin"}
    return await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=30, env=environment
    )


@pytest.mark.peer
@pytest.mark.parametrize(
    ("auth", "priv"),
    [
        (None, None),
        (AuthProtocol.MD5, PrivProtocol.DES),
        (AuthProtocol.SHA1, None),
        (AuthProtocol.SHA1, PrivProtocol.AES128),
        (AuthProtocol.SHA224, PrivProtocol.AES128),
        SHA_AES,
        (AuthProtocol.SHA384, PrivProtocol.AES192),
        (AuthProtocol.SHA512, PrivProtocol.AES256),
    ],
)
async def test_net_snmp_gets_and_walks(
    auth: AuthProtocol | None, priv: PrivProtocol | None
) -> None:
    async with served(peers.usm_credentials(auth, priv)) as (port, _):
        where = f"127.0.0.1:{port}"
        got = await run("snmpget", *_options(auth, priv), where, "1.3.6.1.2.1.1.5.0")
        assert '= STRING: "pdu-1"' in got.stdout, got.stderr
        walked = await run("snmpbulkwalk", *_options(auth, priv), where, "1.3.6.1.4.1.9")
        assert walked.stdout.count("INTEGER") == 199, walked.stderr


@pytest.mark.peer
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (["-u", "nobody"], "Unknown user name"),
        (["-A", "wrong-secret-123"], "Authentication failure"),
        (["-l", "authNoPriv"], "authorizationError"),
    ],
)
async def test_net_snmp_is_told_why_it_is_refused(change: list[str], said: str) -> None:
    async with served(peers.usm_credentials(*SHA_AES)) as (port, _):
        options = [*_options(*SHA_AES), *change]
        got = await run("snmpget", *options, f"127.0.0.1:{port}", "1.3.6.1.2.1.1.5.0")
    assert got.returncode != 0
    assert said in got.stderr + got.stdout


async def test_a_wrong_secret_is_an_authentication_error() -> None:
    good = peers.usm_credentials(*SHA_AES)
    bad = SnmpCredentials(
        good.version, "", good.user, good.auth_protocol, "not-this-one", *SHA_AES[1:], "x" * 8
    )
    async with served(good) as (port, _), client(port, bad) as device:
        with pytest.raises(AuthenticationError, match="authentication secret"):
            await name_of(device)


async def test_a_reboot_raises_boots_and_is_followed() -> None:
    credentials = peers.usm_credentials(*SHA_AES)
    async with served(credentials) as (port, agent), client(port, credentials) as device:
        assert await name_of(device) == b"pdu-1"
        agent.reboot()
        assert agent.boots == 2
        assert await name_of(device) == b"pdu-1"


async def test_a_clock_that_leaps_is_followed_after_one_report() -> None:
    credentials = peers.usm_credentials(*SHA_AES)
    async with served(credentials) as (port, agent), client(port, credentials) as device:
        assert await name_of(device) == b"pdu-1"
        agent.leap(usm.TIME_WINDOW_S + 60)
        assert await name_of(device) == b"pdu-1"
        assert agent.boots == 1


async def test_another_engine_id_is_discovered_in_the_end() -> None:
    credentials = peers.usm_credentials(*SHA_AES)
    async with served(credentials) as (port, agent), client(port, credentials) as device:
        assert await name_of(device) == b"pdu-1"
        before = agent.engine_id
        agent.change_engine_id()
        assert agent.engine_id != before
        for _ in range(3):
            try:
                assert await name_of(device) == b"pdu-1"
            except (DeviceTimeout, AuthenticationError):
                continue
            return
        pytest.fail("the device stays unread")


# Without sockets: each check of RFC 3414 section 3.2, by what the report says.


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def respond(pdu: message.Pdu) -> bytes | None:
    if pdu.kind != message.GET:
        return None
    return message.encode_pdu(message.RESPONSE, pdu.request_id, 0, 0, b"\x30\x00")


def met(agent: UsmAgent, security: UsmSecurity) -> UsmSecurity:
    """``security`` after its discovery of ``agent``."""
    report = security.open(agent.answer(security.probe(1), respond) or b"", 1)
    assert isinstance(report, ReportPdu)
    assert report.counter == usm.UNKNOWN_ENGINE
    security.recover(report)
    return security


def ask(agent: UsmAgent, security: UsmSecurity, kind: int = message.GET) -> object:
    answer = agent.answer(security.seal(2, kind, 0, 0, b"\x30\x00"), respond)
    return None if answer is None else security.open(answer, 2)


def test_discovery_says_engine_id_boots_and_time(clock: Clock) -> None:
    agent = UsmAgent(peers.usm_credentials(*SHA_AES), "a", clock)
    clock.now += 77
    probe = UsmSecurity(peers.usm_credentials(*SHA_AES), clock).probe(5)
    envelope = v3.decode(agent.answer(probe, respond) or b"")
    assert envelope.engine_id == agent.engine_id
    assert len(agent.engine_id) == 13
    assert agent.engine_id[0] & 0x80
    assert (envelope.boots, envelope.engine_time, envelope.message_id) == (1, 77, 5)
    assert UsmAgent(peers.usm_credentials(*SHA_AES), "b", clock).engine_id != agent.engine_id


def test_outside_the_time_window(clock: Clock) -> None:
    credentials = peers.usm_credentials(*SHA_AES)
    agent = UsmAgent(credentials, "a", clock)
    security = met(agent, UsmSecurity(credentials, lambda: 0.0))
    assert isinstance(ask(agent, security), message.Pdu)
    clock.now += 150
    assert isinstance(ask(agent, security), message.Pdu)
    security = met(UsmAgent(credentials, "a", clock), UsmSecurity(credentials, lambda: 0.0))
    clock.now += 151
    report = ask(agent, security)
    assert isinstance(report, ReportPdu)
    assert (report.counter, report.authentic) == (usm.NOT_IN_TIME_WINDOW, True)


@pytest.mark.parametrize(
    ("theirs", "ours", "counter"),
    [
        (peers.usm_credentials(None, None), peers.usm_credentials(*SHA_AES), usm.UNKNOWN_USER),
        (
            SnmpCredentials(user="u"),
            SnmpCredentials(user="u", auth_protocol=SHA_AES[0], auth_secret="x" * 8),
            usm.UNSUPPORTED_LEVEL,
        ),
        (
            SnmpCredentials(user="u", auth_protocol=SHA_AES[0], auth_secret="y" * 8),
            SnmpCredentials(user="u", auth_protocol=SHA_AES[0], auth_secret="x" * 8),
            usm.WRONG_DIGEST,
        ),
        (
            SnmpCredentials(user="u", context="one"),
            SnmpCredentials(user="u", context="two"),
            smi.oid("1.3.6.1.6.3.12.1.5.0"),
        ),
    ],
)
def test_refusals(theirs: SnmpCredentials, ours: SnmpCredentials, counter: bytes) -> None:
    agent = UsmAgent(theirs, "a")
    report = ask(agent, met(agent, UsmSecurity(ours)))
    assert isinstance(report, ReportPdu)
    assert report.counter == counter


@pytest.mark.parametrize("priv", [PrivProtocol.DES, PrivProtocol.AES128])
def test_another_privacy_secret_does_not_decrypt(priv: PrivProtocol) -> None:
    def user(secret: str) -> SnmpCredentials:
        return SnmpCredentials(
            user="u",
            auth_protocol=SHA_AES[0],
            auth_secret="x" * 8,
            priv_protocol=priv,
            priv_secret=secret,
        )

    agent = UsmAgent(user("y" * 8), "a")
    report = ask(agent, met(agent, UsmSecurity(user("z" * 8))))
    assert isinstance(report, ReportPdu)
    assert report.counter == usm.DECRYPTION_ERROR


def test_silence_for_what_wants_no_answer(clock: Clock) -> None:
    credentials = peers.usm_credentials(None, None)
    agent = UsmAgent(credentials, "a", clock)
    security = met(agent, UsmSecurity(credentials, clock))
    assert agent.answer(b"\x30\x03\x02\x01\x03", respond) is None
    assert ask(agent, security, message.TRAP2) is None
    unasked, _ = v3.encode(1, 0, (b"", 0, 0), b"", 0, b"", v3.encode_scoped(b"", b"", b""))
    assert agent.answer(unasked, respond) is None
    engine = (agent.engine_id, 1, 0)
    broken, _ = v3.encode(1, v3.REPORTABLE, engine, credentials.user.encode(), 0, b"", b"\x30\x00")
    assert agent.answer(broken, respond) is None


def _v3(auth: str = "SHA-256", priv: str = "AES-128") -> dict[str, object]:
    return {
        "version": 3,
        "user": "u",
        "auth": {"protocol": auth, "secret": "auth-secret-1"},
        "priv": {"protocol": priv, "secret": "priv-secret-1"},
    }


async def test_a_simulated_device_with_v3_credentials(tmp_path: Path) -> None:
    async with bench(tmp_path, {"pdu-a": "apc-rpdu2"}, credentials=_v3()) as rack:
        power = (await rack.read("pdu-a")).number("rack_inlet_power_watts")
        assert 30e3 < power < 50e3
        rack.site.injector.inject("engine_id_change")
        assert (await rack.read("pdu-a")).number("rack_inlet_power_watts") > 30e3
        rack.site.injector.inject("reboot", {"device": "pdu-a"}, for_s=1.0)
        rack.site.advance(2.0)
        assert (await rack.look("pdu-a")).failures == ()
