"""Read a device that is not configured, once, because a scrape asks for it: ``GET /probe``."""

import asyncio
import socket
import time
from dataclasses import replace

from prometheus_client import CollectorRegistry

from agent.config import Config
from agent.config.spec import ProbeSpec
from agent.expose.http.probe_route import Asked, Busy, NotAllowed
from agent.expose.prometheus.exposition import PrometheusExposition
from agent.expose.prometheus.exposition_format import ExpositionFormat
from agent.model.credentials import SnmpCredentials
from agent.model.errors import ConfigError
from agent.model.limits import Limits
from agent.parse.url import Url, parse_url
from agent.poll.read_once import Target, read_device
from agent.store.latest import Store

_AT_ONCE = 8
_LONGEST_S = 60.0
_LIMITS = Limits(timeout_s=1.0, retries=1)
_FRESH_S = 3600.0  # it is shown at once and not kept


class Prober:
    """A reader of devices in the networks of the ``probe`` section, 8 at a time."""

    def __init__(self, config: Config, networks: ProbeSpec) -> None:
        self._config, self._networks = config, networks
        self._reading = 0

    async def probe(self, asked: Asked, form: ExpositionFormat) -> bytes:
        """Return the exposition of one device. A device that does not respond is shown as down.

        Raises ConfigError for an invalid request, NotAllowed outside the networks, Busy if too many
        are read already.
        """
        url = await self._allowed(parse_url(asked.target))
        credentials = self._credentials(asked.credentials)
        if asked.profile != "auto":
            known = self._config.library.get(asked.profile)
            if known.protocol != url.protocol:
                raise ConfigError(f"{asked.profile} speaks {known.protocol}, not {url.scheme}")
        if self._reading >= _AT_ONCE:
            raise Busy(f"{_AT_ONCE} devices are being probed; ask again later")
        self._reading += 1
        try:
            started_at, began = time.time(), time.monotonic()
            read = await read_device(
                *(Target(url, credentials, _LIMITS), self._config.library, asked.profile),
                name=asked.target,
                within_s=min(asked.within_s, _LONGEST_S),
            )
            result = read.result(started_at, time.monotonic() - began)
        finally:
            self._reading -= 1
        store = Store({asked.target: _FRESH_S})
        shown = PrometheusExposition({asked.target: {}}, registry=CollectorRegistry())
        store.subscribe(shown.update)
        store.put(result)
        return shown.render(form)

    def _credentials(self, name: str) -> SnmpCredentials:
        if not name:
            return SnmpCredentials()
        found = self._config.credentials.get(name)
        if found is None:
            known = ", ".join(sorted(self._config.credentials)) or "none"
            raise ConfigError(f"unknown credentials {name!r}; there are: {known}")
        return found

    async def _allowed(self, url: Url) -> Url:
        """Return ``url`` with the address that was checked, so that it is not resolved twice."""
        if not url.host:
            raise NotAllowed("a serial line cannot be probed")
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise ConfigError(f"{url.host!r} does not resolve") from None
        for *_, place in found:
            if self._networks.allows(str(place[0])):
                return replace(url, host=str(place[0]))
        raise NotAllowed(f"{url.host} is not in the networks of 'probe'")
