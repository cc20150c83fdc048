"""What the pages look at: the store, the devices that are configured, their history."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent.commission.journal.run_index import RunIndex
from agent.expose.device_info import DeviceView
from agent.profile.points import Profile
from agent.store.history import History
from agent.store.latest import Store
from agent.web.data.cables import Plan, Plans
from agent.web.data.runs import Runs
from agent.web.data.summary import Summaries, Summary
from agent.web.not_found import NotHere

_FEEDS = {"-a": "A", "_a": "A", "-b": "B", "_b": "B"}


@dataclass(frozen=True, slots=True)
class Site:
    """``views`` is looked at each time, because a reload changes it in place.

    ``profile`` gives a profile by name, None where it is not known; ``runs`` are those of
    commissioning. ``plan`` says where a rack's build sheet is, ``plans`` has read it.
    """

    store: Store
    views: Sequence[DeviceView]
    history: History
    profile: Callable[[str], Profile | None]
    runs: Runs = field(default_factory=lambda: Runs(RunIndex(None)))
    plan: Callable[[str], Plan | None] = lambda _: None
    plans: Plans = field(default_factory=Plans)
    summaries: Summaries = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "summaries", Summaries(self.store))

    def racks(self) -> dict[str, list[DeviceView]]:
        """The devices of each rack, both in the order of the configuration."""
        found: dict[str, list[DeviceView]] = {}
        for view in self.views:
            found.setdefault(view.rack, []).append(view)
        return found

    def rack(self, name: str) -> list[DeviceView]:
        """The devices of one rack. Raises NotHere."""
        found = [view for view in self.views if view.rack == name]
        if not found:
            raise NotHere(f"no rack {name!r} is configured")
        return found

    def device(self, name: str) -> DeviceView:
        """One device. Raises NotHere."""
        for view in self.views:
            if view.name == name:
                return view
        raise NotHere(f"no device {name!r} is configured")

    async def refresh(self) -> None:
        """Make the summaries that are due without holding the polls up."""
        await self.summaries.refresh(list(self.views))

    def summary(self, view: DeviceView) -> Summary:
        """A device in a few words."""
        return self.summaries.of(view)


def feed_of(view: DeviceView) -> str:
    """``A``, ``B`` or what the label ``feed`` says; by the name's end without one; else empty."""
    return view.labels.get("feed", "").upper() or _FEEDS.get(view.name[-2:].lower(), "")
