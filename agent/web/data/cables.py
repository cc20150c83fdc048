"""Comparison of the cables in a rack's build sheet with the LLDP neighbours of its devices."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.commission.judge.compare_sheet import Aspect, Finding, compare
from agent.commission.records import Sample
from agent.commission.spec.build_sheet import Sheet, SheetCable, load_sheet
from agent.commission.spec.inventory import PLAN_METRICS, Seen, newest_inventory
from agent.model.errors import ConfigError
from agent.model.values import Block
from agent.store.latest import DeviceState

SHEET_BYTES_MAX = 256 * 1024  # about 2000 cables; read between polls, so it has to be quick
_KEPT_MAX = 64  # racks whose sheet and comparison are kept


@dataclass(frozen=True, slots=True)
class CablePlan:
    """The path of a rack's build sheet, and the names of the rack's devices by their role in it."""

    path: Path
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cable:
    """A planned cable, or one that is not in the plan. ``places`` are its ends, ``device port``.

    ``verdict`` is ``match``, ``swap``, ``mismatch``, ``missing``, ``unplanned``, or ``unseen`` if
    neither end reports a neighbour. ``says`` describes the difference, including ports that are
    down or slow.
    """

    name: str
    planned: str
    verdict: str
    says: str
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CableComparison:
    """All cables of a rack; ``problem`` is the reason if the build sheet could not be used."""

    cables: tuple[Cable, ...] = ()
    problem: str = ""


class CablePlans:
    """Build sheets and comparisons, renewed when a file or the state of a device changes."""

    def __init__(self) -> None:
        self._sheets: OrderedDict[Path, tuple[tuple[int, int], Sheet | str]] = OrderedDict()
        self._found: OrderedDict[
            Path, tuple[Sheet, Mapping[str, str], Sequence[DeviceState], CableComparison]
        ] = OrderedDict()

    def compared(
        self, plan: CablePlan, states: Sequence[DeviceState], now: float
    ) -> CableComparison:
        """Return the comparison for a rack whose devices have ``states`` at ``now`` (steady)."""
        sheet = self._sheet(plan.path)
        if isinstance(sheet, str):
            return CableComparison(problem=sheet)
        kept = self._found.get(plan.path)
        same = kept is not None and kept[0] is sheet and kept[1] == plan.names
        if kept is not None and same and [*map(id, kept[2])] == [*map(id, states)]:
            return kept[3]
        made = CableComparison(tuple(cables(sheet, _seen(states, now), plan.names)))
        self._found[plan.path] = sheet, plan.names, states, made
        while len(self._found) > _KEPT_MAX:
            self._found.popitem(last=False)
        return made

    def _sheet(self, path: Path) -> Sheet | str:
        """Return the build sheet, or the reason why it cannot be used."""
        try:
            found = path.stat()
        except OSError as error:
            return f"{path.name}: {error.strerror}"
        stamp = found.st_mtime_ns, found.st_size
        kept = self._sheets.get(path)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        sheet: Sheet | str
        if found.st_size > SHEET_BYTES_MAX:
            sheet = f"{path.name}: larger than {SHEET_BYTES_MAX // 1024} KiB"
        else:
            try:
                sheet = load_sheet(path)
            except ConfigError as error:
                sheet = str(error).replace(str(path), path.name)
        if isinstance(sheet, Sheet) and not sheet.cables:
            sheet = f"{path.name}: lists no cables"
        self._sheets[path] = stamp, sheet
        while len(self._sheets) > _KEPT_MAX:
            self._sheets.popitem(last=False)
        return sheet


def cables(sheet: Sheet, seen: Seen, names: Mapping[str, str]) -> list[Cable]:
    """Return every cable of the sheet with its verdict, then the cables that are not planned."""
    wrong: dict[str, list[Finding]] = {}
    for finding in compare(sheet, seen, names).findings:
        if finding.what in (Aspect.CABLING, Aspect.PORTS):
            wrong.setdefault(finding.where, []).append(finding)
            if finding.partner:
                wrong.setdefault(finding.partner, []).append(finding)
    planned = [_planned(cable, wrong, seen, names) for cable in sheet.cables]
    known = {place for cable in planned for place in cable.places}
    return planned + [
        Cable(where, "no cable", "unplanned", finding.says, (where,))
        for where, findings in wrong.items()
        if where not in known
        for finding in findings
    ]


def _planned(
    cable: SheetCable,
    wrong: Mapping[str, Sequence[Finding]],
    seen: Seen,
    names: Mapping[str, str],
) -> Cable:
    ends = [(names.get(end.device, end.device), end.port) for end in (cable.a, cable.b)]
    places = tuple(f"{device} {port}" for device, port in ends)
    own = [finding for place in places for finding in wrong.get(place, ())]
    of_cable = [finding for finding in own if finding.what is Aspect.CABLING]
    if any(finding.partner for finding in of_cable):
        verdict = "swap"
    elif any(finding.found for finding in of_cable):
        verdict = "mismatch"
    elif of_cable:
        verdict = "missing"
    else:
        reported = any(place[0] in seen.devices and place in seen.neighbors for place in ends)
        verdict = "match" if reported else "unseen"
    says = "; ".join(dict.fromkeys(_says(finding, places) for finding in own))
    near, far = ends if ends[0][0] in names.values() else reversed(ends)
    return Cable(" ".join(near), " ".join(far), verdict, says, places)


def _says(finding: Finding, places: Sequence[str]) -> str:
    """Return the text of a finding as seen from the cable at ``places``.

    A swap is recorded at one of its two ends; seen from the other end the partner is the first.
    """
    if finding.partner and finding.where not in places:
        return finding.says.replace(finding.partner, finding.where, 1)
    return finding.says


def _seen(states: Sequence[DeviceState], now: float) -> Seen:
    samples = [
        sample
        for state in states
        for block in state.blocks(now)
        if any(series.metric.name in PLAN_METRICS for series in block.series)
        for sample in _samples(block)
    ]
    return newest_inventory(samples, [state.name for state in states if state.up])


def _samples(block: Block) -> list[Sample]:
    return [Sample.of(reading) for reading in block.readings() if reading.metric in PLAN_METRICS]
