"""Comparison of build sheet and devices: identities, firmware, cables at both ends, ports."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from agent.commission.spec.build_sheet import Sheet, SheetCable, SheetDevice, SheetEnd
from agent.commission.spec.inventory import Neighbor, Seen

_UP = "up"
_COMPARED_KEYS = ("vendor", "model", "serial", "firmware")


class Aspect(StrEnum):
    """The aspect of the plan that a finding is about."""

    SILENT = "silent"
    IDENTITY = "identity"
    FIRMWARE = "firmware"
    CABLING = "cabling"
    PORTS = "ports"


@dataclass(frozen=True, slots=True)
class Finding:
    """One deviation from the plan.

    ``where`` is a device with its component or port, ``says`` the text for people, ``partner`` the
    port that ``where`` is swapped with (empty if it is not).
    """

    what: Aspect
    where: str
    planned: str
    found: str
    says: str
    partner: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.says}"


@dataclass(frozen=True, slots=True)
class SheetComparison:
    """All deviations from the plan, and the number of compared items by aspect."""

    findings: tuple[Finding, ...]
    compared: Mapping[Aspect, int]

    def of(self, what: Aspect) -> tuple[Finding, ...]:
        """Return the findings about one aspect; a silent device concerns every aspect."""
        return tuple(each for each in self.findings if each.what in (what, Aspect.SILENT))


def compare(sheet: Sheet, seen: Seen, names: Mapping[str, str]) -> SheetComparison:
    """Compare the build sheet with what devices report. ``names`` are device names by role."""
    ends = _ends(sheet, names)
    findings = [
        *_silent(sheet, seen, names),
        *_identities(sheet, seen, names),
        *_cabling(ends, seen),
        *_unplanned(ends, seen),
        *_ports(sheet, seen, names),
    ]
    counted = {
        Aspect.IDENTITY: sum(bool(d.serial or d.model or d.vendor) for d in sheet.devices),
        Aspect.FIRMWARE: sum(bool(device.firmware) for device in sheet.devices),
        Aspect.CABLING: len([end for end in ends if end[0] in names.values()]),
        Aspect.PORTS: len([end for end in ends if end[0] in names.values()]),
    }
    return SheetComparison(tuple(findings), counted)


def _name(device: str, names: Mapping[str, str]) -> str:
    """Return the configured name of a device that the sheet names by its name or its role."""
    return names.get(device, device)


def _silent(sheet: Sheet, seen: Seen, names: Mapping[str, str]) -> Iterator[Finding]:
    known = set(names.values())
    wanted = dict.fromkeys(_name(device.device, names) for device in sheet.devices)
    for name in wanted:
        if name not in known:
            yield Finding(Aspect.SILENT, name, name, "", "is on the sheet, but not configured")
        elif name not in seen.devices:
            yield Finding(Aspect.SILENT, name, name, "", "does not answer")
    for name in sorted(known & seen.unread):
        yield Finding(Aspect.SILENT, name, name, "", "its neighbours could not be read")


def _identities(sheet: Sheet, seen: Seen, names: Mapping[str, str]) -> Iterator[Finding]:
    for planned in sheet.devices:
        name = _name(planned.device, names)
        if name not in seen.devices:
            continue
        identity = seen.identity.get((name, planned.component))
        where = f"{name} {planned.component}".rstrip()
        if identity is None:
            yield Finding(Aspect.IDENTITY, where, planned.serial, "", "reports no identity")
            continue
        yield from _identity(planned, where, identity)
        yield from _mac(planned, name, seen)


def _identity(planned: SheetDevice, where: str, identity: Mapping[str, str]) -> Iterator[Finding]:
    for key in _COMPARED_KEYS:
        wanted, found = getattr(planned, key), identity.get(key, "")
        if wanted and wanted != found:
            what = Aspect.FIRMWARE if key == "firmware" else Aspect.IDENTITY
            says = f"{key} is {found or 'not reported'}, expected {wanted}"
            yield Finding(what, where, wanted, found, says)


def _mac(planned: SheetDevice, name: str, seen: Seen) -> Iterator[Finding]:
    """Compare the MAC that the device's ports report, or that a neighbour has received by LLDP."""
    if not planned.mac or planned.component:
        return
    own = {_plain(mac) for (device, _), mac in seen.mac.items() if device == name and mac}
    received = {
        _plain(each.chassis)
        for neighbors in seen.neighbors.values()
        for each in neighbors
        if each.system == name and each.chassis
    }
    found = own | received
    if _plain(planned.mac) not in found:
        shown = ", ".join(sorted(found)[:3]) or "not reported"
        says = f"MAC is {shown}, expected {planned.mac}"
        yield Finding(Aspect.IDENTITY, name, planned.mac, shown, says)


def _plain(mac: str) -> str:
    return mac.lower().replace("-", ":").replace(".", ":")


_Place = tuple[str, str]
"""A device and one of its ports."""


def _ends(sheet: Sheet, names: Mapping[str, str]) -> dict[_Place, SheetEnd]:
    """Return the planned far end of each cable, by either end."""
    planned = {}
    for cable in sheet.cables:
        for own, other in ((cable.a, cable.b), (cable.b, cable.a)):
            far = SheetEnd(device=_name(other.device, names), port=other.port)
            planned[_name(own.device, names), own.port] = far
    return planned


def _is(neighbor: Neighbor, end: SheetEnd) -> bool:
    """Return True if an LLDP neighbour is that end; its port has a number, a name or both."""
    port = end.port.lower()
    same_device = end.device.lower() in (neighbor.system.lower(), _plain(neighbor.chassis))
    return same_device and port in (neighbor.port.lower(), neighbor.port_name.lower())


def _cabling(planned: Mapping[_Place, SheetEnd], seen: Seen) -> Iterator[Finding]:
    wrong: dict[_Place, tuple[Neighbor, ...]] = {}
    with_lldp = {device for device, _ in seen.neighbors}
    for place, end in planned.items():
        neighbors = seen.neighbors.get(place, ())
        reports = place[0] in with_lldp or place in seen.state
        as_planned = any(_is(each, end) for each in neighbors)
        unknown = place[0] in seen.unread and not neighbors
        if place[0] in seen.devices and reports and not (as_planned or unknown):
            wrong[place] = neighbors
    done: set[_Place] = set()
    for place, neighbors in wrong.items():
        if place in done:
            continue
        partner = next((o for o in wrong if _swapped(place, o, planned, wrong)), None)
        where, end = f"{place[0]} {place[1]}", planned[place]
        if partner is not None:
            done |= {place, partner}
            says = (
                f"swapped with {partner[0]} {partner[1]}: {neighbors[0]} and"
                f" {wrong[partner][0]} are exchanged"
            )
            other = f"{partner[0]} {partner[1]}"
            yield Finding(Aspect.CABLING, where, str(end), str(neighbors[0]), says, other)
        elif not neighbors:
            yield Finding(Aspect.CABLING, where, str(end), "", f"no LLDP neighbour, expected {end}")
        else:
            found = ", ".join(map(str, neighbors))
            home = next(
                (o for o, e in planned.items() if o != place and _is(neighbors[0], e)), None
            )
            moved = f", which belongs to {home[0]} {home[1]}" if home else ""
            says = f"neighbour is {found}{moved}; expected {end}"
            yield Finding(Aspect.CABLING, where, str(end), found, says)


def _swapped(
    one: _Place,
    other: _Place,
    planned: Mapping[_Place, SheetEnd],
    wrong: Mapping[_Place, tuple[Neighbor, ...]],
) -> bool:
    """Return True if each of two ports has the neighbour that the other should have."""
    return one != other and (
        any(_is(each, planned[other]) for each in wrong[one])
        and any(_is(each, planned[one]) for each in wrong[other])
    )


def _unplanned(planned: Mapping[_Place, SheetEnd], seen: Seen) -> Iterator[Finding]:
    on_the_plan = {device for device, _ in planned}
    for place, neighbors in seen.neighbors.items():
        if place not in planned and place[0] in on_the_plan:
            found = ", ".join(map(str, neighbors))
            where = f"{place[0]} {place[1]}"
            yield Finding(
                Aspect.CABLING, where, "", found, f"neighbour is {found}, none is planned"
            )


def _ports(sheet: Sheet, seen: Seen, names: Mapping[str, str]) -> Iterator[Finding]:
    for cable in sheet.cables:
        for end in (cable.a, cable.b):
            place = (_name(end.device, names), end.port)
            if place in seen.state:
                yield from _port(cable, place, seen)
            elif (
                place[0] in names.values()
                and place[0] in seen.devices
                and _reports_ports(place, seen)
            ):
                where = f"{place[0]} {place[1]}"
                yield Finding(Aspect.PORTS, where, _UP, "", "the port does not exist")


def _reports_ports(place: _Place, seen: Seen) -> bool:
    return any(device == place[0] for device, _ in seen.state)


def _port(cable: SheetCable, place: _Place, seen: Seen) -> Iterator[Finding]:
    where, state = f"{place[0]} {place[1]}", seen.state[place]
    if state != _UP:
        yield Finding(Aspect.PORTS, where, _UP, state, f"is {state}")
    wanted, found = cable.speed_b_s(), seen.speed.get(place)
    if wanted is not None and found != wanted:
        shown = "not reported" if found is None else f"{found * 8 / 1e9:g} Gbit/s"
        says = f"speed is {shown}, expected {cable.speed}"
        yield Finding(Aspect.PORTS, where, cable.speed, shown, says)
