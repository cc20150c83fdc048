"""What the gate before pysnmp lets through, message by message."""

from dataclasses import replace

import pytest

from agent.model import smi
from agent.model.credentials import AuthProtocol, PrivProtocol, SnmpCredentials
from agent.protocol.snmp import ber, keys, usm, v3
from agent.transport.snmp import trap_gate
from agent.transport.snmp.trap_gate import Accepted, Principal, Refusal, TrapGate
from tests.peers import usm_credentials

OURS = bytes.fromhex("80004fb805deadbeef")
SENDER = bytes.fromhex("800000000102030405")
SECURE = usm_credentials(AuthProtocol.SHA256, PrivProtocol.AES128)
SIGNED = usm_credentials(AuthProtocol.SHA1, None)
OPEN = usm_credentials(None, None)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock: Clock) -> TrapGate:
    return TrapGate([SnmpCredentials(community="ours"), SECURE, SIGNED, OPEN], OURS, clock)


def sealed(
    credentials: SnmpCredentials, engine_id: bytes = SENDER, boots: int = 3, time_s: int = 500
) -> bytes:
    """A v3 message around four octets that nobody looks at here."""
    auth, priv = credentials.auth_protocol, credentials.priv_protocol
    body, salt = ber.tlv(ber.SEQUENCE, b"\x04\x00\x04\x00"), b""
    if priv is not None:
        body, salt = ber.tlv(smi.OCTET_STRING, b"\x00\x01\x02\x03"), bytes(8)
    level = (v3.AUTH if auth else 0) | (v3.PRIV if priv else 0)
    signer = None
    if auth is not None:
        secret = credentials.auth_secret.encode()
        signer = keys.Authenticator(auth, keys.auth_key(auth, secret, engine_id))
    octets = signer.mac_octets if signer else 0
    user = credentials.user.encode()
    whole, start = v3.encode(7, level, (engine_id, boots, time_s), user, octets, salt, body)
    if signer is None:
        return whole
    return whole[:start] + signer.digest(whole) + whole[start + octets :]


def community(text: bytes) -> bytes:
    return ber.tlv(ber.SEQUENCE, ber.integer(1) + ber.tlv(smi.OCTET_STRING, text) + b"\xa7\x00")


def test_communities(gate: TrapGate) -> None:
    assert gate.check(community(b"ours")) == Accepted(Principal(community="ours"))
    assert gate.check(community(b"theirs")) is Refusal.SECURITY
    assert gate.check(community(b"")) is Refusal.SECURITY


@pytest.mark.parametrize("credentials", [SECURE, SIGNED], ids=["private", "signed"])
def test_a_new_sender_is_learnt_once(gate: TrapGate, credentials: SnmpCredentials) -> None:
    who = Principal(user=credentials.user)
    assert gate.check(sealed(credentials)) == Accepted(who, learnt=(SENDER, credentials))
    assert gate.check(sealed(credentials)) == Accepted(who)


def test_an_open_user_needs_no_keys(gate: TrapGate) -> None:
    assert gate.check(sealed(OPEN)) == Accepted(Principal(user=OPEN.user))


@pytest.mark.parametrize(
    "credentials",
    [
        replace(SECURE, user="stranger"),
        replace(SECURE, auth_secret="another-secret"),
        replace(SECURE, auth_protocol=AuthProtocol.SHA512),
        replace(SECURE, priv_protocol=None),
        replace(OPEN, user=SECURE.user),
        replace(OPEN, user=""),
    ],
    ids=["user", "secret", "protocol", "not private", "not signed", "nobody"],
)
def test_the_level_and_the_signature_are_the_users(
    gate: TrapGate, credentials: SnmpCredentials
) -> None:
    assert gate.check(sealed(credentials)) is Refusal.SECURITY
    gate.check(sealed(SECURE))
    assert gate.check(sealed(credentials)) is Refusal.SECURITY


def test_users_of_one_name_are_told_apart_by_their_signature(clock: Clock) -> None:
    other = replace(SECURE, auth_secret="another-secret")
    gate = TrapGate([SECURE, other], OURS, clock)
    verdict = gate.check(sealed(other))
    assert isinstance(verdict, Accepted)
    assert verdict.learnt == (SENDER, other)


def test_time_goes_forward(gate: TrapGate, clock: Clock) -> None:
    def passes(boots: int, time_s: int) -> bool:
        return isinstance(gate.check(sealed(SECURE, SENDER, boots, time_s)), Accepted)

    assert passes(3, 500)
    assert passes(3, 360)
    clock.now += 100
    assert not passes(3, 360)
    assert passes(3, 900)
    assert not passes(3, 500)
    assert passes(4, 1)
    assert not passes(3, 900)
    assert not passes(usm.MAX_BOOTS, 900)


def test_what_a_stranger_signs_does_not_move_the_clock(gate: TrapGate) -> None:
    gate.check(sealed(replace(SECURE, auth_secret="another-secret"), SENDER, 900, 900))
    assert isinstance(gate.check(sealed(SECURE)), Accepted)


def test_informs_are_left_to_pysnmp_but_doubted(gate: TrapGate) -> None:
    who = Principal(user=SECURE.user)
    assert gate.check(sealed(SECURE, OURS)) == Accepted(who)
    wrong = replace(SECURE, auth_secret="another-secret")
    assert gate.check(sealed(wrong, OURS)) == Accepted(who, unsigned=True)
    assert gate.check(sealed(replace(OPEN, user=""), b"")) == Accepted(Principal())


def test_engine_ids_are_of_a_size(gate: TrapGate) -> None:
    assert gate.check(sealed(SECURE, b"\x80\x00\x00\x01")) is Refusal.MALFORMED
    assert gate.check(sealed(SECURE, bytes(33))) is Refusal.MALFORMED


def test_senders_are_limited(gate: TrapGate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trap_gate, "ENGINES_MAX", 3)
    verdicts = [gate.check(sealed(SECURE, SENDER + bytes([number]))) for number in range(5)]
    assert [isinstance(verdict, Accepted) for verdict in verdicts] == [True] * 3 + [False] * 2
    assert verdicts[-1] is Refusal.OVERFLOW
    assert isinstance(gate.check(sealed(SECURE, SENDER + b"\x00")), Accepted)


@pytest.mark.parametrize(
    "data", [b"", b"\x30", b"\x30\x80\x00\x00", b"\x30\x03\x02\x01\x03", bytes(1500)]
)
def test_nonsense(gate: TrapGate, data: bytes) -> None:
    assert gate.check(data) is Refusal.MALFORMED
