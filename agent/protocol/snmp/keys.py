"""USM cryptography: localized keys from passwords, message digests, and privacy ciphers.

Sources: RFC 3414 (MD5, SHA-1, DES, password to key), RFC 7860 (SHA-2), RFC 3826 (AES-128),
draft-blumenthal-aes-usm-04 and draft-reeder-snmpv3-usm-3desede-00 (longer AES keys).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.hmac import HMAC

from agent.model.credentials import AuthProtocol, PrivProtocol
from agent.model.errors import ProtocolError

SALT_OCTETS = 8

_STRETCHED_OCTETS = 1_048_576  # RFC 3414 A.2
_DES_BLOCK = 8


@dataclass(frozen=True, slots=True)
class _Digest:
    """A hash: name in hashlib, algorithm of the HMAC, and octets of the HMAC that are sent."""

    name: str
    algorithm: Callable[[], hashes.HashAlgorithm]
    mac_octets: int


_DIGESTS = {
    AuthProtocol.MD5: _Digest("md5", hashes.MD5, 12),
    AuthProtocol.SHA1: _Digest("sha1", hashes.SHA1, 12),
    AuthProtocol.SHA224: _Digest("sha224", hashes.SHA224, 16),
    AuthProtocol.SHA256: _Digest("sha256", hashes.SHA256, 24),
    AuthProtocol.SHA384: _Digest("sha384", hashes.SHA384, 32),
    AuthProtocol.SHA512: _Digest("sha512", hashes.SHA512, 48),
}

_PRIV_KEY_OCTETS = {
    PrivProtocol.DES: 16,  # 8 of key, 8 of pre-IV
    PrivProtocol.AES128: 16,
    PrivProtocol.AES192: 24,
    PrivProtocol.AES256: 32,
    PrivProtocol.AES192C: 24,
    PrivProtocol.AES256C: 32,
}
_REEDER = frozenset({PrivProtocol.AES192C, PrivProtocol.AES256C})


def _hash(protocol: AuthProtocol, data: bytes) -> bytes:
    return hashlib.new(_DIGESTS[protocol].name, data, usedforsecurity=False).digest()


@lru_cache(maxsize=1024)
def password_to_key(protocol: AuthProtocol, secret: bytes) -> bytes:
    """Return the key before localization: the hash of the secret repeated to 1 MiB.

    Takes milliseconds and is therefore cached. Raises ValueError for an empty secret.
    """
    if not secret:
        raise ValueError("a USM secret must not be empty")
    repeated = secret * (_STRETCHED_OCTETS // len(secret) + 1)
    return _hash(protocol, repeated[:_STRETCHED_OCTETS])


def localize(protocol: AuthProtocol, key: bytes, engine_id: bytes) -> bytes:
    """Localize ``key`` for one engine (RFC 3414 section 2.6)."""
    return _hash(protocol, key + engine_id + key)


@lru_cache(maxsize=4096)
def auth_key(protocol: AuthProtocol, secret: bytes, engine_id: bytes) -> bytes:
    """Return the localized authentication key of a user whose password is ``secret``."""
    return localize(protocol, password_to_key(protocol, secret), engine_id)


@lru_cache(maxsize=4096)
def priv_key(auth: AuthProtocol, priv: PrivProtocol, secret: bytes, engine_id: bytes) -> bytes:
    """Return the localized privacy key, by the hash of ``auth``, as long as ``priv`` needs."""
    needed = _PRIV_KEY_OCTETS[priv]
    key = part = auth_key(auth, secret, engine_id)
    while len(key) < needed:
        if priv in _REEDER:
            part = auth_key(auth, part, engine_id)
            key += part
        else:
            key += _hash(auth, key)
    return key[:needed]


class Authenticator:
    """Message digests with one localized key."""

    __slots__ = ("_keyed", "mac_octets")

    def __init__(self, protocol: AuthProtocol, key: bytes) -> None:
        digest = _DIGESTS[protocol]
        self.mac_octets = digest.mac_octets
        self._keyed = HMAC(key, digest.algorithm())

    def digest(self, *parts: bytes) -> bytes:
        """Return the truncated HMAC of the joined ``parts``."""
        keyed = self._keyed.copy()
        for part in parts:
            keyed.update(part)
        return keyed.finalize()[: self.mac_octets]

    def verify(self, message: bytes, mac_start: int, mac_stop: int) -> bool:
        """Return whether ``message`` has its digest between the bounds. Runs in constant time."""
        if mac_stop - mac_start != self.mac_octets:
            return False
        zeros = bytes(self.mac_octets)
        expected = self.digest(message[:mac_start], zeros, message[mac_stop:])
        return bytes_eq(expected, message[mac_start:mac_stop])


class AesPrivacy:
    """AES in CFB-128 mode; the IV is boots, time and salt (RFC 3826 section 3.1.2.1)."""

    __slots__ = ("_algorithm",)

    def __init__(self, key: bytes) -> None:
        self._algorithm = AES(key)

    def salt(self, boots: int, counter: int) -> bytes:
        """Return the salt for the ``counter``-th message."""
        del boots
        return (counter % 2**64).to_bytes(SALT_OCTETS, "big")

    def encrypt(self, plain: bytes, boots: int, engine_time: int, salt: bytes) -> bytes:
        """Return the ciphertext, which is as long as ``plain``."""
        vector = (boots << 32 | engine_time).to_bytes(8, "big") + salt
        return Cipher(self._algorithm, CFB(vector)).encryptor().update(plain)

    def decrypt(self, secret: bytes, boots: int, engine_time: int, salt: bytes) -> bytes:
        """Decrypt; the inverse of :meth:`encrypt`."""
        vector = (boots << 32 | engine_time).to_bytes(8, "big") + salt
        return Cipher(self._algorithm, CFB(vector)).decryptor().update(secret)


class DesPrivacy:
    """DES in CBC mode; the IV is the second half of the key XOR the salt (RFC 3414 section 8)."""

    __slots__ = ("_algorithm", "_pre_iv")

    def __init__(self, key: bytes) -> None:
        self._algorithm = TripleDES(key[:8] * 3)  # three equal keys are single DES
        self._pre_iv = int.from_bytes(key[8:16], "big")

    def salt(self, boots: int, counter: int) -> bytes:
        """Return the salt: boots and a 32-bit counter (RFC 3414 section 8.1.1.1)."""
        return (boots << 32 | counter % 2**32).to_bytes(SALT_OCTETS, "big")

    def encrypt(self, plain: bytes, boots: int, engine_time: int, salt: bytes) -> bytes:
        """Return the ciphertext, padded to whole blocks."""
        del boots, engine_time
        padded = plain + bytes(-len(plain) % _DES_BLOCK)
        return Cipher(self._algorithm, CBC(self._vector(salt))).encryptor().update(padded)

    def decrypt(self, secret: bytes, boots: int, engine_time: int, salt: bytes) -> bytes:
        """Return the plaintext with its padding. Raises ProtocolError for an incomplete block."""
        del boots, engine_time
        if len(secret) % _DES_BLOCK:
            raise ProtocolError("DES ciphertext is not a multiple of 8 octets")
        return Cipher(self._algorithm, CBC(self._vector(salt))).decryptor().update(secret)

    def _vector(self, salt: bytes) -> bytes:
        return (self._pre_iv ^ int.from_bytes(salt, "big")).to_bytes(8, "big")


def privacy(protocol: PrivProtocol, key: bytes) -> AesPrivacy | DesPrivacy:
    """Return the cipher of ``protocol`` with a key from :func:`priv_key`."""
    return DesPrivacy(key) if protocol is PrivProtocol.DES else AesPrivacy(key)
