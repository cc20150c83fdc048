"""Curves, conditions, and names that nothing has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.commission.spec.expression import Curve, arithmetic, condition, unknown_names

FLOW = Curve([(25, 65.1), (30, 76.5), (35, 92.6), (40, 117.5), (45, 160)])
VALUES = {"load": 0.5, "supply": 32.0, "zero": 0.0}


@pytest.mark.parametrize(("x", "y"), [(25, 65.1), (27.5, 70.8), (30, 76.5), (42, 134.5), (45, 160)])
def test_a_curve_runs_through_its_points(x: float, y: float) -> None:
    assert FLOW(x) == pytest.approx(y)


@pytest.mark.parametrize("x", [24.99, 45.01, -1e9])
def test_a_curve_says_nothing_outside(x: float) -> None:
    with pytest.raises(OverflowError, match="is outside of 25 to 45"):
        FLOW(x)


@given(st.floats(25, 45))
def test_a_rising_curve_stays_between_its_ends(x: float) -> None:
    assert 65.1 <= FLOW(x) <= 160


@pytest.mark.parametrize("points", [[], [(1, 1)], [(1, 1), (1, 2)], [(2, 1), (1, 2)]])
def test_what_is_no_curve(points: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="two points or more"):
        Curve(points)


def test_an_expression_that_leaves_the_curve_has_no_value() -> None:
    expression = arithmetic("max(flow(supply - 30 * load), 1)", {"flow": FLOW})
    assert expression.names == ("supply", "load")
    assert expression({"supply": 45, "load": 0.5}) == pytest.approx(76.5)
    assert expression({"supply": 20, "load": 0.5}) is None


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("load > 0.3", True),
        ("load <= 0.3", False),
        ("0.3 < load", True),
        ("load >= 0.5 and supply < 32", False),
        ("load == 0.5 and supply <= 32", True),
        ("flow(supply) > 80 and load > -1e3", True),
        ("supply / zero > 1", None),
        ("load > 1 and 1 < supply / zero", None),
    ],
)
def test_conditions(text: str, holds: bool | None) -> None:
    assert condition(text, {"flow": FLOW})(VALUES) is holds


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("load", "'load' is not a comparison"),
        ("1 < load < 2", "is not a comparison"),
        ("1 < 2", "names no signal"),
        ("load > ", "is not an expression"),
        ("load > open(1)", "is not allowed"),
        ("load > 1 or load < 2", "is not a comparison"),
    ],
)
def test_what_is_no_condition(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        condition(text)


def test_unknown_names_are_told_with_what_is_like_them() -> None:
    assert unknown_names(("load", "supply"), VALUES) == ""
    said = unknown_names(("load", "suply"), VALUES)
    assert said == "unknown signal or constant 'suply'; did you mean supply?"
    assert unknown_names(("xyz",), VALUES) == "unknown signal or constant 'xyz'"
