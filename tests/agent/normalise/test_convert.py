"""Raw to base unit and back: exact figures, and every way in which a value is not one."""

import re
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.catalogue import CATALOGUE
from agent.model.units import UNITS
from agent.normalise.convert import (
    IDENTITY,
    Linear,
    convert,
    convert_column,
    linear,
    to_native,
    unit_fits,
)
from agent.profile.points import Conversion, PointBase, Scalar

HUNDREDTHS_KW = Linear(10, 0, 1)


def point(metric: str = "rack_inlet_power_watts", **given: object) -> PointBase:
    found = CATALOGUE[metric]
    base = PointBase(
        number=0,
        metric=found,
        labels=(),
        conversion=Conversion(),
        states=None,
        values=None,
        absent=frozenset(),
        low=found.low,
        high=found.high,
        pattern=None,
        interval_s=0.0,
        fallback=False,
        as_is=False,
    )
    return replace(base, **given)  # type: ignore[arg-type]


def to_base(conversion: Conversion, **row: Scalar | None) -> Linear:
    found = linear(conversion, row)
    assert isinstance(found, Linear)
    return found


# ---- the linear map


@pytest.mark.parametrize(
    ("conversion", "raw", "value"),
    [
        (Conversion(unit="W"), 242, 242),
        (Conversion(scale=Fraction("0.01"), unit="kW"), 57, 570.0),
        (Conversion(digits=3, unit="A"), 7467, 7.467),
        (Conversion(digits=-2, unit="W"), 3, 300),
        (Conversion(scale=Fraction("0.1"), unit="degF"), 725, 22.5),
        (Conversion(offset=Fraction(-40), unit="degC"), 65, 25),
        (Conversion(scale=Fraction(1, 10), unit="K"), 2982, 25.05),
        (Conversion(scale=Fraction("0.1"), unit="kWh"), 1, 360_000),
        (Conversion(scale=Fraction(1, 3), unit="V"), 690, 230),
        (Conversion(scale=Fraction("0.1"), unit="L/min"), 900, 1.5),
    ],
)
def test_a_raw_value_in_the_base_unit(conversion: Conversion, raw: int, value: float) -> None:
    assert to_base(conversion).apply(raw) == value


def test_a_counter_that_needs_no_conversion_stays_a_whole_number() -> None:
    found = to_base(Conversion(unit="B")).apply(2**63 + 1)
    assert (found, type(found)) == (2**63 + 1, int)


def test_scale_digits_and_unit_can_come_from_the_row() -> None:
    conversion = Conversion(scale_lookup="s", digits_lookup="d", unit_lookup="u")
    assert to_base(conversion, s="0.5", d=1, u="kW").apply(100) == 5000
    assert to_base(conversion, s="1/8", d="0", u="W").apply(8) == 1


def test_a_default_unit_stands_in_where_the_row_names_none() -> None:
    conversion = Conversion(unit="mA", unit_lookup="u")
    assert to_base(conversion, u=None).apply(1500) == 1.5
    assert to_base(conversion, u="A").apply(1500) == 1500


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"s": None, "d": 1, "u": "W"}, "the device gives no 's' for this row"),
        ({"d": 1, "s": 1}, "the device gives no 'u' for this row"),
        ({"s": "tenth", "d": 1, "u": "W"}, "'tenth' is no scale"),
        ({"s": "1e999999999", "d": 1, "u": "W"}, "'1e999999999' is no scale"),
        ({"s": "1/0", "d": 1, "u": "W"}, "a scale or digits of this row are unusable"),
        ({"s": 0, "d": 1, "u": "W"}, "scale 0 and 1 digits are implausible"),
        ({"s": 1, "d": "x", "u": "W"}, "a scale or digits of this row are unusable"),
        ({"s": 1, "d": 99, "u": "W"}, "scale 1 and 99 digits are implausible"),
        ({"s": 1, "d": 1, "u": "furlong"}, "names the unit 'furlong', which the profile does not"),
    ],
)
def test_why_a_row_cannot_be_converted(row: dict[str, Scalar | None], says: str) -> None:
    found = linear(Conversion(scale_lookup="s", digits_lookup="d", unit_lookup="u"), row)
    assert isinstance(found, str)
    assert says in found


@pytest.mark.parametrize(
    ("conversion", "named", "fits"),
    [
        (Conversion(unit="W"), None, True),
        (Conversion(unit_lookup="u"), "kW", True),
        (Conversion(unit_lookup="u"), "kWh", False),
        (Conversion(unit_lookup="u"), None, False),
        (Conversion(unit_lookup="u"), "furlong", False),
        (Conversion(unit="W", unit_lookup="u"), None, True),
        (Conversion(unit="W", unit_lookup="u"), "V", False),
    ],
)
def test_a_row_counts_only_where_its_unit_is_one_of_the_metrics(
    conversion: Conversion, named: str | None, fits: bool
) -> None:
    assert unit_fits(conversion, {"u": named}, "W") is fits


# ---- one value


@pytest.mark.parametrize(
    ("at", "raw", "value"),
    [
        (point(), 57, 570),
        (point(), "57", 570),
        (point(), " 5.7 ", 57),
        (point(pattern=re.compile("(.*) W")), "57 W", 570),
        (point("rack_leak_detected", values={1: 0, 2: 1}), 2, 1),
        (point("rack_leak_detected", values={1: 0, 2: 1}), "2", 1),
        (point("rack_leak_detected", values={"dry": 0, "wet": 1}), "wet", 1),
        (point("rack_outlet_state", states={1: "off", 2: "on"}), 2, "on"),
        (point("rack_outlet_state", states={1: "off", 2: "on"}), "1", "off"),
        (point("rack_outlet_state", as_is=True), "tripped", "tripped"),
        (point("rack_device_info"), "anything", 1),
    ],
)
def test_a_good_value(at: PointBase, raw: float | str, value: object) -> None:
    assert convert(at, raw, HUNDREDTHS_KW) == (value, "")


@pytest.mark.parametrize(
    ("at", "raw", "says"),
    [
        (point(), None, "the registers hold no number"),
        (point(absent=frozenset({-1})), -1, "the device says there is no value (-1)"),
        (point(absent=frozenset({-1})), "-1", "the device says there is no value ('-1')"),
        (point(absent=frozenset({"n/a"})), "n/a", "the device says there is no value ('n/a')"),
        (point(), "n/a", "'n/a' is not a number"),
        (point(), "", "'' is not a number"),
        (point(pattern=re.compile("(.*) W")), "57", "'57' is not a number"),
        (point(), 999_999, "9.99999e+06 W is implausible (raw 999999)"),
        (point(), -999_999, "-9.99999e+06 W is implausible (raw -999999)"),
        (
            point("rack_inlet_energy_joules_total"),
            1.7e308,
            "inf J is implausible (raw 1.7e+308)",
        ),
        (point("rack_leak_detected", values={1: 0}), 3, "3 is not in the profile's values"),
        (point("rack_outlet_state", states={1: "off"}), 7, "7 is not a state the profile knows"),
        (point("rack_outlet_state", as_is=True), "", "'' is not a state the profile knows"),
        (point("rack_outlet_state", as_is=True), 7, "7 is not a state the profile knows"),
        (point("rack_outlet_state", states={1: "off"}), "x", "'x' is not a state the profile"),
    ],
)
def test_bad_is_not_zero(at: PointBase, raw: float | str | None, says: str) -> None:
    value, reason = convert(at, raw, HUNDREDTHS_KW)
    assert value is None
    assert reason.startswith(says)


@given(st.one_of(st.none(), st.integers(), st.floats(allow_nan=False), st.text()))
def test_whatever_a_device_says_is_a_finite_value_or_none(raw: float | str | None) -> None:
    at = point("rack_inlet_energy_joules_total", low=None)
    if isinstance(raw, int) and abs(raw) > 2**64:
        return  # more than an SNMP value or eight registers hold
    value, reason = convert(at, raw, to_base(Conversion(unit="kWh")))
    assert (value is None) is bool(reason)
    assert value is None or abs(float(value)) < float("inf")


# ---- a column at once


@pytest.mark.parametrize(
    "at",
    [
        point(),
        point(absent=frozenset({-1})),
        point("rack_leak_detected", values={1: 0, 2: 1}),
        point("rack_outlet_state", states={1: "off", 2: "on"}),
        point("rack_outlet_state", as_is=True),
        point("rack_device_info"),
        point("rack_inlet_energy_joules_total"),
    ],
)
@given(
    raws=st.lists(st.integers(-3, 5) | st.integers(-(2**31), 2**64 - 1), min_size=1, max_size=6),
    conversion=st.sampled_from(
        (
            Conversion(unit="W"),
            Conversion(digits=2, unit="W"),
            Conversion(offset=Fraction(-40), unit="degF"),
            Conversion(scale=Fraction("0.01"), unit="kW"),
        )
    ),
)
def test_a_column_is_what_its_values_are_one_by_one(
    at: PointBase, raws: list[int], conversion: Conversion
) -> None:
    to = to_base(conversion)
    found = convert_column(at, raws, to)
    singly = [convert(at, raw, to) for raw in raws]
    if found is None:
        assert any(reason for _, reason in singly)
    else:
        assert [(value, "") for value in found] == singly


# ---- and back


@given(
    st.sampled_from(sorted(UNITS)),
    st.sampled_from(("1", "0.1", "0.01", "1/3", "-2", "1000")),
    st.integers(-6, 6),
    st.integers(-100, 100),
    st.integers(-(2**31), 2**31),
)
def test_converting_and_back_gives_the_same_raw_value(
    unit: str, scale: str, digits: int, offset: int, raw: int
) -> None:
    to = to_base(Conversion(Fraction(scale), digits, Fraction(offset), unit))
    value = to.apply(raw)
    at = point(low=None, high=None)
    back = to_native(at, value, to)
    assert isinstance(back, float | int)
    # The value passed through one float: a big offset costs the last digits of a small number.
    assert back == pytest.approx(raw, rel=1e-9, abs=1e-6 * 10.0**digits)


def test_states_and_mapped_values_go_back_to_their_raw_value() -> None:
    state = point("rack_outlet_state", states={1: "off", 2: "on"})
    assert to_native(state, "on", IDENTITY) == 2
    mapped = point("rack_leak_detected", values={"dry": 0, "wet": 1})
    assert to_native(mapped, 1, IDENTITY) == "wet"
    assert to_native(point("rack_device_info"), "AP8853", IDENTITY) == "AP8853"


def test_a_state_the_point_cannot_say_is_refused() -> None:
    state = point("rack_outlet_state", states={1: "off", 2: "on"})
    with pytest.raises(ValueError, match="'rebooting' is not one of off, on"):
        to_native(state, "rebooting", IDENTITY)
    with pytest.raises(ValueError, match="is not one of"):
        to_native(point("rack_outlet_state", as_is=True), "x", IDENTITY)
