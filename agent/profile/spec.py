"""The YAML format of profiles, as pydantic models without extra keys.

Every key is described here once; ``rackagent schema profile`` prints the same as JSON Schema.
"""

from typing import Literal

from pydantic import (
    Field,
    model_validator,
)

from agent.parse.strict_model import StrictModel
from agent.profile.field_types import (
    Address,
    Bounds,
    ByteOrder,
    Digits,
    Factor,
    GroupRegex,
    InfoType,
    LabelName,
    MetricName,
    Number,
    Oid,
    Pairs,
    Regex,
    Scalar,
    Slug,
    UnitName,
)


class FromLookup(StrictModel):
    """Take the value from the lookup of this name."""

    lookup: str


class SearchSpec(StrictModel):
    """Find the row whose lookup ``column`` has the value of a lookup or an index part."""

    value: str
    column: str | None = Field(None, description="without it the value is the row's index")
    prefixes: dict[str, str] = Field(default_factory=dict, description="short start to long one")


class LookupSpec(StrictModel):
    """A value that helps to read another one: a name, a scale, a unit or a status.

    ``column`` is read at ``index`` (parts of the point's own index, fixed numbers, or values of
    other lookups, in order; the point's whole index unless given); ``scalar`` is one instance for
    the whole device; ``part`` is a part of the point's own index (a number that ``pattern`` cuts
    out of it can be a step of another lookup's index). ``map`` translates what was read.
    ``search`` finds a row elsewhere by the first of its steps that fits one row; the value is
    the first of ``gives`` that the row has.
    ``otherwise`` names the lookup to use if this one has no value.
    """

    column: Oid | None = None
    scalar: Oid | None = None
    part: str | None = Field(None, description="an index part, to give it another name")
    search: list[SearchSpec] = Field(default_factory=list)
    gives: list[str] = Field(default_factory=list, description="lookups of the row that was found")
    index: list[str | int] | None = None
    form: Literal["mac", "address"] | FromLookup | None = Field(None, description="of the octets")
    map: dict[Scalar, Scalar] | None = None
    pattern: GroupRegex | None = Field(None, description="regular expression; group 1 is kept")
    default: Scalar | None = Field(None, description="value if the device has none")
    otherwise: str | None = Field(None, description="lookup to use if this one has no value")
    interval: float | None = Field(
        None, ge=0, description="seconds between reads; default 300, 0 for every cycle"
    )

    @model_validator(mode="after")
    def _one_source(self) -> "LookupSpec":
        sources = [self.column, self.scalar, self.part, self.search or None]
        if sources.count(None) != len(sources) - 1:
            raise ValueError("a lookup has one of 'column', 'scalar', 'part' and 'search'")
        if bool(self.search) != bool(self.gives):
            raise ValueError("'search' and 'gives' are used together")
        return self


class UnitFromLookup(FromLookup):
    """Take the unit from the lookup of this name, or ``default`` if it has no value."""

    default: UnitName | None = None


class PointSpec(StrictModel):
    """The keys of every point, whatever the protocol."""

    metric: MetricName | None = None
    labels: dict[LabelName, str | int] = Field(default_factory=dict)
    scale: Factor | FromLookup = 1
    digits: Digits | FromLookup | None = Field(None, description="divide by ten to this power")
    offset: Number = Field(0, description="added after scale, in the native unit")
    unit: UnitName | UnitFromLookup | None = None
    states: dict[Scalar, str] | None = Field(None, description="raw value to state name")
    values: dict[Scalar, float | int] | None = Field(None, description="raw value to number")
    absent: list[Scalar] = Field(
        default_factory=list,
        description="raw values that mean 'none': of whole registers, as numbers or bit patterns",
    )
    valid: Bounds | None = Field(None, description="plausible range, base unit")
    pattern: GroupRegex | None = Field(None, description="for a number in a text: group 1")
    interval: float | None = Field(None, gt=0, description="seconds; default: every cycle")


class PointCase(StrictModel):
    """One of the metrics that rows of the same column can be, chosen by ``where``."""

    where: dict[str, list[Scalar] | Scalar] = Field(default_factory=dict)
    metric: MetricName | None = Field(None, description="without a metric such rows are left out")
    labels: dict[LabelName, str | int] = Field(default_factory=dict)
    scale: Factor | FromLookup | None = None
    unit: UnitName | UnitFromLookup | None = None
    states: dict[Scalar, str] | None = None
    values: dict[Scalar, float | int] | None = None
    absent: list[Scalar] | None = None
    valid: Bounds | None = None


class SnmpPointSpec(PointSpec):
    """A scalar (no ``index``; the OID ends in its instance) or a table column (``index``).

    Index parts become labels unless their name starts with ``_``. A part is one sub-identifier;
    ``name:string`` is a length-prefixed string, ``name:rest`` takes all that is left.
    ``where`` keeps rows whose index part or lookup has one of the values (``~regex`` for text); a
    row belongs to the first point of its column that fits.
    """

    oid: Oid
    index: list[str] | None = None
    where: dict[str, list[Scalar] | Scalar] = Field(default_factory=dict)
    good: dict[str, list[Scalar] | Scalar] = Field(
        default_factory=dict, description="rows are bad unless this lookup has one of the values"
    )
    bit: int | None = Field(None, ge=0, le=63)
    text: Literal["as_is"] | None = Field(None, description="a state whose names the device gives")
    fallback: bool = Field(False, description="used only if an earlier point has no value")
    cases: list[PointCase] | None = None


class RegisterMatchSpec(StrictModel):
    """Registers whose text (their number, with a ``data_type``) matches."""

    address: Address
    table: Literal["holding", "input"] | None = None
    count: int = Field(1, ge=1, le=125)
    data_type: InfoType | None = None
    matches: Regex


class IdentifySpec(StrictModel):
    """A rule by which this profile fits a device; in a list of rules one is enough.

    SNMP: its sysObjectID starts with one of these (the longest prefix wins), its sysDescr matches,
    and the ``probe`` instance exists if given. Modbus: the registers at ``address`` answer, and
    their text (their number, with a ``data_type``) matches if ``matches`` is given: the longest
    match wins. Registers that only answer prove little, so without ``matches`` a profile that names
    its ``serial.units`` fits these alone. Those of ``also`` must match too (model and firmware,
    say); a rule of more registers wins over one of fewer, however long their text is.
    """

    sys_object_id: list[Oid] | Oid | None = None
    sys_descr: Regex | None = None
    probe: Oid | None = None
    fallback: bool = Field(False, description="generic: fits any device that no other profile fits")
    address: Address | None = None
    table: Literal["holding", "input"] | None = None
    count: int = Field(1, ge=1, le=125)
    data_type: InfoType | None = Field(
        None, description="type of the value that 'matches' is compared with"
    )
    matches: Regex | None = None
    also: list[RegisterMatchSpec] = Field(default_factory=list, max_length=8)

    @model_validator(mode="after")
    def _has_something_to_match(self) -> "IdentifySpec":
        if self.also and (self.address is None or self.matches is None):
            raise ValueError("'also' is only used with 'address' and 'matches'")
        if self.data_type is not None and self.matches is None:
            raise ValueError("'data_type' is only used with 'matches'")
        return self


class InfoSpec(StrictModel):
    """One field of the device's identity, read once.

    A scalar, the first row of a column with a value, or registers. With ``by`` only rows count
    whose value in that other column of the table is one of ``among``, best first.
    """

    oid: Oid | None = None
    column: Oid | None = None
    by: Oid | None = Field(None, description="column that decides which rows of 'column' count")
    among: list[Scalar] = Field(default_factory=list, description="values of 'by', best first")
    pattern: GroupRegex | None = None
    address: Address | None = None
    table: Literal["holding", "input"] | None = None
    data_type: InfoType = "string"
    count: int = Field(8, ge=1, le=125, description="registers of a text")
    byte_order: ByteOrder | None = None

    @model_validator(mode="after")
    def _chooses_rows(self) -> "InfoSpec":
        if (self.by is None) == bool(self.among) or (self.by is not None and self.column is None):
            raise ValueError("'by' and 'among' are used together, with a 'column'")
        return self


Info = str | InfoSpec | list[InfoSpec]


class IdentitySpec(StrictModel):
    """Vendor, model, serial and firmware: a constant text, or where to read it.

    The first of several that answers counts.
    """

    vendor: Info | None = None
    model: Info | None = None
    serial: Info | None = None
    firmware: Info | None = None


class ProfileLimits(StrictModel):
    """The limits of the device's requests."""

    registers_max: int = Field(125, ge=1, le=125, description="registers in one read")
    bits_max: int = Field(2000, ge=1, le=2000, description="coils or discrete inputs in one read")
    gap_max: int = Field(
        16,
        ge=0,
        le=124,
        description="unused registers that may be read to join two blocks, if that saves time;"
        " 0: never",
    )
    forbidden: Pairs = Field((), description="registers that are never read: first, last")
    oids_max: int = Field(24, ge=1, le=100, description="OIDs in one GET")
    repetitions_max: int | None = Field(None, ge=1, le=500, description="rows in one GETBULK")

    def counted_from(self, base: int) -> "ProfileLimits":
        """Return the limits with addresses from 0, for a file whose first register is ``base``."""
        pairs = tuple((low - base, high - base) for low, high in self.forbidden)
        return self.model_copy(update={"forbidden": pairs})


class FileSpec(StrictModel):
    """The keys that profiles and fragments share."""

    info: IdentitySpec = IdentitySpec()
    notes: str | None = None


class ProfileSpec(FileSpec):
    """The keys of every profile, whatever the protocol."""

    profile: Slug
    title: str
    kind: Literal["pdu", "ups", "power_shelf", "bbu", "cdu", "cooling", "switch", "sensor", "other"]
    driver: str | None = Field(
        None, description="a Python driver, for devices that YAML cannot describe"
    )
    verified: Literal["hardware", "recording", "datasheet"]
    source: str = Field(description="MIB, datasheet or map the points come from")
    identify: IdentifySpec | list[IdentifySpec] = Field(default_factory=list)
    limits: ProfileLimits = ProfileLimits()


class SnmpFileSpec(ProfileSpec):
    """A profile of an SNMP device."""

    protocol: Literal["snmp"]
    include: list[Slug] = Field(
        default_factory=list, description="fragments: MIBs that several profiles share"
    )
    lookups: dict[str, LookupSpec] = Field(default_factory=dict)
    points: list[SnmpPointSpec] = Field(default_factory=list)


class FragmentSpec(FileSpec):
    """Points of a standard MIB that SNMP profiles include."""

    fragment: Slug
    title: str
    source: str
    lookups: dict[str, LookupSpec] = Field(default_factory=dict)
    points: list[SnmpPointSpec] = Field(min_length=1)
