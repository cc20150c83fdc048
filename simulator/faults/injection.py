"""The desk that faults are handed in at: by name, for a device or a rack, for a while, on time."""

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
class DeviceSeat:
    """Where a device stands, for faults that are addressed to it."""

    rack: str
    role: str
    end: WireEnd


@dataclass(frozen=True, slots=True)
class Active:
    """A fault in force. Exactly one of ``rack`` and ``device`` says where; times in rack seconds.

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
        """The rack or device it is in."""
        return self.device or self.rack


@dataclass(frozen=True, slots=True)
class _Order:
    """A fault that was asked for, with its place found and its parameters complete."""

    fault: str
    params: Params
    rack: str
    device: str


class Desk:
    """Lays faults on the racks and devices of one site. ``clock`` gives rack seconds."""

    def __init__(
        self,
        racks: Mapping[str, RackModel],
        seats: Mapping[str, DeviceSeat],
        clock: Callable[[], float],
    ) -> None:
        self._racks, self._seats, self._clock = racks, seats, clock
        self._active: dict[int, Active] = {}
        self._numbers = count(1)
        self._due: list[tuple[float, int, Planned | int]] = []

    @property
    def active(self) -> tuple[Active, ...]:
        """Faults in force, oldest first."""
        return tuple(self._active.values())

    def inject(
        self, name: str, params: Mapping[str, object] | None = None, for_s: float | None = None
    ) -> Active:
        """Break something now, for ``for_s`` rack seconds or until it is cleared.

        ``params`` may hold ``device`` or ``rack`` besides the fault's own. Raises ConfigError that
        says what there is instead of what was asked for.
        """
        if len(self._active) >= _ACTIVE_MAX:
            raise ConfigError(f"{_ACTIVE_MAX} faults are in force; clear some first")
        order = self._order(name, params or {})
        number, now = next(self._numbers), self._clock()
        if order.fault in WIRE_FAULTS:
            kind = WIRE_FAULTS[order.fault]
            kind.lay(self._seats[order.device].end, str(number), order.params)
            for_s = kind.lasts_s if for_s is None else for_s
        else:
            laid = self._racks[order.rack].inject(order.fault, **order.params)
            order = replace(order, params=dict(laid.params))
            self._replace(order)
        until = None if for_s is None else now + for_s
        active = Active(number, order.fault, order.params, order.rack, order.device, now, until)
        self._active[number] = active
        if until is not None:
            heappush(self._due, (until, number, number))
        return active

    def clear(self, number: int) -> Active:
        """Repair one fault by its number. Raises ConfigError where it is not in force."""
        active = self._active.pop(number, None)
        if active is None:
            known = ", ".join(map(str, self._active)) or "none"
            raise ConfigError(f"no fault {number} is in force; in force: {known}")
        if active.device:
            WIRE_FAULTS[active.fault].lift(self._seats[active.device].end, str(number))
        else:
            self._racks[active.rack].clear(active.fault, **active.params)
        return active

    def plan(self, planned: Iterable[Planned]) -> None:
        """Have faults injected when they are due. Each is tried first, so that none fails then.

        Raises ConfigError, and plans nothing, where one of them cannot be.
        """
        wanted = list(planned)
        if len(self._due) + len(wanted) > _PLANNED_MAX:
            raise ConfigError(f"more than {_PLANNED_MAX} faults are planned")
        for item in wanted:
            self._rehearse(item)
        for item in wanted:
            heappush(self._due, (item.at_s, next(self._numbers), item))

    def next_due_s(self) -> float | None:
        """When something begins or ends next, in rack seconds."""
        return self._due[0][0] if self._due else None

    def run_due(self) -> None:
        """Begin and end what is due by now."""
        while self._due and self._due[0][0] <= self._clock():
            _, _, item = heappop(self._due)
            if isinstance(item, Planned):
                self.inject(item.fault, item.params, item.for_s)
            elif item in self._active:
                self.clear(item)

    def restored(self) -> None:
        """Take over what the racks' restored states say of faults; those of the wire stay."""
        self._active = {number: held for number, held in self._active.items() if held.device}
        for rack, model in self._racks.items():
            for laid in model.faults:
                number = next(self._numbers)
                self._active[number] = Active(
                    number, laid.name, laid.params, rack, "", self._clock(), None
                )

    def _order(self, name: str, given: Mapping[str, object]) -> _Order:
        params = dict(given)
        if name in ALIASES:
            alias = ALIASES[name]
            name, params = alias.fault, {**alias.params, **params}
        device, rack = str(params.pop("device", "") or ""), str(params.pop("rack", "") or "")
        if device and device not in self._seats:
            raise ConfigError(f"no device {device!r}; there are: {', '.join(self._seats)}")
        if name in WIRE_FAULTS:
            kind = WIRE_FAULTS[name]
            device = device or self._only_device(name, kind.protocols)
            return _Order(name, complete(name, kind.defaults, params), "", device)
        if name not in FAULTS:
            raise unknown(name)
        defaults = FAULTS[name].defaults
        rack = rack or (self._seats[device].rack if device else self._only_rack(name))
        if rack not in self._racks:
            raise ConfigError(f"no rack {rack!r}; there are: {', '.join(self._racks)}")
        if device:
            params = {**_place(self._seats[device].role, defaults), **params}
        return _Order(name, complete(name, defaults, params), rack, "")

    def _only_device(self, name: str, protocols: tuple[str, ...]) -> str:
        fit = [
            device for device, seat in self._seats.items() if seat.end.line.protocol in protocols
        ]
        if len(fit) == 1:
            return fit[0]
        raise ConfigError(f"fault {name} needs device=NAME; there are: {', '.join(fit) or 'none'}")

    def _only_rack(self, name: str) -> str:
        if len(self._racks) == 1:
            return next(iter(self._racks))
        raise ConfigError(f"fault {name} needs rack=NAME; there are: {', '.join(self._racks)}")

    def _rehearse(self, item: Planned) -> None:
        try:
            order = self._order(item.fault, item.params)
            if order.rack:
                model = self._racks[order.rack]
                # Faults cannot be tried on the rack itself, and a rack takes 20 ms to make.
                RackModel(model.spec, model.seed).inject(order.fault, **order.params)
            else:
                end = self._seats[order.device].end
                kind = replace(WIRE_FAULTS[order.fault], begins=_nothing, ends=_nothing)
                kind.lay(end, "rehearsal", order.params)
                kind.lift(end, "rehearsal")
        except ConfigError as error:
            raise ConfigError(f"{item.origin}: {error}") from None

    def _replace(self, order: _Order) -> None:
        """Forget the entry of a fault that the rack has just replaced by another in its place."""
        place = FAULTS[order.fault].place
        for number, held in list(self._active.items()):
            same = (held.fault, held.rack) == (order.fault, order.rack)
            if same and all(held.params[name] == order.params[name] for name in place):
                del self._active[number]


def _nothing(end: WireEnd) -> None:
    return


def _place(role: str, defaults: Mapping[str, Param]) -> dict[str, Param]:
    """What a device's role says of where in its rack a fault is: ``pdu-b`` is feed b."""
    kind, _, rest = role.rpartition("-")
    found: dict[str, Param] = {}
    if "role" in defaults:
        found["role"] = role
    if kind == "pdu" and "feed" in defaults:
        found["feed"] = rest
    if kind in ("switch", "shelf", "bbu") and kind in defaults and rest.isdecimal():
        found[kind] = int(rest)
    return found
