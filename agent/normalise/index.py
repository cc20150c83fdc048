"""Table indexes as named parts (RFC 2578 section 7.7), and the lookups of an instance."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent.model import smi
from agent.model.series import Labels
from agent.model.values import Answer, VarBind, WalkColumns
from agent.normalise.lookups import Lookups
from agent.profile.points import IndexPart, Scalar, SnmpPoint

Index = tuple[IndexPart, ...] | None


@dataclass(slots=True)
class Instance:
    """One suffix of a table: its index parts (None: not of this shape), dotted, and lookups.

    ``missing`` names the lookups for which the device gave nothing, not even what is not mapped;
    ``unread`` those that could not be read.
    """

    suffix: bytes
    dotted: str | None
    index: dict[str, int | str] | None
    values: dict[str, Scalar | None] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)


class Instances:
    """Instances that points of one table share while their rows are compiled (fifty per port)."""

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups
        self._shapes: dict[Index, int] = {}
        self._numbers: dict[int, int] = {}
        self._known: dict[tuple[int, bytes], Instance] = {}

    def clear(self) -> None:
        """Forget all instances; lookups may change from now on."""
        self._known.clear()

    def of(self, point: SnmpPoint, suffix: bytes) -> Instance:
        """Return the instance of ``point``'s table that ends in ``suffix``, its lookups read."""
        shape = self._numbers.get(point.number)
        if shape is None:
            shape = self._shapes.setdefault(point.index, len(self._shapes))
            self._numbers[point.number] = shape
        found = self._known.get((shape, suffix))
        if found is None:
            found = self._known[shape, suffix] = _instance(point, suffix)
        if found.index is not None:
            for name in point.lookups:
                if name not in found.values:
                    self._look_up(found, name, found.index)
        return found

    def _look_up(self, instance: Instance, name: str, index: dict[str, int | str]) -> None:
        value = self._lookups.value(name, instance.suffix, index)
        instance.values[name] = value
        if value is None and not self._lookups.has(name, instance.suffix, index):
            instance.missing.add(name)
        if self._lookups.unread(name, instance.suffix, index):
            instance.unread.add(name)


def _instance(point: SnmpPoint, suffix: bytes) -> Instance:
    try:
        dotted = "".join([f".{subid}" for subid in smi.decode_subids(suffix)])
    except ValueError:
        return Instance(suffix, None, {} if point.index is None else None)
    index = {} if point.index is None else parse_index(suffix, point.index)
    return Instance(suffix, dotted, index)


def parse_index(suffix: bytes, parts: tuple[IndexPart, ...]) -> dict[str, int | str] | None:
    """Return the parts of an instance's ``suffix`` by name; None if it has another shape."""
    try:
        subids = list(smi.decode_subids(suffix))
    except ValueError:
        return None
    found: dict[str, int | str] = {}
    for part in parts:
        if not subids:
            return None
        if part.form == "rest":
            found[part.name] = ".".join(map(str, subids))
            subids = []
            continue
        first = subids.pop(0)
        if part.form == "number":
            found[part.name] = first
            continue
        if first > len(subids) or any(char > 255 for char in subids[:first]):
            return None
        found[part.name] = bytes(subids[:first]).decode("utf-8", "replace")
        del subids[:first]
    return None if subids else found


def labels_of(point: SnmpPoint, row: Mapping[str, Scalar | None]) -> Labels:
    """Return the label texts of a row; a label whose lookup gives nothing is left out."""
    known = {name: value for name, value in row.items() if value is not None}
    labels = []
    for label, template in point.labels:
        try:
            text = template.format_map(known)
        except KeyError:
            continue
        if text:
            labels.append((label, text))
    return tuple(labels)


def columns_of(answer: Answer) -> Iterator[tuple[bytes, Sequence[VarBind]]]:
    """Yield each OID that was asked for with what came back for it."""
    assert not isinstance(answer.payload, bytes)  # noqa: S101 - an SNMP transport's answer
    request = answer.request
    if isinstance(request, WalkColumns):
        yield from zip(request.columns, answer.payload, strict=True)
    else:
        for varbind in answer.payload[0]:
            yield varbind[0], (varbind,)


def is_row_of(point: SnmpPoint, instance: Instance, row: Mapping[str, Scalar | None]) -> bool:
    """Return whether a row is the point's, as far as what decides it could be read."""
    return all(
        row[wanted] is not None and fits(row[wanted])
        for wanted, fits in point.where
        if wanted not in instance.unread
    )
