"""SNMP credentials: communities and USM users, with secrets that repr does not show."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self


class SnmpVersion(StrEnum):
    """The message versions of RFC 3584 section 1.3."""

    V1 = "1"
    V2C = "2c"
    V3 = "3"


class AuthProtocol(StrEnum):
    """USM authentication: RFC 3414 (MD5, SHA-1) and RFC 7860 (the SHA-2 family)."""

    MD5 = "MD5"
    SHA1 = "SHA-1"
    SHA224 = "SHA-224"
    SHA256 = "SHA-256"
    SHA384 = "SHA-384"
    SHA512 = "SHA-512"


class PrivProtocol(StrEnum):
    """USM privacy: RFC 3414 (DES), RFC 3826 (AES-128), and the two AES-192/256 key extensions.

    ``AES-192`` and ``AES-256`` extend keys as draft-blumenthal-aes-usm-04 says; the ``-C`` variants
    as draft-reeder-snmpv3-usm-3desede-00 does, which is what Cisco ships.
    """

    DES = "DES"
    AES128 = "AES-128"
    AES192 = "AES-192"
    AES256 = "AES-256"
    AES192C = "AES-192-C"
    AES256C = "AES-256-C"


@dataclass(frozen=True, slots=True)
class SnmpCredentials:
    """A community (v1, v2c) or a USM user (v3). Secrets are omitted from repr."""

    version: SnmpVersion = SnmpVersion.V2C
    community: str = field(default="public", repr=False)
    user: str = ""
    auth_protocol: AuthProtocol | None = None
    auth_secret: str = field(default="", repr=False)
    priv_protocol: PrivProtocol | None = None
    priv_secret: str = field(default="", repr=False)
    context: str = ""

    @classmethod
    def with_community(cls, community: str) -> Self:
        """Return SNMPv2c credentials with this community."""
        return cls(community=community)
