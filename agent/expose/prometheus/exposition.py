"""The Prometheus exposition: a poll renders the lines of its device, a scrape only joins them.

Every line carries the labels of its device. A profile's label of the same name gets the prefix
``exported_``. As the label ``device`` is always the device's name, two devices can never print the
same series; within a device the first in request order is printed and the others are counted in
``rackagent_duplicate_series``.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder

from agent.expose.prometheus.exposition_format import ExpositionFormat, header, label_text
from agent.expose.prometheus.own_metrics import OwnMetrics
from agent.expose.prometheus.sample_lines import IDENTITY, Layout, join, sample_head
from agent.model.catalogue import CATALOGUE
from agent.model.series import SeriesSet
from agent.model.values import Block, PollResult
from agent.store.latest import DeviceState

_INFO = CATALOGUE[IDENTITY]


@dataclass(frozen=True, slots=True)
class _Rendered:
    """One block as text, and when it becomes stale on the store's steady clock."""

    block: Block
    layout: Layout
    fresh_until: float
    chunks: list[tuple[str, bytes]]


class _DeviceSamples:
    """The lines of one device."""

    def __init__(self, name: str, labels: Mapping[str, str]) -> None:
        self.name = name
        self.labels = {**labels, "device": name}
        self.up = False
        self.info = b""
        self.rendered: list[_Rendered] = []

    def update(self, state: DeviceState) -> None:
        """Render what the latest poll changed."""
        self.up = state.up
        self.info = self._info(state) if state.up else b""
        before = {id(r.block): r for r in self.rendered}
        pairs = list(self._laid_out(state))
        moved = self._hide_duplicates([layout for _, _, layout in pairs])
        self.rendered = []
        for block, fresh_until, layout in pairs:
            old = before.get(id(block))
            keep = old is not None and old.layout is layout and layout not in moved
            chunks = old.chunks if old and keep else self._chunks(layout, block)
            self.rendered.append(_Rendered(block, layout, fresh_until, chunks))

    def fresh(self, now: float) -> Iterator[_Rendered]:
        """Return the blocks that are not stale at ``now`` (steady clock)."""
        return (rendered for rendered in self.rendered if now <= rendered.fresh_until)

    def duplicates(self) -> int:
        """Return the number of series that are hidden as duplicates."""
        return sum(len(rendered.layout.twice) for rendered in self.rendered)

    def _laid_out(self, state: DeviceState) -> Iterator[tuple[Block, float, Layout]]:
        for position in sorted(state.requests):
            found = state.requests[position]
            for block, until in zip(found.blocks, found.fresh_until, strict=True):
                yield block, until, self.lay_out(block.series)

    def lay_out(self, series_set: SeriesSet) -> Layout:
        """Return the label text of a set of series."""
        return series_set.derive(self._layout)

    def _layout(self, series_set: SeriesSet) -> Layout:
        return Layout(series_set, self.labels)

    def _hide_duplicates(self, layouts: list[Layout]) -> set[Layout]:
        """Hide duplicate series; return the layouts whose lines changed by that."""
        if layouts == [rendered.layout for rendered in self.rendered]:
            return set()
        taken: set[str] = set()
        moved = set()
        for layout in layouts:
            twice = set()
            for position, key in enumerate(layout.keys):
                if key in taken:
                    twice.add(position)
                taken.add(key)
            if twice != layout.twice:
                layout.hide(frozenset(twice))
                moved.add(layout)
        return moved

    @staticmethod
    def _chunks(layout: Layout, block: Block) -> list[tuple[str, bytes]]:
        return [(metric.name, text) for metric, text in layout.render(block)]

    def _info(self, state: DeviceState) -> bytes:
        known = state.identity
        says: dict[str, str | None] = {"profile": state.profile}
        if known is not None:
            says |= {"vendor": known.vendor, "model": known.model}
            says |= {"serial": known.serial, "firmware": known.firmware}
        labels = [(name, value) for name, value in says.items() if value]
        if not labels:
            return b""
        text = join(label_text(self.labels.items()), self.labels, labels)
        return f"{sample_head(_INFO.name, text)}1\n".encode()


class PrometheusExposition:
    """The content of ``/metrics``.

    ``device_labels`` has the labels (site, rack, feed, ...) of every device; ``device`` is added.
    ``registry`` is where the parts of the agent register their metrics; without one, a registry
    with the metrics of the process is created. The configuration has checked the label names.
    """

    def __init__(
        self,
        device_labels: Mapping[str, Mapping[str, str]],
        *,
        registry: CollectorRegistry | None = None,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """``clock`` is Unix time; ``steady`` is the clock of the store, which decides freshness."""
        self._steady = steady
        self._devices = {
            name: _DeviceSamples(name, labels) for name, labels in device_labels.items()
        }
        self._headers: dict[tuple[str, ExpositionFormat], bytes] = {}
        self.registry = registry or CollectorRegistry(auto_describe=False)
        if registry is None:
            ProcessCollector(registry=self.registry)
        self._own = OwnMetrics(
            {name: device.labels for name, device in self._devices.items()},
            duplicates=lambda name: self._devices[name].duplicates(),
            clock=clock,
            steady=steady,
        )

    def add(self, name: str, labels: Mapping[str, str]) -> None:
        """Add or replace a device."""
        self._devices[name] = _DeviceSamples(name, labels)
        self._own.add(name, self._devices[name].labels)

    def remove(self, name: str) -> None:
        """Drop a device and all its series. Raises KeyError for an unknown name."""
        del self._devices[name]
        self._own.remove(name)

    def derive(self, device: str, series_set: SeriesSet) -> None:
        """Make the label text of a set of series that is new. Raises KeyError as ``update``."""
        self._devices[device].lay_out(series_set)

    def update(self, state: DeviceState, result: PollResult) -> None:
        """Render one poll; subscribe this to the store. Raises KeyError for an unknown device."""
        self._devices[state.name].update(state)
        self._own.observe(state, result.duration_s, result.late_s)

    def render(self, form: ExpositionFormat = ExpositionFormat.TEXT) -> bytes:
        """Return the exposition in UTF-8: families by name, then the agent's own metrics."""
        families: dict[str, list[bytes]] = {}
        now = self._steady()
        for device in self._devices.values():
            if device.info:
                families.setdefault(_INFO.name, []).append(device.info)
            for rendered in device.fresh(now):
                for name, text in rendered.chunks:
                    families.setdefault(name, []).append(text)
        parts: list[bytes] = []
        for name in sorted(families):
            parts.append(self._header(name, form))
            parts += families[name]
        parts.append(self._own.text(form).encode())
        parts.append(self._registered(form))
        return b"".join(parts)

    def _header(self, name: str, form: ExpositionFormat) -> bytes:
        key = (name, form)
        if key not in self._headers:  # bounded by the catalogue
            self._headers[key] = header(CATALOGUE[name], form).encode()
        return self._headers[key]

    def _registered(self, form: ExpositionFormat) -> bytes:
        encode, _ = choose_encoder(form.value)
        return encode(self.registry)
