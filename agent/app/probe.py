"""Read a device that is not configured, once, because a scrape asks for it: ``GET /probe``."""

import asyncio
import time
from dataclasses import replace

from prometheus_client import CollectorRegistry

from agent.app.resolve import Resolver, TooManyLookups
from agent.config import Config
from agent.config.spec import ProbeSpec
from agent.expose.http.probe_route import Asked, Busy, NotAllowed
from agent.expose.prometheus.exposition import PrometheusExposition
from agent.expose.prometheus.exposition_format import ExpositionFormat
from agent.model.credentials import SnmpCredentials
from agent.model.errors import ConfigError
from agent.model.limits import Limits
from agent.model.values import PollResult
from agent.parse.url import Url, parse_url
from agent.poll.read_once import Target, read_device
from agent.store.latest import Store

_AT_ONCE = 8
_BUSY = f"{_AT_ONCE} devices are being probed; ask again later"
_LONGEST_S = 60.0
_LIMITS = Limits(timeout_s=1.0, retries=1)
_FRESH_S = 3600.0  # it is shown at once and not kept


class Prober:
    """A reader of devices in the networks of the ``probe`` section, 8 at a time."""

    def __init__(self, config: Config, networks: ProbeSpec) -> None:
        self._config, self._networks = config, networks
        self._reading = 0
        self._resolver = Resolver(_AT_ONCE)

    async def probe(self, asked: Asked, form: ExpositionFormat) -> bytes:
        """Return the exposition of one device. A device that does not respond is shown as down.

        Raises ConfigError for an invalid request, NotAllowed outside the networks, Busy if too many
        are read already.
        """
        asked = replace(asked, within_s=min(asked.within_s, _LONGEST_S))
        url = parse_url(asked.target)
        credentials = self._credentials(asked.credentials)
        if asked.profile != "auto":
            known = self._config.library.get(asked.profile)
            if known.protocol != url.protocol:
                raise ConfigError(f"{asked.profile} speaks {known.protocol}, not {url.scheme}")
        if self._reading >= _AT_ONCE:
            raise Busy(_BUSY)
        self._reading += 1
        try:
            result = await self._read(asked, url, credentials)
        finally:
            self._reading -= 1
        store = Store({asked.target: _FRESH_S})
        shown = PrometheusExposition({asked.target: {}}, registry=CollectorRegistry())
        store.subscribe(shown.update)
        store.put(result)
        return shown.render(form)

    async def _read(self, asked: Asked, url: Url, credentials: SnmpCredentials) -> PollResult:
        """Look up the target and read it, both within the scraper's time."""
        started_at, began = time.time(), time.monotonic()
        url = await self._allowed(url, asked.within_s)
        within_s = max(0.0, asked.within_s - (time.monotonic() - began))
        read = await read_device(
            *(Target(url, credentials, _LIMITS), self._config.library, asked.profile),
            name=asked.target,
            within_s=within_s,
        )
        return read.result(started_at, time.monotonic() - began)

    def _credentials(self, name: str) -> SnmpCredentials:
        if not name:
            return SnmpCredentials()
        found = self._config.credentials.get(name)
        if found is None:
            known = ", ".join(sorted(self._config.credentials)) or "none"
            raise ConfigError(f"unknown credentials {name!r}; there are: {known}")
        return found

    async def _allowed(self, url: Url, within_s: float) -> Url:
        """Return ``url`` with the address that was checked, so that it is not resolved twice."""
        if not url.host:
            raise NotAllowed("a serial line cannot be probed")
        try:
            async with asyncio.timeout(within_s):
                found = await self._resolver.addresses(url.host, url.port)
        except TimeoutError:
            raise ConfigError(f"{url.host!r} did not resolve within {within_s:g} s") from None
        except TooManyLookups:
            raise Busy(_BUSY) from None
        except (OSError, UnicodeError):
            raise ConfigError(f"{url.host!r} does not resolve") from None
        for address in found:
            if self._networks.allows(address):
                return replace(url, host=address)
        raise NotAllowed(f"{url.host} is not in the networks of 'probe'")
