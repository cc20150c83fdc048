"""SNMP answers to readings, a column at a time.

What a row means (its labels, factor, unit, whether it counts at all) depends on its index and on
slow-moving lookups, so it is compiled once per row and kept until a lookup or the set of rows
changes. A column of numbers whose rows are those of the poll before is then converted at once;
any surprise in it takes the long way, a value at a time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent.model import smi
from agent.model.catalogue import Kind
from agent.model.series import OidSource, Series, SeriesSet
from agent.model.values import Answer, Block, Failure, VarBind, WalkColumns
from agent.normalise.base import BlockBuilder, Normalised
from agent.normalise.codec import decode_text
from agent.normalise.convert import (
    IDENTITY,
    Linear,
    convert,
    linear,
    unit_fits,
)
from agent.normalise.fallbacks import Fallbacks, Numbered
from agent.normalise.index import parse_index
from agent.normalise.lookups import Lookups
from agent.normalise.settled import Part, Settled
from agent.profile.points import Profile, Scalar, SnmpPoint

_LabelSet = tuple[tuple[str, str], ...]
_SeriesKey = tuple[str, str, _LabelSet]


@dataclass(frozen=True, slots=True)
class _Row:
    """What one instance means. ``bad`` is why its value cannot be trusted; empty when it can."""

    series: Series
    to_base: Linear
    bad: str


@dataclass(slots=True)
class _Column:
    """One point's compiled rows: None for instances that are not this point's."""

    rows: dict[bytes, _Row | None] = field(default_factory=dict)
    series: SeriesSet | None = None
    names: list[bytes] = field(default_factory=list)


class SnmpNormaliser:
    """One device's SNMP answers to blocks, one block per point."""

    def __init__(self, device: str, profile: Profile) -> None:
        self.wants_slow = False
        self._device = device
        self._lookups = Lookups(profile.lookups)
        self._points: dict[bytes, list[SnmpPoint]] = {}
        for point in profile.points:
            assert isinstance(point, SnmpPoint)  # noqa: S101 - compile_snmp made them
            self._points.setdefault(point.oid, []).append(point)
        has_fallbacks = any(point.fallback for point in profile.points)
        self._fallbacks = Fallbacks() if has_fallbacks else None
        self._columns: dict[int, _Column] = {p.number: _Column() for p in profile.points}
        self._settled: dict[bytes, Settled | None] = {}  # None: it cannot be
        # equal ones made in one go are one: half of what a table would weigh otherwise
        self._label_sets: dict[_LabelSet, _LabelSet] = {}
        self._maps: dict[Linear, Linear] = {}
        self._owners: dict[_SeriesKey, tuple[int, bytes]] = {}
        self._failures: list[Failure] = []
        self._incomplete: frozenset[bytes] = frozenset()
        self._appeared = False

    def normalise(self, answers: Mapping[int, Answer]) -> Normalised:
        """The blocks of each answer; lookups in any of them are taken over first."""
        self._failures = [failure for answer in answers.values() for failure in answer.failures]
        self._appeared = False
        self._label_sets.clear()
        self._maps.clear()
        changed: set[str] = set()
        for answer in answers.values():
            for oid, varbinds in _columns(answer):
                changed |= self._lookups.absorb(oid, varbinds)
        if changed:
            self._forget(changed)
        seen_incomplete: set[bytes] = set()
        numbered: dict[int, list[Numbered]] = {}
        for position, answer in answers.items():
            built = numbered.setdefault(position, [])
            for oid, varbinds in _columns(answer):
                built += self._blocks(oid, varbinds, answer.observed_at, seen_incomplete)
        if self._fallbacks is not None:
            blocks = self._fallbacks.choose(numbered)
        else:
            blocks = {p: tuple(block for _, block in group) for p, group in numbered.items()}
        # A row without its lookups asks for them once; a device that has none is not asked again.
        # A row that joins others may be another thing than the one that had its index before.
        self.wants_slow = self._appeared or bool(seen_incomplete - self._incomplete)
        self._incomplete = frozenset(seen_incomplete)
        return Normalised(blocks, tuple(self._failures))

    def _forget(self, changed: set[str]) -> None:
        for points in self._points.values():
            for point in points:
                if changed.intersection(point.lookups):
                    self._reset(point)

    def _reset(self, point: SnmpPoint) -> None:
        self._columns[point.number].rows.clear()
        self._settled.pop(point.oid, None)
        owned = [key for key, (number, _) in self._owners.items() if number == point.number]
        for key in owned:
            del self._owners[key]

    def _blocks(
        self, oid: bytes, varbinds: Sequence[VarBind], observed_at: float, incomplete: set[bytes]
    ) -> Iterator[tuple[int, Block]]:
        """One block per point of this column; a row belongs to the first point that fits it.

        Each block comes with its point's number.
        """
        points = self._points.get(oid)
        if points is None:
            return  # only a lookup's
        settled = self._settled.get(oid) if varbinds else None
        if settled is not None and (blocks := settled.blocks(varbinds, observed_at)) is not None:
            yield from blocks
            return
        taken: set[tuple[bytes, int | None]] = set()
        for point in points:
            column = self._columns[point.number]
            self._compare_rows(point, column, [varbind[0] for varbind in varbinds])
            builder = self._read_each(point, varbinds, taken, incomplete)
            if builder.series:
                block = builder.block(column.series, observed_at)
                column.series = block.series
                yield point.number, block
        if oid not in self._settled:
            self._settle(oid, varbinds)

    def _read_each(
        self,
        point: SnmpPoint,
        varbinds: Sequence[VarBind],
        taken: set[tuple[bytes, int | None]],
        incomplete: set[bytes],
    ) -> BlockBuilder:
        """The readings of one point, a value at a time; its rows are added to ``taken``."""
        rows = self._columns[point.number].rows
        builder = BlockBuilder()
        for name, tag, value in varbinds:
            if tag in smi.MISSING or (name, point.bit) in taken:
                continue
            if name in rows:
                row = rows[name]
            else:
                row = rows[name] = self._compile(point, name, incomplete)
            if row is None:
                continue
            if len(self._points[point.oid]) > 1:
                taken.add((name, point.bit))
            if not point.skip:
                self._read(builder, point, row, tag, value)
        return builder

    def _compare_rows(self, point: SnmpPoint, column: _Column, names: list[bytes]) -> None:
        """Forget what was compiled where rows came or went."""
        if names == column.names:
            return
        self._reset(point)
        if column.names and point.lookups and not set(names) <= set(column.names):
            self._appeared = True
        column.names = names

    def _settle(self, oid: bytes, varbinds: Sequence[VarBind]) -> None:
        """Make ready for the same rows to come again, if each is there and has one plain meaning.

        A name that comes twice, and rows of one point with several maps, take the long way.
        """
        names = tuple(varbind[0] for varbind in varbinds)
        if len(set(names)) < len(names) or any(varbind[1] in smi.MISSING for varbind in varbinds):
            return
        self._settled[oid] = None
        parts = []
        taken: set[tuple[bytes, int | None]] = set()
        for point in self._points.get(oid, ()):
            column = self._columns[point.number]
            rows = [
                (place, row)
                for place, name in enumerate(names)
                if (row := column.rows.get(name)) is not None and (name, point.bit) not in taken
            ]
            taken.update((names[place], point.bit) for place, _ in rows)
            if point.skip or not rows:
                continue
            maps = {row.to_base for _, row in rows}
            if len(maps) > 1 or any(row.bad for _, row in rows) or column.series is None:
                return
            places = tuple(place for place, _ in rows)
            parts.append(Part(point, places, column.series, maps.pop()))
        self._settled[oid] = Settled(names, tuple(parts))

    def _read(
        self,
        builder: BlockBuilder,
        point: SnmpPoint,
        row: _Row,
        tag: int,
        value: int | bytes | None,
    ) -> None:
        if row.bad:
            builder.add(row.series, None, value, row.bad)
            return
        raw: int | str | None
        if isinstance(value, bytes):
            raw = smi.dotted(value) if tag == smi.OBJECT_ID else decode_text(value)
        else:
            raw = value
        if point.bit is not None and isinstance(raw, int):
            raw = raw >> point.bit & 1
        result, reason = convert(point, raw, row.to_base)
        builder.add(row.series, result, value, reason)

    def _compile(self, point: SnmpPoint, name: bytes, incomplete: set[bytes]) -> _Row | None:
        """What the instance ``name`` means for ``point``; None when it is not one of its rows."""
        index: dict[str, int | str] | None = {}
        suffix = name[len(point.oid) :]
        if point.index is not None:
            index = parse_index(suffix, point.index)
        if index is None:
            text = f"{smi.dotted(name)} does not have the index the profile expects"
            self._failures.append(Failure("decode", text))
            return None
        if not all(fits(index[part]) for part, fits in point.where if part in index):
            return None
        row: dict[str, Scalar | None] = dict(index)
        for lookup in point.lookups:
            row[lookup] = self._lookups.value(lookup, suffix, index)
            if row[lookup] is None and not self._lookups.has(lookup, suffix, index):
                incomplete.add(name)
        if not all(row[wanted] is not None and fits(row[wanted]) for wanted, fits in point.where):
            return None
        if point.skip or not unit_fits(point.conversion, row, point.metric.unit):
            return _Row(self._series(point, name, ()), IDENTITY, "") if point.skip else None
        labels = _labels(point, row)
        series = self._series(point, name, self._label_sets.setdefault(labels, labels))
        if not self._own(point, name, series):
            return None
        bad = next(
            (f"the device says {w} is {row[w]}" for w, fits in point.good if not fits(row[w])), ""
        )
        to_base = linear(point.conversion, row)
        if isinstance(to_base, str):
            return _Row(series, IDENTITY, bad or to_base)
        return _Row(series, self._maps.setdefault(to_base, to_base), bad)

    def _series(self, point: SnmpPoint, name: bytes, labels: _LabelSet) -> Series:
        states = point.state_names if point.metric.kind is Kind.STATE else ()
        return Series(self._device, point.metric, labels, OidSource(smi.dotted(name)), states)

    def _own(self, point: SnmpPoint, name: bytes, series: Series) -> bool:
        """Whether this row may speak for its series; a second speaker is a failure, not a series.

        An info says the same whoever speaks, so there it is no failure either.
        """
        if point.fallback:
            return True
        owner = self._owners.setdefault(series.key, (point.number, name))
        if owner == (point.number, name):
            return True
        if point.metric.kind is Kind.INFO:
            return False
        labels = ", ".join(f"{label}={value}" for label, value in series.labels)
        self._failures.append(
            Failure(
                "duplicate",
                f"{smi.dotted(name)} and {smi.dotted(owner[1])} both are"
                f" {series.metric.name}{{{labels}}}; the first one counts",
            )
        )
        return False


def _labels(point: SnmpPoint, row: Mapping[str, Scalar | None]) -> _LabelSet:
    """The label texts of a row; a label whose lookup gives nothing is left out."""
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


def _columns(answer: Answer) -> Iterator[tuple[bytes, Sequence[VarBind]]]:
    """Each OID that was asked for with what came back for it."""
    assert not isinstance(answer.payload, bytes)  # noqa: S101 - an SNMP transport's answer
    request = answer.request
    if isinstance(request, WalkColumns):
        yield from zip(request.columns, answer.payload, strict=True)
    else:
        for varbind in answer.payload[0]:
            yield varbind[0], (varbind,)
