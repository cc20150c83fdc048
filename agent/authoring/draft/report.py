"""The coverage of a recording by existing profiles and by a draft, as lines of text."""

from collections import Counter
from collections.abc import Sequence

from agent.authoring.check_profile import shares
from agent.authoring.draft.page import VENDORS, ProfileDraft
from agent.model import smi
from agent.model.errors import UnknownDevice
from agent.model.values import VarBind
from agent.poll.identify import identify
from agent.profile.library import Library
from agent.transport.memory import MemoryTransport

_OTHERS = 3
_REASONS = 12


async def known_already(rows: Sequence[VarBind], library: Library) -> list[str]:
    """Return the profile that ``auto`` selects, and the coverage of the profiles that fit."""
    vendor = sum(oid.startswith(VENDORS) and tag not in smi.MISSING for oid, tag, _ in rows)
    lines = [f"recording: {len(rows)} rows, {vendor} of them the vendor's own"]
    transport = MemoryTransport({oid: (tag, value) for oid, tag, value in rows})
    taken = None
    try:
        found = await identify(transport, "snmp", library.all())
    except UnknownDevice:
        lines.append("no profile fits the device")
    else:
        taken = found.profile
        lines.append(f"'auto' selects {taken.name}: {found.candidates[0].why}")
        lines.append(f"  {_use(taken.name, shares(taken, rows))}")
    others = [
        (shares(profile, rows), profile.name)
        for profile in library.all()
        if profile.protocol == "snmp" and profile is not taken
    ]
    for share, name in sorted(others, key=lambda each: -each[0][1])[:_OTHERS]:
        if share[1]:
            lines.append(f"  {_use(name, share)}")
    return lines


def _use(name: str, share: tuple[int, int, int]) -> str:
    vendor, read, helping = share
    return (
        f"{name} reads {read} of the {vendor} vendor rows ({_percent(read, vendor)}),"
        f" and {helping} more for names, units and identity"
    )


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "0 %"


def summary(draft: ProfileDraft) -> list[str]:
    """Return the coverage of the draft, and the reasons why other rows are not covered."""
    left = sum(len(each.column.cells) for each in draft.left)
    vendor = draft.point_rows + draft.helper_rows + left
    lines = [
        f"draft {draft.name}: {len(draft.points)} points read {draft.point_rows} of the {vendor}"
        f" vendor rows ({_percent(draft.point_rows, vendor)}), and {draft.helper_rows} more for"
        " names and identity"
    ]
    columns: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    for each in draft.left:
        columns[each.why] += 1
        rows[each.why] += len(each.column.cells)
    if left:
        lines.append(
            f"not covered: {_count(left, 'row')} in {_count(len(draft.left), 'column')},"
            " listed in the draft"
        )
    for why, count in columns.most_common(_REASONS):
        lines.append(f"  {_count(count, 'column')}, {_count(rows[why], 'row')}: {why}")
    if len(columns) > _REASONS:
        rest = sum(count for _, count in columns.most_common()[_REASONS:])
        lines.append(f"  {_count(rest, 'column')}: other reasons")
    return lines


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
