"""The configuration of a device as the HTTP interface shows it, without secrets."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.config.spec import PositionSpec
from agent.store.latest import DeviceState

_SECRET = re.compile(r"(?i)auth|communit|credential|key|pass|priv|pwd|secret|token|user")


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A configured device. ``profile`` is empty until the device is identified.

    ``labels`` are the device's own (site, rack, feed, ...). ``url`` may contain secrets; show only
    ``address``. ``position`` is the place in the rack, None if not configured.
    """

    name: str
    rack: str
    site: str
    kind: str
    profile: str
    url: str = field(repr=False)
    labels: Mapping[str, str] = field(default_factory=dict)
    position: PositionSpec | None = None

    @property
    def address(self) -> str:
        """The URL without user information and without parameters that may be secret."""
        scheme, separator, rest = self.url.partition("://")
        place, _, query = rest.partition("?")
        authority, slash, path = place.partition("/")
        options = [o for o in query.split("&") if o and not _SECRET.search(o.partition("=")[0])]
        shown = f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"
        return f"{shown}?{'&'.join(options)}" if options else shown


def condition(state: DeviceState) -> str:
    """Return ``up``, ``down``, or ``waiting`` before the first poll."""
    if not state.polls:
        return "waiting"
    return "up" if state.up else "down"
