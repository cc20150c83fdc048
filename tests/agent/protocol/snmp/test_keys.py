"""Keys and digests against the examples printed in the RFCs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.credentials import AuthProtocol, PrivProtocol
from agent.model.errors import ProtocolError
from agent.protocol.snmp import keys

ENGINE = bytes.fromhex("000000000000000000000002")


@pytest.mark.parametrize(
    ("protocol", "master", "localized"),
    [
        (  # RFC 3414 A.3.1
            AuthProtocol.MD5,
            "9faf3283884e92834ebc9847d8edd963",
            "526f5eed9fcce26f8964c2930787d82b",
        ),
        (  # RFC 3414 A.3.2
            AuthProtocol.SHA1,
            "9fb5cc0381497b3793528939ff788d5d79145211",
            "6695febc9288e36282235fc7151f128497b38f3f",
        ),
    ],
)
def test_password_to_key(protocol: AuthProtocol, master: str, localized: str) -> None:
    assert keys.password_to_key(protocol, b"maplesyrup").hex() == master
    assert keys.auth_key(protocol, b"maplesyrup", ENGINE).hex() == localized


def test_long_aes_keys_start_with_the_localized_key_and_differ_after_it() -> None:
    blumenthal = keys.priv_key(AuthProtocol.MD5, PrivProtocol.AES256, b"maplesyrup", ENGINE)
    reeder = keys.priv_key(AuthProtocol.MD5, PrivProtocol.AES256C, b"maplesyrup", ENGINE)
    assert len(blumenthal) == len(reeder) == 32
    assert blumenthal[:16].hex() == reeder[:16].hex() == "526f5eed9fcce26f8964c2930787d82b"
    assert blumenthal[16:] != reeder[16:]
    # draft-reeder-snmpv3-usm-3desede-00 appendix B.1
    assert reeder.hex() == "526f5eed9fcce26f8964c2930787d82b79eff44a90650ee0a3a40abfac5acc12"


@pytest.mark.parametrize(
    ("protocol", "octets"),
    [
        (AuthProtocol.MD5, 12),
        (AuthProtocol.SHA1, 12),
        (AuthProtocol.SHA224, 16),
        (AuthProtocol.SHA256, 24),
        (AuthProtocol.SHA384, 32),
        (AuthProtocol.SHA512, 48),
    ],
)
def test_digest_is_as_long_as_the_rfc_says(protocol: AuthProtocol, octets: int) -> None:
    authenticator = keys.Authenticator(protocol, b"key")
    message = b"head" + bytes(octets) + b"tail"
    mac = authenticator.digest(message)
    signed = b"head" + mac + b"tail"
    assert len(mac) == octets
    assert authenticator.verify(signed, 4, 4 + octets)
    assert not authenticator.verify(signed, 4, 3 + octets)
    assert not authenticator.verify(signed, 4, 4)
    assert not authenticator.verify(b"Head" + signed[4:], 4, 4 + octets)


def test_hmac_sha256_truncates_rfc_4231_case_2() -> None:
    authenticator = keys.Authenticator(AuthProtocol.SHA256, b"Jefe")
    assert authenticator.digest(b"what do ya want ", b"for nothing?").hex() == (
        "5bdcc146bf60754e6a042426089575c75a003f089d273983"
    )


def test_empty_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        keys.password_to_key(AuthProtocol.SHA1, b"")


@given(
    protocol=st.sampled_from(PrivProtocol),
    plain=st.binary(max_size=200),
    boots=st.integers(0, 2**31 - 1),
    engine_time=st.integers(0, 2**31 - 1),
    counter=st.integers(0, 2**65),
)
def test_decrypt_inverts_encrypt(
    protocol: PrivProtocol, plain: bytes, boots: int, engine_time: int, counter: int
) -> None:
    key = keys.priv_key(AuthProtocol.SHA256, protocol, b"maplesyrup", ENGINE)
    cipher = keys.privacy(protocol, key)
    salt = cipher.salt(boots, counter)
    assert len(salt) == 8
    secret = cipher.encrypt(plain, boots, engine_time, salt)
    assert cipher.decrypt(secret, boots, engine_time, salt)[: len(plain)] == plain


def test_des_refuses_partial_blocks() -> None:
    cipher = keys.privacy(PrivProtocol.DES, bytes(range(16)))
    with pytest.raises(ProtocolError):
        cipher.decrypt(bytes(9), 1, 1, bytes(8))
