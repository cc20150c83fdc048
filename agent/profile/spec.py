"""What a profile's YAML may say: pydantic models, nothing extra allowed.

Every key is described here once; ``rackagent schema profile`` prints the same as JSON Schema.
"""

import re
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from agent import smi
from agent.units import UNITS


def _oid(text: str) -> str:
    smi.oid(text)
    return text.removeprefix(".")


def _regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return text


def _unit(name: str) -> str:
    if name not in UNITS:
        known = ", ".join(sorted(unit for unit in UNITS if unit))
        raise ValueError(f"unknown unit {name!r}; known units: {known}")
    return name


Oid = Annotated[str, AfterValidator(_oid), Field(description="dotted OID")]
Regex = Annotated[str, AfterValidator(_regex)]
UnitName = Annotated[str, AfterValidator(_unit), Field(description="unit as the datasheet says")]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", description="lower-case name")]
LabelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Scalar = int | float | str


def _fraction(value: int | float | str) -> int | float | str:
    if isinstance(value, str):
        try:
            Fraction(value)
        except (ValueError, ZeroDivisionError):
            raise ValueError(f"{value!r} is not a number or a fraction such as 1/1024") from None
    return value


Factor = Annotated[int | float | str, AfterValidator(_fraction)]


class Spec(BaseModel):
    """Base: unknown keys are errors, values are never coerced from text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class LookupSpec(Spec):
    """A value that helps to read another one: a name, a scale, a unit, a status.

    ``column`` is read at ``index`` (parts of the point's own index, fixed numbers, or values of
    other lookups, in order; the point's whole index unless given); ``scalar`` is one instance for
    the whole device. ``map`` translates what was read. ``otherwise`` names the lookup that counts
    where this one gives nothing.
    """

    column: Oid | None = None
    scalar: Oid | None = None
    index: list[str | int] | None = None
    map: dict[Scalar, Scalar] | None = None
    pattern: Regex | None = Field(None, description="keep what group 1 matches")
    default: Scalar | None = Field(None, description="value where the device gives none")
    otherwise: str | None = Field(None, description="lookup that counts where this gives nothing")
    interval: float | None = Field(
        None, ge=0, description="seconds between reads; 300 unless given, 0 for every cycle"
    )

    @model_validator(mode="after")
    def _one_source(self) -> "LookupSpec":
        if (self.column is None) == (self.scalar is None):
            raise ValueError("a lookup has either 'column' or 'scalar'")
        return self


class FromLookup(Spec):
    """Take the value from the lookup of this name."""

    lookup: str


class PointSpec(Spec):
    """What every point says, whatever the protocol."""

    metric: str | None = None
    labels: dict[LabelName, str | int] = Field(default_factory=dict)
    scale: Factor | FromLookup = 1
    digits: int | FromLookup | None = Field(None, description="divide by ten to this power")
    offset: Factor = Field(0, description="added after scale, in the native unit")
    unit: UnitName | FromLookup | None = None
    states: dict[Scalar, str] | None = Field(None, description="raw value to state name")
    values: dict[Scalar, float | int] | None = Field(None, description="raw value to number")
    absent: list[Scalar] = Field(default_factory=list, description="raw values that mean 'none'")
    valid: tuple[float, float] | None = Field(None, description="plausible range, base unit")
    pattern: Regex | None = Field(None, description="for numbers inside text: group 1")
    interval: float | None = Field(None, gt=0, description="seconds; every cycle unless given")
    fallback: bool = Field(False, description="used only where an earlier point gave nothing")


class Case(Spec):
    """One of the metrics that rows of the same column can be, chosen by ``where``."""

    where: dict[str, list[Scalar] | Scalar] = Field(default_factory=dict)
    metric: str | None = Field(None, description="none: such rows are left out")
    labels: dict[LabelName, str | int] = Field(default_factory=dict)
    scale: Factor | FromLookup | None = None
    unit: UnitName | FromLookup | None = None
    states: dict[Scalar, str] | None = None
    values: dict[Scalar, float | int] | None = None
    absent: list[Scalar] | None = None
    valid: tuple[float, float] | None = None


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
    cases: list[Case] | None = None


class ModbusPointSpec(PointSpec):
    """A value in registers. ``address`` is 0-based as on the wire (40001 is holding 0).

    ``bits`` names flags of one register: each becomes a point with the label ``alarm``, or one
    state each where the metric says so.
    """

    address: int = Field(ge=0, le=65535)
    table: Literal["holding", "input", "coil", "discrete"] | None = None
    data_type: str | None = None
    byte_order: Literal["ABCD", "CDAB", "BADC", "DCBA"] | None = None
    count: int | None = Field(None, ge=1, le=125, description="registers of a string")
    bit: int | None = Field(None, ge=0, le=63)
    bits: dict[int, str | dict[LabelName, str]] | None = None
    repeat: int | None = Field(None, ge=1, le=512, description="how many, 'step' registers apart")
    step: int | None = Field(None, ge=1)
    repeat_label: LabelName | None = None


class IdentifySpec(Spec):
    """How a device shows that this profile fits.

    SNMP: its sysObjectID starts with one of these (the longest prefix wins), its sysDescr matches,
    and the ``probe`` instance exists where given. Modbus: the registers at ``address`` answer, and
    their text matches where ``matches`` is given.
    """

    sys_object_id: list[Oid] | Oid | None = None
    sys_descr: Regex | None = None
    probe: Oid | None = None
    fallback: bool = Field(False, description="fits any device that nothing else fits")
    address: int | None = Field(None, ge=0, le=65535)
    table: Literal["holding", "input"] | None = None
    count: int = Field(1, ge=1, le=125)
    matches: Regex | None = None


class InfoSpec(Spec):
    """One field of the device's identity, read once: a scalar, a column's first row, or registers."""

    oid: Oid | None = None
    column: Oid | None = None
    pattern: Regex | None = None
    address: int | None = Field(None, ge=0, le=65535)
    table: Literal["holding", "input"] | None = None
    data_type: str = "string"
    count: int = Field(8, ge=1, le=125)
    byte_order: Literal["ABCD", "CDAB", "BADC", "DCBA"] | None = None


Info = str | InfoSpec | list[InfoSpec]


class IdentitySpec(Spec):
    """Vendor, model, serial and firmware: a constant text, or where to read it (first that answers)."""

    vendor: Info | None = None
    model: Info | None = None
    serial: Info | None = None
    firmware: Info | None = None


class DefaultsSpec(Spec):
    """What Modbus points take unless they say otherwise."""

    table: Literal["holding", "input", "coil", "discrete"] = "holding"
    byte_order: Literal["ABCD", "CDAB", "BADC", "DCBA"] = "ABCD"
    data_type: str = "uint16"


class LimitsSpec(Spec):
    """What the device stands."""

    registers_max: int = Field(125, ge=1, le=125, description="registers in one read")
    gap_max: int = Field(8, ge=0, le=124, description="unused registers read to join two blocks")
    forbidden: list[tuple[int, int]] = Field(default_factory=list, description="first, last")
    oids_max: int = Field(24, ge=1, le=100, description="OIDs in one GET")
    repetitions_max: int = Field(25, ge=1, le=500, description="rows in one GETBULK")


class SerialSpec(Spec):
    """The line settings a Modbus RTU device ships with."""

    baudrate: int = 19200
    parity: Literal["N", "E", "O"] = "E"
    stopbits: Literal[1, 2] = 1
    units: list[tuple[int, int]] = Field(default_factory=list, description="unit ids: first, last")


class FileSpec(Spec):
    """Common to profiles and fragments."""

    include: list[Slug] = Field(default_factory=list)
    lookups: dict[str, LookupSpec] = Field(default_factory=dict)
    info: IdentitySpec = IdentitySpec()
    notes: str | None = None
    driver: str | None = Field(None, description="a Python driver, only where YAML cannot speak")


class SnmpFileSpec(FileSpec):
    """A profile spoken over SNMP."""

    profile: Slug
    title: str
    kind: Literal["pdu", "ups", "power_shelf", "bbu", "cdu", "cooling", "switch", "sensor", "other"]
    protocol: Literal["snmp"]
    verified: Literal["hardware", "recording", "datasheet"]
    source: str = Field(description="MIB, datasheet or map the points come from")
    identify: IdentifySpec = IdentifySpec()
    limits: LimitsSpec = LimitsSpec()
    points: list[SnmpPointSpec] = Field(default_factory=list)


class ModbusFileSpec(FileSpec):
    """A profile spoken over Modbus."""

    profile: Slug
    title: str
    kind: Literal["pdu", "ups", "power_shelf", "bbu", "cdu", "cooling", "switch", "sensor", "other"]
    protocol: Literal["modbus"]
    verified: Literal["hardware", "recording", "datasheet"]
    source: str = Field(description="datasheet or map the points come from")
    identify: IdentifySpec = IdentifySpec()
    limits: LimitsSpec = LimitsSpec()
    defaults: DefaultsSpec = DefaultsSpec()
    serial: SerialSpec = SerialSpec()
    points: list[ModbusPointSpec] = Field(min_length=1)


class FragmentSpec(FileSpec):
    """Points of a standard MIB that SNMP profiles include."""

    fragment: Slug
    title: str
    source: str
    points: list[SnmpPointSpec] = Field(min_length=1)


def spec_for(data: Any) -> type[SnmpFileSpec] | type[ModbusFileSpec] | type[FragmentSpec]:
    """Which model a parsed file should be read as."""
    if "fragment" in data:
        return FragmentSpec
    return ModbusFileSpec if data.get("protocol") == "modbus" else SnmpFileSpec
