"""A rack of a test's own behind the pages, and what a person reads on them."""

import html
import re
from collections.abc import Mapping

from agent.expose.device_info import DeviceView
from agent.model.values import Failure, Flaw, PollResult, Value
from agent.store.history import History
from agent.store.latest import Store
from agent.web.data.site import Site
from agent.web.routes import Pages
from tests.agent.expose.rack import NOW, Clock, block, series

EVIL = """<script>alert(1)</script>"'>"""
Said = Mapping[tuple[str, tuple[tuple[str, str], ...]], Value]
"""What a device tells: value by metric and labels."""


def said(metric: str, value: Value, **labels: str) -> Said:
    """One series; ``|`` them together."""
    return {(f"rack_{metric}", tuple(labels.items())): value}


class View:
    """Devices of rack ``r1`` by name and kind, and what they told."""

    def __init__(self, kinds: Mapping[str, str], labels: Mapping[str, str] | None = None) -> None:
        self.clock = Clock()
        self.store = Store(dict.fromkeys(kinds, 30.0), clock=self.clock, steady=self.clock)
        self.views = [
            DeviceView(name, "r1", "lab", kind, "", "snmp://192.0.2.1", labels or {})
            for name, kind in kinds.items()
        ]
        history = History()
        self.store.subscribe(history.observe)
        self.site = Site(self.store, self.views, history, lambda _: None)
        self.pages = Pages(self.site, lambda: True)

    def tell(self, device: str, told: Said, *, flaw: Flaw | None = None, at: float = NOW) -> None:
        """A poll of a device; with ``flaw`` every value of it has that."""
        rows = tuple(
            series(device, metric, dict(labels), states=(value,) if isinstance(value, str) else ())
            for (metric, labels), value in told.items()
        )
        flaws = dict.fromkeys(range(len(rows)), flaw) if flaw else {}
        found = block(rows, list(told.values()), at=at, flaws=flaws)
        self.store.put(PollResult(device, True, {0: (found,)}, (), at, 0.1))

    def silence(self, device: str, why: str = "no answer in 2 s") -> None:
        """A poll of a device that found nobody."""
        self.store.put(PollResult(device, False, {}, (Failure("timeout", why),), NOW, 2.0))

    def html(self, part: str) -> str:
        """A view of the rack as it is fetched."""
        path = f"rack/r1/{part}"
        return self.pages.html(path, self.pages.render(path), kiosk=False)

    def text(self, part: str) -> str:
        """What a person reads there, in one line."""
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", self.html(part))).split())

    def cells(self, part: str) -> Mapping[str, Mapping[str, str]]:
        """What is live there."""
        return self.pages.render(f"rack/r1/{part}").cells


def harmless(page: str) -> bool:
    """Whether ``EVIL`` stands there as text and nowhere as markup."""
    return "&lt;script&gt;alert" in page and "<script>alert" not in page and "\"'>" not in page
