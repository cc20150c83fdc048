"""Compiled profiles: frozen points with exact factors, as planning and normalising use them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from agent.model.catalogue import Metric
from agent.parse.expression import Expression
from agent.profile.spec import ProfileLimits
from agent.profile.spec_modbus import Quirks, SerialSpec

Scalar = int | float | str


@dataclass(frozen=True, slots=True)
class Matcher:
    """A test of a value: it is in a set, or matches one of several regular expressions."""

    exact: frozenset[str]
    patterns: tuple[re.Pattern[str], ...] = ()

    def __call__(self, value: object) -> bool:
        """Return whether ``value`` fits. It is compared as text, so that 4 and "4" are equal."""
        text = str(value)
        return text in self.exact or any(pattern.search(text) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class SearchStep:
    """One way to find a row: the lookup or index part ``value`` is what the row has in ``column``.

    Without a column the value is the row's index. ``prefixes`` are short forms and long ones.
    """

    value: str
    column: str | None = None
    prefixes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Lookup:
    """A helper value at an index (index parts and other lookups by name, numbers as they are).

    ``otherwise`` names the lookup to use if this one has no value. ``part`` is the index
    part it renames; such a lookup has an empty ``oid``. ``form`` is how octets are written, or
    ``form_lookup`` names the lookup that gives it. ``search`` finds a row of another table, of
    which the lookup is the first value that ``gives`` has; its ``oid`` is empty too.
    """

    name: str
    oid: bytes
    scalar: bool
    index: tuple[str | int, ...] | None
    map: Mapping[Scalar, Scalar] | None
    pattern: re.Pattern[str] | None
    default: Scalar | None
    interval_s: float
    otherwise: str | None = None
    part: str | None = None
    form: str | None = None
    form_lookup: str | None = None
    search: tuple[SearchStep, ...] = ()
    gives: tuple[str, ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """Names this lookup depends on: index parts and lookups."""
        steps = [step for step in self.index or () if isinstance(step, str)]
        searched = [name for step in self.search for name in (step.value, step.column)]
        names = (*steps, *searched, *self.gives, self.part, self.form_lookup, self.otherwise)
        return tuple(name for name in names if name is not None)


@dataclass(frozen=True, slots=True)
class IndexPart:
    """One part of a table index. ``form``: one sub-identifier, a counted string, or the rest."""

    name: str
    form: str = "number"

    @property
    def is_label(self) -> bool:
        """True if the part becomes a label by itself."""
        return not self.name.startswith("_")


@dataclass(frozen=True, slots=True)
class Conversion:
    """native -> base: ``(raw * scale / 10**digits + offset)`` in ``unit``, then to the base unit.

    The three lookups replace the constant of their name, row by row; a unit beside
    its lookup is used if the row names none.
    """

    scale: Fraction = Fraction(1)
    digits: int = 0
    offset: Fraction = Fraction(0)
    unit: str = ""
    scale_lookup: str | None = None
    digits_lookup: str | None = None
    unit_lookup: str | None = None

    @property
    def lookups(self) -> tuple[str, ...]:
        """The lookups that it takes from a row."""
        names = (self.scale_lookup, self.digits_lookup, self.unit_lookup)
        return tuple(name for name in names if name is not None)


@dataclass(frozen=True, slots=True)
class PointBase:
    """The fields that all points share. ``number`` is the point's position in its profile."""

    number: int
    metric: Metric
    labels: tuple[tuple[str, str], ...]
    conversion: Conversion
    states: Mapping[Scalar, str] | None
    values: Mapping[Scalar, float] | None
    absent: frozenset[Scalar]
    low: float | None
    high: float | None
    pattern: re.Pattern[str] | None
    interval_s: float
    fallback: bool
    as_is: bool

    @property
    def state_names(self) -> tuple[str, ...]:
        """The states it can take, once each, in the profile's order."""
        return tuple(dict.fromkeys(self.states.values())) if self.states else ()


@dataclass(frozen=True, slots=True)
class SnmpPoint(PointBase):
    """A point read over SNMP; ``index`` None for a scalar instance."""

    oid: bytes
    index: tuple[IndexPart, ...] | None
    where: tuple[tuple[str, Matcher], ...]
    good: tuple[tuple[str, Matcher], ...]
    bit: int | None
    skip: bool
    """Rows that fit are left out on purpose."""
    lookups: tuple[str, ...]
    """Names of the lookups it depends on."""


@dataclass(frozen=True, slots=True)
class ModbusPoint(PointBase):
    """A point read over Modbus; ``count`` in registers (or bits for coils), ``address`` 0-based.

    ``bit`` is the lowest of ``bits`` bits that are selected from an integer. ``part`` is the range
    that one request must read: its registers, those of its group, and its scale register.
    """

    table: str
    address: int
    data_type: str
    byte_order: str
    count: int
    bit: int | None
    bits: int = 1
    absent_whole: frozenset[Scalar] = frozenset()
    """Values of all its registers that mean "no value", where only some of their bits are picked;
    ``absent`` is then empty."""
    part: tuple[int, int] = (0, 0)
    scale_register: int | None = None
    """The address of a power of ten, as an int16 (SunSpec's ``sunssf``)."""
    clamp: tuple[float, float] | None = None
    """Base values outside are set to the nearer bound."""
    rollover: int | None = None
    """The raw value at which a counter overflows to zero."""
    derived: Expression | None = None
    """The expression of a computed point, which has no registers."""
    hidden: bool = False
    """Only derivations use it: it has a name, but no series."""
    inputs: tuple[int, ...] = ()
    """The numbers of the points it is derived from, in the order of the expression's names."""


@dataclass(frozen=True, slots=True)
class InfoField:
    """The place of one field of the identity, or its constant ``text``.

    Only rows of a column count whose value in the column ``by`` is one of ``among``.
    """

    text: str | None = None
    oid: bytes | None = None
    column: bool = False
    by: bytes | None = None
    among: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None
    table: str = "holding"
    address: int | None = None
    data_type: str = "string"
    byte_order: str = "ABCD"
    count: int = 0


@dataclass(frozen=True, slots=True)
class Identify:
    """A rule that decides whether the profile fits a device; see ``IdentifySpec``.

    ``also`` are further registers that must match.
    """

    sys_object_ids: tuple[bytes, ...] = ()
    sys_descr: re.Pattern[str] | None = None
    probe: bytes | None = None
    fallback: bool = False
    address: int | None = None
    table: str = "holding"
    count: int = 1
    data_type: str | None = None
    matches: re.Pattern[str] | None = None
    also: tuple["Identify", ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """One device model or family, compiled."""

    name: str
    title: str
    kind: str
    protocol: str
    verified: str
    source: str
    file: str
    points: tuple[SnmpPoint, ...] | tuple[ModbusPoint, ...]
    lookups: Mapping[str, Lookup] = field(default_factory=dict)
    info: Mapping[str, tuple[InfoField, ...]] = field(default_factory=dict)
    identify: tuple[Identify, ...] = ()
    limits: ProfileLimits = field(default_factory=ProfileLimits)
    serial: SerialSpec = field(default_factory=SerialSpec)
    has_serial_line: bool = False
    """True if the profile has serial settings; other devices have a network interface."""
    quirks: Quirks = field(default_factory=Quirks)
    notes: str = ""
    driver: str | None = None
