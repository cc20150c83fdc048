"""TLS, users and headers of the HTTP server: the ``web.yml`` of Prometheus' exporter-toolkit.

Errors name the user, and never contain a password or a hash.
"""

import ipaddress
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from agent.config.tls import SECTION, Tls, server_context
from agent.model.errors import ConfigError, Problem
from agent.parse.strict_model import StrictModel
from agent.parse.yaml_source import Document, load

MAX_BCRYPT_COST = 16  # about 4 s of one core for each wrong password; each step doubles it
_MIN_BCRYPT_COST = 4  # minimum of bcrypt itself
_HASH = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")


def _http2(value: bool) -> bool:
    if value:
        raise ValueError("HTTP/2 is not supported; set it to false or remove the key")
    return value


def _header(text: str) -> str:
    if not text or not text.isascii() or not text.isprintable():
        raise ValueError("must be printable ASCII on one line, and not empty")
    return text


def _users(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError("must be a mapping of user names to bcrypt hashes")
    return value


def _user(name: str) -> str:
    if not name or ":" in name:
        raise ValueError("a user name must not be empty or contain ':'")
    return name


def _hash(value: Any) -> Any:
    match = _HASH.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("is not a bcrypt hash; make one with: htpasswd -nBC 10 USER")
    if not _MIN_BCRYPT_COST <= int(match.group(1)) <= MAX_BCRYPT_COST:
        bounds = f"from {_MIN_BCRYPT_COST} to {MAX_BCRYPT_COST}"
        raise ValueError(f"the cost of a bcrypt hash must be {bounds}, not {int(match.group(1))}")
    return value


Header = Annotated[str, AfterValidator(_header)]
Users = Annotated[
    dict[Annotated[str, AfterValidator(_user)], Annotated[str, BeforeValidator(_hash)]],
    BeforeValidator(_users),
]


class HeadersSpec(StrictModel):
    """Headers to add to every response; the names are those of the exporter-toolkit."""

    content_security_policy: Header | None = Field(None, alias="Content-Security-Policy")
    frame_options: Literal["deny", "sameorigin"] | None = Field(None, alias="X-Frame-Options")
    content_type_options: Literal["nosniff"] | None = Field(None, alias="X-Content-Type-Options")
    xss_protection: Header | None = Field(None, alias="X-XSS-Protection")
    transport_security: Header | None = Field(None, alias="Strict-Transport-Security")


class HttpServerSpec(StrictModel):
    """HTTP version and response headers."""

    http2: Annotated[bool, AfterValidator(_http2)] = False
    headers: HeadersSpec = HeadersSpec()


class WebSpec(StrictModel):
    """A ``web.yml`` file."""

    tls_server_config: Tls | None = None
    http_server_config: HttpServerSpec = HttpServerSpec()
    basic_auth_users: Users = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Web:
    """Checked security of the HTTP server. ``users`` maps names to bcrypt hashes."""

    tls: Tls | None = None
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


def load_web(path: Path) -> Web:
    """Read and check ``path``; relative paths in it are resolved against its folder.

    Raises ConfigError with every problem: syntax, keys, values, and certificates that cannot be
    read or do not fit their key.
    """
    document = load(path)
    spec = document.validate(WebSpec)
    tls = spec.tls_server_config
    if tls is not None:
        if problems := list(_contradictions(document, tls)):
            raise ConfigError(problems)
        server_context(tls)
    headers = spec.http_server_config.headers.model_dump(by_alias=True, exclude_none=True)
    return Web(tls, spec.basic_auth_users, headers)


def _contradictions(document: Document, spec: Tls) -> Iterator[Problem]:
    asks = spec.client_auth_type != "NoClientCert"
    if asks and spec.client_ca_file is None:
        message = f"{spec.client_auth_type} needs 'client_ca_file' to check against"
        yield document.problem((SECTION, "client_auth_type"), message)
    if not asks and spec.client_ca_file is not None:
        message = "no client is asked for a certificate; set 'client_auth_type'"
        yield document.problem((SECTION, "client_ca_file"), message)
    if spec.min_version > spec.max_version:
        message = f"{spec.max_version} is less than 'min_version' {spec.min_version}"
        yield document.problem((SECTION, "max_version"), message)


def exposure(address: str, web: Web) -> str:
    """Return a warning if serving on the IP ``address`` is unsafe; otherwise an empty string."""
    if ipaddress.ip_address(address).is_loopback:
        return ""
    if web.tls is None and web.users:
        return "passwords and readings travel unencrypted; give web_config a tls_server_config"
    if web.tls is None:
        return (
            "every client that reaches this address can read everything, unencrypted; give"
            " http.web_config with tls_server_config and basic_auth_users, or listen on 127.0.0.1"
        )
    if not web.users and web.tls.client_auth is not ssl.CERT_REQUIRED:
        return (
            "every client that reaches this address can read everything; add basic_auth_users"
            " or RequireAndVerifyClientCert to web_config"
        )
    return ""
