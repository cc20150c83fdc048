"""``GET /probe``: one reading of a device outside the configuration, on request of a scrape."""

import asyncio
import socket
import time
from dataclasses import replace

from prometheus_client import CollectorRegistry

from agent.config import Config
from agent.config.spec import ProbeSpec
from agent.expose.http.probe_route import Asked, Busy, NotAllowed
from agent.expose.prometheus.exposition import PrometheusExposition
from agent.expose.prometheus.exposition_format import Format
from agent.model.credentials import SnmpCredentials
from agent.model.errors import ConfigError, DeviceError
from agent.model.limits import Limits
from agent.model.values import Failure, PollResult
from agent.parse.url import Url, parse_url
from agent.poll.poller import open_session, read_once
from agent.store.latest import Store
from agent.transport.factory import Transports

_AT_ONCE = 8
_LONGEST_S = 60.0
_LIMITS = Limits(timeout_s=1.0, retries=1)
_FRESH_S = 3600.0  # long enough: the result is rendered at once and not kept


class Prober:
    """A reader of devices in the networks of the ``probe`` section, 8 at a time."""

    def __init__(self, config: Config, networks: ProbeSpec) -> None:
        self._config, self._networks = config, networks
        self._reading = 0

    async def probe(self, asked: Asked, form: Format) -> bytes:
        """Read one device and return its exposition. A device that does not answer is down.

        Raises ConfigError for a request that cannot be carried out, NotAllowed outside the
        networks, Busy when too many devices are being read.
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
            result = await self._read(asked, url, credentials)
        finally:
            self._reading -= 1
        store = Store({asked.target: _FRESH_S})
        shown = PrometheusExposition({asked.target: {}}, registry=CollectorRegistry())
        store.subscribe(shown.update)
        store.put(result)
        return shown.render(form)

    async def _read(self, asked: Asked, url: Url, credentials: SnmpCredentials) -> PollResult:
        started_at, began = time.time(), time.monotonic()
        down = PollResult(asked.target, False, {}, (), started_at, 0.0)
        try:
            async with asyncio.timeout(min(asked.within_s, _LONGEST_S)):
                result = await self._read_device(asked, url, credentials, down)
        except TimeoutError:
            late = Failure("timeout", f"not read within {asked.within_s:g} s")
            result = replace(down, failures=(late,))
        except DeviceError as error:
            result = replace(down, failures=(Failure(error.kind, str(error)),))
        return replace(result, duration_s=time.monotonic() - began)

    async def _read_device(
        self, asked: Asked, url: Url, credentials: SnmpCredentials, result: PollResult
    ) -> PollResult:
        library, quirks = self._config.library, {}
        if asked.profile != "auto" and url.protocol == "modbus":
            quirks = {url.line: library.get(asked.profile).quirks}
        async with (
            Transports(quirks) as transports,
            transports.opened(url, credentials, _LIMITS) as transport,
        ):
            session = await open_session(
                asked.target, transport, url.protocol, asked.profile, library, url
            )
            blocks, failures, answered = await read_once(session, transport, time.monotonic())
        return replace(
            result,
            up=answered,
            blocks=blocks if answered else {},
            failures=failures,
            identity=session.identity,
            profile=session.profile.name,
            kind=session.profile.kind,
        )

    def _credentials(self, name: str) -> SnmpCredentials:
        if not name:
            return SnmpCredentials()
        found = self._config.credentials.get(name)
        if found is None:
            known = ", ".join(sorted(self._config.credentials)) or "none"
            raise ConfigError(f"unknown credentials {name!r}; there are: {known}")
        return found

    async def _allowed(self, url: Url) -> Url:
        """Return ``url`` with the checked address, so that a second DNS look-up cannot differ."""
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
