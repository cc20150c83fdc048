"""The YAML format of Modbus profiles, in addition to the keys of all profiles.

There is no key for writing: the agent has no way to write a register, whatever a profile says.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from agent.parse.expression import parse_expression
from agent.parse.strict_model import StrictModel
from agent.parse.yaml_errors import nearest
from agent.profile.field_types import (
    Address,
    Bounds,
    ByteOrder,
    DataType,
    LabelName,
    Pair,
    Pairs,
    Slug,
)
from agent.profile.spec import FragmentSpec, PointSpec, ProfileSpec, SnmpFileSpec

Table = Literal["holding", "input", "coil", "discrete"]


LongByteOrder = (
    ByteOrder
    | Literal["ABCDEFGH", "GHEFCDAB", "BADCFEHG", "HGFEDCBA"]
    | Literal["EFGHABCD", "CDABGHEF", "FEHGBADC", "DCBAHGFE"]
)


class RepeatSpec(StrictModel):
    """One level of repetition: ``count`` times, ``step`` registers apart, counted in ``label``."""

    count: int = Field(ge=1, le=512)
    step: int = Field(ge=1, le=65535, description="registers from one to the next")
    label: LabelName | None = None
    first: int = Field(1, ge=0, description="number of the first one in the label")


class ModbusPointSpec(PointSpec):
    """A value in registers, or a value that is derived from others.

    Function codes 1 to 4 are the tables coil, discrete, holding (3) and input (4). A fixed-point
    number Qm.n is an integer with ``scale: 1/2**n`` written out (Q6.10: 1/1024). Of an integer,
    ``bit`` is one bit and ``span`` several, 0 the least; ``states`` or ``values`` name what they
    mean. ``bits`` names flags: each becomes a point with the label ``alarm`` (or the labels given).

    ``derive`` computes the value, in the metric's base unit, from other points of the profile by
    their ``name``, in their base units: ``supply - return``, ``max(a, b) * 1.5``. A repeated
    point's name is followed by its number: ``pump_1``. A point that has a ``name`` and no
    ``metric`` is read for derivations alone and is not reported.
    """

    name: LabelName | None = Field(None, description="name in 'derive' of other points")
    address: Address | None = None
    derive: str | None = Field(None, description="arithmetic over points: + - * / ( ) min max abs")
    table: Table | None = None
    data_type: DataType | None = None
    byte_order: LongByteOrder | None = Field(
        None,
        description="order on the wire, A the highest byte: CDAB has the low register first (of 64"
        " bits GHEFCDAB), BADC the low byte of each, DCBA both; eight letters are for 64 bits",
    )
    count: int | None = Field(
        None,
        ge=1,
        le=125,
        description="registers of a string (two characters"
        " in each; one with string_low and string_high)",
    )
    bit: int | None = Field(None, ge=0, le=63)
    span: Pair | None = Field(None, description="lowest and highest bit of a number in an integer")
    bits: dict[int, str | dict[LabelName, str]] | None = None
    scale_register: Address | None = Field(
        None,
        description="int16 power of ten the value is multiplied by, read in the same block;"
        " -32768 means that there is no value (SunSpec)",
    )
    clamp: Bounds | None = Field(
        None, description="base unit; a plausible value outside is set to the nearer bound"
    )
    rollover: int | None = Field(
        None,
        ge=2,
        description="raw value at which a counter overflows; the agent continues to count until"
        " it restarts. After a fall one reading is bad: the next one shows if it was an overflow",
    )
    group: Slug | None = Field(None, description="points of one group are read in one request")
    repeat: int | None = Field(None, ge=1, le=512, description="how many, 'step' registers apart")
    step: int | None = Field(None, ge=1)
    repeat_label: LabelName | None = None
    repeats: list[RepeatSpec] = Field(
        default_factory=list, max_length=4, description="nested repetitions, the outermost first"
    )

    @model_validator(mode="after")
    def _has_a_place(self) -> "ModbusPointSpec":
        if self.derive is None:
            if self.address is None:
                raise ValueError("required key 'address' is missing")
        else:
            self._is_derived(self.derive)
        if self.repeats and self.repeat:
            raise ValueError("has both 'repeat' and 'repeats'")
        if [self.bit, self.span, self.bits].count(None) < 2:
            raise ValueError("has more than one of 'bit', 'span' and 'bits'")
        return self

    def _is_derived(self, text: str) -> None:
        registers = ("address", "table", "data_type", "byte_order", "count", "bit", "span", "bits",
                     "scale_register", "group", "repeat", "step", "repeat_label", "repeats",
                     "rollover", "interval", "absent", "pattern", "states", "values")  # fmt: skip
        given = [name for name in registers if name in self.model_fields_set]
        if given:
            raise ValueError(f"is derived, so it has no '{given[0]}'")
        try:
            parse_expression(text)
        except ValueError as error:
            raise ValueError(f"derive: {error}") from None


class PointDefaultsSpec(StrictModel):
    """Default values of Modbus points."""

    table: Table = "holding"
    byte_order: ByteOrder = "ABCD"
    data_type: DataType = "uint16"
    address_base: Literal[0, 1] = Field(
        0, description="number of the first register in the datasheet; addresses count from it"
    )


class SerialSpec(StrictModel):
    """The line settings a Modbus RTU device ships with."""

    baudrate: int = Field(19200, ge=300, le=4_000_000)
    parity: Literal["N", "E", "O"] = "E"
    stopbits: Literal[1, 2] = 1
    units: Pairs = Field((), description="unit ids: first, last")


class Quirks(StrictModel):
    """The device's timing beyond the standard. All devices of a line share one connection."""

    delay_ms: int = Field(
        0, ge=0, le=10_000, description="minimum silence after each of its replies"
    )
    connect_pause_ms: int = Field(
        0, ge=0, le=10_000, description="pause between connecting and the first request"
    )
    answer_ms: int = Field(
        0, ge=0, le=10_000, description="typical time to its reply; used by the plan only"
    )

    own_transactions: bool = Field(
        False,
        description="its Modbus TCP replies have transaction numbers of their own: each request"
        " gets a new connection, and the reply on it is believed",
    )
    close_after_cycle: bool = Field(
        False,
        description="close the connection after each cycle, because the device has only one and"
        " others need it too",
    )

    @property
    def delay_s(self) -> float:
        """Minimum silence in seconds after each reply."""
        return self.delay_ms / 1000

    @property
    def connect_pause_s(self) -> float:
        """Pause in seconds before the first request of a connection."""
        return self.connect_pause_ms / 1000

    @property
    def answer_s(self) -> float:
        """Typical time in seconds from request to reply; used by the plan only."""
        return self.answer_ms / 1000

    def joined(self, other: "Quirks") -> "Quirks":
        """Return what serves both: the longer of each time, and what either needs."""
        return Quirks(
            delay_ms=max(self.delay_ms, other.delay_ms),
            connect_pause_ms=max(self.connect_pause_ms, other.connect_pause_ms),
            answer_ms=max(self.answer_ms, other.answer_ms),
            own_transactions=self.own_transactions or other.own_transactions,
            close_after_cycle=self.close_after_cycle or other.close_after_cycle,
        )


class IncludeSpec(StrictModel):
    """A fragment's points, moved and labelled."""

    fragment: Slug
    offset: int = Field(0, ge=-65535, le=65535, description="added to the fragment's addresses")
    labels: dict[LabelName, str | int] = Field(default_factory=dict)


class ModbusFileSpec(ProfileSpec):
    """A profile of a Modbus device."""

    protocol: Literal["modbus"]
    include: list[Slug | IncludeSpec] = Field(
        default_factory=list, description="fragments: registers that several profiles share"
    )
    defaults: PointDefaultsSpec = PointDefaultsSpec()
    serial: SerialSpec = SerialSpec()
    quirks: Quirks = Quirks()
    points: list[ModbusPointSpec] = Field(default_factory=list)

    @model_validator(mode="after")
    def _has_points(self) -> "ModbusFileSpec":
        if not self.points and not self.include:
            raise ValueError("has neither 'points' nor 'include': there is nothing to read")
        return self


class ModbusFragmentSpec(StrictModel):
    """Registers that Modbus profiles include."""

    fragment: Slug
    protocol: Literal["modbus"]
    title: str
    source: str
    notes: str | None = None
    defaults: PointDefaultsSpec = PointDefaultsSpec()
    points: list[ModbusPointSpec] = Field(min_length=1)


def spec_for(
    data: Mapping[str, Any],
) -> type[SnmpFileSpec] | type[ModbusFileSpec] | type[FragmentSpec] | type[ModbusFragmentSpec]:
    """Return the model of a parsed file; a misspelt protocol is still recognised."""
    close = nearest(str(data.get("protocol")), ("modbus", "snmp"))
    modbus = close[:1] == ["modbus"]
    if "fragment" in data:
        return ModbusFragmentSpec if modbus else FragmentSpec
    return ModbusFileSpec if modbus else SnmpFileSpec
