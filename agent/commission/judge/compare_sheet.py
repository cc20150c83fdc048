"""The build sheet against what devices say: identities, firmware, cables at both ends, ports."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from agent.commission.spec.build_sheet import Sheet, SheetCable, SheetDevice, SheetEnd
from agent.commission.spec.inventory import Neighbor, Seen

_UP = "up"
_LOOKED_AT = ("vendor", "model", "serial", "firmware")


class What(StrEnum):
    """What a finding is about."""

    SILENT = "silent"
    IDENTITY = "identity"
    FIRMWARE = "firmware"
    CABLING = "cabling"
    PORTS = "ports"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as planned. ``partner`` is the port that it is swapped with."""

    what: What
    where: str
    planned: str
    found: str
    says: str
    partner: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.says}"


@dataclass(frozen=True, slots=True)
class SheetComparison:
    """What was compared, by what it is about, and what is not as planned."""

    findings: tuple[Finding, ...]
    compared: Mapping[What, int]

    def of(self, what: What) -> tuple[Finding, ...]:
        """The findings about one thing; a silent device concerns everything."""
        return tuple(each for each in self.findings if each.what in (what, What.SILENT))


def compare(sheet: Sheet, seen: Seen, names: Mapping[str, str]) -> SheetComparison:
    """Everything on the sheet against everything seen. ``names`` are device names by role."""
    ends = _ends(sheet, names)
    findings = [
        *_silent(sheet, seen, names),
        *_identities(sheet, seen, names),
        *_cabling(ends, seen),
        *_unplanned(ends, seen),
        *_ports(sheet, seen, names),
    ]
    counted = {
        What.IDENTITY: sum(bool(d.serial or d.model or d.vendor) for d in sheet.devices),
        What.FIRMWARE: sum(bool(device.firmware) for device in sheet.devices),
        What.CABLING: len([end for end in ends if end[0] in names.values()]),
        What.PORTS: len([end for end in ends if end[0] in names.values()]),
    }
    return SheetComparison(tuple(findings), counted)


def _name(device: str, names: Mapping[str, str]) -> str:
    """The configuration's name of what the sheet calls by its name or its role."""
    return names.get(device, device)


def _silent(sheet: Sheet, seen: Seen, names: Mapping[str, str]) -> Iterator[Finding]:
    known = set(names.values())
    wanted = dict.fromkeys(_name(device.device, names) for device in sheet.devices)
    for name in wanted:
        if name not in known:
            yield Finding(What.SILENT, name, name, "", "is on the sheet, but not configured")
        elif name not in seen.devices:
            yield Finding(What.SILENT, name, name, "", "does not answer")
    for name in sorted(known & seen.unread):
        yield Finding(What.SILENT, name, name, "", "its neighbours could not be read")


def _identities(sheet: Sheet, seen: Seen, names: Mapping[str, str]) -> Iterator[Finding]:
    for planned in sheet.devices:
        name = _name(planned.device, names)
        if name not in seen.devices:
            continue
        said = seen.identity.get((name, planned.component))
        where = f"{name} {planned.component}".rstrip()
        if said is None:
            yield Finding(What.IDENTITY, where, planned.serial, "", "does not say what it is")
            continue
        yield from _identity(planned, where, said)
        yield from _mac(planned, name, seen)


def _identity(planned: SheetDevice, where: str, said: Mapping[str, str]) -> Iterator[Finding]:
    for key in _LOOKED_AT:
        wanted, found = getattr(planned, key), said.get(key, "")
        if wanted and wanted != found:
            what = What.FIRMWARE if key == "firmware" else What.IDENTITY
            says = f"{key} is {found or 'not told'}, planned is {wanted}"
            yield Finding(what, where, wanted, found, says)


def _mac(planned: SheetDevice, name: str, seen: Seen) -> Iterator[Finding]:
    """Its own ports say a MAC, or a switch at the other end of a cable has heard it."""
    if not planned.mac or planned.component:
        return
    own = {_plain(mac) for (device, _), mac in seen.mac.items() if device == name and mac}
    heard = {
        _plain(each.chassis)
        for neighbors in seen.neighbors.values()
        for each in neighbors
        if each.system == name and each.chassis
    }
    found = own | heard
    if _plain(planned.mac) not in found:
        shown = ", ".join(sorted(found)[:3]) or "not told"
        says = f"MAC is {shown}, planned is {planned.mac}"
        yield Finding(What.IDENTITY, name, planned.mac, shown, says)


def _plain(mac: str) -> str:
    return mac.lower().replace("-", ":").replace(".", ":")


_Place = tuple[str, str]
"""A device and one of its ports."""


def _ends(sheet: Sheet, names: Mapping[str, str]) -> dict[_Place, SheetEnd]:
    """Who should stand at the other end, seen from each end."""
    planned = {}
    for cable in sheet.cables:
        for own, other in ((cable.a, cable.b), (cable.b, cable.a)):
            far = SheetEnd(device=_name(other.device, names), port=other.port)
            planned[_name(own.device, names), own.port] = far
    return planned


def _is(neighbor: Neighbor, end: SheetEnd) -> bool:
    """Whether LLDP's words mean that end; ports have a number, a name or both."""
    port = end.port.lower()
    same_device = end.device.lower() in (neighbor.system.lower(), _plain(neighbor.chassis))
    return same_device and port in (neighbor.port.lower(), neighbor.port_name.lower())


def _cabling(planned: Mapping[_Place, SheetEnd], seen: Seen) -> Iterator[Finding]:
    wrong: dict[_Place, tuple[Neighbor, ...]] = {}
    listening = {device for device, _ in seen.neighbors}
    for place, end in planned.items():
        neighbors = seen.neighbors.get(place, ())
        speaks = place[0] in listening or place in seen.state
        as_planned = any(_is(each, end) for each in neighbors)
        unknown = place[0] in seen.unread and not neighbors
        if place[0] in seen.devices and speaks and not (as_planned or unknown):
            wrong[place] = neighbors
    told: set[_Place] = set()
    for place, neighbors in wrong.items():
        if place in told:
            continue
        partner = next((o for o in wrong if _swapped(place, o, planned, wrong)), None)
        where, end = f"{place[0]} {place[1]}", planned[place]
        if partner is not None:
            told |= {place, partner}
            says = (
                f"swapped with {partner[0]} {partner[1]}: {neighbors[0]} and"
                f" {wrong[partner][0]} are exchanged"
            )
            other = f"{partner[0]} {partner[1]}"
            yield Finding(What.CABLING, where, str(end), str(neighbors[0]), says, other)
        elif not neighbors:
            yield Finding(What.CABLING, where, str(end), "", f"nobody is there, planned is {end}")
        else:
            found = ", ".join(map(str, neighbors))
            home = next(
                (o for o, e in planned.items() if o != place and _is(neighbors[0], e)), None
            )
            moved = f", which belongs to {home[0]} {home[1]}" if home else ""
            says = f"{found} is there{moved}; planned is {end}"
            yield Finding(What.CABLING, where, str(end), found, says)


def _swapped(
    one: _Place,
    other: _Place,
    planned: Mapping[_Place, SheetEnd],
    wrong: Mapping[_Place, tuple[Neighbor, ...]],
) -> bool:
    """Whether each of two ports has the neighbour that the other should have."""
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
            yield Finding(What.CABLING, where, "", found, f"{found} is there, nobody is planned")


def _ports(sheet: Sheet, seen: Seen, names: Mapping[str, str]) -> Iterator[Finding]:
    for cable in sheet.cables:
        for end in (cable.a, cable.b):
            place = (_name(end.device, names), end.port)
            if place in seen.state:
                yield from _port(cable, place, seen)
            elif (
                place[0] in names.values()
                and place[0] in seen.devices
                and _tells_ports(place, seen)
            ):
                where = f"{place[0]} {place[1]}"
                yield Finding(What.PORTS, where, _UP, "", "there is no such port")


def _tells_ports(place: _Place, seen: Seen) -> bool:
    return any(device == place[0] for device, _ in seen.state)


def _port(cable: SheetCable, place: _Place, seen: Seen) -> Iterator[Finding]:
    where, state = f"{place[0]} {place[1]}", seen.state[place]
    if state != _UP:
        yield Finding(What.PORTS, where, _UP, state, f"is {state}")
    wanted, found = cable.speed_b_s(), seen.speed.get(place)
    if wanted is not None and found != wanted:
        shown = "not told" if found is None else f"{found * 8 / 1e9:g} Gbit/s"
        says = f"speed is {shown}, planned is {cable.speed}"
        yield Finding(What.PORTS, where, cable.speed, shown, says)
