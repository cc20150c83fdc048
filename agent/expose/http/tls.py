"""TLS with the certificate now on disk: checked on every handshake, replaced as a whole."""

import ssl
from pathlib import Path

import structlog

from agent.config.tls import Tls, server_context
from agent.model.errors import ConfigError

_log = structlog.get_logger("http")

_Stamp = tuple[tuple[int, int, int], ...]


class Certificates:
    """The TLS ``context`` of a listener; each handshake gets the newest valid certificate.

    If a new certificate is not yet usable, as when its key is still missing, this is logged once
    and the previous one stays in use. Raises ConfigError if the files are invalid at the start.
    """

    def __init__(self, tls: Tls) -> None:
        self._tls = tls
        self._seen = _stamp(tls)  # before the files are read, so that no change is missed
        self.context = server_context(tls)
        self.context.sni_callback = self._choose
        self._newest = self.context

    def _choose(self, connection: ssl.SSLObject, _name: str, _context: ssl.SSLContext) -> None:
        # OpenSSL calls this on every handshake, also for clients that send no server name.
        self._refresh()
        if self._newest is not self.context:
            connection.context = self._newest

    def _refresh(self) -> None:
        stamp = _stamp(self._tls)
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self._newest = server_context(self._tls)
        except ConfigError as error:
            _log.error("certificate not renewed", reason=str(error))
        else:
            _log.info("certificate renewed", file=str(self._tls.cert_file))


def _stamp(tls: Tls) -> _Stamp:
    return tuple(_state(path) for path in tls.files())


def _state(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)
