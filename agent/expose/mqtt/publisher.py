"""The MQTT publisher: every message is stored in the outbox until the broker acknowledges it.

A poll only adds to a spool, whose thread writes the outbox. One task delivers the oldest messages,
so the order is kept however often the connection is lost.
"""

import asyncio
import contextlib
import json
import random
import sqlite3
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any

import aiomqtt
import structlog

from agent.config.mqtt import Mqtt
from agent.events.records import Event
from agent.expose.http.events import event_json
from agent.expose.mqtt.dsx_exchange import value_message
from agent.expose.mqtt.home_assistant import Announcer
from agent.expose.mqtt.messages import OFFLINE, ONLINE, Changes, MqttMessage, Topics, about, payload
from agent.expose.mqtt.outbox import Outbox
from agent.expose.prometheus.collectors import MqttMetrics
from agent.model.errors import ConfigError
from agent.model.values import PollResult, Reading
from agent.store.edge_log import OngoingProblem
from agent.store.latest import DeviceState
from agent.store.sqlite_writer import Spool

_log = structlog.get_logger("mqtt")
_PENDING_MAX = 200_000  # messages between a poll and the disk
_BATCH = 500  # delivered and forgotten together
_TIMEOUT_S = 10.0  # for connecting, and for the acknowledgement of a message
_KEEPALIVE_S = 30
_DISK_AGAIN_S = 5.0  # between two tries while the disk fails
_BACKOFF_S = (1.0, 60.0)
_FAREWELL_S = 2.0
_VERSIONS = {"3.1.1": aiomqtt.ProtocolVersion.V311, "5": aiomqtt.ProtocolVersion.V5}


class Publisher:
    """Stores the messages of polls and events, and delivers them to the broker.

    ``rack_of`` returns the rack of a device by its name; ``devices`` are the configured ones at the
    start, ``site`` is the site's name, ``password`` the broker's. Raises ConfigError if the outbox
    or the certificate authority cannot be read.
    """

    def __init__(
        self,
        config: Mqtt,
        site: str,
        rack_of: Callable[[str], str],
        devices: Iterable[str] = (),
        password: str | None = None,
    ) -> None:
        self._config, self._site, self._rack_of = config, site, rack_of
        self._password = password
        self._client_id = config.client_id or f"rackagent-{site}"
        self._topics = Topics(config.prefix, site)
        self._tls = _context(config) if config.tls else None
        self._outbox = Outbox(config.outbox.path, config.outbox.max_messages)
        self._spool: Spool[MqttMessage] = Spool("mqtt.outbox", self._store, _PENDING_MAX)
        self._lost = 0
        self._delivered = self._forgotten = 0  # numbers of messages: taken by the broker, deleted
        self._disk = OngoingProblem()
        self._changes: dict[str, Changes] = {}
        self._up: dict[str, bool] = {}
        self._known: dict[str, MqttMessage] = {}  # descriptions by topic: devices x metrics
        self._announcer = Announcer(
            self._topics,
            config.home_assistant.prefix if config.home_assistant else "",
            self._client_id,
            self._outbox.announced(),
        )
        self._put(self._announcer.begin(self._place(device) for device in devices))
        self._spool.wake()
        self._random = random.Random()  # noqa: S311 - jitter, not a secret
        self.metrics = MqttMetrics(
            waiting=lambda: self._outbox.count,
            pending=lambda: self._spool.waiting,
            dropped=lambda: self._lost + self._spool.dropped,
        )

    def observe(self, state: DeviceState, result: PollResult) -> None:
        """Queue the messages of one poll without waiting; subscribe this to the store."""
        device, rack = result.device, self._rack_of(result.device)
        if self._up.get(device) != state.up:
            self._up[device] = state.up
            self._spool.put(
                MqttMessage(self._topics.status(rack, device), "up" if state.up else "down", True)
            )
        changes = self._changes.get(device)
        if changes is None:
            changes = Changes(self._config.dead_band, self._config.full_every_s)
            self._changes[device] = changes
        for reading in changes.pick(result):
            self._put(self._messages(rack, reading, result))
        self._spool.wake()

    def _messages(self, rack: str, reading: Reading, result: PollResult) -> Iterator[MqttMessage]:
        """Yield the messages of a reading, its announcements first."""
        topic = self._topics.metric(rack, reading.device, reading.metric)
        if topic not in self._known:
            self._known[topic] = about(topic, reading.metric)
            yield self._known[topic]
        if self._config.home_assistant is not None:
            yield from self._announcer.announce(rack, reading, result.identity, result.profile)
        yield MqttMessage(topic, payload(reading))
        if self._config.dsx_exchange is not None:
            again = value_message(self._config.dsx_exchange, self._site, rack, reading)
            if again is not None:
                yield again

    def _put(self, messages: Iterable[MqttMessage]) -> None:
        for message in messages:
            self._spool.put(message)

    def _place(self, device: str) -> str:
        return self._announcer.place(self._rack_of(device), device)

    def publish_event(self, event: Event) -> None:
        """Queue the message of an event; subscribe this to the event service."""
        device = event.subject.device
        text = json.dumps(event_json(event), allow_nan=False, separators=(",", ":"))
        self._spool.put(MqttMessage(self._topics.event(self._rack_of(device), device), text))
        self._spool.wake()

    def forget(self, device: str) -> None:
        """Withdraw a device that is no longer configured; ``rack_of`` still knows its rack."""
        self._put(self._announcer.leave(self._place(device)))
        self._spool.wake()
        self._changes.pop(device, None)
        self._up.pop(device, None)

    async def run(self) -> None:
        """Store and deliver until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._spool.run(), name="mqtt outbox")
            group.create_task(self._deliver_forever(), name="mqtt delivery")

    async def close(self) -> None:
        """Store what waits and close the outbox; call it after ``run`` has ended."""
        await self._spool.close(self._outbox.close)

    def _store(self, messages: list[MqttMessage]) -> None:
        self._lost += self._outbox.put(messages)

    async def _deliver_forever(self) -> None:
        waits_s, away = _BACKOFF_S[0], OngoingProblem()
        while True:
            try:
                async with self._client() as client:
                    self.metrics.connected = True
                    repeated = away.over()
                    more = {} if repeated is None else {"repeated": repeated}
                    host, port = self._config.host, self._config.port
                    _log.info("broker connected", host=host, port=port, **more)
                    waits_s = _BACKOFF_S[0]
                    await self._deliver(client)
            except aiomqtt.MqttError as error:
                repeated = away.again(str(error))
                if repeated is not None:
                    more = {"repeated": repeated} if repeated else {}
                    _log.warning("broker away", host=self._config.host, reason=str(error), **more)
            finally:
                self.metrics.connected = False
            await asyncio.sleep(waits_s * self._random.uniform(0.5, 1.0))
            waits_s = min(2 * waits_s, _BACKOFF_S[1])

    async def _deliver(self, client: aiomqtt.Client) -> None:
        """Publish that the agent is online, then deliver the oldest messages until cancelled."""
        status = self._topics.agent(self._client_id)
        await client.publish(status, ONLINE, qos=1, retain=True)
        try:
            while True:
                self._spool.written.clear()
                batch = await self._next()
                if batch:
                    # The order is kept: each task passes its message to the client before it waits.
                    async with asyncio.TaskGroup() as group:
                        for _, each in batch:
                            group.create_task(_publish(client, each))
                    self._delivered = batch[-1][0]
                    self.metrics.published += len(batch)
                await self._forget_delivered()
                if not batch:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_DISK_AGAIN_S if self._disk.what else None):
                            await self._spool.written.wait()
        except BaseExceptionGroup as group_error:
            raise _first(group_error) from None
        except asyncio.CancelledError:
            with contextlib.suppress(aiomqtt.MqttError, TimeoutError):
                async with asyncio.timeout(_FAREWELL_S):
                    await client.publish(status, OFFLINE, qos=1, retain=True)
            raise

    async def _next(self) -> list[tuple[int, MqttMessage]]:
        """Return the oldest messages that the broker has not taken; none if the disk fails."""
        try:
            return await self._spool.do(lambda: self._outbox.first(_BATCH, self._delivered))
        except sqlite3.Error as error:
            self._disk_fails(error)
            return []

    async def _forget_delivered(self) -> None:
        """Delete what the broker has taken.

        A full disk refuses that as well. What was taken is remembered, so that it is sent once,
        and deleted later; the connection has nothing to do with it.
        """
        if self._delivered == self._forgotten:
            return
        last = self._delivered
        try:
            await self._spool.do(lambda: self._outbox.done(last))
        except sqlite3.Error as error:
            self._disk_fails(error)
            return
        self._forgotten = last
        repeated = self._disk.over()
        if repeated is not None:
            _log.info("outbox written again", path=str(self._config.outbox.path), repeated=repeated)

    def _disk_fails(self, error: sqlite3.Error) -> None:
        repeated = self._disk.again(str(error))
        if repeated is not None:
            path, more = str(self._config.outbox.path), {"repeated": repeated} if repeated else {}
            _log.error("outbox cannot be used", path=path, reason=str(error), **more)

    def _client(self) -> aiomqtt.Client:
        given = self._config
        will = aiomqtt.Will(self._topics.agent(self._client_id), OFFLINE, qos=1, retain=True)
        options: Mapping[str, Any] = {} if given.version == "5" else {"clean_session": True}
        client = _Client(
            given.host,
            given.port,
            username=given.username,
            password=self._password,
            identifier=self._client_id,
            protocol=_VERSIONS[given.version],
            will=will,
            timeout=_TIMEOUT_S,
            keepalive=_KEEPALIVE_S,
            max_concurrent_outgoing_calls=_BATCH + 1,
            tls_context=self._tls,
            **options,
        )
        # aiomqtt warns of more than ten pending messages; a batch has more on purpose.
        client.pending_calls_threshold = _BATCH + 1
        return client


class _Client(aiomqtt.Client):
    """A client whose lost connection is no error that nobody has seen."""

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Disconnect, and take note of why the connection was lost.

        aiomqtt keeps that in a future; asyncio writes to stderr if none of a future's errors is
        looked at, as when the agent stops at that moment.
        """
        if self._disconnected.done() and not self._disconnected.cancelled():
            self._disconnected.exception()
        await super().__aexit__(exc_type, exc, tb)


async def _publish(client: aiomqtt.Client, message: MqttMessage) -> None:
    await client.publish(message.topic, message.payload, qos=1, retain=message.retain)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first error of a batch; all its tasks fail with the same connection."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _context(config: Mqtt) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=config.ca_file)
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "strerror", None) or "not a certificate"
        raise ConfigError(f"mqtt.ca_file: {config.ca_file}: {reason}") from None
