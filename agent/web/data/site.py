"""The data sources of the pages: the configured devices, their state and their history."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent.commission.journal.run_index import RunIndex
from agent.expose.device_info import DeviceView
from agent.profile.points import Profile
from agent.store.history import History
from agent.store.latest import Store
from agent.web.data.cables import CablePlan, CablePlans
from agent.web.data.runs import Runs
from agent.web.data.summary import Summaries, Summary
from agent.web.not_found import NotFound

_FEEDS = {"-a": "A", "_a": "A", "-b": "B", "_b": "B"}


@dataclass(slots=True)
class Site:
    """The configured devices of all racks, and where the pages find their data.

    ``views`` is read on every request, because a reload changes it in place. ``profile`` returns a
    profile by name, or None; ``runs`` are the commissioning runs. ``plan`` returns where the build
    sheet of a rack is, or None; ``plans`` keeps the sheets that were read.
    """

    store: Store
    views: Sequence[DeviceView]
    history: History
    profile: Callable[[str], Profile | None]
    runs: Runs = field(default_factory=lambda: Runs(RunIndex(None)))
    plan: Callable[[str], CablePlan | None] = lambda _: None
    plans: CablePlans = field(default_factory=CablePlans)
    summaries: Summaries = field(init=False)

    def __post_init__(self) -> None:
        self.summaries = Summaries(self.store)

    def racks(self) -> dict[str, list[DeviceView]]:
        """Return the devices of each rack, both in the order of the configuration."""
        found: dict[str, list[DeviceView]] = {}
        for view in self.views:
            found.setdefault(view.rack, []).append(view)
        return found

    def rack(self, name: str) -> list[DeviceView]:
        """Return the devices of one rack. Raises NotFound."""
        found = [view for view in self.views if view.rack == name]
        if not found:
            raise NotFound(f"no rack {name!r} is configured")
        return found

    def device(self, name: str) -> DeviceView:
        """Return one device. Raises NotFound."""
        for view in self.views:
            if view.name == name:
                return view
        raise NotFound(f"no device {name!r} is configured")

    async def refresh(self) -> None:
        """Renew the summaries that are due, in slices that do not delay the polls."""
        await self.summaries.refresh(list(self.views))

    def summary(self, view: DeviceView) -> Summary:
        """Return the summary of a device."""
        return self.summaries.of(view)


def feed_of(view: DeviceView) -> str:
    """Return the feed of a device, ``A`` or ``B``: its label ``feed``, else the end of its name.

    Return an empty text if neither gives one.
    """
    return view.labels.get("feed", "").upper() or _FEEDS.get(view.name[-2:].lower(), "")
