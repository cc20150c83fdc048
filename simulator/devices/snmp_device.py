"""A simulated SNMP agent: the rows of a profile, computed backwards from the rack model.

The profile defines how a row becomes a reading; here a reading becomes a row: index parts and
lookups get the values from which the profile makes its labels, its scale and its unit.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from agent.model import smi
from agent.model.catalogue import Kind
from agent.model.units import UNITS
from agent.normalise.convert import Linear, linear, to_native
from agent.plan import SYS_DESCR, SYS_NAME, SYS_OBJECT_ID, SYS_UP_TIME
from agent.profile.points import InfoField, Lookup, Matcher, Profile, Scalar, SnmpPoint
from simulator.devices.device import Labels, Source, calm
from simulator.wire.mib_view import LiveValue, LiveView

_DIGITS = 3  # decimals of a device with a digits column
_SUBID_MAX = 2**32 - 1
_SMALL_ENUM = 32  # values of an enumeration worth trying


def build_view(profile: Profile, source: Source, name: str) -> LiveView:
    """Return a view of everything ``source`` shows through ``profile``, for the device ``name``."""
    view = LiveView()
    began = time.monotonic()
    identity = source.identity()
    prefixes = [prefix for rule in profile.identify for prefix in rule.sys_object_ids]
    view.set(SYS_DESCR, smi.OCTET_STRING, f"simulated {profile.title}".encode())
    view.set(SYS_OBJECT_ID, smi.OBJECT_ID, prefixes[0] if prefixes else smi.oid("1.3.6.1.4.1"))
    view.set(SYS_UP_TIME, smi.TIME_TICKS, lambda: int((time.monotonic() - began) * 100))
    view.set(SYS_NAME, smi.OCTET_STRING, name.encode())
    for info_name, fields in profile.info.items():
        for info in fields:
            if identity.get(info_name):
                _identify(view, info, source, info_name)
    rows = _Rows(profile, source, view)
    claimed: set[tuple[str, Labels]] = set()
    for point in profile.points:
        assert isinstance(point, SnmpPoint)  # noqa: S101 - an SNMP profile has no other
        if point.skip or point.fallback or point.metric.kind is Kind.INFO or point.as_is:
            continue
        for labels in source.series(point.metric.name):
            if (point.metric.name, labels) not in claimed and rows.add(point, labels):
                claimed.add((point.metric.name, labels))
    return view


def _identify(view: LiveView, info: InfoField, source: Source, name: str) -> None:
    if info.oid is None or info.pattern is not None:
        return
    instance = info.oid + b"\x01" if info.column else info.oid
    view.set(instance, smi.OCTET_STRING, lambda: source.identity().get(name, "").encode())


@dataclass(slots=True)
class _Rows:
    """Allocates indexes and sets cells; rows with the same labels in a table share an index."""

    profile: Profile
    source: Source
    view: LiveView
    _ordinals: dict[bytes, dict[object, int]] = field(default_factory=dict)
    _cells: dict[bytes, Scalar] = field(default_factory=dict)

    def add(self, point: SnmpPoint, labels: Labels) -> bool:
        """Write one reading as one row; return False if this point cannot express these labels."""
        wanted = dict(labels)
        lookups = self._lookup_values(point, wanted)
        if lookups is None:
            return False
        row: dict[str, Scalar | None] = {
            name: _mapped(self.profile.lookups[name], raw) for name, raw in lookups.items()
        }
        to_base = linear(point.conversion, row)
        if isinstance(to_base, str):
            return False
        index = self._index(point, wanted, lookups)
        if index is None:
            return False
        suffix = smi.encode_subids(list(index.values()))
        for name, raw in lookups.items():
            if not self._set_lookup(self.profile.lookups[name], raw, suffix, index):
                return False
        self.view.set(point.oid + suffix, *self._live(point, labels, to_base))
        return True

    def _live(self, point: SnmpPoint, labels: Labels, to_base: Linear) -> tuple[int, LiveValue]:
        metric, wanted, source = point.metric.name, dict(labels), self.source

        def read() -> int:
            value = source.value(metric, wanted)
            try:
                native = 0 if value is None else to_native(point, value, to_base)
            except ValueError:
                native = calm(point.states) if point.states else 0
            return round(float(native))

        counter = point.metric.kind is Kind.COUNTER
        return (smi.COUNTER64 if counter else smi.INTEGER), _held(read, counter)

    def _lookup_values(
        self, point: SnmpPoint, wanted: Mapping[str, str]
    ) -> dict[str, Scalar] | None:
        """Return a raw value for each lookup, or None if no value gives the wanted label."""
        values: dict[str, Scalar] = {}
        conversion = point.conversion
        for name in point.lookups:
            lookup = self.profile.lookups[name]
            if lookup.part is not None:
                continue  # it replaces an index part; see _index
            text = _label_of(point, name, wanted)
            if name == conversion.digits_lookup:
                values[name] = _raw_for(lookup, _DIGITS)
            elif name == conversion.scale_lookup:
                values[name] = _raw_for(lookup, 1)
            elif name == conversion.unit_lookup:
                values[name] = _unit_raw(lookup, point)
            elif (fits := dict((*point.where, *point.good)).get(name)) is not None:
                chosen = _fitting(lookup, fits, text)
                if chosen is None:
                    return None
                values[name] = chosen
            elif text is not None:
                values[name] = _raw_for(lookup, text)
            else:
                values[name] = 1
        return values

    def _index(
        self, point: SnmpPoint, wanted: Mapping[str, str], lookups: Mapping[str, Scalar]
    ) -> dict[str, int] | None:
        """Return the index parts that give the wanted labels, or None if the point has none."""
        if point.index is None:
            return {}
        if not set(wanted) <= {label for label, _ in point.labels}:
            return None
        fixed = self._fixed(point)
        index: dict[str, int] = {}
        free: list[str] = []
        for part in point.index:
            if part.form != "number":
                return None
            number = fixed.get(part.name)
            text = str(number) if number is not None else self._part_text(point, part.name, wanted)
            if text is not None and text.isdecimal():
                index[part.name] = int(text)
            else:
                index[part.name] = 1
                free.append(part.name)
        if free:
            table = smi.encode_subids(smi.decode_subids(point.oid)[:-1])
            asked = {name for name, _ in point.where}
            chosen = tuple((n, v) for n, v in sorted(lookups.items()) if n in asked)
            key = (tuple(sorted(wanted.items())), tuple(index.items()), chosen)
            ordinals = self._ordinals.setdefault(table, {})
            index[free[-1]] = ordinals.setdefault(key, len(ordinals) + 1)
        return index

    def _fixed(self, point: SnmpPoint) -> dict[str, int]:
        """Return the index parts that ``where`` fixes to a number, directly or through a lookup."""
        fixed: dict[str, int] = {}
        for name, fits in point.where:
            lookup = self.profile.lookups.get(name)
            part = name if lookup is None else lookup.part
            numbers = sorted(number for number in fits.exact if number.isdecimal())
            if part is not None and numbers:
                fixed[part] = int(numbers[0])
        return fixed

    def _part_text(self, point: SnmpPoint, part: str, wanted: Mapping[str, str]) -> str | None:
        """Return the wanted label text that an index part gives, directly or through a lookup."""
        names = [n for n in point.lookups if self.profile.lookups[n].part == part]
        texts = (_label_of(point, name, wanted) for name in (part, *names))
        return next((text for text in texts if text is not None), None)

    def _set_lookup(
        self, lookup: Lookup, raw: Scalar, suffix: bytes, index: Mapping[str, int]
    ) -> bool:
        if lookup.scalar:
            instance = lookup.oid
        elif lookup.index is None:
            instance = lookup.oid + suffix
        else:
            steps = [index.get(step) if isinstance(step, str) else step for step in lookup.index]
            subids = [step for step in steps if step is not None]
            if len(subids) != len(steps):
                return True
            instance = lookup.oid + smi.encode_subids(subids)
        if self._cells.setdefault(instance, raw) != raw:
            return False
        if isinstance(raw, int):
            self.view.set(instance, smi.INTEGER, raw)
        else:
            self.view.set(instance, smi.OCTET_STRING, str(raw).encode())
        return True


def _held(read: Callable[[], int], counter: bool) -> Callable[[], int]:
    if counter:
        return lambda: max(0, read()) & (2**64 - 1)
    return lambda: min(max(read(), -(2**31)), 2**31 - 1)


def _label_of(point: SnmpPoint, part: str, wanted: Mapping[str, str]) -> str | None:
    """Return the wanted label text that comes from this index part or lookup alone."""
    for label, template in point.labels:
        if template == f"{{{part}}}":
            return wanted.get(label)
    return None


def _mapped(lookup: Lookup, raw: Scalar) -> Scalar | None:
    return lookup.map.get(raw) if lookup.map is not None else raw


def _raw_for(lookup: Lookup, value: Scalar) -> Scalar:
    """Return the raw value that the lookup maps to ``value``; ``value`` itself without a map."""
    for raw, mapped in (lookup.map or {}).items():
        if str(mapped) == str(value):
            return raw
    if isinstance(value, str) and value.isdecimal() and int(value) <= _SUBID_MAX:
        return int(value)
    return value


def _unit_raw(lookup: Lookup, point: SnmpPoint) -> Scalar:
    for raw, name in (lookup.map or {}).items():
        unit = UNITS.get(str(name))
        if unit is not None and unit.base == point.metric.unit:
            return raw
    return 1


def _fitting(lookup: Lookup, fits: Matcher, text: str | None) -> Scalar | None:
    """Return a raw value that the matcher accepts; the label's own text if that fits."""
    if text is not None and fits(text):
        return _raw_for(lookup, text)
    if fits.exact:
        return _raw_for(lookup, min(fits.exact))
    choices: list[Scalar] = [*(lookup.map or {}), *range(_SMALL_ENUM)]
    return next((raw for raw in choices if fits(_mapped(lookup, raw))), None)
