"""Forged, stale and swapped SNMPv3 answers, made from packets that net-snmp's snmpd once sent."""

from dataclasses import replace

import pytest

from agent.model import smi
from agent.model.credentials import AuthProtocol, PrivProtocol, SnmpCredentials
from agent.model.errors import AuthenticationError, ConfigError, DeviceError, ProtocolError
from agent.protocol.snmp import keys, message, v3
from agent.protocol.snmp.message import Pdu
from agent.protocol.snmp.security import ReportPdu
from agent.protocol.snmp.usm import (
    NOT_IN_TIME_WINDOW,
    UNKNOWN_ENGINE,
    UNKNOWN_USER,
    WRONG_DIGEST,
    UsmSecurity,
)
from tests.peers import AUTH_SECRET, usm_credentials

pytestmark = pytest.mark.moved_clock

ENGINE = bytes.fromhex("80001f888020a16c4047ac026b00000000")
NAME = smi.oid("1.3.6.1.2.1.1.5.0")
ID = 0x40000002
SECURE = usm_credentials(AuthProtocol.SHA256, PrivProtocol.AES128)
SIGNED = usm_credentials(AuthProtocol.SHA256, None)

# snmpd 5.9.3: its report to a discovery, then GET sysName.0 answered with "peer" at boots 1, time 0
DISCOVERED = bytes.fromhex(
    "30710201033011020440000001020300ffe30401000201030421301f041180001f888020a16c4047ac026b00"
    "000000020101020100040004000400303604118000 1f888020a16c4047ac026b000000000400a81f02044000"
    "00010201000201003011300f060a2b060106030f01010400410101"
)
ENCRYPTED = bytes.fromhex(
    "3081a30201033011020440000002020300ffe30401030201030450304e041180001f888020a16c4047ac026b"
    "00000000020101020100040f755f7368613235365f616573313238041844c0fa03e5f29efbc5fab8b77a338d"
    "1280b034a5d325853c040840866ddbcbafe15304390bca3d1b39a238b44cb44bb29e227fdbdfd9a7ed8db861"
    "483ccaae83d0bbedb5fb0dae1f0b7486581fc1ca283a94b83bc4cec010102e6256cf"
)
DES_ENCRYPTED = bytes.fromhex(
    "3081980201033011020440000002020300ffe3040103020103043e303c041180001f888020a16c4047ac026b"
    "000000000201010201000409755f6d64355f646573040c0bf515128d3e4896b76e7029040800000001f625f3"
    "4a0440ea6f9deabf9d8fbf7355adcd7c4646aeb4f13d89b79c9b1df3194cba09870c2d303b65bd34a78b48a8"
    "b007c9b3290d42c18b8c17a14483e09d0f81871546d43e"
)
PLAIN = bytes.fromhex(
    "3081970201033011020440000002020300ffe304010102010304463044041180001f888020a16c4047ac026b"
    "00000000020101020100040d755f7368613235365f6e6f6e650418fce45b04a7a5eda4db55f639e0865c4920"
    "f44c5ae2afe0a704003037041180001f888020a16c4047ac026b000000000400a22002044000000202010002"
    "01003012301006082b06010201010500040470656572"
)
# and its reports to: boots 7, a user it does not know, a wrong authentication secret
LATE = bytes.fromhex(
    "3081950201033011020440000003020300ffe304010102010304483046041180001f888020a16c4047ac026b"
    "00000000020101020100040f755f7368613235365f6165733132380418455e941ee81a04fe5009f591c04dc0"
    "27dbea7f45accf580d04003033041180001f888020a16c4047ac026b000000000400a81c0201000201000201"
    "003011300f060a2b060106030f01010200410101"
)
NOBODY = bytes.fromhex(
    "30740201033011020440000004020300ffe304010002010304273025041180001f888020a16c4047ac026b00"
    "00000002010102010004066e6f626f6479040004003033041180001f888020a16c4047ac026b000000000400"
    "a81c0201000201000201003011300f060a2b060106030f01010300410101"
)
BAD_SECRET = bytes.fromhex(
    "307d0201033011020440000004020300ffe30401000201030430302e041180001f888020a16c4047ac026b00"
    "000000020101020100040f755f7368613235365f616573313238040004003033041180001f888020a16c4047"
    "ac026b000000000400a81c0201000201000201003011300f060a2b060106030f01010500410101"
)


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def discovered(credentials: SnmpCredentials, clock: Clock | None = None) -> UsmSecurity:
    """The state after snmpd's discovery report."""
    security = UsmSecurity(credentials, clock or Clock())
    assert not security.ready
    report = security.open(DISCOVERED, 0x40000001)
    assert isinstance(report, ReportPdu)
    assert report.counter == UNKNOWN_ENGINE
    security.recover(report)
    assert security.ready
    return security


def device_says(
    *,
    boots: int = 1,
    engine_time: int = 0,
    engine_id: bytes = ENGINE,
    flags: int = v3.AUTH,
    user: str = SIGNED.user,
    message_id: int = ID,
    kind: int = message.RESPONSE,
    request_id: int = ID,
    name: bytes = NAME,
    context: bytes = b"",
) -> bytes:
    """An authentic message of a device that knows the secrets."""
    pdu = message.encode_pdu(
        kind, request_id, 0, 0, message.encode_varbinds([(name, smi.OCTET_STRING, b"peer")])
    )
    body = v3.encode_scoped(engine_id, context, pdu)
    key = keys.auth_key(AuthProtocol.SHA256, AUTH_SECRET.encode(), engine_id)
    signer = keys.Authenticator(AuthProtocol.SHA256, key)
    octets = signer.mac_octets if flags & v3.AUTH else 0
    engine = (engine_id, boots, engine_time)
    whole, start = v3.encode(message_id, flags, engine, user.encode(), octets, b"", body)
    if not octets:
        return whole
    return whole[:start] + signer.digest(whole) + whole[start + octets :]


def value_of(reply: Pdu | ReportPdu) -> object:
    assert isinstance(reply, Pdu)
    return reply.varbinds[0][2]


@pytest.mark.parametrize(
    ("credentials", "packet"),
    [
        (SECURE, ENCRYPTED),
        (SIGNED, PLAIN),
        (usm_credentials(AuthProtocol.MD5, PrivProtocol.DES), DES_ENCRYPTED),
    ],
    ids=["sha256-aes128", "sha256", "md5-des"],
)
def test_snmpds_answer_is_read(credentials: SnmpCredentials, packet: bytes) -> None:
    assert value_of(discovered(credentials).open(packet, ID)) == b"peer"


@pytest.mark.parametrize(("credentials", "packet"), [(SECURE, ENCRYPTED), (SIGNED, PLAIN)])
def test_no_single_flipped_bit_is_accepted(credentials: SnmpCredentials, packet: bytes) -> None:
    security = discovered(credentials)
    for bit in range(len(packet) * 8):
        forged = bytearray(packet)
        forged[bit // 8] ^= 1 << bit % 8
        with pytest.raises((AuthenticationError, ProtocolError)):
            security.open(bytes(forged), ID)


@pytest.mark.parametrize(("credentials", "packet"), [(SECURE, ENCRYPTED), (SIGNED, PLAIN)])
def test_no_truncation_and_no_appendix_is_accepted(
    credentials: SnmpCredentials, packet: bytes
) -> None:
    security = discovered(credentials)
    for forged in (*(packet[:size] for size in range(len(packet))), packet + b"\0"):
        with pytest.raises(DeviceError):
            security.open(forged, ID)


def test_flipped_digest_is_an_authentication_error() -> None:
    forged = bytearray(PLAIN)
    forged[PLAIN.index(bytes.fromhex("fce45b04"))] ^= 1
    with pytest.raises(AuthenticationError, match="digest"):
        discovered(SIGNED).open(bytes(forged), ID)


def test_wrong_secret_never_accepts() -> None:
    with pytest.raises(AuthenticationError, match="digest"):
        discovered(replace(SECURE, auth_secret="another-secret")).open(ENCRYPTED, ID)
    with pytest.raises(DeviceError):
        discovered(replace(SECURE, priv_secret="another-secret")).open(ENCRYPTED, ID)


def test_plaintext_where_privacy_was_asked_is_refused() -> None:
    with pytest.raises(AuthenticationError, match="security level"):
        discovered(SECURE).open(device_says(user=SECURE.user), ID)


def test_unsigned_where_a_digest_was_asked_is_refused() -> None:
    for credentials in (SECURE, SIGNED):
        forged = device_says(flags=0, user=credentials.user)
        with pytest.raises(AuthenticationError, match="security level"):
            discovered(credentials).open(forged, ID)


def test_privacy_flag_over_plaintext_is_refused() -> None:
    with pytest.raises(DeviceError):
        discovered(SECURE).open(device_says(flags=v3.AUTH | v3.PRIV, user=SECURE.user), ID)


def test_another_user_context_or_id_is_refused() -> None:
    security = discovered(SIGNED)
    assert value_of(security.open(device_says(), ID)) == b"peer"
    for forged in (
        device_says(user="somebody"),
        device_says(context=b"other"),
        device_says(message_id=ID + 1),
        device_says(request_id=ID + 1),
        device_says(kind=message.GET),
        device_says(kind=message.TRAP2),
    ):
        with pytest.raises(DeviceError):
            security.open(forged, ID)


def test_swapped_engine_id_is_refused() -> None:
    security = discovered(SIGNED)
    with pytest.raises(AuthenticationError):
        security.open(device_says(engine_id=ENGINE[:-1] + b"\x01"), ID)
    with pytest.raises(AuthenticationError):
        security.open(device_says(engine_id=b""), ID)


def test_replay_outside_the_window_is_refused() -> None:
    clock = Clock()
    security = discovered(SIGNED, clock)
    security.open(device_says(engine_time=1000), ID)
    clock.now += 100
    assert value_of(security.open(device_says(engine_time=950), ID)) == b"peer"
    clock.now += 1
    with pytest.raises(AuthenticationError, match="window"):
        security.open(device_says(engine_time=950), ID)
    assert value_of(security.open(device_says(engine_time=1101), ID)) == b"peer"


def test_boots_backwards_is_refused_until_rediscovery() -> None:
    security = discovered(SIGNED)
    security.open(device_says(boots=3, engine_time=50), ID)
    with pytest.raises(AuthenticationError, match="window"):
        security.open(device_says(boots=2, engine_time=5000), ID)
    security.forget()
    report = security.open(DISCOVERED, 0x40000001)
    assert isinstance(report, ReportPdu)
    security.recover(report)
    assert value_of(security.open(device_says(boots=2, engine_time=5000), ID)) == b"peer"


def test_reboot_moves_the_window() -> None:
    security = discovered(SIGNED)
    security.open(device_says(boots=3, engine_time=900_000), ID)
    assert value_of(security.open(device_says(boots=4, engine_time=2), ID)) == b"peer"
    with pytest.raises(AuthenticationError, match="window"):
        security.open(device_says(boots=3, engine_time=900_001), ID)


def test_latched_boots_are_refused() -> None:
    with pytest.raises(AuthenticationError, match="window"):
        discovered(SIGNED).open(device_says(boots=2**31 - 1), ID)


def test_authentic_time_report_sets_the_clock() -> None:
    security = discovered(SECURE)
    report = security.open(LATE, 0x40000003)
    assert isinstance(report, ReportPdu)
    assert report.counter == NOT_IN_TIME_WINDOW
    assert report.authentic
    security.recover(report)


def test_forged_time_report_is_refused() -> None:
    forged = device_says(flags=0, kind=message.REPORT, name=NOT_IN_TIME_WINDOW, boots=99)
    with pytest.raises(AuthenticationError, match="time report"):
        discovered(SIGNED).open(forged, ID)


@pytest.mark.parametrize(
    ("packet", "counter", "text"),
    [(NOBODY, UNKNOWN_USER, "user"), (BAD_SECRET, WRONG_DIGEST, "secret")],
)
def test_reports_of_refused_credentials(packet: bytes, counter: bytes, text: str) -> None:
    security = discovered(SECURE)
    report = security.open(packet, 0x40000004)
    assert isinstance(report, ReportPdu)
    assert report.counter == counter
    with pytest.raises(AuthenticationError, match=text):
        security.recover(report)


def test_changed_engine_id_is_taken_up() -> None:
    security = discovered(SIGNED)
    other = ENGINE[:-1] + b"\x07"
    announced = device_says(flags=0, kind=message.REPORT, name=UNKNOWN_ENGINE, engine_id=other)
    report = security.open(announced, ID)
    assert isinstance(report, ReportPdu)
    security.recover(report)
    assert value_of(security.open(device_says(engine_id=other), ID)) == b"peer"


def test_unknown_report_is_a_protocol_error() -> None:
    security = discovered(SIGNED)
    report = security.open(device_says(kind=message.REPORT), ID)
    assert isinstance(report, ReportPdu)
    with pytest.raises(ProtocolError, match="reports"):
        security.recover(report)


def test_nothing_is_accepted_before_discovery() -> None:
    security = UsmSecurity(SIGNED, Clock())
    for forged in (device_says(), device_says(flags=0), device_says(flags=0, engine_id=b"")):
        with pytest.raises(DeviceError):
            security.open(forged, ID)


def test_credentials_that_do_not_fit_together_are_our_fault() -> None:
    with pytest.raises(ConfigError, match="authentication protocol"):
        UsmSecurity(replace(SECURE, auth_protocol=None))
    with pytest.raises(ConfigError, match="authentication needs a secret"):
        UsmSecurity(replace(SECURE, auth_secret=""))
    with pytest.raises(ConfigError, match="privacy needs a secret"):
        UsmSecurity(replace(SECURE, priv_secret=""))


def test_secrets_do_not_print() -> None:
    security = discovered(SECURE)
    for text in (repr(SECURE), repr(security), str(vars(security))):
        assert AUTH_SECRET not in text
