"""Lookups: columns and scalars whose values help to read other ones, kept between their reads."""

from collections.abc import Mapping, Sequence

from agent.model import smi
from agent.model.values import VarBind
from agent.normalise.codec import number_in_text, plain_value
from agent.profile.points import Lookup, Scalar, SearchStep

_Cell = tuple[int, int | bytes | None]

Changes = Mapping[str, Sequence[bytes] | None]
"""Suffixes of the rows whose value of a lookup changed, by lookup; None if any may have."""


class Lookups:
    """The latest content of every lookup of one device, by OID.

    What was known of a row survives a read that failed or broke off. A row of which nothing is
    known then is unread, so that no default is taken for what the device would have answered.
    """

    def __init__(self, lookups: Mapping[str, Lookup]) -> None:
        self._lookups = lookups
        self._oids = frozenset(lookup.oid for lookup in lookups.values() if lookup.oid)
        self._searched = frozenset(
            name
            for lookup in lookups.values()
            for name in (*lookup.gives, *(step.column for step in lookup.search))
        )
        self._rows: dict[str, dict[str, bytes | None]] = {}
        self._cells: dict[bytes, dict[bytes, _Cell]] = {}
        self._unread = set(self._oids)

    def absorb(self, oid: bytes, varbinds: Sequence[VarBind], *, whole: bool = True) -> Changes:
        """Store the answer for ``oid``; return the lookups that changed, with their rows.

        ``whole`` is False if the read failed or ended early: its rows are added to the known ones.
        """
        if oid not in self._oids:
            return {}
        size = len(oid)
        cells: dict[bytes, _Cell] = {
            name[size:]: (tag, value) for name, tag, value in varbinds if value is not None
        }
        if len(cells) < len(varbinds):  # a value without content exists, but cannot be read
            whole = whole and all(v is not None or tag in smi.MISSING for _, tag, v in varbinds)
        before = self._cells.get(oid, {})
        settled = whole and oid in self._unread
        if whole:
            self._unread.discard(oid)
        else:
            self._unread.add(oid)
            cells = before | cells
        if before == cells and not settled:
            return {}
        self._cells[oid] = cells
        self._rows.clear()
        suffixes = [key for key in (before | cells) if before.get(key) != cells.get(key)]
        return {
            name: None if settled or self._is_elsewhere(name) else suffixes
            for name, lookup in self._lookups.items()
            if lookup.oid == oid
        }

    def _is_elsewhere(self, name: str) -> bool:
        """Return whether the lookup's cell is not at the suffix of the row that reads it."""
        lookup = self._lookups[name]
        return lookup.index is not None or lookup.scalar or name in self._searched

    def value(self, name: str, suffix: bytes, index: Mapping[str, int | str]) -> Scalar | None:
        """Return the lookup's value for a row, or its default; None without either."""
        lookup = self._lookups[name]
        if lookup.part is not None:
            plain = _translate(lookup, index[lookup.part])
        elif lookup.search:
            plain = self._search(lookup, suffix, index)
        else:
            key = self._key(lookup, suffix, index)
            form = lookup.form
            if lookup.form_lookup is not None:
                form = str(self.value(lookup.form_lookup, suffix, index))
            plain = self._at(lookup, key, form)
        if plain is None and lookup.otherwise is not None:
            plain = self.value(lookup.otherwise, suffix, index)
        return lookup.default if plain is None else plain

    def unread(self, name: str, suffix: bytes, index: Mapping[str, int | str]) -> bool:
        """Return whether the row's value is unknown: what it is read from was not read whole."""
        lookup = self._lookups[name]
        if not self._unread:
            return False
        if lookup.search:
            return any(self._lookups[column].oid in self._unread for column in lookup.gives)
        if lookup.part is None:
            steps = [step for step in lookup.index or () if isinstance(step, str)]
            if any(step not in index and self.unread(step, suffix, index) for step in steps):
                return True
            key = self._key(lookup, suffix, index)
            known = key is not None and key in self._cells.get(lookup.oid, {})
            if not known and lookup.oid in self._unread:
                return True
            if self._at(lookup, key, lookup.form) is not None:
                return False
        elif _translate(lookup, index[lookup.part]) is not None:
            return False
        return lookup.otherwise is not None and self.unread(lookup.otherwise, suffix, index)

    def has(self, name: str, suffix: bytes, index: Mapping[str, int | str]) -> bool:
        """Return whether the device has a value for this row, mapped or not."""
        lookup = self._lookups[name]
        if not lookup.oid or name in self._searched:
            return True
        key = self._key(lookup, suffix, index)
        return key is not None and key in self._cells.get(lookup.oid, {})

    def _at(self, lookup: Lookup, key: bytes | None, form: str | None) -> Scalar | None:
        cell = None if key is None else self._cells.get(lookup.oid, {}).get(key)
        return None if cell is None else _plain(lookup, *cell, form)

    def _search(
        self, lookup: Lookup, suffix: bytes, index: Mapping[str, int | str]
    ) -> Scalar | None:
        """Return what the lookup gives of the first row that one of its steps finds."""
        for step in lookup.search:
            value: Scalar | None
            if step.value in index:
                value = index[step.value]
            else:
                value = self.value(step.value, suffix, index)
            row = None if value is None else self._row(step, str(value))
            for name in lookup.gives:
                found = self._at(self._lookups[name], row, self._lookups[name].form)
                if found is not None:
                    return found
        return None

    def _row(self, step: SearchStep, value: str) -> bytes | None:
        """Return the suffix of the only row that has this value, or this index."""
        if step.column is None:
            return _suffix(value)
        rows = self._rows.get(step.column)
        if rows is None:
            rows = self._rows[step.column] = {}
            lookup = self._lookups[step.column]
            for suffix in self._cells.get(lookup.oid, {}):
                text = str(self._at(lookup, suffix, lookup.form))
                rows[text] = None if text in rows else suffix  # two rows: it could be either
        long = [full + value.removeprefix(short) for short, full in step.prefixes if short in value]
        return next((rows[text] for text in (value, *long) if text in rows), None)

    def _key(self, lookup: Lookup, suffix: bytes, index: Mapping[str, int | str]) -> bytes | None:
        """Return the key of the lookup's cell for this row; None if a needed value is missing."""
        if lookup.scalar:
            return b""
        if lookup.index is None:
            return suffix
        subids: list[int] = []
        for step in lookup.index:
            part: Scalar | None = step
            if isinstance(step, str):
                part = index[step] if step in index else self._step(step, suffix, index)
            if isinstance(part, int):
                subids.append(part)
            elif isinstance(part, str):
                octets = part.encode()
                subids += [len(octets), *octets]
            else:
                return None
        try:
            return smi.encode_subids(subids)
        except ValueError:
            return None  # a negative number is no index

    def _step(self, name: str, suffix: bytes, index: Mapping[str, int | str]) -> Scalar | None:
        """Return a lookup's value as a step of an index; it may be a number from an index part."""
        value = self.value(name, suffix, index)
        lookup = self._lookups[name]
        cut = lookup.part is not None and lookup.pattern is not None
        return int(value) if cut and isinstance(value, str) and value.isdecimal() else value


def _suffix(index: str) -> bytes | None:
    try:
        return smi.encode_subids([int(index)])
    except ValueError:
        return None  # no index of one number


def _plain(lookup: Lookup, tag: int, value: int | bytes | None, form: str | None) -> Scalar | None:
    return _translate(lookup, plain_value(tag, value, form))


def _translate(lookup: Lookup, plain: Scalar | None) -> Scalar | None:
    """Apply the lookup's pattern and map to the value; return None if they do not fit."""
    if lookup.pattern is not None and plain is not None:
        found = lookup.pattern.search(str(plain))
        plain = found.group(1) if found else None
    if lookup.map is None or plain is None:
        return plain if plain != "" else None
    mapped = lookup.map.get(plain)
    if mapped is None and isinstance(plain, str):
        number = number_in_text(plain)
        mapped = lookup.map.get(number) if number is not None else None
    return mapped
