"""A build sheet drafted from the reported identities of a rack that is known to be correct."""

from typing import Any

from agent.commission.spec.inventory import Neighbor, Seen

_BITS = 8
_GIGA = 1e9


def draft_sheet(seen: Seen, rack: str) -> dict[str, Any]:
    """Return the sheet as data, sorted by name; it has only what devices reported."""
    devices = []
    for (device, component), labels in sorted(seen.identity.items()):
        row = {"device": device, "component": component}
        row |= {key: labels.get(key, "") for key in ("vendor", "model", "serial", "firmware")}
        devices.append({key: value for key, value in row.items() if value})
    cables: list[dict[str, Any]] = []
    listed: set[tuple[str, str]] = set()
    for place, neighbors in sorted(seen.neighbors.items()):
        for neighbor in neighbors:
            end = (neighbor.system or neighbor.chassis, _port(neighbor))
            if place in listed or not all(end):
                continue
            listed |= {place, end}
            cable: dict[str, Any] = {
                "a": {"device": place[0], "port": place[1]},
                "b": {"device": end[0], "port": end[1]},
            }
            if speed := seen.speed.get(place):
                cable["speed"] = f"{speed * _BITS / _GIGA:g} Gbit/s"
            cables.append(cable)
    return {"rack": rack, "devices": devices, "cables": cables}


def _port(neighbor: Neighbor) -> str:
    return neighbor.port_name or neighbor.port
