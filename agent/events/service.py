"""The event service of a running agent: detects events, notifies listeners, keeps the journal."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from agent.events.detector import Detector, watched
from agent.events.journal import EventJournal, JournalEntry, StoredEvent
from agent.events.records import Action, Event, EventKind
from agent.model.series import SeriesSet
from agent.model.values import PollResult
from agent.store.latest import DeviceState
from agent.store.sqlite_writer import Spool

_PENDING_MAX = 100_000
Listener = Callable[[Event], None]
"""Called with every event immediately; it must be quick and must not raise."""


class EventService:
    """Detects, stores and distributes events. Raises ConfigError if the file cannot be used.

    ``path`` None keeps the journal in memory. ``devices`` are the configured ones; alarms of other
    devices in the journal are cleared at ``now`` (Unix time).
    """

    def __init__(
        self, path: Path | None, max_events: int, devices: Iterable[str], now: float
    ) -> None:
        self._journal = EventJournal(path, max_events)
        self._detector = Detector(self._journal.standing())
        self._spool: Spool[JournalEntry] = Spool("events", self._journal.add, _PENDING_MAX)
        self._listeners: list[Listener] = []
        self.counts: Counter[tuple[EventKind, Action]] = Counter()
        known = set(devices)
        for device in {each.device for each in self._detector.standing} - known:
            self.forget(device, now)

    def subscribe(self, listener: Listener) -> None:
        """Call ``listener`` with each event."""
        self._listeners.append(listener)

    def observe(self, state: DeviceState, result: PollResult) -> None:
        """Detect the events of one poll; subscribe this to the store."""
        self._keep(self._detector.take(result))

    @staticmethod
    def derive(device: str, series_set: SeriesSet) -> None:
        """Find what there is to watch in a set of series that is new."""
        series_set.derive(watched)

    def forget(self, device: str, at: float) -> None:
        """Clear the alarms of a device that is no longer configured, at Unix time ``at``."""
        self._keep(self._detector.forget(device, at), device)

    def standing(self) -> Counter[EventKind]:
        """Return the number of active alarms and of devices that are down; states do not count."""
        found: Counter[EventKind] = Counter()
        for subject in self._detector.standing:
            if subject.kind is not EventKind.STATE:
                found[subject.kind] += 1
        return found

    @property
    def suppressed(self) -> int:
        """The number of events suppressed because their subject changes too often."""
        return self._detector.suppressed

    @property
    def dropped(self) -> int:
        """The number of events that were deleted to keep the journal bounded."""
        return self._journal.dropped + self._spool.dropped

    @property
    def waiting(self) -> int:
        """The number of entries that wait to be written to the journal."""
        return self._spool.waiting

    async def run(self) -> None:
        """Write the journal until cancelled."""
        await self._spool.run()

    async def find(
        self, device: str | None, after: int, limit: int, *, standing: bool
    ) -> list[StoredEvent]:
        """Write what waits, then return events as ``EventJournal.find``. Raises sqlite3.Error."""
        await self._spool.flush()
        return await self._spool.do(
            lambda: self._journal.find(device, after, limit, standing=standing)
        )

    async def close(self) -> None:
        """Write what waits and close the journal; call it after ``run`` has ended."""
        await self._spool.close(self._journal.close)

    def _keep(self, events: list[Event], gone: str = "") -> None:
        seen, self._detector.seen = self._detector.seen, {}
        if not (events or seen or gone):
            return
        self._spool.put(
            JournalEntry(tuple(events), tuple((each, *seen[each]) for each in seen), gone)
        )
        self._spool.wake()
        for event in events:
            self.counts[event.kind, event.action] += 1
            for listener in self._listeners:
                listener(event)
