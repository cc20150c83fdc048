"""Inject faults by name, into a device or a rack, now or at a planned time, for a duration."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import count

from agent.model.errors import ConfigError
from simulator.faults.catalogue import ALIASES, unknown
from simulator.faults.schedule import Planned
from simulator.faults.wire_faults import WIRE_FAULTS, WireEnd
from simulator.model.faults.catalogue import FAULTS
from simulator.model.faults.fault import Param, Params, complete
from simulator.model.rack import RackModel

_ACTIVE_MAX = 1000
_PLANNED_MAX = 10_000


@dataclass(frozen=True, slots=True)
class FaultTarget:
    """The rack and role of a device, for faults that name the device."""

    rack: str
    role: str
    end: WireEnd


@dataclass(frozen=True, slots=True)
class Active:
    """An active fault. Exactly one of ``rack`` and ``device`` is set; times in rack seconds.

    ``until_s`` is None for one that stays until it is cleared.
    """

    id: int
    fault: str
    params: Mapping[str, Param]
    rack: str
    device: str
    since_s: float
    until_s: float | None

    @property
    def where(self) -> str:
        """Return the rack or device it is in."""
        return self.device or self.rack


@dataclass(frozen=True, slots=True)
class _FaultRequest:
    """A requested fault with its rack or device resolved and its parameters complete."""

    fault: str
    params: Params
    rack: str
    device: str


class FaultInjector:
    """Injects faults into the racks and devices of one site. ``clock`` returns rack seconds."""

    def __init__(
        self,
        racks: Mapping[str, RackModel],
        targets: Mapping[str, FaultTarget],
        clock: Callable[[], float],
    ) -> None:
        self._racks, self._targets, self._clock = racks, targets, clock
        self._active: dict[int, Active] = {}
        self._numbers = count(1)
        self._due: list[tuple[float, int, Planned | int]] = []

    @property
    def active(self) -> tuple[Active, ...]:
        """Return the active faults, oldest first."""
        return tuple(self._active.values())

    def inject(
        self, name: str, params: Mapping[str, object] | None = None, for_s: float | None = None
    ) -> Active:
        """Inject a fault now, for ``for_s`` rack seconds or until it is cleared.

        ``params`` may hold ``device`` or ``rack`` besides the fault's own. Raises ConfigError that
        lists the valid names.
        """
        if len(self._active) >= _ACTIVE_MAX:
            raise ConfigError(f"{_ACTIVE_MAX} faults are active; clear some first")
        order = self._request(name, params or {})
        number, now = next(self._numbers), self._clock()
        if order.fault in WIRE_FAULTS:
            kind = WIRE_FAULTS[order.fault]
            kind.begin(self._targets[order.device].end, str(number), order.params)
            for_s = kind.lasts_s if for_s is None else for_s
        else:
            injected = self._racks[order.rack].inject(order.fault, **order.params)
            order = replace(order, params=dict(injected.params))
            self._replace(order)
        until = None if for_s is None else now + for_s
        active = Active(number, order.fault, order.params, order.rack, order.device, now, until)
        self._active[number] = active
        if until is not None:
            heappush(self._due, (until, number, number))
        return active

    def clear(self, number: int) -> Active:
        """Clear one fault by its number. Raises ConfigError if it is not active."""
        active = self._active.pop(number, None)
        if active is None:
            known = ", ".join(map(str, self._active)) or "none"
            raise ConfigError(f"fault {number} is not active; active: {known}")
        if active.device:
            WIRE_FAULTS[active.fault].end(self._targets[active.device].end, str(number))
        else:
            self._racks[active.rack].clear(active.fault, **active.params)
        return active

    def plan(self, planned: Iterable[Planned]) -> None:
        """Plan faults for later. Each is tried first, so that none fails when it is due.

        Raises ConfigError, and plans nothing, if one of them cannot be injected.
        """
        wanted = list(planned)
        if len(self._due) + len(wanted) > _PLANNED_MAX:
            raise ConfigError(f"more than {_PLANNED_MAX} faults planned")
        for item in wanted:
            self._rehearse(item)
        for item in wanted:
            heappush(self._due, (item.at_s, next(self._numbers), item))

    def next_due_s(self) -> float | None:
        """Return when something begins or ends next, in rack seconds."""
        return self._due[0][0] if self._due else None

    def run_due(self) -> None:
        """Begin and end what is due."""
        while self._due and self._due[0][0] <= self._clock():
            _, _, item = heappop(self._due)
            if isinstance(item, Planned):
                self.inject(item.fault, item.params, item.for_s)
            elif item in self._active:
                self.clear(item)

    def restored(self) -> None:
        """Take over the faults of the racks' restored states; those of the wire stay."""
        self._active = {number: held for number, held in self._active.items() if held.device}
        for rack, model in self._racks.items():
            for injected in model.faults:
                number = next(self._numbers)
                self._active[number] = Active(
                    number, injected.name, injected.params, rack, "", self._clock(), None
                )

    def _request(self, name: str, given: Mapping[str, object]) -> _FaultRequest:
        params = dict(given)
        if name in ALIASES:
            alias = ALIASES[name]
            name, params = alias.fault, {**alias.params, **params}
        device, rack = str(params.pop("device", "") or ""), str(params.pop("rack", "") or "")
        if device and device not in self._targets:
            raise ConfigError(f"unknown device {device!r}; known: {', '.join(self._targets)}")
        if name in WIRE_FAULTS:
            kind = WIRE_FAULTS[name]
            device = device or self._only_device(name, kind.protocols)
            return _FaultRequest(name, complete(name, kind.defaults, params), "", device)
        if name not in FAULTS:
            raise unknown(name)
        defaults = FAULTS[name].defaults
        rack = rack or (self._targets[device].rack if device else self._only_rack(name))
        if rack not in self._racks:
            raise ConfigError(f"unknown rack {rack!r}; known: {', '.join(self._racks)}")
        if device:
            params = {**_place(self._targets[device].role, defaults), **params}
        return _FaultRequest(name, complete(name, defaults, params), rack, "")

    def _only_device(self, name: str, protocols: tuple[str, ...]) -> str:
        fit = [
            device
            for device, target in self._targets.items()
            if target.end.line.protocol in protocols
        ]
        if len(fit) == 1:
            return fit[0]
        raise ConfigError(f"fault {name} needs device=NAME; known: {', '.join(fit) or 'none'}")

    def _only_rack(self, name: str) -> str:
        if len(self._racks) == 1:
            return next(iter(self._racks))
        raise ConfigError(f"fault {name} needs rack=NAME; known: {', '.join(self._racks)}")

    def _rehearse(self, item: Planned) -> None:
        try:
            order = self._request(item.fault, item.params)
            if order.rack:
                model = self._racks[order.rack]
                # A fault cannot be tried on the rack itself, and a new rack takes 20 ms to build.
                RackModel(model.spec, model.seed).inject(order.fault, **order.params)
            else:
                end = self._targets[order.device].end
                kind = replace(WIRE_FAULTS[order.fault], begins=_nothing, ends=_nothing)
                kind.begin(end, "rehearsal", order.params)
                kind.end(end, "rehearsal")
        except ConfigError as error:
            raise ConfigError(f"{item.origin}: {error}") from None

    def _replace(self, order: _FaultRequest) -> None:
        """Remove the entry of a fault that the rack has just replaced by another in its place."""
        place = FAULTS[order.fault].place
        for number, held in list(self._active.items()):
            same = (held.fault, held.rack) == (order.fault, order.rack)
            if same and all(held.params[name] == order.params[name] for name in place):
                del self._active[number]


def _nothing(end: WireEnd) -> None:
    return


def _place(role: str, defaults: Mapping[str, Param]) -> dict[str, Param]:
    """Return the parameters that follow from a device's role: ``pdu-b`` is feed b."""
    kind, _, rest = role.rpartition("-")
    found: dict[str, Param] = {}
    if "role" in defaults:
        found["role"] = role
    if kind == "pdu" and "feed" in defaults:
        found["feed"] = rest
    if kind in ("switch", "shelf", "bbu") and kind in defaults and rest.isdecimal():
        found[kind] = int(rest)
    return found
