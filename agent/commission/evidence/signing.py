"""The manifest of a directory as an in-toto statement in a DSSE envelope, signed with ed25519.

Sources: in-toto attestation framework, Statement v1 and test-result v0.1; DSSE protocol v1.0
(PAE: the payload's type and length are signed with it); RFC 8032 for the signature.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from agent.model.errors import ConfigError
from agent.parse.plain_file import read_plain

PrivateKey = Ed25519PrivateKey
PublicKey = Ed25519PublicKey
_KEY_MAX = 65_536  # bytes of a PEM file
_SIGNATURE = 64  # bytes of an ed25519 signature (RFC 8032)
PAYLOAD_TYPE = "application/vnd.in-toto+json"
_STATEMENT = "https://in-toto.io/Statement/v1"
_TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
_REHEARSAL = "urn:rackagent:rehearsal:v1"
"""The predicate type of a rehearsal, so that it is not taken for a test result."""


class InvalidEnvelope(ConfigError):
    """An invalid envelope or signature; the message says which."""


def statement(
    files: Mapping[str, str], predicate: Mapping[str, Any], *, simulated: bool = False
) -> bytes:
    """Return the statement about these files, each with its SHA-256."""
    subject = [{"name": name, "digest": {"sha256": each}} for name, each in sorted(files.items())]
    document = {
        "_type": _STATEMENT,
        "subject": subject,
        "predicateType": _REHEARSAL if simulated else _TEST_RESULT,
        "predicate": predicate,
    }
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()


def envelope(payload: bytes, key: Ed25519PrivateKey | None) -> bytes:
    """Return the payload in a DSSE envelope as JSON, signed if ``key`` is given."""
    if key is None:
        return _written(payload, ())
    return _written(payload, [(key_id(key.public_key()), key.sign(encoded(payload)))])


def open_envelope(text: bytes, key: Ed25519PublicKey | None) -> tuple[dict[str, Any], bool]:
    """Return the statement in an envelope, and True if the envelope has a signature.

    Without ``key`` no signature is checked, so one proves nothing (DSSE protocol v1.0).

    Raises InvalidEnvelope if ``text`` is not an envelope, or if ``key`` is given and has not signed
    it.
    """
    try:
        document = json.loads(text)
        payload = base64.b64decode(document["payload"], validate=True)
        signatures = [
            (str(each["keyid"]), base64.b64decode(each["sig"])) for each in document["signatures"]
        ]
        found = json.loads(payload)
        sound = document["payloadType"] == PAYLOAD_TYPE and found["_type"] == _STATEMENT
        sound = sound and all(len(each) == _SIGNATURE for _, each in signatures)
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error):
        raise InvalidEnvelope("is not a DSSE envelope of an in-toto statement") from None
    if not sound:
        raise InvalidEnvelope("is not a DSSE envelope of an in-toto statement")
    if key is not None and not signatures:
        why = ": rehearsals are never signed" if found.get("predicateType") == _REHEARSAL else ""
        raise InvalidEnvelope(f"is not signed{why}")
    if key is not None:
        name = key_id(key)
        if not any(own == name and _is_valid(key, each, payload) for own, each in signatures):
            raise InvalidEnvelope("the signature is not valid: another key, or a changed manifest")
    if text != _written(payload, signatures):
        raise InvalidEnvelope("was not written by rackagent, or was changed")
    return found, bool(signatures)


def signers(text: bytes) -> list[str]:
    """Return the ids of the keys that the signatures name; the signatures are not checked.

    Raises InvalidEnvelope if ``text`` is not an envelope.
    """
    open_envelope(text, None)
    return [str(each["keyid"]) for each in json.loads(text)["signatures"]]


def _written(payload: bytes, signatures: Iterable[tuple[str, bytes]]) -> bytes:
    """Return the canonical text of an envelope: any other text was changed."""
    document = {
        "payloadType": PAYLOAD_TYPE,
        "payload": _text(payload),
        "signatures": [{"keyid": name, "sig": _text(each)} for name, each in signatures],
    }
    return json.dumps(document, indent=1).encode() + b"\n"


def encoded(payload: bytes) -> bytes:
    """Return the bytes to sign: the pre-authentication encoding (PAE) of DSSE."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def key_id(key: Ed25519PublicKey) -> str:
    """Return the SHA-256 of the public key in DER, as hexadecimal text."""
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def private_key(path: Path) -> Ed25519PrivateKey:
    """Read the ed25519 private key of a PEM file without a password.

    Raises ConfigError, whose text never has content of the file.
    """
    try:
        key = load_pem_private_key(read_plain(path, _KEY_MAX), password=None)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigError(f"{path} has no private key in PEM without a password") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{path} has no ed25519 key")
    return key


def public_key(path: Path) -> Ed25519PublicKey:
    """Read the ed25519 public key of a PEM file. Raises ConfigError."""
    try:
        key = load_pem_public_key(read_plain(path, _KEY_MAX))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigError(f"{path} has no public key in PEM") from None
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigError(f"{path} has no ed25519 key")
    return key


def _is_valid(key: Ed25519PublicKey, signature: bytes, payload: bytes) -> bool:
    try:
        key.verify(signature, encoded(payload))
    except InvalidSignature:
        return False
    return True


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
