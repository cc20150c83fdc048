"""TLS settings of the HTTP server: certificate files, protocol versions, and the SSL context."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, PrivateAttr

from agent.model.errors import ConfigError, Problem
from agent.parse.strict_model import FilePath, StrictModel
from agent.parse.yaml_source import Document

SECTION = "tls_server_config"

Version = Literal["TLS12", "TLS13"]


_CLIENT_AUTH: Mapping[str, ssl.VerifyMode] = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
_UNCHECKED = ("RequestClientCert", "RequireAnyClientCert")
_VERSIONS: Mapping[str, ssl.TLSVersion] = {
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}


def _client_auth(text: str) -> str:
    if text in _UNCHECKED:
        raise ValueError(
            f"{text!r} accepts certificates without checking them, which is not supported;"
            " write 'VerifyClientCertIfGiven' or 'RequireAndVerifyClientCert'"
        )
    if text not in _CLIENT_AUTH:
        known = ", ".join(map(repr, _CLIENT_AUTH))
        raise ValueError(f"must be one of {known}, not {text!r}")
    return text


class Tls(StrictModel):
    """Certificate of the server, and requirements on client certificates."""

    cert_file: FilePath
    key_file: FilePath
    client_auth_type: Annotated[str, AfterValidator(_client_auth)] = "NoClientCert"
    client_ca_file: FilePath | None = None
    min_version: Version = "TLS12"
    max_version: Version = "TLS13"
    _document: Document = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Keep the document it was read from, for the line numbers of later errors."""
        self._document = context["document"]

    @property
    def client_auth(self) -> ssl.VerifyMode:
        """True if clients have to present a certificate."""
        return _CLIENT_AUTH[self.client_auth_type]

    def files(self) -> tuple[Path, ...]:
        """Return every file that the SSL context is made from."""
        own = (self.cert_file, self.key_file)
        return own if self.client_ca_file is None else (*own, self.client_ca_file)

    def problem(self, name: str, message: str) -> Problem:
        """Return a problem with the file of the key ``name``, with the line of the key."""
        return self._document.problem((SECTION, name), f"{getattr(self, name)} {message}")


def server_context(tls: Tls) -> ssl.SSLContext:
    """Return a new SSL context.

    Raises ConfigError if a file cannot be read, or if key and certificate do not match.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[tls.min_version]
    context.maximum_version = _VERSIONS[tls.max_version]
    # No session resumption: a resumed session would skip the check of the client certificate.
    context.num_tickets = 0
    problems = _certificates(tls, "cert_file", ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    if tls.client_ca_file is not None:
        problems += _certificates(tls, "client_ca_file", context)
        context.verify_mode = tls.client_auth
    problems += _unreadable(tls, "key_file")
    problems = problems or _pair(tls, context)
    if problems:
        raise ConfigError(problems)
    return context


def _unreadable(tls: Tls, name: str) -> list[Problem]:
    path: Path = getattr(tls, name)
    try:
        path.open("rb").close()
    except OSError as error:
        return [tls.problem(name, f"cannot be read: {error.strerror or error}")]
    return []


def _certificates(tls: Tls, name: str, into: ssl.SSLContext) -> list[Problem]:
    if problems := _unreadable(tls, name):
        return problems
    try:
        into.load_verify_locations(cafile=getattr(tls, name))
    except ssl.SSLError:
        return [tls.problem(name, "holds no certificate (PEM)")]
    return []


def _pair(tls: Tls, context: ssl.SSLContext) -> list[Problem]:
    try:
        # An empty password: otherwise OpenSSL asks for one on the terminal, and a daemon hangs.
        context.load_cert_chain(tls.cert_file, tls.key_file, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return [tls.problem("key_file", f"is not the key of {tls.cert_file}")]
        why = "holds no private key without a passphrase (PEM) that fits the certificate"
        return [tls.problem("key_file", why)]
    return []
