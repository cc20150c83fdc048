"""Numbers, limits and margins as people read them."""

from math import inf

import pytest

from agent.commission.records import Measurement, Verdict
from agent.commission.report import words
from agent.commission.spec.models import LimitCheck, SoakCheck

REST = {"number": 1, "title": "t", "during": "run", "source": "(e)", "measure": "x"}


def limits(**given: object) -> LimitCheck:
    return LimitCheck.model_validate({"kind": "limit", "unit": "%", **REST, **given})


@pytest.mark.parametrize(
    ("value", "beside", "text"),
    [
        (0.0, 0.0, "0"),
        (42.137729, 65.0, "42.14"),
        (-0.07783, 15.0, "−0.08"),
        (0.0003, 65.0, "0.0003"),
        (1e-9, 0.0, "1.00e-09"),
        (12345.6, 0.0, "12\u202f346"),
        (100.0, 0.0, "100"),
        (0.99995, 0.0, "1"),
        (inf, 1.0, "—"),
        ("never", 0.0, "never"),
    ],
)
def test_four_digits_and_no_finer_than_the_limit(
    value: float | str, beside: float, text: str
) -> None:
    assert words.number(value, beside=beside) == text


def test_a_limit_says_both_ends_of_a_band() -> None:
    band = limits(at_least=-10, at_most=10)
    assert words.limit(band, Measurement("a", 1.0, "%", 10.0, 9.0, "at most")) == "−10 to 10\xa0%"
    assert words.limit(band, Measurement("a", 1.0, "s", 30.0, 29.0, "at most")) == "≤\xa030\xa0s"
    one = limits(at_most=65, unit="degC")
    assert words.limit(one, Measurement("a", 1.0, "degC", 65.0, 64.0, "at most")) == "≤\xa065\xa0°C"
    assert words.limit(one, Measurement("series", 16.0, "", 16.0, 0.0)) == "16"
    assert words.limit(one, Measurement("a", 1.0)) == ""
    soak = SoakCheck.model_validate(
        {"kind": "soak", **REST, "unit": "K", "low": -2, "high": 2, "lasting": 60}
    )
    assert words.limit(soak, Measurement("a", 0.1, "K", 2.0, 1.9, "at most")) == "−2 to 2\xa0K"


def test_a_margin_has_a_sign_and_is_a_difference() -> None:
    assert words.margin(Measurement("a", 42.0, "degC", 65.0, 23.0, "at most")) == "+23\xa0K"
    assert words.margin(Measurement("a", 65.004, "degC", 65.0, -0.004, "at most")) == "−0.004\xa0K"
    assert words.margin(Measurement("a", "never", "s", 30.0, -inf, "at most")) == "—"
    assert words.margin(Measurement("a", 1.0)) == ""


def test_times() -> None:
    assert words.moment(1_000_000) == "1970-01-12 13:46:40 UTC"
    assert words.clock(1_000_000) == "13:46:40"
    assert [words.duration(each) for each in (45, 60, 750, 3720)] == [
        *("45 s", "1 min", "12 min 30 s", "1 h 02 min")
    ]


def test_every_verdict_has_its_own_sign() -> None:
    assert len({words.mark(each) for each in Verdict}) == len(Verdict)
    assert all(words.meaning(each) for each in Verdict)
    assert words.series("cdu[loop=a,side=b]") == "cdu [loop=a, side=b]"
