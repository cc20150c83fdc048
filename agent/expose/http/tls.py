"""Serves the certificate that is on disk now: looked at on every handshake, swapped as a whole."""

import ssl
from pathlib import Path

import structlog

from agent.config.tls import Tls, server_context
from agent.model.errors import ConfigError

_log = structlog.get_logger("http")

_Stamp = tuple[tuple[int, int, int], ...]


class Certificates:
    """Holds ``context`` for a listener; each handshake gets the newest sound one.

    A renewed certificate whose key is not there yet is told once and waited for: meanwhile the
    one before is served. Raises ConfigError where the files are no good at the start.
    """

    def __init__(self, tls: Tls) -> None:
        self._tls = tls
        self._seen = _stamp(tls)  # before the files are read, so that no change is missed
        self.context = server_context(tls)
        self.context.sni_callback = self._choose
        self._newest = self.context

    def _choose(self, connection: ssl.SSLObject, _name: str, _context: ssl.SSLContext) -> None:
        # OpenSSL asks on every handshake, for clients that name no server too.
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
