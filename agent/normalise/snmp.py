"""SNMP answers to readings, a column at a time.

What a row means (its labels, factor, unit, whether it counts at all) depends on its index and on
slow-moving lookups, so it is compiled once per row and kept until one of its lookups changes or the
row goes. A column of numbers whose rows are those of the poll before is then converted at once;
any surprise in it takes the long way, a value at a time.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent.model import smi
from agent.model.catalogue import Kind
from agent.model.series import Labels, OidSource, Series, SeriesSet
from agent.model.values import Answer, Failure, VarBind, WalkColumns
from agent.normalise.base import FAILURES_MAX, BlockBuilder, Normalised, Normaliser, Steps
from agent.normalise.codec import decode_text
from agent.normalise.convert import IDENTITY, Linear, convert, linear, unit_fits
from agent.normalise.fallbacks import Fallbacks, Numbered, Owners
from agent.normalise.index import Instances
from agent.normalise.lookups import Changes, Lookups
from agent.normalise.settled import ColumnPart, Settled
from agent.profile.points import Profile, Scalar, SnmpPoint

_STEP_VALUES = 8192  # converted in one step, about 2 ms
_ROW_COST = 32  # compiling a row takes as long as converting so many values

_Taken = set[tuple[bytes, int | None]]
_Constants = tuple[int, str]


@dataclass(frozen=True, slots=True)
class _Row:
    """The meaning of one instance. ``bad`` is why its value cannot be trusted; else empty."""

    series: Series
    to_base: Linear
    bad: str


@dataclass(slots=True)
class _Column:
    """One point's compiled rows: None for instances that are not this point's."""

    rows: dict[bytes, _Row | None] = field(default_factory=dict)
    series: SeriesSet | None = None
    names: list[bytes] = field(default_factory=list)


class SnmpNormaliser(Normaliser):
    """One device's SNMP answers to blocks, one block per point."""

    def __init__(self, device: str, profile: Profile) -> None:
        self._device = device
        self._lookups = Lookups(profile.lookups)
        self._by_number: dict[int, SnmpPoint] = {}
        self._points: dict[bytes, list[SnmpPoint]] = {}
        for point in profile.points:
            assert isinstance(point, SnmpPoint)  # noqa: S101 - compile_snmp made them
            self._by_number[point.number] = point
            self._points.setdefault(point.oid, []).append(point)
        several = frozenset(p.metric.name for p in profile.points if p.fallback)
        self._fallbacks = Fallbacks(several) if several else None
        self._columns: dict[int, _Column] = {p.number: _Column() for p in profile.points}
        self._settled: dict[bytes, Settled | None] = {}  # None: it cannot be
        # For one walk of the steps: equal ones made in one go are one, half of what a table would
        # weigh otherwise, and what is the same for all rows of a point is computed once.
        self._instances = Instances(self._lookups)
        self._label_sets: dict[Labels, Labels] = {}
        self._maps: dict[Linear, Linear] = {}
        self._constants: dict[_Constants, Linear | str] = {}
        self._owners = Owners()
        self._failures: list[Failure] = []
        self._incomplete: frozenset[bytes] = frozenset()
        self._seen_incomplete: set[bytes] = set()
        self._appeared = False
        self._twice = False  # a row was refused for the sake of another one of its point
        self._spent = 0

    def steps(self, answers: Mapping[int, Answer]) -> Steps:
        """Yield between slices of rows, then return the blocks of each answer.

        Lookups in any of the answers are taken over first.
        """
        self._failures = [failure for answer in answers.values() for failure in answer.failures]
        self._appeared = False
        self._seen_incomplete.clear()
        self._start_anew()
        for answer in answers.values():
            for oid, varbinds in _columns(answer):
                changes = self._lookups.absorb(oid, varbinds)
                if changes:
                    self._forget(changes)
                    yield from self._spend(len(varbinds))
        numbered: dict[int, list[Numbered]] = {}
        for position, answer in answers.items():
            built = numbered.setdefault(position, [])
            for oid, varbinds in _columns(answer):
                settled = self._settled.get(oid) if varbinds else None
                known = settled.blocks(varbinds, answer.observed_at) if settled else None
                if known is None:
                    known = yield from self._blocks(oid, varbinds, answer.observed_at)
                built += known
                self._spent += len(varbinds)
                if self._spent >= _STEP_VALUES:
                    self._spent = 0
                    yield
        if self._fallbacks is not None:
            blocks = yield from self._fallbacks.choose(numbered)
        else:
            blocks = {p: tuple(block for _, block in group) for p, group in numbered.items()}
        # A row without its lookups asks for them once; a device that has none is not asked again.
        # A row that joins others may be another thing than the one that had its index before.
        incomplete = frozenset(self._seen_incomplete)
        self.needs_lookups = self._appeared or bool(incomplete - self._incomplete)
        self._incomplete = incomplete
        self._start_anew()
        return Normalised(blocks, tuple(self._failures))

    def _start_anew(self) -> None:
        """Let go of what rows share only while they are compiled."""
        self._instances.clear()
        self._label_sets.clear()
        self._maps.clear()
        self._constants.clear()

    def _spend(self, values: int) -> Iterator[None]:
        """Yield if so many values more are a step's worth."""
        self._spent += values
        if self._spent >= _STEP_VALUES:
            self._spent = 0
            yield

    def _forget(self, changes: Changes) -> None:
        """Drop the rows that read a lookup otherwise now."""
        for number, point in self._by_number.items():
            rows = self._columns[number].rows
            for lookup in point.lookups:
                if lookup in changes and rows:
                    suffixes = changes[lookup]
                    if suffixes is None or len(suffixes) >= len(rows):
                        self._drop(point, list(rows))
                    else:
                        self._drop(point, [point.oid + suffix for suffix in suffixes])

    def _drop(self, point: SnmpPoint, names: Iterable[bytes]) -> None:
        """Forget compiled rows; one that was refused for the sake of one of them may count now."""
        rows = self._columns[point.number].rows
        self._settled.pop(point.oid, None)
        for name in names:
            row = rows.pop(name, None)
            key = None if row is None else row.series.key
            for number, refused in self._owners.release((point.number, name), key):
                self._columns[number].rows.pop(refused, None)
                self._settled.pop(self._by_number[number].oid, None)

    def _blocks(
        self, oid: bytes, varbinds: Sequence[VarBind], observed_at: float
    ) -> Generator[None, None, list[Numbered]]:
        """Return one block per point of this column, each with its point's number.

        A row belongs to the first point that fits it.
        """
        points = self._points.get(oid)
        if points is None:
            return []  # only a lookup's
        blocks = []
        taken: _Taken = set()
        for point in points:
            column = self._columns[point.number]
            self._compare_rows(point, column, [varbind[0] for varbind in varbinds])
            yield from self._compile_rows(point, varbinds, taken)
            builder = self._read_each(point, varbinds, taken)
            yield from self._spend(len(varbinds))
            if builder.series:
                block = builder.block(column.series, observed_at)
                column.series = block.series
                blocks.append((point.number, block))
        if oid not in self._settled:
            self._settle(oid, varbinds)
        return blocks

    def _compile_rows(
        self, point: SnmpPoint, varbinds: Sequence[VarBind], taken: _Taken
    ) -> Iterator[None]:
        """Compile the rows that are not known yet, some at a time.

        Of two rows that are the same series the first in the column counts, so where one of them
        is new all rows of the point are compiled anew.
        """
        rows = self._columns[point.number].rows
        wanted = [
            name
            for name, tag, _ in varbinds
            if tag not in smi.MISSING and (name, point.bit) not in taken
        ]
        joins = bool(rows)
        while True:
            new = [name for name in dict.fromkeys(wanted) if name not in rows]
            self._twice = False
            for name in new:
                rows[name] = self._compile(point, name)
                yield from self._spend(_ROW_COST)
            if not (joins and self._twice):
                return
            self._drop(point, list(rows))
            joins = False

    def _read_each(
        self, point: SnmpPoint, varbinds: Sequence[VarBind], taken: _Taken
    ) -> BlockBuilder:
        """Return the readings of one point, value by value; its rows are added to ``taken``."""
        rows = self._columns[point.number].rows
        builder = BlockBuilder()
        shared = len(self._points[point.oid]) > 1
        for name, tag, value in varbinds:
            if tag in smi.MISSING or (name, point.bit) in taken:
                continue
            row = rows[name]
            if row is None:
                continue
            if shared:
                taken.add((name, point.bit))
            if not point.skip:
                self._read(builder, point, row, tag, value)
        return builder

    def _compare_rows(self, point: SnmpPoint, column: _Column, names: list[bytes]) -> None:
        """Forget what was compiled of rows that went."""
        if names == column.names:
            return
        before, after = set(column.names), set(names)
        self._drop(point, before - after)
        if before and point.lookups and not after <= before:
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
            parts.append(ColumnPart(point, places, column.series, maps.pop()))
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

    def _compile(self, point: SnmpPoint, name: bytes) -> _Row | None:
        """Return the meaning of instance ``name`` for ``point``; None if not one of its rows."""
        instance = self._instances.of(point, name[len(point.oid) :])
        index = instance.index
        if index is None:
            text = f"{smi.dotted(name)} does not have the index the profile expects"
            self._fail("decode", text)
            return None
        if not all(fits(index[part]) for part, fits in point.where if part in index):
            return None
        row: dict[str, Scalar | None] = dict(index)
        for lookup in point.lookups:
            row[lookup] = instance.values[lookup]
            if lookup in instance.missing:
                self._seen_incomplete.add(name)
        if not all(row[wanted] is not None and fits(row[wanted]) for wanted, fits in point.where):
            return None
        oid = smi.dotted(name) if instance.dotted is None else self._oid(point, instance.dotted)
        if point.skip or not unit_fits(point.conversion, row, point.metric.unit):
            return _Row(self._series(point, oid, ()), IDENTITY, "") if point.skip else None
        labels = _labels(point, row)
        series = self._series(point, oid, self._label_sets.setdefault(labels, labels))
        if not self._own(point, name, series):
            return None
        bad = next(
            (f"the device says {w} is {row[w]}" for w, fits in point.good if not fits(row[w])), ""
        )
        to_base = self._linear(point, row)
        if isinstance(to_base, str):
            return _Row(series, IDENTITY, bad or to_base)
        return _Row(series, to_base, bad)

    def _linear(self, point: SnmpPoint, row: Mapping[str, Scalar | None]) -> Linear | str:
        """Return the map of a row, computed once for all rows that have the same constants."""
        conversion = point.conversion
        names = (conversion.scale_lookup, conversion.digits_lookup, conversion.unit_lookup)
        given = [None if name is None else row.get(name) for name in names]
        key = (point.number, repr(given))
        found = self._constants.get(key)
        if found is None:
            found = linear(conversion, row)
            if not isinstance(found, str):
                found = self._maps.setdefault(found, found)
            self._constants[key] = found
        return found

    @staticmethod
    def _oid(point: SnmpPoint, suffix: str) -> str:
        return smi.dotted(point.oid) + suffix

    def _series(self, point: SnmpPoint, oid: str, labels: Labels) -> Series:
        states = point.state_names if point.metric.kind is Kind.STATE else ()
        return Series(self._device, point.metric, labels, OidSource(oid), states)

    def _own(self, point: SnmpPoint, name: bytes, series: Series) -> bool:
        """Return whether this row owns its series; a second row for it is a failure.

        Of an info it is not a failure, since all rows have the same value.
        """
        if point.fallback:
            return True
        owner = self._owners.claim((point.number, name), series.key)
        if owner == (point.number, name):
            return True
        self._twice = self._twice or owner[0] == point.number
        if point.metric.kind is Kind.INFO:
            return False
        labels = ", ".join(f"{label}={value}" for label, value in series.labels)
        self._fail(
            "duplicate",
            f"{smi.dotted(name)} and {smi.dotted(owner[1])} both are"
            f" {series.metric.name}{{{labels}}}; the first one counts",
        )
        return False

    def _fail(self, kind: str, text: str) -> None:
        """Add a failure, up to the limit: a hostile table has one for each of its rows."""
        if len(self._failures) < FAILURES_MAX:
            self._failures.append(Failure(kind, text))


def _labels(point: SnmpPoint, row: Mapping[str, Scalar | None]) -> Labels:
    """Return the label texts of a row; a label whose lookup has no value is left out."""
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
    """Yield each requested OID with the varbinds of its answer."""
    assert not isinstance(answer.payload, bytes)  # noqa: S101 - an SNMP transport's answer
    request = answer.request
    if isinstance(request, WalkColumns):
        yield from zip(request.columns, answer.payload, strict=True)
    else:
        for varbind in answer.payload[0]:
            yield varbind[0], (varbind,)
