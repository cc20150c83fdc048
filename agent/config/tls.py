"""TLS as Python's ssl can serve it: which files, which versions, and a context made of them."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from agent.model.errors import ConfigError, Problem
from agent.parse.yaml_source import Document

SECTION = "tls_server_config"


@dataclass(frozen=True, slots=True)
class Tls:
    """A checked ``tls_server_config``. ``document`` is where it stands, for what goes wrong."""

    document: Document = field(repr=False)
    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None
    client_auth: ssl.VerifyMode = ssl.CERT_NONE
    min_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    max_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3

    def files(self) -> tuple[Path, ...]:
        """Every file that a context is made of."""
        own = (self.cert_file, self.key_file)
        return own if self.client_ca_file is None else (*own, self.client_ca_file)

    def problem(self, name: str, message: str) -> Problem:
        """A problem with the file that the key ``name`` names."""
        return self.document.problem((SECTION, name), f"{getattr(self, name)} {message}")


def server_context(tls: Tls) -> ssl.SSLContext:
    """A fresh context. Raises ConfigError where a file cannot be read or does not fit."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = tls.min_version
    context.maximum_version = tls.max_version
    # Whom we let in is asked anew each time: a resumed session would skip the certificate.
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
        # An empty password: else OpenSSL asks for one on the terminal, and a daemon hangs.
        context.load_cert_chain(tls.cert_file, tls.key_file, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return [tls.problem("key_file", f"is not the key of {tls.cert_file}")]
        why = "holds no private key without a passphrase (PEM) that fits the certificate"
        return [tls.problem("key_file", why)]
    return []
