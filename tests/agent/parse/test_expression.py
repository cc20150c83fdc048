"""Arithmetic over named values, and nothing else."""

import pytest

from agent.parse.expression import parse_expression

VALUES = {"a": 6.0, "b": 1.5, "c": 0.0}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a", 6),
        ("a - b", 4.5),
        ("a + b * 2", 9),
        ("(a + b) * 2", 15),
        ("a / b / 2", 2),
        ("-a + 1", -5),
        ("min(a, b, 4)", 1.5),
        ("max(a, b) - abs(-b)", 4.5),
        (" a * 1e3 ", 6000),
        ("a / c", None),
        ("a * 1e308 * 1e308", None),
        ("a * 10" + "0" * 400, None),
    ],
)
def test_results(text: str, result: float | None) -> None:
    assert parse_expression(text)(VALUES) == result


def test_names_come_once_in_order() -> None:
    assert parse_expression("b + a * b - min(a, c)").names == ("b", "a", "c")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a +", "'a +' is not an expression such as (a - b) * 2"),
        ("", "'' is not an expression"),
        ("a\0", "is not an expression"),
        ("1 + 2", "'1 + 2' names no other point"),
        ("a ** 2", "'a ** 2' is not allowed: numbers, names, + - * / ( ), min, max and abs are"),
        ("a // 2", "is not allowed"),
        ("not a", "is not allowed"),
        ("a.real", "is not allowed"),
        ("a[0]", "is not allowed"),
        ("'a'", "is not allowed"),
        ("a + True", "'True' is not allowed"),
        ("a if b else c", "is not allowed"),
        ("a < b", "is not allowed"),
        ("lambda: a", "is not allowed"),
        ("[a for a in b]", "is not allowed"),
        ("open(a)", "'open(a)' is not allowed"),
        ("abs(a, b)", "'abs(a, b)' is not allowed"),
        ("min()", "'min()' is not allowed"),
        ("min(*a)", "'*a' is not allowed"),
        ("min(a, key=b)", "is not allowed"),
        ("a.b(c)", "is not allowed"),
        ("a + " * 130 + "a", "is longer than 500 characters"),
        ("+".join("a" * 120), "has more than 200 parts"),
    ],
)
def test_what_is_no_plain_arithmetic(text: str, says: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is looked at
        parse_expression(text)
    assert says in str(caught.value)


def test_curves_are_functions_of_one_number() -> None:
    curves = {"double": lambda x: 2 * x}
    assert parse_expression("double(a) - double(b + 1)", curves)(VALUES) == 7
    assert parse_expression("double(a)", curves).names == ("a",)
    with pytest.raises(ValueError, match=r"'double\(a, b\)' is not allowed"):
        parse_expression("double(a, b)", curves)


def test_an_evaluation_reads_no_text_again(monkeypatch: pytest.MonkeyPatch) -> None:
    expression = parse_expression("max(a, b) - half(b)", {"half": lambda x: x / 2})
    monkeypatch.setattr("agent.parse.expression.ast", None)
    assert expression(VALUES) == 5.25
