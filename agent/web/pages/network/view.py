"""The network page: ports, packet errors, optical modules, and cables compared with the plan."""

from collections import Counter
from dataclasses import dataclass
from urllib.parse import quote

from agent.model.catalogue import CATALOGUE
from agent.model.figures import NOTHING, grouped, number, quantity
from agent.web.data.cables import Cable, CableComparison
from agent.web.data.site import Site
from agent.web.draw.cells import SIGNS, amount, text
from agent.web.draw.screen import Screen, screen
from agent.web.pages.builder import PageBuilder, Rows, begin
from agent.web.pages.network import model
from agent.web.pages.network.model import Port

PORTS_MAX = 1024  # of one switch; more are not drawn
_METRICS = frozenset(
    name for name in CATALOGUE if name.startswith(("rack_port_", "rack_optic_", "rack_lldp_"))
)
_VERDICTS = {
    "missing": ("down", "missing"),
    "mismatch": ("down", "wrong"),
    "swap": ("alarm", "swapped"),
    "unplanned": ("alarm", "not planned"),
    "match": ("up", "as planned"),
    "unseen": ("waiting", "not reported"),
}
"""The state and the text of each verdict on a cable, worst first."""
_FEW = 12  # rows that are shown unfolded


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch of this page; rows are pairs of a cell's key and a name."""

    name: str
    ports: tuple[tuple[str, str], ...]
    """The cell's key and the URL of the readings, by port."""
    hidden: int
    losing: Rows
    optics: Rows
    neighbors: Rows


def network_page(site: Site, name: str) -> Screen:
    """Return the network page of one rack. Raises NotFound."""
    page = begin(site, name, _METRICS)
    plan, compared = site.plan(name), CableComparison()
    if plan is not None:
        states = [site.store.device(view.name) for view in page.views]
        compared = site.plans.compared(plan, states, site.store.steady_now())
    cables = {place: cable for cable in compared.cables for place in cable.places}
    switches = [
        _switch(site, page, one, cables)
        for one in page.values
        if page.summaries[one].kind == "switch" or "rack_port_oper_state" in page.values[one].found
    ]
    if not switches:
        page.unreported.append("No port data: no device of this rack reports any.")
    as_planned, wrong = _cables(page, compared)
    frame = {
        "title": f"Network of {name}",
        "rack": name,
        "site": page.views[0].site,
        "tab": "network",
        "switches": switches,
        "few": _FEW,
        "planned": plan is not None,
        "problem": compared.problem,
        "wrong": wrong,
        "as_planned": as_planned,
        "unreported": page.unreported,
    }
    return screen("network.html", frame, page.cells, *frame.values())


def _switch(site: Site, page: PageBuilder, name: str, cables: dict[str, Cable]) -> Switch:
    seen, one, cells = page.values[name], page.summaries[name], page.cells
    ports = model.ports(seen, model.rising(site.history, name))
    page.state(name)
    cells[f"{name}.count"] = text(_counted(ports))
    cells[f"{name}.speeds"] = text(_speeds(ports))
    drawn = []
    for position, port in enumerate(ports[:PORTS_MAX]):
        key = f"{name}.port{position}"
        cable = cables.get(f"{name} {port.name}")
        state, says = _verdict(port, cable)
        cells[key] = {
            "text": f"{SIGNS[state] if state != 'up' else ''}{port.short}",
            "data-state": state,
            "aria-label": says,
            "title": says,
        }
        drawn.append((key, f"device/{name}?filter={quote(port.name)}"))
    if one.state == "down":
        page.unreported.append(f"{name} is down.")
    elif one.state != "waiting":
        if not ports:
            page.unreported.append(f"{name} does not report its ports.")
        if not model.neighbors(seen):
            page.unreported.append(f"{name} does not report LLDP neighbours.")
    return Switch(
        name,
        tuple(drawn),
        max(0, len(ports) - PORTS_MAX),
        _losing(page, name, ports),
        _optics(page, name),
        _neighbors(page, name),
    )


def _verdict(port: Port, cable: Cable | None) -> tuple[str, str]:
    """Return the state of a port, and a description of it."""
    says = [f"{port.name}: {port.oper.replace('_', ' ')}"]
    if port.oper == "up":
        state = "up"
        if port.speed:
            says.append(quantity(port.speed, "B/s", 3))
    elif port.admin not in ("", "up"):
        state = "waiting"
        says.append("administratively down")
    else:
        state = "down" if cable is not None and cable.verdict != "unplanned" else "waiting"
    if port.neighbor:
        says.append(f"to {port.neighbor}")
    if port.errors:
        says += [f"{grouped(many)} {what}" for what, many in port.errors.items()]
    if port.rising:
        state = "alarm" if state == "up" else state
        says.append(f"{grouped(port.rising)} of them recently")
    if cable is not None:
        verdict, words = _VERDICTS[cable.verdict]
        says.append(words)
        if state == "up" and verdict in ("alarm", "down"):
            state = verdict
    return state, ", ".join(says)


def _counted(ports: list[Port]) -> str:
    if not ports:
        return NOTHING
    up = sum(port.oper == "up" for port in ports)
    off = sum(port.oper != "up" and port.admin not in ("", "up") for port in ports)
    return f"{up} of {len(ports)} ports up" + (f", {off} disabled" if off else "")


def _speeds(ports: list[Port]) -> str:
    speeds = Counter(port.speed for port in ports if port.oper == "up" and port.speed)
    return ", ".join(
        f"{many} × {quantity(speed, 'B/s', 3)}" for speed, many in sorted(speeds.items())
    )


def _losing(page: PageBuilder, name: str, ports: list[Port]) -> Rows:
    """Return the ports with errors or discards, fastest rising first, and add their cells."""
    rows = []
    listed = [port for port in ports if port.errors]
    for port in sorted(listed, key=lambda each: (-each.rising, model.natural(each.name))):
        key = f"{name}.loses.{port.name}"
        counts = ", ".join(f"{grouped(many)} {what}" for what, many in port.errors.items())
        page.cells[key] = text(counts)
        page.cells[f"{key}.more"] = text(
            f"▲ {grouped(port.rising)} more recently" if port.rising else "none recently",
            "alarm" if port.rising else "up",
        )
        rows.append((key, port.name))
    return tuple(rows)


def _optics(page: PageBuilder, name: str) -> Rows:
    rows = []
    for position, optic in enumerate(model.optics(page.values[name])):
        key = f"{name}.optic{position}"
        page.cells |= {
            f"{key}.sent": text(_dbm(optic.sent)),
            f"{key}.received": text(_dbm(optic.received)),
            f"{key}.hot": text(amount(optic.celsius, "degC")),
        }
        rows.append((key, optic.name))
    found = model.optics(page.values[name])
    lights = [(o.received, o.name) for o in found if o.received is not None]
    hot = [o.celsius for o in found if o.celsius is not None]
    parts = []
    if lights:
        weakest = min(lights)
        parts.append(f"lowest Rx power {_dbm(weakest[0])} on {weakest[1]}")
    if hot:
        parts.append(f"highest temperature {amount(max(hot), 'degC')}")
    page.cells[f"{name}.optics"] = text(", ".join(parts))
    return tuple(rows)


def _dbm(value: float | None) -> str:
    return NOTHING if value is None else f"{number(value, 3)}\N{NO-BREAK SPACE}dBm"


def _neighbors(page: PageBuilder, name: str) -> Rows:
    rows = []
    found = model.neighbors(page.values[name])
    for port in sorted(found, key=model.natural):
        key = f"{name}.next.{port}"
        page.cells[key] = text(found[port])
        rows.append((key, port))
    return tuple(rows)


def _cables(
    page: PageBuilder, compared: CableComparison
) -> tuple[list[Cable], list[tuple[str, Cable]]]:
    """Return the cables that are as planned, and the others with the keys of their cells."""
    counts = Counter(cable.verdict for cable in compared.cables)
    page.cells["head.plan"] = text(
        ", ".join(f"{counts[v]} {words}" for v, (_, words) in _VERDICTS.items() if counts[v]),
        "up" if counts.keys() <= {"match"} and counts else "alarm" if counts else "waiting",
    )
    fine, wrong = [], []
    order = [*_VERDICTS]
    for cable in sorted(
        compared.cables,
        key=lambda each: (order.index(each.verdict), model.natural(each.name)),
    ):
        if cable.verdict == "match" and not cable.says:
            fine.append(cable)
            continue
        state, words = _VERDICTS[cable.verdict]
        if cable.verdict == "match":
            state, words = "alarm", "port not as planned"
        key = f"cable.{cable.name}.{cable.planned}"
        page.cells[key] = text(f"{SIGNS[state]} {words}", state)
        wrong.append((key, cable))
    return fine, wrong
