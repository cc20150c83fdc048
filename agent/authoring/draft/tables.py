"""Tables in a recording: columns that share their indexes, and groups of scalars."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from agent.authoring.draft.mibs import MibObject, Mibs
from agent.model import smi
from agent.model.values import VarBind

Subids = tuple[int, ...]
_VENDOR_ARCS = 7  # 1.3.6.1.4.1.N; BER folds the first two, so six sub-identifiers
_ALIKE = 0.5  # of all indexes of a table, the share that each of its columns has at the least


@dataclass(frozen=True, slots=True)
class RecordedColumn:
    """One column (or scalar) of a recording: its rows by index, in numeric order."""

    oid: bytes
    cells: Mapping[Subids, VarBind]
    about: MibObject | None = None

    @property
    def numbers(self) -> list[int]:
        """The values that are numbers."""
        return [value for _, _, value in self.cells.values() if isinstance(value, int)]

    @property
    def texts(self) -> list[str]:
        """The values that are text."""
        return [
            value.decode("utf-8", "replace")
            for _, tag, value in self.cells.values()
            if isinstance(value, bytes) and tag == smi.OCTET_STRING
        ]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns that share their indexes, or the scalars of one group (``entry`` is their parent)."""

    entry: bytes
    scalar: bool
    columns: tuple[RecordedColumn, ...]
    about: MibObject | None = None

    @property
    def rows(self) -> int:
        """The number of rows of the recording in this table."""
        return sum(len(column.cells) for column in self.columns)


@dataclass(slots=True)
class _Gathered:
    """The cells of a column while its rows are collected."""

    about: MibObject | None
    cells: dict[Subids, VarBind] = field(default_factory=dict)


def find_tables(rows: Iterable[VarBind], mibs: Mibs) -> list[Table]:
    """Return the tables and groups of scalars among ``rows``, in the order of their OIDs.

    The MIB decides if it knows the column; otherwise the shape of the OIDs does.
    """
    columns: dict[Subids, _Gathered] = {}
    unknown: dict[Subids, VarBind] = {}
    for varbind in rows:
        about = mibs.of(varbind[0])
        subids = smi.decode_subids(varbind[0])
        if about is not None and len(about.oid) < len(varbind[0]):
            end = len(smi.decode_subids(about.oid))
            columns.setdefault(subids[:end], _Gathered(about)).cells[subids[end:]] = varbind
        else:
            unknown[subids] = varbind
    for column, index in _by_shape(unknown):
        cell = unknown[(*column, *index)]
        columns.setdefault(column, _Gathered(None)).cells[index] = cell
    return _group(columns, mibs)


def _group(columns: Mapping[Subids, _Gathered], mibs: Mibs) -> list[Table]:
    groups: dict[tuple[Subids, bool], list[RecordedColumn]] = {}
    for subids in sorted(columns):
        gathered = columns[subids]
        scalar = list(gathered.cells) == [(0,)]
        made = RecordedColumn(smi.encode_subids(subids), gathered.cells, gathered.about)
        groups.setdefault((subids[:-1], scalar), []).append(made)
    return [
        Table(smi.encode_subids(entry), scalar, tuple(group), mibs.of(smi.encode_subids(entry)))
        for (entry, scalar), group in groups.items()
    ]


# --- without a MIB ----------------------------------------------------------------------------


def _by_shape(rows: Mapping[Subids, VarBind]) -> list[tuple[Subids, Subids]]:
    """Return each OID split into column and index.

    A table's entry ends in .1, and its columns have the same indexes (RFC 2578 section 7.1.12):
    the shortest prefix for which that holds is the entry.
    """
    found: list[tuple[Subids, Subids]] = []
    left = [subids for subids in rows if subids[-1] != 0]
    found += [(subids[:-1], subids[-1:]) for subids in rows if subids[-1] == 0]
    candidates: dict[Subids, list[Subids]] = {}
    for subids in left:
        for end in range(_VENDOR_ARCS, len(subids) - 1):
            if subids[end - 1] == 1:
                candidates.setdefault(subids[:end], []).append(subids)
    taken: set[Subids] = set()
    for entry in sorted(candidates, key=lambda each: (len(each), each)):
        members = [subids for subids in candidates[entry] if subids not in taken]
        if members and _is_table(entry, members):
            taken.update(members)
            cut = len(entry) + 1
            found += [(subids[:cut], subids[cut:]) for subids in members]
    found += [(subids[:-1], subids[-1:]) for subids in left if subids not in taken]
    return found


def _is_table(entry: Subids, members: Sequence[Subids]) -> bool:
    cut = len(entry)
    indexes: dict[int, set[Subids]] = {}
    for subids in members:
        indexes.setdefault(subids[cut], set()).add(subids[cut + 1 :])
    every = set().union(*indexes.values())
    if len(indexes) < 2 or any(not index for index in every):
        return False
    if len({len(index) for index in every}) > 1:
        return False
    return all(len(each) >= _ALIKE * len(every) for each in indexes.values())
