"""The network of a rack: ports and their errors, optical modules, LLDP neighbours; pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log10

from agent.store.history import History
from agent.web.data.query import DeviceValues, Labels

_ERRORS = {
    "rack_port_receive_errors_total": "receive errors",
    "rack_port_transmit_errors_total": "transmit errors",
    "rack_port_receive_discards_total": "receive discards",
    "rack_port_transmit_discards_total": "transmit discards",
    "rack_port_fec_uncorrected_total": "uncorrected FEC code words",
}
_DIGITS = re.compile(r"(\d+)")
_LAST = re.compile(r"\d+(?:[/:.]\d+)*$")
_MILLIWATT = 1e-3
_ABOVE_ZERO = 1e-9  # W; below the sensitivity of any receiver


@dataclass(frozen=True, slots=True)
class Port:
    """One port. ``speed`` is in bytes per second; ``errors`` are totals above zero, by name.

    ``rising`` is the number of errors and discards in the last minutes.
    """

    name: str
    admin: str
    oper: str
    speed: float | None
    neighbor: str
    errors: Mapping[str, float]
    rising: float

    @property
    def short(self) -> str:
        """The number of the port, or the last four characters of its name."""
        found = _LAST.search(self.name)
        return found.group(0) if found else self.name[-4:]


@dataclass(frozen=True, slots=True)
class Optic:
    """One optical module; powers in dBm are those of its weakest lane."""

    name: str
    sent: float | None
    received: float | None
    celsius: float | None


def ports(seen: DeviceValues, rising: Mapping[str, float]) -> list[Port]:
    """Return the ports of a device, ordered by number.

    ``rising`` gives the number of recent errors by port.
    """
    oper = {has.get("port", ""): word for has, word in seen.texts("rack_port_oper_state")}
    admin = {has.get("port", ""): word for has, word in seen.texts("rack_port_admin_state")}
    speed = {has.get("port", ""): v for has, v in seen.each("rack_port_speed_bytes_per_second")}
    others = neighbors(seen)
    errors: dict[str, dict[str, float]] = {}
    for metric, words in _ERRORS.items():
        for has, value in seen.each(metric):
            if value > 0:
                of_port = errors.setdefault(has.get("port", ""), {})
                of_port[words] = of_port.get(words, 0) + value
    return [
        Port(
            name,
            admin.get(name, ""),
            oper[name],
            speed.get(name),
            others.get(name, ""),
            errors.get(name, {}),
            rising.get(name, 0.0),
        )
        for name in sorted(oper, key=natural)
    ]


def rising(history: History, device: str) -> dict[str, float]:
    """Return the errors and discards within the stored history, by port.

    A counter that was reset counts as no increase.
    """
    found: dict[str, float] = {}
    for _, track in history.tracks(device):
        for position, series in enumerate(track.series):
            if series.metric.name not in _ERRORS:
                continue
            points = track.points(position)
            more = points[-1][1] - points[0][1] if points else 0.0
            if more > 0:
                port = dict(series.labels).get("port", "")
                found[port] = found.get(port, 0.0) + more
    return found


def neighbors(seen: DeviceValues) -> dict[str, str]:
    """Return the LLDP neighbour, system and port, by port."""
    found: dict[str, list[str]] = {}
    for has in seen.labels("rack_lldp_neighbor_info"):
        system = has.get("remote_system") or has.get("remote_chassis", "")
        port = has.get("remote_port_name") or has.get("remote_port", "")
        found.setdefault(has.get("port", ""), []).append(f"{system} {port}".strip())
    return {port: ", ".join(each) for port, each in found.items()}


def optics(seen: DeviceValues) -> list[Optic]:
    """Return the optical modules of a device, ordered by port."""
    sent = _power(seen, "transmit")
    received = _power(seen, "receive")
    celsius = {has.get("port", ""): v for has, v in seen.each("rack_optic_temperature_celsius")}
    return [
        Optic(name, sent.get(name), received.get(name), celsius.get(name))
        for name in sorted({*sent, *received, *celsius}, key=natural)
    ]


def natural(name: str) -> list[tuple[int, str]]:
    """Return a sort key that puts ``Ethernet2`` before ``Ethernet10``."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in _DIGITS.split(name)]


def _power(seen: DeviceValues, way: str) -> dict[str, float]:
    """Return the power of the weakest lane in dBm, by port."""
    reported = [*seen.each(f"rack_optic_{way}_power_dbm")]
    watts = [
        (has, 10 * log10(value / _MILLIWATT))
        for has, value in seen.each(f"rack_optic_{way}_power_watts")
        if value > _ABOVE_ZERO
    ]
    return _lowest([*reported, *watts])


def _lowest(found: Iterable[tuple[Labels, float]]) -> dict[str, float]:
    lowest: dict[str, float] = {}
    for has, value in found:
        port = has.get("port", "")
        lowest[port] = min(value, lowest.get(port, value))
    return lowest
