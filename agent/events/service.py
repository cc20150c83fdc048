"""The events of a running agent: hears polls, tells listeners, writes the journal, answers."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from agent.events.detector import Detector, watched
from agent.events.journal import Journal, Kept, Line
from agent.events.records import Action, Event, Kind
from agent.model.series import SeriesSet
from agent.model.values import PollResult
from agent.store.latest import DeviceState
from agent.store.sqlite_writer import Spool

_PENDING_MAX = 100_000
Listener = Callable[[Event], None]
"""Told of every event at once; it must be quick and must not raise."""


class Recorder:
    """``path`` None keeps events in memory. Raises ConfigError where the file cannot be used.

    Of ``devices`` that are no longer there nothing stands; their alarms end at ``now`` (Unix time).
    """

    def __init__(
        self, path: Path | None, max_events: int, devices: Iterable[str], now: float
    ) -> None:
        self._journal = Journal(path, max_events)
        self._detector = Detector(self._journal.standing())
        self._spool: Spool[Line] = Spool("events", self._journal.add, _PENDING_MAX)
        self._listeners: list[Listener] = []
        self.counts: Counter[tuple[Kind, Action]] = Counter()
        known = set(devices)
        for device in {each.device for each in self._detector.standing} - known:
            self.forget(device, now)

    def subscribe(self, listener: Listener) -> None:
        """Call ``listener`` with each event."""
        self._listeners.append(listener)

    def hear(self, state: DeviceState, result: PollResult) -> None:
        """Take one poll; subscribe this to the store."""
        self._keep(self._detector.take(result))

    @staticmethod
    def derive(device: str, series_set: SeriesSet) -> None:
        """Find what there is to watch in a set of series that is new."""
        series_set.derive(watched)

    def forget(self, device: str, at: float) -> None:
        """A device is no longer configured."""
        self._keep(self._detector.forget(device, at), device)

    def standing(self) -> Counter[Kind]:
        """How much of each kind stands; states always do and are not counted."""
        found: Counter[Kind] = Counter()
        for subject in self._detector.standing:
            if subject.kind is not Kind.STATE:
                found[subject.kind] += 1
        return found

    @property
    def suppressed(self) -> int:
        """Events that were not told because their subject flaps."""
        return self._detector.suppressed

    @property
    def dropped(self) -> int:
        """Events that are no longer kept."""
        return self._journal.dropped + self._spool.dropped

    @property
    def waiting(self) -> int:
        """Entries that wait to be written to the journal."""
        return self._spool.waiting

    async def run(self) -> None:
        """Write the journal until cancelled."""
        await self._spool.run()

    async def find(
        self, device: str | None, after: int, limit: int, *, standing: bool
    ) -> list[Kept]:
        """Events as ``Journal.find`` gives them, the latest among them. Raises sqlite3.Error."""
        await self._spool.flush()
        return await self._spool.do(
            lambda: self._journal.find(device, after, limit, standing=standing)
        )

    async def close(self) -> None:
        """Write what waits and close the journal; ``run`` has ended."""
        await self._spool.close(self._journal.close)

    def _keep(self, events: list[Event], gone: str = "") -> None:
        seen, self._detector.seen = self._detector.seen, {}
        if not (events or seen or gone):
            return
        self._spool.put(Line(tuple(events), tuple((each, *seen[each]) for each in seen), gone))
        self._spool.wake()
        for event in events:
            self.counts[event.kind, event.action] += 1
            for listener in self._listeners:
                listener(event)
